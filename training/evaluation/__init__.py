"""Measures, tables, contact sheets and ablations."""

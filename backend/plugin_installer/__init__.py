"""Installs and removes the editors' plug-ins: one file per editor."""

"""Packs of photos and masks, and what reads them."""

"""Profiles, tone curves, gray, and pixels of any depth: to encoded sRGB and back."""

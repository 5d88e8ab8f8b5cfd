"""Luminance of encoded colours (Rec. 709 luma)."""

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Weights of encoded red, green and blue."""

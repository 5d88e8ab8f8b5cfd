"""Estimate the colours along a cut-out's edge anew, where it brought the colour of its old background along.

A cut-out's colour I is what the photo shows: alpha' F + (1 - alpha') S, with F the object's own colour, S that of the
old background, and alpha' the object's share of the pixel. The user's alpha is often larger than alpha': that makes the
fringe. So alpha' is taken as alpha drawn in by ``_FRINGE`` pixels; F is continued from the solid inside, S from the
outermost pixels, and the most probable F of each pixel follows from both and from I.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raiha.backend.colour.tone_curve import Values
from raiha.backend.finishing.gaussian import blurred
from raiha.backend.finishing.pyramid import continued

REACH = 3
"""Pixels inside the outline up to which colours change; the outline is where alpha is a half."""

_HALF_WIDTHS = {0: 3, 1: 2, 2: 2, 3: 0}
"""Half width in pixels of a disk of radius ``REACH`` in each of its rows, counted from the middle."""

_FRINGE = 2
"""Pixels by which the outline lies outside the object at most, as careless cut-outs have it."""

_SOFTNESS = 0.7
"""Standard deviation in pixels of the blur at a photo's edges."""

_TEXTURE = 0.5
"""How much the inside's own variance counts against a fringe. Measured with fringe twins of the val split: more leaves
more of the fringe; without it, a clean edge would lose its texture."""

_NOISE = (1 / 255) ** 2
"""Variance of colours, white is 1, that is nothing."""

_SOLID = 0.98
"""Alpha from which on a pixel counts as the object's alone."""


def outside_reach(opacity: Values) -> NDArray[np.bool_]:
    """Return (h, w) which pixels lie at most ``REACH`` pixels from one with less than half the opacity (h, w)."""
    outside: NDArray[np.bool_] = opacity < 0.5
    near: NDArray[np.bool_] = outside.copy()
    for step, half_width in _HALF_WIDTHS.items():
        wide = _widened(outside, half_width)
        near[step:] |= wide[: len(wide) - step]
        near[: len(near) - step] |= wide[step:]
    return near


def rim_of(opacity: Values) -> NDArray[np.bool_]:
    """Return (h, w) which pixels of an object with this opacity (h, w) may change."""
    rim: NDArray[np.bool_] = (opacity > 0) & (outside_reach(opacity) | (opacity < _SOLID))
    return rim


def cleaned(colours: Values, opacity: Values, rim: NDArray[np.bool_]) -> Values:
    """Return an object's colours with those of its rim estimated anew.

    Thin parts, which have nothing solid near them, keep their colours: hair stays.

    Args:
        colours: (3, h, w) float32 encoded sRGB of the object itself, not mixed with the new background.
        opacity: (h, w) float32 in [0, 1]; h and w as ``continued`` takes them.
        rim: (h, w) bool, ``rim_of(opacity)``.

    Returns:
        (3, h, w) float32, equal to ``colours`` outside the rim.
    """
    solid: Values = ((opacity >= _SOLID) & ~rim).astype(np.float32)
    share = np.maximum(blurred(_drawn_in(opacity >= 0.5).astype(np.float32), _SOFTNESS), solid)
    outermost = ((opacity > 0.3) & ~_drawn_in(opacity >= 0.5, 1)).astype(np.float32)
    inside, known = continued(np.concatenate([colours, (colours**2).mean(0, keepdims=True)]), solid)
    own, square = inside[:3], inside[3]
    strange, strange_known = continued(colours, outermost)
    estimated = _most_probable(colours, own, strange, share)
    variance = np.maximum(square - (own**2).mean(0), 0)
    fringe = ((strange - own) ** 2).mean(0)
    certainty = fringe / (fringe + _TEXTURE * variance + _NOISE)
    result: Values = np.where(rim & known & strange_known, colours + certainty * (estimated - colours), colours)
    return result


def _most_probable(mixed: Values, own: Values, strange: Values, share: Values) -> Values:
    """Return the colour F most probable where I = share F + (1 - share) S and F and S are about ``own``, ``strange``.

    Both deviate equally; this is the closed form of the least squares in foreground estimation.
    """
    gain = share / (share**2 + (1 - share) ** 2)
    probable: Values = own + gain * (mixed - share * own - (1 - share) * strange)
    return probable


def _drawn_in(inside: NDArray[np.bool_], steps: int = _FRINGE) -> NDArray[np.bool_]:
    """Return a mask (h, w) without its outermost pixels, once for each step; the window's border is no outline."""
    for _ in range(steps):
        padded = np.pad(inside, 1, mode="edge")
        inside = inside & padded[2:, 1:-1] & padded[:-2, 1:-1] & padded[1:-1, 2:] & padded[1:-1, :-2]
    return inside


def _widened(mask: NDArray[np.bool_], half_width: int) -> NDArray[np.bool_]:
    wide: NDArray[np.bool_] = mask.copy()
    for step in range(1, half_width + 1):
        wide[:, step:] |= mask[:, :-step]
        wide[:, :-step] |= mask[:, step:]
    return wide

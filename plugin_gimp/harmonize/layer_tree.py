"""Layers and the groups that they lie in."""

from __future__ import annotations

from collections.abc import Sequence

from gimp_api import Gimp


def groups_of(layer: Gimp.Layer) -> list[Gimp.Layer]:
    """Return the groups that contain a layer, innermost first."""
    groups = []
    while (layer := layer.get_parent()) is not None:
        groups.append(layer)
    return groups


def is_any_visible(layers: Sequence[Gimp.Layer], left_out: int) -> bool:
    """Return whether anything of the layers is visible, apart from the layer whose id is left out."""
    return any(_is_visible(layer, left_out) for layer in layers)


def _is_visible(layer: Gimp.Layer, left_out: int) -> bool:
    if not layer.get_visible() or layer.get_id() == left_out:
        return False
    return not layer.is_group() or is_any_visible(layer.get_children(), left_out)

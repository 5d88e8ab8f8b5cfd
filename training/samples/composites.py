"""Scenes to composites: the light of the scene, the mask as a user draws it, and the object recoloured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from raiha.backend.network.edge_profiles import edge_profiles
from raiha.training.config import TrainingConfig
from raiha.training.samples.jpeg_files import saved_as_jpeg
from raiha.training.samples.masks import cut_cleanly, degrade_masks, fade_out, harden_masks
from raiha.training.samples.objects import ReadyPairs, Scene
from raiha.training.samples.random_draws import some_rows, uniform
from raiha.training.samples.recolour import (
    Recipe,
    Source,
    flatten,
    looks,
    make_composites,
    make_vivid,
    recolour,
    retouch,
)

_SCENE_SIDE = 256
_MOST_GRAIN = 0.03  # standard deviation, share of full scale


def scene_side(side: int) -> int:
    """Side in pixels of the scenes for a network that sees ``side``.

    They are drawn, recoloured and saved with more pixels, and their edges are read there, as users' pictures have
    more than the network sees.
    """
    return max(side, _SCENE_SIDE)


@dataclass(frozen=True)
class Composer:
    """Makes composites of one kind.

    Attributes:
        recipes: of recolouring, with their shares.
        restyled_share: share of samples that are neither flat nor vivid whose whole scene, references too, gets another
            look first.
        flat_share: share of samples whose scene is as a camera leaves it; in half of them the object is retouched, as
            HAdobe5k was made, in the others recoloured as elsewhere.
        vivid_share: share of samples whose scene is retouched as by those who show their photos; most objects are
            recoloured after photos that nobody retouched, and become duller.
        easy_share: share of recoloured objects that fit in already.
        uneven_share: share of objects that are lit from another side.
        grain_share: share of objects that are grainier than their scene.
        clean_cut_share: share of samples without a rim of the object outside its mask.
        degraded_mask_share: share of samples whose mask is soft, too large or too small.
        hard_mask_share: share of samples whose mask is cut to 0 and 1.
        faded_share: share of composites whose recolouring fades out at the object's edge.
        jpeg_share: share of composites that are read back from JPEG.
    """

    recipes: list[tuple[Recipe, float]]
    restyled_share: float = 0.5
    flat_share: float = 0.0
    vivid_share: float = 0.0
    easy_share: float = 0.0
    uneven_share: float = 0.0
    grain_share: float = 0.0
    clean_cut_share: float = 0.0
    degraded_mask_share: float = 0.0
    hard_mask_share: float = 0.0
    faded_share: float = 0.0
    jpeg_share: float = 0.0

    @classmethod
    def of(cls, config: TrainingConfig, recipes: list[tuple[Recipe, float]]) -> Composer:
        """The one that a run's settings describe: they have the same names."""
        shares = {field.name: getattr(config, field.name) for field in fields(cls) if field.name != "recipes"}
        return cls(recipes, **shares)

    def pairs(self, scene: Scene, side: int, generator: torch.Generator) -> ReadyPairs:
        """As ``compose``, with the edges; everything else is reduced to the network's ``side``."""
        return reduced_pairs(*self.compose(scene, generator), side)

    def compose(self, scene: Scene, generator: torch.Generator) -> tuple[Scene, Tensor]:
        """The scene in its light and with its masks, and its composites (B, 3, S, S)."""
        kind = uniform(scene.targets, 0, 1, generator).flatten()
        special = self.flat_share + self.vivid_share
        flat = torch.nonzero(kind < self.flat_share).flatten()
        vivid = torch.nonzero((kind >= self.flat_share) & (kind < special)).flatten()
        restyled = torch.nonzero(kind > 1 - self.restyled_share * (1 - special)).flatten()
        untouched = scene.targets
        scene = _change_scenes(scene, restyled, lambda strips: self._restyled(strips, generator))
        scene = _change_scenes(scene, flat, lambda strips: flatten(strips, generator))
        scene = _change_scenes(scene, vivid, lambda strips: make_vivid(strips, generator))
        masks = self.as_drawn(scene.masks, generator)
        targets = cut_cleanly(scene.targets, masks, self.clean_cut_share, generator)
        source = scene.source or _other_objects(targets, masks, generator)
        composites = make_composites(
            targets, masks, source, self.recipes, generator, self.easy_share, self.uneven_share
        )
        finished = torch.nonzero(kind < self.flat_share / 2).flatten()
        if len(finished):
            objects = _mildly_retouched(untouched[finished], 0.5, generator)
            pasted = targets[finished] + masks[finished] * (objects - targets[finished])
            composites = composites.index_copy(0, finished, (pasted * 255).round() / 255)
        scene = replace(scene, targets=targets, masks=masks)
        return scene, self.as_saved(scene, self._grainy(composites, masks, generator), generator)

    def as_drawn(self, masks: Tensor, generator: torch.Generator) -> Tensor:
        """Masks (B, 1, H, W) as files and users have them."""
        masks = harden_masks(masks, self.hard_mask_share, generator)
        return degrade_masks(masks, self.degraded_mask_share, generator)

    def as_saved(self, scene: Scene, composites: Tensor, generator: torch.Generator) -> Tensor:
        """Composites of a scene that fade out at the object's edge, and as files keep them."""
        composites = fade_out(scene.targets, composites, scene.masks, self.faded_share, generator)
        return saved_as_jpeg(composites, self.jpeg_share, generator)

    def _restyled(self, photos: Tensor, generator: torch.Generator) -> Tensor:
        """Photos (B, 3, H, W) on their way to a retouching or a film look, none of it or all."""
        everything = photos[:, :1]  # looks need no mask
        changed = recolour(photos, everything, Source(photos, everything), looks(self.recipes), generator)
        return photos + uniform(photos, 0, 1, generator) * (changed - photos)

    def _grainy(self, composites: Tensor, masks: Tensor, generator: torch.Generator) -> Tensor:
        """Noise over a share of the objects: they were taken by another camera, at another sensitivity."""
        rows = some_rows(masks, self.grain_share, generator)
        objects = composites[rows]
        noise = torch.randn(objects.shape, generator=generator, device=generator.device).to(objects.device)
        grain = uniform(objects, 0, _MOST_GRAIN, generator) * noise
        grainy = (objects + masks[rows] * grain).clamp(0, 1)
        return composites.index_copy(0, rows, grainy)


def _reduced(pictures: Tensor, side: int) -> Tensor:
    """(..., H, W) to (..., side, side), as a user's working copy is made."""
    if pictures.shape[-1] == side:
        return pictures
    small = F.interpolate(pictures.flatten(1, -3), size=(side, side), mode="bilinear", antialias=True)
    return small.reshape(*pictures.shape[:-2], side, side)


def reduced_pairs(scene: Scene, composites: Tensor, side: int) -> ReadyPairs:
    """Pairs for a network that sees ``side`` pixels, with edges as they were read before everything is reduced to that.

    Args:
        scene: S pixels wide, its references too.
        composites: (B, 3, S, S) encoded sRGB in [0, 1].
        side: at most S.
    """
    edges = edge_profiles(composites, scene.masks)
    references = None if scene.references is None else _reduced(scene.references, side)
    targets, masks = (_reduced(pictures, side) for pictures in (scene.targets, scene.masks))
    scene = replace(scene, targets=targets, masks=masks, references=references)
    return ReadyPairs(scene, _reduced(composites, side), edges=edges)


def _other_objects(photos: Tensor, masks: Tensor, generator: torch.Generator) -> Source:
    """Other photos of the batch, half of them as a whole and half their objects; a ninth of their pixels."""
    order = torch.randperm(len(photos), generator=generator, device=generator.device).to(photos.device)
    whole = uniform(photos, 0, 1, generator) < 0.5
    areas = masks[order][..., ::3, ::3]
    return Source(photos[order][..., ::3, ::3], torch.where(whole, torch.ones_like(areas), areas))


def _mildly_retouched(photos: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Photos (B, 3, H, W) on their way to a retouching, at most the share ``most`` of it."""
    strength = uniform(photos, 0, most, generator)
    everything = photos[:, :1]  # retouching needs no mask
    changed = retouch(photos, everything, Source(photos, everything), generator).clamp(0, 1)
    return photos + strength * (changed - photos)


def _change_scenes(scene: Scene, rows: Tensor, change: Callable[[Tensor], Tensor]) -> Scene:
    """Changes some samples as a whole, target and references in its light alike: more lights than the photos have."""
    if not len(rows):
        return scene
    side = scene.targets.shape[-1]
    lit = [number for number, is_lit in enumerate(scene.in_its_light) if is_lit]
    strips = scene.targets
    if scene.references is not None and lit:
        strips = torch.cat([strips, *scene.references[:, lit].unbind(1)], dim=3)
    strips = strips.index_copy(0, rows, change(strips[rows]))
    if scene.references is None or not lit:
        return replace(scene, targets=strips)
    changed = strips[..., side:].reshape(len(strips), 3, side, -1, side).permute(0, 3, 1, 2, 4)
    references = scene.references.clone()
    references[:, lit] = changed
    return replace(scene, targets=strips[..., :side], references=references)

"""Scenes to composites: the light of the scene, the object as it was pasted, and the mask as a user draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import torch
from torch import Tensor
from torch.nn import functional as F

from raiha.backend.network.edge_profiles import edge_profiles
from raiha.training.samples.cut_outs import cut_out, paste
from raiha.training.samples.grading import auto_retouch, grade
from raiha.training.samples.jpeg_files import saved_as_jpeg
from raiha.training.samples.masks import degrade_masks, fade_out, harden_masks
from raiha.training.samples.objects import ReadyPairs, Scene
from raiha.training.samples.random_draws import some_rows, uniform
from raiha.training.samples.recolour import (
    Recipe,
    Source,
    flatten,
    light_unevenly,
    looks,
    make_vivid,
    recolour,
    recolour_objects,
    retouch,
)

_SCENE_SIDE = 192
_MOST_GRAIN = 0.03  # standard deviation, share of full scale
_MOST_RETOUCH = 0.35  # of an object that is pasted as the good photo had it


class Kind(IntEnum):
    """How scene and object come to differ."""

    FITTING = 0
    """They do not: the object fits in already and is to be left alone."""
    RECOLOURED = 1
    """The object is recoloured, as iHarmony4's are; half of the scenes take another look first."""
    FLAT = 2
    """As RECOLOURED, the scene as a camera leaves it; in half of them the object is retouched, as HAdobe5k was made."""
    VIVID = 3
    """As RECOLOURED, the scene as those who show their photos retouch them."""
    GRADED = 4
    """The scene is graded, the object stays as the good photo had it: what people paste."""
    RETOUCHED = 5
    """The scene stays, the object is what an automatic retouch makes of it: the mirror of GRADED."""
    REVERSED = 6
    """The scene stays, the object is graded."""


@dataclass(frozen=True)
class CompositeSettings:
    """How composites are made.

    Attributes:
        fitting: share of the samples of ``Kind.FITTING``, and so on for the other kinds; what is left is RECOLOURED.
        restyled: share of the RECOLOURED whose whole scene, references too, gets another look first.
        cut_out: share of objects that are cut out and pasted; the others keep rims.
        easy: share of recoloured objects that nearly fit in already.
        uneven: share of objects that are lit from another side.
        grain: share of objects that are grainier than their scene.
        degraded_masks: share of samples with rims whose mask is soft, too large or too small.
        hard_masks: share of samples whose mask is cut to 0 and 1; a cut-out is blended softly all the same.
        faded: share of samples with rims whose recolouring fades out at the object's edge.
        jpeg: share of composites that are read back from JPEG.
    """

    fitting: float = 0.0
    flat: float = 0.0
    vivid: float = 0.0
    graded: float = 0.0
    retouched: float = 0.0
    reversed: float = 0.0
    restyled: float = 0.5
    cut_out: float = 0.0
    easy: float = 0.0
    uneven: float = 0.0
    grain: float = 0.0
    degraded_masks: float = 0.0
    hard_masks: float = 0.0
    faded: float = 0.0
    jpeg: float = 0.0

    @property
    def kinds(self) -> list[float]:
        """Shares by ``Kind``."""
        shares = [self.fitting, self.flat, self.vivid, self.graded, self.retouched, self.reversed]
        return [shares[0], 1 - sum(shares), *shares[1:]]


def scene_side(side: int) -> int:
    """Side in pixels of the scenes for a network that sees ``side``.

    They are drawn, recoloured and saved with more pixels, and their edges are read there, as users' pictures have
    more than the network sees.
    """
    return max(side, _SCENE_SIDE)


@dataclass(frozen=True)
class Composer:
    """Makes composites.

    Attributes:
        recipes: of recolouring, with their shares.
        settings: shares of everything.
    """

    recipes: list[tuple[Recipe, float]]
    settings: CompositeSettings

    def pairs(self, scene: Scene, side: int, generator: torch.Generator) -> ReadyPairs:
        """As ``compose``, with the edges; everything else is reduced to the network's ``side``."""
        return reduced_pairs(*self.compose(scene, generator), side)

    def compose(self, scene: Scene, generator: torch.Generator) -> tuple[Scene, Tensor]:
        """Return the scene in its light and with its masks, and its composites (B, 3, S, S)."""
        kinds = self._kinds(len(scene.targets), generator).to(scene.targets.device)
        good = scene.targets
        scene = self._in_its_look(scene, kinds, generator)
        masks = self.as_drawn(scene.masks, generator)
        objects = self._objects(good, scene, masks, kinds, generator)
        objects = light_unevenly(objects, self.settings.uneven, generator)
        objects = self._grainy(objects, masks, generator).clamp(0, 1)
        objects = torch.where((kinds == Kind.FITTING).view(-1, 1, 1, 1), scene.targets, objects)
        return self.pasted(replace(scene, masks=masks), objects, generator)

    def _kinds(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw the ``Kind`` of each sample, (B,) int64."""
        shares = torch.tensor(self.settings.kinds, device=generator.device)
        return torch.multinomial(shares, count, replacement=True, generator=generator)

    def _in_its_look(self, scene: Scene, kinds: Tensor, generator: torch.Generator) -> Scene:
        """Return the scenes, references in their light too, as their kinds have them."""
        restyled = (kinds == Kind.RECOLOURED) & (uniform(kinds, 0, 1, generator).flatten() < self.settings.restyled)
        looks_by_rows: Sequence[tuple[Tensor, Callable[[Tensor], Tensor]]] = (
            (restyled, lambda strips: self._restyled(strips, generator)),
            (kinds == Kind.FLAT, lambda strips: flatten(strips, generator)),
            (kinds == Kind.VIVID, lambda strips: make_vivid(strips, generator)),
            (kinds == Kind.GRADED, lambda strips: self._graded(strips, generator)),
        )
        for chosen, look in looks_by_rows:
            scene = _change_scenes(scene, torch.nonzero(chosen).flatten(), look)
        return scene

    def _objects(self, good: Tensor, scene: Scene, masks: Tensor, kinds: Tensor, generator: torch.Generator) -> Tensor:
        """Photos (B, 3, S, S) of which the objects are pasted.

        Args:
            good: (B, 3, S, S) the photos as they came.
            scene: in its look.
            masks: (B, 1, S, S) as drawn.
            kinds: (B,) of the samples.
            generator: of the draw.
        """
        objects = scene.targets.clone()
        finished = (kinds == Kind.FLAT) & (uniform(kinds, 0, 1, generator).flatten() < 0.5)
        recoloured = (kinds == Kind.RECOLOURED) | (kinds == Kind.VIVID) | ((kinds == Kind.FLAT) & ~finished)
        source = scene.source or _other_objects(scene.targets, masks, generator)

        def fill(chosen: Tensor, make: Callable[[Tensor], Tensor]) -> None:
            rows = torch.nonzero(chosen).flatten()
            if len(rows):
                objects[rows] = make(rows)

        def recolour_rows(rows: Tensor) -> Tensor:
            picked = Source(source.photos[rows], source.masks[rows])
            easy = self.settings.easy
            return recolour_objects(scene.targets[rows], masks[rows], picked, self.recipes, generator, easy)

        fill(recoloured, recolour_rows)
        fill(finished, lambda rows: _mildly_retouched(good[rows], 0.5, generator))
        fill(kinds == Kind.GRADED, lambda rows: _mildly_retouched(good[rows], _MOST_RETOUCH, generator))
        fill(kinds == Kind.RETOUCHED, lambda rows: auto_retouch(scene.targets[rows], masks[rows], generator))
        fill(kinds == Kind.REVERSED, lambda rows: self._graded(scene.targets[rows], generator))
        return objects

    def pasted(self, scene: Scene, objects: Tensor, generator: torch.Generator) -> tuple[Scene, Tensor]:
        """Return scenes and composites of photos (B, 3, S, S) whose objects are pasted: most cut out, some with rims.

        The composites are as files keep them.
        """
        rims = uniform(scene.masks, 0, 1, generator).flatten() >= self.settings.cut_out
        cut = cut_out(scene.targets, scene.masks, generator)
        cut_outs = (~rims & cut.fits).view(-1, 1, 1, 1)
        strangers = objects.roll(1, 0)  # other photos, whose background comes along as a fringe
        composites = paste(objects, cut) + cut.fringes * (strangers - paste(objects, cut))
        mixed = scene.targets + scene.masks * (objects - scene.targets)
        mixed = fade_out(scene.targets, mixed, scene.masks, self.settings.faded, generator)
        targets = torch.where(cut_outs, paste(scene.targets, cut), scene.targets)
        alphas = harden_masks(cut.alphas, self.settings.hard_masks, generator)  # as a file of the mask may be
        masks = torch.where(cut_outs, alphas, scene.masks)
        composites = (torch.where(cut_outs, composites, mixed) * 255).round() / 255
        composites = saved_as_jpeg(composites, self.settings.jpeg, generator)
        return replace(scene, targets=targets, masks=masks), composites

    def as_drawn(self, masks: Tensor, generator: torch.Generator) -> Tensor:
        """Masks (B, 1, H, W) as files and users have them."""
        masks = harden_masks(masks, self.settings.hard_masks, generator)
        return degrade_masks(masks, self.settings.degraded_masks, generator)

    def _restyled(self, photos: Tensor, generator: torch.Generator) -> Tensor:
        """Photos (B, 3, H, W) on their way to a retouching or a film look, none of it or all."""
        return photos + uniform(photos, 0, 1, generator) * (self._look(photos, generator) - photos)

    def _graded(self, photos: Tensor, generator: torch.Generator) -> Tensor:
        """Photos (B, 3, H, W) in a grade, a third of them with a share of a film look or a retouching on top."""
        graded = grade(photos, generator)
        rows = some_rows(photos, 0.33, generator)
        if not len(rows):
            return graded
        return graded.index_copy(0, rows, self._restyled(graded[rows], generator))

    def _look(self, photos: Tensor, generator: torch.Generator) -> Tensor:
        everything = photos[:, :1]  # looks need no mask
        return recolour(photos, everything, Source(photos, everything), looks(self.recipes), generator)

    def _grainy(self, objects: Tensor, masks: Tensor, generator: torch.Generator) -> Tensor:
        """Noise over a share of the objects: they were taken by another camera, at another sensitivity."""
        rows = some_rows(masks, self.settings.grain, generator)
        noise = torch.randn(objects[rows].shape, generator=generator, device=generator.device).to(objects.device)
        grain = uniform(objects[rows], 0, _MOST_GRAIN, generator) * noise
        return objects.index_copy(0, rows, objects[rows] + masks[rows] * grain)


def _reduced(pictures: Tensor, side: int) -> Tensor:
    """(..., H, W) to (..., side, side), as a user's crop is made."""
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
    """Change some samples as a whole, target and references in its light alike: more lights than the photos have."""
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

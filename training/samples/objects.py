"""Draws training samples from packed photos: windows around objects, and references, before recolouring."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from raiha.backend.network.edge_profiles import EdgeProfiles
from raiha.training.data.device_arrays import held, take
from raiha.training.data.pack_cuts import PackCuts
from raiha.training.data.photo_pack import PhotoPack
from raiha.training.data.windows import Windows, cut
from raiha.training.samples.object_windows import windows_around
from raiha.training.samples.random_draws import uniform
from raiha.training.samples.recolour import Source

WINDOW_FACTORS = 1.1, 4.0
"""Least and most side of a window as a multiple of the object's."""

_SOURCE_SIDE = 64

_SMALLEST_AREA = 0.002  # of the photo: smaller objects are specks at 128 px


def bounding_boxes(pack: PhotoPack) -> NDArray[np.float32]:
    """(M, 4) top, left, bottom, right of each mask as shares of its photo, and all 0 for empty masks."""
    boxes = np.zeros((len(pack.masks), 4), np.float32)
    for number, mask in enumerate(pack.masks):
        rows, columns = np.flatnonzero(mask.max(1) > 127), np.flatnonzero(mask.max(0) > 127)
        if len(rows):
            height, width = pack.sizes[pack.owners[number]]
            ends = (rows[0] / height, columns[0] / width, (rows[-1] + 1) / height, (columns[-1] + 1) / width)
            boxes[number] = np.minimum(ends, 1)
    return boxes


def usable_objects(
    pack: PhotoPack, boxes: NDArray[np.float32], *, validation: bool, regions: bool = False
) -> NDArray[np.int64]:
    """Numbers of the masks of one split that are more than specks: of objects, or of regions."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    wanted = (pack.validation[pack.owners] == validation) & (pack.regions == regions)
    return np.flatnonzero((area > _SMALLEST_AREA) & wanted)


@dataclass(frozen=True)
class Scene:
    """Windows of one batch, untouched.

    Attributes:
        targets: (B, 3, S, S) float32 encoded sRGB in [0, 1].
        masks: (B, 1, S, S) float32.
        references: (B, K, 3, S, S), or None in the non-reference setting.
        reference_content: (B, K, D, S / 16, S / 16) unit-length content features, or None.
        in_its_light: for each of K references whether it changes with the scene; the others have their own light.
        source: photos (B, 3, 64, 64) and masks that the objects can be recoloured after, or None.
    """

    targets: Tensor
    masks: Tensor
    references: Tensor | None = None
    reference_content: Tensor | None = None
    in_its_light: tuple[bool, ...] = ()
    source: Source | None = None

    def to(self, device: torch.device) -> Scene:
        """Return the same on another device."""
        source = self.source and Source(self.source.photos.to(device), self.source.masks.to(device))
        scene = replace(self, targets=self.targets.to(device), masks=self.masks.to(device), source=source)
        if self.references is None or self.reference_content is None:
            return scene
        references, content = self.references.to(device), self.reference_content.to(device)
        return replace(scene, references=references, reference_content=content)


@dataclass(frozen=True)
class ReadyPairs:
    """Windows of one batch whose composites need no recolouring.

    Attributes:
        scene: what is real.
        composites: (B, 3, S, S) float32 as the targets.
        content: (B, D, S / 16, S / 16) content features of the composites, or None.
        edges: of the objects, or None where they are to be read from the composites.
    """

    scene: Scene
    composites: Tensor
    content: Tensor | None = None
    edges: EdgeProfiles | None = None

    def to(self, device: torch.device) -> ReadyPairs:
        """Return the same on another device."""
        content = None if self.content is None else self.content.to(device)
        edges = None if self.edges is None else self.edges.to(device)
        return ReadyPairs(self.scene.to(device), self.composites.to(device), content, edges)


class ObjectSampler:
    """Draws scenes of one split.

    Args:
        packs: the same photos packed at several sides; the one that fits the resolution is read.
        content: (N, rows, columns, D) float16 content features of each photo's whole square, memory-mapped.
        retrieved: (M, n) int64 photos that our retrieval found for each mask, -1 where there are fewer: they serve as
            references, and as what objects are recoloured after. Setting ``retrieved`` changes the references alone.
        validation: draw from the val split.
        seed: of the draw.
        device: that cuts the windows; a GPU keeps packs and content in its memory.
        region_share: share of the drawn objects that are regions, which photos of the train split have.
    """

    def __init__(
        self,
        packs: list[PhotoPack],
        content: Path | None,
        retrieved: Path | None,
        boxes: NDArray[np.float32],
        *,
        validation: bool,
        seed: int,
        device: torch.device | None = None,
        region_share: float = 0.0,
    ) -> None:
        self.device = device or torch.device("cpu")
        self._cuts = [PackCuts(pack, self.device) for pack in sorted(packs, key=lambda pack: pack.side)]
        self._content = held(np.load(content, mmap_mode="r"), self.device) if content else None
        self.retrieved = self._like = np.load(retrieved) if retrieved else None
        self.boxes = boxes
        self.generator = torch.Generator().manual_seed(seed)
        self.objects = usable_objects(packs[0], boxes, validation=validation)
        self._regions = usable_objects(packs[0], boxes, validation=validation, regions=True)
        self._region_share = region_share
        if region_share and not len(self._regions):
            raise ValueError("The packs have no regions to draw: make them with photo_pack --regions.")

    def of_split(self, *, validation: bool, seed: int) -> ObjectSampler:
        """Another sampler of the same packs, of marked objects alone."""
        other = copy(self)
        other.generator = torch.Generator().manual_seed(seed)
        other.objects = usable_objects(self._pack, self.boxes, validation=validation)
        other._region_share = 0.0
        return other

    @property
    def has_references(self) -> bool:
        """Whether content features of the photos are there, without which there are no references."""
        return self._content is not None

    @property
    def _pack(self) -> PhotoPack:
        """Any of the packs, which differ in their pixels alone."""
        return self._cuts[0].pack

    def _cuts_for(self, side: int) -> PackCuts:
        """Of the pack that has enough pixels for windows of ``side``."""
        return next((cuts for cuts in self._cuts if cuts.side >= 1.4 * side), self._cuts[-1])

    def _windows(self, numbers: NDArray[np.int64], closest: float, widest: float) -> Windows:
        """Windows that hold the objects' boxes, ``closest`` to ``widest`` times as large."""
        sizes = torch.from_numpy(self._pack.sizes[self._pack.owners[numbers]]).float()
        return windows_around(torch.from_numpy(self.boxes[numbers]), sizes, closest, widest, self.generator)

    def _cut_reference(self, photos: NDArray[np.int64], windows: Windows, side: int) -> tuple[Tensor, Tensor]:
        """Pixels (B, 3, S, S) and content (B, D, S / 16, S / 16) of windows of photos."""
        if self._content is None:
            raise ValueError("References need content features: make content.npy with photo_features.")
        cuts = self._cuts_for(side)
        features = cut(take(self._content, photos).permute(0, 3, 1, 2), cuts.grid(photos, windows, side // 16))
        return cuts.photos(photos, windows, side), F.normalize(features, dim=1)

    def _augmented(self, numbers: NDArray[np.int64], side: int) -> tuple[Tensor, Tensor]:
        """Return the target photos themselves, cropped, mirrored and resized anew; they contain the foreground."""
        photos = self._pack.owners[numbers]
        return self._cut_reference(photos, self._windows(numbers, 1.0, 2.5), side)

    def _retrieved(self, numbers: NDArray[np.int64], side: int) -> tuple[Tensor, Tensor]:
        """Photos that retrieval found, whole; any photo where it found none."""
        return self._whole(self._found_photos(self.retrieved, numbers), side)

    def _found_photos(self, retrieved: NDArray[np.int64] | None, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return a photo for each object of those that retrieval found; any photo where it found none."""
        if retrieved is None:
            return self._any_photos(len(numbers))
        found = retrieved[numbers]
        counts = torch.from_numpy((found >= 0).sum(1))
        picks = (torch.rand(len(numbers), generator=self.generator) * counts).long().numpy()
        chosen = found[np.arange(len(numbers)), picks]
        return np.where(chosen >= 0, chosen, self._any_photos(len(numbers)))

    def _source(self, numbers: NDArray[np.int64]) -> Source:
        """Objects or regions to recolour after, as iHarmony4 took objects of the same kind; a fourth are any photo's.

        Half of them are the object alone, half the whole photo.
        """
        cuts, count = self._cuts[0], len(numbers)
        like = torch.rand(count, generator=self.generator).numpy() < 0.75
        photos = np.where(like, self._found_photos(self._like, numbers), self._any_photos(count))
        first, after = (np.searchsorted(self._pack.owners, photos, side) for side in ("left", "right"))
        picks = first + (torch.rand(count, generator=self.generator).numpy() * (after - first)).astype(np.int64)
        half = torch.full((count, 2), 0.5)
        windows = Windows(half, 2 * half, torch.zeros(count, dtype=torch.bool))
        step = max(1, cuts.side // (2 * _SOURCE_SIDE))
        areas = cuts.masks(picks, windows, _SOURCE_SIDE, step)
        whole = uniform(areas, 0, 1, self.generator) < 0.5
        pixels = cuts.photos(photos, windows, _SOURCE_SIDE, step)
        return Source(pixels, torch.where(whole, torch.ones_like(areas), areas))

    def _unrelated(self, numbers: NDArray[np.int64], side: int) -> tuple[Tensor, Tensor]:
        """Any photos of the split."""
        return self._whole(self._any_photos(len(numbers)), side)

    def _any_photos(self, count: int) -> NDArray[np.int64]:
        owners: NDArray[np.int64] = self._pack.owners[self._some(self.objects, count)]
        return owners

    def _whole(self, photos: NDArray[np.int64], side: int) -> tuple[Tensor, Tensor]:
        half = torch.full((len(photos), 2), 0.5)
        mirrored = torch.rand(len(photos), generator=self.generator) < 0.5
        return self._cut_reference(photos, Windows(half, 2 * half, mirrored), side)

    def draw(self, count: int, side: int, references: tuple[str, ...] = ()) -> Scene:
        """Return a batch of objects.

        Args:
            count: B.
            side: S, a multiple of 64.
            references: for each of K references how it comes about: "augmented", "retrieved", "relit" or "unrelated".
        """
        return self.scene(self._any_objects(count), side, references)

    def _any_objects(self, count: int) -> NDArray[np.int64]:
        """Numbers of objects, a share of them regions."""
        objects = self._some(self.objects, count)
        if not self._region_share:
            return objects
        wanted = torch.rand(count, generator=self.generator).numpy() < self._region_share
        return np.asarray(np.where(wanted, self._some(self._regions, count), objects))

    def _some(self, numbers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """So many of them, at random."""
        picks = torch.randint(len(numbers), (count,), generator=self.generator)
        chosen: NDArray[np.int64] = numbers[picks.numpy()]
        return chosen

    def scene(self, numbers: NDArray[np.int64], side: int, references: tuple[str, ...]) -> Scene:
        """As ``draw``, for chosen objects."""
        cuts, windows = self._cuts_for(side), self._windows(numbers, *WINDOW_FACTORS)
        targets = cuts.photos(self._pack.owners[numbers], windows, side)
        masks = cuts.masks(numbers, windows, side)
        source = self._source(numbers)
        if not references:
            return Scene(targets, masks, source=source)
        ways = {
            "augmented": self._augmented,
            "retrieved": self._retrieved,
            "relit": self._retrieved,
            "unrelated": self._unrelated,
        }
        made = [ways[way](numbers, side) for way in references]
        pixels, contents = (torch.stack(parts, 1) for parts in zip(*made, strict=True))
        lit = tuple(way in ("augmented", "relit") for way in references)
        return Scene(targets, masks, pixels, contents, lit, source)

"""Compute the content features of packed photos once, for retrieval and for references in training.

``python -m raiha.training.data.photo_features PACK OUT.npy`` writes (N, 28, 28, 64) float16, the features of each
photo's square at 448 px.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from raiha.gallery_tools.extractors.extractor import load_extractor
from raiha.training.data.device_arrays import take
from raiha.training.data.photo_pack import PhotoPack


def main() -> None:
    """Compute features from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--extractor", default="bundled")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    pack = PhotoPack.load(arguments.pack)
    extractor = load_extractor(arguments.extractor, arguments.weights, device=arguments.device)
    side = extractor.info.input_side
    rows = side // extractor.info.stride
    features = np.lib.format.open_memmap(
        arguments.out, mode="w+", dtype=np.float16, shape=(len(pack.names), rows, rows, extractor.info.dimension)
    )
    for chunk in np.array_split(np.arange(len(pack.names)), max(1, len(pack.names) // 2)):
        squares = F.interpolate(take(pack.photos, chunk).float(), size=(side, side), mode="bilinear")
        photos = squares.round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        features[chunk] = np.stack(extractor.content_features(list(photos)))


if __name__ == "__main__":
    main()

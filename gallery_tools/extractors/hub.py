"""An extractor's weights on the hub: fetched once, and found in the hub's cache from then on."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from raiha.gallery_tools.extractors.registry import BUNDLED_WEIGHTS, ExtractorInfo


def hub_file(info: ExtractorInfo) -> Path:
    """Return the weights of an extractor whose source is OWNER/REPOSITORY/FILE, fetched if they are not cached.

    Raises:
        OSError: the hub cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(*_repository_and_file(info)))


def has_weights(info: ExtractorInfo) -> bool:
    """Return whether the extractor's weights are on this machine."""
    if info.file_format == "bundled":
        return BUNDLED_WEIGHTS.is_file()
    if importlib.util.find_spec("huggingface_hub") is None:  # it comes with timm, which the core does without
        return False
    from huggingface_hub import try_to_load_from_cache

    if info.file_format == "dvt":
        return isinstance(try_to_load_from_cache(*_repository_and_file(info)), str)
    files = ("model.safetensors", "pytorch_model.bin")
    return any(isinstance(try_to_load_from_cache(info.source, file), str) for file in files)


def _repository_and_file(info: ExtractorInfo) -> tuple[str, str]:
    owner, repository, file = info.source.split("/", 2)
    return f"{owner}/{repository}", file

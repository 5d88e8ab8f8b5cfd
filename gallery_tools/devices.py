"""Where networks run: ONNX Runtime on the processor, or torch, mostly on a GPU."""

from __future__ import annotations

import importlib.util
import platform
import sys
from pathlib import Path

from raiha.gallery_tools.errors import RaihaError

AUTO = "auto"
CPU = "cpu"
TORCH_CPU = "torch-cpu"
"""torch on the processor: slower than ONNX Runtime, but it runs every network."""

_GPU_TRACES = (
    "/proc/driver/nvidia/version",
    "/dev/nvidiactl",
    "/dev/dxg",
    "/dev/kfd",
    "C:/Windows/System32/nvcuda.dll",
)
"""What the drivers of NVIDIA's GPUs (on WSL, too) and of AMD's leave in the file system."""


def has_torch() -> bool:
    """Return whether torch is installed; it is not imported, which takes seconds."""
    return importlib.util.find_spec("torch") is not None


def require_torch(purpose: str) -> None:
    """Check that torch and timm are installed.

    Args:
        purpose: what needs them, as the beginning of a sentence.

    Raises:
        RaihaError: "no-torch".
    """
    if any(importlib.util.find_spec(name) is None for name in ("torch", "timm")):
        raise RaihaError(
            "no-torch",
            f"{purpose} needs PyTorch, which is not installed.",
            "Install it with `pip install 'raiha[torch]'`; the bundled extractor and the processor need no PyTorch.",
        )


def chosen_device(wanted: str = AUTO) -> str:
    """Return the device that a wish stands for.

    Args:
        wanted: ``auto`` is a GPU if torch is installed and finds one, otherwise the processor.

    Returns:
        ``CPU`` for ONNX Runtime; anything else is torch's: ``TORCH_CPU``, or one of its names of GPUs.

    Raises:
        RaihaError: "no-torch" or "no-device".
    """
    if wanted == CPU:
        return CPU
    if wanted == AUTO:
        return _gpu() or CPU
    require_torch(f"The device {wanted}")
    if wanted != TORCH_CPU:
        _require_device(wanted)
    return wanted


def torch_name(device: str) -> str:
    """Return what torch calls a device of ``chosen_device``."""
    return CPU if device == TORCH_CPU else device


def _gpu() -> str | None:
    """Return torch's name of the GPU of this machine; None where there is none, mostly without importing torch."""
    is_apple = sys.platform == "darwin" and platform.machine() == "arm64"
    if not has_torch() or not (is_apple or any(Path(trace).exists() for trace in _GPU_TRACES)):
        return None
    import torch

    if torch.cuda.is_available():  # torch's name for AMD's GPUs as well
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def _require_device(name: str) -> None:
    import torch

    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise RaihaError(
            "no-device",
            f"PyTorch cannot use the device {name}: {str(error).splitlines()[0]}",
            "Choose auto, cpu, cuda, cuda:1 or mps with --device.",
            exit_status=2,
        ) from error

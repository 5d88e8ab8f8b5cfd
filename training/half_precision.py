"""Whether a device computes in bfloat16 faster than in float32."""

from __future__ import annotations

import torch


def has_bfloat16(device: torch.device) -> bool:
    """Ask a GPU, or the processor for its instructions: without them bfloat16 is emulated, several times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(torch.cpu.get_capabilities().get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))

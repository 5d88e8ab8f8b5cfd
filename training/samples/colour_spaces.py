"""Batched colour spaces for recolouring: linear light, Lab and hue rotation, on torch tensors (B, 3, H, W)."""

from __future__ import annotations

import torch
from torch import Tensor

_RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE_D65 = (0.95047, 1.0, 1.08883)
_LAB_KNEE = 6 / 29


def mix_channels(images: Tensor, matrices: Tensor) -> Tensor:
    """Multiplies each pixel by a (3, 3) matrix, or by its own image's of (B, 3, 3)."""
    return torch.einsum("...ij,bjhw->bihw" if matrices.dim() == 2 else "bij,bjhw->bihw", matrices, images)


def decode_srgb(encoded: Tensor) -> Tensor:
    """Convert encoded sRGB in [0, 1] to linear light in [0, 1]."""
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded.clamp_min(0) + 0.055) / 1.055) ** 2.4)


def encode_srgb(linear: Tensor) -> Tensor:
    """Linear light to encoded sRGB; values above 1 go on along the same curve."""
    curve = 1.055 * linear.clamp_min(1e-8) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, curve)


def srgb_to_lab(encoded: Tensor) -> Tensor:
    """Convert encoded sRGB to CIE Lab (L 0 to 100)."""
    white = encoded.new_tensor(_WHITE_D65).view(1, 3, 1, 1)
    ratio = mix_channels(decode_srgb(encoded), encoded.new_tensor(_RGB_TO_XYZ)) / white
    knee = ratio / (3 * _LAB_KNEE**2) + 4 / 29
    x, y, z = torch.where(ratio > _LAB_KNEE**3, ratio.clamp_min(1e-8) ** (1 / 3), knee).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def lab_to_srgb(lab: Tensor) -> Tensor:
    """CIE Lab to encoded sRGB, not clipped."""
    lightness, a, b = lab.unbind(1)
    y = (lightness + 16) / 116
    ratio = torch.stack([y + a / 500, y, y - b / 200], dim=1)
    xyz = torch.where(ratio > _LAB_KNEE, ratio**3, 3 * _LAB_KNEE**2 * (ratio - 4 / 29))
    white = lab.new_tensor(_WHITE_D65).view(1, 3, 1, 1)
    return encode_srgb(mix_channels(xyz * white, torch.linalg.inv(lab.new_tensor(_RGB_TO_XYZ))))


def hue_rotation(angles: Tensor) -> Tensor:
    """(B, 3, 3) rotations of RGB about the grey axis by angles (B,) in radians."""
    cosine, sine = torch.cos(angles).view(-1, 1, 1), torch.sin(angles).view(-1, 1, 1)
    identity = torch.eye(3, device=angles.device, dtype=angles.dtype)
    third = torch.full((3, 3), 1 / 3, device=angles.device, dtype=angles.dtype)
    cross = angles.new_tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
    return cosine * identity + (1 - cosine) * third + sine * cross

"""The ImageNet MobileNetV2 that training starts from, with its batch norm statistics restored."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from raiha.backend.network.encoder import Encoder, folded_layers, unfolded_backbone


def load_backbone(backbone: nn.Module, weights: Path) -> None:
    """Copy the ImageNet weights into a timm mobilenetv2_100, made with ``features_only`` or not.

    Weights that the backbone does not have (classifier, head) are left out.
    """
    restored = {key: value.float() for key, value in load_file(weights).items()}
    state = backbone.state_dict()
    for key, value in state.items():
        if not key.endswith("num_batches_tracked"):
            value.copy_(restored[key])
    backbone.load_state_dict(state)


def load_encoder(encoder: Encoder, weights: Path) -> None:
    """Copy the ImageNet weights into the network's encoder; the mask's input layer keeps its own."""
    backbone = unfolded_backbone().eval()
    load_backbone(backbone, weights)
    restored = nn.Sequential(*folded_layers(backbone))
    own = nn.Sequential(*encoder.early, *encoder.middle, *encoder.late)
    own.load_state_dict(restored.state_dict())


@torch.no_grad()
def restore_batch_norm_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give each batch norm the statistics of its real inputs, without changing what the network computes.

    The restored weights have folded norms (mean 0, variance 1): a network trained from them would jump as soon as
    a norm used true statistics. Weight and bias take up the difference.
    """
    sums: dict[nn.BatchNorm2d, tuple[Tensor, Tensor, int]] = {}

    def record(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        values = inputs[0].double()
        first, second, count = sums.get(norm, (torch.zeros(1), torch.zeros(1), 0))
        sums[norm] = (
            first + values.sum((0, 2, 3)),
            second + (values**2).sum((0, 2, 3)),
            count + values[:, 0].numel(),
        )

    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(record) for norm in norms]
    was_training = network.training
    network.eval()
    for batch in batches:
        network(batch)
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    for norm, (first, second, count) in sums.items():
        mean, variance = first / count, second / count - (first / count) ** 2
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.copy_(norm.bias + (mean - norm.running_mean) * scale)
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)

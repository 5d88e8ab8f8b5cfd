"""The harmonization network: shapes, gradients, independence of its inputs, and its checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_inference_settings, read_notes
from raiha.backend.network.colour_transform import transform_colours
from raiha.backend.network.edge_profiles import edge_profiles
from raiha.backend.network.fusion import SemanticGuidedFusion
from raiha.backend.network.harmonizer import Harmonizer, _resized
from raiha.backend.network.inference_settings import InferenceSettings
from raiha.backend.network.network_config import NetworkConfig
from raiha.backend.network.weights import load_network, save_network
from raiha.gallery_tools.errors import RaihaError

SIDE = 64


def inputs(count: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(count)
    composite = torch.rand(count, 3, SIDE, SIDE, generator=generator)
    mask = torch.zeros(count, 1, SIDE, SIDE)
    mask[:, :, 16:48, 16:48] = 1
    content = torch.nn.functional.normalize(torch.randn(count, 64, 4, 4, generator=generator), dim=1)
    return composite, mask, content


def trained_like(config: NetworkConfig | None = None) -> Harmonizer:
    """Return a network whose head is not zero any more."""
    torch.manual_seed(0)
    network = Harmonizer(config)
    torch.nn.init.normal_(network.head.weight, std=0.1)
    return network.eval()


def test_an_untrained_network_changes_nothing_where_colours_go_on_across_the_edge() -> None:
    network = Harmonizer().eval()
    composite, mask, content = inputs()
    composite = composite.mean((2, 3), keepdim=True).expand_as(composite)
    coefficients = network(composite, mask, content)
    assert coefficients.shape == (2, 15, SIDE // 16, SIDE // 16)
    torch.testing.assert_close(transform_colours(composite, coefficients), composite)


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_any_number_of_references_gives_coefficients_of_one_shape(count: int) -> None:
    references = torch.rand(2, count, 3, SIDE, SIDE) if count else None
    contents = torch.randn(2, count, 64, 4, 4) if count else None
    assert trained_like()(*inputs(), references, contents).shape == (2, 15, SIDE // 16, SIDE // 16)


def test_the_order_of_references_does_not_matter() -> None:
    network, references, contents = trained_like(), torch.rand(2, 3, 3, SIDE, SIDE), torch.randn(2, 3, 64, 4, 4)
    one = network(*inputs(), references, contents)
    other = network(*inputs(), references.flip(1), contents.flip(1))
    torch.testing.assert_close(one, other)


def test_references_of_the_whole_batch_are_those_of_each() -> None:
    network, references, contents = trained_like(), torch.rand(1, 2, 3, SIDE, SIDE), torch.randn(1, 2, 64, 4, 4)
    each = network(*inputs(), references.repeat(2, 1, 1, 1, 1), contents.repeat(2, 1, 1, 1, 1))
    torch.testing.assert_close(network(*inputs(), references, contents), each)


def test_a_picture_s_result_does_not_depend_on_its_batch() -> None:
    network, (composite, mask, content) = trained_like(), inputs(3)
    alone = network(composite[:1], mask[:1], content[:1])
    torch.testing.assert_close(network(composite, mask, content)[:1], alone)


def test_single_pixels_are_seen_away_from_the_edge() -> None:
    network, (composite, mask, content) = trained_like(), inputs(1)
    places = torch.arange(8)
    board = ((places + places.unsqueeze(1)) % 2).float()
    even, checkered = composite.clone(), composite.clone()
    even[..., :8, :8], checkered[..., :8, :8] = board.mean(), board
    assert (network(even, mask, content) - network(checkered, mask, content)).abs().max() > 1e-4


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("size", [(64, 48), (8, 8), (4, 6)])
def test_grids_are_resized_as_torch_does_it(size: tuple[int, int], half: bool) -> None:
    maps = torch.randn(2, 5, *size, generator=torch.Generator().manual_seed(0))
    maps = maps.bfloat16() if half else maps
    with torch.autocast("cpu", enabled=half):
        resized = _resized(maps, maps.new_zeros(1, 1, 8, 12))
    wanted = F.interpolate(maps.float(), size=(8, 12), mode="bilinear", align_corners=False, antialias=True)
    torch.testing.assert_close(resized, wanted)


def test_gradients_reach_every_weight_with_references() -> None:
    network = trained_like().train()
    coefficients = network(*inputs(), torch.rand(2, 2, 3, SIDE, SIDE), torch.randn(2, 2, 64, 4, 4))
    (coefficients**2).mean().backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert without == []


def test_fusion_looks_up_similar_content() -> None:
    """With keys and queries made of content alone, the foreground takes the value of the patch of its own content."""
    torch.manual_seed(0)
    fusion = SemanticGuidedFusion(4, 8, attention_channels=8)
    with torch.no_grad():
        for layer in (fusion.query, fusion.key):
            layer.weight.zero_()
            layer.weight[:, 4:] = 5 * torch.eye(8)
            layer.bias.zero_()
        fusion.output.weight.zero_()
        fusion.output.weight[:, 4:, 0, 0] = torch.eye(4)
        fusion.output.bias.zero_()
    content = torch.eye(8)[:4].T.reshape(1, 8, 2, 2)  # four patches, four kinds of content
    features = torch.zeros(1, 4, 2, 2)
    mask = torch.ones(1, 1, 2, 2)
    reference_features = torch.eye(4).T.reshape(1, 1, 4, 2, 2)
    fused, _ = fusion(features, content, mask, reference_features, content.unsqueeze(1))
    assert fused[0].flatten(1).argmax(0).tolist() == [0, 1, 2, 3]


def test_foreground_patches_are_not_looked_up() -> None:
    torch.manual_seed(0)
    fusion = SemanticGuidedFusion(4, 8).eval()
    features, content = torch.randn(1, 4, 4, 4), torch.randn(1, 8, 4, 4)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 1, 1] = 1
    changed = features.clone()
    changed[..., 1, 1] += 3
    difference = fusion(changed, content, mask)[0] - fusion(features, content, mask)[0]
    difference[..., 1, 1] = 0
    assert difference.abs().max() < 1e-2


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    network = trained_like(NetworkConfig(width=64))
    file = tmp_path / "network.safetensors"
    settings = InferenceSettings(side=128, hidden_edge=0.2)
    save_network(network.state_dict(), network.config, settings, file, {"samples": "7"})
    restored = load_network(file)
    assert restored.config == network.config
    assert read_notes(file)["samples"] == "7" and read_inference_settings(file) == settings
    torch.testing.assert_close(restored(*inputs()), network(*inputs()), atol=2e-2, rtol=0)


def test_missing_and_damaged_weights_are_reported(tmp_path: Path) -> None:
    with pytest.raises(RaihaError, match="is not there") as missing:
        load_network(tmp_path / "none.safetensors")
    assert missing.value.code == "weights-missing"
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(SHIPPED_WEIGHTS.read_bytes()[:5000])
    strange = tmp_path / "strange.safetensors"
    save_file({"a": torch.zeros(1)}, strange)
    partial = tmp_path / "partial.safetensors"
    state = Harmonizer().state_dict()
    state.pop("head.weight")
    save_network(state, NetworkConfig(), InferenceSettings(), partial, {})
    for file in (damaged, strange, partial):
        with pytest.raises(RaihaError) as error:
            load_network(file)
        assert error.value.code == "weights-damaged"


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"config": "{}"}, "weights-without-settings"),
        ({"inference": '{"side": 64, "colour": 1}'}, "weights-damaged"),
        ({"inference": "[1]"}, "weights-damaged"),
        ({"inference": "no JSON"}, "weights-damaged"),
    ],
)
def test_a_checkpoint_without_usable_inference_settings_is_refused(
    tmp_path: Path, metadata: dict[str, str], code: str
) -> None:
    file = tmp_path / "old.safetensors"
    save_file({"a": torch.zeros(1)}, file, metadata)
    with pytest.raises(RaihaError) as error:
        read_inference_settings(file)
    assert error.value.code == code and str(file) in error.value.sentence


def test_the_shipped_network_is_small_and_trained() -> None:
    network = load_network()
    assert sum(weight.numel() for weight in network.parameters()) < 4_170_000  # 6 million with the extractor
    assert int(read_notes(SHIPPED_WEIGHTS)["samples"]) > 10_000
    assert network.head.weight.abs().max() > 0


def test_the_edge_is_read_from_a_larger_picture_where_there_is_one() -> None:
    torch.manual_seed(0)
    network = Harmonizer().eval()
    torch.nn.init.normal_(network.global_head.weight, std=0.1)
    composite, mask, content = inputs()
    same = network(composite, mask, content, edges=edge_profiles(composite, mask))
    assert torch.equal(same, network(composite, mask, content))
    larger = edge_profiles(*(torch.nn.functional.interpolate(one, size=(100, 90)) for one in (composite, mask)))
    assert not torch.allclose(network(composite, mask, content, edges=larger), same, atol=1e-4)

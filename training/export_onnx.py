"""Write the graphs that ONNX Runtime runs, beside the weights that the package ships.

``python -m raiha.training.export_onnx`` does so for the network and the bundled extractor. A graph holds no weights, so
it is written again only when the code of a network changes, or the size of crops and the number of lines in the shipped
checkpoint's settings; not for new weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import onnx
import onnx_ir
import torch
from onnxscript import optimizer
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn
from torch.export import Dim
from torch.nn import functional as F

from raiha.backend.network.checkpoint_metadata import SHIPPED_WEIGHTS, read_inference_settings
from raiha.backend.network.edge_lines import PROFILE_CHANNELS
from raiha.backend.network.harmonizer import Harmonizer
from raiha.backend.network.onnx_engine import GRAPH, GRAPH_WITH_REFERENCES
from raiha.backend.network.torch_engine import InferenceNetwork
from raiha.gallery_tools.extractors.content_net import STRIDE, ContentNet
from raiha.gallery_tools.extractors.registry import BUNDLED_GRAPH, extractor_info
from raiha.gallery_tools.extractors.torch_extractor import Normalized

_OPSET = 20
_WEIGHTS = "in the checkpoint"
"""Where a graph claims its weights to be; ``OnnxGraph`` replaces them."""


class _PaddingConvolution(nn.Module):
    """A ``Conv2dSame`` whose padding ONNX computes, for pictures of any size."""

    def __init__(self, convolution: Conv2dSame) -> None:
        super().__init__()
        self.weight = convolution.weight
        self.attributes: dict[str, Any] = {
            "auto_pad": "SAME_UPPER",
            "group": convolution.groups,
            "kernel_shape": list(convolution.kernel_size),
            "strides": list(convolution.stride),
        }
        self.stride = convolution.stride[0]

    def forward(self, maps: Tensor) -> Tensor:
        height, width = (-(-edge // self.stride) for edge in maps.shape[-2:])
        shape = maps.shape[0], self.weight.shape[0], height, width
        return torch.onnx.ops.symbolic(
            "Conv", (maps, self.weight), self.attributes, dtype=maps.dtype, shape=shape, version=_OPSET
        )


def _padded_by_onnx(module: nn.Module) -> nn.Module:
    """Replace, in place, the convolutions that pad by themselves."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, Conv2dSame):
                setattr(parent, name, _PaddingConvolution(child))
    return module


def export_network(file: Path, references: int = 0) -> None:
    """Write the graph of a network like the one that Raiha ships, to run with the same settings.

    Args:
        file: where to write.
        references: 0: of the network without references; above, of that with any number of them.
    """
    settings = read_inference_settings(SHIPPED_WEIGHTS)
    network = Harmonizer().eval()
    side, grid, channels = settings.side, settings.side // STRIDE, network.config.content_channels
    inputs = {
        "pictures": torch.rand(2, 3, side, side),
        "masks": torch.ones(2, 1, side, side),
        "content": F.normalize(torch.randn(2, channels, grid, grid), dim=1),
        "profiles": torch.rand(1, PROFILE_CHANNELS, settings.edge_lines),
        "present": torch.ones(1, dtype=torch.bool),
    }
    shapes: dict[str, Any] = dict.fromkeys(inputs)
    if references:
        inputs["references"] = torch.rand(1, references, 3, side, side)
        inputs["reference_contents"] = F.normalize(torch.randn(1, references, channels, grid, grid), dim=2)
        number = Dim("K", min=1, max=4)
        shapes.update(references={1: number}, reference_contents={1: number})
    _export(InferenceNetwork(network), "network.", inputs, shapes, ["coefficients", "agreement"], file)


def export_extractor(file: Path) -> None:
    """Write the graph of the bundled extractor, for any number of pictures of any size."""
    network = Normalized(extractor_info("bundled"), _padded_by_onnx(ContentNet().eval()))
    size = {0: Dim("B"), 2: STRIDE * Dim("rows"), 3: STRIDE * Dim("columns")}
    inputs = {"pictures": torch.rand(2, 3, 13 * STRIDE, 18 * STRIDE)}
    _export(network, "network.", inputs, {"pictures": size}, ["content"], file)


def _export(
    module: nn.Module, prefix: str, inputs: dict[str, Tensor], shapes: dict[str, Any], outputs: list[str], file: Path
) -> None:
    """Write a module's graph.

    Args:
        module: in evaluation mode; its own weights do not matter.
        prefix: what its parameters' names have before those in a checkpoint.
        inputs: examples by name.
        shapes: sizes that may differ from the examples', by name.
        outputs: names.
        file: where to write.
    """
    program = torch.onnx.export(
        module.eval().requires_grad_(False),
        kwargs=inputs,
        dynamic_shapes=shapes,
        input_names=list(inputs),
        output_names=outputs,
        opset_version=_OPSET,
        dynamo=True,
        optimize=False,
        verbose=False,
    )
    assert program is not None
    graph = program.model.graph
    parameters = {name: value for name, value in graph.initializers.items() if name.startswith(prefix)}
    for name, value in parameters.items():  # as inputs, so that nothing is computed from their present values
        del graph.initializers[name]
        value.const_value = None
        graph.inputs.append(value)
    optimizer.optimize(program.model)
    onnx.save(_with_external_weights(onnx_ir.to_proto(program.model), set(parameters), prefix), file)


def _with_external_weights(model: onnx.ModelProto, parameters: set[str], prefix: str) -> onnx.ModelProto:
    """Turn a graph's inputs that are parameters into weights that lie elsewhere, and drop notes of the exporter."""
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    weights = [value for value in graph.input if value.name in parameters & used]
    inputs = [value for value in graph.input if value.name not in parameters]
    del graph.input[:], graph.value_info[:], graph.metadata_props[:], model.metadata_props[:]
    graph.input.extend(inputs)
    for value in weights:
        tensor = graph.initializer.add(name=value.name.removeprefix(prefix), data_type=value.type.tensor_type.elem_type)
        tensor.dims.extend(size.dim_value for size in value.type.tensor_type.shape.dim)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=_WEIGHTS)
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
        for number, name in enumerate(node.input):
            if name in parameters:
                node.input[number] = name.removeprefix(prefix)
    return model


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    export_extractor(BUNDLED_GRAPH)
    export_network(GRAPH)
    export_network(GRAPH_WITH_REFERENCES, references=2)


if __name__ == "__main__":
    main()

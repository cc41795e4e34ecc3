#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes Zorro models (arXiv 2301.09595) as ONNX files, of any size and in several ways in which
people write masked attention. Needs torch, onnx and onnxscript; nothing else here needs torch.

  make_zorro.py out.onnx --stream audio=1x31 --stream video=3x11x1 --fusion 5 --style add

Each stream is a grid of patches: two numbers for a picture or a spectrogram (one channel), three
for a video (three channels). Tokens of a stream see their stream; fusion tokens see everything;
a learned query for each stream, for fusion and for "global" pools what its name may see.
"""

import argparse
from dataclasses import dataclass, field

import onnx
import torch
from torch import nn
from torch.nn import functional

FUSION = "fusion"


@dataclass
class Config:
    streams: dict  # name -> grid of patches
    order: list  # names of the streams and FUSION, as the tokens lie
    fusion: int = 4
    width: int = 32
    layers: int = 2
    heads: int = 2
    hidden: int = 64
    classes: int = 10
    patch: int = 4
    tube: int = 2
    style: str = "sdpa"
    fill: str = "lowest"
    separate: bool = False
    maskFromTypes: bool = False
    tokens: dict = field(init=False)

    def __post_init__(self):
        self.tokens = {name: torch.Size(grid).numel() for name, grid in self.streams.items()}
        self.tokens[FUSION] = self.fusion

    def patchShape(self, name):
        flat = (self.patch, self.patch)
        return flat if len(self.streams[name]) == 2 else (self.tube,) + flat

    def inputShape(self, name, batch):
        channels = 1 if len(self.streams[name]) == 2 else 3
        sides = [g * p for g, p in zip(self.streams[name], self.patchShape(name))]
        return (batch, channels, *sides)

    def fillValue(self):
        lowest = torch.finfo(torch.float32).min
        return {"lowest": lowest, "inf": float("-inf"), "1e9": -1e9}[self.fill]


class MaskedAttention(nn.Module):
    """Queries of one sequence on keys of another (or the same), under a boolean mask."""

    def __init__(self, config, shared):
        super().__init__()
        self.config = config
        width = config.width
        if shared and not config.separate:
            self.project = nn.Linear(width, 3 * width)
        else:
            self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)

    def split(self, x):
        return x.unflatten(-1, (self.config.heads, -1)).transpose(1, 2)

    def forward(self, rows, columns, mask):
        if hasattr(self, "project"):
            parts = self.project(rows).chunk(3, dim=-1)
        else:
            parts = self.query(rows), self.key(columns), self.value(columns)
        query, key, value = map(self.split, parts)
        mixed = getattr(self, self.config.style)(query, key, value, mask)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def sdpa(self, query, key, value, mask):
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)

    def where(self, query, key, value, mask):
        scores = torch.einsum("bhqd,bhkd->bhqk", query, key) / query.shape[-1] ** 0.5
        fill = torch.tensor(self.config.fillValue())
        weights = torch.where(mask, scores, fill).softmax(dim=-1)
        return torch.einsum("bhqk,bhkd->bhqd", weights, value)

    def add(self, query, key, value, mask):
        bias = torch.zeros(mask.shape).masked_fill(mask.logical_not(), self.config.fillValue())
        scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))
        return torch.matmul(torch.softmax(scores + bias, dim=-1), value)


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.before = nn.LayerNorm(config.width)
        self.attention = MaskedAttention(config, shared=True)
        self.between = nn.LayerNorm(config.width)
        self.widen = nn.Linear(config.width, config.hidden)
        self.narrow = nn.Linear(config.hidden, config.width)

    def forward(self, x, mask):
        normal = self.before(x)
        x = x + self.attention(normal, normal, mask)
        return x + self.narrow(functional.gelu(self.widen(self.between(x))))


class ZorroModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        conv = {2: nn.Conv2d, 3: nn.Conv3d}
        self.patches, self.positions = nn.ModuleDict(), nn.ParameterDict()
        for name, grid in config.streams.items():
            shape = config.patchShape(name)
            channels = config.inputShape(name, 1)[1]
            self.patches[name] = conv[len(grid)](channels, config.width, shape, stride=shape)
            self.positions[name] = nn.Parameter(
                torch.randn(1, config.tokens[name], config.width) / 4)
        self.fusionTokens = nn.Parameter(torch.randn(1, config.fusion, config.width) / 4)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.final = nn.LayerNorm(config.width)
        self.pooled = [*config.streams, FUSION, "global"]
        self.pooling = MaskedAttention(config, shared=False)
        self.queries = nn.Parameter(torch.randn(1, len(self.pooled), config.width) / 4)
        self.classifiers = nn.ModuleDict(
            {f"to_{name}": nn.Linear(config.width, config.classes) for name in self.pooled})
        # Token kinds are small integers; a kind sees itself, and FUSION and "global" see all.
        kinds = {name: kind for kind, name in enumerate(self.pooled)}
        tokenKinds = torch.cat(
            [torch.full((config.tokens[name],), kinds[name]) for name in config.order])
        poolKinds = torch.tensor([kinds[name] for name in self.pooled])
        self.register_buffer("tokenKinds", tokenKinds)
        self.register_buffer("poolKinds", poolKinds)
        self.register_buffer("selfMask", self.sees(tokenKinds, kinds[FUSION]))
        self.register_buffer("poolMask", self.sees(poolKinds, kinds["global"]))
        # PyTorch starts all norms alike, and the exporter would merge them.
        for module in self.modules():
            if isinstance(module, nn.LayerNorm):
                nn.init.normal_(module.weight, 1, 0.1)
                nn.init.normal_(module.bias, 0, 0.1)

    def sees(self, rows, seesAll):
        return (rows[:, None] == self.tokenKinds[None, :]) | (rows[:, None] == seesAll)

    def outputNames(self):
        return [f"{n}_{what}" for n in self.pooled for what in ("embedding", "logits")]

    def forward(self, *inputs):
        batch = inputs[0].shape[0]
        parts = {FUSION: self.fusionTokens.expand(batch, -1, -1)}
        for name, x in zip(self.config.streams, inputs):
            parts[name] = self.patches[name](x).flatten(2).transpose(-1, -2) + self.positions[name]
        x = torch.cat([parts[name] for name in self.config.order], dim=1)
        mask, poolMask = self.selfMask, self.poolMask
        if self.config.maskFromTypes:
            mask = self.sees(self.tokenKinds, self.pooled.index(FUSION))
            poolMask = self.sees(self.poolKinds, self.pooled.index("global"))
        for layer in self.layers:
            x = layer(x, mask)
        pooled = self.pooling(self.queries.expand(batch, -1, -1), self.final(x), poolMask)
        outputs = []
        for index, name in enumerate(self.pooled):
            embedding = pooled[:, index]
            outputs += [embedding, self.classifiers[f"to_{name}"](embedding)]
        return tuple(outputs)


def dropWeights(model, above=1 << 16):
    """Leaves of weights of more than `above` bytes only name and shape: fill_weights.py fills them."""
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.raw_data) > above:
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="weights-to-be-filled")


def export(model, config, path, batch, opset, exporter, dynamicBatch, noWeights):
    names = list(config.streams)
    inputs = tuple(torch.randn(config.inputShape(name, batch)) for name in names)
    options = {}
    if dynamicBatch and exporter == "dynamo":
        options["dynamic_shapes"] = (tuple({0: torch.export.Dim("batch")} for _ in names),)
    elif dynamicBatch:
        options["dynamic_axes"] = {name: {0: "batch"} for name in names}
    with torch.no_grad():
        torch.onnx.export(model, inputs, path, input_names=names, opset_version=opset,
                          output_names=model.outputNames(), dynamo=exporter == "dynamo",
                          external_data=False, **options)
    # The exporter writes for each node where in which source file it came from: not for others.
    written = onnx.load(path)
    for thing in [*written.graph.node, *written.graph.value_info, *written.graph.input,
                  *written.graph.output, *written.graph.initializer, written.graph, written]:
        kept = [p for p in thing.metadata_props if p.key == "pkg.torch.onnx.name_scopes"]
        del thing.metadata_props[:]
        thing.metadata_props.extend(kept)
        thing.doc_string = ""
    if noWeights:
        dropWeights(written)
    onnx.save(written, path)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("path")
    parser.add_argument("--stream", action="append", metavar="NAME=GRID",
                        help="may be repeated; default audio=2x8 and video=2x4x4")
    parser.add_argument("--order", help="streams and 'fusion' with commas, as the tokens lie")
    for name, default in (("fusion", 4), ("width", 32), ("layers", 2), ("heads", 2),
                          ("hidden", 64), ("classes", 10), ("patch", 4), ("tube", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--style", choices=("sdpa", "where", "add"), default="sdpa")
    parser.add_argument("--fill", choices=("lowest", "inf", "1e9"), default="lowest")
    parser.add_argument("--separate", action="store_true", help="three projections, not one")
    parser.add_argument("--mask-from-types", action="store_true",
                        help="compute the mask in the graph instead of storing it")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--dynamic-batch", action="store_true")
    parser.add_argument("--no-weights", action="store_true",
                        help="structure only: fill_weights.py makes weights")
    parser.add_argument("--opset", type=int, default=18)
    parser.add_argument("--exporter", choices=("dynamo", "torchscript"), default="dynamo")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    args = parse()
    streams = dict(s.split("=") for s in args.stream or ["audio=2x8", "video=2x4x4"])
    streams = {name: tuple(map(int, grid.split("x"))) for name, grid in streams.items()}
    order = args.order.split(",") if args.order else [*streams][:1] + [FUSION] + [*streams][1:]
    if sorted(order) != sorted([*streams, FUSION]):
        raise SystemExit(f"expected --order of {[*streams, FUSION]} but got {order}")
    torch.manual_seed(args.seed)
    config = Config(streams, order, args.fusion, args.width, args.layers, args.heads, args.hidden,
                    args.classes, args.patch, args.tube, args.style, args.fill, args.separate,
                    args.mask_from_types)
    model = ZorroModel(config).eval()
    export(model, config, args.path, args.batch, args.opset, args.exporter, args.dynamic_batch,
           args.no_weights)
    print(f"{args.path}: tokens " + " | ".join(f"{n} {config.tokens[n]}" for n in order))


if __name__ == "__main__":
    main()

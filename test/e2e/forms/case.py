# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One line of the table: a small model, what is asked of it, and inputs for it."""

from dataclasses import dataclass

import numpy as np

from . import operators  # noqa: F401 (its cores register themselves)
from . import routes
from .attend import CORES, Sizes, pooling, selfAttention
from .graph import Graph
from .masks import Mask
from .padding import BATCH, Padding
from .routes import FUSION, MODALITIES, Streams

FEATURES = 16  # as wide as most models here are, so that kernels are shared


@dataclass
class Case:
    name: str
    parts: tuple  # (stream, tokens), …
    routes: str = "zorro"
    layers: int = 1
    core: str = "matmul"
    projection: str = "separate"
    source: str = "constant"
    way: str = "whereKeep"
    fill: str = "min"
    padding: str = None
    order: str = "and"
    empty: str = None  # "pool": the first modality's pooling row sees nothing
    patches: bool = False  # and one more output: fusion read out once per token
    heads: int = 2
    size: int = 8
    batch: int = 1
    opset: int = 18
    norm: bool = False
    seed: int = 0
    loose: str = ""  # why a claim may be wider than what is seen
    dense: str = ""  # why it may stay dense
    refusal: str = ""  # what the refusal of the first modality must say
    promise: bool = False  # try --assume-live-rows too
    lies: bool = False  # see that the checks themselves can fail
    flags: tuple = ()

    @property
    def streams(self):
        return Streams(list(self.parts))

    def table(self):
        if self.core in CORES and CORES[self.core].table:
            return getattr(routes, CORES[self.core].table)(self.streams)
        return getattr(routes, self.routes)(self.streams)

    def build(self):
        """The model, and its padding (None without)."""
        streams = self.streams
        g = Graph(max(self.opset, CORES[self.core].opset) if CORES[self.core].opset > 18
                  else min(self.opset, CORES[self.core].opset), seed=self.seed)
        batch = BATCH if self.padding else self.batch
        s = Sizes(batch, self.heads, self.size)
        x = self.tokens(g, streams, s)
        padding = Padding(self.padding, streams) if self.padding else None
        keep, added = padding.declare(g) if padding else (None, None)

        def mask(table):
            return Mask(table, self.source, self.way, self.fill, keep, added, self.order,
                        self.heads)

        for layer in range(self.layers):
            g.prefix = f"/layer{layer}"
            inner = g.op("LayerNormalization", x, g.weight(s.width), g.weight(s.width),
                         axis=-1) if self.norm and g.opset >= 17 else x
            x = g.op("Add", x, selfAttention(g, inner, s, self.core, self.projection,
                                             mask(self.table())))
        g.prefix = "/pool"
        rows, table = routes.pool(streams, empty=self.emptyRows())
        pooled = pooling(g, x, s, len(rows), self.core, mask(table))
        for index, row in enumerate(rows):
            g.output(f"{row}_out", g.op("Gather", pooled, np.int64(index), axis=1))
        if self.patches:
            a, b = streams.span(FUSION)
            g.output("patches", g.slice(x, 1, a, b))
        return g.model(self.name), padding

    def emptyRows(self):
        return (self.streams.modalities[0],) if self.empty == "pool" else ()

    def tokens(self, g, streams, s):
        parts = []
        for name, count in streams.parts:
            if name in MODALITIES:
                given = g.input(name, (s.batch, count, FEATURES))
                parts.append(g.op("MatMul", given, g.weight(FEATURES, s.width)))
            else:
                learned = g.weight(1, count, s.width, scale=1.0)
                parts.append(g.op("Expand", learned, g.shape(s.batch, count, s.width))
                             if s.batch > 1 else learned)
        return g.op("Concat", *parts, axis=1)

    def modalityOf(self, padding, inputs):
        """input -> modality"""
        return {**{i: i for i in inputs}, **(padding.modalities() if padding else {})}

    def patterns(self, padding, shapes):
        """name -> inputs. Only in patterns named "without …" is a stream wholly padded."""
        random = np.random.default_rng(self.seed + 1)
        base = {n: random.standard_normal(shapes[n]).astype(np.float32)
                for n in self.streams.modalities}
        if not padding:
            return {"all": base}
        return {name: {**base, **padding.inputs(keep)}
                for name, keep in padding.patterns(random).items()}


def perturbed(value, random):
    """Another value of the same kind."""
    if value.dtype == bool:
        return value ^ (random.random(value.shape) < 0.5)
    if value.dtype == np.int64:
        return np.maximum(value - (random.random(value.shape) < 0.5), 0)
    return (value + random.standard_normal(value.shape)).astype(value.dtype)

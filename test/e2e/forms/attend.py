# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention as exporters, people and optimisers write it: projections, scores, softmax, values."""

from dataclasses import dataclass

import numpy as np

CORES = {}  # by name; operators.py adds its own


def core(layout="heads", opset=18, empty=True, table=None, operator=False):
    """layout: what q, k and v are given as: "heads" [batch, heads, tokens, size], "tokens" [batch,
    tokens, heads, size], "flat" [batch, tokens, width]; "own": x itself. empty: whether a row
    without a key is defined. table: the routes that this form has of its own."""
    def register(function):
        function.layout, function.opset, function.empty = layout, opset, empty
        function.table, function.operator = table, operator
        CORES[function.__name__] = function
        return function
    return register


@dataclass
class Sizes:
    batch: int
    heads: int
    size: int  # of a head

    @property
    def width(self):
        return self.heads * self.size

    @property
    def scale(self):
        return np.float32(1 / np.sqrt(self.size))


# Projections: x -> q, k, v.


def separate(g, x, s):
    return [g.op("Add", g.op("MatMul", x, g.weight(s.width, s.width)), g.weight(s.width))
            for _ in range(3)]


def merged(g, x, s):
    both = g.op("MatMul", x, g.weight(s.width, 3 * s.width))
    return g.op("Add", both, g.weight(3 * s.width))


def split(g, x, s):
    return g.split(merged(g, x, s), 2, [s.width] * 3)


def slices(g, x, s):
    both = merged(g, x, s)
    return [g.slice(both, 2, i * s.width, (i + 1) * s.width) for i in range(3)]


def gather(g, x, s):
    five = g.reshape(merged(g, x, s), s.batch, -1, 3, s.heads, s.size)
    turned = g.transpose(five, 2, 0, 3, 1, 4)
    return [g.op("Gather", turned, np.int64(i), axis=0) for i in range(3)]


def splitHeads(g, x, s):
    five = g.reshape(merged(g, x, s), s.batch, -1, 3, s.heads, s.size)
    parts = [g.reshape(p, s.batch, -1, s.heads, s.size) for p in g.split(five, 2, [1, 1, 1])]
    return [g.transpose(p, 0, 2, 1, 3) for p in parts]


PROJECTIONS = {f.__name__: f for f in (separate, split, slices, gather, splitHeads)}
AS_HEADS = ("gather", "splitHeads")


def project(g, x, s, projection, layout):
    if layout != "heads" and projection in AS_HEADS:
        projection = "split"
    parts = PROJECTIONS[projection](g, x, s)
    return parts if projection in AS_HEADS else [arrange(g, p, s, layout) for p in parts]


def arrange(g, value, s, layout):
    if layout == "flat":
        return value
    value = g.reshape(value, s.batch, -1, s.heads, s.size)
    return value if layout == "tokens" else g.transpose(value, 0, 2, 1, 3)


def selfAttention(g, x, s, form, projection, mask):
    function = CORES[form]
    if function.layout == "own":
        mixed = function(g, x, s, mask)
    else:
        q, k, v = project(g, x, s, projection, function.layout)
        mixed = merge(g, function(g, q, k, v, s, mask), s, function.layout)
    return g.op("MatMul", mixed, g.weight(s.width, s.width))


def pooling(g, x, s, rows, form, mask):
    """Learned queries, one for each row, attend to the tokens."""
    function = CORES[form]
    if function.layout == "own" or function.table:
        function = CORES["matmul"]
    queries = g.op("Expand", g.weight(1, rows, s.width, scale=1.0),
                   g.shape(s.batch, rows, s.width))
    values = [queries] + [g.op("MatMul", x, g.weight(s.width, s.width)) for _ in range(2)]
    q, k, v = [arrange(g, p, s, function.layout) for p in values]
    return merge(g, function(g, q, k, v, s, mask), s, function.layout)


def merge(g, value, s, layout):
    if layout == "flat":
        return value
    if layout == "heads":
        value = g.transpose(value, 0, 2, 1, 3)
    return g.reshape(value, s.batch, -1, s.width)


# Scores, softmax and values in steps.


def product(g, q, k):
    return g.op("MatMul", q, g.transpose(k, 0, 1, 3, 2))


def softmax(g, scores):
    return g.op("Softmax", scores, axis=-1)


@core()
def matmul(g, q, k, v, s, mask):
    scores = g.op("Mul", product(g, q, k), s.scale)
    return g.op("MatMul", softmax(g, mask.apply(g, scores)), v)


@core()
def divided(g, q, k, v, s, mask):
    scores = g.op("Div", product(g, q, k), g.op("Sqrt", np.float32(s.size)))
    return g.op("MatMul", softmax(g, mask.apply(g, scores)), v)


@core()
def scaledQuery(g, q, k, v, s, mask):
    scores = product(g, g.op("Mul", q, s.scale), k)
    return g.op("MatMul", softmax(g, mask.apply(g, scores)), v)


@core()
def scaledKey(g, q, k, v, s, mask):
    scores = product(g, q, g.op("Div", k, np.float32(np.sqrt(s.size))))
    return g.op("MatMul", softmax(g, mask.apply(g, scores)), v)


@core()
def scaledBoth(g, q, k, v, s, mask):
    root = g.op("Sqrt", g.constant(s.scale))
    turned = g.op("Mul", g.transpose(k, 0, 1, 3, 2), root)
    scores = g.op("MatMul", g.op("Mul", q, root), turned)
    return g.op("MatMul", softmax(g, mask.apply(g, scores)), v)


@core()
def einsumHeads(g, q, k, v, s, mask):
    scores = g.op("Einsum", g.op("Mul", q, s.scale), k, equation="bhid,bhjd->bhij")
    return g.op("Einsum", softmax(g, mask.apply(g, scores)), v, equation="bhij,bhjd->bhid")


@core("tokens")
def einsumTokens(g, q, k, v, s, mask):
    scores = g.op("Mul", g.op("Einsum", q, k, equation="bqhd,bkhd->bhqk"), s.scale)
    return g.op("Einsum", softmax(g, mask.apply(g, scores)), v, equation="bhqk,bkhd->bqhd")


@core()
def batched(g, q, k, v, s, mask):
    """Batch and heads are one axis, as in torch.bmm; the mask is put on in four."""
    three = [g.reshape(p, s.batch * s.heads, -1, s.size) for p in (q, k, v)]
    scores = g.op("MatMul", g.op("Mul", three[0], s.scale), g.transpose(three[1], 0, 2, 1))
    queries, keys = mask.table.shape
    scores = mask.apply(g, g.reshape(scores, s.batch, s.heads, queries, keys))
    weights = softmax(g, g.reshape(scores, s.batch * s.heads, queries, keys))
    return g.reshape(g.op("MatMul", weights, three[2]), s.batch, s.heads, queries, s.size)


@core(empty=False)
def lessMaximum(g, q, k, v, s, mask):
    scores = mask.apply(g, g.op("Mul", product(g, q, k), s.scale))
    scores = g.op("Sub", scores, g.reduce("ReduceMax", scores, 3))
    return g.op("MatMul", softmax(g, scores), v)


@core()
def expSum(g, q, k, v, s, mask):
    scores = mask.apply(g, g.op("Mul", product(g, q, k), s.scale))
    raised = g.op("Exp", g.op("Sub", scores, g.reduce("ReduceMax", scores, 3)))
    weights = g.op("Div", raised, g.reduce("ReduceSum", raised, 3))
    return g.op("MatMul", weights, v)


@core()
def expMask(g, q, k, v, s, mask):
    """exp(s) · mask / sum: a row without a key is 0 / 0."""
    raised = g.op("Exp", g.op("Mul", product(g, q, k), s.scale))
    raised = g.op("Mul", raised, mask.keepFloat(g))
    return g.op("MatMul", g.op("Div", raised, g.reduce("ReduceSum", raised, 3)), v)


@core()
def castSame(g, q, k, v, s, mask):
    scores = g.cast(mask.apply(g, g.op("Mul", product(g, q, k), s.scale)), np.float32)
    return g.op("MatMul", g.cast(softmax(g, scores), np.float32), v)


@core()
def castDouble(g, q, k, v, s, mask):
    scores = g.cast(mask.apply(g, g.op("Mul", product(g, q, k), s.scale)), np.float64)
    return g.op("MatMul", g.cast(softmax(g, scores), np.float32), v)


@core()
def whereAfter(g, q, k, v, s, mask):
    weights = softmax(g, mask.apply(g, g.op("Mul", product(g, q, k), s.scale)))
    return g.op("MatMul", g.op("Where", mask.keep(g), weights, np.float32(0)), v)


@core()
def mulAfter(g, q, k, v, s, mask):
    weights = softmax(g, mask.apply(g, g.op("Mul", product(g, q, k), s.scale)))
    return g.op("MatMul", g.op("Mul", weights, mask.keepFloat(g)), v)


@core()
def nanRepair(g, q, k, v, s, mask):
    weights = softmax(g, mask.apply(g, g.op("Mul", product(g, q, k), s.scale)))
    weights = g.op("Where", g.op("IsNaN", weights), np.float32(0), weights)
    return g.op("MatMul", weights, v)


@core()
def otherAxis(g, q, k, v, s, mask):
    scores = mask.apply(g, g.op("Mul", product(g, q, k), s.scale))
    weights = g.op("Softmax", g.transpose(scores, 0, 1, 3, 2), axis=2)
    return g.op("MatMul", g.transpose(weights, 0, 1, 3, 2), v)


@core(opset=12)
def flattening(g, q, k, v, s, mask):
    """Softmax before opset 13 takes all axes from its own on as one."""
    scores = mask.apply(g, g.op("Mul", product(g, q, k), s.scale))
    return g.op("MatMul", g.op("Softmax", scores, axis=3), v)


@core()
def dropout(g, q, k, v, s, mask):
    weights = softmax(g, mask.apply(g, g.op("Mul", product(g, q, k), s.scale)))
    return g.op("MatMul", g.op("Dropout", weights, np.float32(0.1)), v)


@core()
def logSoftmax(g, q, k, v, s, mask):
    scores = mask.apply(g, g.op("Mul", product(g, q, k), s.scale))
    return g.op("MatMul", g.op("Exp", g.op("LogSoftmax", scores, axis=-1)), v)

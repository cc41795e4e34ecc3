# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention as exporters, people and optimisers write it: projections, scores, softmax, values."""

from dataclasses import dataclass

import numpy as np

from .masks import FILLS, FLOAT_MIN

CORES = {}
CONTRIB = "com.microsoft"


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


# The operator Attention.


@core(opset=23, operator=True)
def operatorBool(g, q, k, v, s, mask):
    return g.op("Attention", q, k, v, None if mask.isFull and not mask.padding else mask.keep(g))


@core(opset=23, operator=True)
def operatorFloat(g, q, k, v, s, mask):
    return g.op("Attention", q, k, v, mask.added(g), scale=float(s.scale))


@core("flat", opset=23, operator=True)
def operatorFlat(g, q, k, v, s, mask):
    return g.op("Attention", q, k, v, mask.keep(g), q_num_heads=s.heads, kv_num_heads=s.heads)


@core(opset=23, operator=True)
def operatorSoftcap(g, q, k, v, s, mask):
    return g.op("Attention", q, k, v, mask.keep(g), softcap=5.0)


def perQuery(g, s, mask):
    """ONNX Runtime wants the axis of queries spelled out."""
    return g.op("Expand", mask.padding, g.shape(s.batch, 1, *mask.table.shape)) \
        if mask.padding else None


@core(opset=24, operator=True, table="causal")
def operatorCausal(g, q, k, v, s, mask):
    """Causal by its own flag."""
    return g.op("Attention", q, k, v, perQuery(g, s, mask), is_causal=1)


@core(opset=23, operator=True, table="causalZorro")
def operatorCausalMask(g, q, k, v, s, mask):
    """Causal by its own flag, and a mask too."""
    return g.op("Attention", q, k, v, mask.keep(g), is_causal=1)


@core(opset=25, operator=True, table="window")
def operatorWindow(g, q, k, v, s, mask):
    return g.op("Attention", q, k, v, perQuery(g, s, mask), left_window_size=3,
                right_window_size=3)


@core(opset=24, operator=True)
def operatorNonpad(g, q, k, v, s, mask):
    """How many keys are there comes as an operand of its own."""
    if not mask.padding:
        return g.op("Attention", q, k, v, mask.keep(g))
    bare = type(mask)(**{**vars(mask), "padding": None})
    return g.op("Attention", q, k, v, bare.keep(g), None, None, "nonpad")


@core("own", opset=23, operator=True)
def operatorGrouped(g, x, s, mask):
    """Four heads of queries share two of keys and values."""
    q = g.op("MatMul", x, g.weight(s.width, 4 * s.size))
    k, v = (g.op("MatMul", x, g.weight(s.width, 2 * s.size)) for _ in range(2))
    mixed = g.op("Attention", q, k, v, mask.keep(g), q_num_heads=4, kv_num_heads=2)
    return g.op("MatMul", mixed, g.weight(4 * s.size, s.width))


@core("own", opset=23, operator=True)
def operatorWideValues(g, x, s, mask):
    """Heads of values are wider than those of keys."""
    q, k = (g.op("MatMul", x, g.weight(s.width, s.width)) for _ in range(2))
    v = g.op("MatMul", x, g.weight(s.width, 2 * s.width))
    mixed = g.op("Attention", q, k, v, mask.keep(g), q_num_heads=s.heads, kv_num_heads=s.heads)
    return g.op("MatMul", mixed, g.weight(2 * s.width, s.width))


@core(opset=23, operator=True)
def operatorPast(g, q, k, v, s, mask):
    """Three learned keys and values stand before the tokens', and all see them."""
    past = [g.op("Expand", g.weight(1, s.heads, 3, s.size, scale=1.0),
                 g.shape(s.batch, s.heads, 3, s.size)) for _ in range(2)]
    longer = type(mask)(**{**vars(mask), "padding": None,
                           "table": np.pad(mask.table, ((0, 0), (3, 0)), constant_values=True)})
    keep = longer.keep(g)
    if mask.padding:
        there = g.op("Concat", np.ones((s.batch, 1, 1, 3), bool), mask.padding, axis=3)
        keep = g.op("And", keep, there)
    return g.op("Attention", q, k, v, keep, *past, outputs=3)[0]


@core(opset=23, operator=True)
def operatorScores(g, q, k, v, s, mask):
    """Its weights are used too: their mean over keys is added, which is the same for all rows."""
    mixed, _, _, weights = g.op("Attention", q, k, v, mask.keep(g), outputs=4,
                                qk_matmul_output_mode=3)
    return g.op("Add", mixed, g.reduce("ReduceSum", weights, 3))


@core(opset=23, operator=True)
def operatorProducts(g, q, k, v, s, mask):
    """The products before the mask are used as well."""
    mixed, _, _, products = g.op("Attention", q, k, v, mask.keep(g), outputs=4,
                                 qk_matmul_output_mode=0)
    finite = g.op("Tanh", g.op("Mul", products, mask.keepFloat(g)))
    return g.op("Add", mixed, g.reduce("ReduceSum", finite, 3))


# What ONNX Runtime's optimiser writes.


@core("flat", operator=True)
def multiHead(g, q, k, v, s, mask):
    return g.op("MultiHeadAttention", q, k, v, None, None, heads4(g, mask.added(g), mask),
                domain=CONTRIB, num_heads=s.heads)


def heads4(g, added, mask):
    """attention_bias must have four axes."""
    return added if mask.padding else g.unsqueeze(added, 0, 1)


@core("flat", operator=True)
def multiHeadBias(g, q, k, v, s, mask):
    return g.op("MultiHeadAttention", q, k, v, g.weight(3 * s.width), None,
                heads4(g, mask.added(g), mask), domain=CONTRIB, num_heads=s.heads,
                scale=float(s.scale))


@core("flat", operator=True)
def multiHeadKeys(g, q, k, v, s, mask):
    """Padding goes in by the operand that is meant for it; the operator fills it its own way."""
    keys = None
    if mask.padding:
        keys = g.cast(g.reshape(mask.padding, s.batch, mask.table.shape[1]), np.int32)
        mask = type(mask)(**{**vars(mask), "padding": None})
    bias = None if mask.isFull else heads4(g, mask.added(g), mask)
    return g.op("MultiHeadAttention", q, k, v, None, keys, bias, domain=CONTRIB,
                num_heads=s.heads, mask_filter_value=float(FILLS["min"]))


def merged3(g, x, s, keep, fill, **attributes):
    """com.microsoft Attention with a mask of [batch, queries, keys]."""
    return g.op("Attention", x, g.weight(s.width, 3 * s.width), g.weight(3 * s.width), keep,
                domain=CONTRIB, num_heads=s.heads, mask_filter_value=float(fill), **attributes)


def keep3(g, s, mask):
    keep = g.op("Expand", mask.keep(g), g.shape(s.batch, 1, *mask.table.shape))
    return g.cast(g.reshape(keep, s.batch, *mask.table.shape), np.int32)


@core("own", operator=True)
def mergedAttention(g, x, s, mask):
    return merged3(g, x, s, keep3(g, s, mask), FILLS[mask.fill] if mask.fill != "inf"
                   else FLOAT_MIN)


@core("own", operator=True)
def mergedAttentionWeak(g, x, s, mask):
    """With the fill that it has by default."""
    return merged3(g, x, s, keep3(g, s, mask), -10000.0)


@core("own", operator=True, table="causal")
def mergedAttentionCausal(g, x, s, mask):
    keep = None
    if mask.padding:
        keep = g.cast(g.reshape(mask.padding, s.batch, mask.table.shape[1]), np.int32)
    return merged3(g, x, s, keep, FLOAT_MIN, unidirectional=1)

# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention as one operator: `Attention` of ONNX, and what ONNX Runtime's optimiser writes."""

import numpy as np

from .attend import core, merged
from .masks import FILLS, FLOAT_MIN

CONTRIB = "com.microsoft"


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


@core("own", operator=True, table="full")
def mergedAttentionLengths(g, x, s, mask):
    """mask_index says how many keys are there."""
    keep = g.cast("nonpad", np.int32) if mask.padding else None
    return merged3(g, x, s, keep, FLOAT_MIN)

# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ways a graph computes a mask that is known when it is compiled. Each takes a graph and a
table (true: attends) and returns a bool value of the table's shape; none may change the table."""

import numpy as np
from onnx import numpy_helper

SOURCES = {}


def source(function):
    SOURCES[function.__name__] = function
    return function


def compress(table):
    """Types of rows and of columns, and who sees whom among the types."""
    rows = np.cumsum([0] + [int((table[i] != table[i - 1]).any()) for i in range(1, len(table))])
    columns = np.cumsum([0] + [int((table[:, i] != table[:, i - 1]).any())
                               for i in range(1, table.shape[1])])
    routes = table[np.unique(rows, return_index=True)[1]]
    return rows, columns, routes[:, np.unique(columns, return_index=True)[1]]


def runs(types):
    """(type, begin, end) of each run."""
    edges = [0, *(np.flatnonzero(np.diff(types)) + 1), len(types)]
    return [(int(types[a]), int(a), int(b)) for a, b in zip(edges, edges[1:])]


def noise(graph, table):
    return graph.random.random(table.shape) < 0.5


@source
def constant(g, table):
    return g.constant(table)


@source
def conjunction(g, table):
    other = noise(g, table)
    return g.op("And", table | other, table | ~other)


@source
def notOr(g, table):
    drop, other = ~table, noise(g, table)
    return g.op("Not", g.op("Or", drop & other, drop & ~other))


@source
def exclusive(g, table):
    other = noise(g, table)
    return g.op("Xor", table ^ other, other)


@source
def integers(g, table):
    """A mask kept as int64: whatever is not 0 attends."""
    return g.op("Not", g.op("Equal", table.astype(np.int64) * 3, np.int64(0)))


@source
def castInteger(g, table):
    return g.cast(g.constant(table.astype(np.int32)), bool)


@source
def tokenTypes(g, table):
    """For each type of row: is the query of it, and the key one that it sees?"""
    rows, columns, routes = compress(table)
    queries = g.unsqueeze(g.constant(rows.astype(np.int64)), 1)
    result = None
    for kind, sees in enumerate(routes):
        keys = g.unsqueeze(g.constant(sees[columns]), 0)
        block = g.op("And", g.op("Equal", queries, np.int64(kind)), keys)
        result = block if result is None else g.op("Or", result, block)
    return result


@source
def sameType(g, table):
    """lucidrains' line: equal types, or a query of the type that sees all."""
    rows, columns, routes = compress(table)
    sees = {int(r): int(np.flatnonzero(line)[0]) for r, line in enumerate(routes)
            if line.sum() == 1}
    if len(sees) + int(routes.all(1).sum()) != len(routes):
        return tokenTypes(g, table)
    everything = -1
    queries = np.array([sees.get(int(r), everything) for r in rows], np.int64)
    a = g.unsqueeze(g.constant(queries), 1)
    b = g.unsqueeze(g.constant(columns.astype(np.int64)), 0)
    return g.op("Or", g.op("Equal", a, b), g.op("Equal", a, np.int64(everything)))


@source
def gathered(g, table):
    """A small table of routes, looked up by the types of query and key."""
    rows, columns, routes = compress(table)
    lines = g.op("Gather", routes, rows.astype(np.int64), axis=0)
    return g.op("Gather", lines, columns.astype(np.int64), axis=1)


@source
def gatheredPairs(g, table):
    rows, columns, routes = compress(table)
    pairs = np.stack(np.broadcast_arrays(rows[:, None], columns[None, :]), -1)
    return g.op("GatherND", routes, pairs.astype(np.int64))


@source
def countedTypes(g, table):
    """Types are running counts of where a stream begins, as pi0's blocks are."""
    rows, columns, routes = compress(table)
    lines = g.op("Gather", routes, count(g, rows), axis=0)
    return g.op("Gather", lines, count(g, columns), axis=1)


def count(g, types):
    begins = np.concatenate([[0], np.diff(types)]).astype(np.int64)
    return g.op("CumSum", begins, np.int64(0))


@source
def boundaries(g, table):
    """Types from positions: how many boundaries lie at or before a token."""
    rows, columns, routes = compress(table)
    lines = g.op("Gather", routes, placed(g, rows), axis=0)
    return g.op("Gather", lines, placed(g, columns), axis=1)


def placed(g, types):
    positions = g.op("Range", np.int64(0), np.int64(len(types)), np.int64(1))
    result = g.op("Sub", positions, positions)
    for _, begin, _ in runs(types)[1:]:
        after = g.op("GreaterOrEqual", positions, np.int64(begin))
        result = g.op("Add", result, g.cast(after, np.int64))
    return result


@source
def oneHotProduct(g, table):
    """Routes between one-hot vectors of the types, a product of floats."""
    rows, columns, routes = compress(table)
    values = np.array([0, 1], np.float32)
    a = g.op("OneHot", rows.astype(np.int64), np.int64(len(routes)), values)
    b = g.op("OneHot", columns.astype(np.int64), np.int64(routes.shape[1]), values)
    lines = g.op("MatMul", a, routes.astype(np.float32))
    return g.op("Greater", g.op("MatMul", lines, g.transpose(b, 1, 0)), np.float32(0.5))


@source
def concatenated(g, table):
    """Blocks that are filled, joined along both axes."""
    rows, columns, routes = compress(table)
    lines = []
    for row, a, b in runs(rows):
        blocks = []
        for column, c, d in runs(columns):
            block = g.op("ConstantOfShape", g.shape(b - a, d - c), value=tensorOf(
                routes[row, column]))
            blocks.append(block)
        lines.append(g.op("Concat", *blocks, axis=1))
    return g.op("Concat", *lines, axis=0)


def tensorOf(flag):
    return numpy_helper.from_array(np.array([flag]))


@source
def assigned(g, table):
    """mask[a:b, c:d] = True, as an exporter writes it."""
    rows, columns, routes = compress(table)
    result = g.op("ConstantOfShape", g.shape(*table.shape), value=tensorOf(False))
    for row, a, b in runs(rows):
        index = np.array([(i, j) for column, c, d in runs(columns) if routes[row, column]
                          for i in range(a, b) for j in range(c, d)], np.int64).reshape(-1, 2)
        if len(index):
            result = g.op("ScatterND", result, index, np.ones(len(index), bool))
    return result


@source
def assignedRows(g, table):
    """Rows assigned one stream at a time."""
    rows, columns, routes = compress(table)
    result = g.op("ConstantOfShape", g.shape(*table.shape), value=tensorOf(False))
    for row, a, b in runs(rows):
        index = np.repeat(np.arange(a, b, dtype=np.int64)[:, None], table.shape[1], 1)
        line = g.op("Expand", routes[row][columns][None], g.shape(b - a, table.shape[1]))
        result = g.op("ScatterElements", result, index, line, axis=0)
    return result


@source
def expanded(g, table):
    rows, columns, routes = compress(table)
    lines = [g.op("Expand", g.unsqueeze(g.constant(routes[row][columns]), 0),
                  g.shape(b - a, table.shape[1])) for row, a, b in runs(rows)]
    return g.op("Concat", *lines, axis=0) if len(lines) > 1 else lines[0]


@source
def tiled(g, table):
    rows, columns, routes = compress(table)
    lines = [g.op("Tile", routes[row][columns][None], g.shape(b - a, 1))
             for row, a, b in runs(rows)]
    return g.op("Concat", *lines, axis=0) if len(lines) > 1 else lines[0]


@source
def padded(g, table):
    """Blocks of ones, padded to the whole and added up."""
    rows, columns, routes = compress(table)
    total = None
    for row, a, b in runs(rows):
        for column, c, d in runs(columns):
            if routes[row, column]:
                sizes = g.shape(a, c, table.shape[0] - b, table.shape[1] - d)
                block = g.op("Pad", np.ones((b - a, d - c), np.float32), sizes, np.float32(0))
                total = block if total is None else g.op("Add", total, block)
    if total is None:
        return g.constant(table)
    return g.op("Greater", total, np.float32(0))


@source
def lowerTriangle(g, table):
    """What lies in the lower triangle comes from Trilu, the rest from a constant."""
    lower = g.op("Trilu", np.ones(table.shape, np.float32), np.int64(0), upper=0)
    below = g.op("And", g.cast(lower, bool), table)
    return g.op("Or", below, table & ~np.tri(*table.shape, dtype=bool))


@source
def comparedPositions(g, table):
    """The same from positions that are compared."""
    queries = g.unsqueeze(g.op("Range", np.int64(0), np.int64(table.shape[0]), np.int64(1)), 1)
    keys = g.unsqueeze(g.op("Range", np.int64(0), np.int64(table.shape[1]), np.int64(1)), 0)
    below = g.op("And", g.op("LessOrEqual", keys, queries), table)
    return g.op("Or", below, g.op("And", g.op("Greater", keys, queries), table))


@source
def chosen(g, table):
    other = noise(g, table)
    both = g.op("Where", table | other, (table | ~other).astype(np.int64), np.int64(0))
    return g.cast(both, bool)


@source
def multiplied(g, table):
    """Float masks of 0 and 1, multiplied."""
    other = noise(g, table)
    product = g.op("Mul", (table | other).astype(np.float32), (table | ~other).astype(np.float32))
    return g.cast(product, bool)


@source
def largest(g, table):
    other = noise(g, table)
    both = g.op("Max", (table & other).astype(np.float32), (table & ~other).astype(np.float32))
    return g.op("Greater", both, np.float32(0))


@source
def bits(g, table):
    if g.opset < 18:
        return conjunction(g, table)
    other = noise(g, table)
    both = g.op("BitwiseAnd", (table | other).astype(np.uint8), (table | ~other).astype(np.uint8))
    return g.cast(both, bool)


@source
def diagonal(g, table):
    """The diagonal comes from EyeLike, the rest from a constant."""
    eye = g.cast(g.op("EyeLike", np.zeros(table.shape, np.float32)), bool)
    return g.op("Or", g.op("And", eye, table), table & ~np.eye(*table.shape, dtype=bool))


@source
def cutOut(g, table):
    """A window of a larger mask that was kept transposed."""
    larger = np.pad(table, ((2, 1), (0, 3)), constant_values=True)
    turned = g.transpose(g.constant(larger.T), 1, 0)
    rows = g.slice(turned, 0, 2, 2 + table.shape[0])
    return g.slice(rows, 1, 0, table.shape[1])


@source
def squeezed(g, table):
    """Through ranks and back."""
    flat = g.reshape(g.constant(table), 1, 1, table.size)
    return g.op("Flatten", g.reshape(flat, 1, *table.shape), axis=2)

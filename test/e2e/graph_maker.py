# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes random ONNX graphs of streams, masks, moves, joins and padding, with tiny shapes.

Every graph has two to four inputs: tokens of each modality, [1, n, d], and sometimes a padding
mask, [1, all tokens] of bool. Values stay near 1, so that noise on an input reaches what it can.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

LOWEST = float(np.finfo(np.float32).min)
BOOLS = {"Not", "And", "Or", "Equal", "LessOrEqual", "GreaterOrEqual", "Greater", "IsNaN"}
BROADCASTS = BOOLS | {"Add", "Sub", "Mul", "Div", "Where", "Cast"}
FILLS = [-np.inf, LOWEST, LOWEST, -1e30]


class Graph:
    """One random graph; its tensors' names begin with `prefix`."""

    def __init__(self, seed, prefix):
        self.random = np.random.default_rng(seed)
        self.prefix, self.count = prefix, 0
        self.nodes, self.weights, self.inputs = [], [], []
        self.shapes, self.types = {}, {}

    # -- Building blocks ------------------------------------------------------------------------

    def name(self):
        self.count += 1
        return f"{self.prefix}t{self.count}"

    def weight(self, array):
        name = self.name()
        self.weights.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        self.types[name], self.shapes[name] = self.weights[-1].data_type, np.shape(array)
        return name

    def floats(self, *shape):
        return self.weight(self.random.standard_normal(shape).astype(np.float32))

    def ints(self, *values):
        return self.weight(np.array(values, np.int64))

    def scalar(self, value):
        return self.weight(np.float32(value))

    def node(self, kind, inputs, shape, **attributes):
        name = self.name()
        like = inputs[1] if kind == "Where" else inputs[0]
        self.types[name] = (TensorProto.BOOL if kind in BOOLS else
                            attributes.get("to", self.types[like]))
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        if kind in BROADCASTS:
            shape = np.broadcast_shapes(*(self.shapes[i] for i in inputs))
        self.shapes[name] = tuple(shape)
        return name

    def input(self, name, shape, kind=TensorProto.FLOAT):
        name = self.prefix + name
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        self.shapes[name], self.types[name] = tuple(shape), kind
        return name

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, *choices):
        return choices[self.random.integers(len(choices))]

    # -- The graph --------------------------------------------------------------------------------

    def build(self, steps, most=4, only=()):
        """`most`: tokens of a modality; `only`: names of the moves to choose from."""
        width = int(self.pick(2, 3, 4))
        modalities = int(self.pick(2, 2, 3))
        parts = []
        for i in range(modalities):
            tokens = int(self.random.integers(1, most + 1))
            x = self.input("amvt"[i], (1, tokens, width))
            parts.append((self.linear(x, width), tokens))
        learned = int(self.random.integers(0, 3))
        if learned:
            parts.insert(int(self.random.integers(len(parts) + 1)),
                         (self.floats(1, learned, width), learned))
        self.tokens = sum(n for _, n in parts)
        self.segments = np.repeat(np.arange(len(parts)), [n for _, n in parts])
        x = self.node("Concat", [p for p, _ in parts], (1, self.tokens, width), axis=1)
        self.padding = None
        if self.chance(0.35):
            self.padding = self.input("p", (1, self.tokens), TensorProto.BOOL)
        values = [x]
        moves = [self.attention, self.attention, self.attention, self.normalise, self.activate,
                 self.residual, self.window, self.roll, self.gatherTokens, self.sliceJoin,
                 self.maskOut, self.statistics, self.convolve, self.scatter, self.pad,
                 self.reduceTokens, self.product, self.softmaxTokens, self.heads, self.prefixSums]
        moves = [getattr(self, name) for name in only] or moves
        for _ in range(steps):
            x = values[-1] if self.chance(0.75) else self.pick(*values)
            made = self.pick(*moves)(x)
            if made is not None and int(np.prod(self.shapes[made])) <= 600:
                values.append(made)
        self.result = values[-1]
        return self

    def linear(self, x, width):
        shape = self.shapes[x]
        made = self.node("MatMul", [x, self.floats(shape[-1], width)], (*shape[:-1], width))
        return self.node("Add", [made, self.floats(width)], self.shapes[made])

    # -- Attention --------------------------------------------------------------------------------

    def keepTable(self, queries, keys):
        """A random bool table, True where the key is kept, in the manner of real masks."""
        own = lambda n: (self.segments if n == self.tokens
                         else np.sort(self.random.integers(0, 3, n)))
        q, k = own(queries), own(keys)
        kind = self.pick("block", "block", "zorro", "causal", "prefix", "same", "window", "random",
                         "all")
        i, j = np.arange(queries)[:, None], np.arange(keys)[None, :]
        if kind == "block":
            table = self.random.random((5, 5)) < 0.5
            keep = table[q][:, k]
        elif kind == "zorro":
            fusion = self.random.integers(0, 3)
            keep = (q[:, None] == k[None, :]) | (q[:, None] == fusion)
        elif kind == "causal":
            keep = j <= i + int(self.random.integers(-1, 2))
        elif kind == "prefix":
            keep = (j < int(self.random.integers(0, keys + 1))) | (j <= i)
        elif kind == "same":
            keep = np.broadcast_to(i == j, (queries, keys)) | (k[None, :] == 0)
        elif kind == "window":
            keep = np.abs(i - j) <= 1
        elif kind == "random":
            keep = self.random.random((queries, keys)) < 0.6
        else:
            keep = np.ones((queries, keys), bool)
        if self.chance(0.3) and queries:
            keep = keep.copy()
            keep[self.random.integers(queries)] = False
        return np.ascontiguousarray(np.broadcast_to(keep, (queries, keys)))

    def keepMask(self, queries, keys, shape):
        """A bool tensor that broadcasts to the scores: a constant, or a chain of nodes."""
        keep = self.keepTable(queries, keys)
        form = self.pick("constant", "constant", "not", "types", "compare", "and")
        if form == "not":
            mask = self.node("Not", [self.weight(~keep)], keep.shape)
        elif form == "types" and queries == keys == self.tokens:
            types = self.weight(self.segments.astype(np.int64))
            row = self.node("Unsqueeze", [types, self.ints(1)], (keys, 1))
            column = self.node("Unsqueeze", [types, self.ints(0)], (1, keys))
            mask = self.node(self.pick("Equal", "LessOrEqual", "GreaterOrEqual"), [row, column],
                             keep.shape)
        elif form == "compare":
            mask = self.node("Greater", [self.weight(keep.astype(np.float32)), self.scalar(0.5)],
                             keep.shape)
        elif form == "and":
            mask = self.node(self.pick("And", "Or"),
                             [self.weight(keep), self.weight(self.keepTable(queries, keys))],
                             keep.shape)
        else:
            mask = self.weight(keep)
        if self.padding and keys == self.tokens and self.chance(0.7):
            pad = self.node("Unsqueeze", [self.padding, self.ints(1)], (1, 1, keys))
            if len(shape) == 4:
                pad = self.node("Unsqueeze", [pad, self.ints(1)], (1, 1, 1, keys))
            mask = self.node("And", [mask, pad], (*(1,) * (len(shape) - 2), queries, keys))
        return mask

    def addedMask(self, queries, keys):
        keep = self.keepTable(queries, keys)
        fill = self.pick(*FILLS)
        table = np.where(keep, 0, fill).astype(np.float32)
        if self.chance(0.2):  # folded into a position bias
            table = np.where(keep, self.random.standard_normal(keep.shape), fill)
        return self.weight(table.astype(np.float32))

    def attention(self, x):
        shape = self.shapes[x]
        if len(shape) != 3:
            return None
        tokens, width = shape[1], shape[2]
        y = x
        if self.chance(0.25):  # pooling
            tokens = int(self.random.integers(1, 4))
            y = self.floats(1, tokens, width)
        size = int(self.pick(2, 3))
        q, k, v = (self.linear(y, size), self.linear(x, size), self.linear(x, size))
        keys = shape[1]
        if self.chance(0.3):
            q = self.node("Mul", [q, self.scalar(0.5)], (1, tokens, size))
        k = self.node("Transpose", [k], (1, size, keys), perm=[0, 2, 1])
        scores = self.node("MatMul", [q, k], (1, tokens, keys))
        if self.chance(0.5):
            scores = self.node("Mul", [scores, self.scalar(0.7)], (1, tokens, keys))
        for _ in range(self.pick(1, 1, 2)):
            form = self.pick("keep", "drop", "add", "select-add", "scaled")
            if form == "add":
                scores = self.node("Add", [scores, self.addedMask(tokens, keys)],
                                   (1, tokens, keys))
                continue
            mask = self.keepMask(tokens, keys, (1, tokens, keys))
            fill = self.scalar(self.pick(*FILLS))
            if form == "keep":
                scores = self.node("Where", [mask, scores, fill], (1, tokens, keys))
            elif form == "drop":
                drop = self.node("Not", [mask], (1, tokens, keys))
                scores = self.node("Where", [drop, fill, scores], (1, tokens, keys))
            elif form == "select-add":
                added = self.node("Where", [mask, self.scalar(0), fill], (1, tokens, keys))
                scores = self.node("Add", [scores, added], (1, tokens, keys))
            else:
                number = self.node("Cast", [mask], (1, tokens, keys), to=TensorProto.FLOAT)
                absent = self.node("Sub", [self.scalar(1), number], (1, tokens, keys))
                added = self.node("Mul", [absent, self.scalar(self.pick(LOWEST, -1e30))],
                                  (1, tokens, keys))
                scores = self.node("Add", [scores, added], (1, tokens, keys))
        weights = self.softmax(scores)
        repair = self.pick("none", "none", "nan", "where")
        if repair == "nan":
            odd = self.node("IsNaN", [weights], (1, tokens, keys))
            weights = self.node("Where", [odd, self.scalar(0), weights], (1, tokens, keys))
        elif repair == "where":
            mask = self.keepMask(tokens, keys, (1, tokens, keys))
            weights = self.node("Where", [mask, weights, self.scalar(0)], (1, tokens, keys))
        made = self.node("MatMul", [weights, v], (1, tokens, size))
        made = self.linear(made, width)
        if y == x and self.chance(0.6):
            made = self.node("Add", [made, x], self.shapes[made])
        return made

    def softmax(self, scores):
        shape = self.shapes[scores]
        if self.chance(0.75):
            return self.node("Softmax", [scores], shape, axis=-1)
        most = self.node("ReduceMax", [scores], (*shape[:-1], 1), axes=[-1], keepdims=1)
        exp = self.node("Exp", [self.node("Sub", [scores, most], shape)], shape)
        total = self.node("ReduceSum", [exp, self.ints(-1)], (*shape[:-1], 1), keepdims=1)
        return self.node("Div", [exp, total], shape)

    # -- Everything else --------------------------------------------------------------------------

    def normalise(self, x):
        shape = self.shapes[x]
        if self.chance(0.5):
            return self.node("LayerNormalization",
                             [x, self.floats(shape[-1]), self.floats(shape[-1])], shape, axis=-1)
        mean = self.node("ReduceMean", [x], (*shape[:-1], 1), axes=[-1], keepdims=1)
        return self.node("Sub", [x, mean], shape)

    def activate(self, x):
        kind = self.pick("Tanh", "Sigmoid", "Erf", "Softplus", "Neg", "Abs")
        return self.node(kind, [x], self.shapes[x])

    def residual(self, x):
        return self.node("Add", [x, self.linear(x, self.shapes[x][-1])], self.shapes[x])

    def window(self, x):
        """Partition into windows and back, with something in between that stays in a window."""
        shape = self.shapes[x]
        if len(shape) != 3 or shape[1] % 2:
            return None
        n, d = shape[1], shape[2]
        y = self.node("Reshape", [x, self.ints(1, n // 2, 2, d)], (1, n // 2, 2, d))
        mean = self.node("ReduceMean", [y], (1, n // 2, 1, d), axes=[2], keepdims=1)
        y = self.node("Add", [y, mean], (1, n // 2, 2, d))
        y = self.node("Transpose", [y], (1, 2, n // 2, d), perm=[0, 2, 1, 3])
        return self.node("Reshape", [y, self.ints(1, n, d)], shape)

    def roll(self, x):
        shape = self.shapes[x]
        axis = len(shape) - 2
        if shape[axis] < 2:
            return None
        at = int(self.random.integers(1, shape[axis]))
        return self.node("Concat", [self.slice(x, axis, at, shape[axis]),
                                    self.slice(x, axis, 0, at)], shape, axis=axis)

    def slice(self, x, axis, begin, end, step=1):
        shape = list(self.shapes[x])
        shape[axis] = len(range(begin, end, step))
        return self.node("Slice", [x, self.ints(begin), self.ints(end), self.ints(axis),
                                   self.ints(step)], shape)

    def gatherTokens(self, x):
        shape = list(self.shapes[x])
        index = self.random.integers(0, shape[-2], int(self.random.integers(1, 6)))
        shape[-2] = len(index)
        return self.node("Gather", [x, self.ints(*index)], shape, axis=len(shape) - 2)

    def sliceJoin(self, x):
        shape = self.shapes[x]
        axis = len(shape) - 2
        if shape[axis] < 2:
            return None
        at = int(self.random.integers(1, shape[axis]))
        first, second = self.slice(x, axis, 0, at), self.slice(x, axis, at, shape[axis])
        first = self.node("Tanh", [first], self.shapes[first])
        if self.chance(0.4):
            return self.pick(first, second)
        if self.chance(0.3):
            return self.slice(x, axis, int(self.chance(0.5)), shape[axis], 2)
        return self.node("Concat", [second, first], shape, axis=axis)

    def maskOut(self, x):
        """Zeros in some places: by a product, or by a choice."""
        shape = self.shapes[x]
        keep = self.random.random((shape[-2], 1)) < 0.6
        if self.chance(0.5):
            return self.node("Mul", [x, self.weight(keep.astype(np.float32))], shape)
        return self.node("Where", [self.weight(keep), x, self.scalar(self.pick(0.0, 2.0))], shape)

    def statistics(self, x):
        """Joins along one axis, spread again."""
        shape = list(self.shapes[x])
        axis = int(self.random.integers(len(shape)))
        small = list(shape)
        small[axis] = 1
        kind = self.pick("ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2")
        made = self.node(kind, [x], small, axes=[axis], keepdims=1)
        return self.node(self.pick("Add", "Sub", "Mul"), [x, made], shape)

    def convolve(self, x):
        shape = self.shapes[x]
        if len(shape) != 3:
            return None
        y = self.node("Transpose", [x], (1, shape[2], shape[1]), perm=[0, 2, 1])
        if self.chance(0.5):
            y = self.node("Conv", [y, self.floats(shape[2], shape[2], 3)], (1, shape[2], shape[1]),
                          pads=[1, 1], kernel_shape=[3])
        else:
            y = self.node("AveragePool", [y], (1, shape[2], shape[1]), kernel_shape=[3],
                          pads=[1, 1])
        return self.node("Transpose", [y], shape, perm=[0, 2, 1])

    def scatter(self, x):
        shape = self.shapes[x]
        if len(shape) != 3:
            return None
        index = self.random.permutation(shape[1])[:int(self.random.integers(1, shape[1] + 1))]
        where = np.stack([np.zeros_like(index), index], axis=-1)
        updates = self.gatherRows(x, self.random.integers(0, shape[1], len(index)))
        flat = self.node("Reshape", [updates, self.ints(len(index), shape[2])],
                         (len(index), shape[2]))
        return self.node("ScatterND", [x, self.weight(where.astype(np.int64)), flat], shape)

    def gatherRows(self, x, index):
        shape = list(self.shapes[x])
        shape[1] = len(index)
        where = np.stack([np.zeros_like(index), index], axis=-1)[None]
        return self.node("GatherND", [x, self.weight(where.astype(np.int64))], shape)

    def pad(self, x):
        shape = list(self.shapes[x])
        pads = [0] * (2 * len(shape))
        axis = len(shape) - 2
        pads[axis], pads[len(shape) + axis] = int(self.chance(0.5)), 1
        shape[axis] += pads[axis] + 1
        return self.node("Pad", [x, self.ints(*pads), self.scalar(0.5)], shape)

    def reduceTokens(self, x):
        shape = list(self.shapes[x])
        shape[-2] = 1
        kind = self.pick("ReduceMean", "ReduceMax", "ReduceProd")
        return self.node(kind, [x], shape, axes=[len(shape) - 2], keepdims=1)

    def product(self, x):
        """Mixes tokens by a matrix with blocks of zeros, run as a constant times a value."""
        shape = self.shapes[x]
        if len(shape) != 3:
            return None
        matrix = self.random.standard_normal((shape[1], shape[1]))
        own = np.sort(self.random.integers(0, 3, shape[1]))
        matrix *= own[:, None] == own[None, :]
        return self.node("MatMul", [self.weight(matrix.astype(np.float32)), x], shape)

    def softmaxTokens(self, x):
        shape = self.shapes[x]
        return self.node("Softmax", [x], shape, axis=len(shape) - 2)

    def heads(self, x):
        shape = self.shapes[x]
        if len(shape) != 3 or shape[2] != 4:
            return None
        n = shape[1]
        y = self.node("Reshape", [x, self.ints(1, n, 2, 2)], (1, n, 2, 2))
        y = self.node("Transpose", [y], (1, 2, n, 2), perm=[0, 2, 1, 3])
        most = self.node("ReduceMax", [y], (1, 2, n, 1), axes=[3], keepdims=1)
        y = self.node("Sub", [y, most], (1, 2, n, 2))
        y = self.node("Transpose", [y], (1, n, 2, 2), perm=[0, 2, 1, 3])
        return self.node("Reshape", [y, self.ints(0, 0, -1)], shape)

    def prefixSums(self, x):
        shape = self.shapes[x]
        return self.node("CumSum", [x, self.weight(np.int64(len(shape) - 2))], shape)


def makeModel(graphs, everyTensor):
    """Several graphs side by side in one model; outputs are the results, or every tensor."""
    nodes, weights, inputs, outputs = [], [], [], []
    for graph in graphs:
        nodes += graph.nodes
        weights += graph.weights
        inputs += graph.inputs
        made = [name for node in graph.nodes for name in node.output]
        for name in made if everyTensor else [n for n in made if n == graph.result]:
            outputs.append(helper.make_tensor_value_info(name, graph.types[name],
                                                         graph.shapes[name]))
    model = helper.make_model(helper.make_graph(nodes, "random", inputs, outputs, weights),
                              opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return model

# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes small Zorros of any number of modalities, in which all there is to cut hangs together: one
position table for all tokens, one QKV weight, one weight of pooling queries; with or without
padding that is known at run time."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


class StreamsModel:
    """`tokens`: name -> number of tokens. The tokens lie in that order, the fusion tokens last."""

    def __init__(self, tokens, fusion=3, width=64, features=6, layers=2, padding=False,
                 fill=-np.inf, select=False, seed=0):
        self.tokens, self.fusion, self.width, self.features = dict(tokens), fusion, width, features
        self.layers, self.padding = layers, padding
        self.fill, self.select = fill, select  # `select`: Where around the scores, not a sum
        self.names = list(tokens)
        self.pooled = [*self.names, "fusion", "global"]
        self.total = sum(tokens.values()) + fusion
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def begin(self, name):
        before = self.names[:self.names.index(name)] if name in self.names else self.names
        return sum(self.tokens[n] for n in before)

    def columns(self, name):
        return slice(self.begin(name), self.begin(name) + self.tokens[name])

    def weight(self, name, array):
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def random_(self, name, *shape):
        scale = 1 / np.sqrt(shape[-2]) if len(shape) > 1 else 0.3
        return self.weight(name, (self.random.standard_normal(shape) * scale).astype(np.float32))

    def node(self, kind, inputs, name, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def norm(self, x, name):
        scale = self.random_(f"{name}.scale", self.width)
        return self.node("LayerNormalization", [x, scale], name, axis=-1)

    def heads(self, x, name):
        y = self.node("Reshape", [x, "split"], f"{name}.split")
        return self.node("Transpose", [y], f"{name}.heads", perm=[0, 2, 1, 3])

    def attend(self, query, key, value, mask, name):
        keys = self.node("Transpose", [key], f"{name}.keys", perm=[0, 1, 3, 2])
        scores = self.node("MatMul", [query, keys], f"{name}.scores")
        scores = self.node("Mul", [scores, "scale"], f"{name}.scaled")
        if self.select:
            if self.padding:
                mask = self.node("And", [mask, "keep4"], f"{name}.there")
            scores = self.node("Where", [mask, scores, "never"], f"{name}.masked")
        else:
            scores = self.node("Add", [scores, mask], f"{name}.masked")
        if self.padding and not self.select:
            scores = self.node("Add", [scores, "padding_bias"], f"{name}.padded")
        weights = self.node("Softmax", [scores], f"{name}.softmax", axis=-1)
        mixed = self.node("MatMul", [weights, value], f"{name}.mixed")
        mixed = self.node("Transpose", [mixed], f"{name}.merge", perm=[0, 2, 1, 3])
        return self.node("Reshape", [mixed, "join"], f"{name}.out")

    def table(self, rows):
        """Where a row's stream sees the key's: true or 0, else false or -inf. Fusion sees all."""
        kinds = np.concatenate([np.full(self.tokens.get(n, self.fusion), i)
                                for i, n in enumerate([*self.names, "fusion"])])
        sees = (rows[:, None] == kinds[None, :]) | (rows[:, None] >= len(self.names))
        if len(rows) == len(self.pooled):  # the fusion row pools fusion
            sees[-2] = kinds == len(self.names)
        return sees if self.select else np.where(sees, 0, -np.inf).astype(np.float32)

    def write(self, path):
        d, n = self.width, self.total
        self.weight("split", np.array([1, -1, 2, d // 2], np.int64))
        self.weight("join", np.array([1, -1, d], np.int64))
        self.weight("never", np.float32(self.fill))
        self.weight("scale", np.float32((d // 2) ** -0.5))
        inputs = [helper.make_tensor_value_info(m, TensorProto.FLOAT, [1, t, self.features])
                  for m, t in self.tokens.items()]
        if self.padding:
            inputs.append(helper.make_tensor_value_info("keep", TensorProto.BOOL, [1, n]))
            self.weight("axes", np.array([1, 2], np.int64))
            keep = self.node("Unsqueeze", ["keep", "axes"], "keep4")
            if not self.select:
                self.weight("zero", np.float32(0))
                self.node("Where", [keep, "zero", "never"], "padding_bias")
        parts = [self.node("MatMul", [m, self.random_(f"{m}.embed", self.features, d)], f"{m}.in")
                 for m in self.names]
        parts.append(self.random_("fusion.tokens", 1, self.fusion, d))
        x = self.node("Concat", parts, "tokens", axis=1)
        x = self.node("Add", [x, self.random_("positions", 1, n, d)], "placed")
        kinds = np.concatenate([np.full(self.tokens.get(m, self.fusion), i)
                                for i, m in enumerate([*self.names, "fusion"])])
        mask = self.weight("mask", self.table(kinds))
        for layer in range(self.layers):
            at = f"layer{layer}"
            y = self.norm(x, f"{at}.norm")
            y = self.node("MatMul", [y, self.random_(f"{at}.qkv", d, 3 * d)], f"{at}.project")
            thirds = [f"{at}.{p}" for p in "qkv"]
            self.nodes.append(helper.make_node("Split", [y], thirds, name=f"{at}.cut", axis=-1,
                                               num_outputs=3))
            y = self.attend(*(self.heads(t, t) for t in thirds), mask, at)
            x = self.node("Add", [x, y], f"{at}.residual")
            y = self.node("MatMul", [self.norm(x, f"{at}.between"),
                                     self.random_(f"{at}.widen", d, 2 * d)], f"{at}.wide")
            y = self.node("MatMul", [self.node("Relu", [y], f"{at}.relu"),
                                     self.random_(f"{at}.narrow", 2 * d, d)], f"{at}.thin")
            x = self.node("Add", [x, y], f"{at}.end")
        queries = self.random_("pool.queries", 1, len(self.pooled), d)
        key = self.node("MatMul", [x, self.random_("pool.key", d, d)], "pool.k")
        value = self.node("MatMul", [x, self.random_("pool.value", d, d)], "pool.v")
        pool = self.weight("pool.mask", self.table(np.arange(len(self.pooled))))
        pooled = self.attend(self.heads(queries, "pool.q"), self.heads(key, "pool.kh"),
                             self.heads(value, "pool.vh"), pool, "pool")
        outputs = []
        for i, name in enumerate(self.pooled):
            index = self.weight(f"row{i}", np.int64(i))
            self.node("Gather", [pooled, index], f"{name}_out", axis=1)
            outputs.append(helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, [1, d]))
        graph = helper.make_graph(self.nodes, "streams", inputs, outputs, self.weights)
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9),
             path)
        return path

    def randomInputs(self, seed=1):
        random = np.random.default_rng(seed)
        return {m: random.standard_normal((1, t, self.features), dtype=np.float32)
                for m, t in self.tokens.items()}

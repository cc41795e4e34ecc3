# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Padding known at run time: what inputs tell it, and how a graph makes key masks of them."""

import numpy as np

from .routes import MODALITIES

BATCH = 2


class Padding:
    """Declares the inputs of one kind of padding and makes of them a bool [batch, 1, 1, tokens]
    (or, for "float", a number to add)."""

    def __init__(self, kind, streams):
        self.kind, self.streams = kind, streams

    def declare(self, g):
        tokens = self.streams.tokens
        keep, added = None, None
        if self.kind == "keys":
            keep = g.input("keep", (BATCH, tokens), bool)
        elif self.kind == "blocked":
            keep = g.op("Not", g.input("blocked", (BATCH, tokens), bool))
        elif self.kind == "integers":
            keep = g.cast(g.input("attention_mask", (BATCH, tokens), np.int64), bool)
        elif self.kind == "floats":
            left = g.op("Sub", np.float32(1), g.input("attention_mask", (BATCH, tokens)))
            added = g.op("Mul", left, np.float32(-1e9))
        elif self.kind == "nonpad":
            self.length = g.input("nonpad", (BATCH,), np.int64)
            positions = g.op("Range", np.int64(0), np.int64(tokens), np.int64(1))
            keep = g.op("Less", g.unsqueeze(positions, 0), g.unsqueeze(self.length, 1))
        elif self.kind == "lengths":
            keep = self.joined(g, self.fromLength)
        elif self.kind == "streams":
            keep = self.joined(g, lambda g, name, count:
                               g.input(f"{name}_keep", (BATCH, count), bool))
        elif self.kind == "present":
            keep = self.joined(g, lambda g, name, count: g.op(
                "Expand", g.input(f"{name}_present", (BATCH, 1), bool), g.shape(BATCH, count)))
        elif self.kind in ("available", "fallback"):
            flags = g.input("available", (BATCH, len(self.streams.modalities)), bool)
            if self.kind == "fallback":  # whoever has nothing is taken to have everything
                some = g.reduce("ReduceMax", g.cast(flags, np.int64), 1)
                flags = g.op("Or", flags, g.op("Equal", some, np.int64(0)))
            flags = g.op("Concat", flags, np.ones((BATCH, 1), bool), axis=1)
            order = self.streams.modalities
            index = [order.index(n) if n in order else len(order) for n in self.streams.names]
            keep = g.op("Gather", flags, np.array(index, np.int64)[self.streams.types], axis=1)
        else:
            raise ValueError(f"expected a kind of padding but got {self.kind}")
        return (g.unsqueeze(keep, 1, 2), None) if keep else (None, g.unsqueeze(added, 1, 2))

    def joined(self, g, make):
        parts = [make(g, name, count) if name in MODALITIES else np.ones((BATCH, count), bool)
                 for name, count in self.streams.parts]
        return g.op("Concat", *parts, axis=1)

    def fromLength(self, g, name, count):
        length = g.unsqueeze(g.input(f"{name}_length", (BATCH,), np.int64), 1)
        positions = g.unsqueeze(g.op("Range", np.int64(0), np.int64(count), np.int64(1)), 0)
        return g.op("Less", positions, length)

    def modalities(self):
        """input -> modality, for inputs that tell of one modality."""
        if self.kind in ("lengths", "streams", "present"):
            suffix = {"lengths": "length", "streams": "keep", "present": "present"}[self.kind]
            return {f"{n}_{suffix}": n for n in self.streams.modalities}
        return {}

    def patterns(self, random):
        """name -> keep [batch, tokens]. Streams are padded at their ends; fusion never is."""
        found = {"all": np.ones((BATCH, self.streams.tokens), bool)}
        if self.kind == "nonpad":  # the end of the sequence, whatever stream it is
            name, count = self.streams.parts[-1]
            for pattern, left in (("part", count // 2), (f"without {name}", 0)):
                found[pattern] = found["all"].copy()
                found[pattern][0, self.streams.tokens - count + left:] = False
            found["without most"] = found["all"].copy()
            found["without most"][0, 2:] = False
            return found
        if self.kind not in ("present", "available", "fallback"):
            part = found["all"].copy()
            for name in self.streams.modalities:
                a, b = self.streams.span(name)
                for row in range(BATCH):
                    part[row, a + int(random.integers(1, b - a + 1)):b] = False
            found["part"] = part
            if self.kind not in ("lengths",):
                holes = part.copy()
                for name in self.streams.modalities:
                    a, b = self.streams.span(name)
                    holes[:, a:b] |= random.random((BATCH, b - a)) < 0.3
                    holes[:, a] = True
                    holes[:, a + 1:b] &= random.random((BATCH, b - a - 1)) < 0.7
                found["holes"] = holes
        for name in self.streams.modalities:
            whole = found["all"].copy()
            a, b = self.streams.span(name)
            whole[0, a:b] = False
            found[f"without {name}"] = whole
        if self.kind == "fallback":
            found["nothing"] = found["all"].copy()
            found["nothing"][0] = False
        return found

    def inputs(self, keep):
        """The inputs that say so."""
        if self.kind == "keys":
            return {"keep": keep}
        if self.kind == "blocked":
            return {"blocked": ~keep}
        if self.kind == "nonpad":
            return {"nonpad": keep.sum(1).astype(np.int64)}
        if self.kind in ("integers", "floats"):
            kind = np.int64 if self.kind == "integers" else np.float32
            return {"attention_mask": keep.astype(kind)}
        spans = {n: keep[:, slice(*self.streams.span(n))] for n in self.streams.modalities}
        if self.kind == "lengths":
            return {f"{n}_length": k.sum(1).astype(np.int64) for n, k in spans.items()}
        if self.kind == "streams":
            return {f"{n}_keep": np.ascontiguousarray(k) for n, k in spans.items()}
        flags = {n: k.any(1, keepdims=True) for n, k in spans.items()}
        if self.kind == "present":
            return {f"{n}_present": f for n, f in flags.items()}
        return {"available": np.concatenate([flags[n] for n in self.streams.modalities], 1)}


KINDS = ("keys", "blocked", "integers", "floats", "lengths", "streams", "present", "available")

# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How a mask and padding reach the scores: fills, polarity, sums, and several in a row."""

from dataclasses import dataclass

import numpy as np

from .sources import SOURCES

FLOAT_MIN = float(np.finfo(np.float32).min)
FILLS = {"inf": -np.inf, "min": FLOAT_MIN, "1e30": -1e30, "1e9": -1e9, "65504": -65504.0,
         "1e4": -1e4, "100": -100.0}
WEAK = ("1e4", "100")  # fills that drop no key for sure


def fillOf(name):
    return np.float32(FILLS[name])


# How a bool mask (true: attends) that may be known at run time only is put on scores.


def whereKeep(g, scores, keep, fill):
    return g.op("Where", keep, scores, fillOf(fill))


def whereDrop(g, scores, keep, fill):
    return g.op("Where", g.op("Not", keep), fillOf(fill), scores)


def addWhere(g, scores, keep, fill):
    return g.op("Add", scores, g.op("Where", keep, np.float32(0), fillOf(fill)))


def addFirst(g, scores, keep, fill):
    """The mask is the sum's first operand, and it was selected by the opposite flag."""
    return g.op("Add", g.op("Where", g.op("Not", keep), fillOf(fill), np.float32(0)), scores)


def subMul(g, scores, keep, fill):
    """(1 - mask) · fill; with -inf this would make NaN of 0 · inf, so it is Log then."""
    if fill == "inf":
        return g.op("Add", scores, g.op("Log", g.cast(keep, np.float32)))
    left = g.op("Sub", np.float32(1), g.cast(keep, np.float32))
    return g.op("Add", scores, g.op("Mul", left, fillOf(fill)))


def mulSub(g, scores, keep, fill):
    """(mask - 1) · |fill|"""
    if fill == "inf":
        return subMul(g, scores, keep, fill)
    left = g.op("Sub", g.cast(keep, np.float32), np.float32(1))
    return g.op("Add", scores, g.op("Mul", left, np.float32(-FILLS[fill])))


APPLICATIONS = {f.__name__: f for f in (whereKeep, whereDrop, addWhere, addFirst, subMul, mulSub)}
# With a mask that is a constant of its own, in other shapes too.
CONSTANT_APPLICATIONS = ("addConstant", "whereTwice", "addTwice", "addBias", "addFolded")


@dataclass
class Mask:
    """One attention's mask: a table, how it is made and put on, and padding."""

    table: np.ndarray
    source: str = "constant"
    way: str = "whereKeep"
    fill: str = "min"
    padding: str = None  # a bool value [batch, 1, 1, keys], true: there
    additive: str = None  # or a float one, added as it is
    order: str = "and"  # padding: "and" with the table, or a step "before" or "after" it
    heads: int = 1

    @property
    def isFull(self):
        return bool(self.table.all())

    def keep(self, g):
        """The mask as one bool value, of shape [queries, keys] or [batch, 1, queries, keys]."""
        if self.isFull and self.padding:
            return self.padding
        static = SOURCES[self.source](g, self.table)
        return g.op("And", static, self.padding) if self.padding else static

    def keepFloat(self, g):
        return g.cast(self.keep(g), np.float32)

    def added(self, g):
        """The mask as one float value that is added."""
        value = None
        if not (self.isFull and self.padding):
            value = g.op("Where", SOURCES[self.source](g, self.table), np.float32(0),
                         fillOf(self.fill))
        if self.padding:
            step = g.op("Where", self.padding, np.float32(0), fillOf(self.fill))
            value = g.op("Add", value, step) if value else step
        return value

    def apply(self, g, scores):
        if self.additive and self.order == "before":
            scores = g.op("Add", scores, self.additive)
        if self.padding and self.order == "before":
            scores = self.put(g, scores, self.padding)
        if self.padding and self.order == "and":
            scores = self.put(g, scores, self.keep(g))
        elif not self.isFull:
            scores = self.putTable(g, scores)
        if self.padding and self.order == "after":
            scores = self.put(g, scores, self.padding)
        if self.additive and self.order != "before":
            scores = g.op("Add", scores, self.additive)
        return scores

    def put(self, g, scores, keep):
        way = self.way if self.way in APPLICATIONS else \
            "whereDrop" if self.way == "whereTwice" else "addWhere"
        return APPLICATIONS[way](g, scores, keep, self.fill)

    def putTable(self, g, scores):
        if self.way in APPLICATIONS:
            return self.put(g, scores, SOURCES[self.source](g, self.table))
        return getattr(self, self.way)(g, scores)

    # Ways that need the table itself.

    def floats(self, table):
        return np.where(table, np.float32(0), fillOf(self.fill))

    def halves(self):
        """Two tables whose conjunction is this one; no key is dropped by both."""
        even = np.arange(self.table.shape[1]) % 2 == 0
        return self.table | even, self.table | ~even

    def addConstant(self, g, scores):
        return g.op("Add", scores, self.floats(self.table)[None])

    def whereTwice(self, g, scores):
        for part in self.halves():
            scores = g.op("Where", ~part, fillOf(self.fill), scores)
        return scores

    def addTwice(self, g, scores):
        for part in self.halves():
            scores = g.op("Add", scores, self.floats(part))
        return scores

    def addBias(self, g, scores):
        """Swin: a position bias, then the window's mask."""
        bias = g.random.standard_normal((self.heads, *self.table.shape)).astype(np.float32)
        return g.op("Add", g.op("Add", scores, bias), self.floats(self.table))

    def addFolded(self, g, scores):
        """The same, the mask folded into the bias."""
        bias = g.random.standard_normal((self.heads, *self.table.shape)).astype(np.float32)
        return g.op("Add", scores, bias + self.floats(self.table))

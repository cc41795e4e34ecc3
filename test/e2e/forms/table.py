# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table: every form of mask and of attention with 2, 3 and 4 modalities, every rule for rows
without a key, and every kind of padding. What does not interact is turned from line to line."""

import itertools

from .attend import CORES, PROJECTIONS
from .case import Case
from .masks import APPLICATIONS, CONSTANT_APPLICATIONS, FILLS, WEAK
from .package import packageCases
from .padding import KINDS
from .sources import SOURCES
from .wild import wildCases

TOKENS = {"audio": (5, 3, 16, 9), "video": (7, 17, 4, 12), "text": (6, 3, 21, 8),
          "depth": (4, 10, 3, 13), "fusion": (3, 1, 4, 8)}
PLACES = ("middle", "last", "first")
STEPS = ("matmul", "scaledQuery", "einsumTokens", "divided", "einsumHeads", "scaledKey", "batched",
         "scaledBoth")  # cores that take any mask


def parts(modalities, turn):
    """Streams of changing lengths, fusion at changing places."""
    names = ["audio", "video", "text", "depth"][:modalities]
    names.insert({"middle": 1, "last": modalities, "first": 0}[PLACES[turn % 3]], "fusion")
    return tuple((name, TOKENS[name][(turn + i) % 4]) for i, name in enumerate(names))


class Table:
    """Collects cases; whatever a line leaves open is turned with its number."""

    def __init__(self):
        self.cases = []

    def add(self, name, modalities=None, **known):
        turn = len(self.cases)
        count = modalities or 2 + turn % 3
        open_ = {"layers": 1 + (turn % 5 == 0), "projection": list(PROJECTIONS)[turn % 5],
                 "core": STEPS[turn % len(STEPS)], "norm": turn % 6 == 0,
                 "size": 16 if turn % 7 == 0 else 8, "heads": 1 if turn % 7 == 0 else 2,
                 "batch": 2 if turn % 4 == 0 else 1, "promise": turn % 3 == 0}
        chosen = {**open_, **known}
        chosen["dense"] = chosen.get("dense") or whyDense(chosen)
        chosen["loose"] = chosen.get("loose") or whyLoose(chosen)
        self.cases.append(Case(f"{name}/{count}", chosen.pop("parts", None) or parts(count, turn),
                               seed=turn, **chosen))


def whyDense(case):
    """Forms that may stay dense, each with its reason."""
    return ""


def whyLoose(case):
    return ""


def makeTable():
    table = Table()
    sources(table)
    fills(table)
    cores(table)
    paddings(table)
    table.cases += [*wildCases(), *packageCases()]
    names = [case.name for case in table.cases]
    assert len(set(names)) == len(names), "two cases of one name"
    return table.cases


def sources(table):
    """How the mask is computed."""
    ways = itertools.cycle((*APPLICATIONS,))
    fill = itertools.cycle(("min", "inf", "1e30", "1e9"))
    for name in SOURCES:
        for count in (2, 3, 4):
            table.add(f"source/{name}", count, source=name, way=next(ways), fill=next(fill))


def fills(table):
    """How it is put on the scores, with which fill, and what a row without a key then gives."""
    for way in (*APPLICATIONS, *CONSTANT_APPLICATIONS):
        for fill in FILLS:
            for empty in (None, "pool"):
                table.add(f"fill/{way}/{fill}/{empty or 'live'}", way=way, fill=fill, empty=empty)


def cores(table):
    """How attention is written."""
    for name, function in CORES.items():
        for count in (2, 3, 4):
            turn = len(table.cases)
            padding = (None, "keys", "streams")[turn % 3] if count != 3 else None
            if name == "operatorNonpad" and count != 3:
                padding = "nonpad"
            table.add(f"core/{name}", count, core=name, fill=("inf", "min", "1e9")[turn % 3],
                      way=list(APPLICATIONS)[turn % len(APPLICATIONS)], padding=padding)
        if function.empty and not function.table:
            turn = len(table.cases)
            table.add(f"core/{name}/empty", core=name, fill=("inf", "min")[turn % 2],
                      way=("addWhere", "whereDrop")[turn % 2], empty="pool")


def paddings(table):
    """What is padded at run time, and where the padding meets the mask."""
    for kind in KINDS:
        for order, fill in itertools.product(("and", "before", "after"), ("inf", "min", "1e9")):
            turn = len(table.cases)
            way = ("whereDrop", "addWhere", "whereKeep", "whereTwice", "subMul",
                   "addConstant")[turn % 6]
            table.add(f"padding/{kind}/{order}/{fill}", padding=kind, order=order, fill=fill,
                      way=way, empty="pool" if turn % 3 == 0 else None)

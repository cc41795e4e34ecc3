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


ADDED = ("addWhere", "addFirst", "subMul", "mulSub", "addConstant", "addTwice", "addBias",
         "addFolded")
BIASED = ("addBias", "addFolded")
ADDED_CORES = ("operatorFloat", "multiHead", "multiHeadBias")
DENSE_CORES = {
    "operatorSoftcap": "a soft cap lies between scores and mask",
    "operatorScores": "the weights are an output too",
    "operatorProducts": "the products are an output too",
    "mergedAttentionWeak": "the operator's own fill of -10000 is added, and too weak",
}
ZEROED_CORES = ("whereAfter", "mulAfter")  # an empty row is 0, whatever its fill was
# With padding only.
PADDED_CORES = {
    "multiHeadKeys": "the operator's fill is added to the mask's",
    "mergedAttentionCausal": "padding may leave a query in a band the mean of all values",
}


def whyDense(case):
    """The forms that may stay dense, each with its reason. None else may."""
    core, fill, padding = CORES[case["core"]], case.get("fill", "min"), case.get("padding")
    way = case.get("way", "whereKeep")
    if case["core"] in DENSE_CORES:
        return DENSE_CORES[case["core"]]
    if padding and case["core"] in PADDED_CORES:
        return PADDED_CORES[case["core"]]
    if padding == "floats":
        return "a float mask may hold any number"
    # The operator takes the mask as it is; its neighbours pool by scores of their own.
    steps = not core.operator or core.layout == "own" or core.table
    added = way in ADDED if steps else case["core"] in ADDED_CORES
    if not steps and not added:
        return ""
    if fill in WEAK:
        return "the fill is too weak to drop a key for sure"
    if steps and way in BIASED:
        return "a position bias is added to the scores"
    if case["core"] in ZEROED_CORES:
        return ""
    mayBeEmpty = case.get("empty") or padding
    if added and fill in ("1e30", "1e9", "65504") and mayBeEmpty:
        return "an added fill above -1e37 leaves an empty row the softmax of its scores"
    twice = case.get("order", "and") != "and" or not steps
    if added and fill != "inf" and padding and twice:
        return "two fills are added where a row may be empty"
    return ""


def whyLoose(case):
    """Where more may be claimed than is seen."""
    if case.get("fill") in WEAK:
        return "a weak fill makes a weight that is small, not 0"
    if case["dense"] and case.get("way") not in BIASED:
        return "it is left dense"
    if case["dense"] and case.get("fill") in ("1e9", "65504"):
        return "without a table a fill above -1e30 is a number like any other"
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
            if name in ("operatorNonpad", "mergedAttentionLengths") and count != 3:
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

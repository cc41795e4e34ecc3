# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Masks of models that exist, each a few lines of the table."""

from . import routes
from .case import Case
from .routes import channelNames

AV = (("audio", 9), ("fusion", 3), ("video", 14))
FOUR = (("audio", 8), ("video", 5), ("text", 7), ("depth", 6))


def channelParts():
    """MCA: 11 channels of 8 tokens behind four modalities: 88 fusion tokens."""
    return FOUR + tuple((name, 8) for name in channelNames([n for n, _ in FOUR]))


def wildCases():
    three = (("audio", 7), ("video", 10), ("text", 6))
    fusion = (("fusion", 4),)
    cases = [
        Case("wild/zorro", AV, layers=2, lies=True),
        Case("wild/zorro-broken-pool", AV, layers=2, empty="pool"),
        Case("wild/zorro-4", FOUR + fusion, layers=2, way="whereDrop"),
        Case("wild/mca-zorro", FOUR + fusion, layers=2, way="whereTwice", padding="blocked",
             order="before"),
        Case("wild/mca-channels", channelParts(), "channels", layers=2, way="whereDrop"),
        Case("wild/mca-channels-padded", channelParts(), "channels", layers=1, way="whereDrop",
             padding="blocked", order="after",
             loose="a channel's row is empty only where channels are padded"),
        Case("wild/multimae-patches", three + fusion, layers=2, patches=True),
        Case("wild/biozorro-transposed", three + fusion, "transposed", layers=2),
        Case("wild/biozorro-asymmetric", three + fusion, "asymmetric", layers=2),
        Case("wild/avt-before", (("video", 9), ("audio", 7), ("text", 6), ("fusion", 8)),
             layers=2, padding="keys", order="before"),
        Case("wild/zorrofusion-one-layer", (("audio", 8), ("video", 5), ("fusion", 1)),
             "bottleneck", way="addConstant", fill="inf"),
        Case("wild/zorrofusion", (("audio", 8), ("video", 5), ("fusion", 1)), "bottleneck",
             layers=2, way="addConstant", fill="inf"),
        Case("wild/omni", three, "omni", layers=2),
        Case("wild/omni-global", three + (("fusion", 1),), "omniGlobal", layers=2),
        Case("wild/qformer-full", AV, "full", layers=2, way="addConstant"),
        Case("wild/qformer-last-causal", AV, "lastCausal", layers=2, way="addConstant",
             fill="inf"),
        Case("wild/qformer-diagonal", AV, "blocksDiagonal", layers=2),
        Case("wild/block-causal", three + fusion, "blockCausal", layers=2,
             source="countedTypes"),
        Case("wild/block-causal-padded", three + fusion, "blockCausal", layers=1,
             source="countedTypes", padding="keys"),
        Case("wild/prefix", (("video", 9), ("audio", 4), ("text", 12)), "prefix", layers=2,
             source="comparedPositions"),
        Case("wild/prefix-padded", (("video", 9), ("audio", 4), ("text", 12)), "prefix",
             source="comparedPositions", padding="integers", fill="inf"),
        Case("wild/causal", AV, "causal", layers=2, source="lowerTriangle"),
        Case("wild/causal-inside", AV, "causalInside", layers=2, way="addWhere", fill="inf"),
        Case("wild/window", AV, "window", layers=2),
        Case("wild/same-index", (("audio", 8), ("fusion", 3), ("video", 8)), "same", layers=2),
        Case("wild/octo", (("text", 6), ("video", 12), ("audio", 9), ("fusion", 3)), "octo",
             layers=2),
        Case("wild/octo-padded", (("text", 6), ("video", 12), ("audio", 9), ("fusion", 3)),
             "octo", padding="keys", fill="inf", way="addWhere"),
        Case("wild/drug-available", FOUR + fusion, padding="available"),
        Case("wild/drug-fallback", FOUR, "full", padding="fallback",
             loose="that a fallback leaves no row empty is not seen"),
        Case("wild/copy-per-layer", AV, layers=4, way="addConstant", fill="inf"),
    ]
    assert all(hasattr(routes, case.routes) for case in cases)
    for seed, case in enumerate(cases):
        case.seed = 1000 + seed
    return cases

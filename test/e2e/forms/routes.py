# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Who may attend to whom: the tables that the models of the wild mean, as plain arrays."""

import itertools
from dataclasses import dataclass

import numpy as np

FUSION = "fusion"
MODALITIES = ("audio", "video", "text", "depth")


@dataclass
class Streams:
    """The token sequence: (name, tokens) in order. What is no modality is learned."""

    parts: list

    @property
    def names(self):
        return [name for name, _ in self.parts]

    @property
    def modalities(self):
        return [name for name in self.names if name in MODALITIES]

    @property
    def tokens(self):
        return sum(count for _, count in self.parts)

    @property
    def types(self):
        """The number of its stream, for each token."""
        return np.repeat(np.arange(len(self.parts)), [count for _, count in self.parts])

    def span(self, name):
        begin = 0
        for part, count in self.parts:
            if part == name:
                return begin, begin + count
            begin += count
        raise KeyError(name)


def fromRoutes(streams, routes):
    """routes: stream -> the streams that it sees. Streams without a line see nothing."""
    table = np.zeros((streams.tokens, streams.tokens), bool)
    for query, keys in routes.items():
        a, b = streams.span(query)
        for key in keys:
            c, d = streams.span(key)
            table[a:b, c:d] = True
    return table


def zorroRoutes(streams):
    return {n: [n] if n in MODALITIES else streams.names for n in streams.names}


def zorro(streams):
    """A modality sees itself, fusion sees all."""
    return fromRoutes(streams, zorroRoutes(streams))


def transposed(streams):
    """BioZorro on RNA: modalities see themselves and fusion, fusion sees itself only."""
    return zorro(streams).T.copy()


def asymmetric(streams):
    """The other BioZorro: one modality also sees all that is not fusion."""
    routes = zorroRoutes(streams)
    routes[streams.modalities[-1]] = streams.modalities
    return fromRoutes(streams, routes)


def bottleneck(streams):
    """Zorrofusion: everything sees fusion, so after two layers everything sees everything."""
    routes = zorroRoutes(streams)
    for name in streams.modalities:
        routes[name] = [name, FUSION]
    return fromRoutes(streams, routes)


def omni(streams):
    """OmniZorro without fusion tokens: the last modality sees all of them."""
    routes = {n: [n] for n in streams.names}
    routes[streams.modalities[-1]] = streams.names
    return fromRoutes(streams, routes)


def omniGlobal(streams):
    """OmniZorro with one global token that sees all and is seen by all: a bottleneck of one."""
    return bottleneck(streams)


def channels(streams):
    """MCA: one fusion channel for each subset of at least two modalities; it sees that subset and
    itself. Streams named by subsets ("audio+video") are channels."""
    routes = {n: [n] + (n.split("+") if "+" in n else []) for n in streams.names}
    return fromRoutes(streams, routes)


def channelNames(modalities):
    return ["+".join(c) for size in range(2, len(modalities) + 1)
            for c in itertools.combinations(modalities, size)]


def causal(streams):
    return np.tri(streams.tokens, dtype=bool)


def causalInside(streams):
    """Each modality is causal in itself, fusion sees all."""
    table = zorro(streams)
    for name in streams.modalities:
        a, b = streams.span(name)
        table[a:b, a:b] &= np.tri(b - a, dtype=bool)
    return table


def causalZorro(streams):
    """For a causal flag and a mask together: no row becomes empty, for tokens see themselves."""
    return zorro(streams)


def lastCausal(streams):
    """Q-Former's second mask: the last stream is causal, over a prefix that it sees."""
    table = zorro(streams)
    a, b = streams.span(streams.modalities[-1])
    table[a:b, :] = np.tri(streams.tokens, dtype=bool)[a:b]
    return table


def blocksDiagonal(streams):
    """Q-Former's third mask: every stream sees itself only."""
    return fromRoutes(streams, {n: [n] for n in streams.names})


def full(streams):
    """Q-Former's first mask."""
    return np.ones((streams.tokens, streams.tokens), bool)


def blockCausal(streams):
    """pi0: a stream sees itself and all before it."""
    return streams.types[:, None] >= streams.types[None, :]


def prefix(streams):
    """PaliGemma: the first streams see each other, the last one is causal after them."""
    a, _ = streams.span(streams.names[-1])
    table = np.tri(streams.tokens, dtype=bool)
    table[:, :a] = True
    table[:a, a:] = False
    return table


def window(streams, width=3):
    """A sliding window."""
    positions = np.arange(streams.tokens)
    return np.abs(positions[:, None] - positions[None, :]) <= width


def same(streams):
    """Octo-like: tokens of the last modality see the token of the same index in the first one, and
    themselves; the rest is standard."""
    table = zorro(streams)
    (a, b), (c, d) = (streams.span(streams.modalities[i]) for i in (0, -1))
    count = min(b - a, d - c)
    table[c:c + count, a:a + count] |= np.eye(count, dtype=bool)
    return table


def octo(streams, steps=3):
    """Octo: the first modality is a prefix (all see it, it sees itself); the others are laid out in
    time steps and see steps up to their own; fusion (readouts) is seen by nobody but itself."""
    first, rest = streams.modalities[0], streams.names
    step = np.concatenate([np.arange(count) * steps // count for _, count in streams.parts])
    table = np.zeros((streams.tokens, streams.tokens), bool)
    for query in rest:
        a, b = streams.span(query)
        for key in rest:
            c, d = streams.span(key)
            if key == first:
                table[a:b, c:d] = True
            elif query != first and (key != FUSION or query == FUSION):
                table[a:b, c:d] = step[a:b, None] >= step[None, c:d]
    return table


def pool(streams, empty=()):
    """Rows that pool each modality, fusion, and everything; rows named in `empty` see nothing."""
    rows = [n for n in streams.names if n != FUSION]
    rows += [FUSION] * (FUSION in streams.names) + ["global"]
    result = np.zeros((len(rows), streams.tokens), bool)
    for index, name in enumerate(rows):
        if name in empty:
            continue
        if name == "global":
            result[index] = True
        else:
            a, b = streams.span(name)
            result[index, a:b] = True
    return rows, result

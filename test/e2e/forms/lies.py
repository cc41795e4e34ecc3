# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each check must be able to fail: it is told one lie at a time, on a case that is right."""

import copy

import numpy as np


class LyingSession:
    """Gives one number of its first output a little more than there is; with `wanted`, only where
    an input of it is NaN."""

    def __init__(self, session, more, wanted=None):
        self.session, self.more, self.wanted = session, more, wanted

    def __getattr__(self, name):
        return getattr(self.session, name)

    def run(self, inputs):
        outputs = self.session.run(inputs)
        if self.wanted is None or np.isnan(inputs[self.wanted]).any():
            outputs[self.session.outputs[0][0]].flat[0] *= self.more
        return outputs


class LyingArtefact:
    def __init__(self, artefact, entry="", more=1.0, wanted=None, launches=None):
        self.artefact, self.entry, self.more = artefact, entry, np.float32(more)
        self.wanted, self.count = wanted, launches

    def session(self, entry):
        session = self.artefact.session(entry)
        if entry != self.entry:
            return session
        return LyingSession(session, self.more, self.wanted)

    def launches(self, entry, kind):
        return self.artefact.launches(entry, kind) if self.count is None else self.count


def tellLies(checker):
    """Yields (name, what went unnoticed or None). The first output needs the first modality only,
    and that entry is granted."""
    output, entry = checker.outputs[0], checker.granted[0]
    own, other = checker.case.streams.modalities[:2]
    true = checker.artefact

    def lie(check, **changed):
        liar = copy.copy(checker)
        vars(liar).update(changed)
        failed = False
        try:
            getattr(liar, check)()
        except Exception as failure:  # of its own kind, or by what it asks
            failed = type(failure).__name__ == "Failure"
        return None if failed else f"expected the check '{check}' to fail but it did not"

    less = {**checker.sure, output: checker.sure[output] - {own}}
    wider = {**checker.sure, output: checker.sure[output] | {other}}
    bit = 1 + 2 ** -22
    yield "agree", lie("agree", artefact=LyingArtefact(true, "fused", 1.01))
    yield "tables", lie("tables", artefact=LyingArtefact(true, launches=1))
    yield "covered", lie("covered", sure=less)
    yield "exact", lie("exact", sure=wider)
    yield "untouched", lie("untouched", artefact=LyingArtefact(true, "fused", bit, other))
    yield "cuts", lie("cuts", artefact=LyingArtefact(true, entry, bit))
    yield "outputs", lie("cuts", sure={**checker.sure, checker.outputs[-1]: {own}})
    yield "refuses", lie("refuses", granted=checker.granted[1:])
    yield "expects", lie("refuses", case=copyOf(checker.case, refusal="no row"))
    yield "seen", lie("covered", ever={**checker.ever, output: {own, other}})


def copyOf(case, **changed):
    other = copy.copy(case)
    vars(other).update(changed)
    return other

# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What must hold of each case: numbers, claims, cuts, and masks that became tables."""

import dataclasses
import json
import os
import re
import subprocess

import numpy as np
import onnx
import onnxruntime

from .artefact import Artefact
from .case import perturbed
from .lies import tellLies

TOLERANCE = 1e-4  # of the output's largest value
SEEDS = 2
REFUSED = 6


class Failure(Exception):
    """A check that failed: its kind, and what was seen."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class Checker:
    """Checks of one case after another, in one process."""

    def __init__(self, tools, library, folder, seconds=60):
        self.tools, self.library = os.path.abspath(tools), library
        self.folder, self.seconds = folder, seconds
        self.onnx, self.so = (os.path.join(folder, f) for f in ("case.onnx", "case.so"))

    def opt(self, *arguments):
        command = [os.path.join(self.tools, "zorro-opt"), self.onnx, *self.flags, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, errors="replace",
                                  timeout=self.seconds, cwd=self.folder)
        except subprocess.TimeoutExpired:
            raise Failure("slow", f"expected an end within {self.seconds} s") from None

    def run(self, case):
        """Yields (kind of check, None or what failed). What depends on a failed check is left."""
        self.case, self.flags = case, ()
        model, self.padding = case.build()
        onnx.save(model, self.onnx)
        self.reference(model)
        self.flags = (*case.flags, *(f"--modality={m}={i}" for i, m in self.modality.items()
                                     if m != i))
        for check in (self.explain, self.compile):
            failure = attempt(check)
            yield check.__name__, failure
            if failure:
                return
        with Artefact(self.library, self.so) as self.artefact:
            for check in (self.agree, self.tables, self.measure, self.covered, self.exact,
                          self.untouched, self.cuts, self.refuses):
                yield check.__name__, attempt(check)
            if self.case.lies:
                yield from tellLies(self)
        if self.padding and any(self.maybe.values()) and self.case.promise:
            yield "promise", attempt(self.promise)

    def reference(self, model):
        session = startSession(model)
        self.outputs = [o.name for o in session.get_outputs()]
        self.truth = lambda inputs: dict(zip(self.outputs, session.run(None, inputs)))
        shapes = {i.name: i.shape for i in session.get_inputs()}
        self.patterns = self.case.patterns(self.padding, shapes)
        self.modality = self.case.modalityOf(self.padding, list(shapes))
        twin, self.unspread = makeFiniteTwin(self.case, self.padding), None
        if twin:
            finite = startSession(twin)
            self.unspread = lambda inputs: dict(zip(self.outputs, finite.run(None, inputs)))

    # Claims.

    def explain(self):
        done = self.opt("--explain=json")
        if done.returncode != 0:
            raise Failure("explain", f"exit code {done.returncode}: {done.stderr.strip()[-600:]}")
        outputs = json.loads(done.stdout)["outputs"]
        # What an output depends on only while a stream is wholly padded is in both lists.
        self.maybe = {name: set(o["conditional"]) for name, o in outputs.items()}
        self.sure = {name: set(o["depends"]) - self.maybe[name] for name, o in outputs.items()}

    def claimed(self, output):
        return self.sure[output] | self.maybe[output]

    def free(self, entry):
        """The outputs that an entry can have: nothing outside it is needed."""
        inside = {i for i, m in self.modality.items() if m in entry.split("+")}
        free = [o for o in self.outputs if self.claimed(o) <= inside]
        return free if any(self.claimed(o) for o in free) else []

    def entries(self):
        singles = self.case.streams.modalities
        return [*singles, "+".join(singles[:2])]

    def compile(self):
        self.granted = [e for e in self.entries() if self.free(e)]
        # AVX2 is the quicker to compile for; every third case takes what this machine has.
        cpu = "native" if self.case.seed % 3 == 0 else "x86-64-v3"
        done = self.opt(f"--specialize={','.join(['fused', *self.granted])}", "--remarks",
                        f"--cpu={cpu}", "-o", self.so)
        self.remarks = done.stderr.strip()
        if done.returncode != 0:
            raise Failure("compile", f"exit code {done.returncode}: {self.remarks[-600:]}")

    # Numbers.

    def agree(self):
        run = self.artefact.session("fused").run
        self.base = {name: run(inputs) for name, inputs in self.patterns.items()}
        for name, inputs in self.patterns.items():
            expectClose(self.base[name], self.expected(name, inputs, self.base[name]), name)

    def expected(self, pattern, inputs, got):
        """ONNX Runtime's outputs; where NaN may have spread through dropped keys, without it."""
        truth = self.truth(inputs)
        if not self.unspread or not pattern.startswith("without"):
            return truth
        return withoutSpread(truth, got, self.unspread(inputs))

    def tables(self):
        """Every masked softmax is one attention, unless the form may be dense."""
        got, expected = self.artefact.launches("fused", "attention"), self.case.layers + 1
        self.isDense = got < expected
        if self.isDense and not self.case.dense:
            remark = "\n".join(line for line in self.remarks.splitlines() if "left dense" in line)
            raise Failure("dense", f"expected {expected} attentions but got {got}\n{remark[:600]}")
        if not self.isDense and self.case.dense:
            raise Failure("dense", f"expected it to stay dense ({self.case.dense}) but it did not: "
                                   "take the reason away")

    # Dependence.

    def measure(self):
        """Which inputs change which outputs: with every row live, and at all."""
        compiled = self.artefact.session("fused").run
        self.live = {o: set() for o in self.outputs}
        self.ever = {o: set() for o in self.outputs}
        random = np.random.default_rng(self.case.seed + 2)
        for run in (self.truth, compiled):
            patterns = self.patterns
            if run is self.truth and self.unspread:
                patterns = {n: p for n, p in patterns.items() if not n.startswith("without")}
            base = {p: run(inputs) for p, inputs in patterns.items()}
            for pattern, inputs in patterns.items():
                emptied = pattern.startswith("without")
                for name in self.case.streams.modalities:
                    for _ in range(SEEDS):
                        changed = run({**inputs, name: perturbed(inputs[name], random)})
                        self.note(base[pattern], changed, name, emptied)
                for name in set(inputs) - set(self.case.streams.modalities):
                    for other, values in patterns.items():
                        if other != pattern:
                            changed = run({**inputs, name: values[name]})
                            self.note(base[pattern], changed, name,
                                      emptied or other.startswith("without"))

    def note(self, before, after, name, emptied):
        for output in self.outputs:
            if not sameButNan(before[output], after[output]):
                self.ever[output].add(name)
                if not emptied:
                    self.live[output].add(name)

    def covered(self):
        for output in self.outputs:
            if self.live[output] - self.sure[output]:
                raise Failure("claims", f"{output} changes with {sorted(self.live[output])} but "
                                        f"claims {sorted(self.sure[output])}")
            if self.ever[output] - self.claimed(output):
                raise Failure("claims", f"{output} changes with {sorted(self.ever[output])} where "
                                        "a stream is wholly padded but claims "
                                        f"{sorted(self.claimed(output))}")

    def exact(self):
        """Nothing is claimed that was not seen."""
        if self.case.loose:
            return
        for output in self.outputs:
            if self.claimed(output) - self.ever[output]:
                raise Failure("exact", f"{output} claims {sorted(self.claimed(output))} but "
                                       f"changes with {sorted(self.ever[output])} only")
            modalities = set(self.case.streams.modalities)
            if (self.sure[output] - self.live[output]) & modalities:
                raise Failure("exact", f"{output} claims {sorted(self.sure[output])} without a "
                                       "condition but changes with "
                                       f"{sorted(self.live[output])} while every row is live")

    def untouched(self):
        """NaN in inputs that an output does not need leaves its bits, where no mask is left."""
        if self.isDense:
            return
        for output in self.outputs:
            foreign = set(self.case.streams.modalities) - self.claimed(output)
            if not foreign:
                continue
            for pattern, inputs in self.patterns.items():
                poisoned = {n: np.full_like(v, np.nan) if n in foreign else v
                            for n, v in inputs.items()}
                got = self.artefact.session("fused").run(poisoned)
                expectBits(got, self.base[pattern], [output],
                           f"{pattern}, NaN in {sorted(foreign)}")

    # Cuts.

    def cuts(self):
        for entry in self.granted:
            session = self.artefact.session(entry)
            got = [name for name, _, _ in session.outputs]
            if sorted(got) != sorted(self.free(entry)):
                raise Failure("cuts", f"{entry}: expected the outputs {self.free(entry)} but got "
                                      f"{got}")
            outside = [i for i, _, _ in session.inputs
                       if self.modality[i] not in entry.split("+")]
            if outside:
                raise Failure("cuts", f"{entry}: expected no input but its own and got {outside}")
            for pattern, inputs in self.patterns.items():
                expectBits(session.run(inputs), self.base[pattern], got, f"{entry}, {pattern}")

    def refuses(self):
        """One entry that cannot be cut free is refused, and a node named."""
        refused = [e for e in self.entries() if e not in self.granted]
        if self.case.refusal and self.case.streams.modalities[0] not in refused:
            raise Failure("refuses", f"expected a refusal ({self.case.refusal}) but there is none")
        if not refused:
            return
        done = self.opt(f"--specialize={refused[0]}", "-o", self.so)
        if done.returncode != REFUSED or "refused: " not in done.stderr:
            raise Failure("refuses", f"{refused[0]}: expected exit code {REFUSED} but got "
                                     f"{done.returncode}: {done.stderr.strip()[-400:]}")
        if not re.search(self.case.refusal, done.stderr):
            raise Failure("refuses", f"expected {self.case.refusal} but got {done.stderr[-400:]}")
        named = [o for o in self.outputs if f"'{o}'" in done.stderr]
        if named and not re.search(r"node '?[/\w.]+'?(:| joins)", done.stderr):
            raise Failure("refuses", f"expected a node's name but got {done.stderr.strip()[-400:]}")


    # The promise that no row is emptied at run time.

    def promise(self):
        """Under it nothing is conditional, and what was seen while rows were live is claimed and
        cut free."""
        self.flags = (*self.flags, "--assume-live-rows")
        before = self.live
        self.explain()
        conditional = {o: sorted(m) for o, m in self.maybe.items() if m}
        if conditional:
            raise Failure("promise", f"expected no condition but got {conditional}")
        for output in self.outputs:
            if before[output] - self.sure[output]:
                raise Failure("promise", f"{output} changes with {sorted(before[output])} but "
                                         f"claims {sorted(self.sure[output])}")
        self.compile()
        self.patterns = {n: p for n, p in self.patterns.items() if not n.startswith("without")}
        with Artefact(self.library, self.so) as self.artefact:
            self.agree()
            self.cuts()


def makeFiniteTwin(case, padding):
    """A token that padding leaves without a key is NaN after -inf, and 0 / 0 where keys are
    dropped by a product. As a key it is dropped; ONNX Runtime multiplies it by 0, which spreads the
    NaN. The same model with a finite fill shows what is without it; None where nothing can
    spread."""
    if not padding:
        return None
    if case.core == "expMask":
        return dataclasses.replace(case, core="matmul", way="whereKeep", fill="min").build()[0]
    if case.fill == "inf":
        return dataclasses.replace(case, fill="min").build()[0]
    return None


def withoutSpread(truth, got, finite):
    """`truth`; where it is NaN but `got` is a number, what a finite fill gives."""
    return {name: np.where(np.isnan(value) & ~np.isnan(got[name]), finite[name], value)
            for name, value in truth.items()}


def startSession(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


def attempt(check):
    try:
        check()
    except Failure as failure:
        return str(failure)
    return None


def expectClose(got, expected, where):
    if sorted(got) != sorted(expected):
        raise Failure("agree", f"expected the outputs {sorted(expected)} but got {sorted(got)}")
    for name, value in got.items():
        truth = expected[name]
        if value.shape != truth.shape:
            raise Failure("agree", f"{where}: {name}: expected {truth.shape} but got "
                                   f"{value.shape}")
        if not np.array_equal(np.isnan(value), np.isnan(truth)):
            raise Failure("agree", f"{where}: {name}: expected {int(np.isnan(truth).sum())} NaN "
                                   f"but got {int(np.isnan(value).sum())}")
        there = ~np.isnan(truth)
        scale = float(np.abs(truth[there]).max(initial=0))
        worst = float(np.abs(value[there] - truth[there]).max(initial=0))
        if not worst <= TOLERANCE * scale:
            raise Failure("agree", f"{where}: {name}: expected at most {TOLERANCE} of the largest "
                                   f"value but got {worst / scale if scale else worst:.3g}")


def expectBits(got, expected, names, where):
    for name in names:
        a, b = got[name], expected[name]
        if a.tobytes() != b.tobytes() and not sameButNan(a, b):
            count = int((a.view(np.uint32) != b.view(np.uint32)).sum())
            raise Failure("bits", f"{where}: {name}: expected the same bits but {count} of "
                                  f"{a.size} elements differ")


def sameButNan(a, b):
    """Equal bits wherever there is a number, NaN where there is none: its bits say nothing."""
    nan = np.isnan(a)
    return np.array_equal(nan, np.isnan(b)) and a[~nan].tobytes() == b[~nan].tobytes()

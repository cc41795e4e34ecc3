# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each model as three entry points: right, pure, and nothing in it that it does not need."""

import json
import os
import re

import numpy as np

from harness import Fault, Reference, expectClose, expectSameBits, randomInputs
from models import ENTRIES, FOLDER, INPUTS, LIMITS, OUTPUTS, OWN_WEIGHTS

THREADS = (1, 2)


class Agreement:
    """The checks of one model for one kind of processor."""

    def __init__(self, report, tools, model, cpu, folder):
        self.report, self.tools, self.model, self.cpu = report, tools, model, cpu
        self.folder = folder
        self.name = f"{model.name}/{cpu}"
        self.artefact = os.path.join(folder, "model.so")

    def check(self, name, function, *arguments):
        return self.report.check(f"{self.name}/{name}", function, *arguments)

    def run(self):
        if self.check("compile", self.compile) is None:
            return
        self.reference = Reference(self.model.path)
        self.inputs = randomInputs(self.reference.shapes(self.model.shapes))
        self.expected = self.reference.run(self.inputs)
        self.describe = self.check("describe", self.readDescription)
        clean = {}
        for entry in ENTRIES:
            for threads in THREADS:
                got = self.check(f"{entry}/threads={threads}/agrees", self.agrees, entry, threads)
                clean.setdefault(entry, got)
                if threads != THREADS[0] and got and clean[entry]:
                    self.check(f"{entry}/threads={threads}/same-bits", expectSameBits, got,
                               clean[entry], OUTPUTS[entry])
        for entry, other in (("audio", "video"), ("video", "audio")):
            if clean.get(entry) and clean.get("fused"):
                self.check(f"{entry}/same-bits-as-fused", expectSameBits, clean[entry],
                           clean["fused"], OUTPUTS[entry])
            if clean.get("fused"):
                for poison in (np.nan, np.inf, -np.inf):
                    self.check(f"fused/{other}={poison}/{entry}-untouched", self.pure, entry,
                               other, poison, clean["fused"])
            if self.describe:
                self.check(f"{entry}/needs-nothing-of-{other}", self.carriesNothing, entry, other)
        if self.model.budget and self.describe:
            self.check("budget", self.budget)
        if self.model.clips:
            for entry in ENTRIES:
                self.check(f"{entry}/clips", self.clips, entry)

    def compile(self):
        self.tools.succeed("zorro-opt", self.model.path, f"--specialize={','.join(ENTRIES)}",
                           f"--cpu={self.cpu}", *self.model.shapeFlags(), "-o", self.artefact,
                           timeout=self.model.seconds)
        left = sorted(os.listdir(self.folder))
        if left != ["model.so"]:
            raise Fault(f"expected model.so alone but found {left}")
        return True

    def execute(self, entry, inputs, *flags):
        """Runs an entry on a file of inputs, and gives back its file of outputs."""
        given, written = (os.path.join(self.folder, f) for f in ("in.npz", "out.npz"))
        np.savez(given, **{name: inputs[name] for name in INPUTS[entry]})
        self.tools.succeed("zorro-run", self.artefact, f"--function={entry}",
                           f"--input=@{given}", f"--output=@{written}", *flags)
        with np.load(written) as outputs:
            got = dict(outputs)
        os.remove(written)
        if sorted(got) != OUTPUTS[entry]:
            raise Fault(f"expected the outputs {OUTPUTS[entry]} but got {sorted(got)}")
        return got

    def agrees(self, entry, threads):
        got = self.execute(entry, self.inputs, f"--threads={threads}")
        expectClose(got, self.expected)
        return got

    def pure(self, entry, other, poison, clean):
        poisoned = {**self.inputs, other: np.full_like(self.inputs[other], poison)}
        got = self.execute("fused", poisoned, "--threads=2")
        expectSameBits(got, clean, OUTPUTS[entry])
        fusion = got["fusion_logits"]
        if np.array_equal(fusion, clean["fusion_logits"]):
            raise Fault(f"expected fusion_logits to change with {other} but it did not")

    def readDescription(self):
        described = json.loads(self.tools.succeed("zorro-run", self.artefact, "--describe=json"))
        entries = {e["name"]: e for e in described["entries"]}
        if sorted(entries) != sorted(ENTRIES):
            raise Fault(f"expected the entries {sorted(ENTRIES)} but got {sorted(entries)}")
        for name, entry in entries.items():
            inputs = sorted(i["name"] for i in entry["inputs"])
            outputs = sorted(o["name"] for o in entry["outputs"])
            if inputs != INPUTS[name] or outputs != OUTPUTS[name]:
                raise Fault(f"{name}: expected {INPUTS[name]} -> {OUTPUTS[name]} but got "
                            f"{inputs} -> {outputs}")
        return described

    def weightNames(self, entry):
        """Names of the weights that an entry uses, whether listed by name or by index."""
        table = self.describe.get("weights", [])
        listed = next(e for e in self.describe["entries"] if e["name"] == entry)["weights"]
        items = [table[w] if isinstance(w, int) else w for w in listed]
        return [i if isinstance(i, str) else i["name"] for i in items]

    def carriesNothing(self, entry, other):
        foreign = [w for w in self.weightNames(entry) if re.search(OWN_WEIGHTS[other], w)]
        if foreign:
            raise Fault(f"expected no weight of {other} but got {foreign}")
        if not any(re.search(OWN_WEIGHTS[other], w) for w in self.weightNames("fused")):
            raise Fault(f"expected weights of {other} in fused but got none: the names changed?")
        if not len(self.weightNames(entry)) < len(self.weightNames("fused")):
            raise Fault("expected fewer weights than fused")

    def budget(self):
        entries = self.describe["entries"]
        used = {"kernels": len(self.describe["kernels"]),
                "launches": max(len(e["launches"]) for e in entries),
                "code_bytes": self.describe["code_bytes"],
                "arena_bytes": max(e["arena_bytes"] for e in entries)}
        over = {name: value for name, value in used.items() if value > LIMITS[name]}
        if over:
            raise Fault(f"expected at most {LIMITS} but got {over}")

    def clips(self, entry):
        """Every clip gets the answer that ONNX Runtime gives it."""
        with np.load(os.path.join(FOLDER, "av-digits", "clips.npz")) as stored:
            clips = {name: stored[name] for name in INPUTS["fused"]}
            labels = stored["label"]
        got = self.execute(entry, clips, "--each", "--threads=2")
        size = self.inputs["audio"].shape[0]
        parts = [self.reference.run({n: c[i:i + size] for n, c in clips.items()})
                 for i in range(0, len(labels), size)]
        expected = {n: np.concatenate([p[n] for p in parts]) for n in self.reference.outputs}
        expectClose(got, expected)
        for name in (n for n in OUTPUTS[entry] if n.endswith("logits")):
            mine, truth = got[name].argmax(1), expected[name].argmax(1)
            if not np.array_equal(mine, truth):
                raise Fault(f"{name}: expected the digits of ONNX Runtime but clips "
                            f"{np.flatnonzero(mine != truth).tolist()} differ")
            right = int((truth == labels).sum())
            if right < 190:
                raise Fault(f"{name}: expected at least 190 clips right but got {right}")

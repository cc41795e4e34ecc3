#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What --emit=onnx writes: valid, right in ONNX Runtime, free of masks, and read again by Zorro.

  emitted.py [--tools=build/bin] [--filter=TEXT] [--every=1]

Runs in the environment that tools/setup makes: .venv/bin/python3 test/e2e/emitted.py
"""

import argparse
import os
import re
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

from forms.check import expectClose as expectCloseWithNan, makeFiniteTwin, withoutSpread
from forms.table import makeTable
from harness import Fault, Reference, Report, Tools, expectClose, randomInputs, stopwatch
from models import ENTRIES, INPUTS, MODELS, OUTPUTS, OWN_WEIGHTS

OPSETS = (17, 20, 23)
# What a mask leaves in a graph; a model whose mask is constant has none of it behind.
MASK_OPERATORS = {"Where", "IsNaN", "And", "Less", "Greater", "Equal"}
USAGE, LIMIT = 1, 4


def checkValid(path, opset):
    """By onnx's checker and by shape inference, which must find the types that are declared."""
    onnx.checker.check_model(path, full_check=True)
    model = onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True,
                                              data_prop=True)
    versions = {entry.domain: entry.version for entry in model.opset_import}
    if versions != {"": opset}:
        raise Fault(f"expected opset {opset} of ai.onnx alone but got {versions}")
    if model.functions or any(a.HasField("g") for n in model.graph.node for a in n.attribute):
        raise Fault("expected neither functions nor subgraphs")
    names = [node.name for node in model.graph.node]
    if len(set(names)) != len(names) or not all(names):
        raise Fault("expected a name of its own for every node")
    return model


def execute(path, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    outputs = [o.name for o in session.get_outputs()]
    return dict(zip(outputs, session.run(None, {i.name: inputs[i.name]
                                                for i in session.get_inputs()})))


class Emitted:
    """The group "emitted"."""

    def __init__(self, report, tools, folder, only="", every=5):
        self.report, self.tools, self.folder = report, tools, folder
        self.only, self.every = only.removeprefix("emitted/"), every

    def check(self, name, function, *arguments):
        if self.only in name:
            self.report.check(f"emitted/{name}", function, *arguments)

    def run(self):
        for model in MODELS:
            if self.only in model.name or self.only.startswith(model.name + "/"):
                self.runModel(model)
        small = MODELS[0]
        self.check("same-bytes", self.sameBytes, small)
        self.check("external-data", self.externalData, small)
        self.check("read-again", self.readAgain, small)
        self.check("default-name", self.defaultName, small)
        self.check("input-is-kept", self.inputIsKept, small)
        self.check("no-place", self.noPlace, small)
        self.check("opset-range", self.opsetRange, small)
        self.check("too-late", self.tooLate, small)
        for case in makeTable()[::self.every]:
            self.check(f"forms/{case.name}", self.form, case)

    def emit(self, model, name, *flags, **options):
        path = os.path.join(self.folder, name)
        self.tools.succeed("zorro-opt", model.path, "--emit=onnx", *model.shapeFlags(), *flags,
                           "-o", path, **options)
        return path

    def runModel(self, model):
        reference = Reference(model.path, threads=1)
        inputs = randomInputs(reference.shapes(model.shapes))
        expected = reference.run(inputs)
        for opset in OPSETS:
            self.check(f"{model.name}/{opset}/emit", self.emit, model, "m.onnx",
                       f"--opset={opset}", f"--specialize={','.join(ENTRIES)}")
            for entry in ENTRIES:
                path = os.path.join(self.folder, f"m.{entry}.onnx")
                self.check(f"{model.name}/{opset}/{entry}", self.agrees, path, opset, entry,
                           inputs, expected)
                if os.path.exists(path):
                    os.remove(path)

    def agrees(self, path, opset, entry, inputs, expected):
        model = checkValid(path, opset)
        if sorted(i.name for i in model.graph.input) != INPUTS[entry]:
            raise Fault(f"expected the inputs {INPUTS[entry]}")
        got = execute(path, inputs)
        if sorted(got) != OUTPUTS[entry]:
            raise Fault(f"expected the outputs {OUTPUTS[entry]} but got {sorted(got)}")
        expectClose(got, expected)
        masks = sorted({n.op_type for n in model.graph.node} & MASK_OPERATORS)
        if masks:
            raise Fault(f"expected no mask but got {masks}")
        weights = [w.name for w in model.graph.initializer]
        if len(set(weights)) != len(weights):
            raise Fault("expected each weight once")
        for other in set(OWN_WEIGHTS) - {entry} if entry != "fused" else ():
            foreign = [w for w in weights if re.search(OWN_WEIGHTS[other], w)]
            if foreign:
                raise Fault(f"expected no weight of {other} but got {foreign}")

    def sameBytes(self, model):
        files = []
        for name in ("a.onnx", "b.onnx"):
            with open(self.emit(model, name), "rb") as file:
                files.append(file.read())
        if files[0] != files[1]:
            raise Fault("expected the same bytes of two runs")

    def externalData(self, model):
        plain, path = self.emit(model, "p.onnx"), self.emit(model, "e.onnx", "--external-data")
        inputs = randomInputs(Reference(model.path).shapes(model.shapes))
        got, expected = execute(path, inputs), execute(plain, inputs)
        for name, value in expected.items():
            if got[name].tobytes() != value.tobytes():
                raise Fault(f"{name}: expected the bits of the file with its weights inside")
        stored = onnx.load(path, load_external_data=False).graph.initializer
        outside = [w for w in stored if w.data_location == onnx.TensorProto.EXTERNAL]
        if not outside or os.path.exists(plain + ".data"):
            raise Fault("expected weights outside where asked for, and only there")
        places = {e.value for w in outside for e in w.external_data if e.key == "location"}
        if places != {"e.onnx.data"}:
            raise Fault(f"expected the file beside the model, by name, but got {places}")

    def readAgain(self, model):
        path, artefact = self.emit(model, "r.onnx"), os.path.join(self.folder, "r.so")
        given, written = (os.path.join(self.folder, f) for f in ("r.in.npz", "r.out.npz"))
        reference = Reference(model.path)
        inputs = randomInputs(reference.shapes(model.shapes))
        np.savez(given, **inputs)
        self.tools.succeed("zorro-opt", path, "-o", artefact)
        self.tools.succeed("zorro-run", artefact, f"--input=@{given}", f"--output=@{written}")
        with np.load(written) as outputs:
            expectClose(dict(outputs), reference.run(inputs))

    def defaultName(self, model):
        folder = tempfile.mkdtemp(dir=self.folder)
        self.tools.succeed("zorro-opt", model.path, "--emit=onnx", "--specialize=audio",
                           *model.shapeFlags(), cwd=folder)
        if os.listdir(folder) != [f"{model.name}.audio.onnx"]:
            raise Fault(f"expected {model.name}.audio.onnx alone but got {os.listdir(folder)}")

    def refused(self, code, words, *arguments):
        done = self.tools.run("zorro-opt", *arguments)
        if done.returncode != code or words not in done.stderr:
            raise Fault(f"expected exit code {code} and '{words}' but got {done.returncode}: "
                        f"{done.stderr.strip()}")

    def inputIsKept(self, model):
        path = self.emit(model, "source.onnx")
        with open(path, "rb") as file:
            before = file.read()
        self.refused(USAGE, "expected an output that is not read", path, "--emit=onnx", "-o", path)
        with open(path, "rb") as file:
            if file.read() != before:
                raise Fault("expected the source as it was")

    def noPlace(self, model):
        folder = tempfile.mkdtemp(dir=self.folder)
        target = os.path.join(folder, "is-a-folder.onnx")
        os.mkdir(target)
        self.refused(LIMIT, "cannot write", model.path, "--emit=onnx", *model.shapeFlags(), "-o",
                     target)
        if os.listdir(folder) != ["is-a-folder.onnx"]:
            raise Fault(f"expected nothing left behind but got {os.listdir(folder)}")

    def opsetRange(self, model):
        for opset in (12, 1000):
            self.refused(USAGE, f"but got {opset}", model.path, "--emit=onnx",
                         f"--opset={opset}", "-o", os.path.join(self.folder, "never.onnx"))
        if os.path.exists(os.path.join(self.folder, "never.onnx")):
            raise Fault("expected no file")

    def tooLate(self, model):
        dump = os.path.join(self.folder, "late.mlir")
        self.tools.succeed("zorro-opt", model.path, "--emit=fused", *model.shapeFlags(), "-o",
                           dump)
        self.refused(USAGE, "but got phase fused", dump, "--emit=onnx", "-o",
                     os.path.join(self.folder, "late.onnx"))

    def form(self, case):
        """A small model with a mask of its own form, under every pattern of its padding."""
        source = os.path.join(self.folder, "form.onnx")
        model, padding = case.build()
        onnx.save(model, source)
        shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim]
                  for i in model.graph.input}
        flags = [f"--modality={m}={i}" for i, m in case.modalityOf(padding, list(shapes)).items()
                 if m != i]
        path = os.path.join(self.folder, "form.out.onnx")
        self.tools.succeed("zorro-opt", source, "--emit=onnx", *case.flags, *flags, "-o", path)
        onnx.checker.check_model(path, full_check=True)
        twin = makeFiniteTwin(case, padding)
        for pattern, inputs in case.patterns(padding, shapes).items():
            got, want = execute(path, inputs), execute(source, inputs)
            if twin and pattern.startswith("without"):
                want = withoutSpread(want, got, execute(twin.SerializeToString(), inputs))
            expectCloseWithNan(got, want, pattern)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tools", default=os.path.join(root, "build", "bin"))
    parser.add_argument("--filter", default="", help="only checks whose name holds it")
    parser.add_argument("--every", type=int, default=1, help="only each so manieth mask form")
    args = parser.parse_args()
    report, elapsed = Report(1), stopwatch()
    with tempfile.TemporaryDirectory(prefix="zorro-emitted-") as folder:
        Emitted(report, Tools(args.tools), folder, args.filter, args.every).run()
    report.groupDone("emitted", elapsed())
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

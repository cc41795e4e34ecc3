#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX's own node tests: each is compiled, run, and compared with the outputs stored beside it.

  conformance.py [--tools=build/bin] [--filter=TEXT] [--check | --update] [--fixed] [--jobs=2]
                 [--report=FILE]

A test passes, is unsupported (zorro-opt refuses it with exit code 3 and a sentence), or fails: any
other exit code, a crash, a hang, wrong numbers. conformance.txt names the tests that must pass:
--check runs these alone, and fails where one does not pass; --update rewrites the list after a run
of all. A plain run fails on failures only. --report writes one line for each test, with reasons.

The tests hand shapes, axes and weights in as inputs, where models have initializers. So a test that
is unsupported as it is runs again with all inputs but the first as initializers; --fixed does that
with every test at once.

Left out are tests with sequences, optionals, strings, or element types that .npz lacks. The tests
come with the onnx package: .venv/bin/python3 test/e2e/conformance.py
"""

import argparse
import concurrent.futures
import glob
import json
import os
import sys
import tempfile

import numpy as np
import onnx
import onnx.backend.test
from onnx import TensorProto, numpy_helper

from harness import Fault, Report, Tools

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "conformance.txt")
HEADER = """\
# Node tests of onnx that must pass, one name a line. conformance.py --update writes this list.
"""
NODES = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data", "node")
CPU = "x86-64-v3"
UNSUPPORTED = 3
SECONDS = 60
# Relative and absolute tolerance; other types are compared exactly.
TOLERANCES = {np.dtype(np.float16): (2e-3, 1e-3), np.dtype(np.float32): (1e-3, 1e-5),
              np.dtype(np.float64): (1e-3, 1e-5)}
STORABLE = {TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT8, TensorProto.UINT16,
            TensorProto.INT16, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL,
            TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.UINT32, TensorProto.UINT64}


class Unsupported(Exception):
    """zorro-opt declined, with its sentence."""


class NodeTest:
    """One folder: a model and one data set."""

    def __init__(self, name):
        self.name = name
        self.folder = os.path.join(NODES, name)
        self.path = os.path.join(self.folder, "model.onnx")
        self.model = onnx.load(self.path, load_external_data=False)

    def leftOut(self):
        """Why .npz cannot carry the test, or None."""
        graph = self.model.graph
        for value in [*graph.input, *graph.output]:
            kind = value.type.WhichOneof("value")
            if kind != "tensor_type":
                return f"{value.name} is no tensor"
            if value.type.tensor_type.elem_type not in STORABLE:
                element = TensorProto.DataType.Name(value.type.tensor_type.elem_type)
                return f"{value.name} holds {element}"
        return None

    def tensors(self, prefix, values):
        """The stored tensors input_0.pb, … by the names in the graph."""
        made = {}
        for index, value in enumerate(values):
            path = os.path.join(self.folder, "test_data_set_0", f"{prefix}_{index}.pb")
            if os.path.exists(path):
                made[value.name] = numpy_helper.to_array(onnx.load_tensor(path))
        return made

    def run(self, tools, folder, fixed):
        graph = self.model.graph
        given, expected = self.tensors("input", graph.input), self.tensors("output", graph.output)
        path = self.path
        if fixed:
            path, given = self.fix(folder, given)
        artefact, outputs = os.path.join(folder, "x.so"), os.path.join(folder, "o.npz")
        # The shapes of the data: some models leave theirs open.
        shapes = [f"--shape={name}={'x'.join(map(str, array.shape))}"
                  for name, array in given.items() if isOpen(graph, name)]
        step(tools, "zorro-opt", path, f"--cpu={CPU}", *shapes, "-o", artefact, cwd=folder)
        arguments = [artefact, f"--output=@{outputs}", "--threads=1"]
        # Only what the outputs depend on is asked for.
        asked = json.loads(step(tools, "zorro-run", artefact, "--describe=json"))
        names = {tensor["name"] for tensor in asked["entries"][0]["inputs"]}
        given = {name: array for name, array in given.items() if name in names}
        if given:
            np.savez(os.path.join(folder, "i.npz"), **given)
            arguments.append(f"--input=@{os.path.join(folder, 'i.npz')}")
        step(tools, "zorro-run", *arguments)
        with np.load(outputs) as archive:
            got = {name: archive[name] for name in archive.files}
        for name, truth in expected.items():
            expectEqual(name, got, truth)


    def fix(self, folder, given):
        """Writes the model with all inputs but the first as initializers."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        first = model.graph.input[0].name if model.graph.input else None
        del model.graph.input[1:]
        for name, array in given.items():
            if name != first:
                model.graph.initializer.append(numpy_helper.from_array(array, name))
        path = os.path.join(folder, "fixed.onnx")
        onnx.save(model, path)
        return path, {name: array for name, array in given.items() if name == first}


def isOpen(graph, name):
    value = next(v for v in graph.input if v.name == name)
    return any(not d.HasField("dim_value") for d in value.type.tensor_type.shape.dim)


def step(tools, tool, *arguments, **options):
    done = tools.run(tool, *arguments, timeout=SECONDS, **options)
    if tool == "zorro-opt" and done.returncode == UNSUPPORTED and done.stderr.strip():
        raise Unsupported(done.stderr.strip())
    if done.returncode != 0:
        raise Fault(f"expected exit code 0 or {UNSUPPORTED} from {tool} but got "
                    f"{done.returncode}\n{done.stderr[-1500:]}")
    return done.stdout


def expectEqual(name, got, truth):
    if name not in got:
        raise Fault(f"expected the output {name} but got {sorted(got)}")
    value = got[name]
    if value.shape != truth.shape or value.dtype != truth.dtype:
        raise Fault(f"{name}: expected {truth.dtype}{truth.shape} but got "
                    f"{value.dtype}{value.shape}")
    if truth.dtype in TOLERANCES:
        relative, absolute = TOLERANCES[truth.dtype]
        close = np.isclose(value, truth, rtol=relative, atol=absolute, equal_nan=True)
    else:
        close = value == truth
    if not np.all(close):
        at = tuple(int(i) for i in np.argwhere(~close)[0])
        raise Fault(f"{name}: {int((~close).sum())} of {truth.size} elements differ; at {at} "
                    f"expected {truth[at]} but got {value[at]}")


def listed():
    with open(LIST, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def main():
    root = os.path.dirname(os.path.dirname(HERE))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tools", default=os.path.join(root, "build", "bin"))
    parser.add_argument("--filter", default="", help="only tests whose name holds it")
    parser.add_argument("--fixed", action="store_true", help="all inputs but one as initializers")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--report", help="a file for one line a test")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="only the listed tests, all must pass")
    what.add_argument("--update", action="store_true", help="rewrite the list; needs a full run")
    args = parser.parse_args()
    if args.update and (args.filter or args.fixed):
        parser.error("expected --update without --filter and --fixed")

    tools = Tools(args.tools)
    present = sorted(os.path.basename(os.path.dirname(p))
                     for p in glob.glob(os.path.join(NODES, "*", "model.onnx")))
    names = [n for n in (listed() if args.check else present) if args.filter in n]
    report, lines, passed = Report(len(names)), [], []

    def one(name):
        line = outcome(name)
        lines.append(f"{line[0]} {name}: {line[1]}".replace("\n", " | "))
        if line[0] == "passed":
            passed.append(name)
            report.check(name, lambda: None)
        elif line[0] == "failed" or args.check:
            report.fail(name, line[1])
        else:
            with report.lock:
                report.skipped += 1

    def outcome(name):
        if name not in present:
            return "failed", "expected it in the onnx package"
        try:
            test = NodeTest(name)
            reason = test.leftOut()
            if reason:
                return "left out", reason
            with tempfile.TemporaryDirectory(prefix="zorro-node-") as folder:
                try:
                    test.run(tools, folder, args.fixed)
                except Unsupported:
                    if args.fixed or len(test.model.graph.input) < 2:
                        raise
                    test.run(tools, folder, True)
        except Unsupported as reason:
            return "unsupported", str(reason)
        except Exception as fault:  # a fault of the check is a failure with a name too
            return "failed", str(fault) if isinstance(fault, Fault) else repr(fault)
        return "passed", ""

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(one, names))
    if args.report:
        with open(args.report, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in sorted(lines))
    if args.update:
        with open(LIST, "w", encoding="utf-8") as file:
            file.write(HEADER + "".join(name + "\n" for name in sorted(passed)))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Large graphs and large masks: how long their analysis takes, and how much memory.

  scale.py [--tools=build/bin]

Runs in the environment that tools/setup makes: .venv/bin/python3 test/e2e/scale.py
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper

from harness import Fault, Report, Tools, stopwatch

NODES = 20_000  # in a chain
STREAMS = (("audio", 6000), ("video", 10_368), ("fusion", 16))  # 16,384 tokens
FEATURES = 8
SECONDS, BYTES = 30, 1 << 30  # at most; on an idle machine it takes a tenth of the time
# Prints the exit code, seconds and peak KiB of a command. In a process of its own, for a child's
# peak begins with its parent's.
MEASURE = """
import os, sys, time
start = time.monotonic()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - start, usage.ru_maxrss, file=sys.stderr)
"""


def constant(graph, name, value):
    graph.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def saveModel(path, nodes, constants, inputs, outputs):
    def info(shapes):
        return [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in shapes]

    graph = helper.make_graph(nodes, "scale", info(inputs), info(outputs), constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def makeChain(path):
    """Two streams, each a chain of nodes of its own, joined for a third output."""
    nodes, constants, ends = [], [], []
    one = constant(constants, "one", np.float32(1))
    for stream in ("audio", "video"):
        x = stream
        for i in range(NODES // 2):
            name = f"{stream}_{i}"
            nodes.append(helper.make_node(("Tanh", "Add")[i % 2], [x, one][:1 + i % 2], [name],
                                          name=name))
            x = name
        nodes.append(helper.make_node("Identity", [x], [f"{stream}_out"]))
        ends.append(x)
    nodes.append(helper.make_node("Add", ends, ["fusion_out"], name="join"))
    saveModel(path, nodes, constants, [("audio", [1, FEATURES]), ("video", [1, FEATURES])],
              [(f"{s}_out", [1, FEATURES]) for s in ("audio", "video", "fusion")])


def tokenTypes():
    return np.concatenate([np.full(count, i) for i, (_, count) in enumerate(STREAMS)])


def makeMasked(path, mask):
    """One attention over all tokens. `mask(nodes, constants)` names a bool tensor: keep."""
    nodes, constants = [], []
    tokens = sum(count for _, count in STREAMS)
    audio, video, fusion = (count for _, count in STREAMS)
    learned = constant(constants, "learned",
                       np.random.default_rng(0).standard_normal((1, fusion, FEATURES), np.float32))
    keep = mask(nodes, constants)
    least = constant(constants, "least", np.finfo(np.float32).min)
    cuts = np.cumsum([0, audio, video, fusion])

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], name=f"/{output}", **attributes))

    node("Concat", ["audio", "video", learned], "x", axis=1)
    node("Transpose", ["x"], "keys", perm=[0, 2, 1])
    node("MatMul", ["x", "keys"], "scores")
    node("Where", [keep, "scores", least], "masked")
    node("Softmax", ["masked"], "weights", axis=-1)
    node("MatMul", ["weights", "x"], "y")
    for i, (stream, _) in enumerate(STREAMS):
        ends = [constant(constants, f"{stream}_{end}", np.array([cuts[i + j]]))
                for j, end in enumerate(("begin", "end"))]
        axis = constant(constants, f"{stream}_axis", np.array([1]))
        node("Slice", ["y", *ends, axis], f"{stream}_out")
    saveModel(path, nodes, constants, [("audio", [1, audio, FEATURES]),
                                       ("video", [1, video, FEATURES])],
              [(f"{s}_out", [1, count, FEATURES]) for s, count in STREAMS])
    return tokens


def tensorMask(nodes, constants):
    """The whole mask as a constant: a byte for each pair of tokens."""
    types = tokenTypes()
    fusion = len(STREAMS) - 1
    return constant(constants, "keep", (types[:, None] == types) | (types[:, None] == fusion))


def computedMask(nodes, constants):
    """The same, made by the graph from a type for each token."""
    types = tokenTypes()
    rows = constant(constants, "rows", types[:, None])
    columns = constant(constants, "columns", types[None])
    fusion = constant(constants, "type", np.int64(len(STREAMS) - 1))
    nodes.append(helper.make_node("Equal", [rows, columns], ["same"], name="/same"))
    nodes.append(helper.make_node("Equal", [rows, fusion], ["fused"], name="/fused"))
    nodes.append(helper.make_node("Or", ["same", "fused"], ["keep"], name="/keep"))
    return "keep"


MODELS = {
    "chain of 20,000 nodes": makeChain,
    "mask of 16,384 tokens, constant": lambda path: makeMasked(path, tensorMask),
    "mask of 16,384 tokens, from token types": lambda path: makeMasked(path, computedMask),
}


class Scale:
    """The group "scale"."""

    def __init__(self, report, tools, folder, only=""):
        self.report, self.tools, self.folder, self.only = report, tools, folder, only
        self.numbers = []

    def run(self):
        for name, make in MODELS.items():
            if self.only in f"scale/{name}":
                self.report.check(f"scale/{name}", self.analyse, name, make)

    def analyse(self, name, make):
        path, table = (os.path.join(self.folder, f) for f in ("scale.onnx", "scale.json"))
        make(path)
        with open(table, "w") as out:
            done = subprocess.run([sys.executable, "-c", MEASURE, self.tools.path("zorro-opt"),
                                   path, "--explain=json"],
                                  stdout=out, stderr=subprocess.PIPE, text=True)
        code, seconds, peak = map(float, done.stderr.splitlines()[-1].split())
        peak *= 1024
        size = os.path.getsize(path)
        self.numbers.append((name, seconds, peak, size))
        os.unlink(path)
        if code:
            raise Fault(f"exit code {code:.0f}: {done.stderr[-600:]}")
        with open(table) as text:
            outputs = json.load(text)["outputs"]
        for output, inputs in (("audio_out", ["audio"]), ("video_out", ["video"]),
                               ("fusion_out", ["audio", "video"])):
            if sorted(outputs[output]["depends"]) != inputs:
                raise Fault(f"{output}: expected {inputs} but got {outputs[output]['depends']}")
        if seconds > SECONDS or peak > BYTES:
            raise Fault(f"expected at most {SECONDS} s and {BYTES >> 20} MiB but it took "
                        f"{seconds:.1f} s and {peak / (1 << 20):.0f} MiB")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tools", default=os.path.join(root, "build", "bin"))
    args = parser.parse_args()
    report, elapsed = Report(1), stopwatch()
    with tempfile.TemporaryDirectory(prefix="zorro-scale-") as folder:
        scale = Scale(report, Tools(args.tools), folder)
        scale.run()
    for name, seconds, peak, size in scale.numbers:
        print(f"{name}: {seconds:.2f} s, {peak / 1e6:.0f} MB; file {size / 1e6:.1f} MB")
    report.groupDone("scale", elapsed())
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

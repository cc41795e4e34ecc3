#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random graphs: what zorro-opt claims of every tensor, against what ONNX Runtime shows.

  random_graphs.py [--tools=build/bin] [--graphs=2100] [--seed=0] [--jobs=2]

Every input is changed by finite noise, several times; an element that changes must be claimed to
depend on that input, and an element that is claimed to be a constant must be that constant. Each
graph is looked at twice: with every tensor as an output, and with its result alone, where masks
become tables. Of the latter some are compiled, run and compared; parts that need only some inputs
are cut out too, and must have the same bits.
"""

import argparse
import concurrent.futures
import json
import math
import os
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from graph_maker import Graph, makeModel
from harness import Fault, Report, Tools, stopwatch

CUTS = 12  # parts at most that are cut out of one model
BATCH = 15  # graphs side by side in one model
NOISES = 3


class Model:
    """Several graphs in one ONNX Runtime session, and what changing each input does."""

    def __init__(self, graphs, everyTensor, path):
        self.path = path
        model = makeModel(graphs, everyTensor)
        onnx.save(model, path)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(path, options,
                                                    providers=["CPUExecutionProvider"])
        self.outputs = [o.name for o in self.session.get_outputs()]
        self.random = np.random.default_rng(len(model.graph.node))
        self.inputs = {i.name: self.draw(i) for i in self.session.get_inputs()}
        self.base = self.run(self.inputs)

    def draw(self, info):
        if "bool" in info.type:
            return self.random.random(info.shape) < 0.7
        return self.random.standard_normal(info.shape).astype(np.float32)

    def run(self, inputs):
        return dict(zip(self.outputs, self.session.run(None, inputs)))

    def spreadingGraphs(self):
        """Graphs (of a model with every tensor) in which a product makes NaN of zero and NaN."""
        found = set()
        for node in onnx.load(self.path).graph.node:
            values = [self.base.get(name) for name in (*node.input[:2], *node.output)]
            if node.op_type != "MatMul" or any(v is None for v in values):
                continue
            left, right, product = (np.isnan(v) for v in values)
            if not left.any() and right.any() and product.any():
                found.add(node.output[0].split("_")[0])
        return found

    def changes(self):
        """By kind of input ("a" of every graph at once): which elements changed."""
        kinds = sorted({name.split("_")[1] for name in self.inputs})
        for kind in kinds:
            changed = {name: np.zeros(value.shape, bool) for name, value in self.base.items()}
            for _ in range(NOISES):
                inputs = dict(self.inputs)
                for info in self.session.get_inputs():
                    if info.name.split("_")[1] == kind:
                        inputs[info.name] = self.draw(info)
                for name, value in self.run(inputs).items():
                    before = self.base[name]
                    same = value == before
                    if value.dtype == np.float32:
                        same |= np.isnan(value) & np.isnan(before)
                    changed[name] |= ~same
            yield kind, changed


def paint(grid, dtype, of):
    """An array of the tensor's shape that holds of(cell) in every cell."""
    array = np.zeros(grid["shape"], dtype)
    cuts = grid["cuts"]
    segments = [len(c) - 1 for c in cuts]
    for index, cell in zip(np.ndindex(*segments), grid["cells"]):
        box = tuple(slice(cuts[a][i], cuts[a][i + 1]) for a, i in enumerate(index))
        array[box] = of(cell)
    return array


def number(text):
    return float(text) if isinstance(text, (int, float)) else float(str(text).replace("inf", "inf"))


class Checker:
    def __init__(self, report, tools, folder):
        self.report, self.tools, self.folder = report, tools, folder
        self.pairs = self.claimed = self.shown = self.known = self.cuts = 0

    def batch(self, seed, count):
        graphs = [Graph(seed * 100_003 + i, f"g{i}_").build(3 + i % 8) for i in range(count)]
        spread = set()
        for everyTensor in (True, False):
            name = f"seed {seed}, {'every tensor' if everyTensor else 'results'}"
            path = os.path.join(self.folder, f"{seed}-{int(everyTensor)}.onnx")
            model = Model(graphs, everyTensor, path)
            self.report.check(name, self.compare, model, spread)
            if everyTensor:
                spread = model.spreadingGraphs()
            if not everyTensor and seed % 8 == 0:
                self.report.check(f"seed {seed}, compiled", self.compiled, model)
                self.report.check(f"seed {seed}, cut", self.cut, model)
            os.unlink(path)
        if seed % 8 == 0:  # scores that are outputs stay as they are: no attention is raised
            path = os.path.join(self.folder, f"{seed}-dense.onnx")
            masked = [Graph(seed * 100_003 + i, f"g{i}_").build(1, 8, ("attention",))
                      for i in range(count // 3)]
            self.report.check(f"seed {seed}, cut densely", self.cut, Model(masked, True, path))
            os.unlink(path)

    def compare(self, model, spread):
        """`spread`: graphs where a NaN may have been multiplied by zero."""
        text = self.tools.succeed("zorro-opt", model.path, "--explain=json")
        claims = json.loads(text)["outputs"]
        faults = []
        for kind, changed in model.changes():
            for output, moved in changed.items():
                source = f"{output.split('_')[0]}_{kind}"
                if source not in model.inputs:
                    continue
                grid = claims[output]["grid"]
                claimed = paint(grid, bool, lambda cell: source in cell["depends"])
                self.pairs += moved.size
                self.claimed += int(claimed.sum())
                self.shown += int((moved & claimed).sum())
                if (moved & ~claimed).any():
                    at = tuple(int(i) for i in np.argwhere(moved & ~claimed)[0])
                    faults.append(f"{output}{list(at)} depends on {source} and is not claimed to")
        for output, value in model.base.items():
            grid = claims[output]["grid"]
            known = paint(grid, bool, lambda cell: cell["kind"] == "known")
            numbers = paint(grid, np.float64, lambda cell: number(cell.get("value", 0)))
            self.known += int(known.sum())
            same = np.isclose(value.astype(np.float64), numbers, rtol=1e-5, atol=1e-6,
                              equal_nan=True)
            if output.split("_")[0] in spread and value.dtype == np.float32:
                same |= np.isnan(value)  # a key that a table drops is not read: docs/Streams.md
            if (known & ~same).any():
                at = tuple(int(i) for i in np.argwhere(known & ~same)[0])
                faults.append(f"{output}{list(at)} is {value[at]} and was claimed to be "
                              f"{numbers[at]}")
        if faults:
            raise Fault(f"{len(faults)} faults: " + "; ".join(faults[:4]))

    def compiled(self, model):
        """The machine code gives what ONNX Runtime gives, NaN for NaN."""
        artefact, inputs, outputs = (model.path + end for end in (".so", ".in.npz", ".out.npz"))
        self.tools.succeed("zorro-opt", model.path, "-o", artefact)
        np.savez(inputs, **model.inputs)
        self.tools.succeed("zorro-run", artefact, f"--input=@{inputs}", f"--output=@{outputs}",
                           "--threads=1")
        with np.load(outputs) as got:
            for name, truth in model.base.items():
                if not np.allclose(got[name], truth, rtol=1e-3, atol=1e-4, equal_nan=True):
                    worst = np.nanmax(np.abs(got[name] - truth))
                    raise Fault(f"{name}: expected ONNX Runtime's numbers but they differ by "
                                f"{worst} (NaN: {np.isnan(got[name]).sum()} and "
                                f"{np.isnan(truth).sum()})")
        for path in (artefact, inputs, outputs):
            os.unlink(path)

    def cut(self, model):
        """Parts of results, cut out by what they need, have the bits of the whole program's."""
        text = self.tools.succeed("zorro-opt", model.path, "--explain=json")
        made, wanted, parts = onnx.load(model.path), {}, []
        for output, claim in json.loads(text)["outputs"].items():
            graph = output.split("_")[0] + "_"
            inputs = [name for name in model.inputs if name.startswith(graph)]
            for axis, begin, end, needs in narrowParts(claim["grid"], inputs):
                parts.append((output, axis, begin, end, [i for i in inputs if i in needs]))
        model.random.shuffle(parts)
        summed = behindSoftmax(made.graph)
        parts.sort(key=lambda part: part[0] not in summed)
        for output, axis, begin, end, needs in parts[:CUTS]:
            name = f"{output}_{axis}_{begin}"
            addSlice(made, output, name, axis, begin, end)
            wanted[name] = needs
        if not wanted:
            return
        path, artefact, inputs = (model.path + end for end in (".cut.onnx", ".so", ".in.npz"))
        onnx.save(made, path)
        entries = {"+".join(needs) for needs in wanted.values()}
        self.tools.succeed("zorro-opt", path, f"--specialize=fused,{','.join(sorted(entries))}",
                           "-o", artefact)
        values = {}
        for entry in ("fused", *sorted(entries)):
            given = model.inputs if entry == "fused" else entry.split("+")
            np.savez(inputs, **{name: model.inputs[name] for name in given})
            outputs = f"{model.path}.{len(values)}.npz"
            self.tools.succeed("zorro-run", artefact, f"--function={entry}", f"--input=@{inputs}",
                               f"--output=@{outputs}", "--threads=1")
            with np.load(outputs) as got:
                values[entry] = dict(got)
            os.unlink(outputs)
        for name, needs in wanted.items():
            whole, part = values["fused"][name], values["+".join(needs)][name]
            self.cuts += 1
            if not np.array_equal(whole, part, equal_nan=True):
                raise Fault(f"{name}, cut out for {', '.join(needs)}: expected the bits of the "
                            f"whole program but {int((whole != part).sum())} of {whole.size} "
                            "elements differ")
        for name in (path, artefact, inputs):
            os.unlink(name)


def narrowParts(grid, inputs):
    """(axis, begin, end, inputs) of segments that need some of the inputs, but not all."""
    for axis, cuts in enumerate(grid["cuts"]):
        needs = [set() for _ in cuts[1:]]
        segments = np.ndindex(*(len(c) - 1 for c in grid["cuts"]))
        for index, cell in zip(segments, grid["cells"]):
            needs[index[axis]].update(cell["depends"])
        for i, names in enumerate(needs):
            if names and names < set(inputs):
                yield axis, cuts[i], cuts[i + 1], names


def behindSoftmax(graph):
    """The tensors that are made of softmax rows, whose sums have an order to keep."""
    names = set()
    for node in graph.node:
        if node.op_type == "Softmax" or names & set(node.input):
            names.update(node.output)
    return names


def addSlice(model, tensor, name, axis, begin, end):
    """A slice of an output becomes another output."""
    graph = model.graph
    whole = next(o for o in graph.output if o.name == tensor).type.tensor_type
    shape = [d.dim_value for d in whole.shape.dim]
    shape[axis] = end - begin
    numbers = []
    for label, value in (("begin", begin), ("end", end), ("axis", axis)):
        numbers.append(f"{name}_{label}")
        graph.initializer.append(numpy_helper.from_array(np.array([value], np.int64), numbers[-1]))
    graph.node.append(helper.make_node("Slice", [tensor, *numbers], [name], name=name))
    graph.output.append(helper.make_tensor_value_info(name, whole.elem_type, shape))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tools", default=os.path.join(root, "build", "bin"))
    parser.add_argument("--graphs", type=int, default=2100)
    parser.add_argument("--seed", type=int, default=0, help="of the first batch")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    batches = math.ceil(args.graphs / BATCH)
    report, elapsed = Report(1), stopwatch()
    with tempfile.TemporaryDirectory(prefix="zorro-graphs-") as folder:
        checker = Checker(report, Tools(args.tools), folder)

        def one(seed):
            report.check(f"seed {seed}", checker.batch, seed, BATCH)

        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            list(pool.map(one, range(args.seed, args.seed + batches)))
    print(f"{batches * BATCH} graphs: {checker.pairs / 1e6:.1f} M (input, element) pairs, "
          f"{100 * checker.shown / max(checker.claimed, 1):.1f} % of the claimed ones seen to "
          f"change, {checker.known} constants, {checker.cuts} cuts")
    report.groupDone("random graphs", elapsed())
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

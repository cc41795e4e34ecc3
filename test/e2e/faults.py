# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bad input: each case ends with its exit code, one sentence that says what, and no file left."""

import os
import re
import struct
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper

from harness import Fault, randomInputs
from models import FOLDER

GOOD = os.path.join(FOLDER, "zorro-tiny-sdpa-op18.onnx")
SHAPES = {"audio": (1, 1, 16, 64), "video": (1, 3, 4, 32, 32)}
# From runtime/Abi/Abi.h: the words of the footer behind its 16 bytes of magic and version.
FOOTER = ("artefact_size", "code_offset", "code_size", "code_hash", "weights_offset",
          "weights_size", "descriptor_offset", "descriptor_size", "descriptor_hash",
          "chunks_offset", "chunk_count", "chunks_hash", "footer_hash")


@dataclass
class Case:
    """What is given to zorro-opt, and what it must say. `words` are regular expressions."""
    name: str
    code: int
    words: tuple
    write: object  # function(path): writes the model there
    flags: tuple = ()
    manyLines: bool = False  # a list is expected, not one sentence


def model(nodes, inputs=(("x", [2, 2]),), outputs=(("y", [2, 2]),), initializers=(), functions=(),
          domains=()):
    def values(pairs):
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in pairs]

    graph = helper.make_graph(list(nodes), "graph", values(inputs), values(outputs),
                              list(initializers))
    opsets = [helper.make_opsetid("", 18), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=9)


def saved(made):
    def write(path):
        with open(path, "wb") as file:
            file.write(made.SerializeToString())
    return write


def content(function):
    """Writes what `function` makes of a good model's bytes."""
    def write(path):
        with open(GOOD, "rb") as good, open(path, "wb") as file:
            file.write(function(good.read()))
    return write


def external(location, **keys):
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 2],
                         data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **keys}.items():
        weight.external_data.add(key=key, value=str(value))

    def write(path):
        saved(model([helper.make_node("MatMul", ["x", "w"], ["y"])], initializers=[weight]))(path)
        # Both exist, so that only the rule about folders keeps them out.
        for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
            with open(os.path.join(folder, "there.data"), "wb") as file:
                file.write(bytes(16))
    return write


def shortWeight():
    weight = TensorProto(name="short_weight", data_type=TensorProto.FLOAT, dims=[2, 2],
                         raw_data=bytes(12))
    return saved(model([helper.make_node("MatMul", ["x", "short_weight"], ["y"])],
                       initializers=[weight]))


def circle():
    def calls(name, other):
        return helper.make_function("local", name, ["a"], ["b"],
                                    [helper.make_node(other, ["a"], ["b"], domain="local")],
                                    [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)])
    return saved(model([helper.make_node("First", ["x"], ["y"], domain="local")],
                       functions=[calls("First", "Second"), calls("Second", "First")],
                       domains=["local"]))


def unknownOperators():
    return saved(model([helper.make_node("Frobnicate", ["x"], ["a"], name="one"),
                        helper.make_node("Relu", ["a"], ["b"]),
                        helper.make_node("Zap", ["b"], ["c"], name="two", domain="com.example"),
                        helper.make_node("Frobnicate", ["c"], ["y"], name="three")],
                       domains=["com.example"]))


def relu(size):
    return saved(model([helper.make_node("Relu", ["x"], ["y"])],
                       inputs=[("x", [size])], outputs=[("y", [size])]))


def undefined():
    return saved(model([helper.make_node("Add", ["x", "nowhere"], ["y"], name="adder")]))


def sameBytes(path):
    content(lambda good: good)(path)


COMPILE = [
    Case("missing", 2, ("case.onnx",), lambda path: None),
    Case("empty", 2, ("case.onnx", "empty|0 bytes"), content(lambda good: b"")),
    Case("truncated", 2, ("case.onnx",), content(lambda good: good[:len(good) // 2])),
    Case("one-byte-short", 2, ("case.onnx",), content(lambda good: good[:-1])),
    Case("random", 2, ("case.onnx",),
         content(lambda good: np.random.default_rng(1).bytes(len(good)))),
    Case("text", 2, ("case.onnx",), content(lambda good: b"this is no model\n" * 100)),
    Case("unknown-operators", 3, ("Frobnicate", "Zap", "com.example", "one|2"), unknownOperators(),
         manyLines=True),
    Case("missing-external", 2, ("gone.data",), external("gone.data")),
    Case("external-parent", 2, (r"\.\./there.data", "folder|outside"),
         external("../there.data")),
    Case("external-detour", 2, ("there.data", "folder|outside"),
         external("sub/../../there.data")),
    Case("external-absolute", 2, ("/etc/hostname", "absolute|folder|outside"),
         external("/etc/hostname")),
    Case("external-past-end", 2, ("there.data", "16"),
         external("there.data", offset=8, length=16)),
    Case("external-overflow", 2, ("there.data",),
         external("there.data", offset=2**64 - 8, length=16)),
    Case("short-weight", 2, ("short_weight", "16", "12"), shortWeight()),
    Case("huge-dim", 4, ("x", "1099511627776|2\\^40|limit"), relu(2**40)),
    Case("undefined-input", 2, ("adder|Add", "nowhere"), undefined()),
    Case("function-circle", 2, ("First|Second", "circle|cycle|recurs|itself|each other"),
         circle()),
    Case("no-such-modality", 1, ("text", "audio", "video"), sameBytes, ("--specialize=text",)),
    Case("no-such-input-shape", 1, ("picture", "audio"), sameBytes, ("--shape=picture=1x2",)),
    Case("shape-contradicts", 1, ("audio", "16"), sameBytes, ("--shape=audio=1x1x17x64",)),
    Case("no-such-cpu", 1, ("z80",), sameBytes, ("--cpu=z80",)),
]


class Faults:
    def __init__(self, report, tools, folder, wanted):
        self.report, self.tools, self.folder, self.wanted = report, tools, folder, wanted

    def check(self, name, function, *arguments):
        return (self.report.check(f"faults/{name}", function, *arguments)
                if self.wanted in f"faults/{name}" else None)

    def run(self):
        for case in COMPILE:
            self.check(f"zorro-opt/{case.name}", self.refuses, case)
        self.artefact = os.path.join(self.folder, "good.so")
        if not self.wanted.startswith("faults/zorro-opt"):
            if self.report.check("faults/compile", self.compileGood):
                self.runtime()

    def expect(self, done, code, words, manyLines=False):
        if done.returncode != code:
            raise Fault(f"expected exit code {code} but got {done.returncode}\n{done.stderr}")
        lines = done.stderr.strip().splitlines()
        if not lines or (len(lines) != 1 and not manyLines):
            raise Fault(f"expected one line on stderr but got {len(lines)}\n{done.stderr}")
        for word in words:
            if not re.search(word, done.stderr):
                raise Fault(f"expected '{word}' to be named in\n{done.stderr}")

    def refuses(self, case):
        folder = os.path.join(self.folder, case.name, "model")
        os.makedirs(folder)
        path = os.path.join(folder, "case.onnx")
        case.write(path)
        before = sorted(os.listdir(folder))
        flags = case.flags or ("--specialize=fused",)
        if not any(f.startswith("--specialize") for f in flags):
            flags += ("--specialize=fused",)
        done = self.tools.run("zorro-opt", path, *flags, "-o", os.path.join(folder, "out.so"),
                              timeout=60)
        self.expect(done, case.code, case.words, case.manyLines)
        if sorted(os.listdir(folder)) != before:
            raise Fault(f"expected no file left but found {sorted(os.listdir(folder))}")

    def compileGood(self):
        self.tools.succeed("zorro-opt", GOOD, "--specialize=fused,audio", "--cpu=x86-64-v3", "-o",
                           self.artefact)
        return True

    def refusesRun(self, code, words, inputs, *flags, artefact=None, env=None, function="audio",
                   manyLines=False):
        """zorro-run on `inputs` (name -> array) ends with `code` and writes nothing."""
        given, written = (os.path.join(self.folder, f) for f in ("in.npz", "out.npz"))
        np.savez(given, **inputs)
        done = self.tools.run("zorro-run", artefact or self.artefact,
                              f"--function={function}", f"--input=@{given}",
                              f"--output=@{written}", *flags, env=env, timeout=60)
        left = [f for f in os.listdir(self.folder) if f.startswith("out")]
        for file in left:
            os.remove(os.path.join(self.folder, file))
        self.expect(done, code, words, manyLines)
        if left:
            raise Fault(f"expected no output file but found {left}")

    def runtime(self):
        good = {"audio": randomInputs(SHAPES)["audio"]}
        wrongShape = {"audio": good["audio"][..., :63]}
        for name, words, inputs in [
                ("wrong-shape", ("audio", "1x1x16x64", "1x1x16x63"), wrongShape),
                ("wrong-type", ("audio", "f32", "f64"),
                 {"audio": good["audio"].astype(np.float64)}),
                ("wrong-name", ("sound", "audio"), {"sound": good["audio"]}),
                ("missing-input", ("audio",), {}),
                ("extra-input", ("text",), {**good, "text": good["audio"]})]:
            self.check(f"zorro-run/{name}", self.refusesRun, 1, words, inputs)
        self.check("zorro-run/no-such-function", lambda: self.refusesRun(
            1, ("text", "audio", "fused"), good, function="text"))
        self.check("zorro-run/no-such-option", lambda: self.refusesRun(
            1, ("frobnicate",), good, "--frobnicate", manyLines=True))
        for mask in ("avx2", "fma"):
            self.check(f"zorro-run/without-{mask}", lambda mask=mask: self.refusesRun(
                3, (mask,), good, env={"ZORRO_CPU_MASK": mask}))
        self.check("zorro-run/no-artefact", lambda: self.refusesRun(
            2, ("nothing.so",), good, artefact=os.path.join(self.folder, "nothing.so")))
        self.check("zorro-run/not-an-artefact", lambda: self.refusesRun(
            2, ("tiny",), good, artefact=GOOD))
        for name, bad in self.damaged():
            self.check(f"zorro-run/{name}", self.refusesDamaged, bad, good)
        self.check("zorro-run/differs", self.differs, good)

    def damaged(self):
        """The artefact cut short and with one byte flipped, in each of its parts."""
        with open(self.artefact, "rb") as file:
            good = file.read()
        size = len(FOOTER) * 8
        footer = dict(zip(FOOTER, struct.unpack(f"<{len(FOOTER)}Q", good[-size:])))
        spots = {"first-byte": 0, "last-byte": len(good) - 1, "footer-magic": len(good) - size - 16}
        for part in ("code", "weights", "descriptor"):
            spots[part] = footer[f"{part}_offset"] + footer[f"{part}_size"] // 2
        spots["chunks"] = footer["chunks_offset"]
        for part, spot in spots.items():
            yield f"flipped-{part}", good[:spot] + bytes([good[spot] ^ 1]) + good[spot + 1:]
        for part, length in (("1-byte", len(good) - 1), ("half", len(good) // 2),
                             ("weights", footer["weights_offset"]), ("everything", 0)):
            yield f"cut-{part}", good[:length]
        yield "grown", good + b"\0"

    def refusesDamaged(self, content, inputs):
        bad = os.path.join(self.folder, "bad.so")
        with open(bad, "wb") as file:
            file.write(content)
        self.refusesRun(2, ("bad.so",), inputs, artefact=bad)

    def differs(self, good):
        """--expected_output says that outputs differ, in the exit code too."""
        given, written = (os.path.join(self.folder, f) for f in ("in.npz", "right.npz"))
        np.savez(given, **good)
        command = ("zorro-run", self.artefact, "--function=audio", f"--input=@{given}")
        self.tools.succeed(*command, f"--output=@{written}")
        self.tools.succeed(*command, f"--expected_output=@{written}")
        with np.load(written) as outputs:
            wrong = {name: value + 1 for name, value in outputs.items()}
        np.savez(written, **wrong)
        done = self.tools.run(*command, f"--expected_output=@{written}")
        if done.returncode != 5:
            raise Fault(f"expected exit code 5 but got {done.returncode}\n{done.stderr}")

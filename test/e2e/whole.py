# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What holds of the tools as a whole: masks all recognised, the proof and its refusal, files that
are the same each time, and a program that runs alone."""

import json
import os
import re

import numpy as np
import onnx
from onnx import TensorProto, helper

from faults import Faults
from harness import Fault, Reference, expectClose, expectSameBits, randomInputs
from models import ENTRIES, FOLDER, MODELS, OUTPUTS

SMALL = os.path.join(FOLDER, "zorro-tiny-where-op18.onnx")
CPU = "--cpu=x86-64-v3"


class Whole:
    def __init__(self, report, tools, folder, wanted):
        self.report, self.tools, self.folder, self.wanted = report, tools, folder, wanted

    def check(self, name, function, *arguments):
        if self.wanted in f"whole/{name}":
            self.report.check(f"whole/{name}", function, *arguments)

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self, name, *flags, model=SMALL):
        self.tools.succeed("zorro-opt", model, CPU, *flags, "-o", self.path(name))
        return self.path(name)

    def run(self):
        for model in MODELS:
            self.check(f"{model.name}/masks-recognised", self.masks, model)
            self.check(f"{model.name}/explains", self.explains, model)
        self.check("same-bytes-each-time", self.reproducible)
        self.check("one-entry-is-smaller", self.smaller)
        self.check("runs-alone", self.alone)
        self.check("refuses-a-leak", self.refuses)
        self.check("warns-of-nothing", self.quiet)

    def masks(self, model):
        """Each masked softmax is one attention, with a mask and no array."""
        dump = self.compile("masks.mlir", "--emit=zorro", *model.shapeFlags(), model=model.path)
        with open(dump, encoding="utf-8") as file:
            text = file.read()
        attentions = re.findall(r"zorro\.attention\b.*", text)
        if len(attentions) != model.layers + 1:
            raise Fault(f"expected {model.layers + 1} attentions, one for each layer and one that "
                        f"pools, but got {len(attentions)}")
        if re.search(r"zorro\.softmax\b|onnx\.node", text):
            raise Fault("expected no softmax and no onnx.node to be left")

    def explains(self, model):
        """The dependence table is the truth that the models were made with."""
        table = json.loads(self.tools.succeed("zorro-opt", model.path, "--explain=json",
                                              *model.shapeFlags()))
        got = {name: sorted(o["depends"]) for name, o in table["outputs"].items()}
        expected = {name: [e for e in ("audio", "video") if name in OUTPUTS[e]] or
                    ["audio", "video"] for name in OUTPUTS["fused"]}
        if got != expected:
            raise Fault(f"expected {expected} but got {got}")

    def reproducible(self):
        files = [self.compile(f"same{i}.so", f"--specialize={','.join(ENTRIES)}") for i in (1, 2)]
        contents = [open(f, "rb").read() for f in files]
        if contents[0] != contents[1]:
            raise Fault("expected the same bytes from the same call")

    def smaller(self):
        sizes = {e: os.path.getsize(self.compile(f"{e}.so", f"--specialize={e}")) for e in ENTRIES}
        if not max(sizes["audio"], sizes["video"]) < sizes["fused"]:
            raise Fault(f"expected audio and video to be smaller than fused but got {sizes}")

    def alone(self):
        """--emit=exe runs in an empty folder, with nothing beside it."""
        program = self.compile("audio.exe", "--specialize=audio", "--emit=exe")
        reference = Reference(SMALL)
        inputs = randomInputs(reference.shapes({}))
        empty = self.path("empty")
        os.makedirs(empty)
        os.rename(program, os.path.join(empty, "audio"))
        np.savez(os.path.join(empty, "in.npz"), audio=inputs["audio"])
        self.tools.succeed(os.path.join(empty, "audio"), "--input=@in.npz", "--output=@out.npz",
                           cwd=empty, env={"PATH": "", "LD_LIBRARY_PATH": ""})
        with np.load(os.path.join(empty, "out.npz")) as outputs:
            got = dict(outputs)
        if sorted(got) != OUTPUTS["audio"]:
            raise Fault(f"expected {OUTPUTS['audio']} but got {sorted(got)}")
        expectClose(got, reference.run(inputs))
        artefact = self.compile("audio.so", "--specialize=audio")
        self.tools.succeed("zorro-run", artefact, f"--input=@{empty}/in.npz",
                           f"--output=@{empty}/library.npz")
        with np.load(os.path.join(empty, "library.npz")) as outputs:
            expectSameBits(got, dict(outputs), OUTPUTS["audio"])

    def refuses(self):
        """An output that truly needs video is not cut free of it: the chain of nodes says why."""
        def value(name):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3])

        graph = helper.make_graph(
            [helper.make_node("Relu", ["video"], ["hidden"], name="leak_starts"),
             helper.make_node("Add", ["audio", "hidden"], ["audio_logits"], name="leak_ends")],
            "leaky", [value("audio"), value("video")], [value("audio_logits")])
        leaky = self.path("leaky.onnx")
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)],
                                    ir_version=9), leaky)
        out = self.path("leaky.so")
        done = self.tools.run("zorro-opt", leaky, "--specialize=audio", "-o", out)
        Faults.expect(self, done, 6, ("audio_logits", "video", "leak_ends"))
        if os.path.exists(out):
            raise Fault("expected no file but found leaky.so")

    def quiet(self):
        done = self.tools.run("zorro-opt", SMALL, CPU, f"--specialize={','.join(ENTRIES)}", "-o",
                              self.path("quiet.so"))
        if done.returncode != 0 or done.stderr.strip() or done.stdout.strip():
            raise Fault(f"expected silence and exit code 0 but got {done.returncode}\n"
                        f"{done.stdout}{done.stderr}")

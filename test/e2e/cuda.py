# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The group "cuda": models compiled for GPUs, run where there is none.

The artefact is the one that a GPU would get. The driver is a stand-in (test/runtime/Stub) that
gives its PTX to the interpreter of test/Ptx, which also sees races, stray accesses and bytes that
were never written.
"""

import os
import sys

import numpy as np

from harness import Fault, Reference, expectSameBits, randomInputs
from models import FOLDER, INPUTS, OUTPUTS

# Of the output's largest value: numbers between kernels have 8 bits.
TOLERANCES = {"bf16": 2e-2, "tf32": 5e-3}
# (model, shapes of its inputs if symbolic, entries, flags)
TINY = "zorro-tiny-add-op18.onnx"
CASES = [
    ("tiny-sm_90a", TINY, {}, ("fused", "audio"), ("--arch=sm_90a",)),
    ("tiny-sm_80", TINY, {}, ("fused", "video"), ("--arch=sm_80",)),
    ("tiny-tf32", TINY, {}, ("fused", "audio"), ("--arch=sm_80", "--precision=tf32")),
    ("batch", "zorro-tiny-sdpa-op18-dynamic-batch.onnx",
     {"audio": (3, 1, 16, 64), "video": (3, 3, 4, 32, 32)}, ("fused", "audio"), ("--arch=sm_90a",)),
    ("odd-lengths", "variant-31-5-33-add.onnx", {}, ("fused", "audio", "video"),
     ("--arch=sm_90a",)),
    ("digits-sm_90a", "av-digits/av-digits.onnx", {}, ("fused", "audio"), ("--arch=sm_90a",)),
    ("digits-sm_86", "av-digits/av-digits.onnx", {}, ("fused", "video"), ("--arch=sm_86",)),
]


class Cuda:
    def __init__(self, report, tools, folder, only=""):
        self.report, self.tools, self.folder = report, tools, folder
        self.only = only.removeprefix("cuda/")
        build = os.path.dirname(tools.folder)
        self.driver = os.path.join(build, "lib", "ptx", "libcuda.so.1")

    def run(self):
        cases = [case for case in CASES if self.only in case[0]]
        if not os.path.exists(self.driver):
            return self.report.skip("cuda", 2 * len(cases), f"no {self.driver}: build ZorroPtxCuda")
        probe = self.tools.run("zorro-opt", os.path.join(FOLDER, TINY), "--target=cuda",
                               "--emit=cubin", "-o", os.path.join(self.folder, "probe.cubin"))
        if "no ptxas" in probe.stderr:
            return self.report.skip("cuda", 2 * len(cases), "no ptxas: tools/setup installs one")
        for name, *case in cases:
            got = self.report.check(f"cuda/{name}/agrees", self.agrees, name, *case)
            if got is not None:
                self.report.check(f"cuda/{name}/bits", self.sameBits, got)
        if self.only in "gpu-check":
            self.report.check("cuda/gpu-check", self.checkTool)
        return None

    def checkTool(self):
        """tools/gpu-check finds all models right, and NaN only where it belongs."""
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        done = self.tools.run(sys.executable, os.path.join(root, "tools", "gpu-check"),
                              f"--build={os.path.dirname(self.tools.folder)}", "--only=golden",
                              env={"ZORRO_CUDA_DRIVER": self.driver})
        if done.returncode != 0:
            raise Fault((done.stdout + done.stderr)[-1500:])

    def execute(self, artefact, entry, inputs, arch):
        given, taken = (os.path.join(self.folder, f"{os.path.basename(artefact)}.{entry}.{end}.npz")
                        for end in ("in", "out"))
        np.savez(given, **{name: inputs[name] for name in INPUTS[entry]})
        env = {"ZORRO_CUDA_DRIVER": self.driver,
               "ZORRO_STUB_DRIVER": "arch=" + arch.removeprefix("sm_").removesuffix("a")}
        self.tools.succeed("zorro-run", artefact, f"--function={entry}", f"--input=@{given}",
                           f"--output=@{taken}", env=env)
        with np.load(taken) as arrays:
            return dict(arrays)

    def agrees(self, name, model, shapes, entries, flags):
        """Every output of every entry lies near that of ONNX Runtime; gives them."""
        path, artefact = os.path.join(FOLDER, model), os.path.join(self.folder, f"{name}.so")
        given = [f"--shape={name}={'x'.join(map(str, shape))}" for name, shape in shapes.items()]
        self.tools.succeed("zorro-opt", path, "--target=cuda", f"--specialize={','.join(entries)}",
                           *given, *flags, "-o", artefact)
        arch = next(f.split("=")[1] for f in flags if f.startswith("--arch="))
        precision = "tf32" if "--precision=tf32" in flags else "bf16"
        reference = Reference(path)
        inputs = randomInputs(reference.shapes(shapes), seed=3)
        expected, results = reference.run(inputs), {}
        for entry in entries:
            got = results[entry] = self.execute(artefact, entry, inputs, arch)
            if sorted(got) != OUTPUTS[entry]:
                raise Fault(f"{entry}: expected {OUTPUTS[entry]} but got {sorted(got)}")
            for output, value in got.items():
                truth = expected[output]
                worst = float(np.abs(value - truth).max() / np.abs(truth).max())
                if not worst <= TOLERANCES[precision]:  # a NaN fails as well
                    raise Fault(f"{entry}: {output}: expected at most {TOLERANCES[precision]} of "
                                f"the largest value but got {worst:.3g}")
        return results

    @staticmethod
    def sameBits(results):
        """A cut program gives the whole one's bits."""
        for entry, outputs in results.items():
            expectSameBits(outputs, results["fused"], list(outputs))

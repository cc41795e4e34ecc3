# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts checks, prints progress, runs the tools, and asks ONNX Runtime for the truth."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import onnxruntime

TOLERANCE = 1e-4  # of the output's largest value


class Fault(Exception):
    """A check that failed, with its reason."""


class Report:
    """Counts checks, from several threads at once. One line for a group, one for each failure."""

    def __init__(self, groups):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.groups, self.done = groups, 0
        self.lock = threading.Lock()

    def check(self, name, function, *arguments):
        """Runs a check; it fails by raising. Returns what it returns, or None when it failed."""
        try:
            result = function(*arguments)
        except Fault as fault:
            return self.fail(name, str(fault))
        except Exception as fault:  # a fault of the check is a failure with a name too
            return self.fail(name, f"{type(fault).__name__}: {fault}")
        with self.lock:
            self.passed += 1
        return result

    def fail(self, name, why):
        with self.lock:
            self.failed += 1
            print(f"FAIL {name}\n     " + why.strip().replace("\n", "\n     "), flush=True)

    def skip(self, name, count, why):
        with self.lock:
            self.skipped += count
            print(f"skip {name}: {count} checks, {why}", flush=True)

    def groupDone(self, name, seconds):
        with self.lock:
            self.done += 1
            print(f"[{self.done}/{self.groups}] {name} … {seconds:.1f} s", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed or not self.passed else 0


class Tools:
    """zorro-opt and zorro-run as a user calls them."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        for tool in ("zorro-opt", "zorro-run"):
            if not os.access(self.path(tool), os.X_OK):
                sys.exit(f"expected {tool} in {self.folder} but found none; build it first")

    def path(self, tool):
        return os.path.join(self.folder, tool)

    def run(self, tool, *arguments, env=None, cwd=None, timeout=600):
        command = [tool if os.path.isabs(tool) else self.path(tool), *map(str, arguments)]
        try:
            return subprocess.run(command, capture_output=True, text=True, errors="replace",
                                  cwd=cwd, env={**os.environ, **(env or {})}, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Fault(f"expected an end within {timeout} s: {' '.join(command)}") from None

    def succeed(self, tool, *arguments, **options):
        done = self.run(tool, *arguments, **options)
        if done.returncode != 0:
            raise Fault(f"expected exit code 0 but got {done.returncode} from {tool} "
                        f"{' '.join(map(str, arguments))}\n{done.stderr[-1500:]}")
        return done.stdout


class Reference:
    """ONNX Runtime on the whole model."""

    def __init__(self, path, threads=2):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options,
                                                    providers=["CPUExecutionProvider"])
        self.outputs = [o.name for o in self.session.get_outputs()]

    def shapes(self, bound):
        return {i.name: bound.get(i.name, i.shape) for i in self.session.get_inputs()}

    def run(self, inputs):
        return dict(zip(self.outputs, self.session.run(None, inputs)))


def randomInputs(shapes, seed=0):
    generator = np.random.default_rng(seed)
    return {name: generator.standard_normal(shape, dtype=np.float32)
            for name, shape in shapes.items()}


def expectClose(got, expected):
    """Every output that is there lies within TOLERANCE of ONNX Runtime's. Returns the largest."""
    largest = 0.0
    for name, value in got.items():
        if name not in expected:
            raise Fault(f"expected one of {sorted(expected)} but got the output {name}")
        truth = expected[name]
        if value.shape != truth.shape or value.dtype != truth.dtype:
            raise Fault(f"{name}: expected {truth.dtype}{truth.shape} but got "
                        f"{value.dtype}{value.shape}")
        scale = float(np.abs(truth).max())
        worst = float(np.abs(value - truth).max()) / scale if scale else 0.0
        if not worst <= TOLERANCE:  # a NaN fails as well
            raise Fault(f"{name}: expected at most {TOLERANCE} of the largest value but got "
                        f"{worst:.3g}")
        largest = max(largest, worst)
    return largest


def expectSameBits(got, expected, names):
    for name in names:
        a, b = got[name], expected[name]
        if a.tobytes() != b.tobytes():
            count = int((a.view(np.uint32) != b.view(np.uint32)).sum())
            raise Fault(f"{name}: expected the same bits but {count} of {a.size} elements differ")


def stopwatch():
    start = time.monotonic()
    return lambda: time.monotonic() - start

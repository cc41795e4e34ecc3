#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX in, numbers out: every model in three specialisations against ONNX Runtime, and bad input.

  e2e.py [--tools=build/bin] [--filter=TEXT] [--large] [--jobs=2]

Runs in the environment that tools/setup makes: .venv/bin/python3 test/e2e/e2e.py
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile

from agreement import Agreement
from cuda import Cuda
from cuts import Cuts
from emitted import Emitted
from faults import Faults
from harness import Report, Tools, stopwatch
from models import FOLDER, MODELS, Model
from scale import Scale
from whole import Whole

NEEDS = {"x86-64-v3": {"avx2", "fma"},
         "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}}
# Checks of one model for one processor, where they are all skipped.
CHECKS, CLIP_CHECKS = 21, 3


def processorFlags():
    with open("/proc/cpuinfo") as cpuinfo:
        return next(set(line.split()) for line in cpuinfo if line.startswith("flags"))


def largeModel(folder):
    """zorro-vit-b with its weights, which are made once and kept beside the build."""
    made = os.path.join(folder, "zorro-vit-b.onnx")
    script = os.path.join(FOLDER, "fill_weights.py")
    sources = (script, os.path.join(FOLDER, "zorro-vit-b.onnx"))
    if not os.path.exists(made) or any(os.path.getmtime(made) < os.path.getmtime(s)
                                       for s in sources):
        subprocess.run([sys.executable, script, folder], check=True)
    return Model(made, layers=12, seconds=90, budget=True)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tools", default=os.path.join(root, "build", "bin"))
    parser.add_argument("--filter", default="", help="only groups, or faults, whose name holds it")
    parser.add_argument("--large", action="store_true", help="zorro-vit-b too")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()

    tools, flags = Tools(args.tools), processorFlags()
    small = [(model, cpu) for model in MODELS for cpu in NEEDS]
    best = "x86-64-v4" if NEEDS["x86-64-v4"] <= flags else "x86-64-v3"
    large = []
    if args.large and args.filter in f"zorro-vit-b/{best}":
        large = [(largeModel(os.path.join(os.path.dirname(tools.folder), "large")), best)]
    wanted = [(m, c) for m, c in small if args.filter in f"{m.name}/{c}"]
    # A filter may name a group ("cuts") or one check in it ("faults/zorro-opt/empty").
    others = [name for name in ("cuda", "cuts", "emitted", "faults", "scale", "whole")
              if args.filter in name or args.filter.startswith(name + "/")]
    report = Report(len(wanted) + len(large) + len(others))

    def one(model, cpu):
        elapsed = stopwatch()
        if not NEEDS[cpu] <= flags:
            report.skip(f"{model.name}/{cpu}", CHECKS + (CLIP_CHECKS if model.clips else 0),
                        f"this processor lacks {', '.join(sorted(NEEDS[cpu] - flags))}")
        else:
            with tempfile.TemporaryDirectory(prefix="zorro-e2e-") as folder:
                Agreement(report, tools, model, cpu, folder).run()
        report.groupDone(f"{model.name}/{cpu}", elapsed())

    def other(name):
        elapsed = stopwatch()
        with tempfile.TemporaryDirectory(prefix="zorro-e2e-") as folder:
            kind = {"cuda": Cuda, "cuts": Cuts, "emitted": Emitted, "faults": Faults, "scale": Scale,
                    "whole": Whole}[name]
            kind(report, tools, folder, args.filter if "/" in args.filter else "").run()
        report.groupDone(name, elapsed())

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        jobs = [pool.submit(one, *pair) for pair in wanted] + [pool.submit(other, n)
                                                               for n in others]
        for job in jobs:
            job.result()
    for pair in large:  # alone: it fills the machine
        one(*pair)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

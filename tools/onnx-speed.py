#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How fast ONNX Runtime runs a model, and what --emit=onnx makes of it.

  onnx-speed.py MODEL.onnx [--entries=fused,audio,video] [--threads=1,2] [--runs=5] [--opset=N]
                [--tools=build/bin] [--cpu-time] [--keep=FOLDER] [-- FLAGS OF ZORRO-OPT]

Runs take turns, one of each after the other, so that what else the machine does hits all alike;
what is printed are medians, and how many times as fast as the source the median run is. Checks
first that outputs agree. --cpu-time counts processor time instead of the clock's: on a busy
machine it says more.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that spin while they wait would count as work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def makeInputs(source):
    generator = np.random.default_rng(0)
    return {i.name: generator.standard_normal(i.shape, dtype=np.float32)
            for i in source.get_inputs()}


def run(model, inputs):
    return model.run(None, {i.name: inputs[i.name] for i in model.get_inputs()})


def expectClose(source, emitted, inputs, name):
    truth = dict(zip([o.name for o in source.get_outputs()], run(source, inputs)))
    got = dict(zip([o.name for o in emitted.get_outputs()], run(emitted, inputs)))
    for output, value in got.items():
        scale = float(np.abs(truth[output]).max()) or 1.0
        worst = float(np.abs(value - truth[output]).max()) / scale
        if not worst <= 1e-4:
            sys.exit(f"{name}: {output} differs from the source's by {worst:.3g} of its largest "
                     "value")


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("--entries", default="fused,audio,video")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--opset", type=int, default=0)
    parser.add_argument("--tools", default=os.path.join(root, "build", "bin"))
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--keep", help="a folder for the files that are made")
    parser.add_argument("flags", nargs="*", help="further flags of zorro-opt")
    args = parser.parse_args()
    clock = time.process_time if args.cpu_time else time.monotonic
    entries = args.entries.split(",")
    with tempfile.TemporaryDirectory(prefix="zorro-speed-") as scratch:
        folder = args.keep or scratch
        paths = {}
        for entry in entries:
            paths[entry] = os.path.join(folder, f"{entry}.onnx")
            subprocess.run([os.path.join(args.tools, "zorro-opt"), args.model, "--emit=onnx",
                            f"--specialize={entry}", "-o", paths[entry], *args.flags,
                            *([f"--opset={args.opset}"] if args.opset else [])], check=True)
        for threads in map(int, args.threads.split(",")):
            models = {"source": session(args.model, threads),
                      **{entry: session(path, threads) for entry, path in paths.items()}}
            inputs = makeInputs(models["source"])
            for entry in entries:  # this warms them up, too
                expectClose(models["source"], models[entry], inputs, entry)
            times = {name: [] for name in models}
            for _ in range(args.runs):
                for name, model in models.items():
                    start = clock()
                    run(model, inputs)
                    times[name].append(1e3 * (clock() - start))
            source = statistics.median(times["source"])
            for name, values in times.items():
                median = statistics.median(values)
                print(f"{threads} threads  {name:8s} {median:9.1f} ms  {source / median:5.2f} x  "
                      f"({min(values):.1f} to {max(values):.1f})", flush=True)


if __name__ == "__main__":
    main()

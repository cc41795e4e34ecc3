# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tools/demo does once all is built: demo.py BUILD [--large]."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import onnxruntime

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = os.path.join(ROOT, "test", "models")
ENTRIES = ("fused", "audio", "video")
POOLED = ("audio", "video", "fusion", "global")
TOLERANCE = 1e-4
SECONDS = 1.0  # at least, for each timing


class Progress:
    def __init__(self, total):
        self.total, self.count = total, 0

    def step(self, what, function, *arguments):
        self.count += 1
        print(f"[{self.count}/{self.total}] {what} …", end="", flush=True)
        start = time.monotonic()
        result = function(*arguments)
        print(f" {time.monotonic() - start:.1f} s", flush=True)
        return result


class Demo:
    def __init__(self, build, large):
        self.bin, self.large = os.path.join(build, "bin"), large
        self.folder = os.path.join(build, "demo-large" if large else "demo")
        os.makedirs(self.folder, exist_ok=True)
        cores = len(os.sched_getaffinity(0))
        self.threads = sorted({1, min(cores, 8)})

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, name, *arguments):
        done = subprocess.run([os.path.join(self.bin, name), *arguments], text=True,
                              capture_output=True)
        if done.returncode != 0:
            sys.exit(f"\n{done.stderr}tools/demo: {name} ended with {done.returncode}")
        return done.stdout

    def load(self):
        """The model's path, its inputs clip by clip, and their labels if there are any."""
        if not self.large:
            with np.load(os.path.join(MODELS, "av-digits", "clips.npz")) as clips:
                self.inputs = {name: clips[name] for name in ("audio", "video")}
                self.labels = clips["label"]
            self.model = os.path.join(MODELS, "av-digits", "av-digits.onnx")
            return
        self.model, self.labels = self.path("zorro-vit-b.onnx"), None
        if not os.path.exists(self.model):
            subprocess.run([sys.executable, os.path.join(MODELS, "fill_weights.py"), self.folder,
                            "--inputs"], check=True)
        with np.load(self.path("inputs.npz")) as inputs:
            self.inputs = dict(inputs)

    def compile(self, name, entries):
        self.tool("zorro-opt", self.model, f"--specialize={entries}", "-o", self.path(name))

    def reference(self):
        """ONNX Runtime's outputs, and its milliseconds for each number of threads."""
        times = {}
        for threads in self.threads:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            session = onnxruntime.InferenceSession(self.model, options,
                                                   providers=["CPUExecutionProvider"])
            size = session.get_inputs()[0].shape[0]
            clips = [{n: x[i:i + size] for n, x in self.inputs.items()}
                     for i in range(0, len(self.inputs["audio"]), size)]
            times[threads] = milliseconds(lambda: session.run(None, clips[0]))
        names = [o.name for o in session.get_outputs()]
        runs = [session.run(None, clip) for clip in clips]
        outputs = {n: np.concatenate([r[i] for r in runs]) for i, n in enumerate(names)}
        return outputs, times

    def run(self, entry):
        described = json.loads(self.tool("zorro-run", self.path(f"{entry}.so"), "--describe=json"))
        takes = [i["name"] for i in described["entries"][0]["inputs"]]
        np.savez(self.path("in.npz"), **{name: self.inputs[name] for name in takes})
        self.tool("zorro-run", self.path(f"{entry}.so"), "--each",
                  f"--input=@{self.path('in.npz')}", f"--output=@{self.path('out.npz')}",
                  f"--threads={self.threads[-1]}")
        with np.load(self.path("out.npz")) as outputs:
            return takes, dict(outputs)

    def bench(self, entry):
        times = {}
        for threads in self.threads:
            rows = json.loads(self.tool(
                "zorro-bench", self.path(f"{entry}.so"), f"--threads={threads}",
                f"--benchmark_filter=^{entry}(/manual_time)?$", f"--benchmark_min_time={SECONDS}",
                "--benchmark_format=json"))["benchmarks"]
            row = next(r for r in rows if r["name"].split("/")[0] == entry)
            times[threads] = row["real_time"] * {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3}[
                row["time_unit"]]
        return times


def milliseconds(function):
    """The median over at least SECONDS and three runs, the first not counted."""
    function()
    times, end = [], time.monotonic() + SECONDS
    while len(times) < 3 or time.monotonic() < end:
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times))


def table(rows, words):
    """Columns as wide as they must be, the first `words` of them flush left, under a heading."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print()
    for index, row in enumerate(rows):
        print("  ".join(cell.ljust(width) if i < words else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
        if index == 0:
            print("─" * (sum(widths) + 2 * (len(widths) - 1)))


def right(outputs, labels):
    """For each pooled logits output, how many clips it names right."""
    logits = [outputs.get(f"{name}_logits") for name in POOLED]
    return ["–" if l is None else str(int((l.argmax(1) == labels).sum())) for l in logits]


def megabytes(*paths):
    return f"{sum(os.path.getsize(p) for p in paths if os.path.exists(p)) / 1e6:.1f} MB"


def compare(ran, expected):
    """The largest relative difference of each binary; ends the demo where one is too large."""
    verdict = {}
    for entry, (_, outputs) in ran.items():
        verdict[entry] = max(float(np.abs(value - expected[name]).max() /
                                   np.abs(expected[name]).max())
                             for name, value in outputs.items())
        if not verdict[entry] <= TOLERANCE:
            sys.exit(f"\n{entry}: expected at most {TOLERANCE} of difference from ONNX Runtime but "
                     f"got {verdict[entry]:.3g}")
        for name in (n for n in outputs if n.endswith("logits")):
            differ = int((outputs[name].argmax(1) != expected[name].argmax(1)).sum())
            if differ:
                sys.exit(f"\n{entry}: expected ONNX Runtime's answers but {differ} clips differ "
                         f"in {name}")
    return verdict


def printBinaries(demo, ran, expected, verdict):
    trained = demo.labels is not None
    rows = [["binary", "takes", "gives", "file"] + list(POOLED) * trained + ["difference"]]
    for entry in ENTRIES:
        takes, outputs = ran[entry]
        file = demo.path(f"{entry}.so")
        rows.append([os.path.basename(file), ", ".join(takes), f"{len(outputs)} outputs",
                     megabytes(file)] + (right(outputs, demo.labels) if trained else []) +
                    [f"{verdict[entry]:.1e}"])
    rows.append(["ONNX Runtime", ", ".join(demo.inputs), f"{len(expected)} outputs",
                 megabytes(demo.model, demo.model.replace(".onnx", ".data"))] +
                (right(expected, demo.labels) if trained else []) + ["–"])
    table(rows, 3)
    if trained:
        print(f"{', '.join(POOLED)}: of {len(demo.labels)} clips, how many these logits name right")
    print("difference: the largest from ONNX Runtime, relative to an output's largest value")


def printTimes(demo, times, peerTimes):
    rows = [["milliseconds a clip"]]
    for threads in demo.threads:
        rows[0] += [f"{threads} thread{'s' if threads > 1 else ''}", "speed"]
    for name, row in [*((f"{e}.so", times[e]) for e in ENTRIES),
                      ("ONNX Runtime, the whole model", peerTimes)]:
        rows.append([name] + [cell for t in demo.threads
                              for cell in (f"{row[t]:.2f}", f"{peerTimes[t] / row[t]:.2f} ×")])
    table(rows, 1)
    print("speed: how often it runs while ONNX Runtime runs the whole model once")


def main():
    demo = Demo(sys.argv[1], "--large" in sys.argv[2:])
    progress = Progress(10)
    demo.load()
    name = os.path.basename(demo.model)
    for entry in ENTRIES:
        progress.step(f"compile {name} for {entry}", demo.compile, f"{entry}.so", entry)
    progress.step("compile all three into one file", demo.compile, "all.so", ",".join(ENTRIES))
    expected, peerTimes = progress.step("run ONNX Runtime", demo.reference)
    ran = {entry: progress.step(f"run {entry}", demo.run, entry) for entry in ENTRIES}
    times = progress.step("time each", lambda: {e: demo.bench(e) for e in ENTRIES})
    verdict = progress.step("compare", compare, ran, expected)

    printBinaries(demo, ran, expected, verdict)
    printTimes(demo, times, peerTimes)
    print(f"\nall.so holds the three over one set of weights: {megabytes(demo.path('all.so'))}")
    tool, file = (os.path.relpath(p) for p in (os.path.join(demo.bin, "zorro-run"),
                                               demo.path("audio.so")))
    print(f"look into a binary with: {tool} {file} --describe")


if __name__ == "__main__":
    main()

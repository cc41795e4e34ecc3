#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Some hundred small models with masks of every form, each against ONNX Runtime: numbers, claimed
against measured dependence, every cut, and tables in place of masks.

  mask_forms.py [--tools=build/bin] [--filter=TEXT] [--every=1] [--jobs=2] [--list]
                [--keep=FOLDER]

Runs in the environment that tools/setup makes: .venv/bin/python3 test/e2e/mask_forms.py
"""

import argparse
import collections
import multiprocessing
import os
import sys
import tempfile
import time

from forms.table import makeTable


def work(pipe, tools, folder):
    """Checks the cases whose numbers come through the pipe, until None comes."""
    from forms.artefact import Library
    from forms.check import Checker
    checker, cases = Checker(tools, Library(tools), folder), makeTable()
    while (number := pipe.recv()) is not None:
        results = []
        try:
            results = list(checker.run(cases[number]))
        except Exception as fault:  # a fault of the check is a failure with a name too
            results.append(("check", f"{type(fault).__name__}: {fault}"))
        pipe.send(results)


class Worker:
    """A process of its own for cases: what crashes in it is one case's failure."""

    def __init__(self, tools, folder):
        self.tools, self.folder = tools, folder
        self.number = None
        self.start()

    def start(self):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=work, args=(other, self.tools, self.folder))
        self.process.start()
        other.close()

    def give(self, number):
        self.number = number
        self.pipe.send(number)

    def take(self):
        try:
            return self.pipe.recv()
        except EOFError:
            self.process.join()
            self.start()
            return [("crash", "the process ended while it ran the case: signal "
                              f"{-(self.process.exitcode or 0)}")]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tools", default=os.path.join(root, "build", "bin"))
    parser.add_argument("--filter", default="", help="only cases whose name holds it")
    parser.add_argument("--every", type=int, default=1, help="only each so manieth of them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument("--keep", metavar="FOLDER", help="only write the models there")
    args = parser.parse_args()

    cases = makeTable()
    wanted = [i for i, case in enumerate(cases) if args.filter in case.name][::args.every]
    if args.list:
        print("\n".join(cases[i].name for i in wanted))
        return 0
    if args.keep:
        return keep([cases[i] for i in wanted], args.keep)
    print(f"{len(wanted)} of {len(cases)} models", flush=True)
    return Run(cases, args).finish(wanted)


def keep(cases, folder):
    import onnx
    os.makedirs(folder, exist_ok=True)
    for case in cases:
        model, padding = case.build()
        path = os.path.join(folder, case.name.replace("/", "-") + ".onnx")
        onnx.save(model, path)
        flags = [f"--modality={m}={i}" for i, m in case.modalityOf(
            padding, [i.name for i in model.graph.input]).items() if m != i]
        print(path, *flags)
    return 0


class Run:
    def __init__(self, cases, args):
        self.cases, self.args = cases, args
        self.passed, self.failed, self.failures = 0, 0, collections.Counter()

    def finish(self, wanted):
        waiting = list(reversed(wanted))
        start, done = time.monotonic(), 0
        with tempfile.TemporaryDirectory(prefix="zorro-forms-") as folder:
            workers = []
            for number in range(min(self.args.jobs, len(wanted))):
                own = os.path.join(folder, str(number))
                os.makedirs(own)
                workers.append(Worker(self.args.tools, own))
            for worker in workers:
                worker.give(waiting.pop())
            while any(worker.number is not None for worker in workers):
                busy = [w for w in workers if w.number is not None]
                ready = multiprocessing.connection.wait([w.pipe for w in busy])
                for worker in (w for w in busy if w.pipe in ready):
                    self.count(self.cases[worker.number], worker.take())
                    worker.number = None
                    done += 1
                    if done % 50 == 0:
                        print(f"[{done}/{len(wanted)}] models … "
                              f"{time.monotonic() - start:.0f} s", flush=True)
                    if waiting:
                        worker.give(waiting.pop())
            for worker in workers:
                worker.pipe.send(None)
                worker.process.join()
        for kind, count in sorted(self.failures.items()):
            print(f"failed {kind}: {count}")
        print(f"{self.passed} passed, {self.failed} failed, 0 skipped")
        return 1 if self.failed or not self.passed else 0

    def count(self, case, results):
        for kind, failure in results:
            if failure is None:
                self.passed += 1
                continue
            self.failed += 1
            self.failures[kind] += 1
            print(f"FAIL {case.name}/{kind}\n     " + failure.replace("\n", "\n     "), flush=True)


if __name__ == "__main__":
    import multiprocessing.connection
    sys.exit(main())

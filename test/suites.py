#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs suites of a build folder and sums their counts.

  suites.py BUILD unit lit e2e forms graphs conformance
"""

import json
import os
import subprocess
import sys
import tempfile
import time

LIT_PASSED = ("PASS", "FLAKYPASS", "XFAIL")
LIT_SKIPPED = ("UNSUPPORTED", "SKIPPED", "EXCLUDED")


def unit(build, scratch):
    """All that CTest knows. Programs of GoogleTest are counted test by test."""
    listed = json.loads(subprocess.run(["ctest", "--show-only=json-v1"], cwd=build, check=True,
                                       capture_output=True, text=True).stdout)
    commands, missing = [], 0
    for test in listed["tests"]:
        if "command" not in test:
            print(f"{test['name']}: expected its program but found none; is it built?")
            missing += 1
            continue
        command = [a for a in test["command"] if not a.startswith("--gtest_filter")]
        folder = next((p["value"] for p in test.get("properties", [])
                       if p["name"] == "WORKING_DIRECTORY"), build)
        if (command, folder) not in commands:
            commands.append((command, folder))
    total = [0, missing, 0]
    for index, (command, folder) in enumerate(commands):
        results = os.path.join(scratch, f"unit-{index}.json")
        environment = {**os.environ, "GTEST_OUTPUT": f"json:{results}"}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                              errors="replace", env=environment)
        counts = [1, 0, 0] if done.returncode == 0 else [0, 1, 0]
        if os.path.exists(results):
            counts = googleCounts(results, done.returncode)
        if counts[1]:
            print(done.stdout[-8000:] + done.stderr[-4000:])
        total = [a + b for a, b in zip(total, counts)]
    return total


def googleCounts(results, status):
    counts = [0, 0, 0]
    with open(results, encoding="utf-8") as file:
        for suite in json.load(file)["testsuites"]:
            for test in suite["testsuite"]:
                skipped = test.get("result") == "SKIPPED" or test.get("status") == "NOTRUN"
                counts[1 if test.get("failures") else 2 if skipped else 0] += 1
    if status != 0 and not counts[1]:
        counts[1] = 1  # it crashed before it could write which
    return counts


def lit(build, scratch):
    results = os.path.join(scratch, "lit.json")
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as cache:
        tool = next(line.split("=", 1)[1].strip() for line in cache
                    if line.startswith("LLVM_EXTERNAL_LIT:"))
    done = subprocess.run([sys.executable, tool, "-sv", "--allow-empty-runs", "-o", results,
                           os.path.join(build, "test")])
    if not os.path.exists(results):
        print(f"expected results of lit but it ended with {done.returncode}")
        return [0, 1, 0]
    with open(results, encoding="utf-8") as file:
        codes = [test["code"] for test in json.load(file)["tests"]]
    passed = sum(code in LIT_PASSED for code in codes)
    skipped = sum(code in LIT_SKIPPED for code in codes)
    return [passed, len(codes) - passed - skipped, skipped]


def e2e(build, scratch):
    del scratch
    return countingScript(build, "e2e.py", "--large")


def conformance(build, scratch):
    del scratch
    return countingScript(build, "conformance.py", "--check")


def forms(build, scratch):
    del scratch
    return countingScript(build, "mask_forms.py")


def graphs(build, scratch):
    del scratch
    return countingScript(build, "random_graphs.py")


def countingScript(build, name, *flags):
    """A script of test/e2e whose last line sums up."""
    here = os.path.dirname(os.path.abspath(__file__))
    running = subprocess.Popen([sys.executable, os.path.join(here, "e2e", name), *flags,
                                f"--tools={os.path.join(build, 'bin')}"],
                               stdout=subprocess.PIPE, text=True)
    last = ""
    for line in running.stdout:
        if last:
            print(last, end="", flush=True)
        last = line
    status = running.wait()
    words = last.replace(",", "").split()
    if words[1::2] != ["passed", "failed", "skipped"]:
        print(last + f"expected counts at the end of {name} but it ended with {status}")
        return [0, 1, 0]
    return [int(word) for word in words[0::2]]


def main():
    build, names = sys.argv[1], sys.argv[2:]
    suites = {"unit": unit, "lit": lit, "e2e": e2e, "conformance": conformance,
              "forms": forms, "graphs": graphs}
    total = [0, 0, 0]
    for index, name in enumerate(names, 1):
        start = time.monotonic()
        print(f"[{index}/{len(names)}] {name} tests …", flush=True)
        with tempfile.TemporaryDirectory(prefix="zorro-test-") as scratch:
            counts = suites[name](build, scratch)
        total = [a + b for a, b in zip(total, counts)]
        print(f"[{index}/{len(names)}] {name} tests: {counts[0]} passed, {counts[1]} failed, "
              f"{counts[2]} skipped … {time.monotonic() - start:.1f} s", flush=True)
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())

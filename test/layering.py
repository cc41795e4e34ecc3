#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads every #include and fails on an arrow that points back: dialects <- passes <- lowering <-
tools; the runtime stands alone, and runtime/Abi/Abi.h is the only bridge to it."""

import os
import re
import sys

ROOMS = ["dialects", "passes", "lowering", "tools"]
BRIDGE = "runtime/Abi/Abi.h"
# Libraries that only some folders may see, by the first part of the header's path.
LIBRARIES = {
    "mlir": ("dialects", "passes", "lowering", "tools/zorro-opt"),
    "llvm": ("dialects", "passes", "lowering", "tools/zorro-opt"),
    "lld": ("lowering/Emit",),
    "onnx": ("dialects/Onnx",),
    "google": ("dialects/Onnx",),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def fault(path, header):
    """Says what is wrong with `path` (from the root) including `header` (likewise), or None."""
    room, target = path.split("/")[0], header.split("/")[0]
    if target in LIBRARIES:
        allowed = LIBRARIES[target]
        if not any(path.startswith(a + "/") for a in allowed):
            return f"only {', '.join(allowed)} may include {target}/"
    elif room == "runtime" and target in ROOMS:
        return "the runtime includes nothing of the compiler"
    elif room in ROOMS and target == "runtime":
        if room != "tools" and header != BRIDGE:
            return f"the compiler sees nothing of the runtime but {BRIDGE}"
    elif room in ROOMS and target in ROOMS and ROOMS.index(target) > ROOMS.index(room):
        return f"{room} may not include {target}"
    return None


def includes(root, path):
    """Yields (line number, header) with headers of this tree spelled from the root."""
    with open(os.path.join(root, path), encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            header = match.group(2)
            beside = os.path.normpath(os.path.join(os.path.dirname(path), header))
            if match.group(1) == '"' and os.path.exists(os.path.join(root, beside)):
                header = beside
            yield number, header


def selfTest():
    """The rules themselves, on one right and one wrong arrow each."""
    for path, header, wrong in [
            ("dialects/Zorro/A.h", "passes/Raise/B.h", True),
            ("passes/Raise/A.h", "dialects/Zorro/B.h", False),
            ("passes/Fuse/A.h", "lowering/Cpu/B.h", True),
            ("lowering/Cpu/A.h", "passes/Fuse/B.h", False),
            ("lowering/Emit/A.h", "tools/zorro-opt/B.h", True),
            ("lowering/Emit/A.h", "runtime/Abi/Abi.h", False),
            ("lowering/Emit/A.h", "runtime/Core/Artefact.h", True),
            ("tools/zorro-run/A.h", "runtime/Core/Artefact.h", False),
            ("runtime/Core/A.h", "dialects/Zorro/B.h", True),
            ("runtime/Core/A.h", "llvm/ADT/StringRef.h", True),
            ("runtime/Core/A.h", "runtime/Cpu/Features.h", False),
            ("tools/zorro-run/A.h", "mlir/IR/Operation.h", True),
            ("passes/Raise/A.h", "onnx/defs/schema.h", True),
            ("dialects/Onnx/Import/A.h", "onnx/defs/schema.h", False),
            ("dialects/Zorro/A.h", "lld/Common/Driver.h", True)]:
        if (fault(path, header) is not None) != wrong:
            sys.exit(f"layering.py: expected {'a fault' if wrong else 'none'} where {path} "
                     f"includes {header}")


def main():
    selfTest()
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    files = faults = 0
    for room in ROOMS + ["runtime"]:
        for folder, _, names in os.walk(os.path.join(root, room)):
            for name in sorted(names):
                if not name.endswith((".h", ".cpp", ".c", ".inc")):
                    continue
                path = os.path.relpath(os.path.join(folder, name), root)
                files += 1
                for number, header in includes(root, path):
                    wrong = fault(path, header)
                    if wrong:
                        faults += 1
                        print(f"{path}:{number}: includes {header}, but {wrong}")
    print(f"layering: {files} files, {faults} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The generated pages of docs/ are those that the .td files give.

  docs.py [--tblgen=mlir-tblgen] [--include=FOLDER] [--update]

Without --update, exits with 1 and names each page that is stale.
"""

import argparse
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = {
    "Dialects/Onnx.md": ("dialects/Onnx/OnnxDialect.td", "-gen-dialect-doc", "-dialect=onnx"),
    "Dialects/Zorro.md": ("dialects/Zorro/ZorroOps.td", "-gen-dialect-doc", "-dialect=zorro"),
    "Passes/Raise.md": ("passes/Raise/Passes.td", "-gen-pass-doc"),
    "Passes/Analysis.md": ("passes/Analysis/Passes.td", "-gen-pass-doc"),
    "Passes/Specialise.md": ("passes/Specialise/Passes.td", "-gen-pass-doc"),
    "Passes/Fuse.md": ("passes/Fuse/Passes.td", "-gen-pass-doc"),
    "Passes/Unraise.md": ("passes/Unraise/Passes.td", "-gen-pass-doc"),
    "Passes/Plan.md": ("lowering/Plan/Passes.td", "-gen-pass-doc"),
    "Passes/Cpu.md": ("lowering/Cpu/Passes.td", "-gen-pass-doc"),
    "Passes/Gpu.md": ("lowering/Gpu/Passes.td", "-gen-pass-doc"),
}


def generate(tblgen, include, source, *flags):
    source = os.path.join(ROOT, source)
    return subprocess.run([tblgen, *flags, f"-I{include}", f"-I{os.path.dirname(source)}",
                           f"-I{ROOT}", source], check=True, capture_output=True,
                          text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tblgen", default="/usr/lib/llvm-22/bin/mlir-tblgen")
    parser.add_argument("--include", default="/usr/lib/llvm-22/include")
    parser.add_argument("--update", action="store_true", help="write the pages instead")
    args = parser.parse_args()

    stale = []
    for page, (source, *flags) in PAGES.items():
        text = generate(args.tblgen, args.include, source, *flags)
        path = os.path.join(ROOT, "docs", page)
        old = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                old = file.read()
        if text == old:
            continue
        stale.append(page)
        if args.update:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    for page in stale:
        print(f"docs/{page} {'written' if args.update else 'is stale: run test/docs.py --update'}")
    return 1 if stale and not args.update else 0


if __name__ == "__main__":
    sys.exit(main())

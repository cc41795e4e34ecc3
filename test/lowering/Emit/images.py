#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Looks into the code of an artefact for GPUs.

  images.py FILE.so FILE.cubin

Says whether the cubin lies in it as it is, and for which target the PTX is.
"""

import sys


def main():
    code, cubin = (open(path, "rb").read() for path in sys.argv[1:3])
    print("cubin:", "the same" if cubin in code else "another or none")
    at = code.find(b".target ")
    print("ptx:", code[at:code.index(b"\n", at)].decode() if at >= 0 else "none")


if __name__ == "__main__":
    main()

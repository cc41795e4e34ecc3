#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the instructions of every kernel in a cubin, without a disassembler.

  sass.py FILE.cubin

Prints for each kernel, in the order of their names, `NAME: N instructions`, and below it a line
`  OPCODE COUNT` for each opcode; those that are not named here are in hex.
"""

import collections
import struct
import sys

# The low 12 bits of an instruction of 16 bytes (sm_80 to sm_120), told apart by kernels of one
# purpose each.
NAMES = {0x9F0: "HGMMA", 0xDF0: "HGMMA.R", 0x23C: "HMMA", 0x83B: "LDSM", 0x844: "STSM",
         0xFAE: "LDGSTS", 0x5B4: "UTMALDG", 0x308: "MUFU", 0x23E: "F2FP", 0x9C5: "WARPGROUP",
         0x983: "LDL", 0x387: "STL", 0xB1D: "BAR", 0x986: "STG", 0x981: "LDG", 0x984: "LDS",
         0x388: "STS", 0x223: "FFMA", 0x221: "FADD", 0x220: "FMUL", 0x94D: "EXIT", 0x918: "NOP"}
# Local memory: nothing a kernel should need.
LOCAL = ("LDL", "STL")


def sections(data):
    """Yields (name, bytes) of a 64-bit little-endian ELF file."""
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError("expected a 64-bit little-endian ELF file")
    start, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", data, start + size * i) for i in range(count)]
    strings = headers[names][4]
    for name, kind, _, _, offset, length in headers:
        end = data.index(b"\0", strings + name)
        yield data[strings + name:end].decode(), data[offset:offset + length] if kind != 8 else b""


def histogram(code):
    """Opcodes of a kernel's code, without what is switched off or only fills the end."""
    counts = collections.Counter()
    for at in range(0, len(code) - 15, 16):
        word, = struct.unpack_from("<Q", code, at)
        opcode, predicate = word & 0xFFF, word >> 12 & 0xF
        if predicate == 0xF or NAMES.get(opcode) == "NOP":
            continue
        counts[NAMES.get(opcode, hex(opcode))] += 1
    return counts


def kernels(path):
    """{kernel: {opcode: count}} of a cubin."""
    with open(path, "rb") as file:
        data = file.read()
    return {name[len(".text."):]: histogram(code) for name, code in sections(data)
            if name.startswith(".text.")}


def main():
    for name, counts in sorted(kernels(sys.argv[1]).items()):
        print(f"{name}: {sum(counts.values())} instructions")
        for opcode, count in sorted(counts.items()):
            print(f"  {opcode} {count}")


if __name__ == "__main__":
    main()

# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of test/models as lines of the table: exports of the package zorro-pytorch."""

import os
from dataclasses import dataclass

import numpy as np
import onnx

from .routes import Streams

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models")
# What a refusal to cut out audio must say: which row, and why it reads everything.
NO_KEY = r"row 0\b.*no (allowed|live) key"


@dataclass
class FileCase:
    name: str
    file: str
    parts: tuple
    layers: int = 2
    refusal: str = ""
    seed: int = 0
    dense: str = ""
    loose: str = ""
    promise: bool = False
    lies: bool = False
    flags: tuple = ()

    @property
    def streams(self):
        return Streams(list(self.parts))

    def build(self):
        return onnx.load(os.path.join(FOLDER, self.file)), None

    def modalityOf(self, padding, inputs):
        del padding
        return {i: i for i in inputs}

    def patterns(self, padding, shapes):
        del padding
        random = np.random.default_rng(self.seed)
        return {"all": {n: random.standard_normal(s).astype(np.float32)
                        for n, s in shapes.items()}}


def packageCases():
    parts = (("audio", 10), ("fusion", 3), ("video", 12))
    for seed, export in enumerate(("op17-torchscript", "op18", "op23")):
        for kind in ("", "-mended"):
            yield FileCase(f"package/zorro-pytorch{kind}/{export}",
                           f"zorro-pytorch{kind}-{export}.onnx", parts,
                           refusal="" if kind else NO_KEY, seed=seed)

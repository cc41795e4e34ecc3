# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models that are compiled, run and compared, and what is known of each."""

import os
from dataclasses import dataclass, field

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "models")
ENTRIES = ("fused", "audio", "video")
# What each entry must take and give, in every model here.
INPUTS = {"fused": ["audio", "video"], "audio": ["audio"], "video": ["video"]}
POOLED = {"fused": ["audio", "fusion", "global", "video"], "audio": ["audio"], "video": ["video"]}
OUTPUTS = {entry: sorted(f"{name}_{what}" for name in POOLED[entry]
                         for what in ("embedding", "logits")) for entry in ENTRIES}
# Weights that only one modality uses, by how the scripts that made the models name them.
OWN_WEIGHTS = {"video": r"video|^vpos|^vpatch|^cls\.1\.", "audio": r"audio|^apos|^apatch|^cls\.0\."}

# What zorro-vit-b may cost: the numbers that its kernels, merged and fused as designed, stay below.
LIMITS = {"kernels": 16, "launches": 6 * 12 + 16, "code_bytes": 300_000, "arena_bytes": 64_000_000}


@dataclass
class Model:
    file: str
    shapes: dict = field(default_factory=dict)  # for inputs with symbolic sizes
    layers: int = 2
    clips: bool = False  # trained: compare clip by clip
    seconds: int = 120  # within which one compilation must end
    budget: bool = False  # hold it to LIMITS

    @property
    def name(self):
        return os.path.splitext(os.path.basename(self.file))[0]

    @property
    def path(self):
        return self.file if os.path.isabs(self.file) else os.path.join(FOLDER, self.file)

    def shapeFlags(self):
        return [f"--shape={name}={'x'.join(map(str, shape))}"
                for name, shape in self.shapes.items()]


def tinyModels():
    for style in ("sdpa", "where", "add"):
        for variant in ("op18", "op23", "op17-torchscript"):
            yield Model(f"zorro-tiny-{style}-{variant}.onnx")
        yield Model(f"zorro-tiny-{style}-op18-dynamic-batch.onnx",
                    shapes={"audio": (3, 1, 16, 64), "video": (3, 3, 4, 32, 32)})


MODELS = [
    *tinyModels(),
    Model("variant-31-5-33-add.onnx"),
    Model("variant-video-first-separate.onnx"),
    Model("variant-fusion-first-where.onnx"),
    Model("variant-mask-from-types.onnx"),
    Model("av-digits/av-digits.onnx", layers=4, clips=True),
    Model("av-digits/av-digits-batch.onnx", layers=4, clips=True,
          shapes={"audio": (20, 1, 32, 64), "video": (20, 3, 4, 32, 32)}),
]

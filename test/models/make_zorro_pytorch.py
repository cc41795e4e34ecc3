#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports tiny models of the package zorro-pytorch 0.1.1 (PyPI) to ONNX.

  make_zorro_pytorch.py FOLDER

Needs torch, torchaudio, onnxscript and zorro-pytorch. The spectrogram is computed outside: the
input `audio` is one. As the package stands, the pooling rows of audio and video attend to nothing
(a missing pair of parentheses), so that they average all tokens; `-mended` files get the mask that
was meant, put in from outside.
"""

import os
import sys

import onnx
import torch
from torch import nn
from zorro_pytorch import TokenTypes, Zorro

WIDTH, AUDIO, VIDEO = 32, (1, 8, 20), (1, 3, 4, 8, 12)
ROWS = ("audio", "video", "fusion", "global")
EXPORTS = {"op17-torchscript": (17, False), "op18": (18, True), "op23": (23, True)}


class MeantPool(nn.Module):
    """The package's pooling with the mask that its comments describe."""

    def __init__(self, pool, sees):
        super().__init__()
        self.pool = pool
        self.register_buffer("sees", sees, persistent=False)

    def forward(self, x, context, attn_mask):
        del attn_mask
        return self.pool(x, context=context, attn_mask=self.sees)


class Outputs(nn.Module):
    """One output for each pooled row, by name."""

    def __init__(self, zorro):
        super().__init__()
        self.zorro = zorro

    def forward(self, audio, video):
        return self.zorro(audio=audio, video=video).unbind(1)


def makeModel(mended):
    torch.manual_seed(7)
    zorro = Zorro(dim=WIDTH, depth=2, dim_head=16, heads=2, num_fusion_tokens=3,
                  audio_patch_size=4, video_patch_size=4, video_temporal_patch_size=2,
                  return_token_types=tuple(TokenTypes[name.upper()] for name in ROWS))
    zorro.spec = nn.Identity()
    if mended:
        types = torch.tensor([0] * 10 + [2] * 3 + [1] * 12)  # audio, fusion, video: as they lie
        sees = torch.stack([types == 0, types == 1, types == 2, types >= 0])
        zorro.attn_pool = MeantPool(zorro.attn_pool, sees)
    return Outputs(zorro).eval()


def strip(path):
    """Takes out stack traces: they are long, and tell of the machine that wrote the file."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    model.graph.ClearField("metadata_props")
    model.graph.ClearField("value_info")
    onnx.save(model, path)


def main():
    folder = sys.argv[1]
    for mended in (False, True):
        model = makeModel(mended)
        inputs = (torch.randn(AUDIO), torch.randn(VIDEO))
        for name, (opset, dynamo) in EXPORTS.items():
            path = os.path.join(folder, f"zorro-pytorch{'-mended' if mended else ''}-{name}.onnx")
            options = {"external_data": False} if dynamo else {}
            torch.onnx.export(model, inputs, path, input_names=["audio", "video"],
                              output_names=[f"{row}_out" for row in ROWS], opset_version=opset,
                              dynamo=dynamo, **options)
            strip(path)
            print(path, os.path.getsize(path))


if __name__ == "__main__":
    main()

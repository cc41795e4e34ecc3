#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives zorro-vit-b.onnx, which is stored without its 365 MB of weights, weights that are random
and the same every time. Needs numpy and onnx.

  fill_weights.py FOLDER [--inputs] [--model=zorro-vit-b.onnx]

writes FOLDER/zorro-vit-b.onnx, FOLDER/zorro-vit-b.data and, with --inputs, FOLDER/inputs.npz.
"""

import argparse
import os
import zlib

import numpy as np
import onnx

ALIGNMENT = 64


def generator(name):
    """A stream of its own for each name, so that no weight depends on which others there are."""
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def values(name, shape):
    """Uniform, with the spread that keeps activations near one through many layers."""
    uniform = generator(name).random(shape, dtype=np.float32) * 2 - 1
    if len(shape) == 1:
        return 1 + uniform / 8 if name.endswith("weight") else uniform / 16
    if shape[0] == 1:  # learned tokens and positions
        return uniform
    inputs = np.prod(shape[1:]) if len(shape) > 2 else max(shape)
    return uniform * np.float32(np.sqrt(3 / inputs))


def fill(model, data, path):
    position = 0
    for tensor in model.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        if tensor.data_type != onnx.TensorProto.FLOAT:
            raise SystemExit(f"expected float weights but {tensor.name} has type "
                             f"{onnx.TensorProto.DataType.Name(tensor.data_type)}")
        content = values(tensor.name, tuple(tensor.dims)).astype("<f4").tobytes()
        del tensor.external_data[:]
        for key, value in (("location", path), ("offset", position), ("length", len(content))):
            tensor.external_data.add(key=key, value=str(value))
        padding = -len(content) % ALIGNMENT
        data.write(content + bytes(padding))
        position += len(content) + padding
    return position


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--inputs", action="store_true", help="also write random inputs")
    parser.add_argument("--model", default=os.path.join(here, "zorro-vit-b.onnx"))
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    name = os.path.splitext(os.path.basename(args.model))[0]
    model = onnx.load(args.model, load_external_data=False)
    with open(os.path.join(args.folder, name + ".data"), "wb") as data:
        fill(model, data, name + ".data")
    if args.inputs:
        shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim]
                  for i in model.graph.input}
        np.savez(os.path.join(args.folder, "inputs.npz"),
                 **{name: generator("input " + name).standard_normal(shape, dtype=np.float32)
                    for name, shape in shapes.items()})
    onnx.save(model, os.path.join(args.folder, name + ".onnx"))  # last: it says all is there


if __name__ == "__main__":
    main()

# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a module of 60 inputs, 300 outputs, and 300 masks of 60 × 60 segments, with long names."""

STREAMS, LAYERS = 60, 300
T = "tensor<1x1x480x16xf32>"
SEGMENTS = ", ".join(f"s{i}: 8" for i in range(STREAMS))


def mask(layer):
    rows = []
    for q in range(STREAMS):
        seen = [f"s{k}" + (" causal" if (k + q + layer) % 3 == 0 else "") for k in range(STREAMS)
                if (k * (layer % 7 + 2) + q * (layer % 5 + 1)) % (layer % 11 + 2) == 0]
        rows.append(f"s{q}: 8 -> [{', '.join(seen)}]")
    return f"#zorro.mask<{', '.join(rows)} over {SEGMENTS} empty nan>"


print(f"#tokens = #zorro.streams<{SEGMENTS}>")
for i in range(LAYERS):
    print(f"#m{i} = {mask(i)}")
print('module attributes {zorro.phase = "zorro", zorro.source = "large.onnx"} {')
part, whole = "tensor<1x8x16xf32>", "tensor<1x480x16xf32>"
inputs = ", ".join(f'%a{i}: {part} {{zorro.name = "input_{i}_{"x" * 60}"}}' for i in range(STREAMS))
outputs = ", ".join(f'{whole} {{zorro.name = "output_{i}_{"y" * 60}"}}' for i in range(LAYERS))
print(f"func.func @main({inputs}) -> ({outputs}) {{")
print("%x = zorro.join " + ", ".join(f"%a{i}" for i in range(STREAMS)) + " axis 1 of #tokens : "
      + ", ".join([part] * STREAMS) + f" -> {whole}")
print("%o = tensor.expand_shape %x [[0, 1], [2], [3]] output_shape [1, 1, 480, 16] : "
      f"{whole} into {T}")
last = "%o"
for i in range(LAYERS):
    print(f"%o{i} = zorro.attention {last}, {last}, {last} mask #m{i} scale 0.25 : "
          f"{T}, {T}, {T} -> {T} "
          f'loc("/layer.{i}/{"z" * 80}/Softmax")')
    last = f"%o{i}"
    print(f"%r{i} = tensor.collapse_shape {last} [[0, 1], [2], [3]] : {T} into {whole}")
print("return " + ", ".join(f"%r{i}" for i in range(LAYERS)) + " : " + ", ".join([whole] * LAYERS))
print("}}")

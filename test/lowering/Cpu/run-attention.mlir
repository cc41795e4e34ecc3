// REQUIRES: avx2

// Padding at run time, from the zorro phase to a run. Queries of zeros average the values that they
// see. The first clip lacks a's second key; the second one all of a, so that its rows average every
// value, padded ones too.
// RUN: zorro-opt %s --emit=so -o %t.so
// RUN: zorro-run %t.so --input=q=2x1x4x1xf32=0 --input=k=2x1x4x1xf32=1 \
// RUN:   --input="v=2x1x4x1xf32=1 2 4 8 16 32 64 128" --input="keep=2x4xbool=1 0 1 1 0 0 1 1" \
// RUN:   --output=@%t.npz
// RUN: %python -c "import struct, zipfile; y = zipfile.ZipFile('%t.npz').read('y.npy'); \
// RUN:   print(*('%.4g' % x for x in struct.unpack('<8f', y[-32:])))" | FileCheck %s
// CHECK: {{^}}1 1 2.5 4.333 60 60 64 96{{$}}
module attributes {zorro.phase = "zorro"} {
func.func @main(%q: tensor<2x1x4x1xf32> {zorro.name = "q"}, %k: tensor<2x1x4x1xf32> {zorro.name = "k"}, %v: tensor<2x1x4x1xf32> {zorro.name = "v"}, %keep: tensor<2x4xi1> {zorro.name = "keep"}) -> (tensor<2x1x4x1xf32> {zorro.name = "y"}) {
  %y = zorro.attention %q, %k, %v padding %keep : tensor<2x4xi1>
      mask #zorro.mask<a: 2 -> [a], t: 2 -> [a, t causal] over a: 2, t: 2 empty uniform> scale 1.0
      : tensor<2x1x4x1xf32>, tensor<2x1x4x1xf32>, tensor<2x1x4x1xf32> -> tensor<2x1x4x1xf32>
  return %y : tensor<2x1x4x1xf32>
}
}

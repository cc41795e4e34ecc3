// RUN: zorro-opt %s --zorro-lower-kernels=cpu=x86-64-v4 --split-input-file --verify-diagnostics

// Contractions are of f32.
// expected-error @below {{expected values of type f32 in a contraction}}
zorro.kernel @k contract because "test" {
^bb0(%x: tensor<?x?x4xf64>, %w: tensor<4x8xf64>):
  %y = zorro.contract %x, %w : tensor<?x?x4xf64>, tensor<4x8xf64> -> tensor<?x?x8xf64>
  zorro.yield %y : tensor<?x?x8xf64>
}

// -----

// A schedule's columns are the width of the packed weight.
// expected-error @below {{expected a schedule with tiles of 48 columns}}
zorro.kernel @k contract because "test" schedule <tile = [8, 32], block = 64, unroll = 4> {
^bb0(%x: tensor<?x?x4xf32>, %w: tensor<4x8xf32>):
  %y = zorro.contract %x, %w : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  zorro.yield %y : tensor<?x?x8xf32>
}

// -----

// The mask belongs to the call.
// expected-error @below {{expected a mask at the call, not in the kernel}}
zorro.kernel @k attention because "test" {
^bb0(%q: tensor<1x1x4x8xf32>):
  %o = zorro.attention %q, %q, %q mask #zorro.mask<a: 4 -> [all] over a: 4 empty nan> scale 1.0
      : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32> -> tensor<1x1x4x8xf32>
  zorro.yield %o : tensor<1x1x4x8xf32>
}

// -----

// Padding comes with the call.
// expected-error @below {{expected the padding as an argument}}
zorro.kernel @k attention because "test" {
^bb0(%q: tensor<1x1x4x8xf32>):
  %keep = arith.constant dense<true> : tensor<1x4xi1>
  %o = zorro.attention %q, %q, %q padding %keep : tensor<1x4xi1> scale 1.0
      : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32> -> tensor<1x1x4x8xf32>
  zorro.yield %o : tensor<1x1x4x8xf32>
}

// -----

// Nine loops are too many.
#id = affine_map<(a, b, c, d, e, f, g, h, i) -> (a, b, c, d, e, f, g, h, i)>
// expected-error @below {{expected at most 8 loops but got 9}}
zorro.kernel @k move because "test" {
^bb0(%x: tensor<1x1x1x1x1x1x1x1x1xf32>, %o: tensor<1x1x1x1x1x1x1x1x1xf32>):
  %0 = linalg.generic {indexing_maps = [#id, #id],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel",
                                         "parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x1x1x1x1x1x1x1x1xf32>) outs(%o : tensor<1x1x1x1x1x1x1x1x1xf32>) {
  ^bb1(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<1x1x1x1x1x1x1x1x1xf32>
  zorro.yield %0 : tensor<1x1x1x1x1x1x1x1x1xf32>
}

// -----

// A row that lies in memory as bf16.
// expected-error @below {{unsupported: 'tensor<?x?x4xbf16>' in memory, on a CPU}}
zorro.kernel @k row because "test" {
^bb0(%x: tensor<?x?x4xbf16>):
  %0 = arith.extf %x : tensor<?x?x4xbf16> to tensor<?x?x4xf32>
  %1 = zorro.softmax %0 : tensor<?x?x4xf32>
  zorro.yield %1 : tensor<?x?x4xf32>
}

// -----

// expected-error @below {{unsupported: 'tensor<?x?x4xbf16>' in memory, on a CPU}}
zorro.kernel @k row because "test" {
^bb0(%x: tensor<?x?x4xf32>):
  %0 = zorro.softmax %x : tensor<?x?x4xf32>
  %1 = arith.truncf %0 : tensor<?x?x4xf32> to tensor<?x?x4xbf16>
  zorro.yield %1 : tensor<?x?x4xbf16>
}

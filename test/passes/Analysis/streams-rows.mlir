// Norms and softmax: a row joins itself and nothing else; the softmax knows dead scores.
// RUN: zorro-opt %s --split-input-file --zorro-print-streams -o /dev/null | FileCheck %s

#tokens = #zorro.streams<a: 2, b: 3>
// CHECK-LABEL: @norms
// CHECK: zorro.layer_norm: axis 0: 0 2 5 | {a,s} {b,s}
// CHECK: zorro.rms_norm "tokens": axis 0: 0 2 5 | {a} {b}
// CHECK: zorro.rms_norm "across": {a,b}
// CHECK: zorro.gelu: axis 0: 0 2 5 | {a} {b}
func.func @norms(%a: tensor<2x4xf32> {zorro.name = "a"}, %b: tensor<3x4xf32> {zorro.name = "b"}, %s: tensor<4xf32> {zorro.name = "s"})
    -> (tensor<5x4xf32>, tensor<5x4xf32>, tensor<4x5xf32>) {
  %x = zorro.join %a, %b axis 0 of #tokens : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<5x4xf32>
  %n = zorro.layer_norm %x scale %s : tensor<4xf32> eps 1.0e-5 : tensor<5x4xf32>
  %r = zorro.rms_norm %x eps 1.0e-5 : tensor<5x4xf32> loc("tokens")
  %e = tensor.empty() : tensor<4x5xf32>
  %t = linalg.transpose ins(%x : tensor<5x4xf32>) outs(%e : tensor<4x5xf32>) permutation = [1, 0]
  %u = zorro.rms_norm %t eps 1.0e-5 : tensor<4x5xf32> loc("across")
  %g = zorro.gelu %x erf : tensor<5x4xf32>
  return %n, %r, %u : tensor<5x4xf32>, tensor<5x4xf32>, tensor<4x5xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
// Row 0 sees the first two keys, row 1 all, row 2 none (-inf: NaN), row 3 none (finite: 1/4),
// row 4 a single key, whose weight is 1.
// CHECK-LABEL: @softmax
// CHECK: linalg.generic "scores"
// CHECK: zorro.softmax: axis 0: 0 1 2 3 4 5, axis 1: 0 1 2 4 |
// CHECK-SAME: {x} {x} =0
// CHECK-SAME: {x} {x} {x}
// CHECK-SAME: =nan =nan =nan
// CHECK-SAME: =0.25 =0.25 =0.25
// CHECK-SAME: =1 =0 =0
func.func @softmax(%x: tensor<5x4xf32> {zorro.name = "x"}) -> tensor<5x4xf32> {
  %c = arith.constant dense<[[true, true, false, false], [true, true, true, true], [false, false, false, false],
                             [false, false, false, false], [true, false, false, false]]> : tensor<5x4xi1>
  %f = arith.constant dense<[[0xFF800000], [0xFF800000], [0xFF800000], [-1.0e+38], [0xFF800000]]> : tensor<5x1xf32>
  %e = tensor.empty() : tensor<5x4xf32>
  %s = linalg.generic {indexing_maps = [#id, affine_map<(d0, d1) -> (d0, 0)>, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c, %f, %x : tensor<5x4xi1>, tensor<5x1xf32>, tensor<5x4xf32>) outs(%e : tensor<5x4xf32>) {
  ^bb0(%k: i1, %v: f32, %i: f32, %o: f32):
    %r = arith.select %k, %i, %v : f32
    linalg.yield %r : f32
  } -> tensor<5x4xf32> loc("scores")
  %p = zorro.softmax %s : tensor<5x4xf32>
  return %p : tensor<5x4xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
// Run-time padding over a static mask. With -inf the dead keys are zero or NaN, as the padding
// decides; with a finite fill a wholly padded row averages everything.
// CHECK-LABEL: @padding
// CHECK: zorro.softmax "inf": axis 1: 0 2 4 | {x,p}!n^{p} zero{p}!n^{p}
// CHECK: zorro.softmax "finite": {x,p}
func.func @padding(%x: tensor<3x4xf32> {zorro.name = "x"}, %p: tensor<4xi1> {zorro.name = "p"}) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %c = arith.constant dense<[true, true, false, false]> : tensor<4xi1>
  %e = tensor.empty() : tensor<3x4xf32>
  %s = linalg.generic {indexing_maps = [#row, #row, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c, %p, %x : tensor<4xi1>, tensor<4xi1>, tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%k: i1, %l: i1, %i: f32, %o: f32):
    %inf = arith.constant 0xFF800000 : f32
    %b = arith.andi %k, %l : i1
    %r = arith.select %b, %i, %inf : f32
    linalg.yield %r : f32
  } -> tensor<3x4xf32>
  %y = zorro.softmax %s : tensor<3x4xf32> loc("inf")
  %t = linalg.generic {indexing_maps = [#row, #row, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c, %p, %x : tensor<4xi1>, tensor<4xi1>, tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%k: i1, %l: i1, %i: f32, %o: f32):
    %low = arith.constant -3.40282347E+38 : f32
    %b = arith.andi %k, %l : i1
    %r = arith.select %b, %i, %low : f32
    linalg.yield %r : f32
  } -> tensor<3x4xf32>
  %z = zorro.softmax %t : tensor<3x4xf32> loc("finite")
  return %y, %z : tensor<3x4xf32>, tensor<3x4xf32>
}

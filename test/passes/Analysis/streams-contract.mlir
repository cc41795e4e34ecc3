// Contractions, reductions and windows: labels are loops, reduced cells are combined, exact zeros
// kill their factor.
// RUN: zorro-opt %s --split-input-file --zorro-print-streams -o /dev/null | FileCheck %s

#tokens = #zorro.streams<a: 2, b: 3>
zorro.weight @w : tensor<4x6xf32> from "m"[0, 96] stored tensor<4x6xf32> hash "00"
zorro.weight @odd : tensor<4x6xf32> from "m"[0, 96] stored tensor<4x6xf32> hash "00" fills
// CHECK-LABEL: @contract
// CHECK: zorro.weight_ref "odd": {}!fin
// CHECK: zorro.contract "plain": axis 1: 0 2 5 | {a} {b}
// CHECK: zorro.contract "epilogue": axis 1: 0 2 5, axis 2: 0 2 6 | {a,s} {a,t} {b,s} {b,t}
// A fill times a run-time number overflows where that number says.
// CHECK: zorro.contract "odd": axis 1: 0 2 5 | {a}!fin^{a} {b}!fin^{b}
func.func @contract(%a: tensor<1x2x4xf32> {zorro.name = "a"}, %b: tensor<1x3x4xf32> {zorro.name = "b"},
                    %s: tensor<2xf32> {zorro.name = "s"}, %t: tensor<4xf32> {zorro.name = "t"})
    -> (tensor<1x5x6xf32>, tensor<1x5x6xf32>, tensor<1x5x6xf32>) {
  %x = zorro.join %a, %b axis 1 of #tokens : tensor<1x2x4xf32>, tensor<1x3x4xf32> -> tensor<1x5x4xf32>
  %w = zorro.weight_ref @w : tensor<4x6xf32>
  %odd = zorro.weight_ref @odd : tensor<4x6xf32> loc("odd")
  %bias = tensor.concat dim(0) %s, %t : (tensor<2xf32>, tensor<4xf32>) -> tensor<6xf32>
  %y = zorro.contract %x, %w : tensor<1x5x4xf32>, tensor<4x6xf32> -> tensor<1x5x6xf32> loc("plain")
  %z = zorro.contract %x, %w (%bias) {
  ^bb0(%acc: f32, %i: f32):
    %r = arith.addf %acc, %i : f32
    zorro.yield %r : f32
  } : tensor<1x5x4xf32>, tensor<4x6xf32> (tensor<6xf32>) -> tensor<1x5x6xf32> loc("epilogue")
  %o = zorro.contract %x, %odd : tensor<1x5x4xf32>, tensor<4x6xf32> -> tensor<1x5x6xf32> loc("odd")
  return %y, %z, %o : tensor<1x5x6xf32>, tensor<1x5x6xf32>, tensor<1x5x6xf32>
}

// -----

#p = affine_map<(i, j, k) -> (i, k)>
#v = affine_map<(i, j, k) -> (k, j)>
#o = affine_map<(i, j, k) -> (i, j)>
// A product with a block mask: rows take what their block takes, and rows of zeros are zero.
// CHECK-LABEL: @masked
// CHECK: linalg.generic "product": axis 0: 0 1 2 3 | {a} {a,b} =0
// CHECK: linalg.generic "max": {a,b}
// CHECK: linalg.generic "count": axis 0: 0 1 2 3 | =2 =4 =0
func.func @masked(%a: tensor<2x4xf32> {zorro.name = "a"}, %b: tensor<2x4xf32> {zorro.name = "b"})
    -> (tensor<3x4xf32>, tensor<4xf32>, tensor<3xf32>) {
  %m = arith.constant dense<[[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %x = tensor.concat dim(0) %a, %b : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<4x4xf32>
  %c = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %f = linalg.fill ins(%c : f32) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %r = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%m, %x : tensor<3x4xf32>, tensor<4x4xf32>) outs(%f : tensor<3x4xf32>) {
  ^bb0(%i: f32, %j: f32, %acc: f32):
    %s = arith.mulf %i, %j : f32
    %t = arith.addf %acc, %s : f32
    linalg.yield %t : f32
  } -> tensor<3x4xf32> loc("product")
  %low = arith.constant dense<0xFF800000> : tensor<4xf32>
  %h = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x4xf32>) outs(%low : tensor<4xf32>) {
  ^bb0(%i: f32, %acc: f32):
    %s = arith.maximumf %acc, %i : f32
    linalg.yield %s : f32
  } -> tensor<4xf32> loc("max")
  %zero = arith.constant dense<0.0> : tensor<3xf32>
  %n = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<3x4xf32>) outs(%zero : tensor<3xf32>) {
  ^bb0(%i: f32, %acc: f32):
    %s = arith.addf %acc, %i : f32
    linalg.yield %s : f32
  } -> tensor<3xf32> loc("count")
  return %r, %h, %n : tensor<3x4xf32>, tensor<4xf32>, tensor<3xf32>
}

// -----

// A window of three on two streams of four: only the windows across the border see both.
// CHECK-LABEL: @window
// CHECK: linalg.generic "window": axis 0: 0 2 4 6 | {a} {a,b} {b}
func.func @window(%a: tensor<4xf32> {zorro.name = "a"}, %b: tensor<4xf32> {zorro.name = "b"}) -> tensor<6xf32> {
  %x = tensor.concat dim(0) %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %w = arith.constant dense<[1.0, 2.0, 1.0]> : tensor<3xf32>
  %z = arith.constant dense<0.0> : tensor<6xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i + k)>, affine_map<(i, k) -> (k)>, affine_map<(i, k) -> (i)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<8xf32>, tensor<3xf32>) outs(%z : tensor<6xf32>) {
  ^bb0(%i: f32, %j: f32, %acc: f32):
    %s = arith.mulf %i, %j : f32
    %t = arith.addf %acc, %s : f32
    linalg.yield %t : f32
  } -> tensor<6xf32> loc("window")
  return %r : tensor<6xf32>
}

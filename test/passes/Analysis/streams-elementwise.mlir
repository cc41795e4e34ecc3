// Element-wise rules: refinement under broadcasting, absorption by zero and -inf, select, NaN.
// RUN: zorro-opt %s --split-input-file --zorro-print-streams -o /dev/null | FileCheck %s

#tokens = #zorro.streams<a: 2, b: 3>
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
#unit = affine_map<(d0, d1) -> (d0, 0)>

// Two operands cut on different axes: the common refinement.
// CHECK-LABEL: @refine
// CHECK: linalg.generic: axis 0: 0 2 5, axis 1: 0 1 4 | {a,c} {a,d} {b,c} {b,d}
func.func @refine(%a: tensor<2x4xf32> {zorro.name = "a"}, %b: tensor<3x4xf32> {zorro.name = "b"},
                  %c: tensor<1xf32> {zorro.name = "c"}, %d: tensor<3xf32> {zorro.name = "d"}) -> tensor<5x4xf32> {
  %x = zorro.join %a, %b axis 0 of #tokens : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<5x4xf32>
  %y = tensor.concat dim(0) %c, %d : (tensor<1xf32>, tensor<3xf32>) -> tensor<4xf32>
  %e = tensor.empty() : tensor<5x4xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<5x4xf32>, tensor<4xf32>) outs(%e : tensor<5x4xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %s = arith.addf %i, %j : f32
    linalg.yield %s : f32
  } -> tensor<5x4xf32>
  return %r : tensor<5x4xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
// A block of zeros kills what is multiplied; an axis of size 1 is broadcast.
// CHECK-LABEL: @zero
// CHECK: arith.constant: axis 1: 0 2 4 | =1 =0
// CHECK: linalg.generic: axis 1: 0 2 4 | {x} =0
// CHECK: linalg.generic: axis 1: 0 2 4 | {x} =1
func.func @zero(%x: tensor<3x4xf32> {zorro.name = "x"}) -> tensor<3x4xf32> {
  %m = arith.constant dense<[[1.0, 1.0, 0.0, 0.0]]> : tensor<1x4xf32>
  %e = tensor.empty() : tensor<3x4xf32>
  %r = linalg.generic {indexing_maps = [#id, affine_map<(d0, d1) -> (0, d1)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m : tensor<3x4xf32>, tensor<1x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %s = arith.mulf %i, %j : f32
    linalg.yield %s : f32
  } -> tensor<3x4xf32>
  // exp(0) is 1.
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%i: f32, %o: f32):
    %s = math.exp %i : f32
    linalg.yield %s : f32
  } -> tensor<3x4xf32>
  return %t : tensor<3x4xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
// A constant condition selects; a run-time one decides where the -inf are, and a product with zero
// is then zero or NaN.
// CHECK-LABEL: @select
// CHECK: arith.constant: axis 0: 0 2 4 | =1 =0
// CHECK: linalg.generic "constant": axis 1: 0 2 4 | {x} =-inf
// CHECK: linalg.generic "padding": {x,p}!i^{p}
// CHECK: linalg.generic "product": zero{p}!n^{p}
// CHECK: linalg.generic "isnan": {p}
func.func @select(%x: tensor<3x4xf32> {zorro.name = "x"}, %p: tensor<4xi1> {zorro.name = "p"}) -> tensor<3x4xi1> {
  %c = arith.constant dense<[true, true, false, false]> : tensor<4xi1>
  %e = tensor.empty() : tensor<3x4xf32>
  %r = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c, %x : tensor<4xi1>, tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%k: i1, %i: f32, %o: f32):
    %inf = arith.constant 0xFF800000 : f32
    %s = arith.select %k, %i, %inf : f32
    linalg.yield %s : f32
  } -> tensor<3x4xf32> loc("constant")
  %q = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %x : tensor<4xi1>, tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%k: i1, %i: f32, %o: f32):
    %inf = arith.constant 0xFF800000 : f32
    %s = arith.select %k, %i, %inf : f32
    linalg.yield %s : f32
  } -> tensor<3x4xf32> loc("padding")
  %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%q : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%i: f32, %o: f32):
    %zero = arith.constant 0.0 : f32
    %s = arith.mulf %i, %zero : f32
    linalg.yield %s : f32
  } -> tensor<3x4xf32> loc("product")
  %eb = tensor.empty() : tensor<3x4xi1>
  %n = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%z : tensor<3x4xf32>) outs(%eb : tensor<3x4xi1>) {
  ^bb0(%i: f32, %o: i1):
    %s = arith.cmpf uno, %i, %i : f32
    linalg.yield %s : i1
  } -> tensor<3x4xi1> loc("isnan")
  return %n : tensor<3x4xi1>
}

// -----

#id = affine_map<(d0) -> (d0)>
// -inf absorbs; a finite fill stays dead; two fills overflow to -inf in f32.
// CHECK-LABEL: @fills
// CHECK: arith.constant: axis 0: 0 1 2 3 | =0 =-3.40282e+38 =-inf
// CHECK: linalg.generic "added": axis 0: 0 1 2 3 | {x} dead{x}!f =-inf
// CHECK: linalg.generic "twice": axis 0: 0 1 3 | =0 =-inf
func.func @fills(%x: tensor<3xf32> {zorro.name = "x"}) -> (tensor<3xf32>, tensor<3xf32>) {
  %m = arith.constant dense<[0.0, -3.40282347E+38, 0xFF800000]> : tensor<3xf32>
  %e = tensor.empty() : tensor<3xf32>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %m : tensor<3xf32>, tensor<3xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %s = arith.addf %i, %j : f32
    linalg.yield %s : f32
  } -> tensor<3xf32> loc("added")
  %t = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%m, %m : tensor<3xf32>, tensor<3xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %s = arith.addf %i, %j : f32
    linalg.yield %s : f32
  } -> tensor<3xf32> loc("twice")
  return %r, %t : tensor<3xf32>, tensor<3xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d0)>
#row = affine_map<(d0, d1) -> (d1)>
// An N x N mask from token types is a small grid of known cells.
// CHECK-LABEL: @types
// CHECK: linalg.generic "same": axis 0: 0 2 3 6, axis 1: 0 2 3 6 | =1 =0 =0 =1 =1 =1 =0 =0 =1
func.func @types() -> tensor<6x6xi1> {
  %t = arith.constant dense<[0, 0, 2, 1, 1, 1]> : tensor<6xi64>
  %e = tensor.empty() : tensor<6x6xi1>
  %r = linalg.generic {indexing_maps = [#col, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t, %t : tensor<6xi64>, tensor<6xi64>) outs(%e : tensor<6x6xi1>) {
  ^bb0(%i: i64, %j: i64, %o: i1):
    %two = arith.constant 2 : i64
    %s = arith.cmpi eq, %i, %j : i64
    %f = arith.cmpi eq, %i, %two : i64
    %k = arith.ori %s, %f : i1
    linalg.yield %k : i1
  } -> tensor<6x6xi1> loc("same")
  return %r : tensor<6x6xi1>
}

// How single operations are cut, and what stays where they cannot be.
// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-specialise=entries=a 2>/dev/null | FileCheck %s

// Two of three streams: a join, a take and a mask with fewer parts. Both a and c belong to modality
// "a"; scattered rows of a constant and of a weight are cut out.
#tokens = #zorro.streams<a: 2, b: 3, c: 4>
#routes = #zorro.mask<a: 2 -> [a], b: 3 -> [all], c: 4 -> [a, c] over a: 2, b: 3, c: 4 empty nan>
// CHECK: zorro.weight @pos : tensor<9x4xf32>
// CHECK-LABEL: func.func @a(
// CHECK-SAME: %[[A:.*]]: tensor<1x1x2x4xf32> {zorro.modality = "a", zorro.name = "x"}, %[[C:.*]]: tensor<1x1x4x4xf32> {zorro.modality = "a", zorro.name = "z"})
// CHECK: %[[P:.*]] = zorro.weight_ref @pos : tensor<9x4xf32>
// CHECK: %[[P0:.*]] = tensor.extract_slice %[[P]][0, 0] [2, 4] [1, 1]
// CHECK: %[[P1:.*]] = tensor.extract_slice %[[P]][5, 0] [4, 4] [1, 1]
// CHECK: %[[PP:.*]] = tensor.concat dim(0) %[[P0]], %[[P1]] : {{.*}} -> tensor<6x4xf32>
// CHECK: %[[X:.*]] = zorro.join %[[A]], %[[C]] axis 2 of <a: 2, c: 4> : {{.*}} -> tensor<1x1x6x4xf32>
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[PP]] : tensor<1x1x6x4xf32>, tensor<6x4xf32>)
// CHECK: %[[O:.*]] = zorro.attention %[[Y]], %[[Y]], %[[Y]] mask <a: 2 -> [a], c: 4 -> [all] over a: 2, c: 4 empty nan>
// CHECK: %[[T0:.*]] = zorro.take %[[O]][0, 1] axis 2 of <a: 2, c: 4> : tensor<1x1x6x4xf32> -> tensor<1x1x2x4xf32>
// CHECK: %[[T1:.*]] = zorro.take %[[O]][1, 1] axis 2 of <a: 2, c: 4> : tensor<1x1x6x4xf32> -> tensor<1x1x4x4xf32>
// CHECK: return %[[T0]], %[[T1]]
zorro.weight @pos : tensor<9x4xf32> from "m"[0, 144] stored tensor<9x4xf32> hash "00"
func.func @main(%x: tensor<1x1x2x4xf32> {zorro.name = "x", zorro.modality = "a"}, %y: tensor<1x1x3x4xf32> {zorro.name = "y"}, %z: tensor<1x1x4x4xf32> {zorro.name = "z", zorro.modality = "a"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "p"}, tensor<1x1x3x4xf32> {zorro.name = "q"}, tensor<1x1x4x4xf32> {zorro.name = "r"}) {
  %p = zorro.weight_ref @pos : tensor<9x4xf32>
  %j = zorro.join %x, %y, %z axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x4x4xf32> -> tensor<1x1x9x4xf32>
  %e = tensor.empty() : tensor<1x1x9x4xf32>
  %k = linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%j, %p : tensor<1x1x9x4xf32>, tensor<9x4xf32>) outs(%e : tensor<1x1x9x4xf32>) {
  ^bb0(%s: f32, %t: f32, %o: f32):
    %u = arith.addf %s, %t : f32
    linalg.yield %u : f32
  } -> tensor<1x1x9x4xf32>
  %o = zorro.attention %k, %k, %k mask #routes scale 5.0e-1 : tensor<1x1x9x4xf32>, tensor<1x1x9x4xf32>, tensor<1x1x9x4xf32> -> tensor<1x1x9x4xf32>
  %t0 = zorro.take %o [0, 1] axis 2 of #tokens : tensor<1x1x9x4xf32> -> tensor<1x1x2x4xf32>
  %t1 = zorro.take %o [1, 1] axis 2 of #tokens : tensor<1x1x9x4xf32> -> tensor<1x1x3x4xf32>
  %t2 = zorro.take %o [2, 1] axis 2 of #tokens : tensor<1x1x9x4xf32> -> tensor<1x1x4x4xf32>
  return %t0, %t1, %t2 : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x4x4xf32>
}

// -----

// Masked attention that was left dense: scores, softmax and product lose their dead keys.
#p = affine_map<(i, j, k) -> (i, k)>
#v = affine_map<(i, j, k) -> (k, j)>
#t = affine_map<(i, j, k) -> (j, k)>
#o = affine_map<(i, j, k) -> (i, j)>
#id = affine_map<(i, j) -> (i, j)>
#tokens = #zorro.streams<a: 2, b: 3>
// CHECK-LABEL: func.func @a(
// CHECK-SAME: %[[A:.*]]: tensor<2x4xf32> {zorro.name = "a"})
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[A]], %[[A]] : tensor<2x4xf32>, tensor<2x4xf32>) outs(%{{.*}} : tensor<2x2xf32>)
// CHECK: %[[M:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[S]] : tensor<2x2xi1>, tensor<2x2xf32>)
// CHECK: %[[P:.*]] = zorro.softmax %[[M]] : tensor<2x2xf32>
// CHECK: linalg.generic {{.*}} ins(%[[P]], %[[A]] : tensor<2x2xf32>, tensor<2x4xf32>) outs(%{{.*}} : tensor<2x4xf32>)
// CHECK: return
func.func @main(%a: tensor<2x4xf32> {zorro.name = "a"}, %b: tensor<3x4xf32> {zorro.name = "b"}) -> (tensor<2x4xf32> {zorro.name = "y"}) {
  %x = zorro.join %a, %b axis 0 of #tokens : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<5x4xf32>
  %m = arith.constant dense<[[true, true, false, false, false], [true, true, false, false, false], [false, false, true, true, true],
                             [false, false, true, true, true], [false, false, true, true, true]]> : tensor<5x5xi1>
  %z0 = arith.constant dense<0.0> : tensor<5x5xf32>
  %s = linalg.generic {indexing_maps = [#p, #t, #o], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %x : tensor<5x4xf32>, tensor<5x4xf32>) outs(%z0 : tensor<5x5xf32>) {
  ^bb0(%i: f32, %j: f32, %acc: f32):
    %u = arith.mulf %i, %j : f32
    %w = arith.addf %acc, %u : f32
    linalg.yield %w : f32
  } -> tensor<5x5xf32>
  %e = tensor.empty() : tensor<5x5xf32>
  %d = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %s : tensor<5x5xi1>, tensor<5x5xf32>) outs(%e : tensor<5x5xf32>) {
  ^bb0(%c: i1, %i: f32, %out: f32):
    %low = arith.constant -3.40282347E+38 : f32
    %u = arith.select %c, %i, %low : f32
    linalg.yield %u : f32
  } -> tensor<5x5xf32>
  %q = zorro.softmax %d : tensor<5x5xf32>
  %z1 = arith.constant dense<0.0> : tensor<5x4xf32>
  %r = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%q, %x : tensor<5x5xf32>, tensor<5x4xf32>) outs(%z1 : tensor<5x4xf32>) {
  ^bb0(%i: f32, %j: f32, %acc: f32):
    %u = arith.mulf %i, %j : f32
    %w = arith.addf %acc, %u : f32
    linalg.yield %w : f32
  } -> tensor<5x4xf32>
  %y = zorro.take %r [0, 1] axis 0 of #tokens : tensor<5x4xf32> -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// An empty row of kind `zero` is a constant: neither its query nor any key is read.
#tokens = #zorro.streams<a: 2, b: 3>
#mask = #zorro.mask<x: 1 -> [], y: 1 -> [b] over a: 2, b: 3 empty zero>
// CHECK-LABEL: func.func @a(
// CHECK-SAME: %[[A:.*]]: tensor<1x1x1x4xf32> {zorro.name = "a"})
// CHECK: %[[Z:.*]] = arith.constant dense<0.000000e+00> : tensor<1x1x1x4xf32>
// CHECK-NOT: zorro.attention
// CHECK: linalg.generic {{.*}} ins(%[[Z]], %[[A]] :
func.func @main(%a: tensor<1x1x1x4xf32> {zorro.name = "a"}, %b: tensor<1x1x5x4xf32> {zorro.name = "b"}) -> (tensor<1x1x1x4xf32> {zorro.name = "y"}) {
  %q = arith.constant dense<1.0> : tensor<1x1x2x4xf32>
  %o = zorro.attention %q, %b, %b mask #mask scale 5.0e-1 : tensor<1x1x2x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x2x4xf32>
  %s = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x2x4xf32> to tensor<1x1x1x4xf32>
  %e = tensor.empty() : tensor<1x1x1x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %a : tensor<1x1x1x4xf32>, tensor<1x1x1x4xf32>) outs(%e : tensor<1x1x1x4xf32>) {
  ^bb0(%i: f32, %j: f32, %out: f32):
    %u = arith.addf %i, %j : f32
    linalg.yield %u : f32
  } -> tensor<1x1x1x4xf32>
  return %y : tensor<1x1x1x4xf32>
}

// -----

// Batch and heads merged around the tokens: the window becomes one range per head.
#tokens = #zorro.streams<a: 2, b: 3>
// CHECK-LABEL: func.func @a(
// CHECK-SAME: %[[A:.*]]: tensor<3x2x4xf32> {zorro.name = "a"})
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[A]] {{\[\[}}0, 1], [2]] : tensor<3x2x4xf32> into tensor<6x4xf32>
// CHECK: %[[S:.*]] = tensor.expand_shape %[[M]] {{.*}} : tensor<6x4xf32> into tensor<3x2x4xf32>
// CHECK: return %[[S]]
func.func @main(%a: tensor<3x2x4xf32> {zorro.name = "a"}, %b: tensor<3x3x4xf32> {zorro.name = "b"}) -> (tensor<3x2x4xf32> {zorro.name = "y"}) {
  %x = zorro.join %a, %b axis 1 of #tokens : tensor<3x2x4xf32>, tensor<3x3x4xf32> -> tensor<3x5x4xf32>
  %m = tensor.collapse_shape %x [[0, 1], [2]] : tensor<3x5x4xf32> into tensor<15x4xf32>
  %s = tensor.expand_shape %m [[0, 1], [2]] output_shape [3, 5, 4] : tensor<15x4xf32> into tensor<3x5x4xf32>
  %y = zorro.take %s [0, 1] axis 1 of #tokens : tensor<3x5x4xf32> -> tensor<3x2x4xf32>
  return %y : tensor<3x2x4xf32>
}

// -----

// Zero times NaN is NaN: a dead column whose value may be NaN stays in the product.
#p = affine_map<(i, j, k) -> (i, k)>
#v = affine_map<(i, j, k) -> (k, j)>
#o = affine_map<(i, j, k) -> (i, j)>
// CHECK-LABEL: func.func @a(
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<1x5xf32>, tensor<5x4xf32>)
func.func @main(%a: tensor<2x4xf32> {zorro.name = "a"}, %b: tensor<3x4xf32> {zorro.name = "b"})
    -> (tensor<1x4xf32> {zorro.name = "nan"}, tensor<2x4xf32> {zorro.name = "a"}, tensor<3x4xf32> {zorro.name = "b"}) {
  %n = arith.constant dense<0x7FC00000> : tensor<3x4xf32>
  %x = tensor.concat dim(0) %a, %n : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
  %m = arith.constant dense<[[1.0, 1.0, 0.0, 0.0, 0.0]]> : tensor<1x5xf32>
  %z = arith.constant dense<0.0> : tensor<1x4xf32>
  %r = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%m, %x : tensor<1x5xf32>, tensor<5x4xf32>) outs(%z : tensor<1x4xf32>) {
  ^bb0(%i: f32, %j: f32, %acc: f32):
    %u = arith.mulf %i, %j : f32
    %w = arith.addf %acc, %u : f32
    linalg.yield %w : f32
  } -> tensor<1x4xf32>
  return %r, %a, %b : tensor<1x4xf32>, tensor<2x4xf32>, tensor<3x4xf32>
}

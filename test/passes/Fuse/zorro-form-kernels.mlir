// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-form-kernels --cse | FileCheck %s
// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-form-kernels=fuse-norms=false --cse | FileCheck %s --check-prefix=APART

// Equal layers of two entry points, with other row counts, share one kernel; the norm goes into the
// contraction that alone reads it.
// CHECK: module attributes {zorro.phase = "fused"}
module attributes {zorro.phase = "special"} {
zorro.weight @w : tensor<4x8xf32> from "m"[0, 128] stored tensor<4x8xf32> hash ""
zorro.weight @g : tensor<4xf32> from "m"[128, 16] stored tensor<4xf32> hash ""
// APART: zorro.kernel @layer_norm_4 row
// APART: zorro.kernel @contract_4x8 contract
// APART-NEXT: ^bb0(%{{.*}}: tensor<?x?x4xf32>, %{{.*}}: tensor<4x8xf32>):
// APART-LABEL: func.func @fused
// APART: %[[N:.*]] = zorro.call @layer_norm_4(%{{.*}}) into %{{.*}} shape tensor<1x26x4xf32>
// APART: %[[ROWS:.*]] = zorro.view %[[N]]
// APART: zorro.call @contract_4x8(%[[ROWS]], %{{.*}})
// APART-LABEL: func.func @heads
// CHECK: zorro.kernel @contract_4x8_norm contract
// CHECK: %[[N:.*]] = zorro.layer_norm %{{.*}} : tensor<?x?x4xf32>
// CHECK-NEXT: %[[Y:.*]] = zorro.contract %[[N]], %{{.*}} -> tensor<?x?x8xf32>
// CHECK-NEXT: zorro.yield %[[Y]]
// CHECK-NOT: zorro.kernel
// CHECK-LABEL: func.func @fused
func.func @fused(%x: tensor<2x13x4xf32>) -> tensor<2x13x8xf32> {
  // CHECK: zorro.call @contract_4x8_norm(%{{.*}}) into %{{.*}} shape tensor<1x26x8xf32>
  %g = zorro.weight_ref @g : tensor<4xf32>
  %w = zorro.weight_ref @w : tensor<4x8xf32>
  %n = zorro.layer_norm %x scale %g : tensor<4xf32> eps 1.0e-5 : tensor<2x13x4xf32>
  %y = zorro.contract %n, %w : tensor<2x13x4xf32>, tensor<4x8xf32> -> tensor<2x13x8xf32>
  return %y : tensor<2x13x8xf32>
}
// CHECK-LABEL: func.func @audio
func.func @audio(%x: tensor<2x5x4xf32>) -> tensor<2x5x8xf32> {
  // CHECK: zorro.call @contract_4x8_norm(%{{.*}}) into %{{.*}} shape tensor<1x10x8xf32>
  %g = zorro.weight_ref @g : tensor<4xf32>
  %w = zorro.weight_ref @w : tensor<4x8xf32>
  %n = zorro.layer_norm %x scale %g : tensor<4xf32> eps 1.0e-5 : tensor<2x5x4xf32>
  %y = zorro.contract %n, %w : tensor<2x5x4xf32>, tensor<4x8xf32> -> tensor<2x5x8xf32>
  return %y : tensor<2x5x8xf32>
}
}

// -----

// Head split and merge are strides: q, k and v are windows on the product, the result lies token by
// token.
module attributes {zorro.phase = "special"} {
zorro.weight @w : tensor<6x18xf32> from "m"[0, 432] stored tensor<6x18xf32> hash ""
// CHECK-LABEL: func.func @heads
func.func @heads(%x: tensor<1x5x6xf32>) -> tensor<1x5x6xf32> {
  %w = zorro.weight_ref @w : tensor<6x18xf32>
  // CHECK: %[[QKV:.*]] = zorro.call @contract_6x18
  %y = zorro.contract %x, %w : tensor<1x5x6xf32>, tensor<6x18xf32> -> tensor<1x5x18xf32>
  // CHECK-DAG: zorro.view %[[QKV]] offset 0 strides [{{.*}}, 3, 18, 1] : tensor<1x5x18xf32> to tensor<1x2x5x3xf32>
  // CHECK-DAG: zorro.view %[[QKV]] offset 6 strides [{{.*}}, 3, 18, 1] : tensor<1x5x18xf32> to tensor<1x2x5x3xf32>
  // CHECK-DAG: zorro.view %[[QKV]] offset 12 strides [{{.*}}, 3, 18, 1] : tensor<1x5x18xf32> to tensor<1x2x5x3xf32>
  %h = tensor.expand_shape %y [[0], [1], [2, 3, 4]] output_shape [1, 5, 3, 2, 3] : tensor<1x5x18xf32> into tensor<1x5x3x2x3xf32>
  %te = tensor.empty() : tensor<3x1x2x5x3xf32>
  %t = linalg.transpose ins(%h : tensor<1x5x3x2x3xf32>) outs(%te : tensor<3x1x2x5x3xf32>) permutation = [2, 0, 3, 1, 4]
  %q0 = tensor.extract_slice %t[0, 0, 0, 0, 0] [1, 1, 2, 5, 3] [1, 1, 1, 1, 1] : tensor<3x1x2x5x3xf32> to tensor<1x1x2x5x3xf32>
  %k0 = tensor.extract_slice %t[1, 0, 0, 0, 0] [1, 1, 2, 5, 3] [1, 1, 1, 1, 1] : tensor<3x1x2x5x3xf32> to tensor<1x1x2x5x3xf32>
  %v0 = tensor.extract_slice %t[2, 0, 0, 0, 0] [1, 1, 2, 5, 3] [1, 1, 1, 1, 1] : tensor<3x1x2x5x3xf32> to tensor<1x1x2x5x3xf32>
  %q = tensor.collapse_shape %q0 [[0, 1], [2], [3], [4]] : tensor<1x1x2x5x3xf32> into tensor<1x2x5x3xf32>
  %k = tensor.collapse_shape %k0 [[0, 1], [2], [3], [4]] : tensor<1x1x2x5x3xf32> into tensor<1x2x5x3xf32>
  %v = tensor.collapse_shape %v0 [[0, 1], [2], [3], [4]] : tensor<1x1x2x5x3xf32> into tensor<1x2x5x3xf32>
  // CHECK: zorro.call @attention_3(%{{.*}}) into %{{.*}} shape tensor<1x2x5x3xf32> offset 0 strides [{{.*}}, 3, 6, 1] mask <a: 2 -> [a], b: 3 -> [all] over a: 2, b: 3 empty nan> scale 5.000000e-01
  %o = zorro.attention %q, %k, %v mask <a: 2 -> [a], b: 3 -> [all] over a: 2, b: 3 empty nan> scale 5.0e-1 : tensor<1x2x5x3xf32>, tensor<1x2x5x3xf32>, tensor<1x2x5x3xf32> -> tensor<1x2x5x3xf32>
  %oe = tensor.empty() : tensor<1x5x2x3xf32>
  %ot = linalg.transpose ins(%o : tensor<1x2x5x3xf32>) outs(%oe : tensor<1x5x2x3xf32>) permutation = [0, 2, 1, 3]
  %oc = tensor.collapse_shape %ot [[0], [1], [2, 3]] : tensor<1x5x2x3xf32> into tensor<1x5x6xf32>
  return %oc : tensor<1x5x6xf32>
}
}

// -----

// Element-wise work: unit axes go, even neighbours merge, a broadcast is a stride of 0.
module attributes {zorro.phase = "special"} {
// CHECK: zorro.kernel @map_mulf map
// CHECK: ^bb0(%[[A:.*]]: tensor<?x?xf32>, %[[B:.*]]: tensor<?x?xf32>, %[[OUT:.*]]: tensor<?x?xf32>):
// CHECK: linalg.generic {{.*}} ins(%[[A]], %[[B]] : tensor<?x?xf32>, tensor<?x?xf32>) outs(%[[OUT]] : tensor<?x?xf32>)
// CHECK-LABEL: func.func @scale_rows
func.func @scale_rows(%x: tensor<1x6x4xf32>, %s: tensor<1x6x1xf32>) -> tensor<1x6x4xf32> {
  // CHECK: zorro.view %{{.*}} offset 0 strides [1, 0] : tensor<1x6x1xf32> to tensor<6x4xf32>
  %e = tensor.empty() : tensor<1x6x4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, 0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %s : tensor<1x6x4xf32>, tensor<1x6x1xf32>) outs(%e : tensor<1x6x4xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    linalg.yield %m : f32
  } -> tensor<1x6x4xf32>
  return %0 : tensor<1x6x4xf32>
}
}

// -----

// A reduction starts from its constant and keeps the parallel axes.
module attributes {zorro.phase = "special"} {
// CHECK: zorro.kernel @reduce_addf reduce
// CHECK: %[[Z:.*]] = arith.constant 0.0
// CHECK: %[[F:.*]] = linalg.fill ins(%[[Z]] : f32) outs(%{{.*}} : tensor<?xf32>)
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]{{.*}} outs(%[[F]]
// CHECK-LABEL: func.func @sum
func.func @sum(%x: tensor<3x4x5xf32>) -> tensor<3xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  // CHECK: zorro.call @reduce_addf(%{{.*}}) into %{{.*}} shape tensor<3xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0)>], iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%x : tensor<3x4x5xf32>) outs(%f : tensor<3xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.addf %p, %o : f32
    linalg.yield %s : f32
  } -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
}

// -----

// What is returned is written by a call, also where it is an argument.
// CHECK-LABEL: func.func @identity
func.func @identity(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  // CHECK: %[[Y:.*]] = zorro.call @copy_1d
  // CHECK: return %[[Y]]
  return %x : tensor<3x4xf32>
}

// -----

// A constant at the top of the function, where canonicalization puts it, is a kernel's own.
module attributes {zorro.phase = "special"} {
// CHECK: zorro.kernel @map_mulf map
// CHECK: linalg.generic
// CHECK: %[[C:.*]] = arith.constant 3.000000e+00 : f32
// CHECK-NEXT: arith.mulf %{{.*}}, %[[C]] : f32
// CHECK-LABEL: func.func @scaled
func.func @scaled(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  // CHECK-NOT: arith.constant
  %c = arith.constant 3.0 : f32
  %e = tensor.empty() : tensor<4x6xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x6xf32>) outs(%e : tensor<4x6xf32>) {
  ^bb0(%a: f32, %out: f32):
    %p = arith.mulf %a, %c : f32
    linalg.yield %p : f32
  } -> tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}
}

// -----

// A value that is returned three times is copied twice, and the copies stay apart.
module attributes {zorro.phase = "special"} {
// CHECK-LABEL: func.func @thrice
func.func @thrice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[Y:.*]] = zorro.call @map_negf
  // CHECK: %[[A:.*]] = zorro.call @copy_1d(%[[Y]])
  // CHECK: %[[B:.*]] = zorro.call @copy_1d(%[[A]])
  // CHECK: return %[[Y]], %[[A]], %[[B]]
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> tensor<4xf32>
  return %y, %y, %y : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
}

// -----

// Padding is the fourth argument of a kernel of its own, read through a view where it is one. The
// mask stays with the call.
module attributes {zorro.phase = "special"} {
// CHECK: zorro.kernel @attention_3_padding attention
// CHECK-NEXT: ^bb0(%[[Q:.*]]: tensor<?x?x?x3xf32>, %[[K:.*]]: tensor<?x?x?x3xf32>, %[[V:.*]]: tensor<?x?x?x3xf32>, %[[KEEP:.*]]: tensor<?x?xi1>):
// CHECK-NEXT: zorro.attention %[[Q]], %[[K]], %[[V]] padding %[[KEEP]] : tensor<?x?xi1> scale 1.0
// CHECK: zorro.kernel @attention_3 attention
// CHECK-NOT: zorro.kernel @attention
// CHECK-LABEL: func.func @padded
// CHECK-SAME: %[[X:.*]]: tensor<2x2x5x3xf32>, %[[ALL:.*]]: tensor<2x7xi1>, %[[ONE:.*]]: tensor<1x5xi1>
func.func @padded(%x: tensor<2x2x5x3xf32>, %all: tensor<2x7xi1>, %one: tensor<1x5xi1>) -> (tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32>) {
  // CHECK: %[[VIEW:.*]] = zorro.view %[[ALL]] offset 2 strides [7, 1] : tensor<2x7xi1> to tensor<2x5xi1>
  // CHECK: zorro.call @attention_3_padding(%[[X]], %[[X]], %[[X]], %[[VIEW]]) {{.*}} mask <a: 2 -> [a], b: 3 -> [all] over a: 2, b: 3 empty zero> scale 5.0
  %keep = tensor.extract_slice %all[0, 2] [2, 5] [1, 1] : tensor<2x7xi1> to tensor<2x5xi1>
  %0 = zorro.attention %x, %x, %x padding %keep : tensor<2x5xi1> mask <a: 2 -> [a], b: 3 -> [all] over a: 2, b: 3 empty zero> scale 5.0e-1 : tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32> -> tensor<2x2x5x3xf32>
  // CHECK: zorro.call @attention_3_padding(%[[X]], %[[X]], %[[X]], %[[ONE]])
  // CHECK-NOT: mask
  // CHECK-SAME: tensor<1x5xi1>
  %1 = zorro.attention %x, %x, %x padding %one : tensor<1x5xi1> scale 5.0e-1 : tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32> -> tensor<2x2x5x3xf32>
  // CHECK: zorro.call @attention_3(%[[X]], %[[X]], %[[X]])
  %2 = zorro.attention %x, %x, %x scale 5.0e-1 : tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32> -> tensor<2x2x5x3xf32>
  return %0, %1, %2 : tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32>
}
}

// -----

// Kept bytes that lie apart are copied first.
module attributes {zorro.phase = "special"} {
// CHECK-LABEL: func.func @apart
func.func @apart(%x: tensor<2x2x5x3xf32>, %keep: tensor<5x2xi1>) -> tensor<2x2x5x3xf32> {
  // CHECK: %[[COPY:.*]] = zorro.call @copy{{.*}} -> tensor<2x5xi1>
  // CHECK: zorro.call @attention_3_padding(%{{.*}}, %{{.*}}, %{{.*}}, %[[COPY]])
  %e = tensor.empty() : tensor<2x5xi1>
  %t = linalg.transpose ins(%keep : tensor<5x2xi1>) outs(%e : tensor<2x5xi1>) permutation = [1, 0]
  %0 = zorro.attention %x, %x, %x padding %t : tensor<2x5xi1> scale 5.0e-1 : tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32>, tensor<2x2x5x3xf32> -> tensor<2x2x5x3xf32>
  return %0 : tensor<2x2x5x3xf32>
}
}

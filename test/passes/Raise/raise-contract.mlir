// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// By a weight: a contraction and, for the bias, a map.
zorro.weight @w : tensor<4x8xf32> from "m"[0, 128] stored tensor<4x8xf32> hash "00"
// CHECK-LABEL: func @linear
func.func @linear(%x: tensor<2x3x4xf32>, %b: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %w = zorro.weight_ref @w : tensor<4x8xf32>
  // CHECK: %[[Y:.*]] = zorro.contract %{{.*}}, %{{.*}} : tensor<2x3x4xf32>, tensor<4x8xf32> -> tensor<2x3x8xf32>
  %0 = onnx.node "MatMul" since 13 (%x, %w) {} : (tensor<2x3x4xf32>, tensor<4x8xf32>) -> tensor<2x3x8xf32>
  // CHECK: linalg.generic {{.*}} ins(%[[Y]], %{{.*}} : tensor<2x3x8xf32>, tensor<8xf32>)
  // CHECK: arith.addf
  %1 = onnx.node "Add" since 14 (%0, %b) {} : (tensor<2x3x8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
  return %1 : tensor<2x3x8xf32>
}

// -----

// Gemm's transposition of a weight goes into its recipe, once for two readers; the old weight has
// no reader left.
// CHECK-NOT: zorro.weight @w :
// CHECK: zorro.weight @[[T:.*]] : tensor<4x10xf32> from "m"[0, 160] stored tensor<10x4xf32> hash "00" recipe [#zorro.transpose<[1, 0]>]
// CHECK-NOT: zorro.weight
zorro.weight @w : tensor<10x4xf32> from "m"[0, 160] stored tensor<10x4xf32> hash "00"
// CHECK-LABEL: func @gemm
func.func @gemm(%x: tensor<2x4xf32>, %y: tensor<4x2xf32>, %c: tensor<10xf32>) -> (tensor<2x10xf32>, tensor<2x10xf32>) {
  %w = zorro.weight_ref @w : tensor<10x4xf32>
  // CHECK: zorro.weight_ref @[[T]]
  // CHECK: zorro.contract
  // CHECK: linalg.generic
  %0 = onnx.node "Gemm" since 13 (%x, %w, %c) {alpha = 1.000000e+00 : f32, beta = 1.000000e+00 : f32, transB = 1 : i64} : (tensor<2x4xf32>, tensor<10x4xf32>, tensor<10xf32>) -> tensor<2x10xf32>
  // CHECK: linalg.transpose
  // CHECK: zorro.weight_ref @[[T]]
  // CHECK: zorro.contract
  // CHECK: arith.mulf %{{.*}}, %{{.*}}
  %1 = onnx.node "Gemm" since 13 (%y, %w) {alpha = 5.000000e-01 : f32, transA = 1 : i64, transB = 1 : i64} : (tensor<4x2xf32>, tensor<10x4xf32>) -> tensor<2x10xf32>
  return %0, %1 : tensor<2x10xf32>, tensor<2x10xf32>
}

// -----

// A weight on the left, and one with heads in an axis of its own.
// CHECK-DAG: zorro.weight @[[L:.*]] : tensor<5x3xf32> {{.*}} recipe [#zorro.transpose<[1, 0]>]
// CHECK-DAG: zorro.weight @[[H:.*]] : tensor<8x12xf32> {{.*}} recipe [#zorro.transpose<[1, 0, 2]>, #zorro.reshape<[8, 12]>]
zorro.weight @left : tensor<3x5xf32> from "m"[0, 60] stored tensor<3x5xf32> hash "00"
zorro.weight @heads : tensor<2x8x6xf32> from "m"[60, 384] stored tensor<2x8x6xf32> hash "01"
// CHECK-LABEL: func @einsum
func.func @einsum(%x: tensor<2x5x8xf32>) -> (tensor<2x3x8xf32>, tensor<2x2x5x6xf32>) {
  %l = zorro.weight_ref @left : tensor<3x5xf32>
  %h = zorro.weight_ref @heads : tensor<2x8x6xf32>
  // CHECK: %[[T:.*]] = linalg.transpose {{.*}} permutation = [0, 2, 1]
  // CHECK: zorro.weight_ref @[[L]]
  // CHECK: zorro.contract %[[T]], %{{.*}} : tensor<2x8x5xf32>, tensor<5x3xf32> -> tensor<2x8x3xf32>
  // CHECK: linalg.transpose {{.*}} permutation = [0, 2, 1]
  %0 = onnx.node "MatMul" since 13 (%l, %x) {} : (tensor<3x5xf32>, tensor<2x5x8xf32>) -> tensor<2x3x8xf32>
  // CHECK: zorro.weight_ref @[[H]]
  // CHECK: zorro.contract %{{.*}}, %{{.*}} : tensor<2x5x8xf32>, tensor<8x12xf32> -> tensor<2x5x12xf32>
  // CHECK: tensor.expand_shape {{.*}} into tensor<2x5x2x6xf32>
  // CHECK: linalg.transpose {{.*}} permutation = [0, 2, 1, 3]
  %1 = onnx.node "Einsum" since 12 (%x, %h) {equation = "b n d, h d e -> b h n e"} : (tensor<2x5x8xf32>, tensor<2x8x6xf32>) -> tensor<2x2x5x6xf32>
  return %0, %1 : tensor<2x3x8xf32>, tensor<2x2x5x6xf32>
}

// -----

// A small constant matrix becomes a weight that holds its own bytes.
// CHECK: zorro.weight @{{.*}} : tensor<2x2xf32> from ""[0, 16] stored tensor<2x2xf32> hash "" value dense<{{.*}}>
// CHECK-LABEL: func @constant_matrix
func.func @constant_matrix(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %m = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  // CHECK: zorro.contract
  %0 = onnx.node "MatMul" since 13 (%x, %m) {} : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

// -----

// Of two computed operands: a reduction, with a batch that broadcasts.
// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2, d3) -> (0, d1, d3)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func @computed
func.func @computed(%a: tensor<1x3x4xf32>, %b: tensor<2x4x5xf32>) -> tensor<2x3x5xf32> {
  // CHECK: linalg.fill
  // CHECK: linalg.generic {indexing_maps = [#[[A]], #[[B]], #[[C]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
  // CHECK: arith.mulf
  // CHECK: arith.addf
  %0 = onnx.node "MatMul" since 13 (%a, %b) {} : (tensor<1x3x4xf32>, tensor<2x4x5xf32>) -> tensor<2x3x5xf32>
  return %0 : tensor<2x3x5xf32>
}

// -----

// Vectors on either side; integers.
// CHECK-LABEL: func @vectors
func.func @vectors(%a: tensor<4xf32>, %b: tensor<2x4x5xf32>, %i: tensor<4xi32>) -> (tensor<2x5xf32>, tensor<i32>) {
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
  %0 = onnx.node "MatMul" since 13 (%a, %b) {} : (tensor<4xf32>, tensor<2x4x5xf32>) -> tensor<2x5xf32>
  // CHECK: linalg.generic {{.*}} iterator_types = ["reduction"]
  // CHECK: arith.muli
  // CHECK: arith.addi
  %1 = onnx.node "MatMul" since 13 (%i, %i) {} : (tensor<4xi32>, tensor<4xi32>) -> tensor<i32>
  return %0, %1 : tensor<2x5xf32>, tensor<i32>
}

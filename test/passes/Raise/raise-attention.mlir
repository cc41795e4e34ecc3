// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-raise-attention | FileCheck %s
// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-raise-attention --zorro-raise-attention | FileCheck %s

// The scale on both operands, keys transposed through three axes, a repair that finds no NaN.
// CHECK-LABEL: func @dynamo
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor<1x2x3x4xf32>, %[[K:[a-z0-9]+]]: {{.*}}, %[[V:[a-z0-9]+]]:
func.func @dynamo(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %half = arith.constant dense<5.000000e-01> : tensor<1xf32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %flat = arith.constant dense<[2, 3, 4]> : tensor<3xi64>
  %back = arith.constant dense<[1, 2, 4, 3]> : tensor<4xi64>
  %mask = arith.constant dense<[[0.0, 0xFF800000, 0xFF800000], [0.0, 0.0, 0.0], [0xFF800000, 0xFF800000, 0.0]]> : tensor<3x3xf32>
  %0 = onnx.node "Reshape" since 14 (%k, %flat) {allowzero = 0 : i64} : (tensor<1x2x3x4xf32>, tensor<3xi64>) -> tensor<2x3x4xf32>
  %1 = onnx.node "Transpose" since 13 (%0) {perm = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  %2 = onnx.node "Reshape" since 14 (%1, %back) {allowzero = 0 : i64} : (tensor<2x4x3xf32>, tensor<4xi64>) -> tensor<1x2x4x3xf32>
  %3 = onnx.node "Mul" since 14 (%q, %half) {} : (tensor<1x2x3x4xf32>, tensor<1xf32>) -> tensor<1x2x3x4xf32>
  %4 = onnx.node "Mul" since 14 (%2, %half) {} : (tensor<1x2x4x3xf32>, tensor<1xf32>) -> tensor<1x2x4x3xf32>
  %5 = onnx.node "MatMul" since 13 (%3, %4) {} : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  %6 = onnx.node "Add" since 14 (%5, %mask) {} : (tensor<1x2x3x3xf32>, tensor<3x3xf32>) -> tensor<1x2x3x3xf32>
  %7 = onnx.node "Softmax" since 13 (%6) {axis = -1 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %8 = onnx.node "IsNaN" since 13 (%7) {} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xi1>
  %9 = onnx.node "Where" since 16 (%8, %zero, %7) {} : (tensor<1x2x3x3xi1>, tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  // CHECK-NEXT: %[[O:.*]] = zorro.attention %[[Q]], %[[K]], %[[V]]
  // CHECK-SAME:   mask <s0: 1 -> [s0], s1: 1 -> [all], s2: 1 -> [s2] over s0: 1, s1: 1, s2: 1 empty nan>
  // CHECK-SAME:   scale 2.500000e-01
  // CHECK-NEXT: return %[[O]]
  %10 = onnx.node "MatMul" since 13 (%9, %v) {} : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %10 : tensor<1x2x3x4xf32>
}

// -----

// The scale on the product, as a division; the transposition joined with that of the heads.
// CHECK-LABEL: func @scaled_product
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: {{[^,]*}}, %[[K:[a-z0-9]+]]:
func.func @scaled_product(%q: tensor<1x2x3x4xf32>, %k: tensor<1x5x2x4xf32>, %v: tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32> {
  %two = arith.constant dense<2.000000e+00> : tensor<f32>
  %0 = onnx.node "Transpose" since 13 (%k) {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x4x5xf32>
  %1 = onnx.node "MatMul" since 13 (%q, %0) {} : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  %2 = onnx.node "Div" since 14 (%1, %two) {} : (tensor<1x2x3x5xf32>, tensor<f32>) -> tensor<1x2x3x5xf32>
  %3 = onnx.node "Softmax" since 13 (%2) {axis = 3 : i64} : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  // CHECK: %[[T:.*]] = onnx.node "Transpose" since 13(%[[K]]) {perm = array<i64: 0, 2, 1, 3>}
  // CHECK: zorro.attention %[[Q]], %[[T]], %{{.*}} scale 5.000000e-01 : tensor<1x2x3x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x6xf32> -> tensor<1x2x3x6xf32>
  %4 = onnx.node "MatMul" since 13 (%3, %v) {} : (tensor<1x2x3x5xf32>, tensor<1x2x5x6xf32>) -> tensor<1x2x3x6xf32>
  return %4 : tensor<1x2x3x6xf32>
}

// -----

// Einsum with heads behind tokens, and a mask that is true where it blocks.
// CHECK-LABEL: func @einsum
func.func @einsum(%q: tensor<1x4x2x8xf32>, %k: tensor<1x4x2x8xf32>, %v: tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %mask = arith.constant dense<[[false, false, true, true], [false, false, true, true], [true, true, false, true], [false, false, false, false]]> : tensor<4x4xi1>
  %0 = onnx.node "Einsum" since 12 (%q, %k) {equation = "bihd,bjhd->bhij"} : (tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>) -> tensor<1x2x4x4xf32>
  %1 = onnx.node "Where" since 16 (%mask, %low, %0) {} : (tensor<4x4xi1>, tensor<f32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  // CHECK-COUNT-3: onnx.node "Transpose" since 13(%{{.*}}) {perm = array<i64: 0, 2, 1, 3>}
  // CHECK: zorro.attention
  // CHECK-SAME: mask <s0: 2 -> [s0], s1: 1 -> [s1], s2: 1 -> [all] over s0: 2, s1: 1, s2: 1 empty nan> scale 1.000000e+00
  // CHECK: onnx.node "Transpose" since 13(%{{.*}}) {perm = array<i64: 0, 2, 1, 3>}
  %3 = onnx.node "Einsum" since 12 (%2, %v) {equation = "bhij,bjhd->bihd"} : (tensor<1x2x4x4xf32>, tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32>
  return %3 : tensor<1x4x2x8xf32>
}

// -----

// The other polarity; three axes; a mask of one row for all queries; casts around the softmax. Halves
// are computed with as f32.
// CHECK-LABEL: func @halves
func.func @halves(%q: tensor<6x3x4xf16>, %k: tensor<6x5x4xf16>, %v: tensor<6x5x4xf16>) -> tensor<6x3x4xf16> {
  %low = arith.constant dense<0xFF800000> : tensor<f32>
  %mask = arith.constant dense<[[[true, true, true, false, false]]]> : tensor<1x1x5xi1>
  %0 = onnx.node "Transpose" since 13 (%k) {perm = array<i64: 0, 2, 1>} : (tensor<6x5x4xf16>) -> tensor<6x4x5xf16>
  %1 = onnx.node "MatMul" since 13 (%q, %0) {} : (tensor<6x3x4xf16>, tensor<6x4x5xf16>) -> tensor<6x3x5xf16>
  %2 = onnx.node "Cast" since 13 (%1) {to = 1 : i64} : (tensor<6x3x5xf16>) -> tensor<6x3x5xf32>
  %3 = onnx.node "Where" since 16 (%mask, %2, %low) {} : (tensor<1x1x5xi1>, tensor<6x3x5xf32>, tensor<f32>) -> tensor<6x3x5xf32>
  %4 = onnx.node "Softmax" since 13 (%3) {axis = -1 : i64} : (tensor<6x3x5xf32>) -> tensor<6x3x5xf32>
  %5 = onnx.node "Cast" since 13 (%4) {to = 10 : i64} : (tensor<6x3x5xf32>) -> tensor<6x3x5xf16>
  // CHECK: zorro.attention
  // CHECK-SAME: mask <s0: 3 -> [s0] over s0: 3, s1: 2 empty nan>
  // CHECK-SAME: tensor<1x6x3x4xf32>, tensor<1x6x5x4xf32>, tensor<1x6x5x4xf32> -> tensor<1x6x3x4xf32>
  %6 = onnx.node "MatMul" since 13 (%5, %v) {} : (tensor<6x3x5xf16>, tensor<6x5x4xf16>) -> tensor<6x3x4xf16>
  return %6 : tensor<6x3x4xf16>
}

// -----

// Two masks in a row are one; the mask is a weight.
// CHECK-LABEL: func @two_masks
zorro.weight @mask : tensor<1x1x2x3xi1> from ""[0, 6] stored tensor<2x3xi1> hash "" value dense<[[true, true, false], [false, true, true]]> : tensor<2x3xi1> recipe [#zorro.reshape<[1, 1, 2, 3]>]
func.func @two_masks(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %low = arith.constant dense<-1.000000e+30> : tensor<f32>
  %add = arith.constant dense<[[0xFF800000, 0.0, 0.0]]> : tensor<1x3xf32>
  %mask = zorro.weight_ref @mask : tensor<1x1x2x3xi1>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %1 = onnx.node "Where" since 16 (%mask, %0, %low) {} : (tensor<1x1x2x3xi1>, tensor<1x1x2x3xf32>, tensor<f32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Add" since 14 (%add, %1) {} : (tensor<1x3xf32>, tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %3 = onnx.node "Softmax" since 13 (%2) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  // CHECK: onnx.node "Transpose" since 13(%{{.*}}) {perm = array<i64: 0, 1, 3, 2>}
  // CHECK: zorro.attention
  // CHECK-SAME: mask <s0: 1 -> [s1], s1: 1 -> [s1, s2] over s0: 1, s1: 1, s2: 1 empty nan>
  %4 = onnx.node "MatMul" since 13 (%3, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %4 : tensor<1x1x2x4xf32>
}

// -----

// The softmax of a linear layer is none of this, nor is one whose result is the model's.
// CHECK-LABEL: func @others
// CHECK-NOT: zorro.attention
zorro.weight @w : tensor<4x3xf32> from "m"[0, 48] stored tensor<4x3xf32> hash "00"
func.func @others(%x: tensor<2x4xf32>) -> (tensor<2x3xf32>, tensor<2x4xf32>) {
  %w = zorro.weight_ref @w : tensor<4x3xf32>
  %0 = onnx.node "MatMul" since 13 (%x, %w) {} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  // CHECK-COUNT-2: onnx.node "Softmax"
  %1 = onnx.node "Softmax" since 13 (%0) {axis = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%x) {axis = -1 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %1, %2 : tensor<2x3xf32>, tensor<2x4xf32>
}

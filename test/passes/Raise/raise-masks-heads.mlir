// RUN: zorro-opt %s --mlir-print-local-scope --zorro-raise-attention --split-input-file 2>&1 | FileCheck %s

// Of the second function; remarks come before all output.
// CHECK: raise-masks-heads.mlir:{{.*}}: remark: {{.*}} is left dense: its mask: {{.*}} it varies over heads at run time

// Padding that is repeated for each head, batch and heads as one axis, as PyTorch's encoder does it.
// CHECK-LABEL: @perSample
func.func @perSample(%q: tensor<2x4x3x4xf32>, %k: tensor<2x4x4x3xf32>, %v: tensor<2x4x3x4xf32>, %keep: tensor<2x3xi1>) -> tensor<2x4x3x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %infinity = arith.constant dense<0xFF800000> : tensor<f32>
  %wide = arith.constant dense<[2, 1, 1, 3]> : tensor<4xi64>
  %heads = arith.constant dense<[2, 4, 1, 3]> : tensor<4xi64>
  %flat = arith.constant dense<[8, 1, 3]> : tensor<3xi64>
  %scores = arith.constant dense<[2, 4, 3, 3]> : tensor<4xi64>
  %mask = arith.constant dense<[[[0.0, 0.0, 0xFF800000], [0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0]]]> : tensor<1x3x3xf32>
  %0 = onnx.node "Where" since 16 (%keep, %zero, %infinity) {} : (tensor<2x3xi1>, tensor<f32>, tensor<f32>) -> tensor<2x3xf32>
  %1 = onnx.node "Reshape" since 14 (%0, %wide) {} : (tensor<2x3xf32>, tensor<4xi64>) -> tensor<2x1x1x3xf32>
  %2 = onnx.node "Expand" since 13 (%1, %heads) {} : (tensor<2x1x1x3xf32>, tensor<4xi64>) -> tensor<2x4x1x3xf32>
  %3 = onnx.node "Reshape" since 14 (%2, %flat) {} : (tensor<2x4x1x3xf32>, tensor<3xi64>) -> tensor<8x1x3xf32>
  %4 = onnx.node "Add" since 14 (%mask, %3) {} : (tensor<1x3x3xf32>, tensor<8x1x3xf32>) -> tensor<8x3x3xf32>
  %5 = onnx.node "Reshape" since 14 (%4, %scores) {} : (tensor<8x3x3xf32>, tensor<4xi64>) -> tensor<2x4x3x3xf32>
  %6 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x4x3x4xf32>, tensor<2x4x4x3xf32>) -> tensor<2x4x3x3xf32>
  %7 = onnx.node "Add" since 14 (%6, %5) {} : (tensor<2x4x3x3xf32>, tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32>
  %p = onnx.node "Softmax" since 13 (%7) {axis = -1 : i64} : (tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32>
  // CHECK: zorro.attention {{.*}} padding %arg3 : tensor<2x3xi1>
  // CHECK-SAME: mask <s0: 2 -> [s0], s1: 1 -> [all] over s0: 2, s1: 1 empty nan>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x4x3x3xf32>, tensor<2x4x3x4xf32>) -> tensor<2x4x3x4xf32>
  return %o : tensor<2x4x3x4xf32>
}

// -----

// The same, but what varies is the second of the two axes that become one: the heads.
// CHECK-LABEL: @perHead
// CHECK-NOT: zorro.attention
func.func @perHead(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x4x3xf32>, %v: tensor<2x2x3x4xf32>, %keep: tensor<2x3xi1>) -> tensor<2x2x3x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %infinity = arith.constant dense<0xFF800000> : tensor<f32>
  %wide = arith.constant dense<[1, 2, 1, 3]> : tensor<4xi64>
  %heads = arith.constant dense<[2, 2, 1, 3]> : tensor<4xi64>
  %flat = arith.constant dense<[4, 1, 3]> : tensor<3xi64>
  %scores = arith.constant dense<[2, 2, 3, 3]> : tensor<4xi64>
  %mask = arith.constant dense<[[[0.0, 0.0, 0xFF800000], [0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0]]]> : tensor<1x3x3xf32>
  %0 = onnx.node "Where" since 16 (%keep, %zero, %infinity) {} : (tensor<2x3xi1>, tensor<f32>, tensor<f32>) -> tensor<2x3xf32>
  %1 = onnx.node "Reshape" since 14 (%0, %wide) {} : (tensor<2x3xf32>, tensor<4xi64>) -> tensor<1x2x1x3xf32>
  %2 = onnx.node "Expand" since 13 (%1, %heads) {} : (tensor<1x2x1x3xf32>, tensor<4xi64>) -> tensor<2x2x1x3xf32>
  %3 = onnx.node "Reshape" since 14 (%2, %flat) {} : (tensor<2x2x1x3xf32>, tensor<3xi64>) -> tensor<4x1x3xf32>
  %4 = onnx.node "Add" since 14 (%mask, %3) {} : (tensor<1x3x3xf32>, tensor<4x1x3xf32>) -> tensor<4x3x3xf32>
  %5 = onnx.node "Reshape" since 14 (%4, %scores) {} : (tensor<4x3x3xf32>, tensor<4xi64>) -> tensor<2x2x3x3xf32>
  %6 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x3x4xf32>, tensor<2x2x4x3xf32>) -> tensor<2x2x3x3xf32>
  %7 = onnx.node "Add" since 14 (%6, %5) {} : (tensor<2x2x3x3xf32>, tensor<2x2x3x3xf32>) -> tensor<2x2x3x3xf32>
  %p = onnx.node "Softmax" since 13 (%7) {axis = -1 : i64} : (tensor<2x2x3x3xf32>) -> tensor<2x2x3x3xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x3x3xf32>, tensor<2x2x3x4xf32>) -> tensor<2x2x3x4xf32>
  return %o : tensor<2x2x3x4xf32>
}

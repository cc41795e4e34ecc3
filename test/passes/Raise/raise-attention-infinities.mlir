// RUN: zorro-opt %s --mlir-print-local-scope --zorro-raise-attention --split-input-file | FileCheck %s

// torch.nan_to_num on weights: a weight is never infinite, so that its repair does nothing.
// CHECK-LABEL: @nanToNum
func.func @nanToNum(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x4x3xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %most = arith.constant dense<3.40282347E+38> : tensor<f32>
  %mask = arith.constant dense<[[0.0, 0xFF800000, 0xFF800000], [0xFF800000, 0xFF800000, 0xFF800000], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x2x3x3xf32>, tensor<3x3xf32>) -> tensor<1x2x3x3xf32>
  %p = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %2 = onnx.node "IsNaN" since 13 (%p) {} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xi1>
  %3 = onnx.node "Where" since 16 (%2, %zero, %p) {} : (tensor<1x2x3x3xi1>, tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %4 = onnx.node "Less" since 13 (%p, %zero) {} : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xi1>
  %5 = onnx.node "IsInf" since 10 (%p) {} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xi1>
  %6 = onnx.node "And" since 7 (%4, %5) {} : (tensor<1x2x3x3xi1>, tensor<1x2x3x3xi1>) -> tensor<1x2x3x3xi1>
  %7 = onnx.node "Where" since 16 (%6, %most, %3) {} : (tensor<1x2x3x3xi1>, tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  // The second as TorchScript writes it, of what the first gives.
  %8 = onnx.node "Cast" since 13 (%7) {to = 11 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf64>
  %9 = onnx.node "IsInf" since 10 (%8) {} : (tensor<1x2x3x3xf64>) -> tensor<1x2x3x3xi1>
  %10 = onnx.node "Cast" since 13 (%9) {to = 9 : i64} : (tensor<1x2x3x3xi1>) -> tensor<1x2x3x3xi1>
  %11 = onnx.node "Greater" since 13 (%7, %zero) {} : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xi1>
  %12 = onnx.node "And" since 7 (%10, %11) {} : (tensor<1x2x3x3xi1>, tensor<1x2x3x3xi1>) -> tensor<1x2x3x3xi1>
  %13 = onnx.node "Where" since 16 (%12, %most, %7) {} : (tensor<1x2x3x3xi1>, tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  // CHECK: %[[O:.*]] = zorro.attention
  // CHECK-SAME:   mask <s0: 1 -> [s0], s1: 1 -> [], s2: 1 -> [all] over s0: 1, s1: 1, s2: 1 empty zero>
  // CHECK-NEXT: return %[[O]]
  %o = onnx.node "MatMul" since 13 (%13, %v) {} : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %o : tensor<1x2x3x4xf32>
}

// -----

// A repair of NaN by infinity makes infinities: nothing is dropped.
// CHECK-LABEL: @infinite
// CHECK: onnx.node "IsInf"
// CHECK: onnx.node "Where"
func.func @infinite(%s: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %infinity = arith.constant dense<0x7F800000> : tensor<f32>
  %p = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %0 = onnx.node "IsNaN" since 13 (%p) {} : (tensor<2x3xf32>) -> tensor<2x3xi1>
  %1 = onnx.node "Where" since 16 (%0, %infinity, %p) {} : (tensor<2x3xi1>, tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = onnx.node "IsInf" since 10 (%1) {} : (tensor<2x3xf32>) -> tensor<2x3xi1>
  %3 = onnx.node "Where" since 16 (%2, %zero, %1) {} : (tensor<2x3xi1>, tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %3 : tensor<2x3xf32>
}

// -----

// Of what is no weight, neither.
// CHECK-LABEL: @scores
// CHECK: onnx.node "IsInf"
// CHECK: onnx.node "Where"
func.func @scores(%s: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %p = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %0 = onnx.node "IsInf" since 10 (%s) {} : (tensor<2x3xf32>) -> tensor<2x3xi1>
  %1 = onnx.node "Where" since 16 (%0, %zero, %p) {} : (tensor<2x3xi1>, tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

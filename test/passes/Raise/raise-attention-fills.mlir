// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-raise-attention 2>/dev/null | FileCheck %s
// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-raise-attention=assume-finite-fill 2>/dev/null | FileCheck %s --check-prefix=FINITE

// What a fill drops, and what a query without a live key gives. The reasons of what stays dense are
// in raise-attention-dense.mlir.

// An empty row of -inf is NaN.
// CHECK-LABEL: func @empty_nan(
// CHECK: mask <s0: 1 -> [], s1: 1 -> [s0] over s0: 2, s1: 1 empty nan>
func.func @empty_nan(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %mask = arith.constant dense<[[false, false, false], [true, true, false]]> : tensor<2x3xi1>
  %1 = onnx.node "Where" since 16 (%mask, %0, %fill) {} : (tensor<2x3xi1>, tensor<1x1x2x3xf32>, tensor<f32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// With the repair behind it, it is zero.
// CHECK-LABEL: func @empty_zero(
// CHECK: mask <s0: 1 -> [], s1: 1 -> [s0] over s0: 2, s1: 1 empty zero>
// CHECK-NOT: IsNaN
func.func @empty_zero(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %mask = arith.constant dense<[[false, false, false], [true, true, false]]> : tensor<2x3xi1>
  %1 = onnx.node "Where" since 16 (%mask, %0, %fill) {} : (tensor<2x3xi1>, tensor<1x1x2x3xf32>, tensor<f32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %3 = onnx.node "IsNaN" since 13 (%2) {} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xi1>
  %4 = onnx.node "Where" since 16 (%3, %zero, %2) {} : (tensor<1x1x2x3xi1>, tensor<f32>, tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%4, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// An empty row of equal finite numbers is the mean of all values; the repair changes nothing.
// CHECK-LABEL: func @empty_uniform(
// CHECK: mask <s0: 1 -> [], s1: 1 -> [s0] over s0: 2, s1: 1 empty uniform>
func.func @empty_uniform(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %mask = arith.constant dense<[[false, false, false], [true, true, false]]> : tensor<2x3xi1>
  %1 = onnx.node "Where" since 16 (%mask, %0, %fill) {} : (tensor<2x3xi1>, tensor<1x1x2x3xf32>, tensor<f32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %3 = onnx.node "IsNaN" since 13 (%2) {} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xi1>
  %4 = onnx.node "Where" since 16 (%3, %zero, %2) {} : (tensor<1x1x2x3xi1>, tensor<f32>, tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%4, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// A finite number added to a whole row absorbs its scores where it is as low as that; a higher one
// leaves their softmax: dense.
// CHECK-LABEL: func @empty_absorbed(
// CHECK: mask <s0: 1 -> [], s1: 1 -> [s0] over s0: 3 empty uniform>
func.func @empty_absorbed(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %mask = arith.constant dense<[[-3.40282347E+38, -3.40282347E+38, -3.40282347E+38], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// CHECK-LABEL: func @empty_added(
// CHECK-NOT: zorro.attention
// CHECK: onnx.node "Softmax"
func.func @empty_added(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %mask = arith.constant dense<[[-1.0E+36, -1.0E+36, -1.0E+36], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// -1e9 drops a key, and what that assumes is written down.
// CHECK: module attributes {zorro.assumptions = ["live scores exceed the fill -1e+09 so far that a masked key's weight is zero"]}
// CHECK-LABEL: func @assumed(
// CHECK: zorro.attention
func.func @assumed(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %fill = arith.constant dense<-1.0e+09> : tensor<f32>
  %mask = arith.constant dense<[[true, false, true], [true, true, true]]> : tensor<2x3xi1>
  %1 = onnx.node "Where" since 16 (%mask, %0, %fill) {} : (tensor<2x3xi1>, tensor<1x1x2x3xf32>, tensor<f32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// So does the lowest number of f16.
// CHECK: zorro.assumptions = ["live scores exceed the fill -65504 so far
// CHECK-LABEL: func @assumed_half(
// CHECK: zorro.attention
func.func @assumed_half(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %mask = arith.constant dense<[[0.0, -65504.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// -10000 does only when asked to.
// CHECK-LABEL: func @weak(
// CHECK-NOT: zorro.attention
// CHECK: onnx.node "Softmax"
// FINITE: zorro.assumptions = ["live scores exceed the fill -10000 so far
// FINITE-LABEL: func @weak(
// FINITE: zorro.attention
func.func @weak(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %mask = arith.constant dense<[[0.0, -10000.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// A bias is never a mask.
// CHECK-LABEL: func @bias(
// CHECK-NOT: zorro.attention
// CHECK: onnx.node "Softmax"
// FINITE-LABEL: func @bias(
// FINITE-NOT: zorro.attention
// FINITE: onnx.node "Softmax"
func.func @bias(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %mask = arith.constant dense<[[0.0, -0.5, 0.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

// -----

// A mask that drops nothing leaves attention without one.
// CHECK-LABEL: func @full(
// CHECK: zorro.attention %{{.*}}, %{{.*}}, %{{[a-z0-9]+}} scale
func.func @full(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x3xf32>, %v: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x3xf32>) -> tensor<1x1x2x3xf32>
  %mask = arith.constant dense<[[0.0, 0.0, 0.0], [-0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x1x2x3xf32>
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x1x2x3xf32>) -> tensor<1x1x2x3xf32>
  %5 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x1x2x3xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32>
  return %5 : tensor<1x1x2x4xf32>
}

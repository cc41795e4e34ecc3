// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// CHECK-LABEL: func @norms
func.func @norms(%x: tensor<2x3x4xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<2x3x4xf32> {
  // CHECK: zorro.layer_norm %{{.*}} scale %{{.*}} bias %{{.*}} eps 9.99999974E-6 : tensor<2x3x4xf32>
  %0 = onnx.node "LayerNormalization" since 17 (%x, %s, %b) {axis = -1 : i64, epsilon = 1.000000e-05 : f32} : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  // CHECK: zorro.layer_norm %{{.*}} scale %{{[a-z0-9]+}} : tensor<4xf32> eps
  %1 = onnx.node "LayerNormalization" since 17 (%0, %s) {axis = 2 : i64} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  // CHECK: zorro.rms_norm %{{.*}} scale
  %2 = onnx.node "RMSNormalization" since 23 (%1, %s) {} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}

// -----

// Two axes are one row.
// CHECK-LABEL: func @two_axes
func.func @two_axes(%x: tensor<2x3x4xf32>, %s: tensor<3x4xf32>, %b: tensor<4xf32>) -> tensor<2x3x4xf32> {
  // CHECK: tensor.collapse_shape %{{.*}} : tensor<3x4xf32> into tensor<12xf32>
  // CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4xf32>) outs(%{{.*}} : tensor<3x4xf32>)
  // CHECK: tensor.collapse_shape %{{.*}} : tensor<2x3x4xf32> into tensor<2x12xf32>
  // CHECK: zorro.layer_norm {{.*}} : tensor<2x12xf32>
  // CHECK: tensor.expand_shape {{.*}} into tensor<2x3x4xf32>
  %0 = onnx.node "LayerNormalization" since 17 (%x, %s, %b) {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// The last axis; another one, brought there and back; before version 13, all axes from one on.
// CHECK-LABEL: func @softmax
func.func @softmax(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  // CHECK: %[[A:.*]] = zorro.softmax %arg0 : tensor<2x3x4xf32>
  %0 = onnx.node "Softmax" since 13 (%x) {} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  // CHECK: linalg.transpose ins(%[[A]] {{.*}} permutation = [0, 2, 1]
  // CHECK: zorro.softmax %{{.*}} : tensor<2x4x3xf32>
  // CHECK: linalg.transpose {{.*}} permutation = [0, 2, 1]
  %1 = onnx.node "Softmax" since 13 (%0) {axis = 1 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  // CHECK: tensor.collapse_shape
  // CHECK: zorro.softmax %{{.*}} : tensor<2x12xf32>
  // CHECK: tensor.expand_shape
  %2 = onnx.node "Softmax" since 11 (%1) {} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}

// -----

// CHECK-LABEL: func @log_softmax
func.func @log_softmax(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // CHECK: arith.maximumf
  // CHECK: arith.subf
  // CHECK: math.exp
  // CHECK: arith.addf
  // CHECK: math.log
  // CHECK: arith.subf
  %0 = onnx.node "LogSoftmax" since 13 (%x) {axis = -1 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// The statistics too, where something reads them.
// CHECK-LABEL: func @statistics
func.func @statistics(%x: tensor<2x4xf32>, %s: tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x1xf32>) {
  // CHECK: tensor.expand_shape {{.*}} into tensor<2x1xf32>
  // CHECK: %[[R:.*]] = math.sqrt
  // CHECK-NEXT: arith.divf %{{.*}}, %[[R]]
  // CHECK: %[[Y:.*]] = zorro.layer_norm
  // CHECK: return %[[Y]], %{{.*}} : tensor<2x4xf32>, tensor<2x1xf32>
  %0, %mean, %inverse = onnx.node "LayerNormalization" since 17 (%x, %s) {} : (tensor<2x4xf32>, tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
  return %0, %inverse : tensor<2x4xf32>, tensor<2x1xf32>
}

// -----

// Half floats are normalised and summed as f32.
// CHECK-LABEL: func @halves
func.func @halves(%x: tensor<2x4xf16>) -> (tensor<2x4xf16>, tensor<2x1xf16>) {
  // CHECK: arith.extf %{{.*}} : f16 to f32
  // CHECK: %[[S:.*]] = zorro.softmax %{{.*}} : tensor<2x4xf32>
  // CHECK: arith.truncf %{{.*}} : f32 to f16
  // CHECK: arith.addf %{{.*}}, %{{.*}} : f32
  // CHECK: arith.truncf %{{.*}} : f32 to f16
  %0 = onnx.node "Softmax" since 13 (%x) {axis = -1 : i64} : (tensor<2x4xf16>) -> tensor<2x4xf16>
  %axes = arith.constant dense<1> : tensor<1xi64>
  %1 = onnx.node "ReduceSum" since 13 (%x, %axes) {} : (tensor<2x4xf16>, tensor<1xi64>) -> tensor<2x1xf16>
  return %0, %1 : tensor<2x4xf16>, tensor<2x1xf16>
}

// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// The axis as an input or as an attribute, kept or not.
// CHECK-LABEL: func @mean
func.func @mean(%x: tensor<2x3x4xf32>) -> (tensor<2x3x1xf32>, tensor<3xf32>) {
  %axes = arith.constant dense<-1> : tensor<1xi64>
  // CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00
  // CHECK: linalg.fill ins(%[[ZERO]]
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0 : tensor<2x3x4xf32>) outs(%{{.*}} : tensor<2x3xf32>)
  // CHECK: arith.addf
  // CHECK: arith.constant 4.000000e+00
  // CHECK: arith.divf
  // CHECK: tensor.expand_shape {{.*}} into tensor<2x3x1xf32>
  %0 = onnx.node "ReduceMean" since 18 (%x, %axes) {} : (tensor<2x3x4xf32>, tensor<1xi64>) -> tensor<2x3x1xf32>
  // CHECK: iterator_types = ["reduction", "parallel", "reduction"]
  // CHECK: arith.constant 8.000000e+00
  %1 = onnx.node "ReduceMean" since 13 (%x) {axes = array<i64: 0, 2>, keepdims = 0 : i64} : (tensor<2x3x4xf32>) -> tensor<3xf32>
  return %0, %1 : tensor<2x3x1xf32>, tensor<3xf32>
}

// -----

// CHECK-LABEL: func @folds
func.func @folds(%x: tensor<2x3xf32>, %i: tensor<2x3xi32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<1x1xi32>) {
  // CHECK: arith.constant 0xFF800000
  // CHECK: arith.maximumf
  %0 = onnx.node "ReduceMax" since 13 (%x) {keepdims = 0 : i64} : (tensor<2x3xf32>) -> tensor<f32>
  // CHECK: arith.constant 1.000000e+00
  // CHECK: arith.mulf
  %1 = onnx.node "ReduceProd" since 13 (%x) {keepdims = 0 : i64} : (tensor<2x3xf32>) -> tensor<f32>
  // CHECK: arith.mulf
  // CHECK: arith.addf
  // CHECK: math.sqrt
  %2 = onnx.node "ReduceL2" since 13 (%x) {keepdims = 0 : i64} : (tensor<2x3xf32>) -> tensor<f32>
  // CHECK: arith.mulf
  // CHECK: arith.addf
  %3 = onnx.node "ReduceSumSquare" since 13 (%x) {keepdims = 0 : i64} : (tensor<2x3xf32>) -> tensor<f32>
  // CHECK: arith.maximumf
  // CHECK: arith.subf
  // CHECK: math.exp
  // CHECK: math.log
  // CHECK: arith.addf
  %4 = onnx.node "ReduceLogSumExp" since 13 (%x) {keepdims = 0 : i64} : (tensor<2x3xf32>) -> tensor<f32>
  // CHECK: arith.constant 2147483647 : i32
  // CHECK: arith.minsi
  %5 = onnx.node "ReduceMin" since 13 (%i) {} : (tensor<2x3xi32>) -> tensor<1x1xi32>
  return %0, %1, %2, %3, %4, %5 : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<1x1xi32>
}

// -----

// No axes: all of them, or none if the node says so.
// CHECK-LABEL: func @no_axes
func.func @no_axes(%x: tensor<2x3xf32>) -> (tensor<1x1xf32>, tensor<2x3xf32>) {
  %axes = arith.constant dense<> : tensor<0xi64>
  // CHECK: iterator_types = ["reduction", "reduction"]
  // CHECK: %[[S:.*]] = tensor.expand_shape
  %0 = onnx.node "ReduceSum" since 13 (%x) {} : (tensor<2x3xf32>) -> tensor<1x1xf32>
  // CHECK: return %[[S]], %arg0
  %1 = onnx.node "ReduceSum" since 13 (%x, %axes) {noop_with_empty_axes = 1 : i64} : (tensor<2x3xf32>, tensor<0xi64>) -> tensor<2x3xf32>
  return %0, %1 : tensor<1x1xf32>, tensor<2x3xf32>
}

// -----

// The least place of an element that equals the largest one; rows without one give their first.
// CHECK-LABEL: func @arg_max
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
func.func @arg_max(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  // CHECK: arith.maximumf
  // CHECK: %[[PLACES:.*]] = arith.constant dense<{{\[}}[0, 1, 2]]> : tensor<1x3xi64>
  // CHECK: %[[MAX:.*]] = tensor.expand_shape {{.*}} into tensor<2x1xf32>
  // CHECK: linalg.generic {{.*}} ins(%[[X]], %[[MAX]], %[[PLACES]] :
  // CHECK: arith.cmpf ueq
  // CHECK: arith.select
  // CHECK: arith.minsi
  %0 = onnx.node "ArgMax" since 13 (%x) {axis = 1 : i64, keepdims = 0 : i64} : (tensor<2x3xf32>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}

// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// The square root once per channel, then one multiplication and one addition per element.
// CHECK-LABEL: func @batch
func.func @batch(%x: tensor<2x3x4xf32>, %s: tensor<3xf32>, %b: tensor<3xf32>, %m: tensor<3xf32>, %v: tensor<3xf32>) -> tensor<2x3x4xf32> {
  // CHECK: %[[SCALE:.*]] = linalg.generic {{.*}} ins(%arg1, %arg4 : tensor<3xf32>, tensor<3xf32>)
  // CHECK: arith.constant 1.000000e-03 : f32
  // CHECK: math.sqrt
  // CHECK: arith.divf
  // CHECK: %[[BIAS:.*]] = linalg.generic {{.*}} ins(%arg2, %arg3, %[[SCALE]] :
  // CHECK: %[[S:.*]] = tensor.expand_shape %[[SCALE]] {{.*}} into tensor<3x1xf32>
  // CHECK: %[[B:.*]] = tensor.expand_shape %[[BIAS]] {{.*}} into tensor<3x1xf32>
  // CHECK: linalg.generic {{.*}} ins(%arg0, %[[S]], %[[B]] :
  // CHECK: arith.mulf
  // CHECK: arith.addf
  %0 = onnx.node "BatchNormalization" since 15 (%x, %s, %b, %m, %v) {epsilon = 1.000000e-03 : f32} : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// A row per group of channels.
// CHECK-LABEL: func @group
func.func @group(%x: tensor<2x4x3x5xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<2x4x3x5xf32> {
  // CHECK: zorro.layer_norm {{.*}}tensor<2x2x30xf32>
  // CHECK: ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x4x3x5xf32>, tensor<4x1x1xf32>, tensor<4x1x1xf32>)
  %0 = onnx.node "GroupNormalization" since 21 (%x, %s, %b) {num_groups = 2 : i64} : (tensor<2x4x3x5xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4x3x5xf32>
  return %0 : tensor<2x4x3x5xf32>
}

// -----

// Before version 21 the scale belongs to groups.
// CHECK-LABEL: func @group_18
func.func @group_18(%x: tensor<2x4x3xf32>, %s: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<2x4x3xf32> {
  // CHECK: zorro.layer_norm {{.*}}tensor<2x2x6xf32>
  // CHECK: tensor<2x2xf32>
  // CHECK: tensor<4x1xf32>
  %0 = onnx.node "GroupNormalization" since 18 (%x, %s, %b) {num_groups = 2 : i64} : (tensor<2x4x3xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x4x3xf32>
  return %0 : tensor<2x4x3xf32>
}

// -----

// CHECK-LABEL: func @instance
func.func @instance(%x: tensor<2x4x3xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<2x4x3xf32> {
  // CHECK: zorro.layer_norm %arg0 {{.*}}tensor<2x4x3xf32>
  %0 = onnx.node "InstanceNormalization" since 22 (%x, %s, %b) {} : (tensor<2x4x3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4x3xf32>
  return %0 : tensor<2x4x3xf32>
}

// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// A reshape is a collapse and an expansion, as fine as they go; of two in a row one is left, and none
// where the second undoes the first.
// CHECK-LABEL: func @reshape
func.func @reshape(%x: tensor<2x6x5xf32>) -> (tensor<3x4x5xf32>, tensor<2x6x5xf32>, tensor<2x30xf32>) {
  %a = arith.constant dense<[3, 4, 5]> : tensor<3xi64>
  %b = arith.constant dense<[2, 6, 5]> : tensor<3xi64>
  // CHECK: %[[C:.*]] = tensor.collapse_shape %arg0 {{\[}}[0, 1], [2]] : tensor<2x6x5xf32> into tensor<12x5xf32>
  // CHECK: %[[E:.*]] = tensor.expand_shape %[[C]] {{\[}}[0, 1], [2]] output_shape [3, 4, 5]
  %0 = onnx.node "Reshape" since 14 (%x, %a) {} : (tensor<2x6x5xf32>, tensor<3xi64>) -> tensor<3x4x5xf32>
  %1 = onnx.node "Reshape" since 14 (%0, %b) {} : (tensor<3x4x5xf32>, tensor<3xi64>) -> tensor<2x6x5xf32>
  // CHECK: %[[F:.*]] = tensor.collapse_shape %arg0 {{\[}}[0], [1, 2]]
  %2 = onnx.node "Flatten" since 13 (%1) {axis = 1 : i64} : (tensor<2x6x5xf32>) -> tensor<2x30xf32>
  // CHECK: return %[[E]], %arg0, %[[F]]
  return %0, %1, %2 : tensor<3x4x5xf32>, tensor<2x6x5xf32>, tensor<2x30xf32>
}

// -----

// Axes of one; rank 0.
// CHECK-LABEL: func @ones
func.func @ones(%x: tensor<1x3x1xf32>, %s: tensor<1x1xf32>) -> (tensor<3xf32>, tensor<1x1x3x1xf32>, tensor<f32>, tensor<1xf32>) {
  // CHECK: tensor.collapse_shape %arg0 {{\[}}[0, 1, 2]]
  %0 = onnx.node "Squeeze" since 11 (%x) {} : (tensor<1x3x1xf32>) -> tensor<3xf32>
  // CHECK: tensor.expand_shape %arg0
  %1 = onnx.node "Unsqueeze" since 11 (%x) {axes = array<i64: 0>} : (tensor<1x3x1xf32>) -> tensor<1x1x3x1xf32>
  // CHECK: tensor.collapse_shape %arg1 [] : tensor<1x1xf32> into tensor<f32>
  %2 = onnx.node "Squeeze" since 11 (%s) {} : (tensor<1x1xf32>) -> tensor<f32>
  %3 = onnx.node "Unsqueeze" since 11 (%2) {axes = array<i64: 0>} : (tensor<f32>) -> tensor<1xf32>
  return %0, %1, %2, %3 : tensor<3xf32>, tensor<1x1x3x1xf32>, tensor<f32>, tensor<1xf32>
}

// -----

// Two transpositions are one, or none; one that moves only axes of one is a reshape.
// CHECK-LABEL: func @transpose
func.func @transpose(%x: tensor<2x3x4xf32>, %y: tensor<1x3x4xf32>) -> (tensor<3x4x2xf32>, tensor<2x3x4xf32>, tensor<3x1x4xf32>) {
  %0 = onnx.node "Transpose" since 13 (%x) {perm = array<i64: 0, 2, 1>} : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  // CHECK: %[[T:.*]] = linalg.transpose ins(%arg0 {{.*}} permutation = [1, 2, 0]
  %1 = onnx.node "Transpose" since 13 (%0) {perm = array<i64: 2, 1, 0>} : (tensor<2x4x3xf32>) -> tensor<3x4x2xf32>
  %2 = onnx.node "Transpose" since 13 (%0) {perm = array<i64: 0, 2, 1>} : (tensor<2x4x3xf32>) -> tensor<2x3x4xf32>
  // CHECK-NOT: linalg.transpose
  // CHECK: tensor.expand_shape {{.*}} into tensor<3x1x4xf32>
  %3 = onnx.node "Transpose" since 13 (%y) {perm = array<i64: 1, 0, 2>} : (tensor<1x3x4xf32>) -> tensor<3x1x4xf32>
  // CHECK: return %[[T]], %arg0,
  return %1, %2, %3 : tensor<3x4x2xf32>, tensor<2x3x4xf32>, tensor<3x1x4xf32>
}

// -----

// Moves of weights are steps of their recipes; equal ones are one weight.
// CHECK-NOT: zorro.weight @w :
// CHECK: zorro.weight @[[A:.*]] : tensor<2x3xf32> {{.*}} recipe [#zorro.transpose<[1, 0]>, #zorro.slice<[1, 0], [2, 3]>]
// CHECK-NOT: zorro.weight
zorro.weight @w : tensor<3x4xf32> from "m"[0, 48] stored tensor<3x4xf32> hash "00"
// CHECK-LABEL: func @weights
func.func @weights() -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %w = zorro.weight_ref @w : tensor<3x4xf32>
  %one = arith.constant dense<1> : tensor<1xi64>
  %three = arith.constant dense<3> : tensor<1xi64>
  %at = arith.constant dense<[1, 2]> : tensor<2xi64>
  // CHECK-COUNT-2: zorro.weight_ref @[[A]]
  %0 = onnx.node "Transpose" since 13 (%w) {perm = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %1 = onnx.node "Slice" since 13 (%0, %one, %three) {} : (tensor<4x3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3xf32>
  %2 = onnx.node "Gather" since 13 (%0, %at) {axis = 0 : i64} : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  return %1, %2 : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func @pieces
func.func @pieces(%x: tensor<2x6xf32>, %none: tensor<2x0xf32>) -> (tensor<2x6xf32>, tensor<2x6xf32>) {
  // CHECK: %[[A:.*]] = tensor.extract_slice %arg0[0, 0] [2, 2] [1, 1]
  // CHECK: %[[B:.*]] = tensor.extract_slice %arg0[0, 2] [2, 4] [1, 1]
  %0, %1 = onnx.node "Split" since 11 (%x) {axis = 1 : i64, split = array<i64: 2, 4>} : (tensor<2x6xf32>) -> (tensor<2x2xf32>, tensor<2x4xf32>)
  // CHECK: tensor.concat dim(1) %[[B]], %[[A]]
  %2 = onnx.node "Concat" since 13 (%1, %none, %0) {axis = -1 : i64} : (tensor<2x4xf32>, tensor<2x0xf32>, tensor<2x2xf32>) -> tensor<2x6xf32>
  %3 = onnx.node "Concat" since 13 (%x, %none) {axis = 1 : i64} : (tensor<2x6xf32>, tensor<2x0xf32>) -> tensor<2x6xf32>
  // CHECK: return %{{.*}}, %arg0
  return %2, %3 : tensor<2x6xf32>, tensor<2x6xf32>
}

// -----

// CHECK-LABEL: func @repeats
func.func @repeats(%x: tensor<1x3xf32>, %y: tensor<2x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %shape = arith.constant dense<[4, 3]> : tensor<2xi64>
  %times = arith.constant dense<[2, 1]> : tensor<2xi64>
  // CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<1x3xf32>) outs(%{{.*}} : tensor<4x3xf32>)
  %0 = onnx.node "Expand" since 13 (%x, %shape) {} : (tensor<1x3xf32>, tensor<2xi64>) -> tensor<4x3xf32>
  // CHECK: tensor.expand_shape %arg1 {{.*}} into tensor<1x2x1x3xf32>
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<2x2x1x3xf32>)
  // CHECK: tensor.collapse_shape {{.*}} into tensor<4x3xf32>
  %1 = onnx.node "Tile" since 13 (%y, %times) {} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<4x3xf32>
  return %0, %1 : tensor<4x3xf32>, tensor<4x3xf32>
}

// -----

// A negative pad cuts.
// CHECK-LABEL: func @pad
func.func @pad(%x: tensor<4x3xf32>) -> tensor<3x5xf32> {
  %pads = arith.constant dense<[-1, 0, 0, 2]> : tensor<4xi64>
  %fill = arith.constant dense<7.000000e+00> : tensor<f32>
  // CHECK: %[[S:.*]] = tensor.extract_slice %arg0[1, 0] [3, 3] [1, 1]
  // CHECK: tensor.pad %[[S]] low[0, 0] high[0, 2]
  %0 = onnx.node "Pad" since 18 (%x, %pads, %fill) {} : (tensor<4x3xf32>, tensor<4xi64>, tensor<f32>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// -----

// CHECK-LABEL: func @blocks
func.func @blocks(%x: tensor<1x2x4x6xf32>, %y: tensor<1x8x2x3xf32>) -> (tensor<1x8x2x3xf32>, tensor<1x2x4x6xf32>, tensor<1x2x4x6xf32>) {
  // CHECK: linalg.transpose {{.*}} permutation = [0, 3, 5, 1, 2, 4]
  %0 = onnx.node "SpaceToDepth" since 13 (%x) {blocksize = 2 : i64} : (tensor<1x2x4x6xf32>) -> tensor<1x8x2x3xf32>
  // CHECK: linalg.transpose {{.*}} permutation = [0, 3, 4, 1, 5, 2]
  %1 = onnx.node "DepthToSpace" since 13 (%y) {blocksize = 2 : i64} : (tensor<1x8x2x3xf32>) -> tensor<1x2x4x6xf32>
  // There and back is nothing.
  // CHECK: return %{{.*}}, %{{.*}}, %arg0
  %2 = onnx.node "DepthToSpace" since 13 (%0) {blocksize = 2 : i64} : (tensor<1x8x2x3xf32>) -> tensor<1x2x4x6xf32>
  return %0, %1, %2 : tensor<1x8x2x3xf32>, tensor<1x2x4x6xf32>, tensor<1x2x4x6xf32>
}

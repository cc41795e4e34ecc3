// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// Patches: the windows tile the image. The graph's own flattening and transposition vanish.
// CHECK: zorro.weight @[[W:.*]] : tensor<12x6xf32> {{.*}} recipe [#zorro.reshape<[6, 12]>, #zorro.transpose<[1, 0]>]
zorro.weight @w : tensor<6x3x2x2xf32> from "m"[0, 288] stored tensor<6x3x2x2xf32> hash "00"
// CHECK-LABEL: func @patches
func.func @patches(%x: tensor<1x3x4x6xf32>, %b: tensor<6xf32>) -> tensor<1x6x6xf32> {
  %w = zorro.weight_ref @w : tensor<6x3x2x2xf32>
  %shape = arith.constant dense<[1, 6, 6]> : tensor<3xi64>
  // CHECK: tensor.expand_shape {{.*}} into tensor<1x3x2x2x3x2xf32>
  // CHECK: linalg.transpose {{.*}} permutation = [0, 2, 4, 1, 3, 5]
  // CHECK: tensor.collapse_shape {{.*}} into tensor<1x6x12xf32>
  // CHECK: zorro.weight_ref @[[W]]
  // CHECK: zorro.contract {{.*}} -> tensor<1x6x6xf32>
  // CHECK: %[[Y:.*]] = linalg.generic
  // CHECK-NOT: linalg.transpose
  // CHECK: return %[[Y]]
  %0 = onnx.node "Conv" since 11 (%x, %w, %b) {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x3x4x6xf32>, tensor<6x3x2x2xf32>, tensor<6xf32>) -> tensor<1x6x2x3xf32>
  %1 = onnx.node "Reshape" since 14 (%0, %shape) {} : (tensor<1x6x2x3xf32>, tensor<3xi64>) -> tensor<1x6x6xf32>
  %2 = onnx.node "Transpose" since 13 (%1) {perm = array<i64: 0, 2, 1>} : (tensor<1x6x6xf32>) -> tensor<1x6x6xf32>
  return %2 : tensor<1x6x6xf32>
}

// -----

// Read otherwise, the channels go back to their axis.
zorro.weight @w : tensor<5x1x2xf32> from "m"[0, 40] stored tensor<5x1x2xf32> hash "00"
// CHECK-LABEL: func @channels
func.func @channels(%x: tensor<2x1x6xf32>) -> tensor<2x5x3xf32> {
  %w = zorro.weight_ref @w : tensor<5x1x2xf32>
  // CHECK: zorro.contract {{.*}} -> tensor<2x3x5xf32>
  // CHECK: linalg.transpose {{.*}} permutation = [0, 2, 1]
  %0 = onnx.node "Conv" since 11 (%x, %w) {strides = array<i64: 2>} : (tensor<2x1x6xf32>, tensor<5x1x2xf32>) -> tensor<2x5x3xf32>
  return %0 : tensor<2x5x3xf32>
}

// -----

// Overlapping windows: a padded image and a loop over windows.
// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d4, d2 * 2 + d5, d3 + d6 * 2)>
// CHECK-DAG: #[[W:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d1, d4, d5, d6)>
zorro.weight @w : tensor<4x3x3x3xf32> from "m"[0, 432] stored tensor<4x3x3x3xf32> hash "00"
// CHECK-LABEL: func @windows
func.func @windows(%x: tensor<1x3x8x8xf32>, %b: tensor<4xf32>) -> tensor<1x4x4x6xf32> {
  %w = zorro.weight_ref @w : tensor<4x3x3x3xf32>
  // CHECK: tensor.pad %{{.*}} low[0, 0, 1, 1] high[0, 0, 1, 1]
  // CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[W]],
  // CHECK: tensor.expand_shape {{.*}} : tensor<4xf32> into tensor<4x1x1xf32>
  %0 = onnx.node "Conv" since 11 (%x, %w, %b) {pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 1>, dilations = array<i64: 1, 2>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x4x6xf32>
  return %0 : tensor<1x4x4x6xf32>
}

// -----

// Groups are an axis of their own; SAME_UPPER puts the odd pad behind.
zorro.weight @w : tensor<4x1x2xf32> from "m"[0, 32] stored tensor<4x1x2xf32> hash "00"
// CHECK-LABEL: func @groups
func.func @groups(%x: tensor<1x4x5xf32>) -> tensor<1x4x5xf32> {
  %w = zorro.weight_ref @w : tensor<4x1x2xf32>
  // CHECK: tensor.pad %{{.*}} low[0, 0, 0] high[0, 0, 1]
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<1x4x1x6xf32>, tensor<4x1x1x2xf32>) outs(%{{.*}} : tensor<1x4x1x5xf32>)
  // CHECK: tensor.collapse_shape {{.*}} into tensor<1x4x5xf32>
  %0 = onnx.node "Conv" since 11 (%x, %w) {group = 4 : i64, auto_pad = "SAME_UPPER"} : (tensor<1x4x5xf32>, tensor<4x1x2xf32>) -> tensor<1x4x5xf32>
  return %0 : tensor<1x4x5xf32>
}

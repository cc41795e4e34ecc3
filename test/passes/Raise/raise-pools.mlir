// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// Windows that tile an axis: it is split and reduced.
// CHECK-LABEL: func @tiles
// CHECK-SAME: %[[X:.*]]: tensor<1x2x4x6xf32>
func.func @tiles(%x: tensor<1x2x4x6xf32>) -> tensor<1x2x2x2xf32> {
  // CHECK: tensor.expand_shape %[[X]] {{.*}} into tensor<1x2x2x2x6xf32>
  // CHECK: arith.constant 0xFF800000
  // CHECK: iterator_types = ["parallel", "parallel", "parallel", "reduction", "parallel"]
  // CHECK: arith.maximumf
  // CHECK: into tensor<1x2x2x2x3xf32>
  // CHECK: iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]
  // CHECK: arith.maximumf
  // CHECK-NOT: tensor.extract_slice
  %0 = onnx.node "MaxPool" since 12 (%x) {kernel_shape = array<i64: 2, 3>, strides = array<i64: 2, 3>} : (tensor<1x2x4x6xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

// Windows that overlap: a strided slice for each of a window's positions; the margin of an average
// is not counted.
// CHECK-LABEL: func @overlaps
func.func @overlaps(%x: tensor<1x2x5xf32>) -> tensor<1x2x3xf32> {
  // CHECK: %[[N:.*]] = arith.constant dense<[2.000000e+00, 3.000000e+00, 2.000000e+00]> : tensor<3xf32>
  // CHECK: %[[P:.*]] = tensor.pad %arg0 low[0, 0, 1] high[0, 0, 1]
  // CHECK: tensor.extract_slice %[[P]][0, 0, 0] [1, 2, 3] [1, 1, 2]
  // CHECK: tensor.extract_slice %[[P]][0, 0, 1] [1, 2, 3] [1, 1, 2]
  // CHECK: tensor.extract_slice %[[P]][0, 0, 2] [1, 2, 3] [1, 1, 2]
  // CHECK: arith.addf
  // CHECK: arith.addf
  // CHECK: ins(%{{.*}}, %[[N]] : tensor<1x2x3xf32>, tensor<3xf32>)
  // CHECK: arith.divf
  %0 = onnx.node "AveragePool" since 11 (%x) {kernel_shape = array<i64: 3>, strides = array<i64: 2>, pads = array<i64: 1, 1>} : (tensor<1x2x5xf32>) -> tensor<1x2x3xf32>
  return %0 : tensor<1x2x3xf32>
}

// -----

// With the margin counted all windows are alike; the number becomes a scalar of the map.
// CHECK-LABEL: func @counts_pads
func.func @counts_pads(%x: tensor<1x2x5xf32>) -> tensor<1x2x3xf32> {
  // CHECK-NOT: tensor<3xf32>
  // CHECK: %[[N:.*]] = arith.constant 3.000000e+00 : f32
  // CHECK: arith.divf %{{.*}}, %[[N]]
  %0 = onnx.node "AveragePool" since 11 (%x) {kernel_shape = array<i64: 3>, strides = array<i64: 2>, pads = array<i64: 1, 1>, count_include_pad = 1 : i64} : (tensor<1x2x5xf32>) -> tensor<1x2x3xf32>
  return %0 : tensor<1x2x3xf32>
}

// -----

// The last window of ceil_mode ends behind the image.
// CHECK-LABEL: func @ceil_mode
func.func @ceil_mode(%x: tensor<1x1x4xf32>) -> tensor<1x1x2xf32> {
  // CHECK: %[[LOW:.*]] = arith.constant 0xFF800000
  // CHECK: tensor.pad %arg0 low[0, 0, 0] high[0, 0, 1]
  // CHECK: tensor.yield %{{.*}} : f32
  // CHECK: [0, 0, 2] [1, 1, 2] [1, 1, 2]
  %0 = onnx.node "MaxPool" since 12 (%x) {kernel_shape = array<i64: 3>, strides = array<i64: 2>, ceil_mode = 1 : i64} : (tensor<1x1x4xf32>) -> tensor<1x1x2xf32>
  return %0 : tensor<1x1x2xf32>
}

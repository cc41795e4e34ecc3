// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// Ends beyond the axis, from the end, and INT64_MAX; steps forwards and backwards.
// CHECK-LABEL: func @slice
func.func @slice(%x: tensor<8x5xf32>) -> (tensor<3x5xf32>, tensor<8x2xf32>, tensor<3x5xf32>) {
  %two = arith.constant dense<2> : tensor<1xi64>
  %far = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %axis0 = arith.constant dense<0> : tensor<1xi64>
  %axis1 = arith.constant dense<-1> : tensor<1xi64>
  %minus2 = arith.constant dense<-2> : tensor<1xi64>
  %none = arith.constant dense<-9223372036854775808> : tensor<1xi64>
  // CHECK: %[[A:.*]] = tensor.extract_slice %arg0[2, 0] [3, 5] [2, 1] : tensor<8x5xf32> to tensor<3x5xf32>
  %0 = onnx.node "Slice" since 13 (%x, %two, %far, %axis0, %two) {} : (tensor<8x5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3x5xf32>
  // CHECK: %[[B:.*]] = tensor.extract_slice %arg0[0, 3] [8, 2] [1, 1]
  %1 = onnx.node "Slice" since 13 (%x, %minus2, %far, %axis1) {} : (tensor<8x5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<8x2xf32>
  // CHECK: %[[P:.*]] = tensor.extract_slice %arg0[5, 0] [1, 5]
  // CHECK: %[[Q:.*]] = tensor.extract_slice %arg0[3, 0] [1, 5]
  // CHECK: %[[R:.*]] = tensor.extract_slice %arg0[1, 0] [1, 5]
  // CHECK: %[[C:.*]] = tensor.concat dim(0) %[[P]], %[[Q]], %[[R]]
  %five = arith.constant dense<5> : tensor<1xi64>
  %2 = onnx.node "Slice" since 13 (%x, %five, %none, %axis0, %minus2) {} : (tensor<8x5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3x5xf32>
  // CHECK: return %[[A]], %[[B]], %[[C]]
  return %0, %1, %2 : tensor<3x5xf32>, tensor<8x2xf32>, tensor<3x5xf32>
}

// -----

// The older form, with attributes.
// CHECK-LABEL: func @old_slice
func.func @old_slice(%x: tensor<8x5xf32>) -> tensor<8x3xf32> {
  // CHECK: tensor.extract_slice %arg0[0, 1] [8, 3] [1, 1]
  %0 = onnx.node "Slice" since 1 (%x) {starts = array<i64: 1>, ends = array<i64: -1>, axes = array<i64: 1>} : (tensor<8x5xf32>) -> tensor<8x3xf32>
  return %0 : tensor<8x3xf32>
}

// -----

// Known positions: one, a run, several runs; counted from the end too.
// CHECK-LABEL: func @known
func.func @known(%x: tensor<2x8xf32>) -> (tensor<2xf32>, tensor<2x2x2xf32>) {
  %last = arith.constant dense<-1> : tensor<i64>
  %runs = arith.constant dense<[[1, 2], [7, 0]]> : tensor<2x2xi64>
  // CHECK: %[[S:.*]] = tensor.extract_slice %arg0[0, 7] [2, 1] [1, 1]
  // CHECK: tensor.collapse_shape %[[S]]
  %0 = onnx.node "Gather" since 13 (%x, %last) {axis = 1 : i64} : (tensor<2x8xf32>, tensor<i64>) -> tensor<2xf32>
  // CHECK: %[[A:.*]] = tensor.extract_slice %arg0[0, 1] [2, 2] [1, 1]
  // CHECK: %[[B:.*]] = tensor.extract_slice %arg0[0, 7] [2, 1] [1, 1]
  // CHECK: %[[C:.*]] = tensor.extract_slice %arg0[0, 0] [2, 1] [1, 1]
  // CHECK: tensor.concat dim(1) %[[A]], %[[B]], %[[C]]
  // CHECK: tensor.expand_shape {{.*}} into tensor<2x2x2xf32>
  %1 = onnx.node "Gather" since 13 (%x, %runs) {axis = 1 : i64} : (tensor<2x8xf32>, tensor<2x2xi64>) -> tensor<2x2x2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2x2x2xf32>
}

// -----

// Positions that come with the inputs.
// CHECK-LABEL: func @run_time
func.func @run_time(%x: tensor<6x4xf32>, %at: tensor<3xi64>) -> tensor<3x4xf32> {
  // CHECK: linalg.generic {{.*}} ins(%arg1 : tensor<3xi64>) outs(%{{.*}} : tensor<3x4xf32>)
  // CHECK: arith.index_cast
  // CHECK: arith.constant 6 : index
  // CHECK: arith.select
  // CHECK: arith.minsi
  // CHECK: %[[ROW:.*]] = arith.maxsi
  // CHECK: %[[COLUMN:.*]] = linalg.index 1
  // CHECK: tensor.extract %arg0[%[[ROW]], %[[COLUMN]]]
  %0 = onnx.node "Gather" since 13 (%x, %at) {axis = 0 : i64} : (tensor<6x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

// CHECK-LABEL: func @triangle
func.func @triangle(%x: tensor<1x2x3xf32>) -> tensor<1x2x3xf32> {
  // CHECK: arith.constant dense<{{\[}}[true, false, false], [true, true, false]]>
  // CHECK: arith.select
  %0 = onnx.node "Trilu" since 14 (%x) {upper = 0 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  return %0 : tensor<1x2x3xf32>
}

// -----

// One position for every element.
// CHECK-LABEL: func @elements
func.func @elements(%x: tensor<6x4xf32>, %at: tensor<3x4xi32>) -> tensor<3x4xf32> {
  // CHECK: linalg.generic {{.*}} ins(%arg1 : tensor<3x4xi32>) outs(%{{.*}} : tensor<3x4xf32>)
  // CHECK: %[[ROW:.*]] = arith.maxsi
  // CHECK: %[[COLUMN:.*]] = linalg.index 1
  // CHECK: tensor.extract %arg0[%[[ROW]], %[[COLUMN]]]
  %0 = onnx.node "GatherElements" since 13 (%x, %at) {axis = 0 : i64} : (tensor<6x4xf32>, tensor<3x4xi32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

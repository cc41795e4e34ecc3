// RUN: zorro-opt %s --zorro-raise-operators | FileCheck %s
// Slices picked and written by index, and sums of what stands before.

// CHECK-LABEL: @gather_nd
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %arg0
// CHECK: tensor.extract_slice %[[ROWS]][1, 0] [2, 3] [8, 1]
func.func @gather_nd(%x: tensor<2x5x3xf32>) -> tensor<2x3xf32> {
  %i = arith.constant dense<[[0, 1], [1, -1]]> : tensor<2x2xi64>
  %y = onnx.node "GatherND" since 13 (%x, %i) {} : (tensor<2x5x3xf32>, tensor<2x2xi64>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// A slice that is written is read from the updates, behind the data.
// CHECK-LABEL: @scatter_nd
// CHECK: %[[BOTH:.*]] = tensor.concat dim(0) %{{.*}}, %arg1
// CHECK-DAG: tensor.extract_slice %[[BOTH]][0, 0] [2, 3]
// CHECK-DAG: tensor.extract_slice %[[BOTH]][5, 0] [2, 3]
// CHECK-DAG: tensor.extract_slice %[[BOTH]][4, 0] [1, 3]
func.func @scatter_nd(%x: tensor<5x3xf32>, %u: tensor<2x3xf32>) -> tensor<5x3xf32> {
  %i = arith.constant dense<[[2], [3]]> : tensor<2x1xi64>
  %y = onnx.node "ScatterND" since 16 (%x, %i, %u) {} : (tensor<5x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// Two additions to one position come one after the other.
// CHECK-LABEL: @scatter_add
// CHECK-COUNT-2: arith.addf
// CHECK-NOT: arith.addf
func.func @scatter_add(%x: tensor<5x3xf32>, %u: tensor<2x3xf32>) -> tensor<5x3xf32> {
  %i = arith.constant dense<[[2], [2]]> : tensor<2x1xi64>
  %y = onnx.node "ScatterND" since 16 (%x, %i, %u) {reduction = "add"} : (tensor<5x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// CHECK-LABEL: @cumulative
// CHECK: linalg.generic
// CHECK: %[[I:.*]] = linalg.index 1
// CHECK: %[[J:.*]] = linalg.index 2
// CHECK: arith.cmpi sle, %[[J]], %[[I]]
func.func @cumulative(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %a = arith.constant dense<1> : tensor<i64>
  %y = onnx.node "CumSum" since 14 (%x, %a) {} : (tensor<4x5xf32>, tensor<i64>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

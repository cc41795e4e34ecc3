// RUN: zorro-opt %s --zorro-raise-operators | FileCheck %s

// A table of two different numbers, which no attention took, is a constant that the analysis knows;
// one of six stays a weight.
// CHECK-NOT: zorro.weight @mask
// CHECK: zorro.weight @table
// CHECK-NOT: zorro.weight @mask
zorro.weight @mask : tensor<2x3xf32> from ""[0, 24] stored tensor<2x3xf32> hash "" fills value dense<[[0.0, 0.0, 0xFF800000], [0xFF800000, 0.0, 0.0]]> : tensor<2x3xf32>
zorro.weight @table : tensor<2x3xf32> from ""[0, 24] stored tensor<2x3xf32> hash "" value dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>

// CHECK-LABEL: func @masks
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
func.func @masks(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-DAG: %[[MASK:.*]] = arith.constant dense<{{\[}}[0.000000e+00, 0.000000e+00, 0xFF800000], [0xFF800000, 0.000000e+00, 0.000000e+00]]>
  // CHECK-DAG: %[[TABLE:.*]] = zorro.weight_ref @table
  // CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[MASK]] :
  // CHECK: ins(%[[Y]], %[[TABLE]] :
  %mask = zorro.weight_ref @mask : tensor<2x3xf32>
  %table = zorro.weight_ref @table : tensor<2x3xf32>
  %0 = onnx.node "Add" since 14 (%x, %mask) {} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %table) {} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

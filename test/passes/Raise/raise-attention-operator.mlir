// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-raise-attention --verify-diagnostics | FileCheck %s

// Four axes, a bool mask (true: attend), the default scale. A query without a live key gives zeros.
// CHECK-LABEL: func @bool_mask
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: {{[^,]*}}, %[[K:[a-z0-9]+]]: {{[^,]*}}, %[[V:[a-z0-9]+]]:
func.func @bool_mask(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x2x4xf32>, %v: tensor<1x2x2x4xf32>) -> tensor<1x2x3x4xf32> {
  %mask = arith.constant dense<[[false, false], [true, false], [true, true]]> : tensor<3x2xi1>
  // CHECK: zorro.attention %[[Q]], %[[K]], %[[V]] mask <s0: 1 -> [], s1: 1 -> [s0], s2: 1 -> [all] over s0: 1, s1: 1 empty zero> scale 5.000000e-01
  %0 = onnx.node "Attention" since 23 (%q, %k, %v, %mask) {is_causal = 0 : i64} : (tensor<1x2x3x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<3x2xi1>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// -----

// A float mask is added; a scale is given.
// CHECK-LABEL: func @float_mask
func.func @float_mask(%q: tensor<1x2x2x4xf32>, %k: tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32> {
  %mask = arith.constant dense<[[0.0, 0xFF800000], [0.0, 0.0]]> : tensor<2x2xf32>
  // CHECK: zorro.attention {{.*}} mask <s0: 1 -> [s0], s1: 1 -> [all] over s0: 1, s1: 1 empty nan> scale 1.250000e-01
  %0 = onnx.node "Attention" since 24 (%q, %k, %k, %mask) {scale = 1.250000e-01 : f32} : (tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<2x2xf32>) -> tensor<1x2x2x4xf32>
  return %0 : tensor<1x2x2x4xf32>
}

// -----

// Three axes: the heads lie in the last one; two heads of keys for four of queries.
// CHECK-LABEL: func @three_axes
func.func @three_axes(%q: tensor<1x3x16xf32>, %k: tensor<1x5x8xf32>, %v: tensor<1x5x8xf32>) -> tensor<1x3x16xf32> {
  // CHECK: onnx.node "Reshape"{{.*}} -> tensor<1x3x4x4xf32>
  // CHECK: onnx.node "Expand"{{.*}} -> tensor<1x2x2x5x4xf32>
  // CHECK: onnx.node "Expand"{{.*}} -> tensor<1x2x2x5x4xf32>
  // CHECK: zorro.attention {{.*}} scale 5.000000e-01 : tensor<1x4x3x4xf32>, tensor<1x4x5x4xf32>, tensor<1x4x5x4xf32> -> tensor<1x4x3x4xf32>
  // CHECK: onnx.node "Transpose"
  // CHECK: onnx.node "Reshape"{{.*}} -> tensor<1x3x16xf32>
  %0 = onnx.node "Attention" since 23 (%q, %k, %v) {q_num_heads = 4 : i64, kv_num_heads = 2 : i64} : (tensor<1x3x16xf32>, tensor<1x5x8xf32>, tensor<1x5x8xf32>) -> tensor<1x3x16xf32>
  return %0 : tensor<1x3x16xf32>
}

// -----

// A causal mask of few tokens is a table.
// CHECK-LABEL: func @causal
func.func @causal(%q: tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32> {
  // CHECK: mask <s0: 1 -> [s0], s1: 1 -> [s0, s1], s2: 1 -> [all] over s0: 1, s1: 1, s2: 1 empty nan>
  %0 = onnx.node "Attention" since 23 (%q, %q, %q) {is_causal = 1 : i64} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  return %0 : tensor<1x1x3x4xf32>
}

// -----

// One of many is not: the operator's definition stands in its place.
// CHECK-LABEL: func @long_causal
// CHECK-NOT: zorro.attention
func.func @long_causal(%q: tensor<1x1x65x4xf32>) -> tensor<1x1x65x4xf32> {
  // CHECK: onnx.node "MatMul"
  // CHECK: onnx.node "Mul"
  // CHECK: onnx.node "Where"
  // CHECK: onnx.node "Softmax"
  // CHECK: onnx.node "MatMul"
  // expected-remark @below {{attention at node 'Attention node' is left dense: its mask: it has 65 x 65 segments, more than 64}}
  %0 = onnx.node "Attention" since 23 (%q, %q, %q) {is_causal = 1 : i64} : (tensor<1x1x65x4xf32>, tensor<1x1x65x4xf32>, tensor<1x1x65x4xf32>) -> tensor<1x1x65x4xf32>
  return %0 : tensor<1x1x65x4xf32>
}

// -----

// So it does for a mask that comes with the inputs, with zeros where a row is empty.
// CHECK-LABEL: func @run_time
// CHECK-SAME:    %[[MASK:[a-z0-9]+]]: tensor<3x3xi1>
func.func @run_time(%q: tensor<1x1x3x4xf32>, %mask: tensor<3x3xi1>) -> tensor<1x1x3x4xf32> {
  // CHECK: onnx.node "Where" since 16(%[[MASK]],
  // CHECK: onnx.node "Softmax"
  // CHECK: onnx.node "IsNaN"
  // CHECK: onnx.node "Where"
  // expected-remark @below {{its mask is computed at run time}}
  %0 = onnx.node "Attention" since 23 (%q, %q, %q, %mask) {} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<3x3xi1>) -> tensor<1x1x3x4xf32>
  return %0 : tensor<1x1x3x4xf32>
}

// -----

// What is not handled stays for the operator table to refuse.
// CHECK-LABEL: func @softcap
func.func @softcap(%q: tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32> {
  // CHECK: onnx.node "Attention"
  %0 = onnx.node "Attention" since 23 (%q, %q, %q) {softcap = 3.000000e+01 : f32} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  return %0 : tensor<1x1x3x4xf32>
}

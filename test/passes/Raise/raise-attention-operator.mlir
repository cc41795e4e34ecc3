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

// One of many is a band.
// CHECK-LABEL: func @long_causal
func.func @long_causal(%q: tensor<1x1x65x4xf32>) -> tensor<1x1x65x4xf32> {
  // CHECK: mask <s0: 65 -> [s0 causal] over s0: 65 empty nan>
  %0 = onnx.node "Attention" since 23 (%q, %q, %q) {is_causal = 1 : i64} : (tensor<1x1x65x4xf32>, tensor<1x1x65x4xf32>, tensor<1x1x65x4xf32>) -> tensor<1x1x65x4xf32>
  return %0 : tensor<1x1x65x4xf32>
}

// -----

// For a mask that comes with the inputs the operator's definition stands in its place, with zeros
// where a row is empty.
// CHECK-LABEL: func @run_time
// CHECK-SAME:    %[[MASK:[a-z0-9]+]]: tensor<3x3xi1>
func.func @run_time(%q: tensor<1x1x3x4xf32>, %mask: tensor<3x3xi1>) -> tensor<1x1x3x4xf32> {
  // CHECK: onnx.node "Where" since 16(%[[MASK]],
  // CHECK: onnx.node "Softmax"
  // CHECK: onnx.node "IsNaN"
  // CHECK: onnx.node "Where"
  // expected-remark @below {{left dense: its mask: node 'Attention node': it varies over queries at run time}}
  %0 = onnx.node "Attention" since 23 (%q, %q, %q, %mask) {} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<3x3xi1>) -> tensor<1x1x3x4xf32>
  return %0 : tensor<1x1x3x4xf32>
}

// -----

// Capped scores are computed densely: scale, cap, mask, softmax.
// CHECK-LABEL: func @softcap
// CHECK-NOT: zorro.attention
func.func @softcap(%q: tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32> {
  // CHECK: %[[S:.*]] = onnx.node "MatMul"
  // CHECK: %[[SCALED:.*]] = onnx.node "Mul" since 14(%[[S]],
  // CHECK: %[[D:.*]] = onnx.node "Div" since 14(%[[SCALED]], %[[CAP:[a-z0-9_]+]])
  // CHECK: %[[T:.*]] = onnx.node "Tanh" since 13(%[[D]])
  // CHECK: %[[CAPPED:.*]] = onnx.node "Mul" since 14(%[[T]], %[[CAP]])
  // CHECK: %[[M:.*]] = onnx.node "Where" since 16(%{{.*}}, %[[CAPPED]],
  // CHECK: onnx.node "Softmax" since 13(%[[M]])
  // expected-remark @below {{left dense: its scores are capped (softcap)}}
  %0 = onnx.node "Attention" since 23 (%q, %q, %q) {softcap = 3.000000e+01 : f32, is_causal = 1 : i64} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  return %0 : tensor<1x1x3x4xf32>
}

// -----

// Each of the four matrices that may be the fourth output.
// CHECK-LABEL: func @scores_out
func.func @scores_out(%q: tensor<1x1x3x4xf32>) -> (tensor<1x1x3x3xf32>, tensor<1x1x3x3xf32>, tensor<1x1x3x3xf32>, tensor<1x1x3x3xf32>) {
  // CHECK: %[[RAW:.*]] = onnx.node "Mul"
  // expected-remark @below {{its scores are capped (softcap)}}
  %0:4 = onnx.node "Attention" since 24 (%q, %q, %q) {softcap = 2.0 : f32, is_causal = 1 : i64} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> (tensor<1x1x3x4xf32>, none, none, tensor<1x1x3x3xf32>)
  // CHECK: onnx.node "Tanh"
  // CHECK: %[[CAPPED:.*]] = onnx.node "Mul"
  // expected-remark @below {{its scores are capped (softcap)}}
  %1:4 = onnx.node "Attention" since 24 (%q, %q, %q) {softcap = 2.0 : f32, is_causal = 1 : i64, qk_matmul_output_mode = 1 : i64} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> (tensor<1x1x3x4xf32>, none, none, tensor<1x1x3x3xf32>)
  // CHECK: %[[MASKED:.*]] = onnx.node "Where"
  // expected-remark @below {{its scores are an output, too}}
  %2:4 = onnx.node "Attention" since 24 (%q, %q, %q) {is_causal = 1 : i64, qk_matmul_output_mode = 2 : i64} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> (tensor<1x1x3x4xf32>, none, none, tensor<1x1x3x3xf32>)
  // CHECK: onnx.node "IsNaN"
  // CHECK: %[[WEIGHTS:.*]] = onnx.node "Where"
  // expected-remark @below {{its scores are an output, too}}
  %3:4 = onnx.node "Attention" since 24 (%q, %q, %q) {is_causal = 1 : i64, qk_matmul_output_mode = 3 : i64} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> (tensor<1x1x3x4xf32>, none, none, tensor<1x1x3x3xf32>)
  // CHECK: return %[[RAW]], %[[CAPPED]], %[[MASKED]], %[[WEIGHTS]]
  return %0#3, %1#3, %2#3, %3#3 : tensor<1x1x3x3xf32>, tensor<1x1x3x3xf32>, tensor<1x1x3x3xf32>, tensor<1x1x3x3xf32>
}

// -----

// The past stands in front of keys and values, and moves the causal mask to the right. What becomes
// the present has the heads of keys, not those of queries.
// CHECK-LABEL: func @past
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: {{[^,]*}}, %[[K:[a-z0-9]+]]: {{[^,]*}}, %[[PAST:[a-z0-9]+]]:
func.func @past(%q: tensor<1x2x2x4xf32>, %k: tensor<1x1x2x4xf32>, %past: tensor<1x1x3x4xf32>) -> (tensor<1x2x2x4xf32>, tensor<1x1x5x4xf32>) {
  // CHECK: %[[PRESENT:.*]] = onnx.node "Concat" since 13(%[[PAST]], %[[K]]) {axis = 2 : i64}
  // CHECK: onnx.node "Expand"{{.*}} -> tensor<1x1x2x5x4xf32>
  // CHECK: zorro.attention {{.*}} mask <{{s0: 1 -> \[s0(, s1)?\], s1: 1 -> \[all\] over|s0: 2 -> \[s0 band}}
  %0:3 = onnx.node "Attention" since 23 (%q, %k, %k, %past, %past) present [true, true, true, false, true, true] {is_causal = 1 : i64} : (tensor<1x2x2x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> (tensor<1x2x2x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>)
  // CHECK: return %{{.*}}, %[[PRESENT]]
  return %0#0, %0#1 : tensor<1x2x2x4xf32>, tensor<1x1x5x4xf32>
}

// -----

// Lengths of key sequences pad at run time; an empty one gives zeros.
// CHECK-LABEL: func @lengths
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: {{[^,]*}}, %[[N:[a-z0-9]+]]:
func.func @lengths(%q: tensor<2x1x3x4xf32>, %n: tensor<2xi64>) -> tensor<2x1x3x4xf32> {
  // CHECK: %[[ENDS:.*]] = onnx.node "Reshape" since 14(%[[N]],
  // CHECK: %[[POSITIONS:.*]] = arith.constant dense<{{\[\[}}0, 1, 2]]> : tensor<1x3xi64>
  // CHECK: %[[KEEP:.*]] = onnx.node "Less" since 13(%[[POSITIONS]], %[[ENDS]])
  // CHECK: zorro.attention %[[Q]], %[[Q]], %[[Q]] padding %[[KEEP]] : tensor<2x3xi1> mask <s0: 3 -> [s0] over s0: 3 empty zero>
  %0 = onnx.node "Attention" since 24 (%q, %q, %q, %n) present [true, true, true, false, false, false, true] {} : (tensor<2x1x3x4xf32>, tensor<2x1x3x4xf32>, tensor<2x1x3x4xf32>, tensor<2xi64>) -> tensor<2x1x3x4xf32>
  return %0 : tensor<2x1x3x4xf32>
}

// -----

// With lengths a causal mask ends at each batch entry's last key: no table.
// CHECK-LABEL: func @causal_lengths
// CHECK-NOT: zorro.attention
func.func @causal_lengths(%q: tensor<2x1x3x4xf32>, %n: tensor<2xi64>) -> tensor<2x1x3x4xf32> {
  // CHECK: %[[OFFSET:.*]] = onnx.node "Sub"
  // CHECK: onnx.node "LessOrEqual"{{.*}} -> tensor<2x1x3x3xi1>
  // expected-remark @below {{the offset of its band comes from nonpad_kv_seqlen at run time}}
  %0 = onnx.node "Attention" since 24 (%q, %q, %q, %n) present [true, true, true, false, false, false, true] {is_causal = 1 : i64} : (tensor<2x1x3x4xf32>, tensor<2x1x3x4xf32>, tensor<2x1x3x4xf32>, tensor<2xi64>) -> tensor<2x1x3x4xf32>
  return %0 : tensor<2x1x3x4xf32>
}

// -----

// A window of one key to the left and one to the right; a causal one ends at the query itself.
// CHECK-LABEL: func @windows
func.func @windows(%q: tensor<1x1x3x4xf32>) -> (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) {
  // CHECK: zorro.attention {{.*}} mask {{.*}}<{{s0: 1 -> \[s0, s1\], s1: 1 -> \[all\], s2: 1 -> \[s1, s2\] over|s0: 3 -> \[s0 band\(-1, 1\)\]}}
  %0 = onnx.node "Attention" since 25 (%q, %q, %q) {left_window_size = 1 : i64, right_window_size = 1 : i64} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  // CHECK: zorro.attention {{.*}} mask {{.*}}<{{s0: 1 -> \[s0\], s1: 1 -> \[s0, s1\], s2: 1 -> \[s1, s2\] over|s0: 3 -> \[s0 band\(-1, 0\)\]}}
  %1 = onnx.node "Attention" since 25 (%q, %q, %q) {left_window_size = 1 : i64, right_window_size = 1 : i64, is_causal = 1 : i64} : (tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  return %0, %1 : tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>
}

// -----

// A mask that is shorter than the keys drops those beyond it.
// CHECK-LABEL: func @short_mask
func.func @short_mask(%q: tensor<1x1x2x4xf32>, %k: tensor<1x1x3x4xf32>) -> tensor<1x1x2x4xf32> {
  %mask = arith.constant dense<[[true, false], [true, true]]> : tensor<2x2xi1>
  // CHECK: zorro.attention {{.*}} mask {{.*}}<s0: 1 -> [s0], s1: 1 -> [s0, s1] over s0: 1, s1: 1, s2: 1
  %0 = onnx.node "Attention" since 24 (%q, %k, %k, %mask) {} : (tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<2x2xi1>) -> tensor<1x1x2x4xf32>
  return %0 : tensor<1x1x2x4xf32>
}

// -----

// What does not fit stays for the operator table to refuse.
// CHECK-LABEL: func @odd_heads
func.func @odd_heads(%q: tensor<1x3x3x4xf32>, %k: tensor<1x2x3x4xf32>) -> tensor<1x3x3x4xf32> {
  // CHECK: onnx.node "Attention"
  %0 = onnx.node "Attention" since 23 (%q, %k, %k) {} : (tensor<1x3x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x3x3x4xf32>
  return %0 : tensor<1x3x3x4xf32>
}

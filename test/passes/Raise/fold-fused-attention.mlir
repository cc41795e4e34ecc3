// RUN: zorro-opt %s --split-input-file --zorro-fold-constants | FileCheck %s

// Queries, keys and values with a bias each; the heads lie in the last axis.
// CHECK-LABEL: func @multi_head
func.func @multi_head(%q: tensor<1x2x4xf32>, %k: tensor<1x3x4xf32>, %v: tensor<1x3x6xf32>, %b: tensor<14xf32>) -> !onnx.unknown {
  // CHECK: onnx.node "Slice"{{.*}} -> tensor<4xf32>
  // CHECK: onnx.node "Add"{{.*}} -> tensor<1x2x4xf32>
  // CHECK: onnx.node "Transpose"{{.*}} -> tensor<1x2x2x2xf32>
  // CHECK: onnx.node "Slice"{{.*}} -> tensor<4xf32>
  // CHECK: onnx.node "Transpose"{{.*}} -> tensor<1x2x3x2xf32>
  // CHECK: onnx.node "Slice"{{.*}} -> tensor<6xf32>
  // CHECK: onnx.node "Transpose"{{.*}} -> tensor<1x2x3x3xf32>
  // CHECK: %[[S:.*]] = onnx.node "MatMul"
  // CHECK: %[[SCALED:.*]] = onnx.node "Mul" since 14(%[[S]],
  // CHECK: %[[P:.*]] = onnx.node "Softmax" since 13(%[[SCALED]]) {axis = -1 : i64}
  // CHECK: %[[Y:.*]] = onnx.node "MatMul" since 13(%[[P]],
  // CHECK: onnx.node "Reshape"{{.*}} -> tensor<1x2x6xf32>
  %0 = onnx.node "MultiHeadAttention" of "com.microsoft" since 0 (%q, %k, %v, %b) {num_heads = 2 : i64} : (tensor<1x2x4xf32>, tensor<1x3x4xf32>, tensor<1x3x6xf32>, tensor<14xf32>) -> !onnx.unknown
  return %0 : !onnx.unknown
}

// -----

// A padded key's score is added a number, -10000 where the node names none.
// CHECK-LABEL: func @key_padding
func.func @key_padding(%q: tensor<2x3x4xf32>, %m: tensor<2x3xi32>) -> !onnx.unknown {
  // CHECK: %[[KEEP:.*]] = onnx.node "Greater" since 13(%arg1, %{{.*}})
  // CHECK: %[[WIDE:.*]] = onnx.node "Reshape" since {{[0-9]+}}(%[[KEEP]], {{.*}} -> tensor<2x1x1x3xi1>
  // CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<f32>
  // CHECK: %[[FILL:.*]] = arith.constant dense<-1.000000e+04> : tensor<f32>
  // CHECK: %[[ADDEND:.*]] = onnx.node "Where" since 16(%[[WIDE]], %[[ZERO]], %[[FILL]])
  // CHECK: onnx.node "Add" since 14(%{{.*}}, %[[ADDEND]])
  %0 = onnx.node "MultiHeadAttention" of "com.microsoft" since 0 (%q, %q, %q, %m) present [true, true, true, false, true] {num_heads = 1 : i64} : (tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3xi32>) -> !onnx.unknown
  return %0 : !onnx.unknown
}

// -----

// One number a sequence: where it ends; behind these, where each begins.
// CHECK-LABEL: func @ends_and_beginnings
func.func @ends_and_beginnings(%q: tensor<2x3x4xf32>, %w: tensor<4x12xf32>, %m: tensor<4xi32>) -> !onnx.unknown {
  // CHECK: onnx.node "MatMul"{{.*}} -> tensor<2x3x12xf32>
  // CHECK: %[[BEFORE:.*]] = onnx.node "Less"{{.*}} -> tensor<2x1x1x3xi1>
  // CHECK: %[[FROM:.*]] = onnx.node "GreaterOrEqual"{{.*}} -> tensor<2x1x1x3xi1>
  // CHECK: onnx.node "And" since 7(%[[BEFORE]], %[[FROM]])
  %0 = onnx.node "Attention" of "com.microsoft" since 0 (%q, %w, %m) present [true, true, false, true] {num_heads = 1 : i64} : (tensor<2x3x4xf32>, tensor<4x12xf32>, tensor<4xi32>) -> !onnx.unknown
  return %0 : !onnx.unknown
}

// -----

// The past of keys and values in one tensor; so is the present. A query sees the past and itself.
// CHECK-LABEL: func @merged_past
func.func @merged_past(%q: tensor<1x2x4xf32>, %w: tensor<4x12xf32>, %past: tensor<2x1x1x1x4xf32>) -> (!onnx.unknown, !onnx.unknown) {
  // CHECK: %[[K:.*]] = onnx.node "Concat"{{.*}} -> tensor<1x1x3x4xf32>
  // CHECK: %[[V:.*]] = onnx.node "Concat"{{.*}} -> tensor<1x1x3x4xf32>
  // CHECK: onnx.node "Concat"{{.*}} -> tensor<2x1x1x3x4xf32>
  // CHECK: %[[SEEN:.*]] = arith.constant dense<{{\[\[}}true, true, false], [true, true, true]]> : tensor<2x3xi1>
  // CHECK: onnx.node "Where" since 16(%[[SEEN]],
  %0:2 = onnx.node "Attention" of "com.microsoft" since 0 (%q, %w, %past) present [true, true, false, false, true] {num_heads = 1 : i64, unidirectional = 1 : i64} : (tensor<1x2x4xf32>, tensor<4x12xf32>, tensor<2x1x1x1x4xf32>) -> (!onnx.unknown, !onnx.unknown)
  return %0#0, %0#1 : !onnx.unknown, !onnx.unknown
}

// -----

// All three packed in one tensor.
// CHECK-LABEL: func @packed
func.func @packed(%qkv: tensor<1x2x2x3x4xf32>) -> !onnx.unknown {
  // CHECK-COUNT-3: onnx.node "Slice"{{.*}} -> tensor<1x2x2x1x4xf32>
  // CHECK: onnx.node "Softmax"
  %0 = onnx.node "MultiHeadAttention" of "com.microsoft" since 0 (%qkv) {num_heads = 2 : i64} : (tensor<1x2x2x3x4xf32>) -> !onnx.unknown
  return %0 : !onnx.unknown
}

// -----

// What is not supported stays, and is reported with all else when the graph is raised.
// CHECK-LABEL: func @unsupported
func.func @unsupported(%q: tensor<1x2x4xf32>, %w: tensor<4x12xf32>) -> !onnx.unknown {
  // CHECK: onnx.node "Attention" of "com.microsoft"
  %0 = onnx.node "Attention" of "com.microsoft" since 0 (%q, %w) {num_heads = 1 : i64, do_rotary = 1 : i64} : (tensor<1x2x4xf32>, tensor<4x12xf32>) -> !onnx.unknown
  return %0 : !onnx.unknown
}

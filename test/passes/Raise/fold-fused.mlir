// RUN: zorro-opt %s --split-input-file --zorro-fold-constants | FileCheck %s

// A residual sum, its normalisation and the sum itself; the bias is added, too.
// CHECK-LABEL: func @skip
// CHECK-SAME:    %[[X:[a-z0-9]+]]: {{[^,]*}}, %[[S:[a-z0-9]+]]: {{[^,]*}}, %[[G:[a-z0-9]+]]: {{[^,]*}}, %[[B:[a-z0-9]+]]: {{[^,]*}}, %[[C:[a-z0-9]+]]:
func.func @skip(%x: tensor<1x2x4xf32>, %s: tensor<1x2x4xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>) -> (!onnx.unknown, !onnx.unknown) {
  // CHECK: %[[SUM:.*]] = onnx.node "Add" since 14(%[[X]], %[[S]])
  // CHECK: %[[ALL:.*]] = onnx.node "Add" since 14(%[[SUM]], %[[C]])
  // CHECK: %[[Y:.*]] = onnx.node "LayerNormalization" since 17(%[[ALL]], %[[G]], %[[B]]) {axis = -1 : i64, epsilon = 1.000000e-03 : f32}
  // CHECK: return %[[Y]], %[[ALL]] : tensor<1x2x4xf32>, tensor<1x2x4xf32>
  %0:4 = onnx.node "SkipLayerNormalization" of "com.microsoft" since 0 (%x, %s, %g, %b, %c) {epsilon = 1.000000e-03 : f32} : (tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (!onnx.unknown, none, none, !onnx.unknown)
  return %0#0, %0#3 : !onnx.unknown, !onnx.unknown
}

// -----

// Without a mean there is no offset: the fourth input is the bias of the sum.
// CHECK-LABEL: func @skip_rms
func.func @skip_rms(%x: tensor<1x2x4xf32>, %g: tensor<4xf32>, %c: tensor<4xf32>) -> !onnx.unknown {
  // CHECK: onnx.node "Add"
  // CHECK: %[[ALL:.*]] = onnx.node "Add" since 14(%{{.*}}, %arg2)
  // CHECK: onnx.node "RMSNormalization" since 23(%[[ALL]], %arg1)
  %0 = onnx.node "SkipSimplifiedLayerNormalization" of "com.microsoft" since 0 (%x, %x, %g, %c) {} : (tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> !onnx.unknown
  return %0 : !onnx.unknown
}

// -----

// Words, positions and segments; what the mask keeps is counted.
// CHECK-LABEL: func @embedding
func.func @embedding(%ids: tensor<1x2xi32>, %words: tensor<5x4xf32>, %places: tensor<3x4xf32>, %g: tensor<4xf32>, %mask: tensor<1x2xi32>) -> (!onnx.unknown, !onnx.unknown) {
  // CHECK: %[[W:.*]] = onnx.node "Gather" since 13(%arg1, %arg0)
  // CHECK: %[[P:.*]] = onnx.node "Slice" since 13(%arg2, {{.*}} -> tensor<2x4xf32>
  // CHECK: %[[SUM:.*]] = onnx.node "Add" since 14(%[[W]], %[[P]])
  // CHECK: onnx.node "LayerNormalization" since 17(%[[SUM]], %arg3, %arg3)
  // CHECK: %[[ONE:.*]] = arith.constant dense<1> : tensor<i32>
  // CHECK: %[[IS:.*]] = onnx.node "Equal" since {{[0-9]+}}(%arg4, %[[ONE]])
  // CHECK: %[[ONES:.*]] = onnx.node "Cast" since {{[0-9]+}}(%[[IS]]) {to = 6 : i64}
  // CHECK: onnx.node "ReduceSum" since 13(%[[ONES]], {{.*}} -> tensor<1xi32>
  %0:2 = onnx.node "EmbedLayerNormalization" of "com.microsoft" since 0 (%ids, %words, %places, %g, %g, %mask) present [true, false, true, true, false, true, true, true] {} : (tensor<1x2xi32>, tensor<5x4xf32>, tensor<3x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<1x2xi32>) -> (!onnx.unknown, !onnx.unknown)
  return %0#0, %0#1 : !onnx.unknown, !onnx.unknown
}

// -----

// What stands in ai.onnx before ONNX had it has no version.
// CHECK-LABEL: func @early
func.func @early(%x: tensor<2x4xf32>, %g: tensor<4xf32>) -> !onnx.unknown {
  // CHECK: onnx.node "RMSNormalization" since 23(%arg0, %arg1) {axis = 1 : i64, epsilon = 2.000000e+00 : f32}
  %0 = onnx.node "SimplifiedLayerNormalization" since 0 (%x, %g) {axis = 1 : i64, epsilon = 2.0 : f32} : (tensor<2x4xf32>, tensor<4xf32>) -> !onnx.unknown
  // CHECK: onnx.node "LayerNormalization" since 17
  %1 = onnx.node "LayerNormalization" since 0 (%0, %g) {} : (!onnx.unknown, tensor<4xf32>) -> !onnx.unknown
  return %1 : !onnx.unknown
}

// -----

// CHECK-LABEL: func @gelus
func.func @gelus(%x: tensor<4xf32>, %b: tensor<4xf32>) -> !onnx.unknown {
  // CHECK: %[[A:.*]] = onnx.node "Add" since 14(%arg0, %arg1)
  // CHECK: %[[B:.*]] = onnx.node "Gelu" since 20(%[[A]]) {approximate = "none"}
  %0 = onnx.node "BiasGelu" of "com.microsoft" since 0 (%x, %b) {} : (tensor<4xf32>, tensor<4xf32>) -> !onnx.unknown
  // CHECK: %[[C:.*]] = onnx.node "Gelu" since 20(%[[B]]) {approximate = "tanh"}
  %1 = onnx.node "FastGelu" of "com.microsoft" since 0 (%0) {} : (!onnx.unknown) -> !onnx.unknown
  // CHECK: %[[D:.*]] = onnx.node "Gelu" since 20(%[[C]]) {approximate = "none"}
  %2 = onnx.node "Gelu" of "com.microsoft" since 1 (%1) {} : (!onnx.unknown) -> !onnx.unknown
  // CHECK: %[[E:.*]] = onnx.node "Mul" since 14(%[[D]], %{{.*}})
  // CHECK: %[[F:.*]] = onnx.node "Sigmoid" since 13(%[[E]])
  // CHECK: %[[G:.*]] = onnx.node "Mul" since 14(%[[D]], %[[F]])
  %3 = onnx.node "QuickGelu" of "com.microsoft" since 0 (%2) {} : (!onnx.unknown) -> !onnx.unknown
  // CHECK: %[[H:.*]] = onnx.node "Add" since 14(%[[G]], %arg1)
  // CHECK: onnx.node "Add" since 14(%[[H]], %arg0)
  %4 = onnx.node "BiasAdd" of "com.microsoft" since 0 (%3, %b, %x) {} : (!onnx.unknown, tensor<4xf32>, tensor<4xf32>) -> !onnx.unknown
  return %4 : !onnx.unknown
}

// -----

// The first axis goes behind the batch, then the last two change places.
// CHECK-LABEL: func @products
func.func @products(%a: tensor<4x2x3xf32>, %b: tensor<2x4x5xf32>) -> !onnx.unknown {
  // CHECK: %[[A:.*]] = onnx.node "Transpose" since 13(%arg0) {perm = array<i64: 1, 2, 0>}
  // CHECK: %[[P:.*]] = onnx.node "MatMul" since 13(%[[A]], %arg1)
  // CHECK: onnx.node "Mul" since 14(%[[P]], %{{.*}})
  %0 = onnx.node "FusedMatMul" of "com.microsoft" since 0 (%a, %b) {alpha = 5.000000e-01 : f32, transA = 1 : i64, transBatchA = 1 : i64} : (tensor<4x2x3xf32>, tensor<2x4x5xf32>) -> !onnx.unknown
  return %0 : !onnx.unknown
}

// -----

// The activation's numbers leave the product's attributes.
// CHECK-LABEL: func @activations
func.func @activations(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %x: tensor<1x3x4x4xf32>, %w: tensor<2x3x3x3xf32>, %z: tensor<1x2x2x2xf32>) -> (!onnx.unknown, !onnx.unknown) {
  // CHECK: %[[G:.*]] = onnx.node "Gemm" since 13(%arg0, %arg1) {alpha = 5.000000e-01 : f32}
  // CHECK: onnx.node "LeakyRelu" since 16(%[[G]]) {alpha = 3.000000e-01 : f32}
  %0 = onnx.node "FusedGemm" of "com.microsoft" since 0 (%a, %b) {alpha = 5.000000e-01 : f32, activation = "LeakyRelu", activation_alpha = 3.000000e-01 : f32} : (tensor<2x3xf32>, tensor<3x4xf32>) -> !onnx.unknown
  // CHECK: %[[C:.*]] = onnx.node "Conv"
  // CHECK: %[[S:.*]] = onnx.node "Add" since 14(%[[C]], %arg4)
  // CHECK: onnx.node "Relu" since 14(%[[S]])
  %1 = onnx.node "FusedConv" of "com.microsoft" since 0 (%x, %w, %z) present [true, true, false, true] {activation = "Relu"} : (tensor<1x3x4x4xf32>, tensor<2x3x3x3xf32>, tensor<1x2x2x2xf32>) -> !onnx.unknown
  return %0, %1 : !onnx.unknown, !onnx.unknown
}

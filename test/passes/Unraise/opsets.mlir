// Operators where the opset has them, formulas where it has not.
// RUN: zorro-opt %s --zorro-unraise=opset=13 | FileCheck %s --check-prefixes=CHECK,OLD
// RUN: zorro-opt %s --zorro-unraise=opset=23 | FileCheck %s --check-prefixes=CHECK,NEW
// Without a wish the source's opset counts, and 17 where there is none.
// RUN: zorro-opt %s --zorro-unraise | FileCheck %s --check-prefix=SOURCE

// OLD: zorro.opset = {ai.onnx = 13 : i64, com.microsoft = 1 : i64}
// NEW: zorro.opset = {ai.onnx = 23 : i64, com.microsoft = 1 : i64}
// SOURCE: zorro.opset = {ai.onnx = 19 : i64, com.microsoft = 1 : i64}
module attributes {zorro.opset = {ai.onnx = 19 : i64, com.microsoft = 1 : i64}} {

// CHECK-LABEL: func.func @layer_norm
// OLD-NOT: "LayerNormalization"
// OLD: "ReduceMean" since 13({{.*}}) {axes = array<i64: 1>, keepdims = 1 : i64}
// OLD: "Sub"
// OLD: "Sqrt"
// OLD: "Div"
// NEW: onnx.node "LayerNormalization" since 17(%{{.*}}, %{{.*}}, %{{.*}}) {axis = -1 : i64, epsilon = 9.99999974E-6 : f32}
// SOURCE: onnx.node "LayerNormalization" since 17
func.func @layer_norm(%x: tensor<2x4xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %y = zorro.layer_norm %x scale %s : tensor<4xf32> bias %b : tensor<4xf32> eps 9.99999974E-6 : tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// The operator wants a scale.
// CHECK-LABEL: func.func @rms_norm
// OLD-NOT: "RMSNormalization"
// OLD: "Sqrt"
// NEW: %[[ONES:.*]] = arith.constant dense<1.000000e+00> : tensor<4xf32>
// NEW: onnx.node "RMSNormalization" since 23(%{{.*}}, %[[ONES]])
// SOURCE: "ReduceMean" since 18(%{{.*}}, %{{.*}}) {keepdims = 1 : i64}
func.func @rms_norm(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y = zorro.rms_norm %x eps 9.99999974E-6 : tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @gelu
// OLD: "Div"
// OLD: "Erf"
// OLD: "Tanh"
// NEW: onnx.node "Gelu" since 20(%{{.*}}) {approximate = "none"}
// NEW: onnx.node "Gelu" since 20(%{{.*}}) {approximate = "tanh"}
// SOURCE: "Erf"
func.func @gelu(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y = zorro.gelu %x erf : tensor<2x4xf32>
  %z = zorro.gelu %y tanh : tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}
}

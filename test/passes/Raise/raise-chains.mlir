// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// x · 0.5 · (1 + erf(x / √2)), in the order of the newer exporter and in that of the older one.
// CHECK-LABEL: func @erf_gelu
func.func @erf_gelu(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %one = arith.constant dense<1.000000e+00> : tensor<f32>
  %half = arith.constant dense<5.000000e-01> : tensor<f32>
  // CHECK: zorro.gelu %arg0 erf
  // CHECK-NOT: math.erf
  %0 = onnx.node "Div" since 14 (%x, %root) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = onnx.node "Erf" since 13 (%0) {} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = onnx.node "Add" since 14 (%1, %one) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = onnx.node "Mul" since 14 (%half, %2) {} : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = onnx.node "Mul" since 14 (%x, %3) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: zorro.gelu %arg0 erf
  %5 = onnx.node "Mul" since 14 (%x, %2) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %6 = onnx.node "Mul" since 14 (%5, %half) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %4, %6 : tensor<4xf32>, tensor<4xf32>
}

// -----

// The approximation by tanh, its cube as a power.
// CHECK-LABEL: func @tanh_gelu
func.func @tanh_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = arith.constant dense<3.000000e+00> : tensor<f32>
  %c = arith.constant dense<4.471500e-02> : tensor<f32>
  %s = arith.constant dense<0.797884583> : tensor<f32>
  %one = arith.constant dense<1.000000e+00> : tensor<f32>
  %half = arith.constant dense<5.000000e-01> : tensor<f32>
  // CHECK-NEXT: %[[Y:.*]] = zorro.gelu %arg0 tanh
  // CHECK-NEXT: return %[[Y]]
  %0 = onnx.node "Pow" since 15 (%x, %three) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = onnx.node "Mul" since 14 (%0, %c) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = onnx.node "Add" since 14 (%x, %1) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = onnx.node "Mul" since 14 (%s, %2) {} : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = onnx.node "Tanh" since 13 (%3) {} : (tensor<4xf32>) -> tensor<4xf32>
  %5 = onnx.node "Add" since 14 (%4, %one) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %6 = onnx.node "Mul" since 14 (%x, %half) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = onnx.node "Mul" since 14 (%6, %5) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %7 : tensor<4xf32>
}

// -----

// Another constant than √2 is no GELU.
// CHECK-LABEL: func @no_gelu
func.func @no_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = arith.constant dense<2.000000e+00> : tensor<f32>
  %one = arith.constant dense<1.000000e+00> : tensor<f32>
  %half = arith.constant dense<5.000000e-01> : tensor<f32>
  // CHECK-NOT: zorro.gelu
  // CHECK: math.erf
  %0 = onnx.node "Div" since 14 (%x, %two) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = onnx.node "Erf" since 13 (%0) {} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = onnx.node "Add" since 14 (%1, %one) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = onnx.node "Mul" since 14 (%half, %2) {} : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = onnx.node "Mul" since 14 (%x, %3) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// -----

// Layer normalisation as opset 16 writes it, with its scale and bias.
// CHECK-LABEL: func @layer_norm
func.func @layer_norm(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %two = arith.constant dense<2.000000e+00> : tensor<f32>
  %eps = arith.constant dense<1.000000e-05> : tensor<f32>
  %scale = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %bias = arith.constant dense<[0.0, 1.0, 0.0, 1.0]> : tensor<4xf32>
  // CHECK: %[[Y:.*]] = zorro.layer_norm %arg0 scale %{{.*}} bias %{{.*}} eps 9.99999974E-6
  // CHECK-NEXT: return %[[Y]]
  %0 = onnx.node "ReduceMean" since 13 (%x) {axes = array<i64: -1>} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  %1 = onnx.node "Sub" since 14 (%x, %0) {} : (tensor<2x3x4xf32>, tensor<2x3x1xf32>) -> tensor<2x3x4xf32>
  %2 = onnx.node "Pow" since 15 (%1, %two) {} : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x3x4xf32>
  %3 = onnx.node "ReduceMean" since 13 (%2) {axes = array<i64: -1>} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  %4 = onnx.node "Add" since 14 (%3, %eps) {} : (tensor<2x3x1xf32>, tensor<f32>) -> tensor<2x3x1xf32>
  %5 = onnx.node "Sqrt" since 13 (%4) {} : (tensor<2x3x1xf32>) -> tensor<2x3x1xf32>
  %6 = onnx.node "Div" since 14 (%1, %5) {} : (tensor<2x3x4xf32>, tensor<2x3x1xf32>) -> tensor<2x3x4xf32>
  %7 = onnx.node "Mul" since 14 (%6, %scale) {} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %8 = onnx.node "Add" since 14 (%7, %bias) {} : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return %8 : tensor<2x3x4xf32>
}

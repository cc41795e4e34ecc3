// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// CHECK-LABEL: func @gelu
func.func @gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: zorro.gelu %{{.*}} erf
  %0 = onnx.node "Gelu" since 20 (%x) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: zorro.gelu %{{.*}} tanh
  %1 = onnx.node "Gelu" since 20 (%0) {approximate = "tanh"} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @formulas
func.func @formulas(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: arith.maximumf
  %0 = onnx.node "Relu" since 14 (%x) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.constant 3.000000e-01
  // CHECK: arith.select
  %1 = onnx.node "LeakyRelu" since 16 (%0) {alpha = 3.000000e-01 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.negf
  // CHECK: math.exp
  // CHECK: arith.divf
  %2 = onnx.node "Sigmoid" since 13 (%1) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.log1p
  // CHECK: arith.addf
  %3 = onnx.node "Softplus" since 1 (%2) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.constant 0.166666672
  // CHECK: arith.minimumf
  // CHECK: arith.maximumf
  // CHECK: arith.mulf
  %4 = onnx.node "HardSwish" since 14 (%3) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.log1p
  // CHECK: math.tanh
  // CHECK: arith.mulf
  %5 = onnx.node "Mish" since 18 (%4) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.divf
  // CHECK: arith.mulf
  %6 = onnx.node "Swish" since 24 (%5) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.subf
  // CHECK: arith.select
  %7 = onnx.node "Elu" since 6 (%6) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.constant 2.000000e-01
  %8 = onnx.node "HardSigmoid" since 6 (%7) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.absf
  // CHECK: arith.divf
  %9 = onnx.node "Softsign" since 1 (%8) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.constant 1.67326319
  // CHECK: arith.constant 1.05070102
  %10 = onnx.node "Selu" since 6 (%9) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.cmpf olt
  // CHECK: arith.select
  %11 = onnx.node "ThresholdedRelu" since 10 (%10) {alpha = 5.000000e-01 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return %11 : tensor<4xf32>
}

// -----

// Bounds as attributes, as inputs, and one of them missing.
// CHECK-LABEL: func @clip
func.func @clip(%x: tensor<4xf32>, %high: tensor<f32>) -> tensor<4xf32> {
  // CHECK: arith.maximumf
  // CHECK: arith.minimumf
  %0 = onnx.node "Clip" since 6 (%x) {min = 0.000000e+00 : f32, max = 6.000000e+00 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: linalg.generic
  // CHECK-NOT: arith.maximumf
  // CHECK: arith.minimumf
  %1 = onnx.node "Clip" since 13 (%0, %high) present [true, false, true] {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

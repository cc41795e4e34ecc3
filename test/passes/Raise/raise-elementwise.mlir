// RUN: zorro-opt %s --split-input-file --zorro-raise-operators | FileCheck %s

// Broadcasting: right-aligned, an axis of one read at 0; equal operands are read once; the result is
// read in order.
// CHECK-DAG: #[[ID:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0, d1, d2) -> (d1, 0)>
// CHECK-LABEL: func @broadcast
func.func @broadcast(%a: tensor<2x3x4xf32>, %b: tensor<3x1xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  // CHECK: %[[E:.*]] = tensor.empty() : tensor<2x3x4xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[ID]], #[[COLUMN]], #[[ID]]], iterator_types = ["parallel", "parallel", "parallel"]} ins(%{{.*}}, %{{.*}} : tensor<2x3x4xf32>, tensor<3x1xf32>) outs(%[[E]]
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: arith.subf %[[A]], %[[B]] : f32
  %0 = onnx.node "Sub" since 14 (%a, %b) {} : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[ID]], #[[ID]]]
  // CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: arith.mulf %[[X]], %[[X]]
  %1 = onnx.node "Mul" since 14 (%a, %a) {} : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %0, %1 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

// -----

// Splats become scalars of the body; another constant stays an operand.
// CHECK-LABEL: func @constants
func.func @constants(%a: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %c = arith.constant dense<3.000000e+00> : tensor<1xf32>
  %d = arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  // CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<2x2xf32>)
  // CHECK: %[[C:.*]] = arith.constant 3.000000e+00 : f32
  // CHECK: arith.divf %[[C]], %{{.*}}
  %0 = onnx.node "Div" since 14 (%c, %a) {} : (tensor<1xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: linalg.generic {{.*}} ins(%arg0, %{{.*}} : tensor<2x2xf32>, tensor<2xf32>)
  %1 = onnx.node "Add" since 14 (%a, %d) {} : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

// Each operator's scalar.
// CHECK-LABEL: func @floats
func.func @floats(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: math.sqrt
  %0 = onnx.node "Sqrt" since 13 (%a) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.exp
  %1 = onnx.node "Exp" since 13 (%0) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.log
  %2 = onnx.node "Log" since 13 (%1) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.erf
  %3 = onnx.node "Erf" since 13 (%2) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.tanh
  %4 = onnx.node "Tanh" since 13 (%3) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.absf
  %5 = onnx.node "Abs" since 13 (%4) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.negf
  %6 = onnx.node "Neg" since 13 (%5) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.floor
  %7 = onnx.node "Floor" since 13 (%6) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.ceil
  %8 = onnx.node "Ceil" since 13 (%7) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.roundeven
  %9 = onnx.node "Round" since 11 (%8) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.sin
  %10 = onnx.node "Sin" since 7 (%9) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.cos
  %11 = onnx.node "Cos" since 7 (%10) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK: arith.divf %[[ONE]],
  %12 = onnx.node "Reciprocal" since 13 (%11) {} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.maximumf
  %13 = onnx.node "Max" since 13 (%12, %b) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.minimumf
  // CHECK: arith.minimumf
  %14 = onnx.node "Min" since 13 (%13, %b, %a) {} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: arith.addf
  // CHECK: arith.divf
  %15 = onnx.node "Mean" since 13 (%14, %b) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: math.copysign
  // CHECK: arith.select
  %16 = onnx.node "Sign" since 13 (%15) {} : (tensor<4xf32>) -> tensor<4xf32>
  return %16 : tensor<4xf32>
}

// -----

// Powers that occur are products and roots.
// CHECK-LABEL: func @powers
func.func @powers(%a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %two = arith.constant dense<2> : tensor<i64>
  %half = arith.constant dense<5.000000e-01> : tensor<f32>
  // CHECK: ^bb0(%[[X:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: arith.mulf %[[X]], %[[X]]
  %0 = onnx.node "Pow" since 15 (%a, %two) {} : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  // CHECK: math.sqrt
  %1 = onnx.node "Pow" since 15 (%a, %half) {} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: math.powf
  %2 = onnx.node "Pow" since 15 (%a, %b) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Comparisons, logic, selection. NaN is unequal to everything.
// CHECK-LABEL: func @logic
func.func @logic(%a: tensor<4xf32>, %b: tensor<4xf32>, %i: tensor<4xi64>) -> (tensor<4xf32>, tensor<4xi1>) {
  // CHECK: arith.cmpf ogt
  %0 = onnx.node "Greater" since 13 (%a, %b) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  // CHECK: arith.cmpf ole
  %1 = onnx.node "LessOrEqual" since 16 (%a, %b) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  // CHECK: arith.cmpi eq
  %2 = onnx.node "Equal" since 13 (%i, %i) {} : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
  // CHECK: arith.cmpf uno
  %3 = onnx.node "IsNaN" since 13 (%a) {} : (tensor<4xf32>) -> tensor<4xi1>
  // CHECK: arith.constant 0xFF800000
  // CHECK: arith.cmpf oeq
  %4 = onnx.node "IsInf" since 10 (%a) {detect_positive = 0 : i64} : (tensor<4xf32>) -> tensor<4xi1>
  // CHECK: arith.andi
  %5 = onnx.node "And" since 7 (%0, %1) {} : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  // CHECK: arith.ori
  %6 = onnx.node "Or" since 7 (%5, %2) {} : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  // CHECK: arith.xori
  %7 = onnx.node "Xor" since 7 (%6, %3) {} : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  // CHECK: %[[TRUE:.*]] = arith.constant true
  // CHECK: arith.xori %{{.*}}, %[[TRUE]]
  %8 = onnx.node "Not" since 1 (%7) {} : (tensor<4xi1>) -> tensor<4xi1>
  // CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : f32
  %9 = onnx.node "Where" since 16 (%8, %a, %b) {} : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %9, %4 : tensor<4xf32>, tensor<4xi1>
}

// -----

// CHECK-LABEL: func @casts
func.func @casts(%a: tensor<4xf32>, %h: tensor<4xf16>) -> (tensor<4xf64>, tensor<4xbf16>) {
  // CHECK: arith.fptosi %{{.*}} : f32 to i32
  %0 = onnx.node "Cast" since 13 (%a) {to = 6 : i64} : (tensor<4xf32>) -> tensor<4xi32>
  // CHECK: arith.extsi %{{.*}} : i32 to i64
  %1 = onnx.node "Cast" since 13 (%0) {to = 7 : i64} : (tensor<4xi32>) -> tensor<4xi64>
  // CHECK: arith.cmpi ne
  %2 = onnx.node "Cast" since 13 (%1) {to = 9 : i64} : (tensor<4xi64>) -> tensor<4xi1>
  // CHECK: arith.uitofp %{{.*}} : i1 to f64
  %3 = onnx.node "Cast" since 13 (%2) {to = 11 : i64} : (tensor<4xi1>) -> tensor<4xf64>
  // CHECK: arith.extf %{{.*}} : f16 to f32
  // CHECK: arith.truncf %{{.*}} : f32 to bf16
  %4 = onnx.node "Cast" since 13 (%h) {to = 16 : i64} : (tensor<4xf16>) -> tensor<4xbf16>
  return %3, %4 : tensor<4xf64>, tensor<4xbf16>
}

// -----

// Nothing is left of these.
// CHECK-LABEL: func @nothing
// CHECK-NEXT: return %arg0
func.func @nothing(%a: tensor<4xf32>) -> tensor<4xf32> {
  %ratio = arith.constant dense<5.000000e-01> : tensor<f32>
  %0 = onnx.node "Identity" since 16 (%a) {} : (tensor<4xf32>) -> tensor<4xf32>
  %1, %mask = onnx.node "Dropout" since 13 (%0, %ratio) {} : (tensor<4xf32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xi1>)
  %2 = onnx.node "Cast" since 13 (%1) {to = 1 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

// Integers have their own operations; a remainder has the divisor's sign.
// CHECK-LABEL: func @integers
func.func @integers(%a: tensor<4xi64>, %b: tensor<4xi64>) -> tensor<4xi64> {
  // CHECK: arith.addi
  %0 = onnx.node "Add" since 14 (%a, %b) {} : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  // CHECK: arith.divsi
  %1 = onnx.node "Div" since 14 (%0, %b) {} : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  // CHECK: arith.maxsi
  %2 = onnx.node "Max" since 13 (%1, %b) {} : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  // CHECK: arith.remsi
  // CHECK: arith.select
  %3 = onnx.node "Mod" since 13 (%2, %b) {} : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return %3 : tensor<4xi64>
}

// -----

// No instruction takes f64 to f16: it goes by way of an f32 that is rounded to odd. A remainder of
// floats needs no library.
// CHECK-LABEL: func @narrow
func.func @narrow(%x: tensor<2xf64>, %y: tensor<2xf32>) -> (tensor<2xf16>, tensor<2xf32>) {
  // CHECK: %[[N:.*]] = arith.truncf %{{.*}} : f64 to f32
  // CHECK: arith.bitcast %[[N]] : f32 to i32
  // CHECK: %[[ODD:.*]] = arith.bitcast %{{.*}} : i32 to f32
  // CHECK: arith.truncf %[[ODD]] : f32 to f16
  %0 = onnx.node "Cast" since 13 (%x) {to = 10 : i64} : (tensor<2xf64>) -> tensor<2xf16>
  // CHECK-NOT: arith.remf
  // CHECK-COUNT-6: math.fma
  %1 = onnx.node "Mod" since 13 (%y, %y) {fmod = 1 : i64} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0, %1 : tensor<2xf16>, tensor<2xf32>
}

// -----

// What has no elements is a constant.
// CHECK-LABEL: func @nothing
func.func @nothing(%x: tensor<2x0xf32>) -> tensor<2x0xf32> {
  // CHECK: %[[C:.*]] = arith.constant dense<> : tensor<2x0xf32>
  // CHECK-NEXT: return %[[C]]
  %0 = onnx.node "Exp" since 13 (%x) {} : (tensor<2x0xf32>) -> tensor<2x0xf32>
  return %0 : tensor<2x0xf32>
}

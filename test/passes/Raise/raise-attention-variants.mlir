// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-raise-attention --verify-diagnostics | FileCheck %s

// The softmax by hand: the maximum subtracted, the exponentials' sum below.
// CHECK-LABEL: func @by_hand
// CHECK-NEXT: zorro.attention %arg0, %arg1, %arg1 scale
// CHECK-NOT: Exp
func.func @by_hand(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x5x4xf32>) -> tensor<1x2x3x4xf32> {
  %axis = arith.constant dense<-1> : tensor<1xi64>
  %kt = onnx.node "Transpose" since 13 (%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x5x4xf32>) -> tensor<1x2x4x5xf32>
  %s = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  %max = onnx.node "ReduceMax" since 18 (%s, %axis) {} : (tensor<1x2x3x5xf32>, tensor<1xi64>) -> tensor<1x2x3x1xf32>
  %d = onnx.node "Sub" since 14 (%s, %max) {} : (tensor<1x2x3x5xf32>, tensor<1x2x3x1xf32>) -> tensor<1x2x3x5xf32>
  %e = onnx.node "Exp" since 13 (%d) {} : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %sum = onnx.node "ReduceSum" since 13 (%e, %axis) {keepdims = 1 : i64} : (tensor<1x2x3x5xf32>, tensor<1xi64>) -> tensor<1x2x3x1xf32>
  %p = onnx.node "Div" since 14 (%e, %sum) {} : (tensor<1x2x3x5xf32>, tensor<1x2x3x1xf32>) -> tensor<1x2x3x5xf32>
  %o = onnx.node "MatMul" since 13 (%p, %k) {} : (tensor<1x2x3x5xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x3x4xf32>
  return %o : tensor<1x2x3x4xf32>
}

// -----

// Exponentials times zeros and ones: a row of zeros is 0 / 0, hence NaN.
// CHECK-LABEL: func @masked_exponentials
// CHECK: zorro.attention {{.*}} mask {{.*}}<s0: 1 -> [s0], s1: 1 -> [] over s0: 1, s1: 1 empty nan>
func.func @masked_exponentials(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %axis = arith.constant dense<-1> : tensor<1xi64>
  %mask = arith.constant dense<[[1.0, 0.0], [0.0, 0.0]]> : tensor<2x2xf32>
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %s = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %e0 = onnx.node "Exp" since 13 (%s) {} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %e = onnx.node "Mul" since 14 (%mask, %e0) {} : (tensor<2x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %sum = onnx.node "ReduceSum" since 13 (%e, %axis) {} : (tensor<1x1x2x2xf32>, tensor<1xi64>) -> tensor<1x1x2x1xf32>
  %p = onnx.node "Div" since 14 (%e, %sum) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x1xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// A sum that never is zero is no softmax's: its empty rows and its weights differ.
// CHECK-LABEL: func @epsilon
// CHECK-NOT: zorro.attention
func.func @epsilon(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %axis = arith.constant dense<-1> : tensor<1xi64>
  %small = arith.constant dense<1.0e-6> : tensor<f32>
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %s = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %e = onnx.node "Exp" since 13 (%s) {} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %sum = onnx.node "ReduceSum" since 13 (%e, %axis) {} : (tensor<1x1x2x2xf32>, tensor<1xi64>) -> tensor<1x1x2x1xf32>
  %more = onnx.node "Add" since 14 (%sum, %small) {} : (tensor<1x1x2x1xf32>, tensor<f32>) -> tensor<1x1x2x1xf32> loc("/above_zero")
  // CHECK: onnx.node "Div"
  // expected-remark @below {{left dense: its sum of exponentials is kept above zero by node '/above_zero'}}
  %p = onnx.node "Div" since 14 (%e, %more) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x1xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// Without the maximum a row of finite fills is 0 / 0, but a softmax' mean.
// CHECK-LABEL: func @finite_without_maximum
// CHECK-NOT: zorro.attention
func.func @finite_without_maximum(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %axis = arith.constant dense<-1> : tensor<1xi64>
  %mask = arith.constant dense<[[0.0, -1.0e38], [-1.0e38, -1.0e38]]> : tensor<2x2xf32>
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %s = onnx.node "Add" since 14 (%s0, %mask) {} : (tensor<1x1x2x2xf32>, tensor<2x2xf32>) -> tensor<1x1x2x2xf32>
  %e = onnx.node "Exp" since 13 (%s) {} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %sum = onnx.node "ReduceSum" since 13 (%e, %axis) {} : (tensor<1x1x2x2xf32>, tensor<1xi64>) -> tensor<1x1x2x1xf32>
  // expected-remark @below {{no maximum is subtracted from its scores}}
  %p = onnx.node "Div" since 14 (%e, %sum) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x1xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// Weights set to zero by the scores' own mask: an empty row gives zeros although its fill is finite.
// CHECK-LABEL: func @masked_weights
// CHECK: zorro.attention {{.*}} mask {{.*}}<s0: 1 -> [s0], s1: 1 -> [] over s0: 1, s1: 1 empty zero>
func.func @masked_weights(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %dropped = arith.constant dense<[[false, true], [true, true]]> : tensor<2x2xi1>
  %fill = arith.constant dense<-1.0e38> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %s = onnx.node "Where" since 16 (%dropped, %fill, %s0) {} : (tensor<2x2xi1>, tensor<f32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p0 = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p = onnx.node "Where" since 16 (%dropped, %zero, %p0) {} : (tensor<2x2xi1>, tensor<f32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// Another mask behind the softmax is not the scores' own: it leaves rows that sum to less than one.
// CHECK-LABEL: func @other_mask
// CHECK-NOT: zorro.attention
func.func @other_mask(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %dropped = arith.constant dense<[[false, true], [true, true]]> : tensor<2x2xi1>
  %other = arith.constant dense<[[true, false], [false, false]]> : tensor<2x2xi1>
  %fill = arith.constant dense<-1.0e38> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %s = onnx.node "Where" since 16 (%dropped, %fill, %s0) {} : (tensor<2x2xi1>, tensor<f32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  // expected-remark @below {{its mask: node 'Where node' sets weights to zero whose scores no mask drops}}
  %p0 = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p = onnx.node "Where" since 16 (%other, %zero, %p0) {} : (tensor<2x2xi1>, tensor<f32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// Weights times zeros and ones, both masks with padding in them; the fill drops on an assumption.
// CHECK: zorro.assumptions = {{.*}}live scores exceed the fill -1e+09
// CHECK-LABEL: func @multiplied_weights
// CHECK: zorro.attention {{.*}} padding {{.*}} mask {{.*}}<s0: 1 -> [s0], s1: 1 -> [all] over s0: 1, s1: 1 empty zero>
func.func @multiplied_weights(%q: tensor<1x1x2x4xf32>, %there: tensor<1x1x1x2xi1>) -> tensor<1x1x2x4xf32> {
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %kept = arith.constant dense<[[true, false], [true, true]]> : tensor<2x2xi1>
  %fill = arith.constant dense<-1.0e9> : tensor<f32>
  %keep = onnx.node "And" since 7 (%kept, %there) {} : (tensor<2x2xi1>, tensor<1x1x1x2xi1>) -> tensor<1x1x2x2xi1>
  %again = onnx.node "And" since 7 (%kept, %there) {} : (tensor<2x2xi1>, tensor<1x1x1x2xi1>) -> tensor<1x1x2x2xi1>
  %ones = onnx.node "Cast" since 13 (%again) {to = 1 : i64} : (tensor<1x1x2x2xi1>) -> tensor<1x1x2x2xf32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %s = onnx.node "Where" since 16 (%keep, %s0, %fill) {} : (tensor<1x1x2x2xi1>, tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %p0 = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p = onnx.node "Mul" since 14 (%p0, %ones) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// NaN times zero stays NaN.
// CHECK-LABEL: func @multiplied_nan
// CHECK: zorro.attention {{.*}} mask {{.*}}<s0: 1 -> [s0], s1: 1 -> [] over s0: 1, s1: 1 empty nan>
func.func @multiplied_nan(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %kept = arith.constant dense<[[true, false], [false, false]]> : tensor<2x2xi1>
  %ones = arith.constant dense<[[1.0, 0.0], [0.0, 0.0]]> : tensor<2x2xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %s = onnx.node "Where" since 16 (%kept, %s0, %fill) {} : (tensor<2x2xi1>, tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %p0 = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p = onnx.node "Mul" since 14 (%p0, %ones) {} : (tensor<1x1x2x2xf32>, tensor<2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// CHECK-LABEL: func @other_numbers
// CHECK-NOT: zorro.attention
func.func @other_numbers(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %numbers = arith.constant dense<[[1.0, 0.5], [1.0, 1.0]]> : tensor<2x2xf32>
  %s = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  // expected-remark @below {{its mask: node 'Mul node' multiplies weights by other numbers than 0 and 1}}
  %p0 = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p = onnx.node "Mul" since 14 (%p0, %numbers) {} : (tensor<1x1x2x2xf32>, tensor<2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// A weight of an empty row that is zero, beside one that is not.
// CHECK-LABEL: func @half_zeroed
// CHECK-NOT: zorro.attention
func.func @half_zeroed(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %kept = arith.constant dense<[[true, true], [false, false]]> : tensor<2x2xi1>
  %some = arith.constant dense<[[true, true], [false, true]]> : tensor<2x2xi1>
  %fill = arith.constant dense<-1.0e38> : tensor<f32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %s = onnx.node "Where" since 16 (%kept, %s0, %fill) {} : (tensor<2x2xi1>, tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  // expected-remark @below {{query 1 has no live key, and only some of its weights are set to zero}}
  %p0 = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p = onnx.node "Where" since 16 (%some, %p0, %zero) {} : (tensor<2x2xi1>, tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// A softmax over the axis that two transpositions make the last one.
// CHECK-LABEL: func @other_axis
// CHECK: zorro.attention {{.*}} scale 1.0
func.func @other_axis(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %t = onnx.node "Transpose" since 13 (%s0) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p0 = onnx.node "Softmax" since 13 (%t) {axis = 2 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %p = onnx.node "Transpose" since 13 (%p0) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// The same over the queries is none of attention's.
// CHECK-LABEL: func @over_queries
// CHECK-NOT: zorro.attention
func.func @over_queries(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  // expected-remark @below {{its softmax is not one over keys alone}}
  %p = onnx.node "Softmax" since 13 (%s0) {axis = 2 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// A node on the scores that nothing here reads is named.
// CHECK-LABEL: func @unknown_node
// CHECK-NOT: zorro.attention
func.func @unknown_node(%q: tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32> {
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %s = onnx.node "Abs" since 13 (%s0) {} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  // expected-remark @below {{node 'Abs node' (Abs) on its scores is not understood}}
  %p = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// Learned queries are a constant, their mask is known at run time.
// CHECK-LABEL: func @learned_queries
// CHECK: zorro.attention {{.*}} padding
func.func @learned_queries(%q: tensor<1x1x2x4xf32>, %there: tensor<1x2xi1>) -> tensor<1x1x2x4xf32> {
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x1x2x4xf32>) -> tensor<1x1x4x2xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %learned = arith.constant dense<[[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]]> : tensor<1x1x2x4xf32>
  %fill = arith.constant dense<-1.0e38> : tensor<f32>
  %s0 = onnx.node "MatMul" since 13 (%learned, %kt) {} : (tensor<1x1x2x4xf32>, tensor<1x1x4x2xf32>) -> tensor<1x1x2x2xf32>
  %s = onnx.node "Where" since 16 (%there, %s0, %fill) {} : (tensor<1x2xi1>, tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %p = onnx.node "Softmax" since 13 (%s) {axis = -1 : i64} : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<1x1x2x2xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x2x4xf32>
  return %o : tensor<1x1x2x4xf32>
}

// -----

// Products under batch · heads, the mask under both: reshapes move to the operands.
// CHECK-LABEL: func @merged_heads
// CHECK: zorro.attention {{.*}} tensor<2x3x5x4xf32>{{.*}} -> tensor<2x3x5x4xf32>
func.func @merged_heads(%q: tensor<6x5x4xf32>) -> tensor<6x5x4xf32> {
  %half = arith.constant dense<5.0e-1> : tensor<f32>
  %none = arith.constant dense<0.0> : tensor<1x1x5x5xf32>
  %wide = arith.constant dense<[2, 3, 5, 5]> : tensor<4xi64>
  %flat = arith.constant dense<[6, 5, 5]> : tensor<3xi64>
  %kt = onnx.node "Transpose" since 13 (%q) {perm = array<i64: 0, 2, 1>} : (tensor<6x5x4xf32>) -> tensor<6x4x5xf32>
  %s0 = onnx.node "MatMul" since 13 (%q, %kt) {} : (tensor<6x5x4xf32>, tensor<6x4x5xf32>) -> tensor<6x5x5xf32>
  %s1 = onnx.node "Mul" since 14 (%s0, %half) {} : (tensor<6x5x5xf32>, tensor<f32>) -> tensor<6x5x5xf32>
  %s2 = onnx.node "Reshape" since 14 (%s1, %wide) {} : (tensor<6x5x5xf32>, tensor<4xi64>) -> tensor<2x3x5x5xf32>
  %m = onnx.node "Add" since 14 (%s2, %none) {} : (tensor<2x3x5x5xf32>, tensor<1x1x5x5xf32>) -> tensor<2x3x5x5xf32>
  %s3 = onnx.node "Reshape" since 14 (%m, %flat) {} : (tensor<2x3x5x5xf32>, tensor<3xi64>) -> tensor<6x5x5xf32>
  %p = onnx.node "Softmax" since 13 (%s3) {axis = 2 : i64} : (tensor<6x5x5xf32>) -> tensor<6x5x5xf32>
  %o = onnx.node "MatMul" since 13 (%p, %q) {} : (tensor<6x5x5xf32>, tensor<6x5x4xf32>) -> tensor<6x5x4xf32>
  return %o : tensor<6x5x4xf32>
}

// -----

// exp(log(softmax)), a dropout that does nothing, keys without heads.
// CHECK-LABEL: func @logarithm
// CHECK: %[[K:.*]] = onnx.node "Expand"{{.*}} -> tensor<1x2x5x4xf32>
// CHECK: %[[V:.*]] = onnx.node "Expand"{{.*}} -> tensor<1x2x5x4xf32>
// CHECK: zorro.attention %{{[a-z0-9]+}}, %[[K]], %[[V]] scale
func.func @logarithm(%q: tensor<1x3x2x4xf32>, %k: tensor<1x5x4xf32>) -> tensor<1x3x2x4xf32> {
  %ratio = arith.constant dense<1.0e-1> : tensor<f32>
  %s = onnx.node "Einsum" since 12 (%q, %k) {equation = "bihd,bjd->bhij"} : (tensor<1x3x2x4xf32>, tensor<1x5x4xf32>) -> tensor<1x2x3x5xf32>
  %l = onnx.node "LogSoftmax" since 13 (%s) {axis = 3 : i64} : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %e = onnx.node "Exp" since 13 (%l) {} : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %p:2 = onnx.node "Dropout" since 13 (%e, %ratio) {} : (tensor<1x2x3x5xf32>, tensor<f32>) -> (tensor<1x2x3x5xf32>, none)
  %o = onnx.node "Einsum" since 12 (%p#0, %k) {equation = "bhij,bjd->bihd"} : (tensor<1x2x3x5xf32>, tensor<1x5x4xf32>) -> tensor<1x3x2x4xf32>
  return %o : tensor<1x3x2x4xf32>
}

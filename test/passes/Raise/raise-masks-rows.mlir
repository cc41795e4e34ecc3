// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-fold-constants=keep-above=1000 --zorro-raise-attention | FileCheck %s --implicit-check-not=64x64
// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-fold-constants --zorro-raise-attention | FileCheck %s --implicit-check-not=64x64

// Masks made of constants by nodes, in the forms that exporters write: read row by row, without a
// tensor of queries and keys, and the same where that tensor was folded.

// Streams see themselves, fusion (type 2) sees all: comparisons of token types.
// CHECK-LABEL: func @token_types(
// CHECK: zorro.attention {{.*}} mask <s0: 24 -> [s0], s1: 8 -> [all], s2: 32 -> [s2] over s0: 24, s1: 8, s2: 32 empty nan>
func.func @token_types(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %types = arith.constant dense<[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]> : tensor<64xi64>
  %tj = onnx.node "Unsqueeze" since 13 (%types, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %ti = onnx.node "Unsqueeze" since 13 (%types, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %fusion = arith.constant dense<2> : tensor<i64>
  %same = onnx.node "Equal" since 13 (%ti, %tj) {} : (tensor<64x1xi64>, tensor<1x64xi64>) -> tensor<64x64xi1>
  %isf = onnx.node "Equal" since 13 (%ti, %fusion) {} : (tensor<64x1xi64>, tensor<i64>) -> tensor<64x1xi1>
  %mask = onnx.node "Or" since 7 (%same, %isf) {} : (tensor<64x64xi1>, tensor<64x1xi1>) -> tensor<64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<64x64xi1>, tensor<1x2x64x64xf32>, tensor<f32>) -> tensor<1x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

// -----

// j <= i.
// CHECK-LABEL: func @causal(
// CHECK: mask <s0: 64 -> [s0 causal] over s0: 64 empty nan>
func.func @causal(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %zero = arith.constant dense<0> : tensor<i64>
  %n = arith.constant dense<64> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %r = onnx.node "Range" since 11 (%zero, %n, %one) {} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<64xi64>
  %j = onnx.node "Unsqueeze" since 13 (%r, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %i = onnx.node "Unsqueeze" since 13 (%r, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %mask = onnx.node "LessOrEqual" since 16 (%j, %i) {} : (tensor<1x64xi64>, tensor<64x1xi64>) -> tensor<64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<64x64xi1>, tensor<1x2x64x64xf32>, tensor<f32>) -> tensor<1x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

// -----

// |i - j| <= 5.
// CHECK-LABEL: func @window(
// CHECK: mask <s0: 64 -> [s0 band(-5, 5)] over s0: 64 empty nan>
func.func @window(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %zero = arith.constant dense<0> : tensor<i64>
  %n = arith.constant dense<64> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %r = onnx.node "Range" since 11 (%zero, %n, %one) {} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<64xi64>
  %j = onnx.node "Unsqueeze" since 13 (%r, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %i = onnx.node "Unsqueeze" since 13 (%r, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %five = arith.constant dense<5> : tensor<i64>
  %d = onnx.node "Sub" since 14 (%i, %j) {} : (tensor<64x1xi64>, tensor<1x64xi64>) -> tensor<64x64xi64>
  %a = onnx.node "Abs" since 13 (%d) {} : (tensor<64x64xi64>) -> tensor<64x64xi64>
  %mask = onnx.node "LessOrEqual" since 16 (%a, %five) {} : (tensor<64x64xi64>, tensor<i64>) -> tensor<64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<64x64xi1>, tensor<1x2x64x64xf32>, tensor<f32>) -> tensor<1x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

// -----

// A prefix that all see, and causal behind it.
// CHECK-LABEL: func @prefix(
// CHECK: mask <s0: 16 -> [s0], s1: 48 -> [s0, s1 causal] over s0: 16, s1: 48 empty nan>
func.func @prefix(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %zero = arith.constant dense<0> : tensor<i64>
  %n = arith.constant dense<64> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %r = onnx.node "Range" since 11 (%zero, %n, %one) {} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<64xi64>
  %j = onnx.node "Unsqueeze" since 13 (%r, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %i = onnx.node "Unsqueeze" since 13 (%r, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %p0 = arith.constant dense<16> : tensor<i64>
  %c = onnx.node "LessOrEqual" since 16 (%j, %i) {} : (tensor<1x64xi64>, tensor<64x1xi64>) -> tensor<64x64xi1>
  %l = onnx.node "Less" since 13 (%j, %p0) {} : (tensor<1x64xi64>, tensor<i64>) -> tensor<1x64xi1>
  %mask = onnx.node "Or" since 7 (%c, %l) {} : (tensor<64x64xi1>, tensor<1x64xi1>) -> tensor<64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<64x64xi1>, tensor<1x2x64x64xf32>, tensor<f32>) -> tensor<1x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

// -----

// The lower triangle of ones, as a float that is compared.
// CHECK-LABEL: func @trilu(
// CHECK: mask <s0: 64 -> [s0 causal] over s0: 64 empty nan>
func.func @trilu(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %shape = arith.constant dense<64> : tensor<2xi64>
  %nil = arith.constant dense<0.0> : tensor<f32>
  %ones = onnx.node "ConstantOfShape" since 9 (%shape) {value = dense<1.0> : tensor<1xf32>} : (tensor<2xi64>) -> tensor<64x64xf32>
  %lower = onnx.node "Trilu" since 14 (%ones) {upper = 0 : i64} : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %mask = onnx.node "Greater" since 13 (%lower, %nil) {} : (tensor<64x64xf32>, tensor<f32>) -> tensor<64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<64x64xi1>, tensor<1x2x64x64xf32>, tensor<f32>) -> tensor<1x2x64x64xf32>
  %p0 = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %isnan = onnx.node "IsNaN" since 13 (%p0) {} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xi1>
  %p = onnx.node "Where" since 16 (%isnan, %nil, %p0) {} : (tensor<1x2x64x64xi1>, tensor<f32>, tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

// -----

// Causal over blocks of four, by the running number of a block.
// CHECK-LABEL: func @block_causal(
// CHECK: mask <s0: 16 -> [s0], s1: 16 -> [s0, s1], s2: 16 -> [s0, s1, s2], s3: 16 -> [all] over s0: 16, s1: 16, s2: 16, s3: 16 empty nan>
func.func @block_causal(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %zero = arith.constant dense<0> : tensor<i64>
  %n = arith.constant dense<64> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %r = onnx.node "Range" since 11 (%zero, %n, %one) {} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<64xi64>
  %j = onnx.node "Unsqueeze" since 13 (%r, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %i = onnx.node "Unsqueeze" since 13 (%r, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %wide = arith.constant dense<16> : tensor<i64>
  %bi = onnx.node "Div" since 14 (%i, %wide) {} : (tensor<64x1xi64>, tensor<i64>) -> tensor<64x1xi64>
  %bj = onnx.node "Div" since 14 (%j, %wide) {} : (tensor<1x64xi64>, tensor<i64>) -> tensor<1x64xi64>
  %mask = onnx.node "GreaterOrEqual" since 16 (%bi, %bj) {} : (tensor<64x1xi64>, tensor<1x64xi64>) -> tensor<64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<64x64xi1>, tensor<1x2x64x64xf32>, tensor<f32>) -> tensor<1x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

// -----

// Causal within each of two streams.
// CHECK-LABEL: func @causal_in_streams(
// CHECK: mask <s0: 24 -> [s0 causal], s1: 40 -> [s1 causal] over s0: 24, s1: 40 empty nan>
func.func @causal_in_streams(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %types = arith.constant dense<[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]> : tensor<64xi64>
  %tj = onnx.node "Unsqueeze" since 13 (%types, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %ti = onnx.node "Unsqueeze" since 13 (%types, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %zero = arith.constant dense<0> : tensor<i64>
  %n = arith.constant dense<64> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %r = onnx.node "Range" since 11 (%zero, %n, %one) {} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<64xi64>
  %j = onnx.node "Unsqueeze" since 13 (%r, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %i = onnx.node "Unsqueeze" since 13 (%r, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %same = onnx.node "Equal" since 13 (%ti, %tj) {} : (tensor<64x1xi64>, tensor<1x64xi64>) -> tensor<64x64xi1>
  %c = onnx.node "LessOrEqual" since 16 (%j, %i) {} : (tensor<1x64xi64>, tensor<64x1xi64>) -> tensor<64x64xi1>
  %mask = onnx.node "And" since 7 (%same, %c) {} : (tensor<64x64xi1>, tensor<64x64xi1>) -> tensor<64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<64x64xi1>, tensor<1x2x64x64xf32>, tensor<f32>) -> tensor<1x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

// -----

// A causal mask as numbers that are added, made by Where and repeated over heads.
// CHECK-LABEL: func @added(
// CHECK: mask <s0: 64 -> [s0 causal] over s0: 64 empty nan>
func.func @added(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %zero = arith.constant dense<0> : tensor<i64>
  %n = arith.constant dense<64> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %r = onnx.node "Range" since 11 (%zero, %n, %one) {} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<64xi64>
  %j = onnx.node "Unsqueeze" since 13 (%r, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %i = onnx.node "Unsqueeze" since 13 (%r, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %none = arith.constant dense<0.0> : tensor<f32>
  %low = arith.constant dense<0xFF800000> : tensor<f32>
  %heads = arith.constant dense<[1, 2, 64, 64]> : tensor<4xi64>
  %c = onnx.node "LessOrEqual" since 16 (%j, %i) {} : (tensor<1x64xi64>, tensor<64x1xi64>) -> tensor<64x64xi1>
  %w = onnx.node "Where" since 16 (%c, %none, %low) {} : (tensor<64x64xi1>, tensor<f32>, tensor<f32>) -> tensor<64x64xf32>
  %mask = onnx.node "Expand" since 13 (%w, %heads) {} : (tensor<64x64xf32>, tensor<4xi64>) -> tensor<1x2x64x64xf32>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %masked = onnx.node "Add" since 14 (%scores, %mask) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

// -----

// Two blocks written into zeros, as slices are assigned.
// CHECK-LABEL: func @assigned(
// CHECK: mask <s0: 24 -> [s0], s1: 40 -> [s1] over s0: 24, s1: 40 empty nan>
func.func @assigned(%q: tensor<1x2x64x8xf32>, %k: tensor<1x2x8x64xf32>, %v: tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32> {
  %shape = arith.constant dense<64> : tensor<2xi64>
  %rows0 = arith.constant dense<[[0], [1], [2], [3], [4], [5], [6], [7], [8], [9], [10], [11], [12], [13], [14], [15], [16], [17], [18], [19], [20], [21], [22], [23]]> : tensor<24x1xi64>
  %rows1 = arith.constant dense<[[24], [25], [26], [27], [28], [29], [30], [31], [32], [33], [34], [35], [36], [37], [38], [39], [40], [41], [42], [43], [44], [45], [46], [47], [48], [49], [50], [51], [52], [53], [54], [55], [56], [57], [58], [59], [60], [61], [62], [63]]> : tensor<40x1xi64>
  %row0 = arith.constant dense<[true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false]> : tensor<64xi1>
  %row1 = onnx.node "Not" since 1 (%row0) {} : (tensor<64xi1>) -> tensor<64xi1>
  %s0 = arith.constant dense<[24, 64]> : tensor<2xi64>
  %s1 = arith.constant dense<[40, 64]> : tensor<2xi64>
  %u0 = onnx.node "Expand" since 13 (%row0, %s0) {} : (tensor<64xi1>, tensor<2xi64>) -> tensor<24x64xi1>
  %u1 = onnx.node "Expand" since 13 (%row1, %s1) {} : (tensor<64xi1>, tensor<2xi64>) -> tensor<40x64xi1>
  %z = onnx.node "ConstantOfShape" since 9 (%shape) {value = dense<false> : tensor<1xi1>} : (tensor<2xi64>) -> tensor<64x64xi1>
  %z0 = onnx.node "ScatterND" since 18 (%z, %rows0, %u0) {} : (tensor<64x64xi1>, tensor<24x1xi64>, tensor<24x64xi1>) -> tensor<64x64xi1>
  %mask = onnx.node "ScatterND" since 18 (%z0, %rows1, %u1) {} : (tensor<64x64xi1>, tensor<40x1xi64>, tensor<40x64xi1>) -> tensor<64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x64x8xf32>, tensor<1x2x8x64xf32>) -> tensor<1x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<64x64xi1>, tensor<1x2x64x64xf32>, tensor<f32>) -> tensor<1x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<1x2x64x64xf32>) -> tensor<1x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<1x2x64x64xf32>, tensor<1x2x64x8xf32>) -> tensor<1x2x64x8xf32>
  return %o : tensor<1x2x64x8xf32>
}

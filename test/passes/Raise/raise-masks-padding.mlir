// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-fold-constants --zorro-raise-attention | FileCheck %s --implicit-check-not=64x64

// What of a mask is known at run time, and varies over keys and batch only, is the padding; what is
// constant is the table. No tensor of queries and keys is left.

// A mask of keys selects: true attends.
// CHECK-LABEL: func @keys(
// CHECK: zorro.attention {{.*}} padding %arg3 : tensor<2x64xi1> mask <s0: 64 -> [s0] over s0: 64 empty uniform>
func.func @keys(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %keep: tensor<2x64xi1>) -> tensor<2x2x64x8xf32> {
  %axes = arith.constant dense<[1, 2]> : tensor<2xi64>
  %mask = onnx.node "Unsqueeze" since 13 (%keep, %axes) {} : (tensor<2x64xi1>, tensor<2xi64>) -> tensor<2x1x1x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<2x1x1x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

// -----

// True blocks.
// CHECK-LABEL: func @blocked(
// CHECK: %[[NOT:.*]] = onnx.node "Not" since 1(%arg3)
// CHECK: padding %[[NOT]] : tensor<2x64xi1> mask <s0: 64 -> [s0] over s0: 64 empty nan>
func.func @blocked(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %drop: tensor<2x64xi1>) -> tensor<2x2x64x8xf32> {
  %axes = arith.constant dense<[1, 2]> : tensor<2xi64>
  %kk = onnx.node "Not" since 1 (%drop) {} : (tensor<2x64xi1>) -> tensor<2x64xi1>
  %mask = onnx.node "Unsqueeze" since 13 (%kk, %axes) {} : (tensor<2x64xi1>, tensor<2xi64>) -> tensor<2x1x1x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<2x1x1x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

// -----

// Streams and padding: the table and the keys that are there.
// CHECK-LABEL: func @with_streams(
// CHECK: padding %arg3 : tensor<2x64xi1> mask <s0: 24 -> [s0], s1: 40 -> [s1] over s0: 24, s1: 40 empty nan>
func.func @with_streams(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %keep: tensor<2x64xi1>) -> tensor<2x2x64x8xf32> {
  %axes = arith.constant dense<[1, 2]> : tensor<2xi64>
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %types = arith.constant dense<[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]> : tensor<64xi64>
  %tj = onnx.node "Unsqueeze" since 13 (%types, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %ti = onnx.node "Unsqueeze" since 13 (%types, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %same = onnx.node "Equal" since 13 (%ti, %tj) {} : (tensor<64x1xi64>, tensor<1x64xi64>) -> tensor<64x64xi1>
  %u = onnx.node "Unsqueeze" since 13 (%keep, %axes) {} : (tensor<2x64xi1>, tensor<2xi64>) -> tensor<2x1x1x64xi1>
  %mask = onnx.node "And" since 7 (%u, %same) {} : (tensor<2x1x1x64xi1>, tensor<64x64xi1>) -> tensor<2x1x64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<2x1x64x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

// -----

// The same, repeated over queries first.
// CHECK-LABEL: func @expanded(
// CHECK: padding %arg3 : tensor<2x64xi1> mask <s0: 64 -> [s0 causal] over s0: 64 empty nan>
func.func @expanded(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %keep: tensor<2x64xi1>) -> tensor<2x2x64x8xf32> {
  %axes = arith.constant dense<[1, 2]> : tensor<2xi64>
  %zero = arith.constant dense<0> : tensor<i64>
  %n = arith.constant dense<64> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %r = onnx.node "Range" since 11 (%zero, %n, %one) {} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<64xi64>
  %j = onnx.node "Unsqueeze" since 13 (%r, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %i = onnx.node "Unsqueeze" since 13 (%r, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %c = onnx.node "LessOrEqual" since 16 (%j, %i) {} : (tensor<1x64xi64>, tensor<64x1xi64>) -> tensor<64x64xi1>
  %u = onnx.node "Unsqueeze" since 13 (%keep, %axes) {} : (tensor<2x64xi1>, tensor<2xi64>) -> tensor<2x1x1x64xi1>
  %all = arith.constant dense<[2, 1, 64, 64]> : tensor<4xi64>
  %e = onnx.node "Expand" since 13 (%u, %all) {} : (tensor<2x1x1x64xi1>, tensor<4xi64>) -> tensor<2x1x64x64xi1>
  %mask = onnx.node "And" since 7 (%e, %c) {} : (tensor<2x1x64x64xi1>, tensor<64x64xi1>) -> tensor<2x1x64x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<2x1x64x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

// -----

// (1 - m) * fill with m from a bool.
// CHECK-LABEL: func @one_minus(
// CHECK: padding %{{.*}} : tensor<2x64xi1> mask <s0: 64 -> [s0] over s0: 64 empty uniform>
func.func @one_minus(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %keep: tensor<2x64xi1>) -> tensor<2x2x64x8xf32> {
  %axes = arith.constant dense<[1, 2]> : tensor<2xi64>
  %u = onnx.node "Unsqueeze" since 13 (%keep, %axes) {} : (tensor<2x64xi1>, tensor<2xi64>) -> tensor<2x1x1x64xi1>
  %one = arith.constant dense<1.0> : tensor<f32>
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %m = onnx.node "Cast" since 13 (%u) {to = 1 : i64} : (tensor<2x1x1x64xi1>) -> tensor<2x1x1x64xf32>
  %d = onnx.node "Sub" since 14 (%one, %m) {} : (tensor<f32>, tensor<2x1x1x64xf32>) -> tensor<2x1x1x64xf32>
  %mask = onnx.node "Mul" since 14 (%d, %low) {} : (tensor<2x1x1x64xf32>, tensor<f32>) -> tensor<2x1x1x64xf32>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %masked = onnx.node "Add" since 14 (%scores, %mask) {} : (tensor<2x2x64x64xf32>, tensor<2x1x1x64xf32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

// -----

// An integer mask: anything but 0 attends.
// CHECK-LABEL: func @integers(
// CHECK: %[[KEEP:.*]] = onnx.node "Cast" since 13(%arg3)
// CHECK: padding %[[KEEP]] : tensor<2x64xi1> mask <s0: 64 -> [s0] over s0: 64 empty nan>
func.func @integers(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %m: tensor<2x64xi64>) -> tensor<2x2x64x8xf32> {
  %axes = arith.constant dense<[1, 2]> : tensor<2xi64>
  %kk = onnx.node "Cast" since 13 (%m) {to = 9 : i64} : (tensor<2x64xi64>) -> tensor<2x64xi1>
  %mask = onnx.node "Unsqueeze" since 13 (%kk, %axes) {} : (tensor<2x64xi1>, tensor<2xi64>) -> tensor<2x1x1x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<2x1x1x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

// -----

// Streams first, padding behind: two selections of the same fill.
// CHECK-LABEL: func @two_steps(
// CHECK: padding %arg3 : tensor<2x64xi1> mask <s0: 24 -> [s0], s1: 40 -> [s1] over s0: 24, s1: 40 empty uniform>
func.func @two_steps(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %keep: tensor<2x64xi1>) -> tensor<2x2x64x8xf32> {
  %axes = arith.constant dense<[1, 2]> : tensor<2xi64>
  %first = arith.constant dense<0> : tensor<1xi64>
  %second = arith.constant dense<1> : tensor<1xi64>
  %types = arith.constant dense<[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]> : tensor<64xi64>
  %tj = onnx.node "Unsqueeze" since 13 (%types, %first) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<1x64xi64>
  %ti = onnx.node "Unsqueeze" since 13 (%types, %second) {} : (tensor<64xi64>, tensor<1xi64>) -> tensor<64x1xi64>
  %same = onnx.node "Equal" since 13 (%ti, %tj) {} : (tensor<64x1xi64>, tensor<1x64xi64>) -> tensor<64x64xi1>
  %mask = onnx.node "Unsqueeze" since 13 (%keep, %axes) {} : (tensor<2x64xi1>, tensor<2xi64>) -> tensor<2x1x1x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %fill = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %scores0 = onnx.node "Where" since 16 (%same, %scores, %fill) {} : (tensor<64x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %masked = onnx.node "Where" since 16 (%mask, %scores0, %fill) {} : (tensor<2x1x1x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

// -----

// Padding of one stream, and a constant for tokens that are always there.
// CHECK-LABEL: func @per_stream(
// CHECK: %[[KEEP:.*]] = onnx.node "Concat"
// CHECK: padding %[[KEEP]] : tensor<2x64xi1> mask <s0: 64 -> [s0] over s0: 64 empty nan>
func.func @per_stream(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %a: tensor<2x24xi1>, %c: tensor<2x32xi1>) -> tensor<2x2x64x8xf32> {
  %axes = arith.constant dense<[1, 2]> : tensor<2xi64>
  %there = arith.constant dense<true> : tensor<2x8xi1>
  %kk = onnx.node "Concat" since 13 (%a, %there, %c) {axis = 1 : i64} : (tensor<2x24xi1>, tensor<2x8xi1>, tensor<2x32xi1>) -> tensor<2x64xi1>
  %mask = onnx.node "Unsqueeze" since 13 (%kk, %axes) {} : (tensor<2x64xi1>, tensor<2xi64>) -> tensor<2x1x1x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<2x1x1x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

// -----

// One flag for a whole stream.
// CHECK-LABEL: func @absent_stream(
// CHECK: onnx.node "Or"
// CHECK: padding %{{.*}} : tensor<2x64xi1> mask <s0: 64 -> [s0] over s0: 64 empty nan>
func.func @absent_stream(%q: tensor<2x2x64x8xf32>, %k: tensor<2x2x8x64xf32>, %v: tensor<2x2x64x8xf32>, %flag: tensor<2xi1>) -> tensor<2x2x64x8xf32> {
  %first = arith.constant dense<[[[[true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false]]]]> : tensor<1x1x1x64xi1>
  %shape = arith.constant dense<[2, 1, 1, 1]> : tensor<4xi64>
  %f = onnx.node "Reshape" since 14 (%flag, %shape) {} : (tensor<2xi1>, tensor<4xi64>) -> tensor<2x1x1x1xi1>
  %mask = onnx.node "Or" since 7 (%f, %first) {} : (tensor<2x1x1x1xi1>, tensor<1x1x1x64xi1>) -> tensor<2x1x1x64xi1>
  %scores = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x64x8xf32>, tensor<2x2x8x64xf32>) -> tensor<2x2x64x64xf32>
  %fill = arith.constant dense<0xFF800000> : tensor<f32>
  %masked = onnx.node "Where" since 16 (%mask, %scores, %fill) {} : (tensor<2x1x1x64xi1>, tensor<2x2x64x64xf32>, tensor<f32>) -> tensor<2x2x64x64xf32>
  %p = onnx.node "Softmax" since 13 (%masked) {axis = -1 : i64} : (tensor<2x2x64x64xf32>) -> tensor<2x2x64x64xf32>
  %o = onnx.node "MatMul" since 13 (%p, %v) {} : (tensor<2x2x64x64xf32>, tensor<2x2x64x8xf32>) -> tensor<2x2x64x8xf32>
  return %o : tensor<2x2x64x8xf32>
}

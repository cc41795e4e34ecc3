// RUN: zorro-opt %s --split-input-file --zorro-raise-attention --verify-diagnostics

// Each reason for which attention stays dense, in the remark that names the node. Nodes are called
// "Softmax node" here because diagnostics are found by line, which a name would hide.

// The mask comes with the inputs.
func.func @run_time_where(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>, %mask: tensor<2x3xi1>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %1 = onnx.node "Where" since 16 (%mask, %0, %low) {} : (tensor<2x3xi1>, tensor<1x2x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: node 'Where node': it varies over queries at run time}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// The same as an addition.
func.func @run_time_add(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>, %mask: tensor<2x3xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: node 'Add node': it varies over queries at run time}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// A finite number added to all scores of a query.
func.func @added(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %mask = arith.constant dense<[[-1.0e+09, -1.0e+09, -1.0e+09], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: query 0 has no live key, and a finite number added to its scores leaves their softmax}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// A query whose keys are all dropped, but not equally.
func.func @mixed(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %a = arith.constant dense<[[true, true, false], [true, true, true]]> : tensor<2x3xi1>
  %3 = onnx.node "Where" since 16 (%a, %0, %low) {} : (tensor<2x3xi1>, tensor<1x2x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
  %mask = arith.constant dense<[[0xFF800000, 0xFF800000, 0.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%3, %mask) {} : (tensor<1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: query 0 has no live key and different fills}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// Empty rows of two kinds.
func.func @kinds(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %a = arith.constant dense<[[false, false, false], [true, true, true]]> : tensor<2x3xi1>
  %3 = onnx.node "Where" since 16 (%a, %0, %low) {} : (tensor<2x3xi1>, tensor<1x2x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
  %mask = arith.constant dense<[[0.0, 0.0, 0.0], [0xFF800000, 0xFF800000, 0xFF800000]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%3, %mask) {} : (tensor<1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: its empty rows are of different kinds}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// A fill that may not drop anything.
func.func @weak(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %mask = arith.constant dense<[[0.0, -10000.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: its fill -10000 is too weak to drop a key}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// Numbers that are no mask.
func.func @positive(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %mask = arith.constant dense<[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: node 'Add node': the added mask holds a positive number or NaN}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// Another mask for each batch entry.
func.func @batch(%q: tensor<2x2x4xf32>, %k: tensor<2x4x3xf32>, %v: tensor<2x3x4xf32>) -> tensor<2x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<2x2x4xf32>, tensor<2x4x3xf32>) -> tensor<2x2x3xf32>
  %mask = arith.constant dense<[[[0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]> : tensor<2x2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<2x2x3xf32>, tensor<2x2x3xf32>) -> tensor<2x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: the mask differs between batch entries or heads}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<2x2x3xf32>) -> tensor<2x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<2x2x3xf32>, tensor<2x3x4xf32>) -> tensor<2x2x4xf32>
  return %9 : tensor<2x2x4xf32>
}

// -----

// A scale behind the mask that turns it around.
func.func @sign(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %c = arith.constant dense<-2.000000e+00> : tensor<f32>
  %mask = arith.constant dense<[[true, true, false], [true, true, true]]> : tensor<2x3xi1>
  %3 = onnx.node "Where" since 16 (%mask, %0, %low) {} : (tensor<2x3xi1>, tensor<1x2x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
  %1 = onnx.node "Mul" since 14 (%3, %c) {} : (tensor<1x2x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its mask: node 'Mul node' turns the mask's sign}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// Weights that something else reads too.
func.func @twice(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %mask = arith.constant dense<[[true, true, false], [true, true, true]]> : tensor<2x3xi1>
  %1 = onnx.node "Where" since 16 (%mask, %0, %low) {} : (tensor<2x3xi1>, tensor<1x2x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: its weights are used more than once}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %3 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  %4 = onnx.node "ReduceMax" since 13 (%2) {axes = array<i64: 2>} : (tensor<1x2x3xf32>) -> tensor<1x2x1xf32>
  %9 = onnx.node "Add" since 14 (%3, %4) {} : (tensor<1x2x4xf32>, tensor<1x2x1xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// A mask over something that no product makes.
func.func @no_product(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %low = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %zero = arith.constant dense<0.000000e+00> : tensor<f32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %3 = onnx.node "Exp" since 13 (%0) {} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %mask = arith.constant dense<[[true, true, false], [true, true, true]]> : tensor<2x3xi1>
  %1 = onnx.node "Where" since 16 (%mask, %3, %low) {} : (tensor<2x3xi1>, tensor<1x2x3xf32>, tensor<f32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{attention at node 'Softmax node' is left dense: no product of queries and keys under the mask}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %9 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %9 : tensor<1x2x4xf32>
}

// -----

// A weight whose file is not there.
zorro.weight @mask : tensor<2x3xf32> from "none.data"[0, 24] stored tensor<2x3xf32> hash "00"
func.func @unreadable(%q: tensor<1x2x4xf32>, %k: tensor<1x4x3xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x2x4xf32> {
  %mask = zorro.weight_ref @mask : tensor<2x3xf32>
  %0 = onnx.node "MatMul" since 13 (%q, %k) {} : (tensor<1x2x4xf32>, tensor<1x4x3xf32>) -> tensor<1x2x3xf32>
  %1 = onnx.node "Add" since 14 (%0, %mask) {} : (tensor<1x2x3xf32>, tensor<2x3xf32>) -> tensor<1x2x3xf32>
  // expected-remark @below {{the mask of node 'Add node' cannot be read: cannot open 'none.data'}}
  %2 = onnx.node "Softmax" since 13 (%1) {axis = -1 : i64} : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  %3 = onnx.node "MatMul" since 13 (%2, %v) {} : (tensor<1x2x3xf32>, tensor<1x3x4xf32>) -> tensor<1x2x4xf32>
  return %3 : tensor<1x2x4xf32>
}

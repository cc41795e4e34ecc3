// RUN: zorro-opt %s --split-input-file --zorro-raise-operators --verify-diagnostics

// One error for the whole model: each operator, version, type or reason with its nodes.
// expected-error @below {{unsupported: Add (version 6) in this version: 1 node ('sum'); LSTM (version 14): 1 node ('LSTM node'); Mystery.Op (version 3): 4 nodes ('a', 'b', 'c', …); Pad (version 18) with mode='reflect': 1 node ('Pad node'); Sqrt (version 13) on elements of type ui8: 1 node ('Sqrt node')}}
module {
  func.func @main(%x: tensor<4xf32>, %u: tensor<4xui8>, %p: tensor<2xi64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xui8>, tensor<4xf32>) {
    %0 = onnx.node "Op" of "Mystery" since 3 (%x) {} : (tensor<4xf32>) -> tensor<4xf32> loc("a")
    %1 = onnx.node "Op" of "Mystery" since 3 (%0) {} : (tensor<4xf32>) -> tensor<4xf32> loc("b")
    %2 = onnx.node "Op" of "Mystery" since 3 (%1) {} : (tensor<4xf32>) -> tensor<4xf32> loc("c")
    %3 = onnx.node "Op" of "Mystery" since 3 (%2) {} : (tensor<4xf32>) -> tensor<4xf32> loc("d")
    %4 = onnx.node "Add" since 6 (%3, %3) {} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("sum")
    %5 = onnx.node "LSTM" since 14 (%x) {} : (tensor<4xf32>) -> tensor<4xf32>
    %6 = onnx.node "Sqrt" since 13 (%u) {} : (tensor<4xui8>) -> tensor<4xui8>
    %7 = onnx.node "Pad" since 18 (%x, %p) {mode = "reflect"} : (tensor<4xf32>, tensor<2xi64>) -> tensor<4xf32>
    return %4, %5, %x, %6, %7 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xui8>, tensor<4xf32>
  }
}

// -----

// What nothing reads is not asked for.
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %0 = onnx.node "Op" of "Mystery" since 3 (%x) {} : (tensor<4xf32>) -> tensor<4xf32>
    return %x : tensor<4xf32>
  }
}

// -----

// Reasons of single operators.
// expected-error @below {{unsupported: Attention (version 23) with qk_matmul_output_mode 4: 1 node ('Attention node'); Einsum (version 12) with equation 'ii->i': 1 node ('Einsum node'); Gather (version 13) of position 4 on an axis of 4: 1 node ('Gather node'); LayerNormalization (version 17) with a scale that differs between rows: 1 node ('LayerNormalization node'); Slice (version 13) with bounds computed at run time: 1 node ('Slice node')}}
module {
  func.func @main(%q: tensor<1x1x4x4xf32>, %x: tensor<4x4xf32>, %i: tensor<1xi64>, %s: tensor<4x4xf32>) -> (tensor<1x1x4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
    %four = arith.constant dense<4> : tensor<i64>
    %0 = onnx.node "Attention" since 23 (%q, %q, %q) {qk_matmul_output_mode = 4 : i64} : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    %1 = onnx.node "Einsum" since 12 (%x) {equation = "ii->i"} : (tensor<4x4xf32>) -> tensor<4xf32>
    %2 = onnx.node "Gather" since 13 (%x, %four) {} : (tensor<4x4xf32>, tensor<i64>) -> tensor<4xf32>
    %3 = onnx.node "LayerNormalization" since 17 (%x, %s) {} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    %4 = onnx.node "Slice" since 13 (%x, %i, %i) {} : (tensor<4x4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x4xf32>
    return %0, %1, %2, %3, %4 : tensor<1x1x4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
  }
}

// RUN: zorro-opt %s --split-input-file --verify-diagnostics

// node_c1
func.func @node_c1(%x: tensor<2xf32>) {
  // expected-error @below {{expected 2 inputs as present says but got 1}}
  %0 = onnx.node "Clip" since 13(%x) present [true, false, true] {} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

// node_c2
func.func @node_c2(%c: tensor<i1>) {
  // expected-error @below {{expected 2 graphs as graph_names says but got 1}}
  onnx.node "If" since 16(%c) {} graphs ["then_branch", "else_branch"] {
    onnx.yield
  } : (tensor<i1>) -> ()
  return
}

// -----

// node_c3
func.func @node_c3(%c: tensor<i1>) {
  // expected-error @below {{expected each graph to be one block that ends with onnx.yield}}
  onnx.node "If" since 16(%c) {} graphs ["then_branch"] {
    %0 = arith.constant 0 : i32
  } : (tensor<i1>) -> ()
  return
}

// Every form of onnx.node prints as it is parsed.
// RUN: zorro-opt %s | zorro-opt | FileCheck %s

// CHECK-LABEL: @plain
// CHECK: onnx.node "Softmax" since 13(%{{.*}}) {axis = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
func.func @plain(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = onnx.node "Softmax" since 13(%x) {axis = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// A domain, an input left out, an output left out, a type that nobody knows.
// CHECK-LABEL: @missing
// CHECK: onnx.node "Foo" of "com.x" since 0(%{{.*}}, %{{.*}}) present [true, false, true] {}
// CHECK-SAME: -> (!onnx.unknown, none)
func.func @missing(%x: tensor<2x3xf32>) -> !onnx.unknown {
  %0:2 = onnx.node "Foo" of "com.x" since 0(%x, %x) present [true, false, true] {} : (tensor<2x3xf32>, tensor<2x3xf32>) -> (!onnx.unknown, none)
  return %0#0 : !onnx.unknown
}

// Subgraphs are regions, named in order.
// CHECK-LABEL: @graphs
// CHECK: onnx.node "If" since 16(%{{.*}}) {} graphs ["then_branch", "else_branch"]
// CHECK: onnx.yield
// CHECK: onnx.yield
func.func @graphs(%c: tensor<i1>, %x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = onnx.node "If" since 16(%c) {} graphs ["then_branch", "else_branch"] {
    onnx.yield %x : tensor<2xf32>
  }, {
    %1 = onnx.node "Neg" since 13(%x) {} : (tensor<2xf32>) -> tensor<2xf32>
    onnx.yield %1 : tensor<2xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// RUN: zorro-opt %s --zorro-unraise --split-input-file --verify-diagnostics

#id = affine_map<(i) -> (i)>

// Of what has no counterpart all is told, each once.
func.func @scalar(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    // expected-error @below {{unsupported: math.atan cannot be written as ONNX}}
    %0 = math.atan %a : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  // expected-error @below {{unsupported: tensor.cast cannot be written as ONNX (without one result of static shape)}}
  %c = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  %d = tensor.cast %c : tensor<?xf32> to tensor<4xf32> // expected-error {{unsupported: tensor.cast cannot be written as ONNX}}
  return %y, %d : tensor<4xf32>, tensor<4xf32>
}

// -----

// expected-error @below {{usage: expected an opset between 13 and}}
module attributes {zorro.opset = {ai.onnx = 99 : i64}} {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// A diagonal is no operand of a node.
func.func @diagonal(%x: tensor<4x4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @below {{unsupported: linalg.generic cannot be written as ONNX (whose operands are not read along the loops)}}
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i, i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4x4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

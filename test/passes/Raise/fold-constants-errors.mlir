// RUN: zorro-opt %s --split-input-file --zorro-fold-constants --verify-diagnostics

// An axis that nothing binds: the message says what to bind.
func.func @unbound(%x: tensor<?x4xf32> {zorro.name = "audio", zorro.dims = ["batch", 4]}) -> tensor<?x4xf32> {
  // expected-error @below {{usage: node 'Relu node' (Relu): axis 0 of its result is not known at compile time; bind the input's axes with --shape=audio=<batch>x4}}
  %0 = onnx.node "Relu" since 14(%x) {} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// A shape that depends on the numbers of an input.
func.func @data(%x: tensor<4xf32>) -> tensor<1x?xi64> {
  // expected-error @below {{unsupported: node 'NonZero node' (NonZero): axis 1 of its result is not known at compile time}}
  %0 = onnx.node "NonZero" since 13(%x) {} : (tensor<4xf32>) -> tensor<1x?xi64>
  return %0 : tensor<1x?xi64>
}

// -----

// Operands that contradict the operator, found once a constant is folded.
func.func @contradiction(%x: tensor<2x3xf32>) -> tensor<?xf32> {
  %a = arith.constant dense<3> : tensor<1xi64>
  %b = onnx.node "Add" since 14(%a, %a) {} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %c = onnx.node "Add" since 14(%b, %a) {} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  // expected-error @below {{node 'Reshape node' (Reshape): its result would have 9 elements, expected 6}}
  %0 = onnx.node "Reshape" since 14(%x, %c) {} : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// More elements than a machine holds are refused before anything is made of them.
func.func @huge(%x: tensor<1xf32>) -> tensor<?x?xf32> {
  %a = arith.constant dense<2000000> : tensor<2xi64>
  // expected-error @below {{limit: node 'Expand node' (Expand): its result 'tensor<2000000x2000000xf32>' has more than 2147483648 elements}}
  %0 = onnx.node "Expand" since 13(%x, %a) {} : (tensor<1xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// A weight whose file is not there.
zorro.weight @m : tensor<2xi1> from "no.data"[0, 2] stored tensor<2xi1> hash "00"
func.func @missing() -> tensor<2xi1> {
  // expected-error @below {{cannot read weight @m: cannot open 'no.data'}}
  %m = zorro.weight_ref @m : tensor<2xi1>
  %0 = onnx.node "Not" since 1(%m) {} : (tensor<2xi1>) -> tensor<2xi1>
  return %0 : tensor<2xi1>
}

// -----

// An operator that no schema knows is left to be reported with all others.
func.func @unknown(%x: tensor<2xf32>) -> !onnx.unknown {
  %0 = onnx.node "Foo" since 0(%x) {} : (tensor<2xf32>) -> !onnx.unknown
  return %0 : !onnx.unknown
}

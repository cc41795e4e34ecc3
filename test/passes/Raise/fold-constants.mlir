// Running the pass twice changes nothing the second time.
// RUN: zorro-opt %s --split-input-file --zorro-fold-constants -o %t
// RUN: FileCheck %s < %t
// RUN: zorro-opt %t --split-input-file --zorro-fold-constants | diff %t -

// A shape computed from a static input becomes a constant, and with it the shapes that follow.
// CHECK-LABEL: @shapes
// CHECK-SAME: -> tensor<6x4xf32>
// CHECK: %[[SHAPE:.*]] = arith.constant dense<[-1, 4]> : tensor<2xi64>
// CHECK-NEXT: %[[R:.*]] = onnx.node "Reshape" since 14(%{{.*}}, %[[SHAPE]])
// CHECK-SAME: -> tensor<6x4xf32>
// CHECK-NEXT: return %[[R]] : tensor<6x4xf32>
func.func @shapes(%x: tensor<2x3x4xf32>) -> tensor<?x?xf32> {
  %minus = arith.constant dense<-1> : tensor<1xi64>
  %two = arith.constant dense<2> : tensor<i64>
  %axis = arith.constant dense<0> : tensor<1xi64>
  %shape = onnx.node "Shape" since 15(%x) {} : (tensor<2x3x4xf32>) -> tensor<3xi64>
  %last = onnx.node "Gather" since 13(%shape, %two) {axis = 0 : i64} : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %row = onnx.node "Unsqueeze" since 13(%last, %axis) {} : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %to = onnx.node "Concat" since 13(%minus, %row) {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %r = onnx.node "Reshape" since 14(%x, %to) {} : (tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

// -----

// Start and end of Shape count as in Python, and Size counts elements.
// CHECK-LABEL: @shape_parts
// CHECK: arith.constant dense<[3, 4]> : tensor<2xi64>
// CHECK: arith.constant dense<24> : tensor<i64>
// CHECK-NOT: onnx.node
func.func @shape_parts(%x: tensor<2x3x4xf32>) -> (tensor<2xi64>, tensor<i64>) {
  %0 = onnx.node "Shape" since 15(%x) {start = -2 : i64, end = 9 : i64} : (tensor<2x3x4xf32>) -> tensor<2xi64>
  %1 = onnx.node "Size" since 13(%x) {} : (tensor<2x3x4xf32>) -> tensor<i64>
  return %0, %1 : tensor<2xi64>, tensor<i64>
}

// -----

// A mask from token types: compare, combine, fill.
// CHECK-LABEL: @mask
// CHECK: %[[M:.*]] = arith.constant dense<{{\[\[}}0.000000e+00, 0xFF800000, 0xFF800000], [0.000000e+00, 0.000000e+00, 0.000000e+00], [0xFF800000, 0xFF800000, 0.000000e+00]]> : tensor<3x3xf32>
// CHECK-NEXT: onnx.node "Add" since 14(%{{.*}}, %[[M]])
func.func @mask(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %types = arith.constant dense<[0, 2, 1]> : tensor<3xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %fusion = arith.constant dense<2> : tensor<i64>
  %live = arith.constant dense<0.000000e+00> : tensor<f32>
  %dead = arith.constant dense<0xFF800000> : tensor<f32>
  %rows = onnx.node "Unsqueeze" since 13(%types, %one) {} : (tensor<3xi64>, tensor<1xi64>) -> tensor<3x1xi64>
  %columns = onnx.node "Unsqueeze" since 13(%types, %zero) {} : (tensor<3xi64>, tensor<1xi64>) -> tensor<1x3xi64>
  %same = onnx.node "Equal" since 13(%rows, %columns) {} : (tensor<3x1xi64>, tensor<1x3xi64>) -> tensor<3x3xi1>
  %all = onnx.node "Equal" since 13(%rows, %fusion) {} : (tensor<3x1xi64>, tensor<i64>) -> tensor<3x1xi1>
  %keep = onnx.node "Or" since 7(%same, %all) {} : (tensor<3x3xi1>, tensor<3x1xi1>) -> tensor<3x3xi1>
  %blocked = onnx.node "Not" since 1(%keep) {} : (tensor<3x3xi1>) -> tensor<3x3xi1>
  %fill = onnx.node "Where" since 16(%blocked, %dead, %live) {} : (tensor<3x3xi1>, tensor<f32>, tensor<f32>) -> tensor<3x3xf32>
  %y = onnx.node "Add" since 14(%x, %fill) {} : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}

// -----

// Equal constants are one, whether they stood there or were folded.
// CHECK-LABEL: @equal_constants
// CHECK-COUNT-1: arith.constant
// CHECK-NOT: arith.constant
// CHECK: return
func.func @equal_constants(%x: tensor<2xi64>) -> (tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) {
  %a = arith.constant dense<3> : tensor<2xi64>
  %b = arith.constant dense<3> : tensor<2xi64>
  %zero = arith.constant dense<0> : tensor<2xi64>
  %c = onnx.node "Sub" since 14(%b, %zero) {} : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %0 = onnx.node "Add" since 14(%x, %a) {} : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %1 = onnx.node "Mul" since 14(%x, %b) {} : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %2 = onnx.node "Sub" since 14(%x, %c) {} : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %0, %1, %2 : tensor<2xi64>, tensor<2xi64>, tensor<2xi64>
}

// -----

// Integers and fills take part as weights; the weight goes when nothing reads it.
// CHECK-NOT: zorro.weight @mask
// CHECK: zorro.weight @plain
// CHECK-LABEL: @weights
// CHECK: arith.constant dense<{{\[}}false, true]> : tensor<2xi1>
// CHECK: onnx.node "Neg"
zorro.weight @mask : tensor<2xi1> from ""[0, 2] stored tensor<2xi1> hash "" value dense<[true, false]> : tensor<2xi1>
zorro.weight @plain : tensor<2xf32> from ""[0, 8] stored tensor<2xf32> hash "" value dense<[1.0, 2.0]> : tensor<2xf32>
func.func @weights() -> (tensor<2xi1>, tensor<2xf32>) {
  %m = zorro.weight_ref @mask : tensor<2xi1>
  %p = zorro.weight_ref @plain : tensor<2xf32>
  %0 = onnx.node "Not" since 1(%m) {} : (tensor<2xi1>) -> tensor<2xi1>
  %1 = onnx.node "Neg" since 13(%p) {} : (tensor<2xf32>) -> tensor<2xf32>
  return %0, %1 : tensor<2xi1>, tensor<2xf32>
}

// -----

// An If on a constant is its branch; Identity is its operand.
// CHECK-LABEL: @branch
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32>)
// CHECK-NEXT: %[[Y:.*]] = onnx.node "Abs" since 13(%[[X]])
// CHECK-NEXT: return %[[Y]]
func.func @branch(%x: tensor<2xf32>) -> tensor<2xf32> {
  %a = arith.constant dense<4> : tensor<i64>
  %b = arith.constant dense<5> : tensor<i64>
  %c = onnx.node "Less" since 13(%b, %a) {} : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %i = onnx.node "Identity" since 16(%x) {} : (tensor<2xf32>) -> tensor<2xf32>
  %0 = onnx.node "If" since 16(%c) {} graphs ["then_branch", "else_branch"] {
    %1 = onnx.node "Neg" since 13(%i) {} : (tensor<2xf32>) -> tensor<2xf32>
    onnx.yield %1 : tensor<2xf32>
  }, {
    %1 = onnx.node "Abs" since 13(%i) {} : (tensor<2xf32>) -> tensor<2xf32>
    onnx.yield %1 : tensor<2xf32>
  } : (tensor<i1>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// f32 rounds after each operation: 16777216 + 1 is 16777216 again.
// CHECK-LABEL: @rounding
// CHECK: arith.constant dense<0x4B800000> : tensor<f32>
// CHECK-NOT: onnx.node
func.func @rounding() -> tensor<f32> {
  %big = arith.constant dense<16777216.0> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %0 = onnx.node "Add" since 14(%big, %one) {} : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// What is not defined is left to run time: division by zero, an index outside.
// CHECK-LABEL: @undefined
// CHECK: onnx.node "Div"
// CHECK: onnx.node "Gather"
func.func @undefined() -> (tensor<i64>, tensor<i64>) {
  %one = arith.constant dense<1> : tensor<i64>
  %zero = arith.constant dense<0> : tensor<i64>
  %nine = arith.constant dense<9> : tensor<i64>
  %list = arith.constant dense<[1, 2]> : tensor<2xi64>
  %0 = onnx.node "Div" since 14(%one, %zero) {} : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %1 = onnx.node "Gather" since 13(%list, %nine) {} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  return %0, %1 : tensor<i64>, tensor<i64>
}

// -----

// Slices backwards, beyond both ends, and empty ones.
// CHECK-LABEL: @slices
// CHECK-DAG: arith.constant dense<[4, 2, 0]> : tensor<3xi64>
// CHECK-DAG: arith.constant dense<[3, 4]> : tensor<2xi64>
// CHECK-DAG: arith.constant dense<> : tensor<0xi64>
// CHECK-NOT: onnx.node
func.func @slices() -> (tensor<3xi64>, tensor<2xi64>, tensor<0xi64>) {
  %list = arith.constant dense<[0, 1, 2, 3, 4]> : tensor<5xi64>
  %zero = arith.constant dense<0> : tensor<1xi64>
  %back = arith.constant dense<-2> : tensor<1xi64>
  %far = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %low = arith.constant dense<-9223372036854775808> : tensor<1xi64>
  %0 = onnx.node "Slice" since 13(%list, %far, %low, %zero, %back) {} : (tensor<5xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  %1 = onnx.node "Slice" since 13(%list, %back, %far, %zero) {} : (tensor<5xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %2 = onnx.node "Slice" since 13(%list, %far, %zero, %zero) {} : (tensor<5xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<0xi64>
  return %0, %1, %2 : tensor<3xi64>, tensor<2xi64>, tensor<0xi64>
}

// -----

// Nodes that make or reduce tensors; a splat stays a splat.
// CHECK-LABEL: @makers
// CHECK-DAG: arith.constant dense<true> : tensor<2x3xi1>
// CHECK-DAG: arith.constant dense<[1, 4, 7]> : tensor<3xi64>
// CHECK-DAG: arith.constant dense<{{\[\[}}1, 0], [1, 1]]> : tensor<2x2xi64>
// CHECK-DAG: arith.constant dense<12> : tensor<i64>
// CHECK-DAG: arith.constant dense<{{\[\[}}1, 2]]> : tensor<1x2xi64>
// CHECK-NOT: onnx.node
func.func @makers() -> (tensor<?x?xi1>, tensor<?xi64>, tensor<2x2xi64>, tensor<i64>, tensor<1x?xi64>) {
  %shape = arith.constant dense<[2, 3]> : tensor<2xi64>
  %a = arith.constant dense<1> : tensor<i64>
  %b = arith.constant dense<8> : tensor<i64>
  %c = arith.constant dense<3> : tensor<i64>
  %ones = arith.constant dense<1> : tensor<2x2xi64>
  %numbers = arith.constant dense<[0, 5, 7]> : tensor<3xi64>
  %0 = onnx.node "ConstantOfShape" since 9(%shape) {value = dense<true> : tensor<1xi1>} : (tensor<2xi64>) -> tensor<?x?xi1>
  %1 = onnx.node "Range" since 11(%a, %b, %c) {} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %2 = onnx.node "Trilu" since 14(%ones) {upper = 0 : i64} : (tensor<2x2xi64>) -> tensor<2x2xi64>
  %3 = onnx.node "ReduceSum" since 13(%numbers) {keepdims = 0 : i64} : (tensor<3xi64>) -> tensor<i64>
  %4 = onnx.node "NonZero" since 13(%numbers) {} : (tensor<3xi64>) -> tensor<1x?xi64>
  return %0, %1, %2, %3, %4 : tensor<?x?xi1>, tensor<?xi64>, tensor<2x2xi64>, tensor<i64>, tensor<1x?xi64>
}

// -----

// Of an identity's input only the shape matters.
// CHECK-LABEL: @identity
// CHECK: %[[EYE:.*]] = arith.constant dense<{{\[\[}}0.000000e+00, 1.000000e+00, 0.000000e+00], [0.000000e+00, 0.000000e+00, 1.000000e+00]]>
// CHECK: return %[[EYE]]
func.func @identity(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = onnx.node "EyeLike" since 9(%x) {k = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// RUN: zorro-opt %s --zorro-unraise=opset=17 | FileCheck %s
// Run twice, the second run finds nothing to do.
// RUN: zorro-opt %s --zorro-unraise=opset=17 --zorro-unraise=opset=17 | FileCheck %s

#tokens = #zorro.streams<a: 3, f: 2, v: 4>
#routes = #zorro.mask<a: 3 -> [a], f: 2 -> [all], v: 4 -> [v] over a: 3, f: 2, v: 4 empty nan>
#gap = #zorro.mask<a: 3 -> [], f: 2 -> [a, v], v: 4 -> [] over a: 3, f: 2, v: 4 empty uniform>
#causal = #zorro.mask<t: 4 -> [t causal] over t: 4 empty nan>
#ahead = #zorro.mask<t: 4 -> [t band(2, 2)] over t: 4 empty zero>
#all = #zorro.mask<t: 4 -> [all] over t: 4 empty uniform>
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#col = affine_map<(i, j) -> (i)>

module attributes {zorro.opset = {ai.onnx = 18 : i64}} {

// Three groups of queries, each over the keys that it sees; what is sliced is what lies before the
// heads are split.
// CHECK-LABEL: func.func @routes
// CHECK-SAME: %[[X:.*]]: tensor<1x9x12xf32>
// CHECK: %[[CUT:.*]] = onnx.node "Slice" since 13(%[[X]], {{.*}}) {} {{.*}} -> tensor<1x3x4xf32>
// CHECK: onnx.node "Softmax" since 13({{.*}}) {axis = -1 : i64} : (tensor<1x2x3x3xf32>)
// CHECK: onnx.node "Softmax" since 13({{.*}}) {axis = -1 : i64} : (tensor<1x2x2x9xf32>)
// CHECK: onnx.node "Softmax" since 13({{.*}}) {axis = -1 : i64} : (tensor<1x2x4x4xf32>)
// CHECK-NOT: "Where"
// CHECK: %[[ALL:.*]] = onnx.node "Concat" {{.*}} {axis = 1 : i64} : (tensor<1x3x4xf32>, tensor<1x2x4xf32>, tensor<1x4x4xf32>)
// CHECK: return %[[ALL]]
func.func @routes(%x: tensor<1x9x12xf32>) -> tensor<1x9x4xf32> {
  %q0 = tensor.extract_slice %x[0, 0, 0] [1, 9, 4] [1, 1, 1] : tensor<1x9x12xf32> to tensor<1x9x4xf32>
  %k0 = tensor.extract_slice %x[0, 0, 4] [1, 9, 4] [1, 1, 1] : tensor<1x9x12xf32> to tensor<1x9x4xf32>
  %v0 = tensor.extract_slice %x[0, 0, 8] [1, 9, 4] [1, 1, 1] : tensor<1x9x12xf32> to tensor<1x9x4xf32>
  %q1 = tensor.expand_shape %q0 [[0], [1], [2, 3]] output_shape [1, 9, 2, 2] : tensor<1x9x4xf32> into tensor<1x9x2x2xf32>
  %k1 = tensor.expand_shape %k0 [[0], [1], [2, 3]] output_shape [1, 9, 2, 2] : tensor<1x9x4xf32> into tensor<1x9x2x2xf32>
  %v1 = tensor.expand_shape %v0 [[0], [1], [2, 3]] output_shape [1, 9, 2, 2] : tensor<1x9x4xf32> into tensor<1x9x2x2xf32>
  %e = tensor.empty() : tensor<1x2x9x2xf32>
  %q = linalg.transpose ins(%q1 : tensor<1x9x2x2xf32>) outs(%e : tensor<1x2x9x2xf32>) permutation = [0, 2, 1, 3]
  %k = linalg.transpose ins(%k1 : tensor<1x9x2x2xf32>) outs(%e : tensor<1x2x9x2xf32>) permutation = [0, 2, 1, 3]
  %v = linalg.transpose ins(%v1 : tensor<1x9x2x2xf32>) outs(%e : tensor<1x2x9x2xf32>) permutation = [0, 2, 1, 3]
  %o = zorro.attention %q, %k, %v mask #routes scale 0.5 : tensor<1x2x9x2xf32>, tensor<1x2x9x2xf32>, tensor<1x2x9x2xf32> -> tensor<1x2x9x2xf32>
  %e1 = tensor.empty() : tensor<1x9x2x2xf32>
  %t = linalg.transpose ins(%o : tensor<1x2x9x2xf32>) outs(%e1 : tensor<1x9x2x2xf32>) permutation = [0, 2, 1, 3]
  %r = tensor.collapse_shape %t [[0], [1], [2, 3]] : tensor<1x9x2x2xf32> into tensor<1x9x4xf32>
  return %r : tensor<1x9x4xf32>
}

// Queries without a key give the mean of all values; keys of two streams are gathered.
// CHECK-LABEL: func.func @gap
// CHECK-SAME: %[[Q:.*]]: tensor<1x1x9x2xf32>, %[[K:.*]]: tensor<1x1x9x2xf32>, %[[V:.*]]: tensor<1x1x9x2xf32>
// CHECK: %[[MEAN:.*]] = onnx.node "ReduceMean" since 13(%[[V]]) {axes = array<i64: 2>, keepdims = 1 : i64}
// CHECK: onnx.node "Expand" since 13(%[[MEAN]], {{.*}} -> tensor<1x1x3x2xf32>
// CHECK: onnx.node "Concat" {{.*}} {axis = 2 : i64} : (tensor<1x1x3x2xf32>, tensor<1x1x4x2xf32>)
// CHECK: onnx.node "Softmax" {{.*}} -> tensor<1x1x2x7xf32>
func.func @gap(%q: tensor<1x1x9x2xf32>, %k: tensor<1x1x9x2xf32>, %v: tensor<1x1x9x2xf32>) -> tensor<1x1x9x2xf32> {
  %o = zorro.attention %q, %k, %v mask #gap scale 1.0 : tensor<1x1x9x2xf32>, tensor<1x1x9x2xf32>, tensor<1x1x9x2xf32> -> tensor<1x1x9x2xf32>
  return %o : tensor<1x1x9x2xf32>
}

// A causal mask is one comparison of positions; a scale of one is not written.
// CHECK-LABEL: func.func @causal
// CHECK-DAG: %[[AT:.*]] = arith.constant dense<{{\[\[}}0], [1], [2], [3]]> : tensor<4x1xi64>
// CHECK-DAG: %[[FIRST:.*]] = arith.constant dense<[0, 1, 2, 3]> : tensor<4xi64>
// CHECK-NOT: "Mul"
// CHECK: %[[MASK:.*]] = onnx.node "GreaterOrEqual" since 16(%{{.*}}, %[[FIRST]])
// CHECK: onnx.node "Where" since 16(%[[MASK]], {{.*}} -> tensor<1x1x4x4xf32>
// CHECK-NOT: "LessOrEqual"
func.func @causal(%q: tensor<1x1x4x2xf32>, %k: tensor<1x1x4x2xf32>, %v: tensor<1x1x4x2xf32>) -> tensor<1x1x4x2xf32> {
  %o = zorro.attention %q, %k, %v mask #causal scale 1.0 : tensor<1x1x4x2xf32>, tensor<1x1x4x2xf32>, tensor<1x1x4x2xf32> -> tensor<1x1x4x2xf32>
  return %o : tensor<1x1x4x2xf32>
}

// A band that ends within its segment leaves queries without a key: a group of their own.
// CHECK-LABEL: func.func @ahead
// CHECK: onnx.node "Softmax" {{.*}} -> tensor<1x1x2x2xf32>
// CHECK: onnx.node "Expand" {{.*}} -> tensor<1x1x2x2xf32>
// CHECK: onnx.node "Concat" {{.*}} {axis = 2 : i64} : (tensor<1x1x2x2xf32>, tensor<1x1x2x2xf32>)
func.func @ahead(%q: tensor<1x1x4x2xf32>, %k: tensor<1x1x4x2xf32>, %v: tensor<1x1x4x2xf32>) -> tensor<1x1x4x2xf32> {
  %o = zorro.attention %q, %k, %v mask #ahead scale 1.0 : tensor<1x1x4x2xf32>, tensor<1x1x4x2xf32>, tensor<1x1x4x2xf32> -> tensor<1x1x4x2xf32>
  return %o : tensor<1x1x4x2xf32>
}

// Padding is known at run time only: the scores are selected, and rows that it empties repaired.
// CHECK-LABEL: func.func @padded
// CHECK-SAME: %[[KEEP:[a-z0-9]*]]: tensor<2x4xi1>
// CHECK: %[[MASK:.*]] = onnx.node "Reshape" since 14(%[[KEEP]], {{.*}} -> tensor<2x1x1x4xi1>
// CHECK: onnx.node "Where" since 16(%[[MASK]], {{.*}} -> tensor<2x1x4x4xf32>
// CHECK: onnx.node "ReduceMax"
// CHECK: onnx.node "ReduceMean"
// CHECK: onnx.node "Where" {{.*}} -> tensor<2x1x4x2xf32>
func.func @padded(%q: tensor<2x1x4x2xf32>, %k: tensor<2x1x4x2xf32>, %v: tensor<2x1x4x2xf32>, %keep: tensor<2x4xi1>) -> tensor<2x1x4x2xf32> {
  %o = zorro.attention %q, %k, %v padding %keep : tensor<2x4xi1> mask #all scale 1.0 : tensor<2x1x4x2xf32>, tensor<2x1x4x2xf32>, tensor<2x1x4x2xf32> -> tensor<2x1x4x2xf32>
  return %o : tensor<2x1x4x2xf32>
}

// The body of a loop nest, node by node; operands broadcast from the right, or get axes.
// CHECK-LABEL: func.func @map
// CHECK-SAME: %[[X:.*]]: tensor<3x4xf32>, %[[B:.*]]: tensor<4xf32>, %[[C:.*]]: tensor<3xf32>
// CHECK: %[[COL:.*]] = onnx.node "Reshape" since 14(%[[C]], {{.*}} -> tensor<3x1xf32>
// CHECK: %[[SUM:.*]] = onnx.node "Add" since 14(%[[X]], %[[B]])
// CHECK: %[[SIG:.*]] = onnx.node "Sigmoid" since 13(%[[SUM]])
// CHECK: %[[Y:.*]] = onnx.node "Mul" since 14(%[[SIG]], %[[COL]])
// CHECK: return %[[Y]]
func.func @map(%x: tensor<3x4xf32>, %b: tensor<4xf32>, %c: tensor<3xf32>) -> tensor<3x4xf32> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #col, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %b, %c : tensor<3x4xf32>, tensor<4xf32>, tensor<3xf32>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%p: f32, %r: f32, %s: f32, %o: f32):
    %0 = arith.addf %p, %r : f32
    %1 = arith.negf %0 : f32
    %2 = math.exp %1 : f32
    %3 = arith.addf %2, %one : f32
    %4 = arith.divf %one, %3 : f32
    %5 = arith.mulf %4, %s : f32
    linalg.yield %5 : f32
  } -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// A fold that starts from what changes nothing is one node; another start is added.
// CHECK-LABEL: func.func @folds
// CHECK: onnx.node "ReduceMax" since 13(%{{.*}}) {axes = array<i64: 1>, keepdims = 0 : i64}
// CHECK: %[[SUM:.*]] = onnx.node "ReduceSum" since 13(%{{.*}}, %{{.*}}) {keepdims = 0 : i64}
// CHECK: onnx.node "Add" since 14(%[[SUM]], %{{.*}})
func.func @folds(%x: tensor<3x4xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %low = arith.constant 0xFF800000 : f32
  %two = arith.constant 2.0 : f32
  %e = tensor.empty() : tensor<3xf32>
  %a = linalg.fill ins(%low : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %b = linalg.fill ins(%two : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %m = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<3x4xf32>) outs(%a : tensor<3xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.maximumf %p, %o : f32
    linalg.yield %0 : f32
  } -> tensor<3xf32>
  %s = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<3x4xf32>) outs(%b : tensor<3xf32>) {
  ^bb0(%p: f32, %o: f32):
    %0 = arith.addf %p, %o : f32
    linalg.yield %0 : f32
  } -> tensor<3xf32>
  return %m, %s : tensor<3xf32>, tensor<3xf32>
}

// Rows by columns in any order of axes are a MatMul.
// CHECK-LABEL: func.func @product
// CHECK: %[[T:.*]] = onnx.node "Transpose" since 13(%{{.*}}) {perm = array<i64: 0, 2, 1>} : (tensor<2x5x4xf32>)
// CHECK: onnx.node "MatMul" since 13(%{{.*}}, %[[T]]) {} : (tensor<2x3x4xf32>, tensor<2x4x5xf32>) -> tensor<2x3x5xf32>
func.func @product(%x: tensor<2x3x4xf32>, %y: tensor<2x5x4xf32>) -> tensor<2x3x5xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x3x5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, i, j, k) -> (b, i, k)>, affine_map<(b, i, j, k) -> (b, j, k)>, affine_map<(b, i, j, k) -> (b, i, j)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%x, %y : tensor<2x3x4xf32>, tensor<2x5x4xf32>) outs(%f : tensor<2x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x5xf32>
  return %p : tensor<2x3x5xf32>
}

// Windows are a Conv again, with the margin that was padded.
// CHECK-LABEL: func.func @windows
// CHECK-SAME: %[[X:.*]]: tensor<1x2x5x5xf32>, %[[W:.*]]: tensor<3x2x3x3xf32>
// CHECK-NOT: "Pad"
// CHECK: onnx.node "Conv" since 11(%[[X]], %[[W]]) {dilations = array<i64: 1, 1>, group = 1 : i64, kernel_shape = array<i64: 3, 3>, pads = array<i64: 1, 0, 1, 0>, strides = array<i64: 2, 1>}
// CHECK-NOT: "Pad"
func.func @windows(%x: tensor<1x2x5x5xf32>, %w: tensor<3x2x3x3xf32>) -> tensor<1x3x3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %pad = tensor.pad %x low[0, 0, 1, 0] high[0, 0, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x2x5x5xf32> to tensor<1x2x7x5xf32>
  %e = tensor.empty() : tensor<1x3x3x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x3x3xf32>) -> tensor<1x3x3x3xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, o, h, w, c, i, j) -> (n, c, h * 2 + i, w + j)>, affine_map<(n, o, h, w, c, i, j) -> (o, c, i, j)>, affine_map<(n, o, h, w, c, i, j) -> (n, o, h, w)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%pad, %w : tensor<1x2x7x5xf32>, tensor<3x2x3x3xf32>) outs(%f : tensor<1x3x3x3xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<1x3x3x3xf32>
  return %y : tensor<1x3x3x3xf32>
}

// An epilogue follows its product.
// CHECK-LABEL: func.func @epilogue
// CHECK: %[[P:.*]] = onnx.node "MatMul"
// CHECK: %[[S:.*]] = onnx.node "Add" since 14(%[[P]], %{{.*}})
// CHECK: onnx.node "Relu" since 14(%[[S]])
func.func @epilogue(%x: tensor<1x3x4xf32>, %w: tensor<4x2xf32>, %b: tensor<2xf32>) -> tensor<1x3x2xf32> {
  %y = zorro.contract %x, %w (%b) {
  ^bb0(%acc: f32, %bias: f32):
    %zero = arith.constant 0.0 : f32
    %0 = arith.addf %acc, %bias : f32
    %1 = arith.maximumf %0, %zero : f32
    zorro.yield %1 : f32
  } : tensor<1x3x4xf32>, tensor<4x2xf32> (tensor<2xf32>) -> tensor<1x3x2xf32>
  return %y : tensor<1x3x2xf32>
}

// What an operator has a name for is found again: a remainder with the divisor's sign, Sign, Softplus.
// CHECK-LABEL: func.func @formulas
// CHECK-SAME: %[[I:.*]]: tensor<4xi32>, %[[J:.*]]: tensor<4xi32>, %[[X:.*]]: tensor<4xf32>
// CHECK: onnx.node "Mod" since 13(%[[I]], %[[J]]) {fmod = 0 : i64}
// CHECK: %[[SIGN:.*]] = onnx.node "Sign" since 13(%[[X]])
// CHECK: onnx.node "Softplus" since 1(%[[SIGN]])
func.func @formulas(%i: tensor<4xi32>, %j: tensor<4xi32>, %x: tensor<4xf32>) -> (tensor<4xi32>, tensor<4xf32>) {
  %none = arith.constant 0 : i32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xi32>
  %f = tensor.empty() : tensor<4xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%i, %j : tensor<4xi32>, tensor<4xi32>) outs(%e : tensor<4xi32>) {
  ^bb0(%a: i32, %b: i32, %o: i32):
    %r = arith.remsi %a, %b : i32
    %mixed = arith.xori %r, %b : i32
    %differs = arith.cmpi slt, %mixed, %none : i32
    %some = arith.cmpi ne, %r, %none : i32
    %shifted = arith.addi %r, %b : i32
    %shift = arith.andi %differs, %some : i1
    %0 = arith.select %shift, %shifted, %r : i32
    linalg.yield %0 : i32
  } -> tensor<4xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %unit = math.copysign %one, %a : f32
    %is = arith.cmpf oeq, %a, %zero : f32
    %sign = arith.select %is, %zero, %unit : f32
    %exp = math.exp %sign : f32
    %soft = math.log1p %exp : f32
    linalg.yield %soft : f32
  } -> tensor<4xf32>
  return %m, %y : tensor<4xi32>, tensor<4xf32>
}
}

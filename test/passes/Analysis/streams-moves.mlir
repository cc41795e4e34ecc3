// Moves: cuts travel with their segments, through merges and splits of axes too.
// RUN: zorro-opt %s --split-input-file --zorro-print-streams -o /dev/null | FileCheck %s

#tokens = #zorro.streams<a: 2, b: 3>
// CHECK-LABEL: @moves
// CHECK: zorro.join: axis 1: 0 2 5 | {a} {b}
// CHECK: linalg.transpose: axis 0: 0 2 5 | {a} {b}
// CHECK: tensor.collapse_shape "merge": axis 0: 0 8 20 | {a} {b}
// CHECK: tensor.expand_shape "split": axis 0: 0 2 5 | {a} {b}
// CHECK: tensor.expand_shape "misaligned": axis 0: 0 1 2 4, axis 1: 0 3 5 | {a} {a} {a} {b} {b} {b}
// CHECK: tensor.extract_slice "part": axis 0: 0 1 3 | {a} {b}
// CHECK: tensor.extract_slice "steps": axis 0: 0 1 3 | {a} {b}
// CHECK: tensor.pad: axis 0: 0 1 3 4 | {a} {b} =7
// CHECK: zorro.take: {b}
func.func @moves(%a: tensor<1x2x4xf32> {zorro.name = "a"}, %b: tensor<1x3x4xf32> {zorro.name = "b"})
    -> (tensor<5x1x4xf32>, tensor<4x5xf32>, tensor<4xf32>, tensor<1x3x4xf32>) {
  %x = zorro.join %a, %b axis 1 of #tokens : tensor<1x2x4xf32>, tensor<1x3x4xf32> -> tensor<1x5x4xf32>
  %e = tensor.empty() : tensor<5x1x4xf32>
  %t = linalg.transpose ins(%x : tensor<1x5x4xf32>) outs(%e : tensor<5x1x4xf32>) permutation = [1, 0, 2]
  %m = tensor.collapse_shape %t [[0, 1, 2]] : tensor<5x1x4xf32> into tensor<20xf32> loc("merge")
  %s = tensor.expand_shape %m [[0, 1, 2]] output_shape [5, 1, 4] : tensor<20xf32> into tensor<5x1x4xf32> loc("split")
  %w = tensor.expand_shape %m [[0, 1]] output_shape [4, 5] : tensor<20xf32> into tensor<4x5xf32> loc("misaligned")
  %p = tensor.extract_slice %m[7] [3] [1] : tensor<20xf32> to tensor<3xf32> loc("part")
  %q = tensor.extract_slice %m[5] [3] [3] : tensor<20xf32> to tensor<3xf32> loc("steps")
  %c = arith.constant 7.0 : f32
  %d = tensor.pad %q low[0] high[1] {
  ^bb0(%i: index):
    tensor.yield %c : f32
  } : tensor<3xf32> to tensor<4xf32>
  %k = zorro.take %x [1, 1] axis 1 of #tokens : tensor<1x5x4xf32> -> tensor<1x3x4xf32>
  return %s, %w, %d, %k : tensor<5x1x4xf32>, tensor<4x5xf32>, tensor<4xf32>, tensor<1x3x4xf32>
}

// -----

// An operation that nobody described joins everything and is listed; a run-time index may read
// any row, a constant one reads its own.
#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: @others
// CHECK: tensor.concat: axis 0: 0 2 4 | {a} {b}
// CHECK: linalg.generic "gather": {a,b,i}
// CHECK: linalg.generic "constant": {b}
// CHECK: tensor.scatter: {a,b,i}
// CHECK: joined everything: tensor.scatter
func.func @others(%a: tensor<2xf32> {zorro.name = "a"}, %b: tensor<2xf32> {zorro.name = "b"}, %i: tensor<3xindex> {zorro.name = "i"})
    -> (tensor<3xf32>, tensor<3xf32>, tensor<4xf32>) {
  %x = tensor.concat dim(0) %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  %e = tensor.empty() : tensor<3xf32>
  %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%i : tensor<3xindex>) outs(%e : tensor<3xf32>) {
  ^bb0(%k: index, %o: f32):
    %v = tensor.extract %x[%k] : tensor<4xf32>
    linalg.yield %v : f32
  } -> tensor<3xf32> loc("gather")
  %h = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e : tensor<3xf32>) {
  ^bb0(%o: f32):
    %three = arith.constant 3 : index
    %v = tensor.extract %x[%three] : tensor<4xf32>
    linalg.yield %v : f32
  } -> tensor<3xf32> loc("constant")
  %c = tensor.expand_shape %i [[0, 1]] output_shape [3, 1] : tensor<3xindex> into tensor<3x1xindex>
  %s = tensor.scatter %g into %x[%c] scatter_dims([0]) unique : (tensor<3xf32>, tensor<4xf32>, tensor<3x1xindex>) -> tensor<4xf32>
  return %g, %h, %s : tensor<3xf32>, tensor<3xf32>, tensor<4xf32>
}

// RUN: zorro-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(zorro-fuse-epilogues))' | FileCheck %s
// RUN: zorro-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(zorro-fuse-epilogues,zorro-fuse-epilogues))' | FileCheck %s

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#col = affine_map<(d0, d1, d2) -> (d2)>
#pos = affine_map<(d0, d1, d2) -> (0, d1, d2)>

// Bias, then GELU, then a residual in the other operand: all of it is the epilogue, in order.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: %[[X:.*]]: tensor<2x5x4xf32>, %[[W:.*]]: tensor<4x8xf32>, %[[B:.*]]: tensor<8xf32>, %[[R:.*]]: tensor<2x5x8xf32>
func.func @chain(%x: tensor<2x5x4xf32>, %w: tensor<4x8xf32>, %b: tensor<8xf32>, %r: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  // CHECK: %[[Y:.*]] = zorro.contract %[[X]], %[[W]](%[[B]], %[[R]]) {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[BIAS:.*]]: f32, %[[RES:.*]]: f32):
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[ACC]], %[[BIAS]]
  // CHECK-NEXT: %[[G:.*]] = zorro.gelu %[[S]] erf
  // CHECK-NEXT: %[[T:.*]] = arith.addf %[[RES]], %[[G]]
  // CHECK-NEXT: zorro.yield %[[T]]
  // CHECK-NOT: linalg.generic
  // CHECK: return %[[Y]]
  %y = zorro.contract %x, %w : tensor<2x5x4xf32>, tensor<4x8xf32> -> tensor<2x5x8xf32>
  %e = tensor.empty() : tensor<2x5x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%y, %b : tensor<2x5x8xf32>, tensor<8xf32>) outs(%e : tensor<2x5x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<2x5x8xf32>
  %1 = zorro.gelu %0 erf : tensor<2x5x8xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%r, %1 : tensor<2x5x8xf32>, tensor<2x5x8xf32>) outs(%e : tensor<2x5x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<2x5x8xf32>
  return %2 : tensor<2x5x8xf32>
}

// -----

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#pos = affine_map<(d0, d1, d2) -> (0, d1, d2)>

// A position table that lacks the batch broadcasts over a leading axis.
// CHECK-LABEL: func.func @positions
func.func @positions(%x: tensor<2x5x4xf32>, %w: tensor<4x8xf32>, %pos: tensor<1x5x8xf32>) -> tensor<2x5x8xf32> {
  // CHECK: zorro.contract %{{.*}}, %{{.*}}(%{{.*}}) {
  // CHECK-NOT: linalg.generic
  %y = zorro.contract %x, %w : tensor<2x5x4xf32>, tensor<4x8xf32> -> tensor<2x5x8xf32>
  %e = tensor.empty() : tensor<2x5x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #pos, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%y, %pos : tensor<2x5x8xf32>, tensor<1x5x8xf32>) outs(%e : tensor<2x5x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<2x5x8xf32>
  return %0 : tensor<2x5x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0, 0)>

// An operand that broadcasts over the columns is not a tail of the result: left alone.
// CHECK-LABEL: func.func @per_row
func.func @per_row(%x: tensor<5x4xf32>, %w: tensor<4x8xf32>, %s: tensor<5x1xf32>) -> tensor<5x8xf32> {
  // CHECK: zorro.contract %{{.*}}, %{{.*}} : tensor<5x4xf32>
  // CHECK: linalg.generic
  %y = zorro.contract %x, %w : tensor<5x4xf32>, tensor<4x8xf32> -> tensor<5x8xf32>
  %e = tensor.empty() : tensor<5x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %s : tensor<5x8xf32>, tensor<5x1xf32>) outs(%e : tensor<5x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    linalg.yield %m : f32
  } -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// A contraction with two readers keeps its result.
// CHECK-LABEL: func.func @two_readers
func.func @two_readers(%x: tensor<5x4xf32>, %w: tensor<4x8xf32>) -> (tensor<5x8xf32>, tensor<5x8xf32>) {
  // CHECK: %[[Y:.*]] = zorro.contract
  // CHECK: %[[G:.*]] = linalg.generic
  // CHECK: return %[[Y]], %[[G]]
  %y = zorro.contract %x, %w : tensor<5x4xf32>, tensor<4x8xf32> -> tensor<5x8xf32>
  %e = tensor.empty() : tensor<5x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<5x8xf32>) outs(%e : tensor<5x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %m = arith.negf %p : f32
    linalg.yield %m : f32
  } -> tensor<5x8xf32>
  return %y, %0 : tensor<5x8xf32>, tensor<5x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// Canonicalization has moved the constant out of the body: the epilogue gets its own.
// CHECK-LABEL: func.func @outer_constant
func.func @outer_constant(%x: tensor<5x4xf32>, %w: tensor<4x8xf32>) -> tensor<5x8xf32> {
  // CHECK: zorro.contract
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[ONE:.*]] = arith.constant 1.000000e+00
  // CHECK-NEXT: arith.addf %[[ACC]], %[[ONE]]
  // CHECK-NOT: linalg.generic
  %one = arith.constant 1.0 : f32
  %y = zorro.contract %x, %w : tensor<5x4xf32>, tensor<4x8xf32> -> tensor<5x8xf32>
  %e = tensor.empty() : tensor<5x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<5x8xf32>) outs(%e : tensor<5x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.addf %p, %one : f32
    linalg.yield %s : f32
  } -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// What is no constant cannot go into the epilogue.
// CHECK-LABEL: func.func @outer_value
func.func @outer_value(%x: tensor<5x4xf32>, %w: tensor<4x8xf32>, %c: f32) -> tensor<5x8xf32> {
  // CHECK: zorro.contract
  // CHECK: linalg.generic
  %y = zorro.contract %x, %w : tensor<5x4xf32>, tensor<4x8xf32> -> tensor<5x8xf32>
  %e = tensor.empty() : tensor<5x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<5x8xf32>) outs(%e : tensor<5x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.addf %p, %c : f32
    linalg.yield %s : f32
  } -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

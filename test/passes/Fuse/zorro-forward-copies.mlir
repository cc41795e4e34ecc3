// RUN: zorro-opt %s --split-input-file --pass-pipeline='builtin.module(zorro-form-kernels,func.func(zorro-forward-copies))' | FileCheck %s
// RUN: zorro-opt %s --split-input-file --pass-pipeline='builtin.module(zorro-form-kernels,func.func(zorro-forward-copies,zorro-forward-copies))' | FileCheck %s

// Parts of a joined sequence are written where they belong; an argument still has to be copied.
module {
zorro.weight @w : tensor<4x8xf32> from "m"[0, 128] stored tensor<4x8xf32> hash ""
// CHECK-LABEL: func.func @join
func.func @join(%x: tensor<1x5x4xf32>, %f: tensor<1x1x8xf32>) -> tensor<1x6x8xf32> {
  // CHECK: %[[E:.*]] = tensor.empty() : tensor<1x6x8xf32>
  // CHECK: %[[A:.*]] = zorro.call @contract_4x8(%{{.*}}) into %[[E]] shape tensor<1x5x8xf32> offset 0 strides [0, 8, 1]
  // CHECK: %[[B:.*]] = zorro.call @copy_1d(%{{.*}}) into %[[A]] shape tensor<8xf32> offset 40
  // CHECK: return %[[B]]
  %w = zorro.weight_ref @w : tensor<4x8xf32>
  %y = zorro.contract %x, %w : tensor<1x5x4xf32>, tensor<4x8xf32> -> tensor<1x5x8xf32>
  %j = zorro.join %y, %f axis 1 of <a: 5, f: 1> : tensor<1x5x8xf32>, tensor<1x1x8xf32> -> tensor<1x6x8xf32>
  return %j : tensor<1x6x8xf32>
}
}

// -----

// With a batch the rows of one clip lie apart: batch and rows are two axes of the kernel.
module {
zorro.weight @w : tensor<4x8xf32> from "m"[0, 128] stored tensor<4x8xf32> hash ""
zorro.weight @p : tensor<5x8xf32> from "m"[128, 160] stored tensor<5x8xf32> hash ""
// CHECK-LABEL: func.func @batch
func.func @batch(%x: tensor<2x5x4xf32>, %f: tensor<2x1x8xf32>) -> tensor<2x6x8xf32> {
  // CHECK: zorro.call @contract_4x8_add(%{{.*}}) into %{{.*}} shape tensor<2x5x8xf32> offset 0 strides [48, 8, 1]
  %w = zorro.weight_ref @w : tensor<4x8xf32>
  %p = zorro.weight_ref @p : tensor<5x8xf32>
  %y = zorro.contract %x, %w (%p) {
  ^bb0(%acc: f32, %q: f32):
    %s = arith.addf %acc, %q : f32
    zorro.yield %s : f32
  } : tensor<2x5x4xf32>, tensor<4x8xf32> (tensor<5x8xf32>) -> tensor<2x5x8xf32>
  %j = zorro.join %y, %f axis 1 of <a: 5, f: 1> : tensor<2x5x8xf32>, tensor<2x1x8xf32> -> tensor<2x6x8xf32>
  return %j : tensor<2x6x8xf32>
}
}

// -----

// A result that is read elsewhere too keeps its own buffer.
module {
zorro.weight @w : tensor<4x8xf32> from "m"[0, 128] stored tensor<4x8xf32> hash ""
// CHECK-LABEL: func.func @two_readers
func.func @two_readers(%x: tensor<1x5x4xf32>, %f: tensor<1x1x8xf32>) -> (tensor<1x6x8xf32>, tensor<1x5x8xf32>) {
  // CHECK: zorro.call @contract_4x8
  // CHECK: zorro.call @copy_1d
  // CHECK: zorro.call @copy_1d
  %w = zorro.weight_ref @w : tensor<4x8xf32>
  %y = zorro.contract %x, %w : tensor<1x5x4xf32>, tensor<4x8xf32> -> tensor<1x5x8xf32>
  %j = zorro.join %y, %f axis 1 of <a: 5, f: 1> : tensor<1x5x8xf32>, tensor<1x1x8xf32> -> tensor<1x6x8xf32>
  return %j, %y : tensor<1x6x8xf32>, tensor<1x5x8xf32>
}
}

//===- Passes.td - Passes that form kernels --------------------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_FUSE_PASSES_TD
#define ZORRO_PASSES_FUSE_PASSES_TD

include "mlir/Pass/PassBase.td"

def FuseEpilogues : Pass<"zorro-fuse-epilogues", "::mlir::func::FuncOp"> {
  let summary = "fuse element-wise work into the contraction that feeds it, and among itself";
  let description = [{
    A `linalg.generic` that reads the result of a `zorro.contract` of one use, element by element,
    becomes part of its epilogue; its other operands must broadcast over leading axes only.
    Element-wise chains that no contraction takes become one `linalg.generic`.

    ```mlir
    %0 = zorro.contract %x, %w : …
    %1 = linalg.generic … ins(%0, %bias : …) { addf }
    ```
    ->
    ```mlir
    %1 = zorro.contract %x, %w (%bias) { ^bb0(%acc: f32, %b: f32): addf … } : …
    ```

    Bit-exact: the same scalar operations in the same order. Leaves alone what reads the result by
    another map, and contractions with several uses.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::zorro::ZorroDialect"];
}

def FormKernels : Pass<"zorro-form-kernels", "::mlir::ModuleOp"> {
  let summary = "put every tensor operation into a kernel; merge equal kernels";
  let description = [{
    Before: functions of tensor operations (phase `special`). After: `zorro.kernel` symbols, and
    functions that hold only `zorro.call`, `zorro.view`, `zorro.weight_ref` and `tensor.empty`.

    Reshapes, transposes, slices and broadcasts become views where the reader can step over them,
    and copies where it cannot. A norm that only contractions read goes into them;
    `fuse-norms=false` keeps it a `row` kernel, which is less work where the blocks of a contraction
    read its rows many times (a GPU). A concatenation becomes one buffer that its parts are written
    into. The result of attention lies in memory as [batch, tokens, heads, head size], whatever
    order its consumers ask for.

    ```mlir
    %n = zorro.layer_norm %x …
    %y = zorro.contract %n, %w (%b) { … } : …
    ```
    ->
    ```mlir
    zorro.kernel @contract_768x2304_norm contract because "layer_norm rows feed the contraction; …" { … }
    %y = zorro.call @contract_768x2304_norm(%x, %scale, %bias, %w, %b) into %e …
    ```

    Bit-exact. An operation that no kernel kind fits is an error.
  }];
  let options = [
    Option<"fuseNorms", "fuse-norms", "bool", /*default=*/"true",
           "let contractions normalise the rows that they alone read">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::zorro::ZorroDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "distinct kernels formed">,
    Statistic<"numCalls", "calls", "calls of kernels">,
    Statistic<"numCopies", "copies", "copies that a reader needed">];
}

def ForwardCopies : Pass<"zorro-forward-copies", "::mlir::func::FuncOp"> {
  let summary = "let a kernel write where its result would be copied to";
  let description = [{
    A call whose only use is a copy into a window writes into that window itself.

    ```mlir
    %0 = zorro.call @k(%x) into %e …
    %1 = zorro.call @copy(%0) into %dest shape … offset 512 …
    ```
    ->
    ```mlir
    %1 = zorro.call @k(%x) into %dest shape … offset 512 …
    ```

    Bit-exact. Leaves alone copies that change the order in a way that the kernel's own axes
    cannot express.
  }];
  let dependentDialects = ["::zorro::ZorroDialect"];
  let statistics = [Statistic<"numForwarded", "forwarded", "copies removed">];
}

def SetPrecision : Pass<"zorro-set-precision", "::mlir::ModuleOp"> {
  let summary = "choose the type in which tensors lie in memory between kernels";
  let description = [{
    Before: phase `fused`. With `storage=bf16`, tensors of f32 between kernels become bf16. A kernel
    computes what it did: an `arith.extf` behind an argument and an `arith.truncf` before the yield
    say how memory is read and written. In `map`, `reduce` and `move` kernels the body of the
    `linalg.generic` does so with each scalar, except that sums keep their bits: the destination of
    a `reduce` is extended, and its result rounded, as a whole.

    ```mlir
    zorro.kernel @contract_4x8 contract because "…" {
    ^bb0(%x: tensor<?x?x4xf32>, %w: tensor<4x8xf32>):
      %0 = zorro.contract %x, %w : …
      zorro.yield %0 : tensor<?x?x8xf32>
    }
    ```
    ->
    ```mlir
    zorro.kernel @contract_4x8_bf16 contract because "…" {
    ^bb0(%x: tensor<?x?x4xbf16>, %w: tensor<4x8xbf16>):
      %0 = arith.extf %x : tensor<?x?x4xbf16> to tensor<?x?x4xf32>
      %1 = arith.extf %w : tensor<4x8xbf16> to tensor<4x8xf32>
      %2 = zorro.contract %0, %1 : …
      %3 = arith.truncf %2 : tensor<?x?x8xf32> to tensor<?x?x8xbf16>
      zorro.yield %3 : tensor<?x?x8xbf16>
    }
    ```

    What products take is always bf16: the rows and the matrix of a contraction that does not
    normalise them, and q, k and v of attention. A weight gets a recipe step that rounds it; where
    something else reads it too, it becomes two. Anything else in f32 (an input, an output that is
    read again) is rounded by a copy, once for all its readers.

    f32 stay
    - what a function takes and gives;
    - all other weights: biases, scales, positions;
    - what a softmax reads: an error of a score is a factor of its probability;
    - what may hold a finite fill that bf16 would round to infinity;
    - what is computed from inputs and weights without a product or a normalisation, unless only
      products read it: bf16 holds whole numbers up to 256, so positions, lengths and thresholds
      would change.

    All parts of a buffer have one type, whichever calls write them. Calls of one kernel with other
    types become calls of its variants, and equal variants are one. Each number that memory holds
    changes by at most 2^-9 of itself. Tensors of other types are left alone.
  }];
  let options = [
    Option<"storage", "storage", "std::string", /*default=*/"\"f32\"",
           "f32, which changes nothing, or bf16">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::zorro::ZorroDialect"];
  let statistics = [
    Statistic<"numTensors", "tensors", "results of calls that became bf16">,
    Statistic<"numWeights", "weights", "weights that are rounded">,
    Statistic<"numCopies", "copies", "copies that round what products read">];
}

#endif // ZORRO_PASSES_FUSE_PASSES_TD

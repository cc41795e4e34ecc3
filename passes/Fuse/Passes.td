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
    and copies where it cannot. A layer norm that only contractions read goes into them. A
    concatenation becomes one buffer that its parts are written into. The result of attention lies
    in memory as [batch, tokens, heads, head size], whatever order its consumers ask for.

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

#endif // ZORRO_PASSES_FUSE_PASSES_TD

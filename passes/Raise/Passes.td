//===- Passes.td - Passes from the onnx phase to the zorro phase -----------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_PASSES_TD
#define ZORRO_PASSES_RAISE_PASSES_TD

include "mlir/Pass/PassBase.td"

def FoldConstants : Pass<"zorro-fold-constants", "::mlir::ModuleOp"> {
  let summary = "compute at compile time what constants determine";
  let description = [{
    Shapes are inferred anew in order, with the constants known so far; a node whose inputs are all
    constants becomes an `arith.constant`. `If` with a constant condition becomes its branch.

    ```mlir
    %s = onnx.node "Shape" since 15 (%x) {} : (tensor<1x16x64xf32>) -> tensor<3xi64>
    ```
    ->
    ```mlir
    %s = arith.constant dense<[1, 16, 64]> : tensor<3xi64>
    ```

    Weights of equal bytes are one. With `keep-above`, a large mask stays the nodes that make it,
    equal nodes once, so that `zorro-raise-attention` reads it row by row; what is needed otherwise
    is folded by a second run with `rest`.

    Before: the `imported` phase. After: every shape is static (or, with `require-static`, an error
    names what is not), and equal constants are one. Bit-exact with ONNX's reference semantics.
  }];
  let options = [
    Option<"folder", "folder", "std::string", "\"\"",
           "Folder of the model, which weights are read from">,
    Option<"requireStatic", "require-static", "bool", "true",
           "Fail where a shape stays unknown">,
    Option<"keepAbove", "keep-above", "int64_t", "0",
           "Leave results of more elements than this to whoever can read them row by row; 0 folds "
           "all">,
    Option<"rest", "rest", "bool", "false",
           "Do nothing unless an earlier run has left something">
  ];
  let statistics = [Statistic<"numFolded", "folded", "Nodes computed at compile time">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::zorro::ZorroDialect"];
}

def RaiseAttention : Pass<"zorro-raise-attention", "::mlir::ModuleOp"> {
  let summary = "recognise masked attention on onnx nodes";
  let description = [{
    A softmax over the product of queries and keys, scaled and masked in any of the forms that
    exporters write, whose result is multiplied by values, becomes one `zorro.attention`: what is
    constant of the mask as a table, what drops keys at run time as `padding`. The `Attention`
    operator becomes one too, or the nodes that define it where its mask is neither.

    ```mlir
    %s = onnx.node "MatMul" since 13 (%q, %kt) …
    %m = onnx.node "Add" since 14 (%s, %mask) …
    %p = onnx.node "Softmax" since 13 (%m) {axis = -1 : i64} …
    %o = onnx.node "MatMul" since 13 (%p, %v) …
    ```
    ->
    ```mlir
    %o = zorro.attention %q, %k, %v mask #zorro.mask<s0: 16 -> [s0], s1: 4 -> [all], s2: 32 -> [s2]
         over s0: 16, s1: 4, s2: 32 empty nan> scale 1.0 : …
    ```

    Before: the `imported` phase with constants folded. After: no masked softmax is left whose mask
    is a table with padding. The mask is read row by row; its table is expanded again and compared
    with each row. Finite fills between -1e30 and -65000 are recorded in the module's
    `zorro.assumptions`. A mask that cannot be raised stays dense, with a remark that names the
    node and the reason.

    Reassociates sums (the scale moves from the operands to the scores); live scores are assumed
    finite and below 1e29.
  }];
  let options = [
    Option<"folder", "folder", "std::string", "\"\"",
           "Folder of the model, which weights are read from">,
    Option<"assumeFiniteFill", "assume-finite-fill", "bool", "false",
           "Take any fill at or below -1000 as one that drops its key">
  ];
  let statistics = [
    Statistic<"numRaised", "raised", "Attentions recognised">,
    Statistic<"numMasked", "masked", "Attentions recognised with a mask">,
    Statistic<"numDense", "dense", "Masked softmaxes left dense">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::zorro::ZorroDialect"];
}

def RaiseOperators : Pass<"zorro-raise-operators", "::mlir::ModuleOp"> {
  let summary = "turn every onnx node into zorro, linalg, tensor and arith operations";
  let description = [{
    One table (OperatorTable.h) has a row for each operator and range of versions. Transposes,
    reshapes and slices of weights go into their recipes.

    ```mlir
    %w = zorro.weight_ref @w : tensor<10x64xf32>
    %y = onnx.node "Gemm" since 13 (%x, %w, %b) {transB = 1 : i64} …
    ```
    ->
    ```mlir
    %w = zorro.weight_ref @w_1 : tensor<64x10xf32>   // @w_1 has the recipe [#zorro.transpose<[1, 0]>]
    %p = zorro.contract %x, %w : …
    %y = linalg.generic … ins(%p, %b : …) { addf }
    ```

    Before: static shapes, constants folded. After: no onnx node is left and the module is in the
    phase `zorro`; or the pass fails with one error, `unsupported: …`, that lists every operator,
    version, type and reason with the nodes concerned.

    Bit-exact but for sums, whose order is not fixed by ONNX, and for GELU and layer
    normalisation chains, which become one operation each.
  }];
  let options = [
    Option<"folder", "folder", "std::string", "\"\"",
           "Folder of the model, which weights are read from">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect",
                           "::zorro::ZorroDialect"];
}

def NameStreams : Pass<"zorro-name-streams", "::mlir::func::FuncOp"> {
  let summary = "name the segments of token sequences, and make their routing explicit";
  let description = [{
    The concatenation that a masked attention's tokens come from tells its segments' names: that
    of the input which a segment's tokens depend on, or `fusion` where they depend on none. The
    concatenation becomes a `zorro.join`, slices along its tokens become `zorro.take`. A query
    that no concatenation feeds (pooling) is named after the one segment that it sees, or `global`
    where it sees all.

    ```mlir
    %x = tensor.concat dim(1) %a, %f, %v : …
    … #zorro.mask<s0: 16 -> [s0], s1: 4 -> [all], s2: 32 -> [s2] over s0: 16, s1: 4, s2: 32 empty nan> …
    ```
    ->
    ```mlir
    %x = zorro.join %a, %f, %v axis 1 of #zorro.streams<audio: 16, fusion: 4, video: 32> : …
    … #zorro.mask<audio: 16 -> [audio], fusion: 4 -> [all], video: 32 -> [video] over audio: 16, …> …
    ```

    Before: the `zorro` phase. After: masks over one sequence have the same segments. Bit-exact.
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect", "::zorro::ZorroDialect"];
}

#endif // ZORRO_PASSES_RAISE_PASSES_TD

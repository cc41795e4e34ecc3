//===- Passes.td - From the special phase back to ONNX ---------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_UNRAISE_PASSES_TD
#define ZORRO_PASSES_UNRAISE_PASSES_TD

include "mlir/Pass/PassBase.td"

def Unraise : Pass<"zorro-unraise", "::mlir::ModuleOp"> {
  let summary = "write every operation as nodes of ONNX";
  let description = [{
    Masked attention becomes attention on slices: queries that see the same keys are one group, and
    a group computes the scores of the keys that it sees, and of no other. A mask is left in the
    graph only within a group: where a band moves with the query, or padding is known at run time.

    ```mlir
    %o = zorro.attention %q, %k, %v mask #routes scale 0.125 : …
    // #routes = #zorro.mask<audio: 512 -> [audio], fusion: 16 -> [all] over audio: 512, fusion: 16 empty nan>
    ```
    ->
    ```mlir
    %qa = onnx.node "Slice" since 13(%q, …)      // tokens 0…511
    %ka = onnx.node "Slice" since 13(%k, …)
    %sa = onnx.node "MatMul" since 13(%qa, …)
    %pa = onnx.node "Softmax" since 13(%sa) {axis = -1 : i64} …
    …
    %o = onnx.node "Concat" since 13(%oa, %of) {axis = 2 : i64} …
    ```

    A query without a live key gives what the mask says: NaN, zeros, or the mean of all values.
    `opset` chooses the operators: LayerNormalization exists since 17, Gelu since 20,
    RMSNormalization since 23; before, the formula is written out.

    Before: the `special` phase (or `zorro`), static shapes. After: functions hold `onnx.node`,
    `zorro.weight_ref` and `arith.constant` only. What has no counterpart is an error that names the
    operation and the node that it came from. Reassociates sums as the runtime that reads the file
    does; values of masked keys within a group are multiplied by zero, so that a NaN among them
    spreads, as it does in the graph that the mask came from.
  }];
  let options = [
    Option<"opset", "opset", "int64_t", "0",
           "Version of ai.onnx to write for, at least 13 (default: the source's, 17 if it has none)">
  ];
  let statistics = [
    Statistic<"numNodes", "nodes", "Nodes written">,
    Statistic<"numGroups", "groups", "Groups of queries in masked attention">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::zorro::ZorroDialect",
                           "::zorro::onnx::OnnxDialect"];
}

#endif // ZORRO_PASSES_UNRAISE_PASSES_TD

//===- Passes.td - Passes that show what the analyses found ----------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_PASSES_TD
#define ZORRO_PASSES_ANALYSIS_PASSES_TD

include "mlir/Pass/PassBase.td"

def PrintStreams : Pass<"zorro-print-streams", "::mlir::func::FuncOp"> {
  let summary = "print the grid of every value: which inputs may influence which part of it";
  let description = [{
    One line per result, in the order of the function:

    ```
    zorro.join "/Concat": axis 1: 0 5 6 13 | {audio} {} {video}
    ```

    First the cuts of each axis that has any, then the cells in row-major order. A cell is `=value`
    where every element is a known constant; `zero{…}` where each is 0 or NaN; `dead{…}` where each
    is a dead score; else the inputs that may influence it. Behind `!` stand the flags (f finite
    fill, i infinity, n NaN, T and F a row that surely has a live or true, a false element); behind
    `^` the inputs that may decide where the infinities and NaNs are.

    Leaves the function alone.
  }];
}

def ClassifyWeights : Pass<"zorro-classify-weights", "::mlir::ModuleOp"> {
  let summary = "note where the fills of weights lie";
  let description = [{
    A weight that is marked `fills` (a position bias with a block mask folded in, say) is read, and
    what it holds is noted as `zorro.classes`, a grid: the cuts of each axis, and of each cell
    whether it holds ordinary numbers (0), finite fills (1), -inf (2) or anything (3).

    ```mlir
    zorro.weight @bias : tensor<7x7xf32> from "m"[0, 196] stored tensor<7x7xf32> hash "…" fills
    // becomes
    zorro.weight @bias : … fills {zorro.classes = {classes = array<i8: 0, 2, 2, 0>,
        cuts = [array<i64: 0, 3, 7>, array<i64: 0, 3, 7>]}}
    ```

    Leaves alone other weights, and those whose fills lie in too many places. Changes no number.
  }];
  let options = [
    Option<"folder", "folder", "std::string", "\"\"",
           "Folder of the model, which weights are read from">
  ];
  let statistics = [
    Statistic<"numClassified", "num-classified", "Number of weights whose fills were found">
  ];
}

def Explain : Pass<"zorro-explain", "::mlir::func::FuncOp"> {
  let summary = "print which outputs depend on which inputs, and why";
  let description = [{
    Prints the table of `--explain`, or its JSON. Leaves the function alone.
  }];
  let options = [
    Option<"json", "json", "bool", "false", "print JSON instead of the table">
  ];
}

#endif // ZORRO_PASSES_ANALYSIS_PASSES_TD

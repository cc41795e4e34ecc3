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

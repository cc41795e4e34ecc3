//===- Explain.h - The table of --explain -----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_EXPLAIN_H
#define ZORRO_PASSES_ANALYSIS_EXPLAIN_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

namespace zorro {

/// A table outputs × inputs, with the reason of each dependence on another modality; or JSON:
/// {"outputs": {NAME: {"depends": [INPUT…], "because": {INPUT: [NODE…]}, "why": {INPUT: TEXT},
/// "segments": […]}}, "assumptions": […], "unused": […]}.
void printExplanation(mlir::func::FuncOp func, llvm::raw_ostream &os, bool json);

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_EXPLAIN_H

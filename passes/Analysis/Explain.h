//===- Explain.h - The table of --explain -----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_EXPLAIN_H
#define ZORRO_PASSES_ANALYSIS_EXPLAIN_H

#include "passes/Analysis/StreamDependence.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

namespace zorro {

/// Name of the module attribute that lists, as sentences, which symbolic axes of inputs the model
/// itself fixes.
constexpr llvm::StringLiteral kBoundAxesAttr = "zorro.bound_axes";

/// A table outputs × inputs, with the reason of each dependence on another modality; or JSON, see
/// writeExplanation. ● is a dependence, ◐ one that only an emptied row brings.
void printExplanation(mlir::func::FuncOp func, llvm::raw_ostream &os, bool json);

/// {"outputs": {NAME: {"depends": [INPUT…], "conditional": [INPUT…], "because": {INPUT: [NODE…]},
///   "why": {INPUT: TEXT}, "segments": [{"axis", "begin", "end", "depends"}…],
///   "grid": {"shape", "cuts": one list per axis, "cells": [{"kind", "value"?, "depends"}…]}}},
///  "assumptions": [TEXT…], "unused": [INPUT…], "dead": {INPUT: TEXT}, "bound": [TEXT…],
///  "joined": [OPERATION…]}. Cells are in row-major order; a grid of many cells is joined to fewer,
/// with a "note".
void writeExplanation(const StreamDependence &streams, llvm::raw_ostream &os);

/// What the claims rest on, with what earlier passes assumed.
llvm::SmallVector<std::string> listAssumptions(mlir::func::FuncOp func);
/// Operations that no rule describes, with their names.
llvm::SmallVector<std::string> listUndescribed(const StreamDependence &streams);
/// Why no output depends on the values of an input: "nothing reads it".
std::string explainDead(const StreamDependence &streams, unsigned input);
/// What module attribute kBoundAxesAttr says of axes that the model fixed.
llvm::SmallVector<std::string> listBoundAxes(mlir::func::FuncOp func);

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_EXPLAIN_H

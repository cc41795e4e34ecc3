//===- Rules.h - The transfer functions of the operations -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// From the grids of what an operation reads to the grids of what it gives. All rules distribute
// over unions of taints for fixed kinds; the same functions, asked with one bit per cell, relate
// the cells of an operation's results to those of its operands.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_RULES_H
#define ZORRO_PASSES_ANALYSIS_RULES_H

#include "dialects/Zorro/Zorro.h"
#include "passes/Analysis/CellRules.h"
#include "passes/Analysis/GridValue.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineMap.h"

#include <optional>

namespace zorro {

using GridLookup = llvm::function_ref<const GridValue &(mlir::Value)>;

/// What a rule may rely on beside its operands.
struct Promises {
  bool liveRows = false; // at run time no padding empties a row
};

/// One grid per result; nothing where no rule describes the operation.
using Grids = std::optional<std::vector<GridValue>>;

Element elementOf(mlir::Type type);
/// Shape of a tensor; empty for a scalar.
llvm::ArrayRef<int64_t> shapeOf(mlir::Type type);
/// Whether the analysis can hold a value of this type: a scalar or a tensor of static shape.
bool hasGrid(mlir::Type type);
/// The operands of `op`, then what its regions read from outside, each once.
llvm::SmallVector<mlir::Value> readValues(mlir::Operation *op);

/// Dispatches to the rules below.
Grids transferOp(mlir::Operation *op, GridLookup get, Promises promises = {});
/// The rule for an operation that nobody described: every result depends on all that is read.
std::vector<GridValue> joinEverything(mlir::Operation *op, GridLookup get);

Grids transferZorro(mlir::Operation *op, GridLookup get, Promises promises);
Grids transferTensor(mlir::Operation *op, GridLookup get);
Grids transferLinalg(mlir::linalg::LinalgOp op, GridLookup get);

GridValue softmaxGrid(const GridValue &x, Promises promises);
GridValue attentionGrid(AttentionOp op, GridLookup get, Promises promises);
/// Name of the attribute of a weight that says where its fills lie: {cuts, classes}.
constexpr llvm::StringLiteral kClassesAttr = "zorro.classes";
GridValue weightGrid(WeightRefOp ref);
/// What a cell of a weight holds, as noted in kClassesAttr.
enum class ValueClass : int8_t { Ordinary, Fill, Infinite, Anything };
mlir::DictionaryAttr noteClasses(const GridValue &grid, mlir::MLIRContext *context);
/// A constant attribute as a grid.
std::optional<GridValue> constantGrid(mlir::Attribute value, mlir::Type type);

/// Values of an affine expression while each dim runs over its range, both ends included.
struct Interval {
  int64_t low, high;
};
Interval intervalOf(mlir::AffineExpr expr, llvm::ArrayRef<Interval> dims);

/// What a scalar body needs beside its arguments.
struct BodyContext {
  GridLookup get;                   // of values from outside
  llvm::ArrayRef<Interval> indices; // of linalg.index
};
/// Cells of `wanted` (values in the block) when its arguments are `arguments`.
llvm::SmallVector<Cell> evaluateBody(mlir::Block &block, llvm::ArrayRef<Cell> arguments,
                                     llvm::ArrayRef<mlir::Value> wanted,
                                     const BodyContext &context);
/// One scalar operation.
Cell evaluateScalar(mlir::Operation *op, llvm::ArrayRef<Cell> operands);

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_RULES_H

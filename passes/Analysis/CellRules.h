//===- CellRules.h - What scalar operations do to cells ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The element-wise rules of the stream dependence analysis, cell by cell. They look at kinds and
// flags, never at which taint is set, so they distribute over unions of taints: probes rest on it.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_CELLRULES_H
#define ZORRO_PASSES_ANALYSIS_CELLRULES_H

#include "passes/Analysis/GridValue.h"

namespace zorro {

using ScalarFunction = double (*)(double);
using ScalarFunction2 = double (*)(double, double);

struct UnaryTraits {
  ScalarFunction fold = nullptr; // null: constants are not folded
  bool keepsZero = false;        // f(0) = 0
  bool keepsOrder = false;       // a copy, or a cast between floats
  bool isLog = false;            // makes -inf of a run-time mask
};

Cell unaryCell(const Cell &x, const UnaryTraits &traits, Element from, Element to);
Cell addCells(const Cell &a, const Cell &b, Element element);
Cell subCells(const Cell &a, const Cell &b, Element element);
Cell mulCells(const Cell &a, const Cell &b, Element element);
Cell divCells(const Cell &a, const Cell &b, Element element);
/// Any other operation of two operands; maximum and minimum make no NaN of an infinity.
Cell binaryCell(const Cell &a, const Cell &b, ScalarFunction2 fold, Element element,
                bool makesNaN = true);
/// `and` (absorbing 0) or `or` (absorbing 1) of booleans.
Cell logicCell(const Cell &a, const Cell &b, bool isAnd);
Cell notCell(const Cell &x);
Cell isNaNCell(const Cell &x);
Cell selectCell(const Cell &condition, const Cell &a, const Cell &b, Element element);
/// Everything joined, nothing known of the value.
Cell mixCells(llvm::ArrayRef<Cell> cells, Element element);

/// How a reduction combines.
enum class Reduction : uint8_t { Sum, Product, Max, Min, Other };
struct ReductionPart {
  Cell cell;
  int64_t count; // elements of the cell that are reduced
};
/// `alongRows`: the last axis of the operand is among the reduced ones.
Cell reduceCells(llvm::ArrayRef<ReductionPart> parts, Reduction how, Element element,
                 bool alongRows);

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_CELLRULES_H

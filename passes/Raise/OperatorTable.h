//===- OperatorTable.h - Which operators are raised, and how -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One row per operator and range of versions. It drives the raising, the list of operators that the
// tools print, and the tests' matrix.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_OPERATORTABLE_H
#define ZORRO_PASSES_RAISE_OPERATORTABLE_H

#include "passes/Raise/Raiser.h"

#include "llvm/Support/raw_ostream.h"

namespace zorro::raise {

/// Builds what `node` means and replaces its results; on failure the Raiser knows the reason.
using Handler = mlir::LogicalResult (*)(Raiser &raiser, onnx::NodeOp node);

struct OperatorRow {
  llvm::StringLiteral name;
  llvm::StringLiteral domain;
  int64_t since, until; // versions of the operator, both included
  Handler handler;
  llvm::StringLiteral remark; // what it becomes, and what of it is not handled
};

constexpr int64_t kNewest = 1 << 20;

/// The row of `node`'s operator and version, or null; `known` tells whether another version is
/// handled.
const OperatorRow *findRow(onnx::NodeOp node, bool &known);

// The rows of each family.
llvm::ArrayRef<OperatorRow> activationRows();
llvm::ArrayRef<OperatorRow> channelNormRows();
llvm::ArrayRef<OperatorRow> contractRows();
llvm::ArrayRef<OperatorRow> elementwiseRows();
llvm::ArrayRef<OperatorRow> indexRows();
llvm::ArrayRef<OperatorRow> moveRows();
llvm::ArrayRef<OperatorRow> poolRows();
llvm::ArrayRef<OperatorRow> reduceRows();
llvm::ArrayRef<OperatorRow> rowRows();
llvm::ArrayRef<OperatorRow> scatterRows();

} // namespace zorro::raise

namespace zorro {
/// Whether `node` is raised or folded as it is; any other is better replaced by the function that
/// defines its operator.
bool isHandled(onnx::NodeOp node);
/// The supported operators, one line each: name, versions, remark.
void printOperatorTable(llvm::raw_ostream &os);
} // namespace zorro

#endif // ZORRO_PASSES_RAISE_OPERATORTABLE_H

//===- FoldTable.h - Which operators fold, and how ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One row per operator of ai.onnx. An evaluator declines by returning false; it never reports.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_FOLDTABLE_H
#define ZORRO_PASSES_RAISE_FOLDTABLE_H

#include "dialects/Onnx/Onnx.h"
#include "passes/Raise/FoldTensor.h"

namespace zorro::fold {

/// A node whose inputs are all known.
struct FoldCall {
  onnx::NodeOp op;
  llvm::ArrayRef<const HostTensor *> inputs; // as the schema counts them; null: left out

  bool has(unsigned i) const { return i < inputs.size() && inputs[i]; }
  const HostTensor &in(unsigned i) const { return *inputs[i]; }
  /// Integers that stand in input `i` (newer versions) or in an attribute (older ones).
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef attribute, unsigned i) const;
  /// The type of result `i`, null where it is not static.
  mlir::RankedTensorType resultType(unsigned i = 0) const;
};

using Results = llvm::SmallVectorImpl<HostTensor>;
using Evaluator = bool (*)(const FoldCall &call, Results &results);

struct FoldRow {
  llvm::StringLiteral name;
  Evaluator evaluate;
};

/// The evaluator of an operator, or null.
Evaluator findEvaluator(onnx::NodeOp op);

// The rows of each family.
llvm::ArrayRef<FoldRow> elementwiseRows();
llvm::ArrayRef<FoldRow> moveRows();
llvm::ArrayRef<FoldRow> indexRows();
llvm::ArrayRef<FoldRow> makeRows();
llvm::ArrayRef<FoldRow> reduceRows();

} // namespace zorro::fold

#endif // ZORRO_PASSES_RAISE_FOLDTABLE_H

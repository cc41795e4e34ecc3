//===- FoldTable.cpp - Which operators fold, and how --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The families' rows in one table.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTable.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::fold;

std::optional<llvm::SmallVector<int64_t>> FoldCall::integers(llvm::StringRef attribute,
                                                             unsigned i) const {
  if (has(i))
    return integersOf(in(i));
  onnx::NodeOp node = op;
  if (auto values = node.getInts(attribute))
    return llvm::SmallVector<int64_t>(*values);
  return std::nullopt;
}

RankedTensorType FoldCall::resultType(unsigned i) const {
  onnx::NodeOp node = op;
  auto type = dyn_cast<RankedTensorType>(node->getResult(i).getType());
  return type && type.hasStaticShape() ? type : RankedTensorType();
}

Evaluator fold::findEvaluator(onnx::NodeOp op) {
  static const llvm::StringMap<Evaluator> table = [] {
    llvm::StringMap<Evaluator> rows;
    for (auto family : {elementwiseRows(), moveRows(), indexRows(), makeRows(), reduceRows()})
      for (const FoldRow &row : family)
        rows[row.name] = row.evaluate;
    return rows;
  }();
  if (!op.getDomain().empty() || !op.getGraphs().empty() || op->getNumResults() == 0)
    return nullptr;
  return table.lookup(op.getOpType());
}

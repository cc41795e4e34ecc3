//===- MaskTerms.h - What of a mask is known at run time only ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A mask is constants and a few terms: values of at most four numbers that vary over keys and batch
// only. With a number in the place of each term, the mask is read as a constant one is.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKTERMS_H
#define ZORRO_PASSES_RAISE_MASKTERMS_H

#include "passes/Raise/MaskRows.h"
#include "passes/Raise/NodeBuilder.h"

namespace zorro::raise {

struct MaskTerm {
  mlir::Value value;
  llvm::SmallVector<double> numbers;   // what its elements may be
  int64_t batchAxis = -1, keyAxis = -1; // of `value`; -1: it does not vary over these
};

class MaskTerms {
public:
  /// `scores` is the shape of the scores: [leading…, queries, keys].
  MaskTerms(MaskRows &rows, llvm::ArrayRef<int64_t> scores) : rows(rows), scores(scores) {}

  /// Adds the terms of a mask that broadcasts to the scores. False, with a reason, where it varies
  /// otherwise at run time.
  bool find(mlir::Value mask);
  llvm::ArrayRef<MaskTerm> get() const { return terms; }
  const std::string &getReason() const { return reason; }
  /// What had to be assumed about inputs.
  llvm::ArrayRef<std::string> getAssumptions() const { return assumptions; }

  /// How many ways there are to choose a number for each term.
  int64_t countChoices() const;
  /// The number of term `i` in a choice.
  double numberOf(int64_t choice, size_t term) const;

  /// [batch or 1, keys] of i1: the values D[choice][key] (0, 1 or, where it does not matter, 2) as
  /// the terms choose among them at run time.
  mlir::Value makeKeep(NodeBuilder &nodes, mlir::Location loc,
                       llvm::ArrayRef<std::vector<uint8_t>> kept) const;

private:
  enum class Role : uint8_t { Batch, Head, BatchHead, Query, Key };
  using Roles = llvm::SmallVector<Role>;

  bool descend(mlir::Value value, const Roles &roles);
  bool descendInto(onnx::NodeOp node, const Roles &roles);
  bool take(mlir::Value value, const Roles &roles);
  std::optional<llvm::SmallVector<double>> numbersOf(mlir::Value value);
  bool refuse(const llvm::Twine &why);
  mlir::Value toKeys(NodeBuilder &nodes, mlir::Location loc, const MaskTerm &term) const;

  MaskRows &rows;
  llvm::SmallVector<int64_t> scores;
  bool assumes = false; // whether integer inputs may be taken for 0 and 1
  llvm::SmallVector<MaskTerm> terms;
  llvm::SmallVector<std::string> assumptions;
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKTERMS_H

//===- MaskTable.h - From what stands on scores to a block table ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Follows the scores of one query after the other from the product to the softmax: untouched, moved
// by a constant, or replaced by one. What is left is a table of segments, what an empty row gives,
// and, where terms of the mask are known at run time only, the keys that are there.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKTABLE_H
#define ZORRO_PASSES_RAISE_MASKTABLE_H

#include "passes/Raise/Constants.h"
#include "passes/Raise/NodeBuilder.h"

#include <limits>

namespace zorro::raise {

/// What a softmax of a row of -inf becomes before it reaches the values.
enum class NanRows { Kept, Zero };

struct MaskReading;

class MaskTable {
public:
  /// `scores` is the type of the scores, [leading…, queries, keys]; the first of several leading
  /// axes, or the only one, is the batch.
  MaskTable(mlir::RankedTensorType scores, Constants &constants);
  ~MaskTable();

  // The steps in order, each with the name of its node for messages. Values broadcast to the scores
  // and may be constants, what nodes make of constants, or known at run time only.

  /// scores + addend.
  void add(mlir::Value addend, mlir::Type element, llvm::StringRef node);
  /// scores - subtrahend.
  void subtract(mlir::Value subtrahend, mlir::Type element, llvm::StringRef node);
  /// scores where `condition` is `keep`, `fill` elsewhere.
  void select(mlir::Value condition, bool keep, double fill, mlir::Type element,
              llvm::StringRef node);
  /// scores · factor.
  void scale(double factor, mlir::Type element, llvm::StringRef node);
  /// Behind the softmax: weights where `condition` is `keep`, 0 elsewhere; or weights · condition,
  /// whose numbers are 0 and 1.
  void zeroWeights(mlir::Value condition, bool keep, bool multiplies, llvm::StringRef node);
  /// A bool mask as the Attention operator takes it: true attends.
  void attend(mlir::Value condition, llvm::StringRef node);
  /// Query i keeps key j where low <= j - i <= high; -inf elsewhere.
  void attendBand(int64_t low, int64_t high);

  /// Whether something may be dropped or moved.
  bool isTouched() const;
  /// The mask, null where nothing is dropped; failure with a reason. `weakFills` lets weaker fills
  /// than -65000 drop a key. What was assumed is appended to `assumptions`.
  mlir::FailureOr<MaskAttr> build(mlir::MLIRContext *context, NanRows nanRows, bool weakFills,
                                  llvm::SmallVectorImpl<std::string> &assumptions);
  /// Whether keys differ between batch entries, after `build`.
  bool isBatched() const;
  /// The keys that are there, [batch or 1, keys] of i1, after `build`; null where all are.
  mlir::Value makePadding(NodeBuilder &nodes, mlir::Location loc) const;

  const std::string &getReason() const { return reason; }

private:
  friend class MaskReader;
  struct Step {
    enum Kind { Add, Subtract, Select, Scale, Band, Zero, Multiply } kind;
    mlir::Value value;
    bool keep = true;
    double number = 0; // Select: the fill; Scale: the factor
    int64_t low = 0, high = 0;
    mlir::Type element; // of the scores
    std::string node;
  };

  mlir::RankedTensorType scores;
  Constants &constants;
  std::vector<Step> steps;
  std::shared_ptr<const MaskReading> reading;
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKTABLE_H

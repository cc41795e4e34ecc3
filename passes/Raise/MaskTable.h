//===- MaskTable.h - From what stands on scores to a block table ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Follows every score cell from the product to the softmax: untouched, moved by a constant, or
// replaced by one. What is left is a table of segments and what an empty row gives.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKTABLE_H
#define ZORRO_PASSES_RAISE_MASKTABLE_H

#include "dialects/Zorro/Zorro.h"

#include <string>
#include <vector>

namespace zorro::raise {

/// What a softmax of a row of -inf becomes before it reaches the values.
enum class NanRows { Kept, Zero };

class MaskTable {
public:
  MaskTable(int64_t queries, int64_t keys) : queries(queries), keys(keys) {}

  /// scores + addend; the addend broadcasts to [..., queries, keys] and is the same for all
  /// leading indices. False, with a reason, where it cannot be followed.
  bool add(mlir::DenseElementsAttr addend);
  /// scores where `condition` is `keep`, `fill` elsewhere.
  bool select(mlir::DenseElementsAttr condition, bool keep, double fill);
  /// scores · factor, a positive number.
  void scale(double factor);
  /// scores + a mask as the Attention operator takes it; `condition` true: attend.
  bool attend(mlir::DenseElementsAttr condition) {
    return select(condition, true, -std::numeric_limits<double>::infinity());
  }

  /// Whether something was dropped or moved.
  bool isTouched() const { return touched; }
  /// The mask, or null with a reason. `weakFills` lets weaker fills than -65000 drop a key. What
  /// was assumed is appended to `assumptions`.
  MaskAttr build(mlir::MLIRContext *context, NanRows nanRows, bool weakFills,
                 llvm::SmallVectorImpl<std::string> &assumptions);

  const std::string &getReason() const { return reason; }

private:
  enum class Cell : uint8_t { Live, Moved, Replaced };

  /// Calls `visit(index in cells, index in data)`; false where the shape or the leading indices do
  /// not fit.
  template <typename Data, typename Visit>
  bool forEach(llvm::ArrayRef<int64_t> shape, const Data &data, Visit visit);
  void reserve();

  int64_t queries, keys;
  bool touched = false;
  std::vector<Cell> cells; // empty while untouched
  std::vector<double> values;
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKTABLE_H

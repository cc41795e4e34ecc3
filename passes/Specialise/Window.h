//===- Window.h - The part of a tensor that is kept -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Per axis, the indices that are kept; a window is their product. What is kept moves together and
// keeps its order.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_SPECIALISE_WINDOW_H
#define ZORRO_PASSES_SPECIALISE_WINDOW_H

#include "passes/Analysis/GridValue.h"

#include <optional>

namespace zorro {

/// Ascending ranges that neither overlap nor touch.
using Intervals = llvm::SmallVector<IndexRange, 1>;

Intervals uniteIntervals(const Intervals &a, const Intervals &b);
/// The indices of `a` in `range`, counted from its beginning.
Intervals cutInterval(const Intervals &a, IndexRange range);
Intervals shiftIntervals(const Intervals &a, int64_t by);
int64_t countOf(const Intervals &a);
bool containsAll(const Intervals &a, const Intervals &b);
/// Where the kept indices `part` stand among the kept indices `all`.
Intervals positionsIn(const Intervals &all, const Intervals &part);

/// The indices of a collapsed axis that a product of kept indices of its parts covers; nothing
/// where they are too scattered to list.
std::optional<Intervals> collapseIntervals(llvm::ArrayRef<Intervals> parts,
                                           llvm::ArrayRef<int64_t> sizes);
/// The smallest kept indices per part whose product covers `a` of the collapsed axis.
llvm::SmallVector<Intervals> expandIntervals(const Intervals &a, llvm::ArrayRef<int64_t> sizes);

struct Window {
  llvm::SmallVector<Intervals, 4> axes;

  /// An axis of nothing has one empty range: unlike one that is cut away, it is wanted.
  static Intervals wholeAxis(int64_t length) { return {{0, length}}; }
  static Window whole(llvm::ArrayRef<int64_t> shape);
  bool isEmpty() const;
  void unite(const Window &other);
  bool operator==(const Window &other) const { return axes == other.axes; }
  bool operator!=(const Window &other) const { return axes != other.axes; }
  llvm::SmallVector<int64_t> getShape() const;
};

} // namespace zorro

#endif // ZORRO_PASSES_SPECIALISE_WINDOW_H

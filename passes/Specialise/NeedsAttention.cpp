//===- NeedsAttention.cpp - What kept rows of attention read ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Specialise/CutMask.h"
#include "passes/Specialise/Needs.h"

#include "passes/Analysis/Rules.h"

using namespace mlir;
using namespace zorro;

/// The keys of which padding is the constant `value` in every batch entry.
static Intervals keysWhere(const GridValue &padding, double value) {
  Intervals keys;
  for (unsigned s = 0; s != padding.getSegments(1); ++s) {
    IndexRange range = {padding.getCuts(1)[s], padding.getCuts(1)[s + 1]};
    if (padding.joinBox({{0, padding.getShape()[0]}, range}).isKnown(value))
      keys = uniteIntervals(keys, {range});
  }
  return keys;
}

/// The indices of `a` that are not in `b`.
static Intervals without(const Intervals &a, const Intervals &b) {
  Intervals left = a;
  for (IndexRange gone : b) {
    Intervals next;
    for (IndexRange range : left) {
      next.push_back({range.begin, std::min(range.end, gone.begin)});
      next.push_back({std::max(range.begin, gone.end), range.end});
    }
    left = uniteIntervals(next, {}); // without the empty ones
  }
  return left;
}

/// Keys of which one is surely there, for a query that sees all of them.
static SmallVector<IndexRange> rangesWithKey(const GridValue &padding) {
  SmallVector<IndexRange> ranges;
  for (unsigned s = 0; s != padding.getSegments(1); ++s) {
    IndexRange range = {padding.getCuts(1)[s], padding.getCuts(1)[s + 1]};
    if (padding.joinBox({{0, padding.getShape()[0]}, range}).flags & kRowTrue)
      ranges.push_back(range);
  }
  return ranges;
}

bool Needs::mayBeEmpty(AttentionOp op, const Intervals &rows) const {
  MaskAttr mask = op.getMaskAttr();
  bool promised = op->getParentOfType<ModuleOp>()->hasAttr(kAssumeLiveRowsAttr);
  Intervals dead, there;
  SmallVector<IndexRange> oneThere;
  if (op.getPadding()) {
    const GridValue &padding = streams.get(op.getPadding());
    dead = keysWhere(padding, 0);
    there = keysWhere(padding, 1);
    oneThere = rangesWithKey(padding);
  }
  auto surelyLive = [&](const Intervals &seen) {
    return without(seen, there) != seen ||
           llvm::any_of(oneThere, [&](IndexRange range) { return containsAll(seen, {range}); });
  };
  for (const MaskPart &part : partsOf(mask.getQueries(), rows)) {
    int64_t first = mask.getQueries().getBegin(part.segment);
    bool alike = llvm::none_of(mask.getSpans(part.segment),
                               [](const KeySpan &span) { return span.isBand(); });
    for (IndexRange tokens : part.tokens)
      for (int64_t i = tokens.begin, e = alike ? i + 1 : tokens.end; i != e; ++i) {
        Intervals seen = keysSeen(mask, {{first + i, first + i + 1}});
        if (without(seen, dead).empty())
          return true;
        if (op.getPadding() && !promised && !surelyLive(seen))
          return true;
      }
  }
  return false;
}

void Needs::visitAttention(AttentionOp op) {
  Window result = *get(op.getResult());
  Intervals keys = Window::wholeAxis(op.getK().getType().getDimSize(2));
  MaskAttr mask = op.getMaskAttr();
  // The mean of all values keeps them all.
  if (!mask || mask.getEmpty() != EmptyRow::Uniform || !mayBeEmpty(op, result.axes[2])) {
    if (mask)
      keys = keysSeen(mask, result.axes[2]);
    if (op.getPadding())
      keys = without(keys, keysWhere(streams.get(op.getPadding()), 0));
  }
  if (keys.empty()) // constant rows: nothing is read
    return;
  Window q = result, k = result, v = result;
  q.axes[3] = k.axes[3] = Window::wholeAxis(op.getQ().getType().getDimSize(3));
  k.axes[2] = v.axes[2] = keys;
  want(op->getOpOperand(0), q);
  want(op->getOpOperand(1), k);
  want(op->getOpOperand(2), v);
  if (!op.getPadding() || containsAll(keysWhere(streams.get(op.getPadding()), 1), keys))
    return;
  ArrayRef<int64_t> shape = shapeOf(op.getPadding().getType());
  Window padding = Window::whole(shape);
  if (shape[0] != 1)
    padding.axes[0] = result.axes[0];
  padding.axes[1] = keys;
  want(op->getOpOperand(3), padding);
}

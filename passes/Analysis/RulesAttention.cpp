//===- RulesAttention.cpp - Attention by its mask table and its padding -----*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The query axis is cut where another set of key segments comes into view, so bands are as exact as
// blocks. Per row segment: which keys may be read, which surely are, and what a row without any
// gives.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/RuleSwitch.h"
#include "passes/Analysis/Rules.h"

#include <cmath>

using namespace mlir;
using namespace zorro;

namespace {
class AttentionRule {
public:
  AttentionRule(AttentionOp op, GridLookup get, Promises promises)
      : op(op), q(get(op.getQ())), k(get(op.getK())), v(get(op.getV())),
        padding(op.getPadding() ? &get(op.getPadding()) : nullptr), mask(op.getMaskAttr()),
        element(elementOf(op.getType())), promises(promises) {
    keyCuts = uniteCuts(k.getCuts(2), v.getCuts(2));
    if (padding)
      keyCuts = uniteCuts(keyCuts, padding->getCuts(1));
    for (unsigned s = 0; mask && s != mask.getQueries().getCount(); ++s)
      spans.push_back(mask.getSpans(s));
    if (!mask)
      spans.push_back({KeySpan{0, getKeys(), -EntryAttr::kFar, EntryAttr::kFar}});
  }

  GridValue run() {
    SmallVector<Cuts> cuts;
    for (unsigned axis : {0, 1})
      cuts.push_back(uniteCuts(uniteCuts(q.getCuts(axis), k.getCuts(axis)), v.getCuts(axis)));
    if (padding && padding->getShape()[0] == q.getShape()[0])
      cuts[0] = uniteCuts(cuts[0], padding->getCuts(0));
    cuts.push_back(cutRows());
    cuts.push_back(v.getCuts(3));
    thinCuts(cuts);
    SmallVector<unsigned> sizes;
    for (const Cuts &axis : cuts)
      sizes.push_back(axis.size() - 1);
    std::vector<Cell> cells;
    forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
      SmallVector<IndexRange, 4> box;
      for (auto [axis, i] : llvm::enumerate(index))
        box.push_back({cuts[axis][i], cuts[axis][i + 1]});
      cells.push_back(attendBox(box));
    });
    return GridValue(shapeOf(op.getType()), element, cuts, std::move(cells));
  }

private:
  /// Keys without a cut among them, and how many of them a row of the segment sees.
  struct Part {
    IndexRange keys;
    int64_t least, most;
  };

  int64_t getKeys() const { return k.getShape()[2]; }
  IndexRange rowsOf(unsigned segment) const {
    if (!mask)
      return {0, q.getShape()[2]};
    int64_t begin = mask.getQueries().getBegin(segment);
    return {begin, begin + mask.getQueries().getSizes()[segment]};
  }

  /// A band's row sees another set of key segments, has its first or last key, or has exactly one,
  /// from these rows on.
  Cuts cutRows() const {
    Cuts found = q.getCuts(2);
    for (auto [segment, list] : llvm::enumerate(spans)) {
      IndexRange rows = rowsOf(segment);
      auto add = [&](int64_t row) {
        if (row >= rows.begin && row <= rows.end)
          found.push_back(row);
      };
      add(rows.begin);
      add(rows.end);
      for (const KeySpan &span : list) {
        if (!span.isBand() || isOff(Rule::BandKeys))
          continue;
        auto addKey = [&](int64_t key) {
          add(key - span.low);
          add(key - span.high);
        };
        addKey(span.begin);
        addKey(span.end);
        add(span.end - 1 - span.low);
        add(span.begin - span.high + 1);
        for (int64_t key : keyCuts)
          if (span.begin < key && key < span.end)
            addKey(key);
      }
    }
    llvm::sort(found);
    found.erase(llvm::unique(found), found.end());
    return found;
  }

  SmallVector<Part> findParts(unsigned segment, IndexRange rows) const {
    SmallVector<Part> parts;
    int64_t last = isOff(Rule::BandKeys) ? rows.begin : rows.end - 1;
    for (const KeySpan &span : spans[segment])
      for (size_t i = 0; i + 1 < keyCuts.size(); ++i) {
        KeySpan piece = {std::max(span.begin, keyCuts[i]), std::min(span.end, keyCuts[i + 1]),
                         span.low, span.high};
        IndexRange seen = {piece.beginFor(rows.begin), piece.endFor(last)};
        if (seen.begin >= seen.end)
          continue;
        // The number of keys in view rises, stays, then falls: it is least at an end.
        auto count = [&](int64_t row) {
          return std::max<int64_t>(0, piece.endFor(row) - piece.beginFor(row));
        };
        int64_t most = seen.end - seen.begin;
        if (piece.isBand() && piece.low > -KeySpan::kFar && piece.high < KeySpan::kFar)
          most = std::min(most, piece.high - piece.low + 1);
        parts.push_back({seen, std::min(count(rows.begin), count(last)), most});
      }
    return parts;
  }

  /// What a row without a live key gives.
  Cell emptyCell(ArrayRef<IndexRange> box) const {
    EmptyRow empty = mask ? mask.getEmpty() : EmptyRow::Nan;
    if (empty != EmptyRow::Uniform || isOff(Rule::EmptyMean))
      return Cell::known(empty == EmptyRow::Zero ? 0 : std::nan(""));
    Cell weight = Cell::known(roundTo(1.0 / getKeys(), element));
    SmallVector<ReductionPart> products;
    const Cuts &cuts = v.getCuts(2);
    for (size_t i = 0; i + 1 < cuts.size(); ++i)
      products.push_back({weigh(weight, box, {cuts[i], cuts[i + 1]}), cuts[i + 1] - cuts[i]});
    return reduceCells(products, Reduction::Sum, element, false);
  }

  Cell weigh(const Cell &weight, ArrayRef<IndexRange> box, IndexRange keys) const {
    return mulCells(weight, v.joinBox({box[0], box[1], keys, box[3]}), element);
  }

  /// Of the rows that have a live key. `padTaint`: who decides which keys are there.
  Cell liveCell(ArrayRef<IndexRange> box, ArrayRef<Part> parts, int64_t most,
                uint64_t padTaint) const {
    IndexRange features = {0, q.getShape()[3]};
    SmallVector<Cell> scores = {q.joinBox({box[0], box[1], box[2], features})};
    for (const Part &part : parts)
      scores.push_back(k.joinBox({box[0], box[1], part.keys, features}));
    scores.push_back(Cell::any(padTaint));
    Cell weight = mixCells(scores, element);
    // An infinity or a fill among the scores may make the row NaN or uniform.
    bool odd = weight.flags & kUnusual;
    weight.flags = odd ? kNaN : 0;
    weight.nonFinite = odd ? weight.taint : 0;
    if (most <= (isOff(Rule::TwoKeys) ? 2 : 1) && !odd) { // the only key, whatever its score
      CellJoin only(element);
      for (const Part &part : parts)
        only.add(v.joinBox({box[0], box[1], part.keys, box[3]}));
      return only.finish();
    }
    SmallVector<ReductionPart> products;
    for (const Part &part : parts)
      products.push_back({weigh(weight, box, part.keys), part.most});
    Cell sum = reduceCells(products, Reduction::Sum, element, false);
    // Padded values are not read: padding decides which NaN shows.
    if (sum.mayBeNonFinite()) {
      sum.taint |= padTaint;
      sum.nonFinite |= padTaint;
    }
    return sum;
  }

  /// `live`, or in a row that padding empties `empty`.
  static Cell chooseCell(const Cell &live, const Cell &empty, uint64_t padTaint) {
    if (live.isKnown() && live == empty)
      return live;
    bool isNaN = empty.isKnown() && std::isnan(empty.value);
    Cell cell = Cell::any(live.taint | empty.taint | padTaint,
                          live.mayBe() | (isNaN ? uint8_t(kNaN) : empty.mayBe()),
                          live.nonFinite | empty.nonFinite);
    if (cell.flags & (kInfinite | kNaN))
      cell.nonFinite |= padTaint;
    auto zeroOrNaN = [](const Cell &c) {
      return c.isZero() || (c.isKnown() && std::isnan(c.value));
    };
    if (zeroOrNaN(live) && zeroOrNaN(empty))
      return Cell::zeroOrNaN(cell.nonFinite);
    return cell;
  }

  Cell attendRows(ArrayRef<IndexRange> box, unsigned segment) const {
    SmallVector<Part> parts;
    int64_t least = 0, most = 0, sure = 0;
    uint64_t padTaint = 0;
    bool padded = false;
    for (const Part &part : findParts(segment, box[2])) {
      Cell keep = Cell::known(1);
      if (padding)
        keep =
            padding->joinBox({padding->getShape()[0] == 1 ? IndexRange{0, 1} : box[0], part.keys});
      if (keep.isKnown(0))
        continue;
      parts.push_back(part);
      least += part.least;
      most += part.most;
      bool whole = part.least == part.keys.end - part.keys.begin;
      sure += keep.isKnown() ? part.least : whole && (keep.flags & kRowTrue) ? 1 : 0;
      padded |= !keep.isKnown();
      padTaint |= isOff(Rule::PaddedKeys) ? 0 : keep.taint;
    }
    if (most == 0)
      return emptyCell(box);
    Cell cell = liveCell(box, parts, most, padTaint);
    if (padded && sure == 0 && !promises.liveRows && !isOff(Rule::EmptiedRows))
      cell = chooseCell(cell, emptyCell(box), padTaint);
    if (least == 0) { // of several rows, some may see nothing
      CellJoin both(element);
      both.add(cell);
      both.add(emptyCell(box));
      cell = both.finish();
    }
    cell.flags &= ~kRowFlags;
    return cell;
  }

  /// Query segments are apart, unless there were too many.
  Cell attendBox(ArrayRef<IndexRange> box) const {
    CellJoin join(element);
    for (unsigned segment = 0; segment != spans.size(); ++segment) {
      SmallVector<IndexRange, 4> part(box);
      IndexRange rows = rowsOf(segment);
      part[2] = {std::max(box[2].begin, rows.begin), std::min(box[2].end, rows.end)};
      if (part[2].begin < part[2].end)
        join.add(attendRows(part, segment));
    }
    Cell cell = join.finish();
    cell.flags &= ~kRowFlags;
    return cell;
  }

  AttentionOp op;
  const GridValue &q, &k, &v, *padding;
  MaskAttr mask;
  Element element;
  Promises promises;
  Cuts keyCuts;
  SmallVector<SmallVector<KeySpan>> spans; // by query segment
};
} // namespace

GridValue zorro::attentionGrid(AttentionOp op, GridLookup get, Promises promises) {
  return AttentionRule(op, get, promises).run();
}

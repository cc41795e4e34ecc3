//===- RulesZorro.cpp - The zorro operations --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/RuleSwitch.h"
#include "passes/Analysis/Rules.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------------------------===//

/// Softmax of one row of cells; `widths` are the elements of each.
static SmallVector<Cell> softmaxRow(ArrayRef<Cell> row, ArrayRef<int64_t> widths, Element element,
                                    Promises promises) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  bool rowLive = false, anchored = false, allKnownDead = true;
  uint64_t liveTaint = 0, allTaint = 0, nonFinite = 0;
  uint8_t mayBe = 0;
  int64_t candidates = 0, length = 0;
  for (auto [cell, width] : llvm::zip(row, widths)) {
    bool live = (cell.isKnown() && cell.value > kDeadScore) ||
                (cell.kind == CellKind::Any && !(cell.flags & (kFill | kInfinite))) ||
                ((cell.flags & kRowTrue) && !cell.isDead());
    bool dead = cell.isDead();
    rowLive |= live;
    allTaint |= cell.taint;
    liveTaint |= dead ? 0 : cell.taint;
    nonFinite |= cell.nonFinite;
    mayBe |= cell.mayBe();
    candidates += dead ? 0 : width;
    length += width;
    anchored |= (cell.isKnown() && cell.value > -inf) ||
                (cell.kind == CellKind::Dead && !cell.mayBeNonFinite());
    allKnownDead &= dead && cell.isKnown() && cell.value == row.front().value;
  }
  SmallVector<Cell> result;
  if (allKnownDead) { // wholly masked: NaN, or the mean of all
    double value = row.front().value == -inf ? std::nan("") : roundTo(1.0 / length, element);
    result.assign(row.size(), Cell::known(value));
    return result;
  }
  // What may be dead at run time is not all dead, by promise.
  rowLive |= (promises.liveRows || isOff(Rule::SoftmaxEmptied)) && candidates > 0;
  bool mayBeNaN = ((mayBe & kNaN) || !(rowLive || anchored)) && !isOff(Rule::SoftmaxNaN);
  uint64_t nanTaint = mayBeNaN ? nonFinite : 0;
  for (auto [cell, width] : llvm::zip(row, widths)) {
    bool dead = cell.isDead();
    bool deadByInfinity =
        dead && (cell.isKnown() ? cell.value == -inf : !(cell.mayBe() & kFill));
    if (rowLive ? dead : deadByInfinity) {
      result.push_back(mayBeNaN ? Cell::zeroOrNaN(nanTaint) : Cell::known(0));
    } else if (rowLive && !(mayBe & kNaN) && candidates == 1 &&
               (promises.liveRows || !(cell.mayBe() & (kFill | kInfinite)))) {
      result.push_back(Cell::known(1)); // the only live key
    } else {
      result.push_back(Cell::any((rowLive ? liveTaint : allTaint) | nonFinite,
                                 mayBeNaN ? kNaN : 0, nanTaint));
    }
  }
  return result;
}

GridValue zorro::softmaxGrid(const GridValue &x, Promises promises) {
  if (x.getCells().empty())
    return x;
  const Cuts &cuts = x.getCuts(x.getRank() - 1);
  SmallVector<int64_t> widths;
  for (unsigned s = 0; s != x.getSegments(x.getRank() - 1); ++s)
    widths.push_back(cuts[s + 1] - cuts[s]);
  std::vector<Cell> cells;
  for (size_t i = 0; i != x.getCells().size(); i += widths.size())
    llvm::append_range(cells, softmaxRow(x.getCells().slice(i, widths.size()), widths,
                                         x.getElement(), promises));
  return GridValue(x.getShape(), x.getElement(), x.getCuts(), std::move(cells));
}

//===----------------------------------------------------------------------------------------===//
// Normalisations
//===----------------------------------------------------------------------------------------===//

/// Each row depends on all of itself, and on the vectors.
static GridValue normaliseRows(const GridValue &x, ArrayRef<Cell> vectors) {
  GridValue joined = isOff(Rule::Statistic) ? x : x.joinedAlong(x.getRank() - 1);
  std::vector<Cell> cells;
  SmallVector<Cell> parts(vectors);
  parts.emplace_back();
  for (const Cell &cell : joined.getCells()) {
    parts.back() = cell;
    cells.push_back(mixCells(parts, x.getElement()));
  }
  return GridValue(x.getShape(), x.getElement(), joined.getCuts(), std::move(cells));
}

//===----------------------------------------------------------------------------------------===//
// Contract
//===----------------------------------------------------------------------------------------===//

static GridValue transferContract(ContractOp op, GridLookup get) {
  const GridValue &a = get(op.getA()), &b = get(op.getB());
  Element element = elementOf(op.getType());
  unsigned rank = a.getRank();
  SmallVector<Cuts> cuts(a.getCuts());
  Cuts inner = uniteCuts(cuts.back(), b.getCuts(0));
  cuts.back() = b.getCuts(1);
  SmallVector<const GridValue *> extras;
  for (Value extra : op.getExtras()) {
    const GridValue &grid = get(extra);
    extras.push_back(&grid);
    for (unsigned axis = 0; axis != grid.getRank(); ++axis)
      if (unsigned at = rank - grid.getRank() + axis; grid.getRank() <= rank &&
          grid.getShape()[axis] == shapeOf(op.getType())[at])
        cuts[at] = uniteCuts(cuts[at], grid.getCuts(axis));
  }
  thinCuts(cuts);
  SmallVector<unsigned> sizes;
  for (const Cuts &axis : cuts)
    sizes.push_back(axis.size() - 1);
  std::vector<Cell> cells;
  BodyContext context{get, {}};
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
    SmallVector<IndexRange, 4> box;
    for (auto [axis, i] : llvm::enumerate(index))
      box.push_back({cuts[axis][i], cuts[axis][i + 1]});
    SmallVector<IndexRange, 4> rows(box);
    SmallVector<ReductionPart> parts;
    for (unsigned s = 0; s + 1 < inner.size(); ++s) {
      rows.back() = {inner[s], inner[s + 1]};
      Cell x = a.joinBox(rows), y = b.joinBox({rows.back(), box.back()});
      parts.push_back({mulCells(x, y, element), inner[s + 1] - inner[s]});
    }
    Cell sum = reduceCells(parts, Reduction::Sum, element, true);
    if (!op.getEpilogue().empty()) {
      Block &body = op.getEpilogue().front();
      SmallVector<Cell> arguments = {sum};
      for (const GridValue *extra : extras) {
        SmallVector<IndexRange, 4> part;
        // A missing leading axis or one of size 1 is broadcast.
        for (unsigned axis = 0; axis != extra->getRank(); ++axis) {
          int at = int(rank) - int(extra->getRank()) + int(axis);
          bool broadcast = at < 0 || extra->getShape()[axis] == 1;
          part.push_back(broadcast ? IndexRange{0, 1} : box[at]);
        }
        arguments.push_back(isOff(Rule::Epilogue) ? Cell() : extra->joinBox(part));
      }
      Value yielded = body.getTerminator()->getOperand(0);
      sum = evaluateBody(body, arguments, yielded, context).front();
    }
    sum.flags &= ~kRowFlags;
    cells.push_back(sum);
  });
  return GridValue(shapeOf(op.getType()), element, cuts, std::move(cells));
}

//===----------------------------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------------------------===//

Grids zorro::transferZorro(Operation *op, GridLookup get, Promises promises) {
  auto just = [](GridValue grid) {
    return Grids(std::vector<GridValue>{std::move(grid)});
  };
  return llvm::TypeSwitch<Operation *, Grids>(op)
      .Case<WeightRefOp>([&](WeightRefOp ref) { return just(weightGrid(ref)); })
      .Case<ContractOp>([&](ContractOp contract) { return just(transferContract(contract, get)); })
      .Case<AttentionOp>(
          [&](AttentionOp attention) { return just(attentionGrid(attention, get, promises)); })
      .Case<SoftmaxOp>(
          [&](SoftmaxOp softmax) { return just(softmaxGrid(get(softmax.getX()), promises)); })
      .Case<LayerNormOp, RMSNormOp>([&](auto norm) {
        SmallVector<Cell> vectors;
        for (Value vector : llvm::drop_begin(norm->getOperands()))
          vectors.push_back(get(vector).joinAll());
        return just(normaliseRows(get(norm.getX()), vectors));
      })
      .Case<GeluOp>([&](GeluOp gelu) {
        const GridValue &x = get(gelu.getX());
        std::vector<Cell> cells;
        for (const Cell &cell : x.getCells())
          cells.push_back(evaluateScalar(gelu, cell));
        return just(GridValue(x.getShape(), x.getElement(), x.getCuts(), std::move(cells)));
      })
      .Case<JoinOp>([&](JoinOp join) {
        std::vector<GridValue> parts;
        for (Value part : join.getParts())
          parts.push_back(get(part));
        return just(GridValue::concat(parts, join.getAxis()));
      })
      .Case<TakeOp>([&](TakeOp take) {
        int64_t size = shapeOf(take.getType())[take.getAxis()];
        return just(get(take.getSource()).slice(take.getAxis(), take.getBegin(), size));
      })
      .Default([](Operation *) -> Grids { return std::nullopt; });
}

//===- ClaimCheck.cpp - Claims of the analysis against numbers ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "ClaimCheck.h"

#include "dialects/Zorro/Zorro.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

bool zorro::test::isSame(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

Numbers zorro::test::randomNumbers(Type type, std::mt19937 &engine, bool allTrue) {
  auto tensor = cast<RankedTensorType>(type);
  Numbers numbers;
  for (int64_t i = 0; i != tensor.getNumElements(); ++i) {
    double v = std::uniform_real_distribution<double>(-1, 1)(engine);
    numbers.push_back(tensor.getElementType().isInteger(1) ? double(allTrue || v > 0) : float(v));
  }
  return numbers;
}

/// Calls `visit` with every index of a cell's box, and its place in the numbers.
static void forEachElement(const GridValue &grid, size_t cell, function_ref<void(size_t)> visit) {
  SmallVector<IndexRange, 4> box = grid.getBox(cell);
  SmallVector<unsigned> sizes;
  for (IndexRange range : box)
    sizes.push_back(range.end - range.begin);
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
    size_t at = 0;
    for (auto [axis, i] : llvm::enumerate(index))
      at = at * grid.getShape()[axis] + box[axis].begin + i;
    visit(at);
  });
}

/// Whether padding leaves a row of an attention no key where its mask leaves some.
static bool emptiesRow(AttentionOp op, const StreamDependence &streams, const Values &values) {
  if (!op.getPadding())
    return false;
  const Numbers &keep = values.find(op.getPadding())->second;
  const GridValue &claim = streams.get(op.getPadding());
  MaskAttr mask = op.getMaskAttr();
  for (int64_t i = 0, n = op.getQ().getType().getDimSize(2); i != n; ++i) {
    bool some = false, live = false;
    for (const KeySpan &span : mask.getSpans(MaskAttr::segmentOf(mask.getQueries(), i)))
      for (int64_t j = span.beginFor(i); j < span.endFor(i); ++j) {
        some |= !claim.joinBox({{0, 1}, {j, j + 1}}).isKnown(0);
        live |= keep[j] != 0;
      }
    if (some && !live)
      return true;
  }
  return false;
}

/// Whether all scores of a row are dead where some need not be.
static bool emptiesRow(SoftmaxOp op, const StreamDependence &streams, const Values &values) {
  const Numbers &scores = values.find(op.getX())->second;
  const GridValue &grid = streams.get(op.getX());
  size_t width = grid.getShape().back();
  std::vector<bool> some(scores.size() / width), live(scores.size() / width);
  for (size_t c = 0; c != grid.getCells().size(); ++c)
    forEachElement(grid, c, [&](size_t at) {
      some[at / width] = some[at / width] || !grid.getCells()[c].isDead();
      live[at / width] = live[at / width] || !(scores[at] <= kDeadScore);
    });
  for (size_t row = 0; row != some.size(); ++row)
    if (some[row] && !live[row])
      return true;
  return false;
}

static bool emptiesRow(func::FuncOp main, const StreamDependence &streams, const Values &values) {
  for (Operation &op : main.front().without_terminator()) {
    if (auto attention = dyn_cast<AttentionOp>(op);
        attention && emptiesRow(attention, streams, values))
      return true;
    if (auto softmax = dyn_cast<SoftmaxOp>(op); softmax && emptiesRow(softmax, streams, values))
      return true;
  }
  return false;
}

void ClaimCheck::compare(const StreamDependence &streams, const Values &before, const Values &after,
                         unsigned changed) {
  for (Operation &op : streams.getFunction().front().without_terminator()) {
    Value value = op.getResult(0);
    const GridValue &grid = streams.get(value);
    const Numbers &old = before.find(value)->second, &now = after.find(value)->second;
    for (size_t c = 0; c != grid.getCells().size(); ++c) {
      const Cell &cell = grid.getCells()[c];
      bool claims = cell.taint >> changed & 1;
      forEachElement(grid, c, [&](size_t at) {
        double x = old[at];
        bool differs = !isSame(x, now[at]);
        ++elements;
        claimed += claims;
        seen += differs;
        unclaimed += differs && !claims;
        wrongConstants +=
            cell.isKnown() && !isSame(x, cell.value) && std::abs(x - cell.value) > 1e-6;
        hiddenNaNs += std::isnan(x) && !(cell.mayBe() & kNaN);
      });
    }
  }
}

void ClaimCheck::run(func::FuncOp main, std::mt19937 &engine) {
  StreamDependence streams(main, false), promised(main, true);
  for (int round = 0; round != 4; ++round) {
    std::vector<Numbers> inputs;
    for (Type type : main.getArgumentTypes())
      inputs.push_back(randomNumbers(type, engine, round == 0));
    Values base = interpret(main, inputs);
    bool live = !emptiesRow(main, streams, base);
    for (unsigned changed = 0; changed != inputs.size(); ++changed) {
      std::vector<Numbers> other = inputs;
      other[changed] = randomNumbers(main.getArgumentTypes()[changed], engine);
      if (round == 1 && changed == 2)
        llvm::fill(other[changed], 0); // all padded
      Values moved = interpret(main, other);
      compare(streams, base, moved, changed);
      if (!live || emptiesRow(main, streams, moved))
        continue;
      ++liveRuns;
      ClaimCheck under;
      under.compare(promised, base, moved, changed);
      unclaimed += under.unclaimed;
      wrongConstants += under.wrongConstants;
      hiddenNaNs += under.hiddenNaNs;
    }
  }
}

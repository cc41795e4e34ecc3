//===- GridValueTest.cpp - Grids against their elements ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A grid stands for one cell per element. Every move is compared with the same move on the
// elements, over random grids.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/GridValue.h"

#include "llvm/ADT/STLExtras.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

using namespace llvm;
using namespace zorro;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

int64_t sizeOf(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
}

/// The cell of every element, in row-major order, without row flags.
std::vector<Cell> elementsOf(const GridValue &grid) {
  std::vector<Cell> elements(sizeOf(grid.getShape()));
  for (size_t i = 0; i != grid.getCells().size(); ++i) {
    SmallVector<IndexRange, 4> box = grid.getBox(i);
    SmallVector<unsigned> sizes;
    for (IndexRange range : box)
      sizes.push_back(range.end - range.begin);
    forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
      int64_t position = 0;
      for (auto [axis, k] : enumerate(index))
        position = position * grid.getShape()[axis] + box[axis].begin + k;
      elements[position] = grid.getCells()[i];
      elements[position].flags &= ~kRowFlags;
    });
  }
  return elements;
}

class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}
  int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine); }

  Cell cell() {
    switch (below(6)) {
    case 0: return Cell::known(below(3));
    case 1: return Cell::known(-kInf);
    case 2: return Cell::zeroOrNaN(1 + below(3));
    case 3: return Cell::any(1 + below(7), kInfinite, 1);
    default: return Cell::any(below(8));
    }
  }

  GridValue grid(ArrayRef<int64_t> shape) {
    SmallVector<Cuts> cuts;
    size_t count = 1;
    for (int64_t length : shape) {
      Cuts axis = {0};
      for (int64_t i = 1; i < length; ++i)
        if (below(3) == 0)
          axis.push_back(i);
      axis.push_back(length);
      count *= axis.size() - 1;
      cuts.push_back(axis);
    }
    std::vector<Cell> cells;
    for (size_t i = 0; i != count; ++i)
      cells.push_back(cell());
    return GridValue(shape, Element::F32, cuts, cells);
  }

private:
  std::mt19937 engine;
};

TEST(GridValue, MergesEqualNeighbours) {
  Cell a = Cell::any(1), b = Cell::any(2);
  GridValue grid({4, 2}, Element::F32, {Cuts{0, 1, 2, 4}, Cuts{0, 1, 2}}, {a, a, a, a, b, b});
  EXPECT_EQ(grid.getCuts(0), (Cuts{0, 2, 4}));
  EXPECT_EQ(grid.getCuts(1), (Cuts{0, 2}));
  ASSERT_EQ(grid.getCells().size(), 2u);
  EXPECT_EQ(grid.getCells()[1], b);
  EXPECT_EQ(grid.getTaint(), 3u);
}

TEST(GridValue, JoinsKinds) {
  auto join = [](Cell a, Cell b) {
    return GridValue({2}, Element::F32, {Cuts{0, 1, 2}}, {a, b}).joinAll();
  };
  EXPECT_EQ(join(Cell::known(3), Cell::known(3)), Cell::known(3));
  EXPECT_EQ(join(Cell::known(NAN), Cell::known(NAN)), Cell::known(NAN));
  EXPECT_EQ(join(Cell::known(1), Cell::known(2)).kind, CellKind::Any);
  Cell dead = join(Cell::known(-1e38), Cell::known(-kInf));
  EXPECT_EQ(dead.kind, CellKind::Dead);
  EXPECT_EQ(dead.flags & kUnusual, kFill | kInfinite);
  Cell zero = join(Cell::known(0), Cell::zeroOrNaN(2));
  EXPECT_EQ(zero.kind, CellKind::Zero);
  EXPECT_EQ(zero.taint, 2u);
  // A row that holds a live score beside a fill surely has one.
  EXPECT_TRUE(join(Cell::any(1), Cell::known(-kInf)).flags & kRowTrue);
  EXPECT_FALSE(join(Cell::any(1), Cell::any(2)).flags & kRowTrue);
}

TEST(GridValue, RowFlagsMeetAcrossRowsAndUniteAlongThem) {
  Cell live = Cell::any(1), dead = Cell::known(-kInf);
  GridValue one({2, 2}, Element::F32, {Cuts{0, 1, 2}, Cuts{0, 1, 2}}, {live, dead, dead, live});
  EXPECT_TRUE(one.joinAll().flags & kRowTrue);
  GridValue not1({2, 2}, Element::F32, {Cuts{0, 1, 2}, Cuts{0, 1, 2}}, {live, live, dead, dead});
  EXPECT_FALSE(not1.joinAll().flags & kRowTrue);
  // A part of a row may lack what the row has.
  Cell joined = one.joinAll();
  GridValue whole({2, 2}, Element::F32, joined);
  EXPECT_TRUE(whole.joinBox({{0, 1}, {0, 2}}).flags & kRowTrue);
  EXPECT_FALSE(whole.joinBox({{0, 2}, {0, 1}}).flags & kRowTrue);
}

TEST(GridValue, JoinCoversEveryElement) {
  Random random(1);
  for (int round = 0; round != 300; ++round) {
    GridValue grid = random.grid({1 + random.below(5), 1 + random.below(5)});
    SmallVector<IndexRange> box;
    for (int64_t length : grid.getShape()) {
      int64_t begin = random.below(length);
      box.push_back({begin, begin + 1 + random.below(length - begin)});
    }
    Cell joined = grid.joinBox(box);
    std::vector<Cell> elements = elementsOf(grid);
    for (int64_t i = box[0].begin; i != box[0].end; ++i)
      for (int64_t j = box[1].begin; j != box[1].end; ++j) {
        const Cell &cell = elements[i * grid.getShape()[1] + j];
        EXPECT_EQ(cell.taint & ~joined.taint, 0u);
        EXPECT_EQ(cell.nonFinite & ~joined.nonFinite, 0u);
        EXPECT_EQ(cell.mayBe() & ~joined.mayBe(), 0);
        if (joined.isKnown()) {
          EXPECT_EQ(cell, joined);
        }
        if (joined.isZero()) {
          EXPECT_TRUE(cell.isZero());
        }
        if (joined.isDead()) {
          EXPECT_TRUE(cell.isDead());
        }
      }
  }
}

TEST(GridValue, TransposesElements) {
  Random random(2);
  for (int round = 0; round != 200; ++round) {
    SmallVector<int64_t> shape = {1 + random.below(4), 1 + random.below(4), 1 + random.below(4)};
    SmallVector<int64_t> perm = {0, 1, 2};
    for (int i = 2; i > 0; --i)
      std::swap(perm[i], perm[random.below(i + 1)]);
    GridValue grid = random.grid(shape), moved = grid.transposed(perm);
    std::vector<Cell> before = elementsOf(grid), after = elementsOf(moved);
    SmallVector<unsigned> sizes(moved.getShape());
    size_t at = 0;
    forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
      int64_t source[3];
      for (int i = 0; i != 3; ++i)
        source[perm[i]] = index[i];
      EXPECT_EQ(after[at++], before[(source[0] * shape[1] + source[1]) * shape[2] + source[2]]);
    });
  }
}

TEST(GridValue, ReshapesElements) {
  Random random(3);
  const std::vector<std::pair<SmallVector<int64_t>, SmallVector<int64_t>>> cases = {
      {{4, 6}, {24}},        {{24}, {2, 3, 4}},     {{4, 6}, {6, 4}},       {{2, 3, 4}, {6, 4}},
      {{1, 6}, {6}},         {{6}, {1, 6, 1}},      {{2, 6}, {2, 1, 3, 2}}, {{3, 4, 2}, {3, 8}},
      {{5, 1, 4}, {5, 2, 2}}, {{2, 2, 6}, {4, 3, 2}}, {{1, 1}, {1}},          {{6, 4}, {2, 3, 4}}};
  for (int round = 0; round != 400; ++round) {
    const auto &[from, to] = cases[random.below(cases.size())];
    GridValue grid = random.grid(from), moved = grid.reshaped(to);
    EXPECT_EQ(moved.getShape(), ArrayRef(to));
    EXPECT_EQ(elementsOf(moved), elementsOf(grid)); // the same elements in the same order
  }
}

TEST(GridValue, TakesAndConcatenatesElements) {
  Random random(4);
  for (int round = 0; round != 200; ++round) {
    GridValue grid = random.grid({3, 5, 2});
    SmallVector<int64_t> positions;
    for (int64_t i = 0, n = 1 + random.below(7); i != n; ++i)
      positions.push_back(random.below(6) - 1);
    Cell fill = Cell::known(9);
    std::vector<Cell> before = elementsOf(grid), after = elementsOf(grid.take(1, positions, fill));
    for (int64_t i = 0; i != 3; ++i)
      for (size_t j = 0; j != positions.size(); ++j)
        for (int64_t k = 0; k != 2; ++k)
          EXPECT_EQ(after[(i * positions.size() + j) * 2 + k],
                    positions[j] < 0 ? fill : before[(i * 5 + positions[j]) * 2 + k]);
    // Halves put together again are the whole.
    GridValue halves[] = {grid.slice(1, 0, 2), grid.slice(1, 2, 3)};
    EXPECT_EQ(elementsOf(GridValue::concat(halves, 1)), before);
  }
}

TEST(GridValue, ReadsConstants) {
  double values[] = {0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 2};
  auto at = [&](int64_t i) { return values[i]; };
  GridValue grid = GridValue::fromElements({3, 4}, Element::F32, at);
  EXPECT_EQ(grid.getCuts(0), (Cuts{0, 2, 3}));
  EXPECT_EQ(grid.getCuts(1), (Cuts{0, 2, 4}));
  EXPECT_EQ(grid.getCells()[1], Cell::known(1));
  EXPECT_EQ(grid.getCells()[3], Cell::known(2));
}

TEST(GridValue, LooksForFillsAmongManyValues) {
  // A position bias with a block of -inf folded into it.
  auto at = [](int64_t i) { return i % 40 < 10 ? -kInf : std::sin(double(i)); };
  GridValue grid = GridValue::fromElements({40, 40}, Element::F32, at);
  EXPECT_EQ(grid.getCuts(1), (Cuts{0, 10, 40}));
  EXPECT_EQ(grid.getCells()[0], Cell::known(-kInf));
  EXPECT_EQ(grid.getCells()[1], Cell::any(0));
}

TEST(GridValue, ThinsWhatExplodes) {
  // A causal mask of 700 tokens has too many segments; its row flags survive.
  auto at = [](int64_t i) { return double(i / 700 >= i % 700); };
  GridValue grid = GridValue::fromElements({700, 700}, Element::Boolean, at);
  EXPECT_LE(grid.getCells().size(), GridValue::kMaxCells);
  EXPECT_LE(grid.getSegments(0), GridValue::kMaxSegments);
  for (size_t i = 0; i != grid.getCells().size(); ++i) {
    SmallVector<IndexRange, 4> box = grid.getBox(i);
    const Cell &cell = grid.getCells()[i];
    if (cell.isKnown()) {
      EXPECT_EQ(cell.value, box[0].begin >= box[1].end - 1 ? 1 : 0);
    } else if (cell.flags & kRowTrue) {
      EXPECT_GE(box[0].begin, box[1].begin); // the first row sees the first key
    }
  }
}

TEST(GridValue, HasNoCellsWithoutElements) {
  GridValue grid({2, 0}, Element::F32, Cell::any(1));
  EXPECT_TRUE(grid.getCells().empty());
  EXPECT_EQ(grid.getTaint(), 0u);
  EXPECT_EQ(grid.reshaped({0, 2}).getShape(), ArrayRef<int64_t>({0, 2}));
}

TEST(GridValue, RoundsAsTheTypeDoes) {
  EXPECT_EQ(roundTo(-3.4e38 - 3.4e38, Element::F32), -kInf);
  EXPECT_EQ(roundTo(-1e5, Element::F16), -kInf);
  EXPECT_EQ(roundTo(1.00390625, Element::BF16), 1.0);
  EXPECT_EQ(roundTo(-1e300, Element::F64), -1e300);
}

} // namespace

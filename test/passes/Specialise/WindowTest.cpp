//===- WindowTest.cpp - Kept indices against sets of indices ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Specialise/Window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

using namespace llvm;
using namespace zorro;

namespace {

using Indices = std::set<int64_t>;

Indices indicesOf(const Intervals &intervals) {
  Indices indices;
  int64_t last = -1;
  for (IndexRange range : intervals) {
    EXPECT_LT(range.begin, range.end);
    EXPECT_GT(range.begin, last); // ascending, and not touching
    last = range.end;
    for (int64_t i = range.begin; i != range.end; ++i)
      indices.insert(i);
  }
  return indices;
}

Intervals randomIntervals(std::mt19937 &engine, int64_t length) {
  Intervals result;
  for (int64_t i = 0; i != length; ++i)
    if (engine() % 2)
      result = uniteIntervals(result, {{i, i + 1}});
  return result;
}

TEST(Window, SetsOfIndices) {
  std::mt19937 engine(1);
  for (int round = 0; round != 300; ++round) {
    Intervals a = randomIntervals(engine, 10), b = randomIntervals(engine, 10);
    Indices both = indicesOf(a), cut, shifted, positions;
    for (int64_t i : indicesOf(b))
      both.insert(i);
    EXPECT_EQ(indicesOf(uniteIntervals(a, b)), both);
    for (int64_t i : indicesOf(a)) {
      if (i >= 3 && i < 8)
        cut.insert(i - 3);
      shifted.insert(i + 5);
    }
    EXPECT_EQ(indicesOf(cutInterval(a, {3, 8})), cut);
    EXPECT_EQ(indicesOf(shiftIntervals(a, 5)), shifted);
    EXPECT_EQ(countOf(a), int64_t(indicesOf(a).size()));
    int64_t at = 0;
    for (int64_t i : both) {
      if (indicesOf(a).count(i))
        positions.insert(at);
      ++at;
    }
    EXPECT_EQ(indicesOf(positionsIn(uniteIntervals(a, b), a)), positions);
    EXPECT_TRUE(containsAll(uniteIntervals(a, b), a));
  }
}

TEST(Window, MergedAndSplitAxes) {
  std::mt19937 engine(2);
  const int64_t sizes[] = {3, 2, 4};
  for (int round = 0; round != 500; ++round) {
    SmallVector<Intervals> parts;
    for (int64_t size : sizes)
      parts.push_back(randomIntervals(engine, size));
    Indices product;
    for (int64_t i : indicesOf(parts[0]))
      for (int64_t j : indicesOf(parts[1]))
        for (int64_t k : indicesOf(parts[2]))
          product.insert((i * 2 + j) * 4 + k);
    EXPECT_EQ(indicesOf(*collapseIntervals(parts, sizes)), product);
    // Back: per axis exactly the indices that occur.
    Intervals merged = randomIntervals(engine, 24);
    Indices expected[3];
    for (int64_t i : indicesOf(merged)) {
      expected[0].insert(i / 8);
      expected[1].insert(i / 4 % 2);
      expected[2].insert(i % 4);
    }
    SmallVector<Intervals> split = expandIntervals(merged, sizes);
    for (int axis = 0; axis != 3; ++axis)
      EXPECT_EQ(indicesOf(split[axis]), expected[axis]);
  }
}

TEST(Window, DoesNotListWhatIsTooScattered) {
  SmallVector<Intervals> parts = {Window::wholeAxis(9000), {{0, 1}}};
  const int64_t sizes[] = {9000, 2};
  EXPECT_FALSE(collapseIntervals(parts, sizes));
}

TEST(Window, Shapes) {
  Window window = Window::whole({2, 3});
  EXPECT_EQ(window.getShape(), (SmallVector<int64_t>{2, 3}));
  window.axes[1] = {{0, 1}, {2, 3}};
  EXPECT_EQ(window.getShape(), (SmallVector<int64_t>{2, 2}));
  EXPECT_FALSE(window.isEmpty());
  Window other = Window::whole({2, 3});
  window.unite(other);
  EXPECT_EQ(window, other);
  window.axes[0].clear();
  EXPECT_TRUE(window.isEmpty());
}

} // namespace

//===- MaskSegmentsTest.cpp - Tables of random masks --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A table made of rows sees what the rows saw, and no more segments than its mask has.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskSegments.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

namespace {

struct MaskSegmentsTest : testing::Test {
  MaskSegmentsTest() { context.loadDialect<ZorroDialect>(); }

  /// The table of a mask given cell by cell; checks that it sees the same.
  MaskAttr tableOf(int64_t queries, int64_t keys, llvm::function_ref<bool(int64_t, int64_t)> sees) {
    MaskSegments segments(queries, keys);
    for (int64_t i = 0; i < queries; ++i) {
      std::vector<KeyRange> row;
      for (int64_t j = 0; j < keys; ++j) {
        if (!sees(i, j))
          continue;
        if (!row.empty() && row.back().end == j)
          row.back().end = j + 1;
        else
          row.push_back({j, j + 1});
      }
      EXPECT_TRUE(segments.add(row));
    }
    MaskAttr mask = segments.build(&context, EmptyRow::Nan);
    reason = segments.getReason();
    if (!mask)
      return mask;
    for (int64_t i = 0; i < queries; ++i)
      for (int64_t j = 0; j < keys; ++j) {
        unsigned q = MaskAttr::segmentOf(mask.getQueries(), i);
        unsigned k = MaskAttr::segmentOf(mask.getKeys(), j);
        EXPECT_EQ(sees(i, j), mask.getEntry(q, k).sees(i - mask.getQueries().getBegin(q),
                                                       j - mask.getKeys().getBegin(k)))
            << "query " << i << " key " << j;
      }
    return mask;
  }
  std::string print(MaskAttr mask) {
    std::string text;
    llvm::raw_string_ostream(text) << mask;
    return text;
  }

  MLIRContext context;
  std::string reason;
};

TEST_F(MaskSegmentsTest, Forms) {
  auto expect = [&](int64_t n, llvm::function_ref<bool(int64_t, int64_t)> sees,
                    StringRef expected) {
    MaskAttr mask = tableOf(n, n, sees);
    ASSERT_TRUE(mask) << reason;
    EXPECT_EQ(print(mask), ("#zorro.mask<" + expected + " empty nan>").str());
  };
  expect(8, [](int64_t i, int64_t j) { return true; }, "s0: 8 -> [s0] over s0: 8");
  expect(8, [](int64_t i, int64_t j) { return j <= i; }, "s0: 8 -> [s0 causal] over s0: 8");
  expect(8, [](int64_t i, int64_t j) { return j == i; }, "s0: 8 -> [s0 same] over s0: 8");
  expect(
      8, [](int64_t i, int64_t j) { return j < i; },
      "s0: 1 -> [], s1: 7 -> [s0, s1 band(*, -1)] over s0: 1, s1: 7");
  expect(9, [](int64_t i, int64_t j) { return std::abs(i - j) <= 2; },
         "s0: 9 -> [s0 band(-2, 2)] over s0: 9");
  expect(9, [](int64_t i, int64_t j) { return j < 4 || j <= i; },
         "s0: 4 -> [s0], s1: 5 -> [s0, s1 causal] over s0: 4, s1: 5");
  expect(10, [](int64_t i, int64_t j) { return i / 5 == j / 5 && j <= i; },
         "s0: 5 -> [s0 causal], s1: 5 -> [s1 causal] over s0: 5, s1: 5");
  expect(12, [](int64_t i, int64_t j) { return i / 4 >= j / 4; },
         "s0: 4 -> [s0], s1: 4 -> [s0, s1], s2: 4 -> [all] over s0: 4, s1: 4, s2: 4");
}

// Three queries that happen to see one more key each are rows of a table.
TEST_F(MaskSegmentsTest, FewMovesAreNoBand) {
  MaskAttr mask = tableOf(3, 3, [](int64_t i, int64_t j) { return j <= i; });
  ASSERT_TRUE(mask);
  EXPECT_TRUE(mask.isBlockTable());
  EXPECT_EQ(mask.getQueries().getCount(), 3u);
}

// Keys that would cut a sequence finely are ranges.
TEST_F(MaskSegmentsTest, Ranges) {
  MaskAttr mask = tableOf(400, 400, [](int64_t i, int64_t j) {
    return i < 300 ? j < 300 : j % 3 != 0;
  });
  ASSERT_TRUE(mask) << reason;
  EXPECT_LE(mask.getQueries().getCount(), 2u);
}

// Every second key, one further for each query: no table says that.
TEST_F(MaskSegmentsTest, Dilated) {
  EXPECT_FALSE(tableOf(600, 600, [](int64_t i, int64_t j) { return (i - j) % 2 == 0 && j <= i; }));
  EXPECT_NE(reason, "");
}

TEST_F(MaskSegmentsTest, Random) {
  std::mt19937 engine(7);
  auto below = [&](int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine); };
  unsigned bands = 0;
  for (int round = 0; round < 400; ++round) {
    bool square = below(2);
    auto cut = [&](int64_t n) {
      std::vector<int64_t> segment(n);
      for (int64_t i = 1; i < n; ++i)
        segment[i] = segment[i - 1] + (below(5) == 0);
      return segment;
    };
    int64_t n = 1 + below(40), m = square ? n : 1 + below(40);
    std::vector<int64_t> q = cut(n), k = square ? q : cut(m);
    std::vector<int> kind(64 * 64), shift(64 * 64), width(64 * 64);
    for (size_t i = 0; i < kind.size(); ++i) {
      kind[i] = below(4);
      shift[i] = below(9) - 4;
      width[i] = below(6);
    }
    auto first = [](const std::vector<int64_t> &of, int64_t i) {
      return std::lower_bound(of.begin(), of.end(), of[i]) - of.begin();
    };
    MaskAttr mask = tableOf(n, m, [&](int64_t i, int64_t j) {
      int64_t cell = q[i] * 64 + k[j];
      int64_t distance = (j - first(k, j)) - (i - first(q, i));
      switch (kind[cell]) {
      case 0: return false;
      case 1: return true;
      case 2: return distance <= shift[cell];
      default: return distance >= shift[cell] && distance <= shift[cell] + width[cell];
      }
    });
    ASSERT_TRUE(mask) << "round " << round << ": " << reason;
    bands += !mask.isBlockTable();
  }
  EXPECT_GT(bands, 50u);
}

} // namespace

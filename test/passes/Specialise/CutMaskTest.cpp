//===- CutMaskTest.cpp - Cut tables against single queries and keys ---------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Random tables, cut to random tokens: every query that is left sees of the keys that are left what
// it saw before.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Specialise/CutMask.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace zorro;

namespace {

class CutMask : public ::testing::Test {
protected:
  CutMask() { context.loadDialect<ZorroDialect>(); }

  int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine); }

  StreamsAttr randomStreams(const char *prefix) {
    SmallVector<StringAttr> names;
    SmallVector<int64_t> sizes;
    for (int64_t i = 0, n = 1 + below(3); i != n; ++i) {
      names.push_back(StringAttr::get(&context, prefix + std::to_string(i)));
      sizes.push_back(1 + below(7));
    }
    return StreamsAttr::get(&context, names, sizes);
  }

  EntryAttr randomEntry(int64_t queries, int64_t keys) {
    switch (below(5)) {
    case 0:
      return EntryAttr::getNone(&context);
    case 1: {
      int64_t begin = below(keys), end = begin + 1 + below(keys - begin);
      SmallVector<int64_t> bounds = {begin, end};
      if (end + 1 < keys)
        bounds.append({end + 1, keys});
      return EntryAttr::getRanges(&context, bounds);
    }
    case 2:
    case 3: {
      int64_t low = below(queries + keys) - queries;
      return EntryAttr::getBand(&context, below(3) ? low : -EntryAttr::kFar,
                                below(3) ? low + below(3) : EntryAttr::kFar);
    }
    default:
      return EntryAttr::getAll(&context);
    }
  }

  MaskAttr randomMask() {
    StreamsAttr queries = randomStreams("q"), keys = randomStreams("k");
    SmallVector<EntryAttr> entries;
    for (int64_t q : queries.getSizes())
      for (int64_t k : keys.getSizes())
        entries.push_back(randomEntry(q, k));
    return MaskAttr::get(&context, queries, keys, entries, EmptyRow::Zero);
  }

  Intervals randomTokens(int64_t length) {
    Intervals tokens;
    for (int64_t at = below(3); at < length; at += 1 + below(3)) {
      int64_t end = std::min(length, at + 1 + below(4));
      tokens = uniteIntervals(tokens, {{at, end}});
      at = end;
    }
    return tokens.empty() ? Intervals{{0, 1}} : tokens;
  }

  static bool sees(MaskAttr mask, int64_t i, int64_t j) {
    unsigned q = MaskAttr::segmentOf(mask.getQueries(), i);
    unsigned k = MaskAttr::segmentOf(mask.getKeys(), j);
    return mask.getEntry(q, k).sees(i - mask.getQueries().getBegin(q),
                                    j - mask.getKeys().getBegin(k));
  }

  static SmallVector<int64_t> listOf(const Intervals &ranges) {
    SmallVector<int64_t> list;
    for (IndexRange range : ranges)
      for (int64_t i = range.begin; i != range.end; ++i)
        list.push_back(i);
    return list;
  }

  static std::string textOf(MaskAttr mask) {
    std::string text;
    llvm::raw_string_ostream(text) << mask;
    return text;
  }

  void expectSame(MaskAttr before, MaskAttr after, ArrayRef<int64_t> rows, ArrayRef<int64_t> keys) {
    ASSERT_EQ(after.getQueries().getTotal(), int64_t(rows.size())) << textOf(before);
    ASSERT_EQ(after.getKeys().getTotal(), int64_t(keys.size())) << textOf(before);
    for (auto [i, row] : llvm::enumerate(rows))
      for (auto [j, key] : llvm::enumerate(keys))
        ASSERT_EQ(sees(after, i, j), sees(before, row, key))
            << "query " << row << ", key " << key << "\n"
            << textOf(before) << "\n"
            << textOf(after);
  }

  MLIRContext context;
  std::mt19937 engine{5};
};

TEST_F(CutMask, KeepsWhatIsSeen) {
  for (int round = 0; round != 2000; ++round) {
    MaskAttr mask = randomMask();
    Intervals rows = randomTokens(mask.getQueries().getTotal());
    Intervals keys = randomTokens(mask.getKeys().getTotal());
    expectSame(mask, narrowMask(mask, rows, keys), listOf(rows), listOf(keys));
    if (HasFatalFailure())
      return;
  }
}

TEST_F(CutMask, FindsTheKeysSeen) {
  for (int round = 0; round != 2000; ++round) {
    MaskAttr mask = randomMask();
    Intervals rows = randomTokens(mask.getQueries().getTotal());
    SmallVector<int64_t> expected;
    for (int64_t j = 0; j != mask.getKeys().getTotal(); ++j)
      if (llvm::any_of(listOf(rows), [&](int64_t i) { return sees(mask, i, j); }))
        expected.push_back(j);
    ASSERT_EQ(listOf(keysSeen(mask, rows)), expected) << textOf(mask);
  }
}

TEST_F(CutMask, FinerSegmentsMeanTheSame) {
  for (int round = 0; round != 2000; ++round) {
    MaskAttr mask = randomMask();
    int64_t queries = mask.getQueries().getTotal(), keys = mask.getKeys().getTotal();
    SmallVector<int64_t> cuts = {below(queries + 1), queries};
    MaskAttr finer = cutMask(mask, partsBetween(mask.getQueries(), cuts),
                             partsBetween(mask.getKeys(), {below(keys + 1)}));
    expectSame(mask, finer, listOf({{0, queries}}), listOf({{0, keys}}));
    if (HasFatalFailure())
      return;
  }
}

TEST_F(CutMask, WholeIsTheSameTable) {
  for (int round = 0; round != 50; ++round) {
    MaskAttr mask = randomMask();
    EXPECT_EQ(
        narrowMask(mask, {{0, mask.getQueries().getTotal()}}, {{0, mask.getKeys().getTotal()}}),
        mask);
  }
}

} // namespace

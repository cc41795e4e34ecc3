//===- ArenaTest.cpp - Buffers in use together do not overlap ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Plan/Arena.h"

#include "runtime/Abi/Abi.h"

#include "gtest/gtest.h"

#include <random>

using namespace zorro;

namespace {

void expectSound(llvm::ArrayRef<ArenaBuffer> buffers, const ArenaPlan &plan) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % ZORRO_ALIGN, 0);
    EXPECT_LE(plan.offsets[i] + buffers[i].bytes, plan.bytes);
    for (size_t j = 0; j < i; ++j) {
      bool together = buffers[j].first <= buffers[i].last && buffers[i].first <= buffers[j].last;
      bool apart = plan.offsets[j] + buffers[j].bytes <= plan.offsets[i] ||
                   plan.offsets[i] + buffers[i].bytes <= plan.offsets[j];
      EXPECT_TRUE(!together || apart) << "buffers " << j << " and " << i;
    }
  }
  EXPECT_GE(plan.bytes, plan.lowerBound);
}

TEST(Arena, NothingNeedsNothing) {
  ArenaPlan plan = planArena({});
  EXPECT_EQ(plan.bytes, 0);
  EXPECT_EQ(plan.lowerBound, 0);
}

TEST(Arena, AChainTakesTwoBuffers) {
  // Each launch reads the buffer before and writes the next: two are in use at a time.
  llvm::SmallVector<ArenaBuffer> chain;
  for (int64_t i = 0; i < 10; ++i)
    chain.push_back({1000, i, i + 1});
  ArenaPlan plan = planArena(chain);
  expectSound(chain, plan);
  EXPECT_EQ(plan.bytes, 2 * 1024);
  EXPECT_EQ(plan.bytes, plan.lowerBound);
}

TEST(Arena, AGapIsReused) {
  ArenaBuffer buffers[] = {{4096, 0, 1}, {64, 0, 9}, {4096, 2, 3}};
  ArenaPlan plan = planArena(buffers);
  expectSound(buffers, plan);
  EXPECT_EQ(plan.bytes, 4096 + 64);
}

TEST(Arena, RandomLivesDoNotOverlap) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    llvm::SmallVector<ArenaBuffer> buffers;
    for (int i = 0, e = random() % 40; i < e; ++i) {
      int64_t first = random() % 30;
      buffers.push_back({int64_t(random() % 5000), first, first + int64_t(random() % 8)});
    }
    expectSound(buffers, planArena(buffers));
  }
}

} // namespace

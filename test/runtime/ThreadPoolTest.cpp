//===- ThreadPoolTest.cpp - Every task once, whatever the number of threads -----------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Regions back to back (threads spin) and with pauses between (threads sleep).
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cpu/ThreadPool.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

using namespace zorro::runtime;

static void countTasks(void *context, unsigned, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    ++(*static_cast<std::vector<int> *>(context))[size_t(i)];
}

TEST(ThreadPoolTest, everyTaskOnce) {
  for (unsigned threads = 1; threads <= 9; ++threads) {
    auto pool = ThreadPool::create(threads);
    ASSERT_TRUE(pool);
    for (int64_t tasks : {0, 1, 2, 3, 7, 8, 9, 100}) {
      std::vector<int> counts(size_t(tasks), 0);
      for (int round = 0; round < 20; ++round)
        pool->run(countTasks, &counts, tasks);
      EXPECT_EQ(counts, std::vector<int>(size_t(tasks), 20)) << threads << " threads";
    }
  }
}

TEST(ThreadPoolTest, wakesAfterSleep) {
  auto pool = ThreadPool::create(3);
  ASSERT_TRUE(pool);
  std::vector<int> counts(50, 0);
  for (int round = 0; round < 30; ++round) {
    pool->run(countTasks, &counts, 50);
    usleep(round % 3 == 0 ? 2000 : 450); // around the moment when threads go to sleep
  }
  EXPECT_EQ(counts, std::vector<int>(50, 30));
}

TEST(ThreadPoolTest, rangesAreEvenAndInOrder) {
  auto pool = ThreadPool::create(4);
  ASSERT_TRUE(pool);
  std::vector<std::pair<int64_t, int64_t>> ranges(4);
  pool->run(
      [](void *context, unsigned thread, int64_t begin, int64_t end) {
        (*static_cast<std::vector<std::pair<int64_t, int64_t>> *>(context))[thread] = {begin, end};
      },
      &ranges, 10);
  std::vector<std::pair<int64_t, int64_t>> expected = {{0, 3}, {3, 6}, {6, 8}, {8, 10}};
  EXPECT_EQ(ranges, expected);
}

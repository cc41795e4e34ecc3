//===- BoundTest.cpp - The least time that launches can take --------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-bench/Bound.h"

#include <gtest/gtest.h>

using namespace zorro;
using namespace zorro::bench;

namespace {

zorro_launch_desc launch(uint64_t multiplyAdds, uint64_t bytes) {
  zorro_launch_desc desc = {};
  desc.multiply_adds = multiplyAdds;
  desc.bytes = bytes;
  return desc;
}

Rates rates() {
  Rates rates;
  rates[Roof::Fma] = 200;
  rates[Roof::Tiles] = 2000;
  rates[Roof::L2] = 100;
  rates[Roof::Memory] = 10;
  return rates;
}

} // namespace

TEST(Bound, theSlowerOfComputingAndReading) {
  Bound computes, reads;
  computes.add(launch(1000, 900), Roof::Fma, Roof::L2); // 10 s, 9 s
  reads.add(launch(1000, 1100), Roof::Fma, Roof::L2);   // 10 s, 11 s
  EXPECT_DOUBLE_EQ(computes.seconds(rates()), 10);
  EXPECT_EQ(computes.limit(rates()), Roof::Fma);
  EXPECT_DOUBLE_EQ(reads.seconds(rates()), 11);
  EXPECT_EQ(reads.limit(rates()), Roof::L2);
}

TEST(Bound, launchesAddUpOneByOne) {
  Bound bound;
  bound.add(launch(1000, 10), Roof::Fma, Roof::L2);      // 10 s of computing
  bound.add(launch(1000, 500), Roof::Fma, Roof::Memory); // 50 s of reading
  bound.add(launch(10000, 10), Roof::Tiles, Roof::L2);   // 10 s of computing
  EXPECT_DOUBLE_EQ(bound.seconds(rates()), 70);
  EXPECT_EQ(bound.limit(rates()), Roof::Memory);
  EXPECT_DOUBLE_EQ(bound.operations, 24000);
  EXPECT_DOUBLE_EQ(bound.bytes, 520);
}

// A roof that nobody needs is not measured; one that was not measured bounds nothing.
TEST(Bound, knowsWhatItNeeds) {
  Bound bound;
  EXPECT_TRUE(bound.empty());
  bound.add(launch(0, 10), Roof::Fma, Roof::L3);
  EXPECT_FALSE(bound.needs(Roof::Fma));
  EXPECT_TRUE(bound.needs(Roof::L3));
  EXPECT_FALSE(bound.needs(Roof::Memory));
  EXPECT_DOUBLE_EQ(bound.seconds(rates()), 0);
  bound.add(launch(100, 10), Roof::Tiles, Roof::L2);
  EXPECT_TRUE(bound.needs(Roof::Tiles));
  EXPECT_FALSE(bound.needs(Roof::Fma));
}

TEST(Bound, largerRates) {
  Rates a, b;
  a[Roof::Fma] = 1;
  b[Roof::Fma] = 2;
  a[Roof::L2] = 3;
  EXPECT_EQ(larger(a, b)[Roof::Fma], 2);
  EXPECT_EQ(larger(a, b)[Roof::L2], 3);
}

// Units and memory can be told apart, and what a launch touches finds its place.
TEST(Roofs, memoryBySize) {
  auto one = Roofs::create(1), two = Roofs::create(2);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->memoryFor(1000), Roof::L2);
  EXPECT_EQ(one->memoryFor(1e15), Roof::Memory);
  EXPECT_FALSE(isMemory(Roof::Tiles));
  EXPECT_TRUE(isMemory(Roof::L2));
  EXPECT_GT(one->measure(Roof::Fma, 0.001), 0);
  EXPECT_GT(two->measure(Roof::L2, 0.001), 0);
}

//===- WarpTest.cpp - Divergence, barriers, races in shared memory, fragments ---*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "TestKernel.h"

using namespace zorro::ptx;
using namespace zorro::ptx::test;

namespace {

/// %r1: the thread; %rd9: where its word of the result goes.
const std::string kBegin =
    "ld.param.b64 %rd1, [p0]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, 4;\n"
    "add.s64 %rd9, %rd1, %rd2; shl.b32 %r2, %r1, 2; mov.b32 %r3, smem; add.s32 %r4, %r3, %r2;\n";
const std::string kEnd = "st.global.b32 [%rd9], %r9; ret;\n";

TEST(Warp, DivergesAndMeetsAgain) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  // Each lane sums its number of rounds; the lanes meet at the shuffle.
  Outcome outcome = runText(kernel(kBegin +
                                   "mov.b32 %r5, 0; mov.b32 %r6, 0;\n"
                                   "$L1: setp.ge.u32 %p1, %r5, %r1; @%p1 bra $L2;\n"
                                   "add.s32 %r5, %r5, 1; add.s32 %r6, %r6, %r5; bra.uni $L1;\n"
                                   "$L2: shfl.sync.bfly.b32 %r9, %r6, 1, 31, -1;\n" +
                                   kEnd),
                            memory, {to, 0});
  ASSERT_TRUE(outcome.statistics) << outcome.error;
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(memory.download<uint32_t>(to, 32)[i], (i ^ 1) * ((i ^ 1) + 1) / 2);
  EXPECT_EQ(outcome.statistics->count("shfl"), 1u);
}

TEST(Warp, PredicatedExit) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  memory.fill(to, 0, 128);
  ASSERT_EQ(runText(kernel(kBegin + "setp.gt.u32 %p1, %r1, 4; @%p1 ret; mov.b32 %r9, 7;\n" + kEnd),
                    memory, {to, 0})
                .error,
            "");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(memory.download<uint32_t>(to, 32)[i], i > 4 ? 0u : 7u);
}

TEST(Warp, Shuffles) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  auto shuffled = [&](const std::string &form) {
    Outcome outcome = runText(kernel(kBegin + "mov.b32 %r9, 0; shfl.sync." + form +
                                     ";\n@!%p1 add.s32 %r9, %r9, 100;\n" + kEnd),
                              memory, {to, 0});
    EXPECT_EQ(outcome.error, "");
    return memory.download<uint32_t>(to, 32);
  };
  std::vector<uint32_t> down = shuffled("down.b32 %r9|%p1, %r1, 3, 31, -1"),
                        up = shuffled("up.b32 %r9|%p1, %r1, 3, 0, -1");
  std::vector<uint32_t> index = shuffled("idx.b32 %r9|%p1, %r1, 5, 31, -1"),
                        four = shuffled("bfly.b32 %r9|%p1, %r1, 2, 0x1C1F, -1");
  std::vector<uint32_t> width = shuffled("down.b32 %r9|%p1, %r1, 2, 0x1C1F, -1");
  for (uint32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(down[i], i + 3 < 32 ? i + 3 : i + 100);
    EXPECT_EQ(up[i], i >= 3 ? i - 3 : i + 100);
    EXPECT_EQ(index[i], 5u);
    EXPECT_EQ(four[i], i ^ 2);
    EXPECT_EQ(width[i], i % 4 < 2 ? i + 2 : i + 100);
  }
}

TEST(Warp, VotesAndReductions) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  Outcome outcome = runText(kernel(kBegin +
                                   "setp.lt.u32 %p1, %r1, 5; vote.sync.ballot.b32 %r5, %p1, -1; "
                                   "vote.sync.any.pred %p2, %p1, -1;\n"
                                   "vote.sync.all.pred %p3, %p1, -1; redux.sync.add.s32 %r6, %r1, "
                                   "-1; redux.sync.max.u32 %r7, %r1, -1;\n"
                                   "selp.b32 %r8, 1000, 0, %p2; @%p3 trap; add.s32 %r9, %r5, %r6; "
                                   "add.s32 %r9, %r9, %r7; add.s32 %r9, %r9, %r8;\n" +
                                   kEnd),
                            memory, {to, 0});
  ASSERT_TRUE(outcome.statistics) << outcome.error;
  EXPECT_EQ(memory.download<uint32_t>(to, 32)[17], 31u + 496 + 31 + 1000);
}

TEST(Warp, ElectsOneLane) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  memory.fill(to, 0, 128);
  ASSERT_EQ(runText(kernel(kBegin +
                           "elect.sync %r5|%p1, -1; mov.b32 %r9, 0; @%p1 mov.b32 %r9, 1;\n" + kEnd),
                    memory, {to, 0})
                .error,
            "");
  uint32_t sum = 0;
  for (uint32_t x : memory.download<uint32_t>(to, 32))
    sum += x;
  EXPECT_EQ(sum, 1u);
}

TEST(Warp, TrapIsAnError) {
  Memory memory;
  EXPECT_TRUE(says(runText(kernel("trap;"), memory, {0, 0}), "was reached"));
}

TEST(Shared, ExchangesOverABarrier) {
  Memory memory;
  uint64_t to = memory.allocate(256);
  std::string exchange =
      kBegin +
      "st.shared.b32 [%r4], %r1;\nbar.sync 0;\nxor.b32 %r5, %r2, 252; add.s32 %r6, %r3, %r5;\n"
      "ld.shared.b32 %r9, [%r6];\n" +
      kEnd;
  ASSERT_EQ(runText(kernel(exchange), memory, {to, 0}, {64, 1, 1}, 256).error, "");
  for (uint32_t i = 0; i < 64; ++i)
    EXPECT_EQ(memory.download<uint32_t>(to, 64)[i], i ^ 63);
  // Without the barrier: a race, whichever warp comes first.
  std::string racy = exchange;
  racy.erase(racy.find("bar.sync 0;"), 11);
  Outcome outcome = runText(kernel(racy), memory, {to, 0}, {64, 1, 1}, 256);
  EXPECT_FALSE(outcome.statistics);
  EXPECT_TRUE(outcome.error.find("never written") != std::string::npos ||
              outcome.error.find("another warp") != std::string::npos)
      << outcome.error;
}

TEST(Shared, OverwritingWhatAnotherReads) {
  Memory memory;
  uint64_t to = memory.allocate(256);
  std::string body =
      kBegin +
      "st.shared.b32 [%r4], %r1;\nbar.sync 0;\nxor.b32 %r5, %r2, 252; add.s32 %r6, %r3, %r5;\n"
      "ld.shared.b32 %r9, [%r6];\nbar.sync 1;\nst.shared.b32 [%r4], %r9;\n" +
      kEnd;
  ASSERT_EQ(runText(kernel(body), memory, {to, 0}, {64, 1, 1}, 256).error, "");
  body.erase(body.find("bar.sync 1;"), 11);
  EXPECT_TRUE(says(runText(kernel(body), memory, {to, 0}, {64, 1, 1}, 256), "another warp"));
}

TEST(Shared, LanesOfAWarpNeedABarrierToo) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  std::string body = kBegin +
                     "st.shared.b32 [%r4], %r1;\nbar.warp.sync -1;\nxor.b32 %r5, %r2, 124; add.s32 "
                     "%r6, %r3, %r5;\n"
                     "ld.shared.b32 %r9, [%r6];\n" +
                     kEnd;
  ASSERT_EQ(runText(kernel(body), memory, {to, 0}, {32, 1, 1}, 128).error, "");
  body.erase(body.find("bar.warp.sync -1;"), 17);
  EXPECT_TRUE(
      says(runText(kernel(body), memory, {to, 0}, {32, 1, 1}, 128), "another lane of its warp"));
}

TEST(Shared, BoundsAndFreshBytes) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  std::string body = kBegin + "st.shared.b32 [%r4], %r1; ld.shared.b32 %r9, [%r4];\n" + kEnd;
  EXPECT_EQ(runText(kernel(body), memory, {to, 0}, {32, 1, 1}, 128).error, "");
  EXPECT_TRUE(says(runText(kernel(body), memory, {to, 0}, {32, 1, 1}, 124), "thread (31, 0, 0)"));
  std::string fresh = kBegin + "ld.shared.b32 %r9, [%r4];\n" + kEnd;
  EXPECT_TRUE(says(runText(kernel(fresh), memory, {to, 0}, {32, 1, 1}, 128), "never written"));
}

TEST(Shared, CountsBankConflicts) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  auto conflicts = [&](const std::string &stride) {
    Outcome outcome = runText(kernel(kBegin + "mad.lo.s32 %r5, %r1, " + stride +
                                     ", %r3; st.shared.b32 [%r5], %r1; mov.b32 %r9, 0;\n" + kEnd),
                              memory, {to, 0}, {32, 1, 1}, 4096);
    EXPECT_TRUE(outcome.statistics) << outcome.error;
    return outcome.statistics ? outcome.statistics->conflicts() : 99;
  };
  EXPECT_EQ(conflicts("4"), 0u);
  EXPECT_EQ(conflicts("8"), 1u);
  EXPECT_EQ(conflicts("128"), 31u);
  EXPECT_EQ(conflicts("68"), 0u);
}

TEST(Barrier, DivergentIsAnError) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  EXPECT_TRUE(says(
      runText(kernel(kBegin + "setp.lt.u32 %p1, %r1, 7; @%p1 bar.sync 0; mov.b32 %r9, 0;\n" + kEnd),
              memory, {to, 0}),
      "divergent"));
  EXPECT_TRUE(says(runText(kernel(kBegin +
                                  "setp.lt.u32 %p1, %r1, 7; @%p1 bra $L1; bar.sync 0; bra $L2; "
                                  "$L1: bar.sync 1;\n$L2: mov.b32 %r9, 0;\n" +
                                  kEnd),
                           memory, {to, 0}),
                   "divergent"));
}

TEST(Barrier, WaitingForeverIsADeadlock) {
  Memory memory;
  uint64_t to = memory.allocate(256);
  std::string body =
      kBegin +
      "mov.b32 %r9, 0; setp.lt.u32 %p1, %r1, 32; @%p1 bra $L1;\nbar.sync 3, 64;\n$L1: " + kEnd;
  Outcome outcome = runText(kernel(body), memory, {to, 0}, {64, 1, 1});
  EXPECT_TRUE(says(outcome, "deadlock")) << outcome.error;
  EXPECT_TRUE(says(outcome, "warp 1")) << outcome.error;
  EXPECT_TRUE(says(outcome, "waits for barrier 3")) << outcome.error;
}

TEST(Barrier, NamedBarriersPairWarps) {
  Memory memory;
  uint64_t to = memory.allocate(256);
  // Warp 0 writes and arrives; warp 1 waits and reads.
  std::string body = kBegin +
                     "setp.gt.u32 %p1, %r1, 31; @%p1 bra $L1;\nst.shared.b32 [%r4], "
                     "%r1;\nbar.arrive 1, 64;\nret;\n"
                     "$L1: bar.sync 1, 64;\nld.shared.b32 %r9, [%r4+-128];\n" +
                     kEnd;
  ASSERT_EQ(runText(kernel(body), memory, {to, 0}, {64, 1, 1}, 128).error, "");
  EXPECT_EQ(memory.download<uint32_t>(to, 64)[40], 8u);
  EXPECT_TRUE(says(runText(kernel(kBegin + "bar.sync 1, 48; mov.b32 %r9, 0;\n" + kEnd), memory,
                           {to, 0}, {64, 1, 1}),
                   "multiple of 32"));
}

TEST(Parser, NamesTheLineOfWhatItDoesNotKnow) {
  Memory memory;
  EXPECT_TRUE(says(runText(kernel("ret;\nfrob.b32 %r1, %r2;"), memory, {0, 0}),
                   "line 2: unknown opcode 'frob'"));
  EXPECT_TRUE(says(runText(kernel("ret;\nadd.strange.s32 %r1, %r2, %r3;"), memory, {0, 0}),
                   "line 2: unknown modifier '.strange'"));
  EXPECT_TRUE(says(runText(kernel("add.s32 %r1, %r2, %rd3;"), memory, {0, 0}),
                   "line 1: expected a register of 4 bytes"));
  EXPECT_TRUE(says(runText(kernel("bra $nowhere;"), memory, {0, 0}), "unknown label '$nowhere'"));
  EXPECT_TRUE(says(runText(kernel("mov.b32 %r1, %nothing;"), memory, {0, 0}),
                   "unknown register '%nothing'"));
  EXPECT_TRUE(
      says(runText(kernel("mov.b32 %r1, %r400;"), memory, {0, 0}), "unknown register '%r400'"));
  EXPECT_TRUE(says(runText(".version 8.3 .strange 3", memory, {}), "unknown directive '.strange'"));
}

TEST(Parser, ScopesHideNamesAndLabels) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  std::string body = kBegin + "mov.b32 %r9, 0;\n";
  for (int i = 0; i < 2; ++i)
    body += "{\n.reg .pred done; .reg .b32 n; mov.b32 n, 0;\nLOOP:\nadd.u32 n, n, 1; add.u32 %r9, "
            "%r9, n;\n"
            "setp.eq.u32 done, n, 3;\n@!done bra LOOP;\n}\n";
  ASSERT_EQ(runText(kernel(body + kEnd), memory, {to, 0}).error, "");
  EXPECT_EQ(memory.download<uint32_t>(to, 32)[3], 12u);
}

} // namespace

//===- MemoryTest.cpp - Buffers, bounds and footprints --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "TestKernel.h"

using namespace zorro::ptx;
using namespace zorro::ptx::test;

namespace {

const char *const kCopy =
    "ld.param.b64 %rd1, [p0]; ld.param.b64 %rd2, [p1]; mov.u32 %r1, %tid.x;\n"
    "mul.wide.u32 %rd3, %r1, 4; add.s64 %rd4, %rd1, %rd3; add.s64 %rd5, %rd2, %rd3;\n"
    "ld.global.b32 %r2, [%rd4];\n"
    "st.global.b32 [%rd5], %r2;\n"
    "ret;\n";

TEST(Memory, FreshBytesAreNan) {
  Memory memory;
  uint64_t address = memory.allocate(16);
  EXPECT_EQ(address % 256, 0u);
  for (float x : memory.download<float>(address, 4))
    EXPECT_NE(x, x);
}

TEST(Memory, BuffersAreApart) {
  Memory memory;
  uint64_t a = memory.allocate(8), b = memory.allocate(8);
  uint32_t word = 1;
  EXPECT_EQ(memory.write(a, &word, 4), "");
  EXPECT_NE(memory.write(a + 5, &word, 4), "");
  EXPECT_NE(memory.write(a - 1, &word, 4), "");
  EXPECT_EQ(memory.write(b + 4, &word, 4), "");
  EXPECT_EQ(memory.data(b, 9), nullptr);
  EXPECT_TRUE(memory.free(a));
  EXPECT_FALSE(memory.free(a));
  EXPECT_NE(memory.write(a, &word, 4), "");
  EXPECT_EQ(memory.write(memory.allocate(0), nullptr, 0), "");
}

TEST(Memory, CopiesWords) {
  Memory memory;
  std::vector<uint32_t> words(32);
  for (unsigned i = 0; i < 32; ++i)
    words[i] = i * i;
  uint64_t from = memory.upload(words), to = memory.allocate(128);
  Outcome outcome = runText(kernel(kCopy), memory, {from, to});
  ASSERT_TRUE(outcome.statistics) << outcome.error;
  EXPECT_EQ(memory.download<uint32_t>(to, 32), words);
  EXPECT_EQ(outcome.statistics->count("ld.global"), 1u);
  EXPECT_EQ(outcome.statistics->warpInstructions, 9u);
  EXPECT_EQ(outcome.statistics->laneInstructions, 9u * 32);
}

TEST(Memory, RefusesReadsAndWritesBeyondTheEnd) {
  Memory memory;
  uint64_t full = memory.allocate(128), shorter = memory.allocate(124);
  Outcome outcome = runText(kernel(kCopy), memory, {shorter, full});
  EXPECT_FALSE(outcome.statistics);
  EXPECT_NE(outcome.error.find("kernel k, CTA (0, 0, 0), thread (31, 0, 0), line 3:"),
            std::string::npos)
      << outcome.error;
  EXPECT_NE(outcome.error.find("reads 4 bytes"), std::string::npos) << outcome.error;
  EXPECT_NE(outcome.error.find("offset 124 of a buffer of 124"), std::string::npos)
      << outcome.error;
  outcome = runText(kernel(kCopy), memory, {full, shorter});
  EXPECT_NE(outcome.error.find("line 4:"), std::string::npos) << outcome.error;
  EXPECT_NE(outcome.error.find("writes 4 bytes"), std::string::npos) << outcome.error;
}

TEST(Memory, RefusesNullAndMisaligned) {
  Memory memory;
  uint64_t full = memory.allocate(256);
  EXPECT_NE(runText(kernel(kCopy), memory, {0, full}).error.find("where no buffer is"),
            std::string::npos);
  EXPECT_NE(runText(kernel(kCopy), memory, {full + 2, full}).error.find("misaligned"),
            std::string::npos);
}

TEST(Memory, KeepsToFootprints) {
  Memory memory;
  uint64_t from = memory.allocate(256), to = memory.allocate(128);
  memory.forbid(from);
  memory.allow(from, 128, kRead);
  EXPECT_EQ(runText(kernel(kCopy), memory, {from, to}).error, "");
  EXPECT_NE(runText(kernel(kCopy), memory, {from + 4, to}).error.find("footprint"),
            std::string::npos);
  EXPECT_NE(runText(kernel(kCopy), memory, {to, from}).error.find("footprint that may be written"),
            std::string::npos);
  memory.permit(from);
  EXPECT_EQ(runText(kernel(kCopy), memory, {from + 4, to}).error, "");
}

TEST(Memory, FootprintsOfEachCta) {
  Memory memory;
  uint64_t from = memory.allocate(256), to = memory.allocate(128);
  std::string error;
  std::optional<Module> module = Module::parse(
      kernel("ld.param.b64 %rd1, [p0]; mov.u32 %r1, %ctaid.x; mul.wide.u32 %rd2, %r1, 4;\n"
             "add.s64 %rd3, %rd1, %rd2; ld.global.b32 %r2, [%rd3]; ret;"),
      error);
  ASSERT_TRUE(module) << error;
  Launch launch;
  launch.grid = {4, 1, 1};
  launch.block = {1, 1, 1};
  launch.add(from).add(to);
  launch.beforeCta = [&](Dim3 at) {
    memory.forbid(from);
    memory.allow(from + (at.x == 2 ? 0 : 4 * at.x), 4, kRead);
  };
  EXPECT_FALSE(run(*module, "k", launch, memory, error));
  EXPECT_NE(error.find("CTA (2, 0, 0)"), std::string::npos) << error;
  launch.select = [](Dim3 at) { return at.x != 2; };
  EXPECT_TRUE(run(*module, "k", launch, memory, error)) << error;
}

/// Each thread stores its number at `index` (in words) and loads the word `other` back.
std::string exchange(const std::string &index, const std::string &barrier,
                     const std::string &other) {
  return kernel(
      "ld.param.b64 %rd1, [p0]; ld.param.b64 %rd2, [p1]; mov.u32 %r1, %tid.x; mov.u32 %r2, "
      "%ctaid.x;\n"
      "mov.u32 %r3, %ntid.x; mad.lo.s32 %r4, %r2, %r3, %r1;\n" +
      index +
      " mul.wide.u32 %rd3, %r5, 4;\n"
      "add.s64 %rd4, %rd1, %rd3; st.global.b32 [%rd4], %r4;\n" +
      barrier + "\n" + other +
      " mul.wide.u32 %rd5, %r6, 4;\nadd.s64 %rd6, %rd1, %rd5; ld.global.b32 %r7, [%rd6]; ret;");
}

TEST(Memory, OrderOfAccessesToTheDevice) {
  Memory memory;
  uint64_t to = memory.allocate(1024), input = memory.allocate(1024);
  auto outcome = [&](const std::string &index, const std::string &barrier, const std::string &other,
                     Dim3 block, Dim3 grid) {
    return runText(exchange(index, barrier, other), memory, {to, input}, block, 0, grid);
  };
  const std::string own = "mov.b32 %r5, %r4;", mirrored = "xor.b32 %r6, %r4, 63;";
  EXPECT_EQ(outcome(own, "", "mov.b32 %r6, %r4;", {64, 1, 1}, {4, 1, 1}).error, "");
  EXPECT_EQ(outcome(own, "bar.sync 0;", mirrored, {64, 1, 1}, {4, 1, 1}).error, "");
  // Other warps and other lanes need a barrier; other CTAs cannot have one.
  EXPECT_EQ(outcome(own, "", "xor.b32 %r6, %r4, 32;", {32, 1, 1}, {1, 1, 1}).error, "");
  EXPECT_TRUE(says(outcome(own, "", "xor.b32 %r6, %r4, 31;", {32, 1, 1}, {1, 1, 1}),
                   "another lane of its warp"));
  EXPECT_EQ(outcome(own, "bar.warp.sync -1;", "xor.b32 %r6, %r4, 31;", {32, 1, 1}, {1, 1, 1}).error,
            "");
  EXPECT_TRUE(says(outcome(own, "", mirrored, {64, 1, 1}, {1, 1, 1}), "another warp wrote"));
  EXPECT_TRUE(says(outcome(own, "bar.sync 0;", mirrored, {32, 1, 1}, {2, 1, 1}), "another CTA"));
  EXPECT_TRUE(says(outcome("mov.b32 %r5, %r1;", "", "mov.b32 %r6, %r1;", {64, 1, 1}, {2, 1, 1}),
                   "writes where another CTA"));
  EXPECT_TRUE(says(outcome("and.b32 %r5, %r4, 31;", "", "mov.b32 %r6, %r5;", {64, 1, 1}, {1, 1, 1}),
                   "another warp wrote"));
  EXPECT_TRUE(says(outcome("and.b32 %r5, %r4, 15;", "", "mov.b32 %r6, 200;", {32, 1, 1}, {1, 1, 1}),
                   "another value than lane 0"));
}

TEST(Memory, VariablesOfAModule) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  std::string before = ".global .align 4 .b32 table[4] = {10, 20, -1, 0f3F800000}; .const .align 1 "
                       ".b8 bytes[2] = {7, 9};"
                       " .global .align 8 .u64 where[1] = {table}; ";
  Outcome outcome = runText(
      kernel("ld.param.b64 %rd1, [p0]; mov.b64 %rd2, table; ld.global.b32 %r1, [%rd2+4];\n"
             "ld.global.b32 %r2, [table+12]; ld.const.b8 %rs1, [bytes+1]; cvt.u32.u16 %r3, %rs1;\n"
             "ld.global.b64 %rd3, [where]; ld.global.b32 %r4, [%rd3];\n"
             "st.global.v4.b32 [%rd1], {%r1, %r2, %r3, %r4}; ret;",
             2, before),
      memory, {to, 0}, {1, 1, 1});
  ASSERT_TRUE(outcome.statistics) << outcome.error;
  EXPECT_EQ(memory.download<uint32_t>(to, 4), (std::vector<uint32_t>{20, 0x3F800000, 9, 10}));
}

TEST(Memory, LocalMemoryBelongsToAThread) {
  Memory memory;
  uint64_t to = memory.allocate(128);
  std::string body =
      ".local .align 8 .b8 depot[16]; .reg .b64 %SP; .reg .b64 %SPL;\n"
      "mov.b64 %SPL, depot; cvta.local.u64 %SP, %SPL; mov.u32 %r1, %tid.x;\n"
      "st.local.b32 [%SPL+4], %r1; ld.b32 %r2, [%SP+4];\n"
      "ld.param.b64 %rd1, [p0]; mul.wide.u32 %rd2, %r1, 4; add.s64 %rd3, %rd1, %rd2;\n"
      "st.global.b32 [%rd3], %r2; ret;";
  ASSERT_TRUE(runText(kernel(body), memory, {to, 0}).statistics);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(memory.download<uint32_t>(to, 32)[i], i);
  std::string beyond = body;
  beyond.replace(beyond.find("+4"), 2, "+16");
  EXPECT_NE(runText(kernel(beyond), memory, {to, 0}).error.find("local address 16 of 16"),
            std::string::npos);
}

TEST(Launch, RefusesWhatADriverRefuses) {
  Memory memory;
  std::string text = kernel("ret;");
  text.replace(text.find(") {"), 3, ") .maxntid 64, 1, 1 {");
  EXPECT_NE(runText(text, memory, {0, 0}, {65, 1, 1}).error.find(".maxntid"), std::string::npos);
  EXPECT_EQ(runText(text, memory, {0, 0}, {64, 1, 1}).error, "");
  EXPECT_NE(runText(text, memory, {0}, {64, 1, 1}).error.find("16 bytes of parameters"),
            std::string::npos);
  EXPECT_NE(runText(text, memory, {0, 0}, {64, 1, 1}, 232449).error.find("shared memory"),
            std::string::npos);
  EXPECT_NE(runText(text, memory, {0, 0}, {64, 1, 1}, 0, {0, 1, 1}).error.find("grid"),
            std::string::npos);
}

} // namespace

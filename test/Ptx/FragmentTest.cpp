//===- FragmentTest.cpp - Which lane holds what: mma.sync, ldmatrix, stmatrix, cp.async --*- C++
//-*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Floats.h"
#include "TestKernel.h"

#include <random>

using namespace zorro::ptx;
using namespace zorro::ptx::test;

namespace {

std::string names(const std::string &prefix, unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", " : "") + prefix + std::to_string(first + i);
  return text + "}";
}

/// Every lane loads its words of a, b and c, multiplies and stores its four words of d.
std::string product(const std::string &form, unsigned aWords, unsigned bWords) {
  unsigned words = aWords + bWords + 4;
  std::string text = "ld.param.b64 %rd1, [p0]; ld.param.b64 %rd2, [p1]; mov.u32 %r1, %tid.x;\n"
                     "mul.wide.u32 %rd3, %r1, " +
                     std::to_string(4 * words) +
                     "; add.s64 %rd4, %rd1, %rd3;\n"
                     "mul.wide.u32 %rd5, %r1, 16; add.s64 %rd6, %rd2, %rd5;\n";
  for (unsigned i = 0; i < words; ++i)
    text +=
        "ld.global.b32 %r" + std::to_string(10 + i) + ", [%rd4+" + std::to_string(4 * i) + "];\n";
  return kernel(text + "mma.sync.aligned." + form + "\n\t\t" + names("%r", 40, 4) + ",\n\t\t" +
                names("%r", 10, aWords) + ",\n\t\t" + names("%r", 10 + aWords, bWords) + ",\n\t\t" +
                names("%r", 10 + aWords + bWords, 4) + ";\nst.global.v4.b32 [%rd6], " +
                names("%r", 40, 4) + "; ret;");
}

struct Matrices {
  float a[16][16] = {}, b[16][8] = {}, c[16][8] = {};
  explicit Matrices(unsigned depth) {
    std::mt19937 random(3);
    auto small = [&] { return float(int(random() % 17) - 8) / 4; };
    for (auto &row : a)
      for (unsigned k = 0; k < depth; ++k)
        row[k] = small();
    for (unsigned k = 0; k < depth; ++k)
      for (float &x : b[k])
        x = small();
    for (auto &row : c)
      for (float &x : row)
        x = small();
  }
  float d(unsigned m, unsigned n) const {
    float sum = c[m][n];
    for (unsigned k = 0; k < 16; ++k)
      sum += a[m][k] * b[k][n];
    return sum;
  }
};

void runProduct(const std::string &text, const std::vector<uint32_t> &words,
                const Matrices &matrices) {
  Memory memory;
  uint64_t from = memory.upload(words), to = memory.allocate(512);
  Outcome outcome = runText(text, memory, {from, to});
  ASSERT_TRUE(outcome.statistics) << outcome.error;
  std::vector<float> d = memory.download<float>(to, 128);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 4; ++i)
      EXPECT_EQ(d[4 * lane + i], matrices.d(lane / 4 + 8 * (i / 2), 2 * (lane % 4) + i % 2))
          << lane << " " << i;
}

void halves(const std::string &type, unsigned depth) {
  Matrices x(depth);
  auto pack = [&](float low, float high) {
    return type == "bf16" ? uint32_t(toBf16(high)) << 16 | toBf16(low)
                          : uint32_t(toHalf(high)) << 16 | toHalf(low);
  };
  std::vector<uint32_t> words;
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned g = lane / 4, t = lane % 4;
    // a0 = (g, 2t), a1 = (g + 8, 2t), a2 = (g, 2t + 8), a3 = (g + 8, 2t + 8)
    words.push_back(pack(x.a[g][2 * t], x.a[g][2 * t + 1]));
    words.push_back(pack(x.a[g + 8][2 * t], x.a[g + 8][2 * t + 1]));
    if (depth == 16) {
      words.push_back(pack(x.a[g][2 * t + 8], x.a[g][2 * t + 9]));
      words.push_back(pack(x.a[g + 8][2 * t + 8], x.a[g + 8][2 * t + 9]));
    }
    // b0 = (k 2t, n g), b1 = (k 2t + 8, n g)
    words.push_back(pack(x.b[2 * t][g], x.b[2 * t + 1][g]));
    if (depth == 16)
      words.push_back(pack(x.b[2 * t + 8][g], x.b[2 * t + 9][g]));
    for (float c : {x.c[g][2 * t], x.c[g][2 * t + 1], x.c[g + 8][2 * t], x.c[g + 8][2 * t + 1]})
      words.push_back(bitsAs<uint32_t>(c));
  }
  std::string form =
      "m16n8k" + std::to_string(depth) + ".row.col.f32." + type + "." + type + ".f32";
  runProduct(product(form, depth / 4, depth / 8), words, x);
}

TEST(Fragment, ProductsOfHalves) {
  halves("bf16", 16);
  halves("f16", 16);
  halves("bf16", 8);
  halves("f16", 8);
}

TEST(Fragment, ProductsOfTf32) {
  Matrices x(8);
  std::vector<uint32_t> words;
  // Of a tf32 number the low 13 bits count for nothing.
  auto bits = [](float value) { return bitsAs<uint32_t>(value) | 0x1FFF; };
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned g = lane / 4, t = lane % 4;
    for (float a : {x.a[g][t], x.a[g + 8][t], x.a[g][t + 4], x.a[g + 8][t + 4]})
      words.push_back(bits(a));
    for (float b : {x.b[t][g], x.b[t + 4][g]})
      words.push_back(bits(b));
    for (float c : {x.c[g][2 * t], x.c[g][2 * t + 1], x.c[g + 8][2 * t], x.c[g + 8][2 * t + 1]})
      words.push_back(bitsAs<uint32_t>(c));
  }
  runProduct(product("m16n8k8.row.col.f32.tf32.tf32.f32", 4, 2), words, x);
}

TEST(Fragment, ProductsNeedTheWholeWarp) {
  Memory memory;
  uint64_t from = memory.allocate(2000), to = memory.allocate(512);
  std::string text = product("m16n8k16.row.col.f32.bf16.bf16.f32", 4, 2);
  EXPECT_TRUE(says(runText(text, memory, {from, to}, {31, 1, 1}), "part of its warp"));
  EXPECT_TRUE(says(runText(product("m16n8k16.col.col.f32.bf16.bf16.f32", 4, 2), memory, {from, to}),
                   "unknown form of 'mma'"));
}

/// Shared memory holds the 16-bit numbers 0, 1, 2, ... in rows of 8; lane i stores row i.
const std::string kRows = "ld.param.b64 %rd1, [p0]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd2, %r1, "
                          "16; add.s64 %rd9, %rd1, %rd2;\n"
                          "mov.b32 %r3, smem; shl.b32 %r2, %r1, 4; add.s32 %r4, %r3, %r2; "
                          "mul.lo.s32 %r5, %r1, 0x00080008;\n"
                          "add.s32 %r10, %r5, 0x00010000; add.s32 %r11, %r5, 0x00030002; add.s32 "
                          "%r12, %r5, 0x00050004; add.s32 %r13, %r5, 0x00070006;\n"
                          "st.shared.v4.b32 [%r4], {%r10, %r11, %r12, %r13};\nbar.sync 0;\n";

TEST(Fragment, LoadsMatrices) {
  Memory memory;
  uint64_t to = memory.allocate(512);
  for (bool transposed : {false, true}) {
    std::string body = kRows + "ldmatrix.sync.aligned.m8n8.x4." + (transposed ? "trans." : "") +
                       "shared.b16 {%r20, %r21, %r22, %r23}, [%r4];\nst.global.v4.b32 [%rd9], "
                       "{%r20, %r21, %r22, %r23}; ret;";
    Outcome outcome = runText(kernel(body), memory, {to, 0}, {32, 1, 1}, 512);
    ASSERT_TRUE(outcome.statistics) << outcome.error;
    EXPECT_EQ(outcome.statistics->conflicts(), 0u);
    std::vector<uint32_t> words = memory.download<uint32_t>(to, 128);
    for (uint32_t lane = 0; lane < 32; ++lane)
      for (uint32_t m = 0; m < 4; ++m) {
        // Matrix m is rows 8m to 8m + 7; a lane holds two neighbours of a row, or of a column.
        uint32_t row = lane / 4, column = 2 * (lane % 4);
        uint32_t low = transposed ? 64 * m + 8 * column + row : 64 * m + 8 * row + column;
        uint32_t high = transposed ? low + 8 : low + 1;
        EXPECT_EQ(words[4 * lane + m], high << 16 | low) << lane << " " << m;
      }
  }
}

TEST(Fragment, LoadsNeedABarrierAndAlignment) {
  Memory memory;
  uint64_t to = memory.allocate(512);
  std::string load =
      "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r20, %r21, %r22, %r23}, [%r4];\nret;";
  std::string racy = kRows;
  racy.erase(racy.find("bar.sync 0;"), 11);
  EXPECT_TRUE(says(runText(kernel(racy + load), memory, {to, 0}, {32, 1, 1}, 512),
                   "another lane of its warp"));
  load.replace(load.find("[%r4]"), 5, "[%r4+8]");
  EXPECT_TRUE(says(runText(kernel(kRows + load), memory, {to, 0}, {32, 1, 1}, 528), "misaligned"));
}

TEST(Fragment, StoresMatrices) {
  Memory memory;
  uint64_t to = memory.allocate(512);
  std::string body =
      kRows +
      "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r20, %r21, %r22, %r23}, [%r4];\nbar.sync "
      "0;\n"
      "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%r4+512], {%r20, %r21, %r22, %r23};\nbar.sync 0;\n"
      "ld.shared.v4.b32 {%r20, %r21, %r22, %r23}, [%r4+512]; st.global.v4.b32 [%rd9], {%r20, %r21, "
      "%r22, %r23}; ret;";
  ASSERT_EQ(runText(kernel(body), memory, {to, 0}, {32, 1, 1}, 1024).error, "");
  std::vector<uint16_t> numbers = memory.download<uint16_t>(to, 256);
  for (unsigned m = 0; m < 4; ++m)
    for (unsigned row = 0; row < 8; ++row)
      for (unsigned column = 0; column < 8; ++column)
        EXPECT_EQ(numbers[64 * m + 8 * row + column], 64 * m + 8 * column + row);
}

/// Each thread copies 16 bytes, of which `size` (a register or number) are read.
std::string copies(const std::string &size, const std::string &commit, const std::string &wait,
                   const std::string &barrier) {
  return kernel("ld.param.b64 %rd1, [p0]; ld.param.b64 %rd2, [p1]; mov.u32 %r1, %tid.x; "
                "mul.wide.u32 %rd3, %r1, 16;\n"
                "add.s64 %rd4, %rd1, %rd3; add.s64 %rd5, %rd2, %rd3; mov.b32 %r3, smem; shl.b32 "
                "%r2, %r1, 4; add.s32 %r4, %r3, %r2;\n"
                "setp.lt.u32 %p1, %r1, 40; selp.b32 %r5, 16, 0, %p1;\n"
                "cp.async.cg.shared.global [%r4], [%rd4], 16, " +
                size + ";\n" + commit + "\n" + wait + "\n" + barrier +
                "\nxor.b32 %r6, %r2, 1008; add.s32 %r7, %r3, %r6; ld.shared.v4.b32 {%r10, %r11, "
                "%r12, %r13}, [%r7];\n"
                "st.global.v4.b32 [%rd5], {%r10, %r11, %r12, %r13}; ret;");
}

TEST(Copy, FillsWithZeros) {
  Memory memory;
  std::vector<uint32_t> words(160);
  for (uint32_t i = 0; i < 160; ++i)
    words[i] = i + 1;
  // Only 40 of 64 threads have a source; the others' addresses lie beyond the end.
  uint64_t from = memory.upload(words), to = memory.allocate(1024);
  Outcome outcome =
      runText(copies("%r5", "cp.async.commit_group;", "cp.async.wait_group 0;", "bar.sync 0;"),
              memory, {from, to}, {64, 1, 1}, 1024);
  ASSERT_TRUE(outcome.statistics) << outcome.error;
  std::vector<uint32_t> out = memory.download<uint32_t>(to, 256);
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t source = 4 * (63 - i / 4) + i % 4;
    EXPECT_EQ(out[i], source < 160 ? source + 1 : 0);
  }
  EXPECT_TRUE(
      says(runText(copies("16", "cp.async.commit_group;", "cp.async.wait_group 0;", "bar.sync 0;"),
                   memory, {from, to}, {64, 1, 1}, 1024),
           "thread (40, 0, 0)"));
}

TEST(Copy, MustBeWaitedFor) {
  Memory memory;
  uint64_t from = memory.allocate(1024), to = memory.allocate(1024);
  auto outcome = [&](const char *commit, const char *wait, const char *barrier) {
    return runText(copies("16", commit, wait, barrier), memory, {from, to}, {64, 1, 1}, 1024);
  };
  EXPECT_EQ(outcome("cp.async.commit_group;", "cp.async.wait_group 0;", "bar.sync 0;").error, "");
  EXPECT_EQ(outcome("", "cp.async.wait_all;", "bar.sync 0;").error, "");
  EXPECT_TRUE(says(outcome("cp.async.commit_group;", "", "bar.sync 0;"), "was not waited for"));
  EXPECT_TRUE(says(outcome("cp.async.commit_group;", "cp.async.wait_group 1;", "bar.sync 0;"),
                   "was not waited for"));
  EXPECT_TRUE(says(outcome("", "cp.async.wait_group 0;", "bar.sync 0;"), "was not waited for"));
  // Waiting makes one's own copies visible to oneself only.
  EXPECT_FALSE(outcome("cp.async.commit_group;", "cp.async.wait_group 0;", "").statistics);
}

TEST(Copy, ChecksItsSizes) {
  Memory memory;
  uint64_t from = memory.allocate(1024), to = memory.allocate(1024);
  EXPECT_TRUE(
      says(runText(kernel("cp.async.cg.shared.global [smem], [%rd1], 12;"), memory, {from, to}),
           "copy of 4, 8 or 16 bytes but got 12"));
  EXPECT_TRUE(says(runText(copies("24", "", "", ""), memory, {from, to}, {64, 1, 1}, 1024),
                   "at most 16 bytes of source but got 24"));
}

} // namespace

//===- MutateTest.cpp - Mutations of a kernel that does a bit of everything -----*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Mutate.h"
#include "Floats.h"
#include "TestKernel.h"

#include <cmath>
#include <random>
#include <set>

using namespace zorro::ptx;
using namespace zorro::ptx::test;

namespace {

/// out[row] = 2^(max over 16 columns of a b^T, and 1/4 more in rows 8 to 15) for n rows of a [n,
/// 16] and b [16, 16] (bf16): cp.async, ldmatrix, mma.sync, shuffles; rows beyond n are not there.
/// Two warps, 16 rows each.
const std::string kKernel =
    kernel("ld.param.b64 %rd1, [p0]; ld.param.b64 %rd2, [p1]; ld.param.b64 %rd3, [p2]; "
           "ld.param.b64 %rd4, [p3];\n"
           "cvt.u32.u64 %r2, %rd4; mov.u32 %r1, %tid.x; mov.b32 %r3, smem;\n"
           // Thread t copies half a row of a: row t / 2, and, if t is below 32, of b.
           "shr.u32 %r4, %r1, 1; and.b32 %r5, %r1, 1; shl.b32 %r6, %r1, 4; bfe.u32 %r7, %r1, 3, 1; "
           "shl.b32 %r7, %r7, 4; xor.b32 %r6, %r6, %r7;\n"
           "add.s32 %r8, %r3, %r6; mul.wide.u32 %rd5, %r1, 16; add.s64 %rd6, %rd1, %rd5; add.s64 "
           "%rd7, %rd2, %rd5;\n"
           "setp.lt.s32 %p1, %r4, %r2;\nselp.b32 %r9, 16, 0, %p1;\n"
           "cp.async.cg.shared.global [%r8], [%rd6], 16, %r9;\n"
           "setp.lt.u32 %p2, %r1, 32;\n"
           "@%p2 cp.async.cg.shared.global [%r8+1024], [%rd7], 16;\n"
           "cp.async.commit_group;\ncp.async.wait_group 0;\nbar.sync 0;\n"
           // Lane l holds the address of row l % 16, half l / 16, of its warp's rows; of b, rows
           // and halves as B wants them.
           "and.b32 %r10, %r1, 31; and.b32 %r11, %r1, 15; bfe.u32 %r12, %r1, 4, 1; shr.u32 %r13, "
           "%r1, 5; shl.b32 %r14, %r13, 9;\n"
           "shl.b32 %r15, %r11, 5; shl.b32 %r16, %r12, 4; add.s32 %r17, %r15, %r16; bfe.u32 %r18, "
           "%r11, 2, 1; shl.b32 %r18, %r18, 4; xor.b32 %r17, %r17, %r18;\n"
           "add.s32 %r17, %r17, %r3; add.s32 %r17, %r17, %r14;\n"
           "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r20, %r21, %r22, %r23}, [%r17];\n"
           "and.b32 %r30, %r1, 7; bfe.u32 %r31, %r1, 4, 1; shl.b32 %r31, %r31, 3; add.s32 %r30, "
           "%r30, %r31; bfe.u32 %r32, %r1, 3, 1; shl.b32 %r33, %r30, 5;\n"
           "shl.b32 %r34, %r32, 4; add.s32 %r35, %r33, %r34; bfe.u32 %r36, %r30, 2, 1; shl.b32 "
           "%r36, %r36, 4; xor.b32 %r35, %r35, %r36; add.s32 %r35, %r35, %r3;\n"
           "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r24, %r25, %r26, %r27}, [%r35+1024];\n"
           "mov.b32 %f1, 0f00000000; mov.b32 %f2, %f1; mov.b32 %f3, 0f3E800000; mov.b32 %f4, %f3; "
           "mov.b32 %f5, %f1; mov.b32 %f6, %f1; mov.b32 %f7, %f3; mov.b32 %f8, %f3;\n"
           "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32\n{%f1, %f2, %f3, %f4},\n{%r20, "
           "%r21, %r22, %r23},\n{%r24, %r25},\n{%f1, %f2, %f3, %f4};\n"
           "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32\n{%f5, %f6, %f7, %f8},\n{%r20, "
           "%r21, %r22, %r23},\n{%r26, %r27},\n{%f5, %f6, %f7, %f8};\n"
           "max.f32 %f9, %f1, %f2;\nmax.f32 %f10, %f5, %f6;\nmax.f32 %f9, %f9, %f10;\nmax.f32 "
           "%f11, %f3, %f4;\nmax.f32 %f12, %f7, %f8;\nmax.f32 %f11, %f11, %f12;\n"
           "shfl.sync.bfly.b32 %f13, %f9, 1, 31, -1;\nmax.f32 %f9, %f9, %f13;\nshfl.sync.bfly.b32 "
           "%f13, %f9, 2, 31, -1;\nmax.f32 %f9, %f9, %f13;\n"
           "shfl.sync.bfly.b32 %f14, %f11, 1, 31, -1;\nmax.f32 %f11, %f11, "
           "%f14;\nshfl.sync.bfly.b32 %f14, %f11, 2, 31, -1;\nmax.f32 %f11, %f11, %f14;\n"
           "ex2.approx.ftz.f32 %f9, %f9;\nex2.approx.ftz.f32 %f11, %f11;\n"
           // Lane 4g writes rows g and g + 8 of its warp.
           "shr.u32 %r40, %r10, 2; shl.b32 %r41, %r13, 4; add.s32 %r42, %r40, %r41; add.s32 %r43, "
           "%r42, 8;\n"
           "mul.wide.u32 %rd8, %r42, 4; add.s64 %rd9, %rd3, %rd8; and.b32 %r44, %r10, "
           "3;\nsetp.eq.b32 %p3, %r44, 0;\n"
           "setp.lt.and.s32 %p4, %r42, %r2, %p3;\nsetp.lt.and.s32 %p5, %r43, %r2, %p3;\n"
           "@%p4 st.global.f32 [%rd9], %f9;\n@%p5 st.global.f32 [%rd9+32], %f11;\nret;\n",
           4);

/// Runs with n rows and compares.
bool passes(const Module &module, unsigned n) {
  Memory memory;
  std::mt19937 random(n);
  std::vector<uint16_t> a(16 * n), b(256);
  // Below zero, so that a row of zeros would win.
  for (uint16_t &x : a)
    x = toBf16(float(1 + random() % 16) / 16);
  for (uint16_t &x : b)
    x = toBf16(-float(1 + random() % 16) / 16);
  uint64_t pa = memory.upload(a), pb = memory.upload(b), out = memory.allocate(4 * n);
  Launch launch;
  launch.block = {64, 1, 1};
  launch.dynamicShared = 1536;
  launch.limit = 10000;
  launch.add(pa).add(pb).add(out).add(uint64_t(n));
  std::string error;
  std::optional<Statistics> statistics = run(module, "k", launch, memory, error);
  if (!statistics || statistics->conflicts())
    return false;
  std::vector<float> results = memory.download<float>(out, n);
  for (unsigned row = 0; row < n; ++row) {
    double most = -INFINITY;
    for (unsigned column = 0; column < 16; ++column) {
      double sum = row % 16 < 8 ? 0 : 0.25;
      for (unsigned k = 0; k < 16; ++k)
        sum += double(fromBf16(a[16 * row + k])) * fromBf16(b[16 * column + k]);
      most = std::max(most, sum);
    }
    if (!(std::fabs(results[row] - std::exp2(most)) <= 1e-6 * std::exp2(most)))
      return false;
  }
  return true;
}

TEST(Mutate, NoticesWhatIsBroken) {
  std::string error;
  std::optional<Module> module = Module::parse(kKernel, error);
  ASSERT_TRUE(module) << error;
  for (unsigned n : {1u, 7u, 8u, 9u, 16u, 17u, 24u, 25u, 32u})
    ASSERT_TRUE(passes(*module, n)) << n;
  std::vector<Mutation> mutations = mutationsOf(kKernel);
  MutationReport report = tryMutations(kKernel, mutations, [](const Module &broken) {
    for (unsigned n : {32u, 9u, 25u, 17u, 1u, 8u, 24u, 16u})
      if (!passes(broken, n))
        return false;
    return true;
  });
  EXPECT_GE(report.share(), 0.95) << report.text();
  EXPECT_EQ(report.text().find("unreadable"), std::string::npos) << report.text();
  std::set<std::string> kinds;
  for (const Mutation &mutation : mutations)
    kinds.insert(mutation.kind);
  for (const char *kind : {"delete bar",           "delete commit_group",   "delete wait_group",
                           "wait_group N + 1",     "delete cp.async",       "cp.async target + 16",
                           "cp.async source + 16", "cp.async of all bytes", "matrix address + 16",
                           "toggle trans",         "swap matrices",         "swap fragments of a",
                           "swap fragments of b",  "compare off by one",    "compare inverted",
                           "drop shuffle",         "shuffle distance",      "drop function",
                           "drop operand",         "store address + 1",     "delete store",
                           "delete product",       "swap selected"})
    EXPECT_TRUE(kinds.count(kind)) << kind;
}

TEST(Mutate, FindsStatementsAndKeepsLines) {
  std::string text =
      ".visible .entry k()\n{\n\t.reg .pred %p<3>; // a ; in a comment\n$L__1:\n\t@%p1 bar.sync "
      "0;\n\tmma.sync.x\n\t\t{%r1, %r2},\n\t\t{%r3, %r4, %r5, %r6},\n"
      "\t\t{%r7, %r8}, {%r1, %r2, %r9, %r10};\n\t{\n.reg .pred "
      "P1;\nLW_0:\nmbarrier.try_wait.parity.shared::cta.b64 P1, [%r24], %r5;\n@!P1 bra LW_0;\n}\n"
      "\tor.b64 %rd1, %rd2, 4611686293305294848;\n\tmbarrier.arrive.expect_tx.shared::cta.b64 _, "
      "[%r1], 2048;\n}\n";
  std::vector<Mutation> mutations = mutationsOf(text);
  auto after = [&](const std::string &kind) {
    for (const Mutation &mutation : mutations)
      if (mutation.kind == kind)
        return std::to_string(mutation.line) + " " + mutation.after;
    return std::string("none");
  };
  EXPECT_EQ(after("delete bar"), "5 ;");
  EXPECT_EQ(
      after("swap fragments of a"),
      "6 mma.sync.x   {%r1, %r2},   {%r3, %r5, %r4, %r6},   {%r7, %r8}, {%r1, %r2, %r9, %r10};");
  EXPECT_EQ(after("no wait"), "13 setp.eq.u32 P1, 0, 0;");
  EXPECT_EQ(after("stride of a descriptor"), "16 or.b64 %rd1, %rd2, 4611686327665033216;");
  EXPECT_EQ(after("swizzle of a descriptor"), "16 or.b64 %rd1, %rd2, 274877906944;");
  EXPECT_EQ(after("expected bytes + 16"),
            "17 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 2064;");
  for (const Mutation &mutation : mutations) {
    std::string mutated = mutation.apply(text);
    EXPECT_EQ(std::count(mutated.begin(), mutated.end(), '\n'),
              std::count(text.begin(), text.end(), '\n'));
    EXPECT_NE(mutated, text);
  }
}

TEST(Mutate, ChoosesSomeOfAKind) {
  std::string text = ".entry k() {\n";
  for (int i = 0; i < 20; ++i)
    text += "bar.sync 0;\nsetp.lt.s32 %p1, %r1, %r2;\n";
  std::vector<Mutation> all = mutationsOf(text + "}"), some = someOf(all, 3);
  EXPECT_EQ(all.size(), 40u);
  EXPECT_EQ(some.size(), 23u);
  EXPECT_EQ(someOf(all, 3, 2).size(), 23u);
}

} // namespace

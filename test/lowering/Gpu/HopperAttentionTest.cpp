//===- HopperAttentionTest.cpp - Attention on sm_90a in the interpreter -----*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Against double precision, over runs of keys of every length near a block's. Keys and values that
// no query sees are NaN and forbidden; a tile's blocks may read the run of keys that it has.
//
//===----------------------------------------------------------------------------------------===//

#include "test/Ptx/Mutate.h"
#include "test/lowering/Gpu/Harness.h"

#include "mlir/AsmParser/AsmParser.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace zorro;
using namespace zorro::test;

namespace {

std::string text(int64_t d) {
  std::string narrow = "tensor<?x?x?x" + std::to_string(d) + "xbf16>";
  std::string wide = "tensor<?x?x?x" + std::to_string(d) + "xf32>";
  std::string body;
  for (const char *name : {"q", "k", "v"})
    body += std::string("  %") + name + "w = arith.extf %" + name + " : " + narrow + " to " + wide +
            "\n";
  return "zorro.kernel @k attention because \"test\" attributes {zorro.hopper} {\n^bb0(%q: " +
         narrow + ", %k: " + narrow + ", %v: " + narrow + "):\n" + body +
         "  %o = zorro.attention %qw, %kw, %vw scale 1.0 : " + wide + ", " + wide + ", " + wide +
         " -> " + wide + "\n  %r = arith.truncf %o : " + wide + " to " + narrow +
         "\n  zorro.yield %r : " + narrow + "\n}";
}

struct Segment {
  int64_t queries;
  int64_t firstKey, lastKey; ///< none where equal
};

struct Case {
  int64_t d = 64, batches = 1, heads = 1;
  std::vector<Segment> segments;
  int64_t keys = 0;
  std::string mask;  ///< empty: without
  bool joint = true; ///< one row holds queries, keys and values of all heads
  float scale = 0.125;
  bool negative = false; ///< all scores of live keys are negative
  bool zero = false;     ///< rows without a key give 0

  std::vector<uint16_t> bits;
  std::optional<ptx::Statistics> statistics;
  LaunchPlan plan;
  GpuKernel *kernel = nullptr;

  /// Runs the kernel, as `other` says if that is given; false after printing why.
  bool execute(const ptx::Module *other = nullptr);
  void compare();
  void go() {
    kernel = GpuKernel::get(text(d), "sm_90a");
    ASSERT_TRUE(kernel);
    EXPECT_EQ(kernel->spillBytes, kernel->spillBytes < 0 ? -1 : 0);
    ASSERT_TRUE(execute());
    compare();
  }

private:
  std::vector<float> numbers[3];
  Operand q, k, v, result;
};

bool Case::execute(const ptx::Module *other) {
  int64_t queries = 0;
  for (const Segment &segment : segments)
    queries += segment.queries;
  int64_t tokens = joint ? std::max(queries, keys) : 0;
  auto operand = [&](int64_t count) {
    int64_t row = joint ? 3 * heads * d : heads * d, all = joint ? tokens : count;
    return Operand{{batches, heads, count, d}, {all * row, d, row, 1}};
  };
  q = operand(queries);
  k = v = operand(keys);
  result = {{batches, heads, queries, d}, {queries * heads * d, d, heads * d, 1}};
  auto size = [&](const Operand &o) { return size_t(batches * o.strides[0]); };
  for (int i = 0; i < 3; ++i) {
    numbers[i] = fromBf16(toBf16(randoms(size(i ? k : q), i == 2 ? 1 : 2, i + 1)));
    for (float &x : numbers[i])
      if (negative && i < 2)
        x = i ? -std::abs(x) : std::abs(x);
  }
  std::vector<bool> live(keys);
  for (const Segment &segment : segments)
    for (int64_t j = segment.firstKey; j < segment.lastKey; ++j)
      live[j] = true;

  ptx::Memory memory;
  llvm::SmallVector<uint64_t> addresses;
  uint64_t packed = joint ? memory.allocate(2 * size(q)) : 0;
  if (joint)
    memory.forbid(packed);
  for (int i = 0; i < 3; ++i) {
    const Operand &o = i ? k : q;
    uint64_t address = joint ? packed + 2 * i * heads * d : memory.allocate(2 * size(o));
    if (!joint)
      memory.forbid(address);
    addresses.push_back(address);
    for (int64_t b = 0; b < batches; ++b)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t t = 0; t < o.sizes[2]; ++t) {
          if (i && !live[t])
            continue; // stays NaN
          int64_t at = b * o.strides[0] + h * o.strides[1] + t * o.strides[2];
          std::vector<uint16_t> row;
          for (int64_t c = 0; c < d; ++c)
            row.push_back(toBf16(numbers[i][at + c]));
          memory.write(address + 2 * at, row.data(), 2 * d);
          memory.allow(address + 2 * at, 2 * d, ptx::kRead);
        }
  }
  addresses.push_back(memory.allocate(2 * size(result)));
  memory.forbid(addresses.back());
  memory.allow(addresses.back(), 2 * size(result), ptx::kWrite);

  MaskAttr attr;
  if (!mask.empty()) {
    attr = llvm::dyn_cast_or_null<MaskAttr>(
        mlir::parseAttribute(mask, kernel->kernel.getContext()));
    if (!attr)
      return false;
  }
  auto planned = kernel->plan({q, k, v}, result, attr, scale);
  if (failed(planned))
    return false;
  plan = *planned;
  kernel->replacement = other;
  statistics = kernel->run(plan, addresses, memory,
                           [](ptx::Launch &launch) { launch.limit = 2'000'000; });
  kernel->replacement = nullptr;
  if (!statistics)
    return false;
  bits = memory.download<uint16_t>(addresses.back(), size(result));
  return true;
}

void Case::compare() {
  double worst = 0;
  for (int64_t b = 0; b < batches; ++b)
    for (int64_t h = 0; h < heads; ++h) {
      int64_t row = 0;
      for (const Segment &segment : segments)
        for (int64_t i = 0; i < segment.queries; ++i, ++row) {
          auto at = [&](const Operand &o, int64_t t) {
            return b * o.strides[0] + h * o.strides[1] + t * o.strides[2];
          };
          std::vector<double> sums(d), scores;
          double total = 0, greatest = -INFINITY;
          for (int64_t j = segment.firstKey; j < segment.lastKey; ++j) {
            double score = 0;
            for (int64_t c = 0; c < d; ++c)
              score += double(numbers[0][at(q, row) + c]) * numbers[1][at(k, j) + c];
            scores.push_back(score * scale);
            greatest = std::max(greatest, scores.back());
          }
          for (int64_t j = segment.firstKey; j < segment.lastKey; ++j) {
            double weight = std::exp(scores[j - segment.firstKey] - greatest);
            total += weight;
            for (int64_t c = 0; c < d; ++c)
              sums[c] += weight * numbers[2][at(v, j) + c];
          }
          for (int64_t c = 0; c < d; ++c) {
            float got = fromBf16(bits[at(result, row) + c]);
            if (scores.empty()) {
              if (zero)
                ASSERT_EQ(got, 0.0f);
              else
                ASSERT_TRUE(std::isnan(got));
              continue;
            }
            ASSERT_FALSE(std::isnan(got)) << b << " " << h << " " << row << " " << c;
            worst = std::max(worst, std::abs(got - sums[c] / total));
          }
        }
    }
  EXPECT_LT(worst, 8e-3);
}

} // namespace

TEST(HopperAttention, LengthsOfRuns) {
  for (int64_t d : {64, 128})
    for (int64_t keys : {1, 2, 7, 8, 9, 63, 64, 65, 127, 128, 129, 200, 256, 257, 400}) {
      SCOPED_TRACE(testing::Message() << d << " " << keys);
      Case c;
      c.d = d;
      c.segments = {{70, 0, keys}};
      c.keys = keys;
      c.negative = keys % 2;
      c.go();
      if (HasFatalFailure())
        return;
      EXPECT_EQ(c.statistics->conflicts(), 0u);
      EXPECT_EQ(c.plan.multiplyAdds, 2 * 128 * int64_t(llvm::alignTo(keys, 128)) * d);
    }
}

namespace {

/// Two streams, each of which sees itself, and tokens that see both; one row is empty.
Case fused(int64_t d, const std::string &empty) {
  Case c;
  c.d = d;
  c.batches = 2;
  c.heads = 2;
  c.keys = 70 + 16 + 201;
  c.segments = {{70, 0, 70}, {16, 0, 287}, {201, 86, 287}, {1, 0, 0}};
  c.mask = "#zorro.mask<a: 70 -> [a], f: 16 -> [all], v: 201 -> [v], e: 1 -> [] over a: 70, f: 16, "
           "v: 201 empty " + empty + ">";
  c.zero = empty == "zero";
  return c;
}

} // namespace

TEST(HopperAttention, RoutesOfStreams) {
  for (int64_t d : {64, 128})
    for (const char *empty : {"nan", "zero"}) {
      SCOPED_TRACE(testing::Message() << d << " " << empty);
      Case c = fused(d, empty);
      c.go();
      if (HasFatalFailure())
        return;
      EXPECT_EQ(c.plan.tasks, 2 * 2 * (1 + 1 + 2 + 1));
    }
}

/// A stream alone, and its queries cut elsewhere, give the bits that they give among others.
TEST(HopperAttention, CutsKeepBits) {
  Case whole;
  whole.keys = 300;
  whole.joint = false;
  whole.segments = {{150, 0, 300}};
  whole.go();
  ASSERT_FALSE(HasFatalFailure());
  Case cut = whole;
  cut.segments = {{37, 0, 300}, {113, 0, 300}};
  cut.mask = "#zorro.mask<a: 37 -> [all], b: 113 -> [all] over k: 300 empty nan>";
  cut.go();
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(whole.bits, cut.bits);
}

/// Values of keys behind a run are NaN: a copy that brings them is noticed.
TEST(HopperAttention, KeysBesideRunsLeaveNoTrace) {
  Case c;
  c.keys = 400;
  c.joint = false;
  c.segments = {{40, 3, 70}, {90, 100, 231}, {10, 300, 301}};
  c.mask = "#zorro.mask<a: 40 -> [b], c: 90 -> [d], e: 10 -> [f] over x: 3, b: 67, y: 30, d: 131, "
           "z: 69, f: 1, w: 99 empty nan>";
  c.go();
}

TEST(HopperAttention, WhatIsNotTaken) {
  GpuKernel *kernel = GpuKernel::get(text(64), "sm_90a");
  ASSERT_TRUE(kernel);
  std::string said;
  mlir::ScopedDiagnosticHandler handler(kernel->kernel.getContext(), [&](mlir::Diagnostic &d) {
    said = d.str();
    return mlir::success();
  });
  Operand whole = Kernel::dense({1, 1, 64, 64});
  auto fails = [&](const Operand &k, const std::string &mask, const std::string &want) {
    MaskAttr attr;
    if (!mask.empty())
      attr = llvm::cast<MaskAttr>(
          mlir::parseAttribute("#zorro.mask<" + mask + ">", kernel->kernel.getContext()));
    EXPECT_TRUE(failed(kernel->plan({whole, k, k}, whole, attr, 1)));
    EXPECT_NE(said.find(want), std::string::npos) << said;
  };
  fails(whole, "a: 64 -> [a causal] over a: 64 empty nan", "one run of keys");
  fails(whole, "a: 64 -> [a, c] over a: 16, b: 16, c: 32 empty nan", "one run of keys");
  fails(whole, "a: 63 -> [all], b: 1 -> [] over k: 64 empty uniform", "a key for every query");
  fails(Operand{{1, 1, 64, 64}, {0, 64, 68, 1}}, "", "heads at multiples of 16 bytes");
}

/// Single instructions broken: waits, barriers, copies, descriptions, swizzles, compares.
TEST(HopperAttention, FaultsAreNoticed) {
  std::vector<Case> cases(5);
  for (Case &c : cases)
    c.joint = false;
  cases[0].keys = 420;
  cases[0].segments = {{70, 3, 420}, {90, 0, 0}};
  cases[0].mask = "#zorro.mask<a: 70 -> [b], e: 90 -> [] over x: 3, b: 417 empty zero>";
  cases[0].zero = true;
  cases[1].heads = 2;
  cases[1].keys = 131;
  cases[1].segments = {{130, 0, 131}};
  cases[1].negative = true;
  cases[2].keys = 400;
  cases[2].segments = {{133, 0, 100}, {9, 0, 200}, {14, 0, 260}, {13, 0, 400}};
  cases[2].mask = "#zorro.mask<a: 133 -> [k], b: 9 -> [k, l], c: 14 -> [k, l, m], d: 13 -> [all] "
                  "over k: 100, l: 100, m: 60, n: 140 empty nan>";
  // Rows without a key at the end of the result, as many as end in each part of a warp's rows.
  for (int64_t i : {3, 4}) {
    int64_t rows = i == 3 ? 6 : 13;
    cases[i].keys = 5;
    cases[i].segments = {{1, 0, 5}, {rows, 0, 0}};
    cases[i].mask = "#zorro.mask<a: 1 -> [k], e: " + std::to_string(rows) +
                    " -> [] over k: 5 empty nan>";
  }
  for (Case &c : cases)
    c.go();
  ASSERT_FALSE(HasFatalFailure());
  auto passes = [&](const ptx::Module &module) {
    for (Case &c : cases) {
      std::vector<uint16_t> good = c.bits;
      bool same = c.execute(&module) && c.bits == good;
      c.bits = good;
      if (!same)
        return false;
    }
    return true;
  };
  const std::string &code = cases[0].kernel->ptx;
  testing::internal::CaptureStderr(); // every fault that is found is told there
  // A number's place beside the end is asked for each number: copies of one compare are one fault,
  // and the lengths above try each.
  std::map<std::string, bool> compares;
  std::vector<ptx::Mutation> others;
  for (const ptx::Mutation &m : ptx::someOf(ptx::mutationsOf(code), 3)) {
    if (m.kind != "compare off by one" || m.before.find("setp.gt.s32") == std::string::npos) {
      others.push_back(m);
      continue;
    }
    std::string left = m.before.substr(0, m.before.rfind(','));
    compares[left.substr(left.rfind(','))] |= ptx::tryMutations(code, {m}, passes).noticed > 0;
  }
  ptx::MutationReport report = ptx::tryMutations(code, others, passes);
  for (const auto &[left, noticed] : compares) {
    ++report.tried;
    report.noticed += noticed;
  }
  testing::internal::GetCapturedStderr();
  EXPECT_GE(report.share(), 0.95) << report.text();
}

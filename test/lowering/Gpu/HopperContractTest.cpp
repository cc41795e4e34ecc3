//===- HopperContractTest.cpp - Contractions on sm_90a in the interpreter ---*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Against double precision: ends of rows, columns and summands, batches with gaps, every tile. What
// lies beside the operands is NaN, and what a kernel may not touch is forbidden.
//
//===----------------------------------------------------------------------------------------===//

#include "test/Ptx/Mutate.h"
#include "test/lowering/Gpu/Harness.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace zorro;
using namespace zorro::test;

namespace {

std::string replace(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Bias, GELU, a position table and a residual.
const char *const rich = R"(
zorro.kernel @k contract because "test" $S attributes {zorro.hopper} {
^bb0(%x: tensor<?x?x$Kxbf16>, %w: tensor<$Kx$Nxbf16>, %b: tensor<$Nxf32>, %p: tensor<?x$Nxf32>,
     %r: tensor<?x?x$Nxbf16>):
  %a = arith.extf %x : tensor<?x?x$Kxbf16> to tensor<?x?x$Kxf32>
  %m = arith.extf %w : tensor<$Kx$Nxbf16> to tensor<$Kx$Nxf32>
  %s = arith.extf %r : tensor<?x?x$Nxbf16> to tensor<?x?x$Nxf32>
  %y = zorro.contract %a, %m (%b, %p, %s) {
  ^bb1(%acc: f32, %bias: f32, %place: f32, %rest: f32):
    %0 = arith.addf %acc, %bias : f32
    %1 = zorro.gelu %0 erf : f32
    %2 = arith.addf %1, %place : f32
    %3 = arith.addf %2, %rest : f32
    zorro.yield %3 : f32
  } : tensor<?x?x$Kxf32>, tensor<$Kx$Nxf32> (tensor<$Nxf32>, tensor<?x$Nxf32>, tensor<?x?x$Nxf32>)
    -> tensor<?x?x$Nxf32>
  %t = arith.truncf %y : tensor<?x?x$Nxf32> to tensor<?x?x$Nxbf16>
  zorro.yield %t : tensor<?x?x$Nxbf16>
})";

const char *const plain = R"(
zorro.kernel @k contract because "test" $S attributes {zorro.hopper} {
^bb0(%x: tensor<?x?x$Kxbf16>, %w: tensor<$Kx$Nxbf16>):
  %a = arith.extf %x : tensor<?x?x$Kxbf16> to tensor<?x?x$Kxf32>
  %m = arith.extf %w : tensor<$Kx$Nxbf16> to tensor<$Kx$Nxf32>
  %y = zorro.contract %a, %m : tensor<?x?x$Kxf32>, tensor<$Kx$Nxf32> -> tensor<?x?x$Nxf32>
  $Y
})";
const char *const yieldBf16 = R"(%t = arith.truncf %y : tensor<?x?x$Nxf32> to tensor<?x?x$Nxbf16>
  zorro.yield %t : tensor<?x?x$Nxbf16>)";
const char *const yieldF32 = "zorro.yield %y : tensor<?x?x$Nxf32>";

struct Tile {
  int64_t rows, columns, height = 64, stages = 3;
};

/// `tile` null: as the kernel chooses for itself.
std::string sized(std::string text, int64_t k, int64_t n, const Tile *tile) {
  std::string schedule;
  if (tile)
    schedule = "schedule <tile = [" + std::to_string(tile->rows) + ", " +
               std::to_string(tile->columns) + "], block = " + std::to_string(tile->height) +
               ", unroll = " + std::to_string(tile->stages) + ">";
  text = replace(text, "$S", schedule);
  return replace(replace(text, "$K", std::to_string(k)), "$N", std::to_string(n));
}

struct Sizes {
  int64_t batches, rows, k, n;
};

/// A matrix [k][n] as the kernel wants it: [n filled][k filled].
std::vector<uint16_t> packed(const std::vector<float> &matrix, int64_t k, int64_t n) {
  int64_t fullK = llvm::alignTo(k, kPackK), fullN = llvm::alignTo(n, kPackN);
  std::vector<uint16_t> all(fullK * fullN, 0);
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < n; ++j)
      all[j * fullK + i] = toBf16(matrix[i * n + j]);
  return all;
}

double gelu(double x) { return 0.5 * x * (1 + std::erf(x * 0.7071067811865475244)); }

/// Uploads strided values: what lies between them is NaN and forbidden.
uint64_t upload(ptx::Memory &memory, const Operand &operand, const std::vector<uint16_t> &dense,
                ptx::Access access) {
  uint64_t address = memory.allocate(2 * std::max<int64_t>(extent(operand), 1));
  if (access == ptx::kRead)
    memory.forbid(address);
  int64_t width = operand.sizes[2];
  for (int64_t b = 0; b < operand.sizes[0]; ++b)
    for (int64_t m = 0; m < operand.sizes[1]; ++m) {
      uint64_t at = address + 2 * (b * operand.strides[0] + m * operand.strides[1]);
      if (access == ptx::kRead)
        memory.write(at, &dense[(b * operand.sizes[1] + m) * width], 2 * width);
      if (access == ptx::kRead)
        memory.allow(at, 2 * width, access);
    }
  return address;
}

std::vector<float> rounded(std::vector<float> values) { return fromBf16(toBf16(values)); }

/// One run of `plain` or `rich`; gives the result, or nothing.
struct Multiplied {
  Sizes sizes;
  std::string text;
  int64_t gap = 0; ///< elements between rows, and rows between batches
  bool extras = false, wide = false;
  std::vector<uint16_t> bits; ///< of the result
  std::optional<ptx::Statistics> statistics;
  LaunchPlan plan;
  GpuKernel *kernel = nullptr;

  std::vector<uint16_t> out;
  std::vector<float> x, w, b, p, r;
  Operand result;

  void go() {
    kernel = GpuKernel::get(text, "sm_90a");
    ASSERT_TRUE(kernel) << text;
    ASSERT_TRUE(execute());
    compare();
  }

  /// Runs the kernel, as `other` says if that is given; false after printing why.
  bool execute(const ptx::Module *other = nullptr) {
    auto [batches, rows, k, n] = sizes;
    x = rounded(randoms(batches * rows * k));
    w = rounded(randoms(k * n, 1, 2));
    b = randoms(n, 1, 3);
    p = randoms(rows * n, 1, 4);
    r = rounded(randoms(batches * rows * n, 1, 5));
    auto strided = [&](int64_t width) {
      int64_t row = llvm::alignTo(width, 8) + 8 * gap;
      return Operand{{batches, rows, width}, {(rows + gap) * row, row, 1}};
    };
    llvm::SmallVector<Operand> inputs = {strided(k), Kernel::dense({k, n})};
    result = strided(n);
    ptx::Memory memory;
    llvm::SmallVector<uint64_t> addresses = {upload(memory, inputs[0], toBf16(x), ptx::kRead)};
    auto add = [&](uint64_t address, size_t bytes) {
      memory.forbid(address);
      memory.allow(address, bytes, ptx::kRead);
      addresses.push_back(address);
    };
    std::vector<uint16_t> matrix = packed(w, k, n);
    add(memory.upload(matrix), 2 * matrix.size());
    if (extras) {
      inputs.push_back(Kernel::dense({n}));
      add(memory.upload(b), 4 * n);
      inputs.push_back(Operand{{rows, n}, {n, 1}});
      add(memory.upload(p), 4 * rows * n);
      inputs.push_back(strided(n));
      addresses.push_back(upload(memory, inputs.back(), toBf16(r), ptx::kRead));
    }
    int64_t element = wide ? 4 : 2;
    addresses.push_back(memory.allocate(element * extent(result)));
    memory.forbid(addresses.back());
    for (int64_t i = 0; i < batches; ++i)
      for (int64_t m = 0; m < rows; ++m)
        memory.allow(addresses.back() +
                         element * (i * result.strides[0] + m * result.strides[1]),
                     element * n, ptx::kWrite);
    auto planned = kernel->plan(inputs, result);
    if (failed(planned))
      return false;
    plan = *planned;
    kernel->replacement = other;
    statistics = kernel->run(plan, addresses, memory,
                             [](ptx::Launch &launch) { launch.limit = 2'000'000; });
    kernel->replacement = nullptr;
    if (!statistics)
      return false;
    out = memory.download<uint16_t>(addresses.back(), extent(result) * element / 2);
    return true;
  }

  void compare() {
    auto [batches, rows, k, n] = sizes;
    double worst = 0;
    bits.clear();
    for (int64_t i = 0; i < batches; ++i)
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t j = 0; j < n; ++j) {
          int64_t row = i * rows + m, at = i * result.strides[0] + m * result.strides[1] + j;
          double sum = 0;
          for (int64_t l = 0; l < k; ++l)
            sum += double(x[row * k + l]) * w[l * n + j];
          if (extras)
            sum = gelu(sum + b[j]) + p[m * n + j] + r[row * n + j];
          float got;
          if (wide) {
            std::memcpy(&got, &out[2 * at], 4);
            bits.push_back(out[2 * at]);
            bits.push_back(out[2 * at + 1]);
          } else {
            got = fromBf16(out[at]);
            bits.push_back(out[at]);
          }
          ASSERT_FALSE(std::isnan(got)) << i << " " << m << " " << j;
          worst = std::max(worst, std::abs(got - sum) / (1 + std::abs(sum)));
        }
    EXPECT_LT(worst, wide ? 1e-4 : 5e-3);
  }
};

} // namespace

TEST(HopperContract, Tails) {
  for (int64_t rows : {1, 17, 64, 65, 130})
    for (auto [k, n] : {std::pair<int64_t, int64_t>{64, 64}, {96, 72}, {8, 8}, {448, 200}}) {
      SCOPED_TRACE(testing::Message() << rows << " x " << k << " x " << n);
      Tile tile{128, 64};
      Multiplied run{{1, rows, k, n}, sized(replace(plain, "$Y", yieldBf16), k, n, &tile)};
      run.go();
    }
}

TEST(HopperContract, EveryTileGivesTheSameBits) {
  Tile tiles[] = {{64, 64, 64, 2},   {64, 256, 64, 2},  {128, 96, 64, 4}, {128, 128, 64, 3},
                  {128, 160, 64, 3}, {128, 192, 64, 3}, {128, 256, 64, 4}, {256, 128, 128, 3},
                  {256, 64, 128, 4}, {192, 192, 64, 4}, {192, 128, 64, 4}, {128, 16, 64, 6}};
  for (bool extras : {false, true}) {
    std::vector<uint16_t> first;
    for (const Tile &tile : tiles) {
      SCOPED_TRACE(testing::Message() << tile.rows << " x " << tile.columns);
      Multiplied run{{1, 140, 320, 136},
              sized(extras ? rich : replace(plain, "$Y", yieldBf16), 320, 136, &tile)};
      run.extras = extras;
      run.go();
      if (HasFatalFailure())
        return;
      EXPECT_EQ(run.kernel->spillBytes, run.kernel->spillBytes < 0 ? -1 : 0);
      if (first.empty())
        first = run.bits;
      EXPECT_EQ(first, run.bits);
      int64_t blocks = llvm::divideCeil(140, tile.rows) * llvm::divideCeil(136, tile.columns);
      EXPECT_EQ(run.plan.tasks, blocks);
      // Four warps issue a product of 64 rows and 16 summands.
      EXPECT_EQ(int64_t(run.statistics->count("wgmma.mma_async")),
                blocks * (tile.rows / 64) * (320 / 16) * 4);
      EXPECT_EQ(run.plan.multiplyAdds, blocks * tile.rows * tile.columns * 320);
      EXPECT_EQ(run.statistics->conflicts(), 0u);
    }
  }
}

TEST(HopperContract, BatchesWithGaps) {
  for (bool extras : {false, true})
    for (int64_t batches : {2, 3})
      for (int64_t rows : {1, 5, 70, 128}) {
        SCOPED_TRACE(testing::Message() << batches << " x " << rows);
        Tile tile{64, 96, 64, 2};
        Multiplied run{{batches, rows, 72, 104},
                sized(extras ? rich : replace(plain, "$Y", yieldBf16), 72, 104, &tile), 3};
        run.extras = extras;
        run.go();
        // Of gaps alone can batches not become one.
        EXPECT_EQ(run.plan.tasks, (rows == 1 ? 1 : batches * llvm::divideCeil(rows, 64)) * 2);
      }
}

TEST(HopperContract, WideResults) {
  for (int64_t n : {64, 104}) {
    Tile tile{128, 64, 64, 3};
    Multiplied run{{2, 40, 136, n}, sized(replace(plain, "$Y", yieldF32), 136, n, &tile), 1};
    run.wide = true;
    run.go();
  }
}

/// Single instructions broken: waits, barriers, copies, descriptions, swizzles, compares.
TEST(HopperContract, FaultsAreNoticed) {
  Tile tile{64, 64, 64, 2};
  std::string code = sized(rich, 320, 72, &tile);
  std::vector<Multiplied> runs = {{{1, 70, 320, 72}, code, 0}, {{2, 5, 320, 72}, code, 1},
                                  {{1, 9, 320, 72}, code, 1}, {{1, 14, 320, 72}, code, 0},
                                  {{1, 2, 320, 72}, code, 0}};
  for (Multiplied &run : runs) {
    run.extras = true;
    run.go();
  }
  ASSERT_FALSE(HasFatalFailure());
  auto passes = [&](const ptx::Module &module) {
    for (Multiplied &run : runs) {
      std::vector<uint16_t> good = run.out;
      bool same = run.execute(&module) && run.out == good;
      run.out = good;
      if (!same)
        return false;
    }
    return true;
  };
  const std::string &text = runs[0].kernel->ptx;
  testing::internal::CaptureStderr(); // every fault that is found is told there
  ptx::MutationReport report =
      ptx::tryMutations(text, ptx::someOf(ptx::mutationsOf(text), 3), passes);
  testing::internal::GetCapturedStderr();
  // Without effect here: making a warp's number uniform, the fence behind the barriers' beginning, the
  // meeting before rows are overwritten that no other warp reads, and a compare of multiples of 8.
  EXPECT_GE(report.share(), 0.93) << report.text();
  EXPECT_GE(report.tried, 60u);
}

//===- ContractTest.cpp - Contractions on tensor cores, interpreted ---------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Against double precision on the rounded operands. Every buffer's footprint is declared: a row
// that is not an operand's, or a byte behind it, is an error when it is touched.
//
//===----------------------------------------------------------------------------------------===//

#include "ContractCase.h"

#include "lowering/Gpu/Contract.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace zorro;
using namespace zorro::test;

namespace {

/// Fails unless the case's kernel, on all blocks, gives what double precision gives.
void check(const ContractCase &c) {
  SCOPED_TRACE(c.name());
  ContractRun run(c);
  ASSERT_TRUE(run.ok) << run.error;
  EXPECT_LE(run.error64, c.tolerance());
  EXPECT_TRUE(run.untouched) << "wrote outside of the result";
}

ContractCase sized(int64_t m, int64_t n, int64_t k) {
  ContractCase c;
  c.rows = m;
  c.n = n;
  c.k = k;
  return c;
}

} // namespace

TEST(GpuContract, RowsAndColumns) {
  for (int64_t m : {1, 16, 17, 33, 65, 100, 128, 130})
    for (int64_t n : {10, 24, 64, 96, 130})
      check(sized(m, n, 64));
}

TEST(GpuContract, Depths) {
  // Below, at and above the ring; not a multiple of a stage, of a piece, of a word.
  for (int64_t k : {1, 7, 10, 24, 33, 64, 96, 100, 128, 130, 192, 200, 256, 448, 588, 768})
    check(sized(17, 24, k));
  check(sized(5, 24, 3072));
  check(sized(130, 768, 192));
}

TEST(GpuContract, Tf32) {
  for (int64_t k : {1, 5, 10, 24, 32, 33, 64, 100, 128, 448})
    for (int64_t m : {1, 33, 130}) {
      ContractCase c = sized(m, 72, k);
      c.tf32 = true;
      check(c);
    }
}

/// Memory holds f32, products take bf16.
TEST(GpuContract, RoundsRows) {
  for (int64_t k : {1, 4, 10, 24, 64, 100, 130, 588})
    for (int64_t m : {1, 33, 130}) {
      ContractCase c = sized(m, 40, k);
      c.wideRows = true;
      check(c);
      c.result32 = true;
      check(c);
    }
}

TEST(GpuContract, Epilogues) {
  for (const char *body : {"bias", "gelu", "tanh", "residual", "table", "all", "math"})
    for (auto [m, n] : {std::pair<int64_t, int64_t>{70, 64}, {33, 50}, {20, 7}}) {
      ContractCase c = sized(m, n, 40);
      c.epilogue = body;
      c.batches = 2;
      check(c);
      c.result32 = true;
      check(c);
      c.tf32 = true;
      check(c);
    }
}

/// Windows of wider arrays whose other elements are NaN, under a batch axis with gaps.
TEST(GpuContract, Windows) {
  for (int64_t gap : {8, 16, 4, 2, 1, 3})
    for (bool tf32 : {false, true}) {
      ContractCase c = sized(9, 24, 72);
      c.batches = 5;
      c.gap = gap;
      c.tf32 = tf32;
      c.epilogue = "all";
      check(c);
      c.result32 = !tf32;
      c.wideRows = !tf32;
      check(c);
      c.offset = 1;
      check(c);
    }
}

/// Many tiles in both directions: the order of the blocks leaves none out.
TEST(GpuContract, ManyTiles) {
  for (int64_t m : {7 * 16, 8 * 16, 9 * 16, 19 * 16 - 5}) {
    ContractCase c = sized(m, 300, 16);
    c.schedule = "tile = [16, 64], block = 2, unroll = 1";
    check(c);
  }
}

/// A row's bits depend neither on the tile nor on the rows beside it.
TEST(GpuContract, SameBits) {
  for (bool tf32 : {false, true})
    for (int64_t k : {40, 330}) {
      ContractCase c = sized(70, 136, k);
      c.tf32 = tf32;
      c.epilogue = "all";
      ContractRun first(c);
      ASSERT_TRUE(first.ok) << first.error;
      for (const char *tile : {"128, 128", "128, 64", "64, 128", "64, 64", "32, 128", "32, 64",
                               "16, 128", "16, 64"})
        for (int64_t stages : {2, 3}) {
          c.schedule = std::string("tile = [") + tile + "], block = " + std::to_string(stages) +
                       ", unroll = 1";
          SCOPED_TRACE(c.name());
          ContractRun other(c);
          ASSERT_TRUE(other.ok) << other.error;
          EXPECT_TRUE(first.result == other.result);
        }
      // The last row alone.
      c.schedule = "";
      c.firstRow = 69;
      ContractRun alone(c);
      ASSERT_TRUE(alone.ok) << alone.error;
      EXPECT_TRUE(std::equal(alone.result.begin(), alone.result.end(),
                             first.result.end() - alone.result.size()));
    }
}

/// NaN and infinity in a row stay in that row.
TEST(GpuContract, NanStaysInItsRow) {
  for (bool tf32 : {false, true}) {
    ContractCase c = sized(20, 24, 70);
    c.tf32 = tf32;
    ContractRun clean(c);
    c.poisoned = 7;
    ContractRun poisoned(c);
    ASSERT_TRUE(clean.ok && poisoned.ok);
    ASSERT_EQ(clean.values.size(), poisoned.values.size());
    for (size_t i = 0; i < clean.values.size(); ++i) {
      if (int64_t(i) / c.n == c.poisoned)
        EXPECT_NE(poisoned.values[i], poisoned.values[i]);
      else
        EXPECT_EQ(clean.values[i], poisoned.values[i]);
    }
  }
}

TEST(GpuContract, DoesWhatThePlanSays) {
  for (bool tf32 : {false, true})
    for (const char *tile : {"128, 128", "64, 64", "16, 128"}) {
      ContractCase c = sized(150, 200, 200);
      c.tf32 = tf32;
      c.schedule = std::string("tile = [") + tile + "], block = 3, unroll = 1";
      SCOPED_TRACE(c.name());
      ContractRun run(c);
      ASSERT_TRUE(run.ok) << run.error;
      int64_t product = 16 * 8 * (tf32 ? 8 : 16);
      EXPECT_EQ(int64_t(run.statistics.count("mma.sync")) * product, run.plan.multiplyAdds);
      // All of it even: no element is loaded alone, no bank is met twice.
      EXPECT_EQ(run.statistics.conflicts(), 0u);
      EXPECT_EQ(run.statistics.count("ld.global.b16") + run.statistics.count("ld.global.u16"), 0u);
    }
}

TEST(GpuContract, FitsIntoRegisters) {
  if (findPtxas().empty())
    GTEST_SKIP() << "no ptxas";
  for (const char *arch : {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100", "sm_120"})
    for (const char *epilogue : {"", "all"})
      for (int form = 0; form < 3; ++form) {
        ContractCase c = sized(1, 768, 768);
        c.arch = arch;
        c.epilogue = epilogue;
        c.tf32 = form == 1;
        c.wideRows = form == 2;
        SCOPED_TRACE(c.name());
        GpuKernel *kernel = c.kernel();
        ASSERT_TRUE(kernel);
        EXPECT_EQ(kernel->spillBytes, 0);
        EXPECT_LE(kernel->shared, kernel->target.sharedLimit());
      }
}

TEST(GpuContract, ChoosesTiles) {
  GpuTarget target = *GpuTarget::get("sm_80");
  auto choose = [&](int64_t n, llvm::ArrayRef<int64_t> calls) {
    ContractTile tile = chooseContractTile(768, n, 2, calls, target);
    return std::pair(tile.rows, tile.columns);
  };
  EXPECT_EQ(choose(3072, {64 * 1312}), std::pair(int64_t(128), int64_t(128)));
  EXPECT_EQ(choose(768, {4}).first, 16);
  EXPECT_EQ(choose(10, {64 * 1312}).second, 64);
  EXPECT_EQ(choose(768, {}), std::pair(int64_t(128), int64_t(128)));
  // The many rows of one call weigh more than the few of another.
  EXPECT_EQ(choose(3072, {4, 64 * 1312}), choose(3072, {64 * 1312}));

  // In a module: by its calls, and a schedule that is there stays.
  ContractCase c = sized(0, 768, 768);
  std::string text = c.text();
  c.schedule = "tile = [64, 64], block = 2, unroll = 1";
  std::string fixed = c.text();
  fixed.replace(fixed.find("@k"), 2, "@fixed");
  const char *body = R"(
    %x = tensor.empty() : tensor<1x4x768xbf16>
    %w = tensor.empty() : tensor<768x768xbf16>
    %y = tensor.empty() : tensor<1x4x768xbf16>
    %0 = zorro.call @k(%x, %w) into %y shape tensor<1x4x768xbf16> offset 0
        strides [3072, 768, 1] : (tensor<1x4x768xbf16>, tensor<768x768xbf16>)
        into tensor<1x4x768xbf16> -> tensor<1x4x768xbf16>
    %1 = zorro.call @fixed(%x, %w) into %y shape tensor<1x4x768xbf16> offset 0
        strides [3072, 768, 1] : (tensor<1x4x768xbf16>, tensor<768x768xbf16>)
        into tensor<1x4x768xbf16> -> tensor<1x4x768xbf16>
    return
  )";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      text + fixed + "func.func @f() {" + body + "}", &context());
  ASSERT_TRUE(module);
  chooseContractTiles(*module, target);
  auto rowsOf = [&](llvm::StringRef name) {
    ScheduleAttr schedule = module->lookupSymbol<KernelOp>(name).getScheduleAttr();
    return schedule ? schedule.getTile()[0] : 0;
  };
  EXPECT_EQ(rowsOf("k"), 16);
  EXPECT_EQ(rowsOf("fixed"), 64);
}

TEST(GpuContract, Empty) {
  ContractCase c = sized(0, 24, 64);
  ContractRun run(c);
  ASSERT_TRUE(run.ok) << run.error;
  EXPECT_EQ(run.plan.tasks, 0);
  EXPECT_EQ(run.plan.multiplyAdds, 0);
}

TEST(GpuContract, Refuses) {
  auto message = [](const ContractCase &c) {
    std::string said;
    mlir::ScopedDiagnosticHandler handler(&context(), [&](mlir::Diagnostic &diagnostic) {
      said += diagnostic.str();
      return mlir::success();
    });
    EXPECT_FALSE(c.kernel());
    return said;
  };
  ContractCase c = sized(1, 24, 64);
  c.schedule = "tile = [48, 64], block = 3, unroll = 1";
  EXPECT_NE(message(c).find("expected a schedule with a tile of 16, 32, 64 or 128 rows"),
            std::string::npos);
  c.schedule = "tile = [128, 128], block = 8, unroll = 1";
  EXPECT_NE(message(c).find("unsupported: 262144 bytes of shared memory"), std::string::npos);
  c.schedule = "";
  c.normalised = true;
  EXPECT_NE(message(c).find("unsupported: a norm inside a contraction"), std::string::npos);
  c.normalised = false;
  c.precision = Precision::F32;
  EXPECT_NE(message(c).find("unsupported: a matrix of"), std::string::npos);
}

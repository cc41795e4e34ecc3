//===- ContractCase.h - A contraction to run, and what comes out -------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_LOWERING_GPU_CONTRACTCASE_H
#define ZORRO_TEST_LOWERING_GPU_CONTRACTCASE_H

#include "Harness.h"

namespace zorro::test {

struct ContractCase {
  int64_t batches = 1, rows = 1, n = 64, k = 64;
  bool tf32 = false;     ///< else bf16
  bool wideRows = false; ///< bf16 products of rows that lie in memory as f32
  bool result32 = false; ///< bf16 products, an f32 result
  int64_t gap = 0;       ///< elements between rows, of all operands that have rows; NaN
  int64_t offset = 0;    ///< elements before all of them
  int64_t firstRow = 0;  ///< the rows before are not computed
  int64_t poisoned = -1; ///< a row with a NaN and an infinity
  int64_t infinite = -1; ///< a row that ends with an infinity
  bool normalised = false;
  std::string epilogue, schedule, arch = "sm_80";
  std::optional<Precision> precision; ///< of the target, if it is another
  uint64_t limit = 0;                 ///< warp instructions of a block, if fewer than usual

  std::string name() const;
  std::string text() const;
  GpuKernel *kernel() const;
  /// Of the largest value.
  double tolerance() const { return tf32 ? 2e-3 : result32 ? 1e-4 : 4e-3; }
};

/// What the interpreter makes of a case.
struct ContractRun {
  explicit ContractRun(const ContractCase &c);

  bool ok = false;
  std::string error;
  LaunchPlan plan;
  ptx::Statistics statistics;
  std::vector<uint8_t> result; ///< its rows' bytes, without gaps
  std::vector<float> values;   ///< the same as numbers
  double error64 = 0;          ///< against double precision, of the largest value
  bool untouched = false;      ///< nothing around the result has changed
};

} // namespace zorro::test

#endif // ZORRO_TEST_LOWERING_GPU_CONTRACTCASE_H

//===- ClaimCheck.h - Claims of the analysis against numbers ------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every element of every value is compared under changes of one input: what changes must be claimed,
// what is claimed to be known must be so.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PASSES_SPECIALISE_CLAIMCHECK_H
#define ZORRO_TEST_PASSES_SPECIALISE_CLAIMCHECK_H

#include "Interpreter.h"

#include "passes/Analysis/StreamDependence.h"

#include <random>

namespace zorro::test {

/// Numbers for a tensor; of booleans all true, if wanted.
Numbers randomNumbers(mlir::Type type, std::mt19937 &engine, bool allTrue = false);
bool isSame(double a, double b);

struct ClaimCheck {
  size_t elements = 0, seen = 0, claimed = 0;
  size_t unclaimed = 0, wrongConstants = 0, hiddenNaNs = 0; // faults
  size_t liveRuns = 0; // runs in which padding emptied no row

  size_t faults() const { return unclaimed + wrongConstants + hiddenNaNs; }
  /// Checks @main of a function that writeRandomFunction() wrote, without and with the promise that
  /// its rows are live.
  void run(mlir::func::FuncOp main, std::mt19937 &engine);

private:
  void compare(const StreamDependence &streams, const Values &before, const Values &after,
               unsigned changed);
};

} // namespace zorro::test

#endif // ZORRO_TEST_PASSES_SPECIALISE_CLAIMCHECK_H

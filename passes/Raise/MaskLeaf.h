//===- MaskLeaf.h - The stored tensors that masks are made of ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A constant, or a weight that is read in chunks: a mask of 16,384 x 16,384 is never in memory as a
// whole unless it is read column by column.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKLEAF_H
#define ZORRO_PASSES_RAISE_MASKLEAF_H

#include "passes/Raise/Constants.h"
#include "passes/Raise/MaskRuns.h"

namespace zorro::raise {

class MaskLeaf {
public:
  /// `value` is an `arith.constant` or a `zorro.weight_ref`, of the type `number`.
  MaskLeaf(mlir::Value value, NumberType number, Constants &constants);

  /// Appends elements base, base + stride, … of the row-major tensor; false, with a reason, where
  /// they cannot be read.
  bool read(int64_t base, int64_t stride, int64_t count, Runs &out);
  const std::string &getReason() const { return reason; }

private:
  bool open();
  bool load(int64_t first, int64_t count);
  double numberAt(int64_t i) const;

  mlir::Value value;
  NumberType number;
  Constants &constants;
  WeightOp weight; // where it is read from a file
  bool opened = false;
  int64_t elements = 0, elementBytes = 1;
  int64_t loaded = 0;      // first element in `bytes`
  std::vector<char> bytes; // one byte per bool
  std::vector<double> numbers;
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKLEAF_H

//===- TokenAxis.h - Where a token axis comes from ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Follows one axis of a value backwards, through whatever keeps its elements apart and in order.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_TOKENAXIS_H
#define ZORRO_PASSES_RAISE_TOKENAXIS_H

#include "dialects/Zorro/Zorro.h"

#include "llvm/ADT/DenseMap.h"

namespace zorro::raise {

/// What lays tokens out along an axis: a concatenation, a join, or the queries of an attention that
/// none of these feeds.
struct TokenOrigin {
  mlir::Operation *op = nullptr;
  int64_t axis = 0; // of the result of `op`

  explicit operator bool() const { return op; }
};

class TokenAxes {
public:
  /// The origin of axis `axis` of `value`; none where it is no sequence.
  TokenOrigin find(mlir::Value value, int64_t axis);

private:
  TokenOrigin compute(mlir::Value value, int64_t axis);

  llvm::DenseMap<std::pair<mlir::Value, int64_t>, TokenOrigin> known;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_TOKENAXIS_H

//===- KeySpan.h - Keys that a query segment sees ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_KEYSPAN_H
#define ZORRO_DIALECTS_ZORRO_KEYSPAN_H

#include <algorithm>
#include <cstdint>

namespace zorro {

/// Query i (counted from the first query of the whole axis, as are the keys) sees key j where
/// begin <= j < end and low <= j - i <= high. A limit that is absent is 2^40 away.
struct KeySpan {
  int64_t begin, end;
  int64_t low, high;

  static constexpr int64_t kFar = int64_t(1) << 39;
  bool isBand() const { return low > -kFar || high < kFar; }
  int64_t beginFor(int64_t query) const { return std::max(begin, query + low); }
  int64_t endFor(int64_t query) const { return std::min(end, query + high + 1); }
};

} // namespace zorro

#endif // ZORRO_DIALECTS_ZORRO_KEYSPAN_H

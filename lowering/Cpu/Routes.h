//===- Routes.h - Masks as neighbouring queries under one rule ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What the planners of attention read out of a mask, whatever the target.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_ROUTES_H
#define ZORRO_LOWERING_CPU_ROUTES_H

#include "dialects/Zorro/Zorro.h"

namespace zorro {

/// Keys of a route, and where they are read from.
struct RouteSpan : KeySpan {
  int64_t from = 0;  ///< the beginning of the key segment
  int64_t shift = 0; ///< key j lies in row j - shift

  bool operator==(const RouteSpan &other) const {
    return begin == other.begin && end == other.end && !isBand() && !other.isBand();
  }
};

/// Neighbouring queries under one rule: intervals, then bands.
struct Route {
  int64_t begin, end;
  llvm::SmallVector<RouteSpan> spans;
};

/// The routes of all `queries`, ascending, without gaps. A null mask lets every query see every key.
llvm::SmallVector<Route> getRoutes(MaskAttr mask, int64_t queries, int64_t keys);

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_ROUTES_H

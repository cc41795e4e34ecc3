//===- Routes.cpp - Masks as neighbouring queries under one rule --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Routes.h"

using namespace mlir;
using namespace zorro;

SmallVector<Route> zorro::getRoutes(MaskAttr mask, int64_t queries, int64_t keys) {
  if (!mask) {
    Route all{0, queries, {}};
    if (keys > 0)
      all.spans.push_back({{0, keys, -2 * KeySpan::kFar, 2 * KeySpan::kFar}});
    return {all};
  }
  SmallVector<Route> routes;
  StreamsAttr segments = mask.getQueries(), sources = mask.getKeys();
  for (unsigned i = 0; i < segments.getCount(); ++i) {
    Route route{segments.getBegin(i), segments.getBegin(i) + segments.getSizes()[i], {}};
    for (const KeySpan &span : mask.getSpans(i))
      if (span.begin < span.end)
        route.spans.push_back({span, sources.getBegin(MaskAttr::segmentOf(sources, span.begin))});
    llvm::stable_sort(route.spans, [](const RouteSpan &a, const RouteSpan &b) {
      return a.isBand() < b.isBand();
    });
    if (!routes.empty() && routes.back().spans == route.spans)
      routes.back().end = route.end;
    else
      routes.push_back(route);
  }
  return routes;
}

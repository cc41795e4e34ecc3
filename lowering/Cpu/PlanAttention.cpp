//===- PlanAttention.cpp - Masks into tables of key intervals -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Attention.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace zorro;

namespace {
/// Neighbouring queries that see the same keys.
struct Route {
  int64_t begin, end;
  SmallVector<std::pair<int64_t, int64_t>> keys;
  int64_t count; ///< of intervals, or what an empty row gives
};
} // namespace

static SmallVector<Route> getRoutes(MaskAttr mask, int64_t queries, int64_t keys) {
  SmallVector<Route> routes;
  if (!mask) {
    routes.push_back({0, queries, {{0, keys}}, 1});
    return routes;
  }
  StreamsAttr segments = mask.getQueries();
  for (unsigned i = 0; i < segments.getCount(); ++i) {
    int64_t begin = segments.getBegin(i), end = begin + segments.getSizes()[i];
    Route route{begin, end, mask.getIntervals(i), 0};
    route.count = route.keys.size();
    if (mask.isEmptyRow(i)) {
      route.keys.clear();
      route.count = mask.getEmpty() == EmptyRow::Uniform ? AttentionShape::kUniform
                    : mask.getEmpty() == EmptyRow::Zero  ? AttentionShape::kZero
                                                         : 0;
    }
    if (!routes.empty() && routes.back().keys == route.keys && routes.back().count == route.count)
      routes.back().end = end;
    else
      routes.push_back(route);
  }
  return routes;
}

FailureOr<LaunchPlan> zorro::planAttention(KernelOp kernel, const CpuTarget &target,
                                           ArrayRef<Operand> inputs, const Operand &result,
                                           MaskAttr mask, FloatAttr scale) {
  FailureOr<AttentionShape> shape = AttentionShape::get(kernel, target);
  if (failed(shape))
    return failure();
  if (!scale)
    return kernel.emitOpError() << "expected a scale for a call of an attention kernel";
  const Operand *operands[] = {&inputs[shape->arguments[0]], &inputs[shape->arguments[1]],
                               &inputs[shape->arguments[2]], &result};
  for (const Operand *operand : operands)
    if (operand->strides[3] != 1 && operand->sizes[3] > 1)
      return kernel.emitOpError() << "expected heads with a stride of 1 but got "
                                  << operand->strides[3];
  int64_t queries = operands[0]->sizes[2], keys = operands[1]->sizes[2];
  if (mask && (mask.getQueries().getTotal() != queries || mask.getKeys().getTotal() != keys))
    return kernel.emitOpError() << "expected a mask of " << queries << " queries and " << keys
                                << " keys but got " << mask.getQueries().getTotal() << " and "
                                << mask.getKeys().getTotal();

  LaunchPlan plan;
  SmallVector<int64_t> blocks, intervals;
  SmallVector<Route> routes = getRoutes(mask, queries, keys);
  int64_t count = 0, pairs = 0;
  for (const Route &route : routes)
    count += llvm::divideCeil(route.end - route.begin, shape->queryBlock());
  for (const Route &route : routes) {
    int64_t at = count * AttentionShape::kBlockWords + intervals.size(), live = 0;
    for (auto [begin, end] : route.keys) {
      intervals.append({begin, end});
      live += end - begin;
    }
    // Worth a copy where the head's rows are apart and several blocks read them.
    bool apart = operands[1]->strides[2] != shape->headSize ||
                 operands[2]->strides[2] != shape->valueSize;
    bool gather = apart && live <= shape->gatheredKeys() &&
                  route.end - route.begin >= 4 * shape->queryBlock();
    for (int64_t q = route.begin; q < route.end; q += shape->queryBlock()) {
      int64_t size = std::min(route.end - q, shape->queryBlock());
      blocks.append({q, size, at, route.count, gather});
      bool wide = size > 2 * shape->lanes;
      pairs += live * (wide ? shape->queryBlock() : int64_t(llvm::alignTo(size, shape->lanes)));
    }
  }
  plan.table = blocks;
  plan.table->append(intervals);

  int64_t batches = result.sizes[0], heads = result.sizes[1];
  float factor = scale.getValue().convertToDouble() * 1.4426950408889634074;
  plan.scalars = {heads, count, keys, int64_t(llvm::bit_cast<uint32_t>(factor))};
  for (const Operand *operand : operands)
    plan.scalars.append({operand->strides[0], operand->strides[1], operand->strides[2]});
  plan.tasks = batches * heads * count;
  plan.multiplyAdds = batches * heads * pairs * (shape->headSize + shape->valueSize);
  return plan;
}

//===- PlanAttention.cpp - Masks into tables of key spans ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Attention.h"
#include "lowering/Cpu/Routes.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace zorro;

namespace {

/// Fills a table and counts the work that it stands for.
class TableBuilder {
public:
  TableBuilder(const AttentionShape &shape, ArrayRef<Route> routes, EmptyRow empty)
      : shape(shape), empty(empty) {
    for (const Route &route : routes)
      count += llvm::divideCeil(route.end - route.begin, shape.queryBlock());
  }

  void add(Route route, bool gather);
  SmallVector<int64_t> take() {
    llvm::append_range(blocks, lists);
    return std::move(blocks);
  }

  int64_t count = 0; ///< blocks of queries
  int64_t multiplyAdds = 0;

private:
  /// Where the next list will lie in the table.
  int64_t next() const { return count * AttentionShape::kBlockWords + lists.size(); }
  int64_t addSpans(const Route &route, int64_t first, int64_t size);
  void addWork(int64_t keys);

  const AttentionShape &shape;
  EmptyRow empty;
  SmallVector<int64_t> blocks, lists;
  int64_t lanes = 0, tile = 0; // of the block that is being added
};

} // namespace

/// A block of `keys` keys: scores in whole tiles if one fits, values key by key.
void TableBuilder::addWork(int64_t keys) {
  int64_t scores = keys >= tile ? int64_t(llvm::alignTo(keys, tile)) : keys;
  multiplyAdds += lanes * (scores * shape.headSize + keys * shape.valueSize);
}

/// The records of what queries [first, first + size) see; gives their number.
int64_t TableBuilder::addSpans(const Route &route, int64_t first, int64_t size) {
  int64_t spans = 0, last = first + size - 1, plain = 0, block = shape.keyBlock;
  int64_t intervals = llvm::count_if(route.spans, [](const RouteSpan &s) { return !s.isBand(); });
  for (const RouteSpan &span : route.spans) {
    // Between what one of the queries sees and what all of them do.
    int64_t begin = span.beginFor(first), end = span.endFor(last);
    if (begin >= end && span.isBand())
      continue;
    int64_t full = begin;
    if (span.beginFor(last) <= begin)
      full = std::clamp(span.endFor(first), begin, end);
    int64_t kind = span.isBand()        ? AttentionShape::kBand
                   : --intervals == 0   ? AttentionShape::kCloses
                                        : AttentionShape::kContinues;
    auto limit = [](int64_t value) {
      return std::clamp(value, -AttentionShape::kFar, AttentionShape::kFar);
    };
    lists.append({kind, span.from, begin, end, full, limit(span.low), limit(span.high),
                  span.shift});
    ++spans;
    if (!span.isBand()) {
      plain += end - begin;
      continue;
    }
    for (int64_t at = begin; at < end;) {
      int64_t stop = std::min(end, at + block - (at - span.from) % block);
      addWork(stop - at);
      at = stop;
    }
  }
  for (int64_t at = 0; at < plain; at += block)
    addWork(std::min(block, plain - at));
  return spans;
}

void TableBuilder::add(Route route, bool gather) {
  int64_t gatherAt = next(), gathered = 0;
  for (RouteSpan &span : route.spans) {
    if (!gather)
      break;
    lists.append({span.begin, span.end});
    span.shift = span.begin - gathered;
    gathered += span.end - span.begin;
  }
  bool banded = llvm::any_of(route.spans, [](const RouteSpan &span) { return span.isBand(); });
  int64_t at = 0, spans = 0;
  for (int64_t q = route.begin; q < route.end; q += shape.queryBlock()) {
    int64_t size = std::min(route.end - q, shape.queryBlock());
    bool wide = size > 2 * shape.lanes;
    lanes = wide ? shape.queryBlock() : int64_t(llvm::alignTo(size, shape.lanes));
    tile = wide ? shape.wideTile : shape.narrowTile;
    // Without a band all blocks of the route read the same records.
    size_t before = lists.size();
    int64_t here = next(), found = addSpans(route, q, size);
    if (banded || q == route.begin) {
      at = here;
      spans = found;
    } else {
      lists.truncate(before);
    }
    blocks.append({q, size, at, spans, int64_t(empty), gatherAt,
                   gather ? int64_t(route.spans.size()) : 0});
  }
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
  int64_t batches = result.sizes[0], heads = result.sizes[1];
  int64_t queries = operands[0]->sizes[2], keys = operands[1]->sizes[2];
  if (mask && (mask.getQueries().getTotal() != queries || mask.getKeys().getTotal() != keys))
    return kernel.emitOpError() << "expected a mask of " << queries << " queries and " << keys
                                << " keys but got " << mask.getQueries().getTotal() << " and "
                                << mask.getKeys().getTotal();
  if (queries >= AttentionShape::kFar || keys >= AttentionShape::kFar)
    return kernel.emitOpError() << "limit: expected fewer than " << AttentionShape::kFar
                                << " tokens but got " << std::max(queries, keys);
  const Operand *padding = shape->padding >= 0 ? &inputs[shape->padding] : nullptr;
  if (padding && (padding->sizes[1] != keys ||
                  (padding->sizes[0] != 1 && padding->sizes[0] != batches)))
    return kernel.emitOpError() << "expected a padding of [" << batches << " or 1, " << keys
                                << "] but got [" << padding->sizes[0] << ", " << padding->sizes[1]
                                << "]";
  if (padding && padding->strides[1] != 1 && keys > 1)
    return kernel.emitOpError() << "expected a padding with a stride of 1 but got "
                                << padding->strides[1];

  SmallVector<Route> routes = getRoutes(mask, queries, keys);
  TableBuilder table(*shape, routes, mask ? mask.getEmpty() : EmptyRow::Nan);
  // Worth a copy where the head's rows are apart and several blocks read them.
  bool apart = operands[1]->strides[2] != shape->headSize ||
               operands[2]->strides[2] != shape->valueSize;
  for (const Route &route : routes) {
    int64_t live = 0;
    for (const RouteSpan &span : route.spans)
      live += span.end - span.begin;
    table.add(route, apart && live <= shape->gatheredKeys() &&
                         route.end - route.begin >= 4 * shape->queryBlock());
  }

  LaunchPlan plan;
  plan.table = table.take();
  float factor = scale.getValue().convertToDouble() * 1.4426950408889634074;
  plan.scalars = {heads, table.count, keys, int64_t(llvm::bit_cast<uint32_t>(factor))};
  for (const Operand *operand : operands)
    plan.scalars.append({operand->strides[0], operand->strides[1], operand->strides[2]});
  if (padding)
    plan.scalars.push_back(padding->sizes[0] == 1 ? 0 : padding->strides[0]);
  plan.tasks = batches * heads * table.count;
  plan.multiplyAdds = batches * heads * table.multiplyAdds;
  return plan;
}

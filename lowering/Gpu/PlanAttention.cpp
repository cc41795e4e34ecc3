//===- PlanAttention.cpp - Masks into tables of key blocks --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Routes.h"
#include "lowering/Gpu/Attention.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace zorro;

namespace {

using Shape = DeviceAttention;

/// Fills a table and counts the work that it stands for.
class TableBuilder {
public:
  TableBuilder(const Shape &shape, int64_t tileRows, EmptyRow empty, ArrayRef<Route> routes)
      : shape(shape), tileRows(tileRows), empty(empty) {
    for (const Route &route : routes)
      count += llvm::divideCeil(route.end - route.begin, tileRows);
  }

  void add(const Route &route);
  SmallVector<int64_t> take();

  int64_t count = 0; ///< tiles of a head
  int64_t multiplyAdds = 0;

private:
  using Tile = std::array<int64_t, Shape::kTileWords>;
  int64_t next() const { return count * Shape::kTileWords + rest.size(); }
  void addIntervals(const Route &route, SmallVectorImpl<int64_t> &blocks);
  void addBand(const RouteSpan &span, int64_t first, int64_t size,
               SmallVectorImpl<int64_t> &blocks);

  const Shape &shape;
  int64_t tileRows;
  EmptyRow empty;
  SmallVector<Tile> tiles;
  SmallVector<int64_t> rest; // behind the tiles
};

} // namespace

/// The keys of all intervals, one behind the other, in blocks. Keys that are not neighbours become a
/// list, its end filled up by repetition.
void TableBuilder::addIntervals(const Route &route, SmallVectorImpl<int64_t> &blocks) {
  SmallVector<int64_t> keys;
  auto close = [&] {
    int64_t size = keys.size(), listAt = 0;
    if (keys.back() - keys.front() != size - 1) {
      listAt = next();
      llvm::append_range(rest, keys);
      rest.append(Shape::kKeys - size, keys.back());
    }
    blocks.append({keys.front(), listAt, size << 8, -Shape::kFar, Shape::kFar});
    keys.clear();
  };
  for (const RouteSpan &span : route.spans)
    for (int64_t key = span.begin; !span.isBand() && key < span.end; ++key) {
      keys.push_back(key);
      if (int64_t(keys.size()) == Shape::kKeys)
        close();
    }
  if (!keys.empty())
    close();
}

/// What queries [first, first + size) see of a band.
void TableBuilder::addBand(const RouteSpan &span, int64_t first, int64_t size,
                           SmallVectorImpl<int64_t> &blocks) {
  int64_t last = first + size - 1;
  int64_t begin = span.beginFor(first), end = span.endFor(last);
  // Of the keys that some query sees, all see [fullBegin, fullEnd).
  int64_t fullBegin = span.beginFor(last), fullEnd = span.endFor(first);
  auto limit = [](int64_t value) { return std::clamp(value, -Shape::kFar, Shape::kFar); };
  for (int64_t at = begin; at < end;) {
    int64_t key = at - (at - span.from) % Shape::kKeys;
    int64_t stop = std::min(end, key + Shape::kKeys);
    bool ragged = at < fullBegin || fullEnd < stop;
    blocks.append({key, 0, (at - key) | (stop - key) << 8 | int64_t(ragged) << 16,
                   ragged ? limit(span.low + first - key) : -Shape::kFar,
                   ragged ? limit(span.high + first - key) : Shape::kFar});
    at = stop;
  }
}

void TableBuilder::add(const Route &route) {
  SmallVector<int64_t> plain;
  addIntervals(route, plain);
  int64_t keys = 0, plainAt = 0;
  bool banded = false;
  for (const RouteSpan &span : route.spans) {
    keys += span.isBand() ? 0 : span.end - span.begin;
    banded |= span.isBand();
  }
  if (!banded) { // all tiles read the same records
    plainAt = next();
    llvm::append_range(rest, plain);
  }
  for (int64_t q = route.begin; q < route.end; q += tileRows) {
    int64_t size = std::min(route.end - q, tileRows), at = plainAt;
    SmallVector<int64_t> blocks = plain;
    if (banded) {
      for (const RouteSpan &span : route.spans)
        if (span.isBand())
          addBand(span, q, size, blocks);
      at = next();
      llvm::append_range(rest, blocks);
    }
    int64_t number = blocks.size() / Shape::kBlockWords;
    tiles.push_back({q, size, at, number, keys, int64_t(empty)});
    int64_t rows = llvm::alignTo(size, size > Shape::kRows ? 32 : 16);
    multiplyAdds += rows * number * Shape::kKeys * (shape.filledHead() + shape.filledValue());
  }
}

SmallVector<int64_t> TableBuilder::take() {
  llvm::stable_sort(tiles, [](const Tile &a, const Tile &b) {
    return a[Shape::kBlocks] * a[Shape::kCount] > b[Shape::kBlocks] * b[Shape::kCount];
  });
  SmallVector<int64_t> table;
  for (const Tile &tile : tiles)
    llvm::append_range(table, tile);
  llvm::append_range(table, rest);
  return table;
}

FailureOr<LaunchPlan> zorro::planDeviceAttention(KernelOp kernel, const GpuTarget &target,
                                                 ArrayRef<Operand> inputs, const Operand &result,
                                                 MaskAttr mask, FloatAttr scale) {
  FailureOr<Shape> shape = Shape::get(kernel, target);
  if (failed(shape))
    return failure();
  if (!scale)
    return kernel.emitOpError() << "expected a scale for a call of an attention kernel";
  float factor = scale.getValue().convertToDouble() * 1.4426950408889634074;
  if (!(factor > 0) || std::isinf(factor))
    return kernel.emitOpError() << "unsupported: a scale of " << scale.getValue().convertToDouble()
                                << " on a GPU; positive ones are there";
  const Operand *operands[] = {&inputs[shape->arguments[0]], &inputs[shape->arguments[1]],
                               &inputs[shape->arguments[2]], &result};
  for (const Operand *operand : operands) {
    if (operand->sizes.size() != 4 || operand->strides.size() != 4)
      return kernel.emitOpError() << "expected operands [batch, heads, tokens, head size]";
    if (operand->strides[3] != 1 && operand->sizes[3] > 1)
      return kernel.emitOpError() << "expected heads with a stride of 1 but got "
                                  << operand->strides[3];
    if (std::abs(operand->strides[2]) >= Shape::kFar)
      return kernel.emitOpError() << "limit: expected tokens less than " << Shape::kFar
                                  << " numbers apart but got " << operand->strides[2];
  }
  int64_t batches = result.sizes[0], heads = result.sizes[1];
  int64_t queries = operands[0]->sizes[2], keys = operands[1]->sizes[2];
  if (mask && (mask.getQueries().getTotal() != queries || mask.getKeys().getTotal() != keys))
    return kernel.emitOpError() << "expected a mask of " << queries << " queries and " << keys
                                << " keys but got " << mask.getQueries().getTotal() << " and "
                                << mask.getKeys().getTotal();
  if (queries >= Shape::kFar || keys >= Shape::kFar)
    return kernel.emitOpError() << "limit: expected fewer than " << Shape::kFar
                                << " tokens but got " << std::max(queries, keys);
  const Operand *padding = shape->padding >= 0 ? &inputs[shape->padding] : nullptr;
  if (padding && (padding->sizes.size() != 2 || padding->sizes[1] != keys ||
                  (padding->sizes[0] != 1 && padding->sizes[0] != batches)))
    return kernel.emitOpError() << "expected a padding of [" << batches << " or 1, " << keys << "]";
  if (padding && padding->strides[1] != 1 && keys > 1)
    return kernel.emitOpError() << "expected a padding with a stride of 1 but got "
                                << padding->strides[1];

  SmallVector<Route> routes = getRoutes(mask, queries, keys);
  int64_t rows = shape->tileRows;
  if (!rows) { // wide tiles, where they keep a large GPU busy
    int64_t tiles = 0;
    for (const Route &route : routes)
      tiles += llvm::divideCeil(route.end - route.begin, shape->rows());
    rows = batches * heads * tiles < 132 ? Shape::kRows : shape->rows();
  }
  TableBuilder table(*shape, rows, mask ? mask.getEmpty() : EmptyRow::Nan, routes);
  for (const Route &route : routes)
    table.add(route);

  LaunchPlan plan;
  plan.table = table.take();
  if (int64_t(plan.table->size()) >= Shape::kFar / 2)
    return kernel.emitOpError() << "limit: expected a table of fewer than " << Shape::kFar / 2
                                << " words but got " << plan.table->size();
  plan.scalars = {heads, table.count, keys, int64_t(llvm::bit_cast<uint32_t>(factor))};
  for (const Operand *operand : operands)
    plan.scalars.append({operand->strides[0], operand->strides[1], operand->strides[2]});
  if (padding)
    plan.scalars.push_back(padding->sizes[0] == 1 ? 0 : padding->strides[0]);
  plan.tasks = batches * heads * table.count;
  plan.multiplyAdds = batches * heads * table.multiplyAdds;
  return plan;
}

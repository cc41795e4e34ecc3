//===- Absent.cpp - Mask out the tokens of absent inputs --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Attentions are taken in order: what the first ones no longer mix in, the later ones find made of
// present inputs alone.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Specialise/Absent.h"

#include "passes/Analysis/StreamDependence.h"
#include "passes/Specialise/CutMask.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;

/// The tokens (axis 2) that depend on inputs of `absent` and on no other.
static Intervals madeOf(const GridValue &grid, uint64_t absent) {
  Intervals tokens;
  ArrayRef<int64_t> shape = grid.getShape();
  for (unsigned s = 0; s != grid.getSegments(2); ++s) {
    IndexRange range = {grid.getCuts(2)[s], grid.getCuts(2)[s + 1]};
    uint64_t taint = grid.joinBox({{0, shape[0]}, {0, shape[1]}, range, {0, shape[3]}}).taint;
    if ((taint & absent) && !(taint & ~absent))
      tokens = uniteIntervals(tokens, {range});
  }
  return tokens;
}

static Intervals inBoth(const Intervals &a, const Intervals &b) {
  Intervals both;
  for (IndexRange range : a)
    both = uniteIntervals(both, shiftIntervals(cutInterval(b, range), range.begin));
  return both;
}

static SmallVector<int64_t> endsOf(const Intervals &ranges) {
  SmallVector<int64_t> ends;
  for (IndexRange range : ranges)
    ends.append({range.begin, range.end});
  return ends;
}

static bool lies(StreamsAttr streams, unsigned part, const Intervals &in) {
  int64_t begin = streams.getBegin(part);
  return containsAll(in, {{begin, begin + streams.getSizes()[part]}});
}

static int64_t countEmpty(MaskAttr mask, unsigned query) {
  int64_t count = 0;
  if (mask.hasEmptyQuery(query))
    for (int64_t i = 0; i != mask.getQueries().getSizes()[query]; ++i)
      count += mask.getLiveKeys(query, i) == 0;
  return count;
}

/// `mask` without the keys of one row that lie in `absent` (or, reversed, that do not). Nothing
/// where a query would lose its last key.
static std::optional<MaskAttr> dropKeys(MaskAttr mask, unsigned query, const Intervals &absent,
                                        bool reversed) {
  SmallVector<EntryAttr> entries(mask.getEntries());
  unsigned keys = mask.getKeys().getCount();
  for (unsigned k = 0; k != keys; ++k)
    if (lies(mask.getKeys(), k, absent) != reversed)
      entries[query * keys + k] = EntryAttr::getNone(mask.getContext());
  auto dropped = MaskAttr::get(mask.getContext(), mask.getQueries(), mask.getKeys(), entries,
                               mask.getEmpty());
  if (countEmpty(dropped, query) != countEmpty(mask, query))
    return std::nullopt;
  return dropped;
}

/// The mask of `op` with segments that end where absent rows and keys do.
static MaskAttr refineMask(AttentionOp op, const Intervals &rows, const Intervals &keys) {
  MaskAttr mask = op.getMaskAttr();
  if (!mask) {
    auto segment = [&](Value tokens) {
      int64_t size = cast<RankedTensorType>(tokens.getType()).getDimSize(2);
      return StreamsAttr::get(op.getContext(), {StringAttr::get(op.getContext(), "tokens")},
                              {size});
    };
    mask = MaskAttr::get(op.getContext(), segment(op.getQ()), segment(op.getK()),
                         ArrayRef<bool>{true}, EmptyRow::Nan);
  }
  return cutMask(mask, partsBetween(mask.getQueries(), endsOf(rows)),
                 partsBetween(mask.getKeys(), endsOf(keys)));
}

/// Rows of absent tokens become what their queries were, so that they stay made of absent inputs.
static void severRows(AttentionOp op, const Intervals &rows) {
  if (rows.empty() || op.getQ().getType() != op.getType())
    return;
  OpBuilder builder(op);
  builder.setInsertionPointAfter(op);
  ArrayRef<int64_t> shape = op.getType().getShape();
  SmallVector<Value> pieces;
  SmallPtrSet<Operation *, 8> slices;
  auto add = [&](Value source, int64_t begin, int64_t end) {
    if (begin == end)
      return;
    SmallVector<OpFoldResult> offsets(4, builder.getIndexAttr(0)), sizes,
        strides(4, builder.getIndexAttr(1));
    for (int64_t length : shape)
      sizes.push_back(builder.getIndexAttr(length));
    offsets[2] = builder.getIndexAttr(begin);
    sizes[2] = builder.getIndexAttr(end - begin);
    pieces.push_back(
        tensor::ExtractSliceOp::create(builder, op.getLoc(), source, offsets, sizes, strides));
    slices.insert(pieces.back().getDefiningOp());
  };
  int64_t at = 0;
  for (IndexRange range : rows) {
    add(op.getResult(), at, range.begin);
    add(op.getQ(), range.begin, range.end);
    at = range.end;
  }
  add(op.getResult(), at, shape[2]);
  Value joined = pieces.size() == 1
                     ? pieces.front()
                     : tensor::ConcatOp::create(builder, op.getLoc(), 2, pieces).getResult();
  slices.insert(joined.getDefiningOp());
  op.getResult().replaceAllUsesExcept(joined, slices);
}

void zorro::maskAbsent(func::FuncOp func, uint64_t absent) {
  for (AttentionOp op : llvm::to_vector(func.getOps<AttentionOp>())) {
    StreamDependence streams(func);
    Intervals rows = madeOf(streams.get(op.getQ()), absent);
    Intervals keys = inBoth(madeOf(streams.get(op.getK()), absent),
                            madeOf(streams.get(op.getV()), absent));
    if (rows.empty() && keys.empty())
      continue;
    MaskAttr mask = refineMask(op, rows, keys);
    // What decides on keys at run time is in the rows too.
    bool mixed = op.getPadding() && (streams.get(op.getPadding()).getTaint() & ~absent);
    Intervals severed;
    for (unsigned q = 0; q != mask.getQueries().getCount(); ++q) {
      bool isAbsent = lies(mask.getQueries(), q, rows);
      std::optional<MaskAttr> dropped = dropKeys(mask, q, keys, isAbsent);
      if (dropped)
        mask = *dropped;
      if (isAbsent && (mixed || !dropped)) {
        int64_t begin = mask.getQueries().getBegin(q);
        severed = uniteIntervals(severed, {{begin, begin + mask.getQueries().getSizes()[q]}});
      }
    }
    op.setMaskAttr(mask);
    severRows(op, severed);
  }
}

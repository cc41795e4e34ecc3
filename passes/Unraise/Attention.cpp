//===- Attention.cpp - Attention on slices -----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Queries that see the same keys form a group; each group is an attention of its own over the keys
// that it sees.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/Families.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;

namespace {
/// Neighbouring queries that see keys by the same rules; none of them sees any where there is none.
struct Group {
  int64_t begin, end;
  SmallVector<KeySpan> spans;
};

class AttentionWriter {
public:
  AttentionWriter(NodeWriter &writer, AttentionOp op, bool liveRows)
      : writer(writer), op(op), liveRows(liveRows),
        q(op.getQ()), k(op.getK()), v(op.getV()) {}

  Value write(int64_t &count);

private:
  Value writeGroup(const Group &group);
  Value writeEmpty(int64_t queries);
  /// Which scores of a group count, broadcast to [batch, heads, queries, keys]; null: all.
  Value writeMask(const Group &group, ArrayRef<KeySpan> columns);
  /// What a row that padding emptied gives instead of `y`.
  Value repair(Value y, Value mask);
  Value emptyRow();
  Value gather(Value x, int64_t axis, ArrayRef<KeySpan> columns);

  NodeWriter &writer;
  AttentionOp op;
  bool liveRows;
  Value q, k, v;
};
} // namespace

static bool isSame(const KeySpan &a, const KeySpan &b) {
  return a.begin == b.begin && a.end == b.end && a.low == b.low && a.high == b.high;
}

/// Groups from first to last query.
static SmallVector<Group> groupQueries(AttentionOp op) {
  int64_t queries = typeOf(op.getQ()).getDimSize(2), keys = typeOf(op.getK()).getDimSize(2);
  MaskAttr mask = op.getMaskAttr();
  if (!mask)
    return {{0, queries, {{0, keys, -KeySpan::kFar, KeySpan::kFar}}}};
  SmallVector<Group> groups;
  auto add = [&](int64_t begin, int64_t end, ArrayRef<KeySpan> spans) {
    if (!groups.empty()) {
      Group &last = groups.back();
      if (last.spans.size() == spans.size() &&
          llvm::all_of(llvm::zip(last.spans, spans), [](auto pair) {
            return isSame(std::get<0>(pair), std::get<1>(pair));
          })) {
        last.end = end;
        return;
      }
    }
    groups.push_back({begin, end, SmallVector<KeySpan>(spans)});
  };
  for (unsigned s = 0; s < mask.getQueries().getCount(); ++s) {
    int64_t begin = mask.getQueries().getBegin(s), size = mask.getQueries().getSizes()[s];
    SmallVector<KeySpan> spans = mask.getSpans(s);
    if (!mask.hasEmptyQuery(s)) {
      add(begin, begin + size, spans);
      continue;
    }
    for (int64_t i = 0; i < size; ++i) // a band that begins or ends within the segment
      add(begin + i, begin + i + 1, mask.getLiveKeys(s, i) ? ArrayRef(spans) : ArrayRef<KeySpan>());
  }
  return groups;
}

/// The spans, cut to what some query of the group sees.
static SmallVector<KeySpan> columnsOf(const Group &group) {
  SmallVector<KeySpan> columns;
  for (KeySpan span : group.spans) {
    span.begin = span.beginFor(group.begin);
    span.end = span.endFor(group.end - 1);
    if (span.begin < span.end)
      columns.push_back(span);
  }
  return columns;
}

Value AttentionWriter::gather(Value x, int64_t axis, ArrayRef<KeySpan> columns) {
  SmallVector<Value> parts;
  for (size_t i = 0; i < columns.size();) {
    int64_t begin = columns[i].begin, end = columns[i].end;
    while (++i < columns.size() && columns[i].begin == end)
      end = columns[i].end;
    parts.push_back(writer.sliceAxis(x, axis, begin, end - begin));
  }
  return writer.concat(axis, parts);
}

Value AttentionWriter::writeMask(const Group &group, ArrayRef<KeySpan> columns) {
  Value mask;
  bool isBand = llvm::any_of(columns, [](const KeySpan &span) { return span.isBand(); });
  if (isBand) {
    // Query i sees the key of column c where first[c] <= i <= last[c].
    SmallVector<int64_t> queries, first, last;
    for (const KeySpan &span : columns)
      for (int64_t key = span.begin; key < span.end; ++key) {
        first.push_back(std::max(group.begin, key - span.high));
        last.push_back(std::min(group.end - 1, key - span.low));
      }
    for (int64_t i = group.begin; i < group.end; ++i)
      queries.push_back(i);
    Value at = writer.reshape(writer.integers(queries), {int64_t(queries.size()), 1});
    Type boolean = writer.builder.getI1Type();
    if (llvm::any_of(first, [&](int64_t i) { return i > group.begin; }))
      mask = writer.binary("GreaterOrEqual", at, writer.integers(first), boolean);
    if (llvm::any_of(last, [&](int64_t i) { return i < group.end - 1; })) {
      Value below = writer.binary("LessOrEqual", at, writer.integers(last), boolean);
      mask = mask ? writer.binary("And", mask, below) : below;
    }
  }
  if (Value padding = op.getPadding()) {
    Value keep = gather(padding, 1, columns);
    ArrayRef<int64_t> shape = typeOf(keep).getShape();
    keep = writer.reshape(keep, {shape[0], 1, 1, shape[1]});
    mask = mask ? writer.binary("And", mask, keep) : keep;
  }
  return mask;
}

/// What a query without a live key gives, broadcast to [batch, heads, 1, head size].
Value AttentionWriter::emptyRow() {
  Type element = typeOf(v).getElementType();
  switch (op.getMaskAttr() ? op.getMaskAttr().getEmpty() : EmptyRow::Nan) {
  case EmptyRow::Nan:
    return writer.scalar(element, std::numeric_limits<double>::quiet_NaN());
  case EmptyRow::Zero:
    return writer.scalar(element, 0);
  case EmptyRow::Uniform:
    return writer.reduce("ReduceMean", v, {2}, true);
  }
  llvm_unreachable("all kinds of empty rows are handled");
}

Value AttentionWriter::writeEmpty(int64_t queries) {
  ArrayRef<int64_t> shape = typeOf(v).getShape();
  return writer.expand(emptyRow(), {shape[0], shape[1], queries, shape[3]});
}

Value AttentionWriter::repair(Value y, Value mask) {
  // A row of -inf gives NaN by itself; without padding no row of a group is empty.
  MaskAttr table = op.getMaskAttr();
  if (!op.getPadding() || liveRows || !table || table.getEmpty() == EmptyRow::Nan)
    return y;
  Value live = writer.cast(mask, writer.builder.getF32Type());
  live = writer.reduce("ReduceMax", live, {typeOf(live).getRank() - 1}, true);
  return writer.select(writer.cast(live, writer.builder.getI1Type()), y, emptyRow());
}

Value AttentionWriter::writeGroup(const Group &group) {
  SmallVector<KeySpan> columns = columnsOf(group);
  if (columns.empty())
    return writeEmpty(group.end - group.begin);
  Type element = typeOf(q).getElementType();
  Value queries = writer.sliceAxis(q, 2, group.begin, group.end - group.begin);
  Value keys = writer.transpose(gather(k, 2, columns), {0, 1, 3, 2});
  if (double scale = op.getScale().convertToDouble(); scale != 1)
    queries = writer.binary("Mul", queries, writer.scalar(element, scale));
  Value scores = writer.matmul(queries, keys);
  Value mask = writeMask(group, columns);
  if (mask)
    scores = writer.select(
        mask, scores, writer.scalar(element, -std::numeric_limits<double>::infinity()));
  Value weights = writer.node("Softmax", typeOf(scores), scores, writer.attr("axis", -1));
  return repair(writer.matmul(weights, gather(v, 2, columns)), mask);
}

Value AttentionWriter::write(int64_t &count) {
  SmallVector<Value> parts;
  SmallVector<Group> groups = groupQueries(op);
  for (const Group &group : groups)
    parts.push_back(writeGroup(group));
  count += groups.size();
  return writer.concat(2, parts);
}

Value zorro::unraise::writeAttention(NodeWriter &writer, AttentionOp op, bool liveRows,
                                     int64_t &groups) {
  return AttentionWriter(writer, op, liveRows).write(groups);
}

//===- MaskTable.cpp - From what stands on scores to a block table ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The rules for fills: -inf and anything at or below -1e30 drops a key; down to -65000 (f16's
// lowest number and its neighbours) a fill drops it under a stated assumption; weaker ones do so
// only when asked.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskTable.h"
#include "passes/Raise/Constants.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

constexpr double kDrops = -1e30, kDropsAssumed = -65000, kDropsWeakly = -1000;
/// Beyond this many segments a mask is no block table (causal masks have one per token).
constexpr size_t kMaxSegments = 64;

static std::string show(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", number);
  return text;
}

void MaskTable::reserve() {
  if (!cells.empty())
    return;
  cells.assign(queries * keys, Cell::Live);
  values.assign(queries * keys, 0);
}

template <typename Data, typename Visit>
bool MaskTable::forEach(ArrayRef<int64_t> shape, const Data &data, Visit visit) {
  int64_t rank = shape.size();
  int64_t rows = rank > 1 ? shape[rank - 2] : 1, columns = rank > 0 ? shape[rank - 1] : 1;
  if ((rows != 1 && rows != queries) || (columns != 1 && columns != keys)) {
    reason = "the mask is " + std::to_string(rows) + " x " + std::to_string(columns) +
             " for scores of " + std::to_string(queries) + " x " + std::to_string(keys);
    return false;
  }
  int64_t slab = rows * columns, total = data.size();
  for (int64_t i = slab; i < total; ++i)
    if (data[i] != data[i - slab] && !(data[i] != data[i] && data[i - slab] != data[i - slab])) {
      reason = "the mask differs between batch entries or heads";
      return false;
    }
  reserve();
  for (int64_t q = 0; q < queries; ++q)
    for (int64_t k = 0; k < keys; ++k)
      visit(q * keys + k, (rows == 1 ? 0 : q * columns) + (columns == 1 ? 0 : k));
  return true;
}

bool MaskTable::add(DenseElementsAttr addend) {
  std::vector<double> data = toDoubles(addend);
  bool weird = false;
  bool fits = forEach(addend.getType().getShape(), data, [&](int64_t cell, int64_t i) {
    double number = data[i];
    if (number == 0)
      return;
    weird |= !(number < 0);
    touched = true;
    values[cell] += number;
    if (cells[cell] == Cell::Live)
      cells[cell] = std::isinf(number) ? Cell::Replaced : Cell::Moved;
  });
  if (fits && weird)
    reason = "the added mask holds a positive number or NaN";
  return fits && !weird;
}

bool MaskTable::select(DenseElementsAttr condition, bool keep, double fill) {
  std::vector<double> data = toDoubles(condition);
  if (!(fill < 0)) {
    reason = "the mask's fill is " + show(fill);
    return false;
  }
  return forEach(condition.getType().getShape(), data, [&](int64_t cell, int64_t i) {
    if ((data[i] != 0) == keep)
      return;
    touched = true;
    cells[cell] = Cell::Replaced;
    values[cell] = fill;
  });
}

void MaskTable::scale(double factor) {
  for (double &value : values)
    value *= factor;
}

/// Where neighbouring rows or columns of the table differ: the beginnings of segments.
static std::vector<int64_t> findCuts(const std::vector<bool> &live, int64_t queries, int64_t keys,
                                     bool ofKeys) {
  std::vector<int64_t> cuts = {0};
  for (int64_t i = 1, e = ofKeys ? keys : queries; i < e; ++i) {
    bool differs = false;
    for (int64_t j = 0, f = ofKeys ? queries : keys; j < f && !differs; ++j)
      differs = ofKeys ? live[j * keys + i] != live[j * keys + i - 1]
                       : live[i * keys + j] != live[(i - 1) * keys + j];
    if (differs)
      cuts.push_back(i);
  }
  return cuts;
}

static StreamsAttr makeStreams(MLIRContext *context, const std::vector<int64_t> &cuts,
                               int64_t total) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  for (size_t i = 0; i < cuts.size(); ++i) {
    names.push_back(StringAttr::get(context, "s" + std::to_string(i)));
    sizes.push_back((i + 1 < cuts.size() ? cuts[i + 1] : total) - cuts[i]);
  }
  return StreamsAttr::get(context, names, sizes);
}

/// Whether the mask, written out again, is the one that it was made from.
static bool expandsTo(MaskAttr mask, const std::vector<bool> &live) {
  int64_t keys = mask.getKeys().getTotal(), row = 0;
  for (unsigned q = 0; q < mask.getQueries().getCount(); ++q) {
    std::vector<bool> expanded(keys, false);
    for (auto [begin, end] : mask.getIntervals(q))
      std::fill(expanded.begin() + begin, expanded.begin() + end, true);
    for (int64_t i = 0; i < mask.getQueries().getSizes()[q]; ++i, ++row)
      if (!std::equal(expanded.begin(), expanded.end(), live.begin() + row * keys))
        return false;
  }
  return row * keys == int64_t(live.size());
}

MaskAttr MaskTable::build(MLIRContext *context, NanRows nanRows, bool weakFills,
                          SmallVectorImpl<std::string> &assumptions) {
  reserve();
  std::vector<bool> live(cells.size());
  bool anyEmpty = false;
  std::optional<EmptyRow> empty;
  double strongest = -std::numeric_limits<double>::infinity(); // of the fills taken on assumption
  for (int64_t q = 0; q < queries; ++q) {
    bool isEmpty = true;
    for (int64_t i = q * keys; i < (q + 1) * keys; ++i) {
      live[i] = cells[i] == Cell::Live;
      isEmpty &= !live[i];
    }
    if (!isEmpty) {
      for (int64_t i = q * keys; i < (q + 1) * keys; ++i) {
        if (live[i] || values[i] <= kDrops)
          continue;
        if (!(values[i] <= (weakFills ? kDropsWeakly : kDropsAssumed))) {
          reason = "its fill " + show(values[i]) + " is too weak to drop a key";
          return {};
        }
        strongest = std::max(strongest, values[i]);
      }
      continue;
    }
    // Without a live key the softmax is that of the fills: equal ones are needed.
    anyEmpty = true;
    double fill = values[q * keys];
    for (int64_t i = q * keys; i < (q + 1) * keys; ++i) {
      if (cells[i] == Cell::Moved) {
        reason = "query " + std::to_string(q) +
                 " has no live key, and a finite number added to its scores leaves their softmax";
        return {};
      }
      if (values[i] != fill) {
        reason = "query " + std::to_string(q) + " has no live key and different fills";
        return {};
      }
    }
    EmptyRow kind = !std::isinf(fill)          ? EmptyRow::Uniform
                    : nanRows == NanRows::Zero ? EmptyRow::Zero
                                               : EmptyRow::Nan;
    if (empty && *empty != kind) {
      reason = "its empty rows are of different kinds";
      return {};
    }
    empty = kind;
  }
  std::vector<int64_t> rows = findCuts(live, queries, keys, false);
  std::vector<int64_t> columns = findCuts(live, queries, keys, true);
  if (queries == keys) { // one sequence: the same segments on both axes
    std::vector<int64_t> both;
    std::set_union(rows.begin(), rows.end(), columns.begin(), columns.end(),
                   std::back_inserter(both));
    rows = columns = both;
  }
  if (rows.size() > kMaxSegments || columns.size() > kMaxSegments) {
    reason = "it has " + std::to_string(rows.size()) + " x " + std::to_string(columns.size()) +
             " segments, more than " + std::to_string(kMaxSegments);
    return {};
  }
  SmallVector<bool> table;
  for (int64_t row : rows)
    for (int64_t column : columns)
      table.push_back(live[row * keys + column]);
  auto mask = MaskAttr::get(context, makeStreams(context, rows, queries),
                            makeStreams(context, columns, keys), table,
                            anyEmpty ? *empty : EmptyRow::Nan);
  if (!expandsTo(mask, live)) {
    reason = "it is not a table of segments";
    return {};
  }
  if (!std::isinf(strongest))
    assumptions.push_back("live scores exceed the fill " + show(strongest) +
                          " so far that a masked key's weight is zero");
  return mask;
}

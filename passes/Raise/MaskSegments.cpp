//===- MaskSegments.cpp - From live keys per query to a block table ---------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A band that is cut off at both sides is max(B, q + low) to min(E, q + high + 1): its keys may
// begin to move late and stop to move early, but never the other way around.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskSegments.h"

#include "llvm/ADT/STLExtras.h"

#include <set>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

/// Beyond this many segments a mask is no block table.
constexpr size_t kMaxSegments = 512;
/// Up to this many segments, every key range that some query sees is a segment of its own.
constexpr size_t kMaxFineSegments = 64;
/// Ranges of one query, and of all queries together.
constexpr size_t kMaxRowRanges = 4096, kMaxRanges = size_t(1) << 22;
/// Keys that move less often than this are written out query by query.
constexpr int64_t kMinMoves = 3;

bool MaskSegments::add(ArrayRef<KeyRange> row) {
  if (!begins.empty() && this->row(begins.size() - 1) == row) {
    begins.push_back(begins.back());
    counts.push_back(row.size());
    return true;
  }
  if (row.size() > kMaxRowRanges || ranges.size() + row.size() > kMaxRanges) {
    reason = "query " + std::to_string(begins.size()) + " sees " + std::to_string(row.size()) +
             " ranges of keys";
    return false;
  }
  begins.push_back(ranges.size());
  counts.push_back(row.size());
  ranges.insert(ranges.end(), row.begin(), row.end());
  return true;
}

//===----------------------------------------------------------------------------------------===//
// Cuts
//===----------------------------------------------------------------------------------------===//

/// The end of the queries from `first` on that one row of the table may hold.
int64_t MaskSegments::extend(int64_t first, bool bands) const {
  ArrayRef<KeyRange> head = row(first);
  if (!bands) {
    int64_t end = first + 1;
    while (end < queries && row(end) == head)
      ++end;
    return end;
  }
  // How often each begin and each end has moved, and since which query it has moved or rested.
  struct Side {
    int64_t moves = 0, rests = 0, firstMove = 0, lastMove = 0;
  };
  SmallVector<std::pair<Side, Side>> sides(head.size());
  int64_t end = first + 1;
  for (; end < queries; ++end) {
    ArrayRef<KeyRange> before = row(end - 1), here = row(end);
    bool fits = here.size() == head.size();
    for (size_t i = 0; fits && i < here.size(); ++i) {
      int64_t begun = here[i].begin - before[i].begin, ended = here[i].end - before[i].end;
      const auto &[begin, finish] = sides[i];
      fits = (begun == 1 || (begun == 0 && begin.moves == 0)) &&
             (ended == 0 || (ended == 1 && finish.rests == 0));
    }
    if (!fits)
      break;
    for (size_t i = 0; i < here.size(); ++i)
      for (auto [side, moved] : {std::pair<Side *, bool>(&sides[i].first,
                                                         here[i].begin != before[i].begin),
                                 {&sides[i].second, here[i].end != before[i].end}}) {
        if (moved && side->moves++ == 0)
          side->firstMove = end;
        side->rests += !moved;
      }
  }
  // Two or three queries that happen to move are rows of a table, not a band.
  int64_t limit = end;
  for (const auto &[begin, finish] : sides)
    for (const Side *side : {&begin, &finish})
      if (side->moves > 0 && side->moves < kMinMoves)
        limit = std::min(limit, side->firstMove);
  if (limit == end)
    return end;
  // What is left is looked at again: it may be too short for its other bands by now.
  bool same = true;
  for (int64_t query = first; query < limit && same; ++query)
    same = row(query) == head;
  if (same)
    return limit;
  MaskSegments part(limit - first, keys);
  for (int64_t query = first; query < limit; ++query)
    part.add(row(query));
  return first + part.extend(0, true);
}

std::vector<int64_t> MaskSegments::cutQueries(bool bands) const {
  std::vector<int64_t> cuts;
  for (int64_t query = 0; query < queries && cuts.size() <= kMaxSegments;) {
    cuts.push_back(query);
    query = extend(query, bands);
  }
  return cuts;
}

/// Where keys begin or end for all queries of a segment; with `movingOnly`, only those where a band
/// is cut off.
std::vector<int64_t> MaskSegments::cutKeys(ArrayRef<int64_t> queryCuts, bool movingOnly) const {
  std::set<int64_t> cuts = {0};
  for (auto [i, first] : llvm::enumerate(queryCuts)) {
    int64_t last = (i + 1 < queryCuts.size() ? queryCuts[i + 1] : queries) - 1;
    ArrayRef<KeyRange> head = row(first), tail = row(last);
    // A side that rests between the first two queries, or the last two, is cut off there.
    ArrayRef<KeyRange> second = row(std::min<int64_t>(first + 1, last));
    ArrayRef<KeyRange> previous = row(std::max<int64_t>(last - 1, first));
    for (size_t j = 0; j < head.size(); ++j) {
      bool moves = head[j].begin != tail[j].begin || head[j].end != tail[j].end;
      if (movingOnly && !moves)
        continue;
      if (head[j].begin == second[j].begin)
        cuts.insert(head[j].begin);
      if (tail[j].end == previous[j].end)
        cuts.insert(tail[j].end);
      // Bands that stand side by side need a cut between them.
      if (moves && j + 1 < head.size() && head[j + 1].begin != tail[j + 1].begin)
        cuts.insert(head[j + 1].begin);
    }
  }
  cuts.erase(keys);
  return {cuts.begin(), cuts.end()};
}

//===----------------------------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------------------------===//

/// The entry that says what these queries see of these keys; null where none does.
EntryAttr MaskSegments::fit(MLIRContext *context, int64_t firstQuery, int64_t endQuery,
                            int64_t firstKey, int64_t endKey) const {
  int64_t size = endKey - firstKey;
  auto inside = [&](int64_t query) {
    SmallVector<KeyRange> found;
    ArrayRef<KeyRange> all = row(query);
    auto at = llvm::partition_point(all, [&](KeyRange range) { return range.end <= firstKey; });
    for (; at != all.end() && at->begin < endKey; ++at)
      found.push_back({std::max(at->begin, firstKey) - firstKey,
                       std::min(at->end, endKey) - firstKey});
    return found;
  };
  SmallVector<KeyRange> head = inside(firstQuery);
  bool same = true;
  for (int64_t query = firstQuery + 1; query < endQuery && same; ++query)
    same = begins[query] == begins[query - 1] || inside(query) == head;
  if (same) {
    if (head.empty())
      return EntryAttr::getNone(context);
    if (head.size() == 1 && head.front() == KeyRange{0, size})
      return EntryAttr::getAll(context);
    SmallVector<int64_t> bounds;
    for (KeyRange range : head)
      bounds.append({range.begin, range.end});
    return EntryAttr::getRanges(context, bounds);
  }
  // low <= j - i <= high: what the rows say about the two limits.
  int64_t lowFrom = -EntryAttr::kFar, lowTo = EntryAttr::kFar;   // low lies in between
  int64_t highFrom = -EntryAttr::kFar, highTo = EntryAttr::kFar; // high too
  for (int64_t query = firstQuery; query < endQuery; ++query) {
    SmallVector<KeyRange> found = inside(query);
    int64_t i = query - firstQuery;
    if (found.size() > 1)
      return {};
    if (found.empty())
      continue; // checked at the end
    auto [begin, end] = found.front();
    // Keys begin at max(0, i + low).
    lowTo = std::min(lowTo, begin - i);
    if (begin > 0)
      lowFrom = std::max(lowFrom, begin - i);
    highFrom = std::max(highFrom, end - 1 - i);
    if (end < size)
      highTo = std::min(highTo, end - 1 - i);
  }
  // A limit that nothing bounds is absent, so that equal masks have equal entries.
  int64_t low = lowFrom == -EntryAttr::kFar ? -EntryAttr::kFar : lowTo;
  int64_t high = highTo == EntryAttr::kFar ? EntryAttr::kFar : highTo;
  auto entry = [&](int64_t low, int64_t high) {
    return low <= high ? EntryAttr::getBand(context, low, high) : EntryAttr();
  };
  // Rows without keys lie before or behind the band.
  auto holds = [&](int64_t low, int64_t high) {
    for (int64_t query = firstQuery; query < endQuery; ++query) {
      SmallVector<KeyRange> found = inside(query);
      int64_t i = query - firstQuery;
      int64_t begin = std::max<int64_t>(0, i + low), end = std::min(size, i + high + 1);
      bool empty = begin >= end;
      if (empty != found.empty() || (!empty && !(found.front() == KeyRange{begin, end})))
        return false;
    }
    return true;
  };
  if (holds(low, high))
    return entry(low, high);
  // Where a side is never seen to move, an empty row may still bound it.
  if (holds(lowTo, high))
    return entry(lowTo, high);
  if (holds(low, highFrom))
    return entry(low, highFrom);
  if (holds(lowTo, highFrom))
    return entry(lowTo, highFrom);
  return {};
}

static StreamsAttr makeStreams(MLIRContext *context, ArrayRef<int64_t> cuts, int64_t total) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  for (size_t i = 0; i < cuts.size(); ++i) {
    names.push_back(StringAttr::get(context, "s" + std::to_string(i)));
    sizes.push_back((i + 1 < cuts.size() ? cuts[i + 1] : total) - cuts[i]);
  }
  return StreamsAttr::get(context, names, sizes);
}

MaskAttr MaskSegments::makeTable(MLIRContext *context, ArrayRef<int64_t> rows,
                                 ArrayRef<int64_t> columns, EmptyRow empty) const {
  SmallVector<EntryAttr> entries;
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t j = 0; j < columns.size(); ++j) {
      entries.push_back(fit(context, rows[i], i + 1 < rows.size() ? rows[i + 1] : queries,
                            columns[j], j + 1 < columns.size() ? columns[j + 1] : keys));
      if (!entries.back())
        return {};
    }
  auto mask = MaskAttr::get(context, makeStreams(context, rows, queries),
                            makeStreams(context, columns, keys), entries, empty);
  return expands(mask) ? mask : MaskAttr();
}

/// Whether the mask, written out again, is the one that it was made from.
bool MaskSegments::expands(MaskAttr mask) const {
  int64_t query = 0;
  for (unsigned segment = 0; segment < mask.getQueries().getCount(); ++segment) {
    SmallVector<KeySpan> spans = mask.getSpans(segment);
    for (int64_t i = 0; i < mask.getQueries().getSizes()[segment]; ++i, ++query) {
      SmallVector<KeyRange> expanded;
      for (const KeySpan &span : spans) {
        int64_t begin = span.beginFor(query), end = span.endFor(query);
        if (begin >= end)
          continue;
        if (!expanded.empty() && expanded.back().end == begin)
          expanded.back().end = end;
        else
          expanded.push_back({begin, end});
      }
      if (ArrayRef(expanded) != row(query))
        return false;
    }
  }
  return query == queries;
}

static std::vector<int64_t> unite(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  std::vector<int64_t> both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

MaskAttr MaskSegments::build(MLIRContext *context, EmptyRow empty) {
  bool square = queries == keys; // one sequence: the same segments on both axes
  std::vector<int64_t> rows = cutQueries(true);
  if (rows.size() > kMaxSegments) {
    reason = "its queries see keys in more than " + std::to_string(kMaxSegments) + " ways";
    return {};
  }
  std::vector<int64_t> columns = cutKeys(rows, false);
  std::vector<int64_t> fine = square ? unite(rows, columns) : rows;
  if (std::max(fine.size(), columns.size()) <= kMaxFineSegments)
    if (MaskAttr mask = makeTable(context, fine, square ? fine : columns, empty))
      return mask;
  // Keys that would cut it too finely are ranges within a segment.
  columns = cutKeys(rows, true);
  std::vector<int64_t> coarse = square ? unite(rows, columns) : rows;
  if (std::max(coarse.size(), columns.size()) <= kMaxSegments)
    if (MaskAttr mask = makeTable(context, coarse, square ? coarse : columns, empty))
      return mask;
  reason = "it is not a table of segments, bands and ranges";
  return {};
}

//===- CutMask.cpp - The mask of some of the queries and keys ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Specialise/CutMask.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace zorro;

static IndexRange rangeOf(StreamsAttr streams, unsigned segment) {
  int64_t begin = streams.getBegin(segment);
  return {begin, begin + streams.getSizes()[segment]};
}

SmallVector<MaskPart> zorro::partsOf(StreamsAttr streams, const Intervals &kept) {
  SmallVector<MaskPart> parts;
  for (unsigned i = 0; i != streams.getCount(); ++i)
    if (Intervals tokens = cutInterval(kept, rangeOf(streams, i)); !tokens.empty())
      parts.push_back({i, tokens});
  return parts;
}

SmallVector<MaskPart> zorro::partsBetween(StreamsAttr streams, ArrayRef<int64_t> cuts) {
  SmallVector<MaskPart> parts;
  for (unsigned i = 0; i != streams.getCount(); ++i) {
    IndexRange range = rangeOf(streams, i);
    int64_t begin = range.begin;
    auto add = [&](int64_t end) {
      parts.push_back({i, {{begin - range.begin, end - range.begin}}});
      begin = end;
    };
    for (int64_t at : cuts)
      if (begin < at && at < range.end)
        add(at);
    add(range.end);
  }
  return parts;
}

/// Names of the parts: that of the segment, with a number behind all but its first.
static StreamsAttr nameParts(StreamsAttr streams, ArrayRef<MaskPart> parts) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  llvm::StringSet<> taken;
  for (StringAttr name : streams.getNames())
    taken.insert(name.getValue());
  for (auto [i, part] : llvm::enumerate(parts)) {
    StringAttr name = streams.getNames()[part.segment];
    if (i && parts[i - 1].segment == part.segment) {
      std::string numbered;
      unsigned number = 2;
      do
        numbered = (name.getValue() + "." + Twine(number++)).str();
      while (!taken.insert(numbered).second);
      name = StringAttr::get(streams.getContext(), numbered);
    }
    names.push_back(name);
    sizes.push_back(countOf(part.tokens));
  }
  return StreamsAttr::get(streams.getContext(), names, sizes);
}

/// A band between the first tokens of two parts; `none` and `all` where it comes down to that.
static EntryAttr cutBand(EntryAttr entry, const MaskPart &query, const MaskPart &key) {
  assert(query.tokens.size() == 1 && key.tokens.size() == 1 && "expected parts without a gap");
  MLIRContext *context = entry.getContext();
  int64_t shift = query.tokens.front().begin - key.tokens.front().begin;
  // The differences that there are between a key and a query of the parts.
  int64_t least = 1 - countOf(query.tokens), most = countOf(key.tokens) - 1;
  int64_t low = entry.hasLowLimit() ? entry.getLow() + shift : -EntryAttr::kFar;
  int64_t high = entry.hasHighLimit() ? entry.getHigh() + shift : EntryAttr::kFar;
  if (low > most || high < least)
    return EntryAttr::getNone(context);
  low = low <= least ? -EntryAttr::kFar : low;
  high = high >= most ? EntryAttr::kFar : high;
  if (low == -EntryAttr::kFar && high == EntryAttr::kFar)
    return EntryAttr::getAll(context);
  return EntryAttr::getBand(context, low, high);
}

/// Key ranges, counted among the keys that are left.
static EntryAttr cutRanges(EntryAttr entry, const MaskPart &key) {
  Intervals seen;
  for (size_t b = 0; b < entry.getBounds().size(); b += 2)
    for (IndexRange tokens : key.tokens) {
      IndexRange both = {std::max(entry.getBounds()[b], tokens.begin),
                         std::min(entry.getBounds()[b + 1], tokens.end)};
      if (both.begin < both.end)
        seen.push_back(both);
    }
  seen = positionsIn(key.tokens, uniteIntervals(seen, {}));
  if (seen.empty())
    return EntryAttr::getNone(entry.getContext());
  if (seen == Intervals{{0, countOf(key.tokens)}})
    return EntryAttr::getAll(entry.getContext());
  SmallVector<int64_t> bounds;
  for (IndexRange range : seen)
    bounds.append({range.begin, range.end});
  return EntryAttr::getRanges(entry.getContext(), bounds);
}

MaskAttr zorro::cutMask(MaskAttr mask, ArrayRef<MaskPart> queries, ArrayRef<MaskPart> keys) {
  SmallVector<EntryAttr> entries;
  for (const MaskPart &query : queries)
    for (const MaskPart &key : keys) {
      EntryAttr entry = mask.getEntry(query.segment, key.segment);
      entries.push_back(entry.isBand()                            ? cutBand(entry, query, key)
                        : entry.getKind() == EntryKind::Ranges ? cutRanges(entry, key)
                                                                  : entry);
    }
  return MaskAttr::get(mask.getContext(), nameParts(mask.getQueries(), queries),
                       nameParts(mask.getKeys(), keys), entries, mask.getEmpty());
}

/// Splits the parts with gaps that `isBand` says a band joins to one of `others`.
static SmallVector<MaskPart> splitParts(ArrayRef<MaskPart> parts, ArrayRef<MaskPart> others,
                                        function_ref<bool(unsigned, unsigned)> isBand) {
  SmallVector<MaskPart> split;
  for (const MaskPart &part : parts) {
    bool whole = part.tokens.size() == 1 || llvm::none_of(others, [&](const MaskPart &other) {
                   return isBand(part.segment, other.segment);
                 });
    if (whole) {
      split.push_back(part);
      continue;
    }
    for (IndexRange tokens : part.tokens)
      split.push_back({part.segment, {tokens}});
  }
  return split;
}

MaskAttr zorro::narrowMask(MaskAttr mask, const Intervals &queries, const Intervals &keys) {
  if (countOf(queries) == mask.getQueries().getTotal() &&
      countOf(keys) == mask.getKeys().getTotal())
    return mask;
  SmallVector<MaskPart> q = partsOf(mask.getQueries(), queries), k = partsOf(mask.getKeys(), keys);
  auto isBand = [&](unsigned query, unsigned key) { return mask.getEntry(query, key).isBand(); };
  SmallVector<MaskPart> rows = splitParts(q, k, isBand);
  return cutMask(mask, rows, splitParts(k, q, [&](unsigned key, unsigned query) {
                   return isBand(query, key);
                 }));
}

Intervals zorro::keysSeen(MaskAttr mask, const Intervals &rows) {
  Intervals seen;
  for (const MaskPart &part : partsOf(mask.getQueries(), rows)) {
    int64_t first = mask.getQueries().getBegin(part.segment);
    for (const KeySpan &span : mask.getSpans(part.segment))
      for (IndexRange tokens : part.tokens) {
        IndexRange keys = {span.begin, span.end};
        if (span.isBand())
          keys = {span.beginFor(first + tokens.begin), span.endFor(first + tokens.end - 1)};
        if (keys.begin < keys.end)
          seen = uniteIntervals(seen, {keys});
      }
  }
  return seen;
}

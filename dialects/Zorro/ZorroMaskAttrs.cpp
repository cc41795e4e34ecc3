//===- ZorroMaskAttrs.cpp - Which queries attend to which keys -------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Entry
//===----------------------------------------------------------------------------------------===//

EntryAttr EntryAttr::getNone(MLIRContext *context) {
  return get(context, EntryKind::None, 0, 0, {});
}
EntryAttr EntryAttr::getAll(MLIRContext *context) {
  return get(context, EntryKind::All, 0, 0, {});
}
EntryAttr EntryAttr::getBand(MLIRContext *context, int64_t low, int64_t high) {
  return get(context, EntryKind::Band, std::max(low, -kFar), std::min(high, kFar), {});
}
EntryAttr EntryAttr::getRanges(MLIRContext *context, ArrayRef<int64_t> bounds) {
  return get(context, EntryKind::Ranges, int64_t(0), int64_t(0), bounds);
}

LogicalResult EntryAttr::verify(function_ref<InFlightDiagnostic()> emitError, EntryKind kind,
                                int64_t low, int64_t high, ArrayRef<int64_t> bounds) {
  if (kind == EntryKind::Band && low > high) // entry_c1
    return emitError() << "expected a band with low <= high but got " << low << " and " << high;
  if ((kind == EntryKind::Ranges) == bounds.empty() || bounds.size() % 2) // entry_c2
    return emitError() << "expected pairs of bounds for key ranges only but got " << bounds.size()
                       << " bounds";
  for (size_t i = 0; i < bounds.size(); ++i) // entry_c2
    if (bounds[i] < 0 || (i && bounds[i] <= bounds[i - 1]))
      return emitError() << "expected ascending bounds of key ranges but got " << bounds[i];
  return success();
}

bool EntryAttr::sees(int64_t i, int64_t j) const {
  switch (getKind()) {
  case EntryKind::None:
    return false;
  case EntryKind::All:
    return true;
  case EntryKind::Band:
    return getLow() <= j - i && j - i <= getHigh();
  case EntryKind::Ranges:
    for (size_t b = 0; b < getBounds().size(); b += 2)
      if (getBounds()[b] <= j && j < getBounds()[b + 1])
        return true;
    return false;
  }
  llvm_unreachable("every kind is handled");
}

/// A limit of a band: a number, or `*`.
static ParseResult parseLimit(AsmParser &p, int64_t &limit) {
  return succeeded(p.parseOptionalStar()) ? success() : p.parseInteger(limit);
}

EntryAttr EntryAttr::parseSuffix(AsmParser &p) {
  MLIRContext *context = p.getContext();
  auto complain = [&p, loc = p.getCurrentLocation()] { return p.emitError(loc); };
  function_ref<InFlightDiagnostic()> emit = complain;
  if (succeeded(p.parseOptionalKeyword("causal")))
    return getBand(context, -kFar, 0);
  if (succeeded(p.parseOptionalKeyword("same")))
    return getBand(context, 0, 0);
  if (succeeded(p.parseOptionalKeyword("band"))) {
    int64_t low = -kFar, high = kFar;
    if (p.parseLParen() || parseLimit(p, low) || p.parseComma() || parseLimit(p, high) ||
        p.parseRParen())
      return {};
    return getChecked(emit, context, EntryKind::Band, low, high, ArrayRef<int64_t>());
  }
  if (succeeded(p.parseOptionalKeyword("keys"))) {
    SmallVector<int64_t> bounds;
    if (p.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&] {
          return p.parseInteger(bounds.emplace_back());
        }))
      return {};
    return getChecked(emit, context, EntryKind::Ranges, int64_t(0), int64_t(0),
                      ArrayRef<int64_t>(bounds));
  }
  return getAll(context);
}

void EntryAttr::printSuffix(AsmPrinter &p) const {
  if (getKind() == EntryKind::Ranges) {
    p << "keys(";
    llvm::interleaveComma(getBounds(), p);
    p << ")";
  }
  if (!isBand())
    return;
  if (getHigh() == 0 && (!hasLowLimit() || getLow() == 0)) {
    p << (hasLowLimit() ? "same" : "causal");
    return;
  }
  p << "band(";
  hasLowLimit() ? p << getLow() : p << "*";
  p << ", ";
  hasHighLimit() ? p << getHigh() : p << "*";
  p << ")";
}

// On its own: <none>, <all>, <causal>, … as behind a segment's name.
Attribute EntryAttr::parse(AsmParser &p, Type) {
  if (p.parseLess())
    return {};
  EntryAttr entry;
  if (succeeded(p.parseOptionalKeyword("none")))
    entry = getNone(p.getContext());
  else if (succeeded(p.parseOptionalKeyword("all")))
    entry = getAll(p.getContext());
  else
    entry = parseSuffix(p);
  return !entry || p.parseGreater() ? EntryAttr() : entry;
}

void EntryAttr::print(AsmPrinter &p) const {
  p << "<";
  if (isNone() || isAll())
    p << stringifyEntryKind(getKind());
  else
    printSuffix(p);
  p << ">";
}

//===----------------------------------------------------------------------------------------===//
// Mask: text
//===----------------------------------------------------------------------------------------===//

MaskAttr MaskAttr::get(MLIRContext *context, StreamsAttr queries, StreamsAttr keys,
                       ArrayRef<bool> live, EmptyRow empty) {
  SmallVector<EntryAttr> entries;
  for (bool isLive : live)
    entries.push_back(isLive ? EntryAttr::getAll(context) : EntryAttr::getNone(context));
  return get(context, queries, keys, entries, empty);
}

// <q: n -> [a, b causal], q2: n -> [all] over a: n, b: n empty nan>. Rows are parsed before the
// keys that they name are known, so they are kept until then.
Attribute MaskAttr::parse(AsmParser &p, Type) {
  MLIRContext *context = p.getContext();
  SmallVector<StringAttr> queryNames, keyNames;
  SmallVector<int64_t> querySizes, keySizes;
  SmallVector<SmallVector<std::pair<std::string, EntryAttr>>> rows;
  SMLoc loc = p.getCurrentLocation();
  if (p.parseLess())
    return {};
  do {
    std::string name;
    if (p.parseKeywordOrString(&name) || p.parseColon() ||
        p.parseInteger(querySizes.emplace_back()) || p.parseArrow())
      return {};
    queryNames.push_back(StringAttr::get(context, name));
    auto &row = rows.emplace_back();
    auto parseEntry = [&]() -> ParseResult {
      auto &[key, entry] = row.emplace_back();
      return failure(p.parseKeywordOrString(&key) || !(entry = EntryAttr::parseSuffix(p)));
    };
    if (p.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseEntry))
      return {};
  } while (succeeded(p.parseOptionalComma()));
  if (p.parseKeyword("over") || StreamsAttr::parseSegments(p, keyNames, keySizes) ||
      p.parseKeyword("empty"))
    return {};
  auto empty = FieldParser<EmptyRow>::parse(p);
  if (failed(empty) || p.parseGreater())
    return {};
  auto complain = [&] { return p.emitError(loc); };
  function_ref<InFlightDiagnostic()> emit = complain;
  auto makeStreams = [&](ArrayRef<StringAttr> names, ArrayRef<int64_t> sizes) {
    return StreamsAttr::getChecked(emit, context, names, sizes);
  };
  StreamsAttr queries = makeStreams(queryNames, querySizes), keys = makeStreams(keyNames, keySizes);
  if (!queries || !keys)
    return {};
  SmallVector<EntryAttr> entries(rows.size() * keys.getCount(), EntryAttr::getNone(context));
  for (auto [q, row] : llvm::enumerate(rows))
    for (const auto &[name, entry] : row) {
      int64_t k = keys.find(name);
      if (k < 0 && name != "all") {
        p.emitError(loc) << "expected the name of a key segment but got '" << name << "'";
        return {};
      }
      auto cells = MutableArrayRef(entries).slice(q * keys.getCount(), keys.getCount());
      if (k < 0)
        llvm::fill(cells, entry);
      else
        cells[k] = entry;
    }
  return MaskAttr::getChecked(emit, context, queries, keys, ArrayRef<EntryAttr>(entries), *empty);
}

void MaskAttr::print(AsmPrinter &p) const {
  StreamsAttr queries = getQueries(), keys = getKeys();
  p << "<";
  for (unsigned q = 0, e = queries.getCount(); q != e; ++q) {
    if (q)
      p << ", ";
    StreamsAttr::printSegment(p, queries.getNames()[q], queries.getSizes()[q]);
    p << " -> [";
    auto row = getEntries().slice(q * keys.getCount(), keys.getCount());
    bool all = llvm::all_of(row, [](EntryAttr entry) { return entry.isAll(); });
    if (keys.getCount() > 1 && all && keys.find("all") < 0) {
      p << "all";
    } else {
      bool first = true;
      for (auto [k, entry] : llvm::enumerate(row)) {
        if (entry.isNone())
          continue;
        if (!std::exchange(first, false))
          p << ", ";
        p.printKeywordOrString(keys.getNames()[k].getValue());
        if (!entry.isAll())
          p << " ";
        entry.printSuffix(p);
      }
    }
    p << "]";
  }
  p << " over ";
  keys.printSegments(p);
  p << " empty " << stringifyEmptyRow(getEmpty()) << ">";
}

LogicalResult MaskAttr::verify(function_ref<InFlightDiagnostic()> emitError, StreamsAttr queries,
                               StreamsAttr keys, ArrayRef<EntryAttr> entries, EmptyRow) {
  if (entries.size() != size_t(queries.getCount()) * keys.getCount()) // mask_c1
    return emitError() << "expected " << queries.getCount() << " x " << keys.getCount()
                       << " entries but got " << entries.size();
  for (auto [i, entry] : llvm::enumerate(entries)) // mask_c2
    if (int64_t size = keys.getSizes()[i % keys.getCount()];
        !entry.getBounds().empty() && entry.getBounds().back() > size)
      return emitError() << "expected key ranges within " << size << " keys but got a bound of "
                         << entry.getBounds().back();
  return success();
}

//===----------------------------------------------------------------------------------------===//
// Mask: meaning
//===----------------------------------------------------------------------------------------===//

bool MaskAttr::isFull() const {
  return llvm::all_of(getEntries(), [](EntryAttr entry) { return entry.isAll(); });
}

bool MaskAttr::isBlockTable() const {
  return llvm::all_of(getEntries(),
                      [](EntryAttr entry) { return entry.isAll() || entry.isNone(); });
}

unsigned MaskAttr::segmentOf(StreamsAttr streams, int64_t token) {
  unsigned segment = 0;
  while (segment + 1 < streams.getCount() && streams.getBegin(segment + 1) <= token)
    ++segment;
  return segment;
}

SmallVector<KeySpan> MaskAttr::getSpans(unsigned query) const {
  SmallVector<KeySpan> spans;
  int64_t firstQuery = getQueries().getBegin(query), queries = getQueries().getSizes()[query];
  int64_t firstKey = 0;
  for (auto [k, size] : llvm::enumerate(getKeys().getSizes())) {
    EntryAttr entry = getEntry(query, k);
    auto add = [&](int64_t begin, int64_t end) {
      if (!spans.empty() && spans.back().end == firstKey + begin && !spans.back().isBand())
        spans.back().end = firstKey + end;
      else
        spans.push_back({firstKey + begin, firstKey + end, -EntryAttr::kFar, EntryAttr::kFar});
    };
    if (entry.isAll())
      add(0, size);
    for (size_t b = 0; b < entry.getBounds().size(); b += 2)
      add(entry.getBounds()[b], entry.getBounds()[b + 1]);
    if (entry.isBand()) {
      // What the first query sees at the lower end and the last one at the upper.
      int64_t begin = entry.hasLowLimit() ? std::max<int64_t>(0, entry.getLow()) : 0;
      int64_t end =
          entry.hasHighLimit() ? std::min<int64_t>(size, queries - 1 + entry.getHigh() + 1) : size;
      int64_t shift = firstKey - firstQuery;
      if (begin < end)
        spans.push_back({firstKey + begin, firstKey + end,
                         entry.hasLowLimit() ? entry.getLow() + shift : -EntryAttr::kFar,
                         entry.hasHighLimit() ? entry.getHigh() + shift : EntryAttr::kFar});
    }
    firstKey += size;
  }
  return spans;
}

SmallVector<std::pair<int64_t, int64_t>> MaskAttr::getIntervals(unsigned query) const {
  SmallVector<std::pair<int64_t, int64_t>> intervals;
  for (const KeySpan &span : getSpans(query)) {
    if (!intervals.empty() && intervals.back().second == span.begin)
      intervals.back().second = span.end;
    else
      intervals.push_back({span.begin, span.end});
  }
  return intervals;
}

bool MaskAttr::isEmptyRow(unsigned query) const { return getSpans(query).empty(); }

int64_t MaskAttr::getLiveKeys(unsigned query, int64_t i) const {
  int64_t at = getQueries().getBegin(query) + i, live = 0;
  for (const KeySpan &span : getSpans(query))
    live += std::max<int64_t>(0, span.endFor(at) - span.beginFor(at));
  return live;
}

bool MaskAttr::hasEmptyQuery(unsigned query) const {
  SmallVector<KeySpan> spans = getSpans(query);
  if (llvm::any_of(spans, [](const KeySpan &span) { return !span.isBand(); }))
    return false;
  int64_t first = getQueries().getBegin(query);
  for (int64_t i = first, e = first + getQueries().getSizes()[query]; i != e; ++i)
    if (llvm::none_of(spans,
                      [&](const KeySpan &span) { return span.beginFor(i) < span.endFor(i); }))
      return true;
  return false;
}

int64_t MaskAttr::getLivePairs() const {
  int64_t pairs = 0;
  for (unsigned q = 0, e = getQueries().getCount(); q != e; ++q) {
    int64_t first = getQueries().getBegin(q), size = getQueries().getSizes()[q];
    for (const KeySpan &span : getSpans(q)) {
      if (!span.isBand()) {
        pairs += size * (span.end - span.begin);
        continue;
      }
      for (int64_t i = first; i != first + size; ++i)
        pairs += std::max<int64_t>(0, span.endFor(i) - span.beginFor(i));
    }
  }
  return pairs;
}

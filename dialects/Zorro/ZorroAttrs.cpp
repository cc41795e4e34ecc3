//===- ZorroAttrs.cpp - Streams, masks and places -------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;
using namespace zorro;

#define GET_ATTRDEF_CLASSES
#include "dialects/Zorro/ZorroAttrs.cpp.inc"

void ZorroDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Zorro/ZorroAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------------------------===//

static void printSegment(AsmPrinter &p, StringAttr name, int64_t size) {
  p.printKeywordOrString(name.getValue());
  p << ": " << size;
}

static ParseResult parseName(AsmParser &p, std::string &name) {
  return p.parseKeywordOrString(&name);
}

/// name: size, name: size, …
static ParseResult parseSegments(AsmParser &p, SmallVectorImpl<StringAttr> &names,
                                 SmallVectorImpl<int64_t> &sizes) {
  do {
    std::string name;
    if (parseName(p, name) || p.parseColon() || p.parseInteger(sizes.emplace_back()))
      return failure();
    names.push_back(StringAttr::get(p.getContext(), name));
  } while (succeeded(p.parseOptionalComma()));
  return success();
}

Attribute StreamsAttr::parse(AsmParser &p, Type) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  if (p.parseLess() || parseSegments(p, names, sizes) || p.parseGreater())
    return {};
  return p.getChecked<StreamsAttr>(p.getCurrentLocation(), p.getContext(), names, sizes);
}

void StreamsAttr::print(AsmPrinter &p) const {
  p << "<";
  llvm::interleaveComma(llvm::zip(getNames(), getSizes()), p,
                        [&](auto s) { printSegment(p, std::get<0>(s), std::get<1>(s)); });
  p << ">";
}

LogicalResult StreamsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  ArrayRef<StringAttr> names, ArrayRef<int64_t> sizes) {
  if (names.empty()) // streams_c1
    return emitError() << "expected at least one segment";
  if (names.size() != sizes.size())
    return emitError() << "expected a size per segment but got " << sizes.size() << " sizes for "
                       << names.size() << " names";
  llvm::StringSet<> seen;
  for (auto [name, size] : llvm::zip(names, sizes)) {
    if (size <= 0) // streams_c2
      return emitError() << "expected a positive length for segment '" << name.getValue()
                         << "' but got " << size;
    if (!seen.insert(name.getValue()).second) // streams_c3
      return emitError() << "expected distinct segment names but got '" << name.getValue()
                         << "' twice";
  }
  return success();
}

int64_t StreamsAttr::getTotal() const {
  return std::accumulate(getSizes().begin(), getSizes().end(), int64_t(0));
}

int64_t StreamsAttr::getBegin(unsigned i) const {
  return std::accumulate(getSizes().begin(), getSizes().begin() + i, int64_t(0));
}

int64_t StreamsAttr::find(StringRef name) const {
  for (auto [i, n] : llvm::enumerate(getNames()))
    if (n.getValue() == name)
      return i;
  return -1;
}

//===----------------------------------------------------------------------------------------===//
// Mask
//===----------------------------------------------------------------------------------------===//

// <q: n -> [a, b], q2: n -> [all] over a: n, b: n empty nan>. Rows are parsed before the keys that
// they name are known, so they are kept as text until then.
Attribute MaskAttr::parse(AsmParser &p, Type) {
  MLIRContext *ctx = p.getContext();
  SmallVector<StringAttr> queryNames, keyNames;
  SmallVector<int64_t> querySizes, keySizes;
  SmallVector<SmallVector<std::string>> rows;
  SMLoc loc = p.getCurrentLocation();
  if (p.parseLess())
    return {};
  do {
    std::string name;
    if (parseName(p, name) || p.parseColon() || p.parseInteger(querySizes.emplace_back()) ||
        p.parseArrow() || p.parseLSquare())
      return {};
    queryNames.push_back(StringAttr::get(ctx, name));
    auto &row = rows.emplace_back();
    if (failed(p.parseOptionalRSquare())) {
      do {
        if (parseName(p, row.emplace_back()))
          return {};
      } while (succeeded(p.parseOptionalComma()));
      if (p.parseRSquare())
        return {};
    }
  } while (succeeded(p.parseOptionalComma()));
  if (p.parseKeyword("over") || parseSegments(p, keyNames, keySizes) || p.parseKeyword("empty"))
    return {};
  auto empty = FieldParser<EmptyRow>::parse(p);
  if (failed(empty) || p.parseGreater())
    return {};
  auto emit = [&] { return p.emitError(loc); };
  auto queries = StreamsAttr::getChecked(emit, ctx, queryNames, querySizes);
  auto keys = StreamsAttr::getChecked(emit, ctx, keyNames, keySizes);
  if (!queries || !keys)
    return {};
  SmallVector<bool> live(rows.size() * keys.getCount());
  for (auto [q, row] : llvm::enumerate(rows))
    for (const std::string &name : row) {
      int64_t k = keys.find(name);
      if (k < 0 && name != "all") {
        emit() << "expected the name of a key segment but got '" << name << "'";
        return {};
      }
      auto cells = MutableArrayRef<bool>(live).slice(q * keys.getCount(), keys.getCount());
      if (k < 0)
        llvm::fill(cells, true);
      else
        cells[k] = true;
    }
  return MaskAttr::getChecked(emit, ctx, queries, keys, live, *empty);
}

void MaskAttr::print(AsmPrinter &p) const {
  StreamsAttr queries = getQueries(), keys = getKeys();
  p << "<";
  for (unsigned q = 0, e = queries.getCount(); q != e; ++q) {
    if (q)
      p << ", ";
    printSegment(p, queries.getNames()[q], queries.getSizes()[q]);
    p << " -> [";
    auto row = getLive().slice(q * keys.getCount(), keys.getCount());
    if (keys.getCount() > 1 && llvm::all_of(row, [](bool b) { return b; }) && keys.find("all") < 0)
      p << "all";
    else
      llvm::interleaveComma(
          llvm::make_filter_range(llvm::enumerate(row), [](auto cell) { return cell.value(); }), p,
          [&](auto cell) { p.printKeywordOrString(keys.getNames()[cell.index()].getValue()); });
    p << "]";
  }
  p << " over ";
  llvm::interleaveComma(llvm::zip(keys.getNames(), keys.getSizes()), p,
                        [&](auto s) { printSegment(p, std::get<0>(s), std::get<1>(s)); });
  p << " empty " << stringifyEmptyRow(getEmpty()) << ">";
}

LogicalResult MaskAttr::verify(function_ref<InFlightDiagnostic()> emitError, StreamsAttr queries,
                               StreamsAttr keys, ArrayRef<bool> live, EmptyRow) {
  if (live.size() != size_t(queries.getCount()) * keys.getCount()) // mask_c1
    return emitError() << "expected " << queries.getCount() << " x " << keys.getCount()
                       << " entries but got " << live.size();
  return success();
}

bool MaskAttr::isEmptyRow(unsigned query) const {
  unsigned n = getKeys().getCount();
  return llvm::none_of(getLive().slice(query * n, n), [](bool b) { return b; });
}

SmallVector<std::pair<int64_t, int64_t>> MaskAttr::getIntervals(unsigned query) const {
  SmallVector<std::pair<int64_t, int64_t>> intervals;
  int64_t begin = 0;
  for (auto [k, size] : llvm::enumerate(getKeys().getSizes())) {
    if (isLive(query, k)) {
      if (!intervals.empty() && intervals.back().second == begin)
        intervals.back().second = begin + size;
      else
        intervals.push_back({begin, begin + size});
    }
    begin += size;
  }
  return intervals;
}

int64_t MaskAttr::getLivePairs() const {
  int64_t pairs = 0;
  for (unsigned q = 0, e = getQueries().getCount(); q != e; ++q)
    for (auto [begin, end] : getIntervals(q))
      pairs += getQueries().getSizes()[q] * (end - begin);
  return pairs;
}

//===----------------------------------------------------------------------------------------===//
// Place
//===----------------------------------------------------------------------------------------===//

Attribute PlaceAttr::parse(AsmParser &p, Type) {
  int64_t index = 0, offset = 0;
  FlatSymbolRefAttr symbol;
  if (p.parseLess())
    return {};
  auto kind = FieldParser<PlaceKind>::parse(p);
  if (failed(kind))
    return {};
  if (*kind == PlaceKind::Input || *kind == PlaceKind::Output) {
    if (p.parseInteger(index))
      return {};
  } else if (*kind == PlaceKind::Weight || *kind == PlaceKind::Table) {
    if (p.parseAttribute(symbol))
      return {};
  }
  if (p.parseComma() || p.parseInteger(offset) || p.parseGreater())
    return {};
  return PlaceAttr::get(p.getContext(), *kind, index, symbol, offset);
}

void PlaceAttr::print(AsmPrinter &p) const {
  p << "<" << stringifyPlaceKind(getKind());
  if (getKind() == PlaceKind::Input || getKind() == PlaceKind::Output)
    p << " " << getIndex();
  else if (getSymbol())
    p << " " << getSymbol();
  p << ", " << getOffset() << ">";
}

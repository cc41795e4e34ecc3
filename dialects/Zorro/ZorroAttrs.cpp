//===- ZorroAttrs.cpp - Streams and places -------------------------------------*- C++ -*- ===//
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

void StreamsAttr::printSegment(AsmPrinter &p, StringAttr name, int64_t size) {
  p.printKeywordOrString(name.getValue());
  p << ": " << size;
}

void StreamsAttr::printSegments(AsmPrinter &p) const {
  llvm::interleaveComma(llvm::zip(getNames(), getSizes()), p,
                        [&](auto s) { printSegment(p, std::get<0>(s), std::get<1>(s)); });
}

ParseResult StreamsAttr::parseSegments(AsmParser &p, SmallVectorImpl<StringAttr> &names,
                                       SmallVectorImpl<int64_t> &sizes) {
  do {
    std::string name;
    if (p.parseKeywordOrString(&name) || p.parseColon() || p.parseInteger(sizes.emplace_back()))
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
  printSegments(p);
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

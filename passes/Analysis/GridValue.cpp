//===- GridValue.cpp - Cells, grids, joins ----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/GridValue.h"
#include "passes/Analysis/RuleSwitch.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace zorro;

double zorro::roundTo(double value, Element element) {
  const fltSemantics *semantics = element == Element::F16    ? &APFloat::IEEEhalf()
                                  : element == Element::BF16 ? &APFloat::BFloat()
                                                             : nullptr;
  if (element == Element::F32)
    return static_cast<float>(value);
  if (!semantics)
    return value;
  APFloat rounded(value);
  bool loses;
  rounded.convert(*semantics, APFloat::rmNearestTiesToEven, &loses);
  rounded.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
  return rounded.convertToDouble();
}

//===----------------------------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------------------------===//

Cell Cell::known(double value) {
  Cell cell;
  cell.kind = CellKind::Known;
  cell.value = value;
  return cell;
}

Cell Cell::any(uint64_t taint, uint8_t flags, uint64_t nonFinite) {
  Cell cell;
  cell.taint = taint | nonFinite;
  cell.nonFinite = nonFinite;
  cell.flags = flags;
  return cell;
}

Cell Cell::zeroOrNaN(uint64_t nonFinite) {
  Cell cell = any(nonFinite, kNaN, nonFinite);
  cell.kind = CellKind::Zero;
  return cell;
}

uint8_t Cell::mayBe() const {
  if (kind == CellKind::Zero)
    return (flags & kUnusual) | kNaN;
  if (kind != CellKind::Known)
    return flags & kUnusual;
  if (std::isnan(value) || value == std::numeric_limits<double>::infinity())
    return kInfinite | kNaN;
  if (value == -std::numeric_limits<double>::infinity())
    return kInfinite;
  return value <= kDeadScore ? kFill : 0;
}

bool Cell::isLive(Element element) const {
  if (element == Element::Boolean)
    return isKnown() && value != 0;
  return isKnown() ? value > kDeadScore : kind == CellKind::Any && !(flags & kUnusual);
}

bool Cell::operator==(const Cell &o) const {
  return kind == o.kind && taint == o.taint && nonFinite == o.nonFinite && flags == o.flags &&
         (value == o.value || (std::isnan(value) && std::isnan(o.value)));
}

void CellJoin::add(const Cell &cell) {
  if (empty)
    first = cell;
  empty = false;
  same &= cell.isKnown() && first.isKnown() &&
          (cell.value == first.value || (std::isnan(cell.value) && std::isnan(first.value)));
  dead &= cell.isDead();
  zero &= cell.isZero();
  plain &= cell.kind == CellKind::Any && !cell.flags;
  rowTrue |= cell.isLive(element) || (cell.flags & kRowTrue);
  rowFalse |= cell.isKnown(0) || (cell.flags & kRowFalse);
  if (!isOff(Rule::Join) || !taint)
    taint |= cell.taint;
  nonFinite |= cell.nonFinite;
  mayBe |= cell.mayBe();
}

void CellJoin::endRow() {
  allTrue &= rowTrue;
  allFalse &= rowFalse;
  rowTrue = rowFalse = false;
}

Cell CellJoin::finish() {
  if (empty || same)
    return empty ? Cell() : first;
  Cell cell = Cell::any(taint, mayBe, nonFinite);
  cell.kind = dead ? CellKind::Dead : zero ? CellKind::Zero : CellKind::Any;
  if (cell.kind == CellKind::Any && !plain)
    cell.flags |= (allTrue ? kRowTrue : 0) | (allFalse ? kRowFalse : 0);
  // Without anything that could be dead, "has a live score" says nothing.
  if (element != Element::Boolean && !mayBe)
    cell.flags &= ~kRowTrue;
  return cell;
}

//===----------------------------------------------------------------------------------------===//
// Cuts
//===----------------------------------------------------------------------------------------===//

Cuts zorro::wholeAxis(int64_t length) { return length ? Cuts{0, length} : Cuts{0}; }

Cuts zorro::uniteCuts(const Cuts &a, const Cuts &b) {
  if (a == b)
    return a;
  Cuts united;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(united));
  return united;
}

bool zorro::thinCuts(MutableArrayRef<Cuts> cuts) {
  bool dropped = false;
  while (!cuts.empty()) {
    double cells = 1;
    for (const Cuts &axis : cuts)
      cells *= std::max<size_t>(1, axis.size() - 1);
    Cuts &longest = *std::max_element(cuts.begin(), cuts.end(), [](const Cuts &a, const Cuts &b) {
      return a.size() < b.size();
    });
    if (cells <= GridValue::kMaxCells && longest.size() <= GridValue::kMaxSegments + 1)
      break;
    Cuts kept;
    for (size_t i = 0; i + 1 < longest.size(); i += 2)
      kept.push_back(longest[i]);
    kept.push_back(longest.back());
    longest = kept;
    dropped = true;
  }
  return dropped;
}

void zorro::forEachIndex(ArrayRef<unsigned> sizes, function_ref<void(ArrayRef<unsigned>)> visit) {
  if (is_contained(sizes, 0u))
    return;
  SmallVector<unsigned, 6> index(sizes.size(), 0);
  while (true) {
    visit(index);
    int axis = int(sizes.size()) - 1;
    while (axis >= 0 && ++index[axis] == sizes[axis])
      index[axis--] = 0;
    if (axis < 0)
      return;
  }
}

//===----------------------------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------------------------===//

GridValue::GridValue(ArrayRef<int64_t> shape, Element element, const Cell &cell)
    : shape(shape.begin(), shape.end()), element(element) {
  for (int64_t length : shape)
    cuts.push_back(wholeAxis(length));
  cells.assign(is_contained(shape, 0) ? 0 : 1, cell);
}

GridValue::GridValue(ArrayRef<int64_t> shape, Element element, ArrayRef<Cuts> cuts,
                     std::vector<Cell> cells)
    : shape(shape.begin(), shape.end()), cuts(cuts.begin(), cuts.end()), cells(std::move(cells)),
      element(element) {
  merge();
  thin();
}

void GridValue::merge() {
  for (unsigned axis = 0; axis != shape.size(); ++axis) {
    size_t n = getSegments(axis), inner = 1;
    if (n < 2)
      continue;
    for (unsigned i = axis + 1; i != shape.size(); ++i)
      inner *= getSegments(i);
    size_t outer = cells.size() / (n * inner);
    SmallVector<unsigned> kept = {0};
    for (size_t s = 1; s != n; ++s) {
      bool differs = false;
      for (size_t o = 0; o != outer && !differs; ++o) {
        const Cell *row = &cells[(o * n + s) * inner];
        differs = !std::equal(row, row + inner, row - inner);
      }
      if (differs)
        kept.push_back(s);
    }
    if (kept.size() == n)
      continue;
    std::vector<Cell> fewer;
    fewer.reserve(outer * kept.size() * inner);
    for (size_t o = 0; o != outer; ++o)
      for (unsigned s : kept)
        fewer.insert(fewer.end(), &cells[(o * n + s) * inner],
                     &cells[(o * n + s) * inner] + inner);
    Cuts merged;
    for (unsigned s : kept)
      merged.push_back(cuts[axis][s]);
    merged.push_back(cuts[axis].back());
    cuts[axis] = merged;
    cells = std::move(fewer);
  }
}

void GridValue::thin() {
  SmallVector<Cuts, 4> fewer(cuts);
  if (thinCuts(fewer))
    *this = onCuts(fewer);
}

/// Segments of `cuts` that [begin, end) touches.
static std::pair<unsigned, unsigned> findSegments(const Cuts &cuts, IndexRange range) {
  auto first = std::upper_bound(cuts.begin(), cuts.end(), range.begin) - cuts.begin() - 1;
  auto last = std::lower_bound(cuts.begin(), cuts.end(), range.end) - cuts.begin();
  return {unsigned(first), unsigned(last)};
}

SmallVector<IndexRange, 4> GridValue::getBox(size_t cell) const {
  SmallVector<IndexRange, 4> box(shape.size());
  for (int axis = int(shape.size()) - 1; axis >= 0; --axis) {
    size_t segment = cell % getSegments(axis);
    cell /= getSegments(axis);
    box[axis] = {cuts[axis][segment], cuts[axis][segment + 1]};
  }
  return box;
}

SmallVector<size_t> GridValue::getCellsIn(ArrayRef<IndexRange> box) const {
  SmallVector<std::pair<unsigned, unsigned>, 4> segments;
  SmallVector<unsigned, 4> sizes;
  for (auto [axis, range] : enumerate(box)) {
    auto [first, last] = segments.emplace_back(findSegments(cuts[axis], range));
    sizes.push_back(last - std::min(first, last));
  }
  SmallVector<size_t> found;
  if (cells.empty())
    return found;
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
    size_t number = 0;
    for (unsigned axis = 0; axis != shape.size(); ++axis)
      number = number * getSegments(axis) + segments[axis].first + index[axis];
    found.push_back(number);
  });
  return found;
}

uint64_t GridValue::getTaint() const {
  uint64_t taint = 0;
  for (const Cell &cell : cells)
    taint |= cell.taint;
  return taint;
}

Cell GridValue::joinBox(ArrayRef<IndexRange> box) const {
  if (cells.empty())
    return {};
  bool splits = false;
  unsigned rowCells = 1;
  if (!box.empty()) {
    auto [first, last] = findSegments(cuts.back(), box.back());
    splits = cuts.back()[first] != box.back().begin || cuts.back()[last] != box.back().end;
    rowCells = last - first;
  }
  Cell joined;
  if (cells.size() == 1) {
    joined = cells.front();
  } else {
    SmallVector<size_t> numbers = getCellsIn(box);
    if (numbers.size() == 1) {
      joined = cells[numbers.front()];
    } else {
      CellJoin join(element);
      for (auto [i, number] : enumerate(numbers)) {
        join.add(cells[number]);
        if ((i + 1) % rowCells == 0)
          join.endRow();
      }
      joined = join.finish();
    }
  }
  // A part of a row need not hold the element that the row holds.
  if (splits)
    joined.flags &= ~kRowFlags;
  return joined;
}

Cell GridValue::joinAll() const {
  SmallVector<IndexRange, 4> box;
  for (int64_t length : shape)
    box.push_back({0, length});
  return joinBox(box);
}

GridValue GridValue::onCuts(ArrayRef<Cuts> newCuts) const {
  if (cuts == newCuts)
    return *this;
  SmallVector<unsigned, 4> sizes;
  for (const Cuts &axis : newCuts)
    sizes.push_back(axis.size() - 1);
  GridValue result;
  result.shape = shape;
  result.element = element;
  result.cuts.assign(newCuts.begin(), newCuts.end());
  SmallVector<IndexRange, 4> box(shape.size());
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
    for (auto [axis, i] : enumerate(index))
      box[axis] = {newCuts[axis][i], newCuts[axis][i + 1]};
    result.cells.push_back(joinBox(box));
  });
  return result;
}

GridValue GridValue::joinedAlong(unsigned axis) const {
  SmallVector<Cuts, 4> whole(cuts);
  whole[axis] = wholeAxis(shape[axis]);
  return onCuts(whole);
}

//===----------------------------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------------------------===//

void zorro::printTaint(raw_ostream &os, uint64_t taint, ArrayRef<std::string> names) {
  os << "{";
  bool first = true;
  for (unsigned bit = 0; bit != 64; ++bit)
    if (taint >> bit & 1) {
      os << (first ? "" : ",");
      if (bit < names.size())
        os << names[bit];
      else
        os << "#" << bit;
      first = false;
    }
  os << "}";
}

static void printCell(raw_ostream &os, const Cell &cell, ArrayRef<std::string> names) {
  if (cell.isKnown()) {
    os << "=";
    if (std::isnan(cell.value))
      os << "nan";
    else if (std::isinf(cell.value))
      os << (cell.value < 0 ? "-inf" : "inf");
    else
      os << format("%g", cell.value);
    return;
  }
  if (cell.kind == CellKind::Zero)
    os << "zero";
  if (cell.kind == CellKind::Dead)
    os << "dead";
  printTaint(os, cell.taint, names);
  static const std::pair<uint8_t, char> letters[] = {
      {kFill, 'f'}, {kInfinite, 'i'}, {kNaN, 'n'}, {kRowTrue, 'T'}, {kRowFalse, 'F'}};
  if (cell.flags)
    os << "!";
  for (auto [flag, letter] : letters)
    if (cell.flags & flag)
      os << letter;
  if (cell.nonFinite) {
    os << "^";
    printTaint(os, cell.nonFinite, names);
  }
}

void GridValue::print(raw_ostream &os, ArrayRef<std::string> names) const {
  bool any = false;
  for (auto [axis, c] : enumerate(cuts)) {
    if (c.size() <= 2)
      continue;
    os << (any ? ", axis " : "axis ") << axis << ":";
    for (int64_t cut : c)
      os << " " << cut;
    any = true;
  }
  os << (any ? " | " : "");
  for (auto [i, cell] : enumerate(cells)) {
    os << (i ? " " : "");
    printCell(os, cell, names);
  }
}

//===- CellRules.cpp - What scalar operations do to cells -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/CellRules.h"
#include "passes/Analysis/RuleSwitch.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace llvm;
using namespace zorro;

constexpr double kInf = std::numeric_limits<double>::infinity();

/// An integer holds no fill; only a boolean has rows that are true or false.
static Cell fitElement(Cell cell, Element element) {
  if (isFloat(element))
    return cell;
  cell.flags &= element == Element::Boolean ? kRowFlags : 0;
  cell.nonFinite = 0;
  return cell;
}

Cell zorro::mixCells(ArrayRef<Cell> cells, Element element) {
  Cell mixed;
  for (const Cell &cell : cells) {
    mixed.taint |= cell.taint;
    mixed.nonFinite |= cell.nonFinite;
    mixed.flags |= cell.mayBe();
  }
  if (mixed.flags & kInfinite)
    mixed.flags |= kNaN;
  return fitElement(mixed, element);
}

Cell zorro::unaryCell(const Cell &x, const UnaryTraits &traits, Element from, Element to) {
  if (x.isKnown() && traits.fold)
    return Cell::known(roundTo(traits.fold(x.value), to));
  Cell y = Cell::any(x.taint, x.mayBe(), x.nonFinite);
  if (x.kind == CellKind::Zero && (traits.keepsZero || traits.keepsOrder) && isFloat(to))
    return x;
  if (traits.keepsOrder && isFloat(from) && isFloat(to)) {
    y.kind = x.kind == CellKind::Dead ? CellKind::Dead : CellKind::Any;
    y.flags = x.isKnown() ? x.mayBe() : x.flags;
    bool narrower = to == Element::F16 || (to != Element::F64 && from == Element::F64);
    if (narrower && (y.flags & kFill)) { // a fill overflows
      y.flags |= kInfinite;
      y.nonFinite |= y.taint;
    }
  } else if (y.flags & kInfinite) {
    y.flags |= kNaN;
  }
  if (traits.isLog && y.taint) {
    y.flags |= kInfinite | kNaN;
    y.nonFinite = y.taint;
  }
  return fitElement(y, to);
}

Cell zorro::binaryCell(const Cell &a, const Cell &b, ScalarFunction2 fold, Element element,
                       bool makesNaN) {
  if (a.isKnown() && b.isKnown() && fold)
    return Cell::known(roundTo(fold(a.value, b.value), element));
  Cell c = Cell::any(a.taint | b.taint, a.mayBe() | b.mayBe(), a.nonFinite | b.nonFinite);
  if (makesNaN && (c.flags & kInfinite))
    c.flags |= kNaN;
  return fitElement(c, element);
}

/// What a NaN is added to or multiplied by does not matter.
static bool isNaN(const Cell &x) { return x.isKnown() && std::isnan(x.value); }

Cell zorro::mulCells(const Cell &a, const Cell &b, Element element) {
  Cell c = binaryCell(a, b, [](double x, double y) { return x * y; }, element);
  if (c.isKnown())
    return c;
  if (isNaN(a) || isNaN(b))
    return Cell::known(std::nan(""));
  for (auto [x, y] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    if (x->kind == CellKind::Zero)
      return fitElement(Cell::zeroOrNaN(a.nonFinite | b.nonFinite), element);
    if (x->isKnown(0)) // 0 · NaN is NaN
      return y->mayBeNonFinite() && isFloat(element) && !isOff(Rule::ZeroTimesNaN)
                 ? Cell::zeroOrNaN(a.nonFinite | b.nonFinite)
                 : Cell::known(0);
  }
  if (!isFloat(element))
    return c;
  for (const Cell *x : {&a, &b})
    if (x->isKnown() && std::abs(x->value) >= kHuge) { // a mask times a fill
      c.flags |= kFill | kInfinite;
      c.nonFinite |= c.taint;
    }
  // A fill overflows, unless it is scaled down.
  for (auto [x, y] : {std::pair(&a, &b), std::pair(&b, &a)})
    if ((x->mayBe() & kFill) && !(y->isKnown() && std::abs(y->value) <= 1)) {
      c.flags |= kInfinite | kNaN;
      c.nonFinite |= c.taint;
    }
  return c;
}

Cell zorro::divCells(const Cell &a, const Cell &b, Element element) {
  if (!isFloat(element)) {
    if (b.isKnown(0))
      return Cell::any(a.taint | b.taint);
    return binaryCell(a, b, [](double x, double y) { return std::trunc(x / y); }, element);
  }
  Cell c = binaryCell(a, b, [](double x, double y) { return x / y; }, element);
  if (c.isKnown())
    return c;
  if (a.isZero())
    return Cell::zeroOrNaN(a.nonFinite | b.taint);
  if ((a.mayBe() & kFill) && !(b.isKnown() && std::abs(b.value) >= 1)) {
    c.flags |= kInfinite | kNaN;
    c.nonFinite |= c.taint;
  }
  return c;
}

/// a + b, or a - b.
static Cell sumCells(const Cell &a, const Cell &b, Element element, bool subtracts) {
  Cell c = binaryCell(
      a, b,
      subtracts ? static_cast<ScalarFunction2>([](double x, double y) { return x - y; })
                : static_cast<ScalarFunction2>([](double x, double y) { return x + y; }),
      element, subtracts);
  if (c.isKnown() || !isFloat(element))
    return c;
  if (isNaN(a) || isNaN(b))
    return Cell::known(std::nan(""));
  uint8_t ma = a.mayBe(), mb = b.mayBe();
  if (ma & mb & kFill) { // two fills overflow
    c.flags |= kInfinite;
    c.nonFinite |= c.taint;
  }
  if (subtracts && (mb & (kFill | kInfinite))) { // -inf - -inf; fill - fill
    c.flags |= kUnusual;
    c.nonFinite |= c.taint;
  }
  for (auto [x, y, negated] : {std::tuple(&a, &b, subtracts), std::tuple(&b, &a, false)}) {
    if (!x->isDead() || (x == &b && subtracts))
      continue;
    if (negated && (y->mayBe() & (kFill | kInfinite)))
      continue;
    if (x->isKnown(-kInf)) {
      if (!(y->mayBe() & kNaN) || isOff(Rule::InfinityPlusNaN))
        return Cell::known(-kInf);
      c = Cell::any(y->nonFinite, kInfinite | kNaN, y->nonFinite);
    }
    c.kind = CellKind::Dead;
  }
  if (c.kind == CellKind::Dead)
    return c;
  for (auto [x, y] : {std::pair(&a, &b), std::pair(&b, &a)})
    if (y->isKnown(0) && x->kind == CellKind::Zero && !(x == &b && subtracts))
      return *x;
  // A score keeps its live rows when an ordinary number is added to it.
  for (auto [x, y] : {std::pair(&a, &b), std::pair(&b, &a)})
    if (!y->mayBe() && !(x == &b && subtracts))
      c.flags |= x->flags & kRowTrue;
  if (!(c.flags & kUnusual))
    c.flags &= ~kRowFlags;
  return c;
}

Cell zorro::addCells(const Cell &a, const Cell &b, Element element) {
  return sumCells(a, b, element, false);
}

Cell zorro::subCells(const Cell &a, const Cell &b, Element element) {
  return sumCells(a, b, element, true);
}

Cell zorro::logicCell(const Cell &a, const Cell &b, bool isAnd) {
  double absorbing = isAnd ? 0 : 1;
  for (const Cell *x : {&a, &b})
    if (x->isKnown() && (x->value != 0) == (absorbing != 0))
      return Cell::known(absorbing);
  if (a.isKnown())
    return b;
  if (b.isKnown())
    return a;
  return Cell::any(a.taint | b.taint);
}

Cell zorro::notCell(const Cell &x) {
  if (x.isKnown())
    return Cell::known(x.value == 0);
  Cell y = x;
  y.flags = ((x.flags & kRowTrue) ? kRowFalse : 0) | ((x.flags & kRowFalse) ? kRowTrue : 0);
  return y;
}

Cell zorro::isNaNCell(const Cell &x) {
  if (x.isKnown())
    return Cell::known(std::isnan(x.value));
  return x.mayBe() & kNaN ? Cell::any(x.nonFinite) : Cell::known(0);
}

Cell zorro::selectCell(const Cell &condition, const Cell &a, const Cell &b, Element element) {
  if (condition.isKnown())
    return condition.value != 0 ? a : b;
  if (a.isKnown() && b.isKnown() &&
      (a.value == b.value || (std::isnan(a.value) && std::isnan(b.value))))
    return a;
  uint64_t decides = isOff(Rule::Condition) ? 0 : condition.taint;
  Cell c = Cell::any(decides | a.taint | b.taint, a.mayBe() | b.mayBe());
  if (c.flags & (kInfinite | kNaN)) // the condition decides where they are
    c.nonFinite = a.nonFinite | b.nonFinite | decides;
  if (a.isDead() && b.isDead())
    c.kind = CellKind::Dead;
  else if (a.isZero() && b.isZero())
    return Cell::zeroOrNaN(c.nonFinite);
  bool live = ((condition.flags & kRowFalse) && a.isDead() && b.isLive(element)) ||
              ((condition.flags & kRowTrue) && b.isDead() && a.isLive(element));
  if (live && c.kind == CellKind::Any)
    c.flags |= kRowTrue;
  return fitElement(c, element);
}

Cell zorro::reduceCells(ArrayRef<ReductionPart> parts, Reduction how, Element element,
                        bool alongRows) {
  Cell r;
  bool allKnown = true, allZero = true, hasLive = false, hasNaN = false;
  double sum = 0, max = -kInf, min = kInf;
  for (const auto &[cell, count] : isOff(Rule::Reduction) ? parts.take_front() : parts) {
    r.taint |= cell.taint;
    r.nonFinite |= cell.nonFinite;
    r.flags |= cell.mayBe();
    allKnown &= cell.isKnown() && !std::isnan(cell.value);
    allZero &= cell.isZero();
    hasNaN |= isNaN(cell);
    hasLive |= cell.isLive(element) || (alongRows && (cell.flags & kRowTrue));
    sum += cell.value * count;
    max = std::max(max, cell.value);
    min = std::min(min, cell.value);
  }
  switch (how) {
  case Reduction::Sum:
    if (hasNaN)
      return Cell::known(std::nan(""));
    // Small whole numbers add up exactly in any order.
    if (allKnown && std::abs(sum) < (1 << 24) && sum == std::round(sum) &&
        all_of(parts, [](const ReductionPart &part) {
          return part.cell.value == std::round(part.cell.value);
        }))
      return Cell::known(sum);
    if (allZero)
      return Cell::zeroOrNaN(r.nonFinite);
    if (r.flags & kFill) { // several fills overflow
      r.flags |= kInfinite;
      r.nonFinite |= r.taint;
    }
    break;
  case Reduction::Max:
    if (allKnown)
      return Cell::known(max);
    if (hasLive)
      r.flags &= kNaN;
    break;
  case Reduction::Min:
    if (allKnown)
      return Cell::known(min);
    break;
  case Reduction::Product:
  case Reduction::Other:
    if (r.flags & kInfinite)
      r.flags |= kNaN;
    break;
  }
  return fitElement(r, element);
}

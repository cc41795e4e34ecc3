//===- CellRulesTest.cpp - Element-wise rules against numbers ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Each cell stands for a function of the inputs. Concrete functions that fit two cells are
// combined; the cell of the result must fit the combined function.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/CellRules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

using namespace llvm;
using namespace zorro;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kFillValue = -3.0e38f;

/// A number that depends on three boolean inputs.
using Function = std::function<double(unsigned)>;
constexpr unsigned kInputs = 3, kWorlds = 1 << kInputs;

/// Inputs that change what `f` gives; with `places`, only where it is -inf or NaN.
uint64_t dependsOn(const Function &f, bool places) {
  auto view = [&](unsigned world) {
    double v = f(world);
    if (!places)
      return std::make_pair(std::isnan(v), std::isnan(v) ? 0.0 : v);
    return std::make_pair(std::isnan(v), double(v == -kInf));
  };
  uint64_t inputs = 0;
  for (unsigned world = 0; world != kWorlds; ++world)
    for (unsigned bit = 0; bit != kInputs; ++bit)
      if (view(world) != view(world ^ (1u << bit)))
        inputs |= uint64_t(1) << bit;
  return inputs;
}

void expectFits(const Function &f, const Cell &cell, const std::string &what) {
  EXPECT_EQ(dependsOn(f, false) & ~cell.taint, 0u) << what << ": unclaimed input";
  EXPECT_EQ(dependsOn(f, true) & ~cell.nonFinite, 0u) << what << ": unclaimed place of -inf or NaN";
  EXPECT_EQ(cell.nonFinite & ~cell.taint, 0u) << what;
  for (unsigned world = 0; world != kWorlds; ++world) {
    double v = f(world);
    if (std::isnan(v)) {
      EXPECT_TRUE(cell.mayBe() & kNaN) << what << ": NaN";
    } else if (std::isinf(v)) {
      EXPECT_TRUE(cell.mayBe() & kInfinite) << what << ": infinity";
    } else if (v <= kDeadScore) {
      EXPECT_TRUE(cell.mayBe() & kFill || cell.kind == CellKind::Dead) << what << ": fill " << v;
    }
    if (cell.isKnown() && std::isnan(cell.value)) {
      EXPECT_TRUE(std::isnan(v)) << what << ": " << v;
    } else if (cell.isKnown()) {
      EXPECT_EQ(v, cell.value) << what;
    }
    if (cell.kind == CellKind::Zero) {
      EXPECT_TRUE(v == 0 || std::isnan(v)) << what << ": " << v;
    }
    if (cell.kind == CellKind::Dead) {
      EXPECT_TRUE(v <= kDeadScore || std::isnan(v)) << what << ": " << v;
    }
  }
}

struct Sample {
  Cell cell;
  Function function;
};

/// Cells of every kind, each with a function that makes full use of what it allows.
std::vector<Sample> samples() {
  auto bit = [](unsigned world, unsigned i) { return bool(world >> i & 1); };
  std::vector<Sample> list;
  for (double v : {0.0, 1.0, -2.5, kFillValue, -kInf, std::nan("")})
    list.push_back({Cell::known(v), [=](unsigned) { return v; }});
  for (unsigned i = 0; i != kInputs; ++i) {
    uint64_t t = uint64_t(1) << i, other = uint64_t(1) << (i + 1) % kInputs;
    unsigned j = (i + 1) % kInputs;
    list.push_back({Cell::any(t), [=](unsigned w) { return bit(w, i) ? 2.5 : 1.5; }});
    list.push_back({Cell::any(0), [=](unsigned) { return 3.0; }});
    list.push_back({Cell::any(t | other, kFill),
                    [=](unsigned w) { return bit(w, j) ? kFillValue : bit(w, i) ? 1.5 : 2.5; }});
    list.push_back({Cell::any(t | other, kInfinite, other),
                    [=](unsigned w) { return bit(w, j) ? -kInf : bit(w, i) ? 1.5 : 2.5; }});
    list.push_back({Cell::any(t | other, kNaN, other),
                    [=](unsigned w) { return bit(w, j) ? std::nan("") : bit(w, i) ? 1.5 : 2.5; }});
    list.push_back(
        {Cell::zeroOrNaN(t), [=](unsigned w) { return bit(w, i) ? std::nan("") : 0.0; }});
    Cell dead = Cell::any(t, kFill);
    dead.kind = CellKind::Dead;
    list.push_back({dead, [=](unsigned w) { return bit(w, i) ? -2e30f : -1e37f; }});
    Cell deadOrInf = Cell::any(other, kInfinite | kFill, other);
    deadOrInf.kind = CellKind::Dead;
    list.push_back({deadOrInf, [=](unsigned w) { return bit(w, j) ? -kInf : -1e33f; }});
  }
  return list;
}

double f32(double v) { return static_cast<float>(v); }

TEST(CellRules, SamplesFitTheirCells) {
  for (const auto &[i, s] : enumerate(samples()))
    expectFits(s.function, s.cell, "sample " + std::to_string(i));
}

TEST(CellRules, BinaryOperations) {
  using Rule = Cell (*)(const Cell &, const Cell &, Element);
  struct Case {
    const char *name;
    Rule rule;
    double (*concrete)(double, double);
  };
  const Case cases[] = {
      {"add", addCells, [](double a, double b) { return f32(a + b); }},
      {"sub", subCells, [](double a, double b) { return f32(a - b); }},
      {"mul", mulCells, [](double a, double b) { return f32(a * b); }},
      {"max",
       [](const Cell &a, const Cell &b, Element e) {
         return binaryCell(a, b, [](double x, double y) { return x < y ? y : x; }, e, false);
       },
       [](double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b); }}};
  std::vector<Sample> list = samples();
  for (const Case &c : cases)
    for (size_t i = 0; i != list.size(); ++i)
      for (size_t j = 0; j != list.size(); ++j) {
        const Sample &a = list[i], &b = list[j];
        // The maximum of two known numbers, one of them NaN, is not asked of the fold here.
        if (std::string(c.name) == "max" && (std::isnan(a.cell.value) || std::isnan(b.cell.value)))
          continue;
        // What an ordinary number times an ordinary fill gives is assumed to be a fill or ordinary.
        Function f = [&](unsigned w) { return c.concrete(a.function(w), b.function(w)); };
        expectFits(f, c.rule(a.cell, b.cell, Element::F32),
                   std::string(c.name) + " of samples " + std::to_string(i) + " and " +
                       std::to_string(j));
      }
}

TEST(CellRules, Select) {
  std::vector<Sample> list = samples();
  std::vector<Sample> conditions = {
      {Cell::known(0), [](unsigned) { return 0.0; }},
      {Cell::known(1), [](unsigned) { return 1.0; }},
      {Cell::any(4), [](unsigned w) { return double(w >> 2 & 1); }},
      {Cell::any(1), [](unsigned w) { return double(w & 1); }}};
  for (const Sample &c : conditions)
    for (size_t i = 0; i != list.size(); ++i)
      for (size_t j = 0; j != list.size(); ++j) {
        const Sample &a = list[i], &b = list[j];
        Function f = [&](unsigned w) { return c.function(w) != 0 ? a.function(w) : b.function(w); };
        expectFits(f, selectCell(c.cell, a.cell, b.cell, Element::F32),
                   "select of samples " + std::to_string(i) + " and " + std::to_string(j));
      }
}

TEST(CellRules, UnaryOperations) {
  UnaryTraits exp{[](double x) { return std::exp(x); }, false, false, false};
  UnaryTraits neg{[](double x) { return -x; }, true, false, false};
  UnaryTraits copy{[](double x) { return x; }, true, true, false};
  std::vector<Sample> list = samples();
  for (size_t i = 0; i != list.size(); ++i)
    for (const UnaryTraits &traits : {exp, copy}) {
      const Sample &a = list[i];
      Function f = [&](unsigned w) { return f32(traits.fold(a.function(w))); };
      expectFits(f, unaryCell(a.cell, traits, Element::F32, Element::F32),
                 "unary of sample " + std::to_string(i));
    }
  // A fill that is cast to half precision overflows, where it is.
  Cell half = unaryCell(Cell::any(3, kFill), copy, Element::F32, Element::F16);
  EXPECT_TRUE(half.mayBe() & kInfinite);
  EXPECT_EQ(half.nonFinite, 3u);
  // log of a mask is a mask.
  UnaryTraits log{[](double x) { return std::log(x); }, false, false, true};
  Cell mask = unaryCell(Cell::any(2), log, Element::F32, Element::F32);
  EXPECT_TRUE(mask.mayBe() & kInfinite);
  EXPECT_EQ(mask.nonFinite, 2u);
  EXPECT_EQ(unaryCell(Cell::zeroOrNaN(1), neg, Element::F32, Element::F32), Cell::zeroOrNaN(1));
}

TEST(CellRules, BooleansAbsorb) {
  EXPECT_EQ(logicCell(Cell::known(0), Cell::any(1), true), Cell::known(0));
  EXPECT_EQ(logicCell(Cell::any(1), Cell::known(1), false), Cell::known(1));
  Cell rows = Cell::any(1, kRowTrue);
  EXPECT_EQ(logicCell(Cell::known(1), rows, true), rows);
  EXPECT_EQ(notCell(rows).flags, kRowFalse);
  EXPECT_EQ(notCell(Cell::known(1)), Cell::known(0));
}

TEST(CellRules, IsNaNTellsOnlyWhereNaNsAre) {
  EXPECT_EQ(isNaNCell(Cell::any(3)), Cell::known(0));
  EXPECT_EQ(isNaNCell(Cell::any(3, kNaN, 2)).taint, 2u);
}

TEST(CellRules, RunTimeMaskTimesFill) {
  // (1 - mask) · fill: where it is a fill is as the mask decides.
  Cell product = mulCells(Cell::any(4), Cell::known(-3e38), Element::F32);
  EXPECT_EQ(product.flags & (kFill | kInfinite), kFill | kInfinite);
  EXPECT_EQ(product.nonFinite, 4u);
}

TEST(CellRules, Reductions) {
  auto sum = [](std::vector<ReductionPart> parts) {
    return reduceCells(parts, Reduction::Sum, Element::F32, false);
  };
  EXPECT_EQ(sum({{Cell::known(2), 3}, {Cell::known(0), 5}}), Cell::known(6));
  EXPECT_EQ(sum({{Cell::known(0.1), 3}}).kind, CellKind::Any); // order matters
  EXPECT_EQ(sum({{Cell::known(0), 2}, {Cell::any(1), 1}}).taint, 1u);
  EXPECT_EQ(sum({{Cell::known(0), 2}, {Cell::zeroOrNaN(2), 1}}), Cell::zeroOrNaN(2));
  Cell overflow = sum({{Cell::any(1, kFill), 2}});
  EXPECT_TRUE(overflow.mayBe() & kInfinite);
  EXPECT_EQ(overflow.nonFinite, 1u);
  auto max = [](std::vector<ReductionPart> parts, bool rows) {
    return reduceCells(parts, Reduction::Max, Element::F32, rows);
  };
  EXPECT_EQ(max({{Cell::known(2), 3}, {Cell::known(-kInf), 1}}, false), Cell::known(2));
  // A live score hides the fills.
  EXPECT_EQ(max({{Cell::any(1), 1}, {Cell::any(2, kFill), 1}}, false).mayBe(), 0);
  EXPECT_EQ(max({{Cell::any(2, kFill | kRowTrue), 4}}, true).mayBe(), 0);
  EXPECT_EQ(max({{Cell::any(2, kFill | kRowTrue), 4}}, false).mayBe(), kFill);
}

} // namespace

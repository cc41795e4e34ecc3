//===- GridMoves.cpp - Grids under moves of elements, and of constants ------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Transposing, taking, reshaping and concatenating grids, and the grid of a constant. A reshape
// writes the cell number at every position, reshapes the numbers and finds the cuts again, so that
// any merge or split of axes is exact, misaligned ones included.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/GridValue.h"
#include "passes/Analysis/RuleSwitch.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

using namespace llvm;
using namespace zorro;

GridValue GridValue::transposed(ArrayRef<int64_t> perm) const {
  GridValue result;
  result.element = element;
  SmallVector<size_t, 4> strides(shape.size(), 1), moved;
  SmallVector<unsigned, 4> sizes;
  for (int axis = int(shape.size()) - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * getSegments(axis + 1);
  for (int64_t axis : perm) {
    result.shape.push_back(shape[axis]);
    result.cuts.push_back(cuts[axis]);
    sizes.push_back(getSegments(axis));
    moved.push_back(strides[axis]);
  }
  bool keepsRows = perm.empty() || perm.back() == int64_t(shape.size()) - 1;
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
    size_t number = 0;
    for (auto [i, stride] : zip(index, moved))
      number += i * stride;
    Cell cell = cells[number];
    if (!keepsRows)
      cell.flags &= ~kRowFlags;
    result.cells.push_back(cell);
  });
  return result;
}

GridValue GridValue::take(unsigned axis, ArrayRef<int64_t> positions, const Cell &fill) const {
  SmallVector<int64_t, 4> newShape(shape);
  newShape[axis] = positions.size();
  if (is_contained(newShape, 0))
    return GridValue(newShape, element, Cell());
  const Cuts &old = cuts[axis];
  Cuts found;
  SmallVector<int64_t> segments;
  for (auto [i, position] : enumerate(positions)) {
    int64_t segment = position < 0 ? -1
                                   : std::upper_bound(old.begin(), old.end(), position) -
                                         old.begin() - 1;
    if (i && segments.back() == segment)
      continue;
    found.push_back(i);
    segments.push_back(segment);
  }
  found.push_back(positions.size());
  bool keepsRows = axis + 1 != shape.size() || int64_t(positions.size()) == shape[axis];
  size_t n = getSegments(axis), inner = 1;
  for (unsigned i = axis + 1; i < shape.size(); ++i)
    inner *= getSegments(i);
  // Without an element to move there is no cell, and only the fill is left.
  size_t outer = 1;
  for (unsigned i = 0; i != axis; ++i)
    outer *= getSegments(i);
  std::vector<Cell> taken;
  for (size_t o = 0; o != outer; ++o)
    for (int64_t segment : segments)
      for (size_t i = 0; i != inner; ++i) {
        Cell cell = segment < 0 ? fill : cells[(o * n + segment) * inner + i];
        if (!keepsRows)
          cell.flags &= ~kRowFlags;
        taken.push_back(cell);
      }
  SmallVector<Cuts, 4> newCuts(cuts);
  newCuts[axis] = found;
  return GridValue(newShape, element, newCuts, std::move(taken));
}

GridValue GridValue::slice(unsigned axis, int64_t begin, int64_t size, int64_t stride) const {
  if (begin == 0 && size == shape[axis] && stride == 1)
    return *this;
  SmallVector<int64_t> positions;
  for (int64_t i = 0; i != size; ++i)
    positions.push_back(begin + i * (isOff(Rule::Take) ? 1 : stride));
  return take(axis, positions);
}

GridValue GridValue::concat(ArrayRef<GridValue> parts, unsigned axis) {
  SmallVector<int64_t, 4> shape(parts.front().shape);
  shape[axis] = 0;
  SmallVector<Cuts, 4> cuts(parts.front().cuts);
  cuts[axis] = {0};
  for (const GridValue &part : parts) {
    for (unsigned i = 0; i != shape.size(); ++i)
      if (i != axis)
        cuts[i] = uniteCuts(cuts[i], part.cuts[i]);
    for (int64_t cut : drop_begin(part.cuts[axis]))
      cuts[axis].push_back(shape[axis] + cut);
    shape[axis] += part.shape[axis];
  }
  std::vector<GridValue> fine;
  size_t outer = 1, inner = 1;
  for (unsigned i = 0; i != shape.size(); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : cuts[i].size() - 1;
  for (const GridValue &part : parts) {
    SmallVector<Cuts, 4> partCuts(cuts);
    partCuts[axis] = part.cuts[axis];
    fine.push_back(part.onCuts(partCuts));
  }
  std::vector<Cell> cells;
  for (size_t o = 0; o != outer; ++o)
    for (const GridValue &part : fine) {
      size_t run = part.getSegments(axis) * inner;
      cells.insert(cells.end(), part.cells.begin() + o * run, part.cells.begin() + (o + 1) * run);
    }
  if (isOff(Rule::Concat))
    std::reverse(cells.begin(), cells.end());
  return GridValue(shape, parts.front().element, cuts, std::move(cells));
}

namespace {
/// A smallest group of axes before and after a reshape with equal products.
struct AxisGroup {
  SmallVector<unsigned> before, after;
  SmallVector<Cuts> cuts;         // of the axes after
  std::vector<unsigned> cellFrom; // cell of the group after → cell of the group before
  unsigned cellsBefore = 1;
};
} // namespace

static SmallVector<AxisGroup> groupAxes(ArrayRef<int64_t> before, ArrayRef<int64_t> after) {
  SmallVector<AxisGroup> groups;
  unsigned i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    AxisGroup group;
    int64_t p = 1, q = 1;
    if (i < before.size()) {
      group.before.push_back(i);
      p = before[i++];
    }
    if (j < after.size()) {
      group.after.push_back(j);
      q = after[j++];
    }
    while (p != q) {
      if ((p < q || j == after.size()) && i < before.size()) {
        group.before.push_back(i);
        p *= before[i++];
      } else {
        group.after.push_back(j);
        q *= after[j++];
      }
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

/// Cuts and cells of a group whose axes really merge or split: by the cell number of each element.
static void regroup(AxisGroup &group, ArrayRef<Cuts> before, ArrayRef<int64_t> after) {
  std::vector<unsigned> numbers = {0};
  for (const Cuts &axis : before) {
    std::vector<unsigned> longer;
    longer.reserve(numbers.size() * axis.back());
    for (unsigned number : numbers)
      for (size_t s = 0; s + 1 < axis.size(); ++s)
        longer.insert(longer.end(), axis[s + 1] - axis[s], number * (axis.size() - 1) + s);
    numbers = std::move(longer);
  }
  size_t inner = numbers.size();
  for (int64_t length : after) {
    size_t outer = numbers.size() / inner;
    inner /= length;
    Cuts cuts = {0};
    for (int64_t i = 1; i < length; ++i)
      for (size_t o = 0; o != outer; ++o) {
        const unsigned *row = &numbers[(o * length + i) * inner];
        if (!std::equal(row, row + inner, row - inner)) {
          cuts.push_back(i);
          break;
        }
      }
    cuts.push_back(length);
    group.cuts.push_back(cuts);
  }
  SmallVector<unsigned> sizes;
  for (const Cuts &cuts : group.cuts)
    sizes.push_back(cuts.size() - 1);
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
    size_t position = 0;
    for (auto [axis, i] : enumerate(index))
      position = position * after[axis] + group.cuts[axis][i];
    group.cellFrom.push_back(isOff(Rule::Reshape) ? numbers[0] : numbers[position]);
  });
}

GridValue GridValue::reshaped(ArrayRef<int64_t> newShape) const {
  if (ArrayRef(shape) == newShape)
    return *this;
  if (cells.size() <= 1) {
    Cell cell = cells.empty() ? Cell() : cells.front();
    cell.flags &= ~kRowFlags;
    return GridValue(newShape, element, cell);
  }
  SmallVector<AxisGroup> groups = groupAxes(shape, newShape);
  bool keepsRows = true;
  for (AxisGroup &group : groups) {
    SmallVector<Cuts> before, realCuts;
    SmallVector<int64_t> after, realBefore, realAfter;
    for (unsigned axis : group.before) {
      before.push_back(cuts[axis]);
      group.cellsBefore *= getSegments(axis);
      if (shape[axis] != 1) {
        realBefore.push_back(shape[axis]);
        realCuts.push_back(cuts[axis]);
      }
    }
    for (unsigned axis : group.after) {
      after.push_back(newShape[axis]);
      if (newShape[axis] != 1)
        realAfter.push_back(newShape[axis]);
    }
    bool touched = true;
    if (realBefore == realAfter) { // only unit axes come or go
      const Cuts *next = realCuts.begin();
      for (int64_t length : after)
        group.cuts.push_back(length == 1 ? wholeAxis(1) : *next++);
      group.cellFrom.resize(group.cellsBefore);
      std::iota(group.cellFrom.begin(), group.cellFrom.end(), 0);
      touched = group.before.empty() || group.after.empty() ||
                shape[group.before.back()] == 1 || newShape[group.after.back()] == 1;
    } else if (group.cellsBefore == 1) {
      for (int64_t length : after)
        group.cuts.push_back(wholeAxis(length));
      group.cellFrom = {0};
    } else {
      regroup(group, before, after);
    }
    if (&group == &groups.back() && touched)
      keepsRows = false;
  }
  SmallVector<Cuts, 4> newCuts;
  SmallVector<unsigned> sizes;
  double count = 1;
  for (const AxisGroup &group : groups) {
    newCuts.append(group.cuts.begin(), group.cuts.end());
    sizes.push_back(group.cellFrom.size());
    count *= group.cellFrom.size();
  }
  if (count > 64.0 * kMaxCells) { // a grid that explodes: one cell
    Cell all = joinAll();
    all.flags &= ~kRowFlags;
    return GridValue(newShape, element, all);
  }
  std::vector<Cell> moved;
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
    size_t number = 0;
    for (auto [group, i] : zip(groups, index))
      number = number * group.cellsBefore + group.cellFrom[i];
    moved.push_back(cells[number]);
    if (!keepsRows)
      moved.back().flags &= ~kRowFlags;
  });
  return GridValue(newShape, element, newCuts, std::move(moved));
}

//===----------------------------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------------------------===//

/// A constant of many values: ordinary numbers, but its fills are looked for.
static GridValue gridOfMany(ArrayRef<int64_t> shape, Element element, int64_t count,
                            function_ref<double(int64_t)> at) {
  auto classOf = [&](int64_t i) -> double {
    double v = at(i);
    return v == -std::numeric_limits<double>::infinity() ? 2
           : v <= kDeadScore                             ? 1
           : std::isfinite(v)                            ? 0
                                                         : 3;
  };
  bool odd = false;
  for (int64_t i = 0; isFloat(element) && i != count && !odd; ++i)
    odd = classOf(i) != 0;
  if (!odd)
    return GridValue(shape, element, Cell());
  GridValue classes = GridValue::fromElements(shape, Element::Integer, classOf);
  std::vector<Cell> cells;
  for (const Cell &cell : classes.getCells()) {
    Cell numbers;
    if (!cell.isKnown() || cell.value == 3) {
      numbers.flags = kUnusual;
    } else if (cell.value == 2) {
      numbers = Cell::known(-std::numeric_limits<double>::infinity());
    } else if (cell.value == 1) {
      numbers.kind = CellKind::Dead;
      numbers.flags = kFill;
    }
    cells.push_back(numbers);
  }
  return GridValue(shape, element, classes.getCuts(), std::move(cells));
}

GridValue GridValue::fromElements(ArrayRef<int64_t> shape, Element element,
                                  function_ref<double(int64_t)> at) {
  int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
  if (count == 0)
    return GridValue(shape, element, Cell());
  std::set<double> sample;
  int64_t step = std::max<int64_t>(1, count / 512);
  for (int64_t i = 0; i < count; i += step)
    if (double v = at(i); !std::isnan(v))
      sample.insert(v);
  if (sample.size() > 64 && count > 512)
    return gridOfMany(shape, element, count, at);
  GridValue exact;
  exact.shape.assign(shape.begin(), shape.end());
  exact.element = element;
  auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  int64_t inner = count;
  SmallVector<unsigned> sizes;
  double cellCount = 1;
  for (int64_t length : shape) {
    int64_t outer = count / inner;
    inner /= length;
    Cuts cuts = {0};
    for (int64_t i = 1; i < length; ++i) {
      bool differs = false;
      for (int64_t o = 0; o != outer && !differs; ++o)
        for (int64_t k = 0, row = (o * length + i) * inner; k != inner && !differs; ++k)
          differs = !same(at(row + k), at(row + k - inner));
      if (differs)
        cuts.push_back(i);
    }
    cuts.push_back(length);
    exact.cuts.push_back(cuts);
    sizes.push_back(cuts.size() - 1);
    cellCount *= sizes.back();
  }
  if (cellCount > kMaxCells && sample.size() > 8)
    return gridOfMany(shape, element, count, at);
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) {
    int64_t position = 0;
    for (auto [axis, i] : enumerate(index))
      position = position * shape[axis] + exact.cuts[axis][i];
    exact.cells.push_back(Cell::known(at(position)));
  });
  exact.thin();
  return exact;
}

//===- Window.cpp - The part of a tensor that is kept -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Specialise/Window.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace llvm;
using namespace zorro;

/// Sorts ranges and joins those that overlap or touch.
static Intervals normalise(Intervals ranges) {
  llvm::sort(ranges, [](IndexRange a, IndexRange b) { return a.begin < b.begin; });
  Intervals result;
  for (IndexRange range : ranges) {
    if (range.begin >= range.end)
      continue;
    if (!result.empty() && range.begin <= result.back().end)
      result.back().end = std::max(result.back().end, range.end);
    else
      result.push_back(range);
  }
  return result;
}

Intervals zorro::uniteIntervals(const Intervals &a, const Intervals &b) {
  Intervals both(a);
  both.append(b.begin(), b.end());
  return normalise(both);
}

Intervals zorro::cutInterval(const Intervals &a, IndexRange range) {
  Intervals result;
  for (IndexRange r : a) {
    int64_t begin = std::max(r.begin, range.begin), end = std::min(r.end, range.end);
    if (begin < end)
      result.push_back({begin - range.begin, end - range.begin});
  }
  return result;
}

Intervals zorro::shiftIntervals(const Intervals &a, int64_t by) {
  Intervals result;
  for (IndexRange r : a)
    result.push_back({r.begin + by, r.end + by});
  return result;
}

int64_t zorro::countOf(const Intervals &a) {
  int64_t count = 0;
  for (IndexRange r : a)
    count += r.end - r.begin;
  return count;
}

bool zorro::containsAll(const Intervals &a, const Intervals &b) {
  return all_of(b, [&](IndexRange part) {
    return any_of(a, [&](IndexRange r) { return r.begin <= part.begin && part.end <= r.end; });
  });
}

Intervals zorro::positionsIn(const Intervals &all, const Intervals &part) {
  Intervals result;
  int64_t before = 0;
  for (IndexRange r : all) {
    for (IndexRange p : cutInterval(part, r))
      result.push_back({before + p.begin, before + p.end});
    before += r.end - r.begin;
  }
  return normalise(result);
}

std::optional<Intervals> zorro::collapseIntervals(ArrayRef<Intervals> parts,
                                                  ArrayRef<int64_t> sizes) {
  constexpr size_t most = 4096;
  Intervals result = {{0, 1}};
  for (auto [part, size] : zip(parts, sizes)) {
    Intervals finer;
    if (part == Window::wholeAxis(size)) {
      for (IndexRange r : result)
        finer.push_back({r.begin * size, r.end * size});
    } else {
      if (size_t(countOf(result)) * part.size() > most)
        return std::nullopt;
      for (IndexRange r : result)
        for (int64_t i = r.begin; i != r.end; ++i)
          for (IndexRange p : part)
            finer.push_back({i * size + p.begin, i * size + p.end});
    }
    result = normalise(finer);
  }
  return result;
}

SmallVector<Intervals> zorro::expandIntervals(const Intervals &a, ArrayRef<int64_t> sizes) {
  SmallVector<Intervals> parts(sizes.size());
  if (is_contained(sizes, 0)) // nothing to divide
    return to_vector(map_range(sizes, Window::wholeAxis));
  Intervals rest = a;
  for (int i = int(sizes.size()) - 1; i >= 0; --i) {
    int64_t size = sizes[i];
    Intervals inner, outer;
    for (IndexRange r : rest) {
      int64_t first = r.begin / size, last = (r.end - 1) / size;
      outer.push_back({first, last + 1});
      if (first == last) {
        inner.push_back({r.begin % size, (r.end - 1) % size + 1});
      } else if (r.end - r.begin >= size) {
        inner.push_back({0, size});
      } else {
        inner.push_back({r.begin % size, size});
        inner.push_back({0, (r.end - 1) % size + 1});
      }
    }
    parts[i] = normalise(inner);
    rest = normalise(outer);
  }
  return parts;
}

Window Window::whole(ArrayRef<int64_t> shape) {
  Window window;
  for (int64_t length : shape)
    window.axes.push_back(wholeAxis(length));
  return window;
}

bool Window::isEmpty() const {
  return any_of(axes, [](const Intervals &axis) { return axis.empty(); });
}

void Window::unite(const Window &other) {
  for (auto [mine, theirs] : zip(axes, other.axes))
    mine = uniteIntervals(mine, theirs);
}

SmallVector<int64_t> Window::getShape() const {
  SmallVector<int64_t> shape;
  for (const Intervals &axis : axes)
    shape.push_back(countOf(axis));
  return shape;
}

//===- GridValue.h - Which inputs may influence which part of a tensor ------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The abstract value of a tensor: every axis is cut into segments, and each cell of the product
// grid says what is known of its elements. Equal neighbours are always merged, so a grid stays as
// small as the streams that meet in the tensor. No MLIR here.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_GRIDVALUE_H
#define ZORRO_PASSES_ANALYSIS_GRIDVALUE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace zorro {

/// At or below this a score is dead: a softmax beside a live score gives it weight 0.
constexpr double kDeadScore = -1e30;
/// A constant factor at or above this may turn an ordinary number into a fill.
constexpr double kHuge = 1e29;

/// What every element of a cell is.
enum class CellKind : uint8_t {
  Any,   // anything
  Known, // the constant `value`
  Zero,  // 0 or NaN; `nonFinite` says who decides which
  Dead,  // at or below kDeadScore, or NaN
};

/// What an element of a cell may be, and what each of its rows (along the last axis) surely has.
enum CellFlag : uint8_t {
  kFill = 1,     // may hold a finite fill, at or below kDeadScore
  kInfinite = 2, // may hold an infinity
  kNaN = 4,      // may hold a NaN
  kRowTrue = 8,  // every row has a true element, or a live score
  kRowFalse = 16,
  kUnusual = kFill | kInfinite | kNaN,
  kRowFlags = kRowTrue | kRowFalse,
};

/// How constants round, and whether fills exist at all.
enum class Element : uint8_t { F64, F32, F16, BF16, Integer, Boolean };
inline bool isFloat(Element element) { return element <= Element::BF16; }

/// `value` as `element` holds it: -3.4e38 twice is -inf in F32.
double roundTo(double value, Element element);

struct Cell {
  double value = 0;
  /// Bit i: input i may influence an element of the cell.
  uint64_t taint = 0;
  /// Bit i: input i may decide where the infinities and NaNs are. A subset of `taint`.
  uint64_t nonFinite = 0;
  CellKind kind = CellKind::Any;
  uint8_t flags = 0;

  static Cell known(double value);
  static Cell any(uint64_t taint, uint8_t flags = 0, uint64_t nonFinite = 0);
  /// 0 or NaN, as the inputs of `nonFinite` decide.
  static Cell zeroOrNaN(uint64_t nonFinite);

  bool isKnown() const { return kind == CellKind::Known; }
  bool isKnown(double v) const { return isKnown() && value == v; }
  /// kFill, kInfinite and kNaN that an element may be, from flags and kind.
  uint8_t mayBe() const;
  bool mayBeNonFinite() const { return mayBe() & (kInfinite | kNaN); }
  bool isDead() const { return kind == CellKind::Dead || (isKnown() && value <= kDeadScore); }
  bool isZero() const { return kind == CellKind::Zero || isKnown(0); }
  /// Every element is surely true, or surely a live score.
  bool isLive(Element element) const;
  bool operator==(const Cell &other) const;
  bool operator!=(const Cell &other) const { return !(*this == other); }
};

/// Joins cells of one tensor, row of cells by row of cells.
class CellJoin {
public:
  explicit CellJoin(Element element) : element(element) {}
  void add(const Cell &cell);
  /// Ends a row of cells: row flags unite along the last axis and meet along the others.
  void endRow();
  Cell finish();

private:
  Element element;
  Cell first;
  bool empty = true, same = true, dead = true, zero = true, plain = true;
  bool rowTrue = false, rowFalse = false, allTrue = true, allFalse = true;
  uint64_t taint = 0, nonFinite = 0;
  uint8_t mayBe = 0;
};

/// 0 = first index < … < last = length of the axis. Segment i is [cuts[i], cuts[i + 1]).
using Cuts = llvm::SmallVector<int64_t, 4>;
/// Half-open range of indices on one axis.
struct IndexRange {
  int64_t begin, end;
  bool operator==(const IndexRange &o) const { return begin == o.begin && end == o.end; }
};

/// The cuts of both.
Cuts uniteCuts(const Cuts &a, const Cuts &b);
Cuts wholeAxis(int64_t length);
/// Drops cuts until the grid is small enough; true where it dropped any.
bool thinCuts(llvm::MutableArrayRef<Cuts> cuts);

class GridValue {
public:
  static constexpr size_t kMaxCells = 1 << 15;
  static constexpr size_t kMaxSegments = 512;

  GridValue() = default;
  /// One cell.
  GridValue(llvm::ArrayRef<int64_t> shape, Element element, const Cell &cell);
  /// Cells in row-major order; equal neighbours are merged, too large a grid is thinned.
  GridValue(llvm::ArrayRef<int64_t> shape, Element element, llvm::ArrayRef<Cuts> cuts,
            std::vector<Cell> cells);
  /// A constant: exact where it has few distinct values in few segments; of many values (a weight)
  /// only the fills are looked for.
  static GridValue fromElements(llvm::ArrayRef<int64_t> shape, Element element,
                                llvm::function_ref<double(int64_t)> at);

  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  unsigned getRank() const { return shape.size(); }
  Element getElement() const { return element; }
  const Cuts &getCuts(unsigned axis) const { return cuts[axis]; }
  llvm::ArrayRef<Cuts> getCuts() const { return cuts; }
  unsigned getSegments(unsigned axis) const { return cuts[axis].size() - 1; }
  llvm::ArrayRef<Cell> getCells() const { return cells; }
  std::vector<Cell> &getMutableCells() { return cells; }
  /// The indices that cell number `cell` covers.
  llvm::SmallVector<IndexRange, 4> getBox(size_t cell) const;
  /// Numbers of the cells that a box touches.
  llvm::SmallVector<size_t> getCellsIn(llvm::ArrayRef<IndexRange> box) const;
  /// The union of all taints.
  uint64_t getTaint() const;

  /// The cells that a box touches, as one.
  Cell joinBox(llvm::ArrayRef<IndexRange> box) const;
  Cell joinAll() const;
  /// The same value on other cuts: split where they are finer, joined where they are coarser.
  GridValue onCuts(llvm::ArrayRef<Cuts> newCuts) const;
  /// Every element depends on all that share its other indices.
  GridValue joinedAlong(unsigned axis) const;

  /// Result axis i is axis perm[i].
  GridValue transposed(llvm::ArrayRef<int64_t> perm) const;
  /// The elements at `positions` along an axis; -1 stands for `fill`.
  GridValue take(unsigned axis, llvm::ArrayRef<int64_t> positions, const Cell &fill = {}) const;
  GridValue slice(unsigned axis, int64_t begin, int64_t size, int64_t stride = 1) const;
  GridValue reshaped(llvm::ArrayRef<int64_t> newShape) const;
  static GridValue concat(llvm::ArrayRef<GridValue> parts, unsigned axis);

  /// `axis 1: 0 5 13 | {audio} {video}`; inputs are named by bit.
  void print(llvm::raw_ostream &os, llvm::ArrayRef<std::string> names) const;

private:
  void merge();
  void thin();

  llvm::SmallVector<int64_t, 4> shape;
  llvm::SmallVector<Cuts, 4> cuts;
  std::vector<Cell> cells;
  Element element = Element::F32;
};

/// Calls `visit` with every index of a space of the given sizes, the last axis fastest.
void forEachIndex(llvm::ArrayRef<unsigned> sizes,
                  llvm::function_ref<void(llvm::ArrayRef<unsigned>)> visit);
/// Writes `{a,b}`.
void printTaint(llvm::raw_ostream &os, uint64_t taint, llvm::ArrayRef<std::string> names);

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_GRIDVALUE_H

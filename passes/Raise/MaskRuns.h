//===- MaskRuns.h - A row of a mask, run by run -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A row of 16,384 elements of a mask is a few runs of equal numbers, and its indices are one ramp:
// what is computed on runs costs as much as the mask has corners, not as it has elements.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKRUNS_H
#define ZORRO_PASSES_RAISE_MASKRUNS_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace zorro::raise {

/// Elements up to `end`: value, value + step, value + 2 step, …
struct Run {
  int64_t end;
  double value, step;
};

/// Numbers in runs. All are exact: integers are at most 2^53, others as their type rounds them.
class Runs {
public:
  Runs() = default;
  Runs(int64_t count, double value) { append(count, value); }

  int64_t size() const { return runs.empty() ? 0 : runs.back().end; }
  llvm::ArrayRef<Run> list() const { return runs; }
  double at(int64_t i) const;
  bool isConstant() const { return runs.size() == 1 && runs.front().step == 0; }

  void append(int64_t count, double value, double step = 0);
  /// Elements begin, begin + stride, … of `from`.
  void append(const Runs &from, int64_t begin, int64_t count, int64_t stride = 1);
  /// Finds runs in numbers written out; ramps only where `ramps`.
  void append(llvm::ArrayRef<double> numbers, bool ramps);
  void clear() { runs.clear(); }

private:
  std::vector<Run> runs;
};

/// How a type rounds.
struct NumberType {
  enum Kind { Bool, Signed, Unsigned, Float, Half, Brain, Double } kind = Double;
  unsigned bits = 64;

  /// Nothing for types that masks are not made of.
  static std::optional<NumberType> of(mlir::Type element);
  bool isFloat() const { return kind >= Float; }
  /// `number` as the type stores it; false for an integer that it cannot hold exactly here.
  bool round(double &number) const;
  /// Conversion as Cast defines it.
  bool cast(double &number) const;
  /// Whether all integers from `first` to `last` are numbers of this type.
  bool holds(double first, double last) const;
};

enum class ElementOp {
  Add, Sub, Mul, Div, Mod, FMod, Min, Max, BitAnd, BitOr, BitXor, BitNot, Not, Equal, Less,
  LessOrEqual, Greater, GreaterOrEqual, Neg, Abs, Floor, Ceil, Sign, IsNaN, IsInf, Cast, Where
};

/// One element; false where the result is not defined, or not exact here.
bool apply(ElementOp op, const double *x, NumberType from, NumberType to, double &result);
/// Element by element; an operand of one element is repeated. `from` is the operands' type (of the
/// second one for Where), `to` that of the result.
bool combine(ElementOp op, llvm::ArrayRef<const Runs *> operands, NumberType from, NumberType to,
             Runs &out);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKRUNS_H

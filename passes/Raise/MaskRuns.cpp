//===- MaskRuns.cpp - A row of a mask, run by run ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Two rows are cut where either changes; a piece is computed once, or, where a ramp runs through
// it, at the places where the answer turns.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskRuns.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cmath>
#include <cstring>

using namespace zorro::raise;
using llvm::ArrayRef;

constexpr double kExact = 9007199254740992.0; // 2^53

/// Equal to the bit, but for NaNs.
static bool isSame(double a, double b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof(double)) == 0;
}

//===----------------------------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------------------------===//

double Runs::at(int64_t i) const {
  auto run = llvm::partition_point(runs, [&](const Run &run) { return run.end <= i; });
  int64_t begin = run == runs.begin() ? 0 : std::prev(run)->end;
  return run->step == 0 ? run->value : run->value + run->step * double(i - begin);
}

void Runs::append(int64_t count, double value, double step) {
  if (count <= 0)
    return;
  if (count == 1)
    step = 0;
  int64_t begin = size();
  if (!runs.empty()) {
    Run &last = runs.back();
    int64_t before = runs.size() > 1 ? runs[runs.size() - 2].end : 0;
    if (step == 0 && last.step == 0 && isSame(last.value, value)) {
      last.end += count;
      return;
    }
    if (last.step != 0 && (step == last.step || count == 1) &&
        last.value + last.step * double(begin - before) == value) {
      last.end += count;
      return;
    }
  }
  runs.push_back({begin + count, value, step});
}

void Runs::append(const Runs &from, int64_t begin, int64_t count, int64_t stride) {
  if (count <= 0)
    return;
  ArrayRef<Run> list = from.runs;
  if (list.size() == 1 && list.front().step == 0)
    return append(count, list.front().value);
  for (int64_t done = 0; done < count;) {
    int64_t at = begin + done * stride;
    const Run *run = llvm::partition_point(list, [&](const Run &run) { return run.end <= at; });
    int64_t first = run == list.begin() ? 0 : std::prev(run)->end;
    // How many of the wanted elements lie in this run.
    int64_t room = stride > 0 ? (run->end - 1 - at) / stride : (at - first) / -stride;
    int64_t here = std::min(count - done, room + 1);
    append(here, run->step == 0 ? run->value : run->value + run->step * double(at - first),
           run->step * double(stride));
    done += here;
  }
}

void Runs::append(ArrayRef<double> numbers, bool ramps) {
  for (size_t i = 0, e = numbers.size(); i < e;) {
    size_t j = i + 1;
    while (j < e && isSame(numbers[i], numbers[j]))
      ++j;
    double step = 0;
    if (ramps && j == i + 1 && i + 2 < e) {
      step = numbers[i + 1] - numbers[i];
      bool exact = std::trunc(numbers[i]) == numbers[i] && std::trunc(step) == step &&
                   std::fabs(numbers[i]) <= kExact;
      for (j = i + 1; exact && j < e && numbers[j] - numbers[j - 1] == step &&
                      std::fabs(numbers[j]) <= kExact;)
        ++j;
      // Two numbers are no ramp: the second may begin a run.
      if (j < i + 3) {
        j = i + 1;
        step = 0;
      }
    }
    append(int64_t(j - i), numbers[i], step);
    i = j;
  }
}

//===----------------------------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------------------------===//

std::optional<NumberType> NumberType::of(mlir::Type element) {
  if (element.isInteger(1))
    return NumberType{Bool, 1};
  if (element.isF32())
    return NumberType{Float, 32};
  if (element.isF64())
    return NumberType{Double, 64};
  if (element.isF16())
    return NumberType{Half, 16};
  if (element.isBF16())
    return NumberType{Brain, 16};
  auto integer = mlir::dyn_cast<mlir::IntegerType>(element);
  if (!integer || !llvm::is_contained({8u, 16u, 32u, 64u}, integer.getWidth()))
    return std::nullopt;
  return NumberType{integer.isUnsigned() ? Unsigned : Signed, integer.getWidth()};
}

/// The largest and the smallest integer of an integer type, within what is exact here.
static std::pair<double, double> limitsOf(NumberType type) {
  if (type.kind == NumberType::Unsigned)
    return {0, type.bits == 64 ? kExact : std::ldexp(1.0, int(type.bits)) - 1};
  if (type.bits == 64)
    return {-kExact, kExact};
  double half = std::ldexp(1.0, int(type.bits) - 1);
  return {-half, half - 1};
}

static double roundHalf(double number, const llvm::fltSemantics &semantics) {
  // As the operators compute: in f32, then rounded once more.
  llvm::APFloat value(static_cast<float>(number));
  bool lossy;
  value.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &lossy);
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lossy);
  return value.convertToDouble();
}

bool NumberType::round(double &number) const {
  switch (kind) {
  case Bool:
    return number == 0 || number == 1;
  case Signed:
  case Unsigned: {
    auto [low, high] = limitsOf(*this);
    return number >= low && number <= high && std::trunc(number) == number;
  }
  case Float:
    number = double(float(number));
    return true;
  case Half:
    number = roundHalf(number, llvm::APFloat::IEEEhalf());
    return true;
  case Brain:
    number = roundHalf(number, llvm::APFloat::BFloat());
    return true;
  case Double:
    return true;
  }
  return false;
}

bool NumberType::cast(double &number) const {
  if (kind == Bool) {
    number = number != 0;
    return true;
  }
  if (!isFloat()) {
    if (number != number)
      number = 0; // as the folder has it: ONNX leaves it open
    number = std::trunc(number);
  }
  return round(number);
}

bool NumberType::holds(double first, double last) const {
  if (std::trunc(first) != first || std::trunc(last) != last)
    return false;
  auto [low, high] = std::minmax(first, last);
  double limit = kind == Float ? 16777216 : kind == Half ? 2048 : kind == Brain ? 256 : kExact;
  if (isFloat())
    return low >= -limit && high <= limit;
  auto [least, most] = limitsOf(*this);
  return kind != Bool && low >= least && high <= most;
}

//===----------------------------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------------------------===//

static double modulo(double a, double b, bool ofDivisor) {
  double rest = std::fmod(a, b);
  if (ofDivisor && rest != 0 && (rest < 0) != (b < 0))
    rest += b;
  return rest;
}

bool zorro::raise::apply(ElementOp op, const double *x, NumberType from, NumberType to,
                         double &result) {
  double a = x[0], b = x[1];
  switch (op) {
  case ElementOp::Add:
    result = a + b;
    break;
  case ElementOp::Sub:
    result = a - b;
    break;
  case ElementOp::Mul:
    result = a * b;
    break;
  case ElementOp::Div:
    if (!from.isFloat()) {
      if (b == 0)
        return false;
      result = std::trunc(a / b);
      // The quotient of large numbers may have been rounded up.
      if (std::fabs(a) > 4503599627370496.0)
        return false;
    } else {
      result = a / b;
    }
    break;
  case ElementOp::Mod:
    if (from.isFloat() || b == 0)
      return false;
    result = modulo(a, b, true);
    break;
  case ElementOp::FMod:
    if (!from.isFloat() && b == 0)
      return false;
    result = modulo(a, b, false);
    break;
  case ElementOp::Min:
    result = a != a ? a : b != b ? b : b < a ? b : a;
    break;
  case ElementOp::Max:
    result = a != a ? a : b != b ? b : a < b ? b : a;
    break;
  case ElementOp::BitAnd:
    result = double(int64_t(a) & int64_t(b));
    break;
  case ElementOp::BitOr:
    result = double(int64_t(a) | int64_t(b));
    break;
  case ElementOp::BitXor:
    result = double(int64_t(a) ^ int64_t(b));
    break;
  case ElementOp::BitNot:
    if (from.kind == NumberType::Unsigned && from.bits == 64)
      return false;
    result = from.kind == NumberType::Unsigned ? limitsOf(from).second - a : -a - 1;
    break;
  case ElementOp::Not:
    result = a == 0;
    return true;
  case ElementOp::Equal:
    result = a == b;
    return true;
  case ElementOp::Less:
    result = a < b;
    return true;
  case ElementOp::LessOrEqual:
    result = a <= b;
    return true;
  case ElementOp::Greater:
    result = a > b;
    return true;
  case ElementOp::GreaterOrEqual:
    result = a >= b;
    return true;
  case ElementOp::Neg:
    result = -a;
    if (!from.isFloat())
      result += 0.0; // integers have one zero
    break;
  case ElementOp::Abs:
    result = std::fabs(a);
    break;
  case ElementOp::Floor:
    result = std::floor(a);
    break;
  case ElementOp::Ceil:
    result = std::ceil(a);
    break;
  case ElementOp::Sign:
    result = a > 0 ? 1 : a < 0 ? -1 : a;
    break;
  case ElementOp::IsNaN:
    result = a != a;
    return true;
  case ElementOp::IsInf:
    result = std::isinf(a);
    return true;
  case ElementOp::Cast:
    result = a;
    return to.cast(result);
  case ElementOp::Where:
    result = a != 0 ? b : x[2];
    return true;
  }
  if (!from.isFloat() && result == 0)
    result = 0; // integers have one zero
  return to.round(result);
}

//===----------------------------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------------------------===//

namespace {
/// One piece of all operands: ramps or constants.
struct Piece {
  double value[3] = {0, 0, 0}, step[3] = {0, 0, 0};
  int64_t count = 0;

  double at(unsigned operand, int64_t i) const {
    return step[operand] == 0 ? value[operand] : value[operand] + step[operand] * double(i);
  }
  /// -1, 0 or 1: operand 0 against operand 1 at element i. It never turns back: both are linear.
  int order(int64_t i) const {
    double a = at(0, i), b = at(1, i);
    return a < b ? -1 : a > b;
  }
  /// The first element behind `i` where the order is another.
  int64_t turn(int64_t i) const {
    int here = order(i);
    int64_t low = i, high = count;
    while (low + 1 < high) {
      int64_t middle = low + (high - low) / 2;
      (order(middle) == here ? low : high) = middle;
    }
    return high;
  }
};
} // namespace

/// A piece with a ramp in it, in closed form; false where it has none.
static bool combineRamp(ElementOp op, Piece piece, NumberType to, Runs &out) {
  auto append = [&](int64_t count, double value, double step) {
    if (count == 1 ? !to.round(value) : !to.holds(value, value + step * double(count - 1)))
      return false;
    out.append(count, value, step);
    return true;
  };
  double *value = piece.value, *step = piece.step;
  switch (op) {
  case ElementOp::Add:
    return append(piece.count, value[0] + value[1], step[0] + step[1]);
  case ElementOp::Sub:
    return append(piece.count, value[0] - value[1], step[0] - step[1]);
  case ElementOp::Mul:
    if (step[0] != 0 && step[1] != 0)
      return false;
    return append(piece.count, value[0] * value[1],
                  step[0] != 0 ? step[0] * value[1] : step[1] * value[0]);
  case ElementOp::Neg:
    return append(piece.count, -value[0] + 0.0, -step[0]);
  case ElementOp::Floor:
  case ElementOp::Ceil:
    return append(piece.count, value[0], step[0]);
  case ElementOp::Cast:
    if (to.kind != NumberType::Bool)
      return append(piece.count, value[0], step[0]);
    break;
  case ElementOp::Abs:
    break;
  default:
    if (std::isnan(value[0]) || std::isnan(value[1]))
      return false;
  }
  switch (op) {
  case ElementOp::Abs:
  case ElementOp::Cast:
    value[1] = step[1] = 0; // against zero
    break;
  case ElementOp::Equal:
  case ElementOp::Less:
  case ElementOp::LessOrEqual:
  case ElementOp::Greater:
  case ElementOp::GreaterOrEqual:
  case ElementOp::Min:
  case ElementOp::Max:
    break;
  default:
    return false;
  }
  Runs turned; // nothing is written before all of it is known
  for (int64_t i = 0; i < piece.count;) {
    int order = piece.order(i);
    int64_t next = piece.turn(i);
    double pair[3] = {double(order), 0, 0}, answer = 0;
    if (op == ElementOp::Abs) {
      double sign = order < 0 ? -1 : 1;
      turned.append(next - i, sign * piece.at(0, i) + 0.0, sign * step[0]);
    } else if (op == ElementOp::Min || op == ElementOp::Max) {
      unsigned which = (order <= 0) == (op == ElementOp::Min) ? 0 : 1;
      double first = piece.at(which, i);
      if (step[which] != 0 && !to.holds(first, piece.at(which, next - 1)))
        return false;
      turned.append(next - i, first, step[which]);
    } else if (op == ElementOp::Cast) {
      turned.append(next - i, order != 0 ? 1.0 : 0.0);
    } else {
      apply(op, pair, to, to, answer);
      turned.append(next - i, answer);
    }
    i = next;
  }
  out.append(turned, 0, turned.size());
  return true;
}

bool zorro::raise::combine(ElementOp op, ArrayRef<const Runs *> operands, NumberType from,
                           NumberType to, Runs &out) {
  int64_t size = 1;
  for (const Runs *operand : operands) {
    if (operand->size() == 0)
      return true;
    if (operand->size() != 1)
      size = operand->size();
  }
  size_t cursor[3] = {0, 0, 0};
  std::vector<double> numbers;
  for (int64_t done = 0; done < size;) {
    Piece piece;
    int64_t next = size;
    bool hasRamp = false;
    for (auto [i, operand] : llvm::enumerate(operands)) {
      ArrayRef<Run> list = operand->list();
      bool repeated = operand->size() == 1;
      while (!repeated && list[cursor[i]].end <= done)
        ++cursor[i];
      const Run &run = list[cursor[i]];
      int64_t begin = cursor[i] ? list[cursor[i] - 1].end : 0;
      piece.step[i] = run.step;
      piece.value[i] = run.step == 0 ? run.value : run.value + run.step * double(done - begin);
      hasRamp |= run.step != 0;
      if (!repeated)
        next = std::min(next, run.end);
    }
    piece.count = next - done;
    double result = 0;
    if (op == ElementOp::Where) {
      unsigned which = piece.value[0] != 0 ? 1 : 2;
      out.append(piece.count, piece.value[which], piece.step[which]);
    } else if (!hasRamp) {
      if (!apply(op, piece.value, from, to, result))
        return false;
      out.append(piece.count, result);
    } else if (!combineRamp(op, piece, to, out)) {
      numbers.clear();
      for (int64_t i = 0; i < piece.count; ++i) {
        double x[3] = {piece.at(0, i), piece.at(1, i), piece.at(2, i)};
        if (!apply(op, x, from, to, result))
          return false;
        numbers.push_back(result);
      }
      out.append(numbers, to.kind != NumberType::Bool);
    }
    done = next;
  }
  return true;
}

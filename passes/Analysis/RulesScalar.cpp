//===- RulesScalar.cpp - Bodies of arith, math and zorro.gelu ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Rules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace zorro;

static double geluOf(double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); }

/// Folding and zero-keeping of the operations of one operand.
static std::optional<UnaryTraits> unaryTraits(Operation *op) {
  using Traits = std::optional<UnaryTraits>;
  auto odd = [](ScalarFunction f) { return UnaryTraits{f, true, false, false}; };
  auto plain = [](ScalarFunction f) { return UnaryTraits{f, false, false, false}; };
  auto copy = UnaryTraits{[](double x) { return x; }, true, true, false};
  return llvm::TypeSwitch<Operation *, Traits>(op)
      .Case<arith::NegFOp>([&](auto) { return odd([](double x) { return -x; }); })
      .Case<math::AbsFOp, math::AbsIOp>(
          [&](auto) { return odd([](double x) { return std::fabs(x); }); })
      .Case<math::SqrtOp>([&](auto) { return odd([](double x) { return std::sqrt(x); }); })
      .Case<math::SinOp>([&](auto) { return odd([](double x) { return std::sin(x); }); })
      .Case<math::TanOp>([&](auto) { return odd([](double x) { return std::tan(x); }); })
      .Case<math::AtanOp>([&](auto) { return odd([](double x) { return std::atan(x); }); })
      .Case<math::TanhOp>([&](auto) { return odd([](double x) { return std::tanh(x); }); })
      .Case<math::ErfOp>([&](auto) { return odd([](double x) { return std::erf(x); }); })
      .Case<math::FloorOp>([&](auto) { return odd([](double x) { return std::floor(x); }); })
      .Case<math::CeilOp>([&](auto) { return odd([](double x) { return std::ceil(x); }); })
      .Case<math::RoundOp>([&](auto) { return odd([](double x) { return std::round(x); }); })
      .Case<math::RoundEvenOp>(
          [&](auto) { return odd([](double x) { return std::nearbyint(x); }); })
      .Case<math::TruncOp>([&](auto) { return odd([](double x) { return std::trunc(x); }); })
      .Case<math::ExpM1Op>([&](auto) { return odd([](double x) { return std::expm1(x); }); })
      .Case<math::CosOp>([&](auto) { return plain([](double x) { return std::cos(x); }); })
      .Case<math::ExpOp>([&](auto) { return plain([](double x) { return std::exp(x); }); })
      .Case<math::Exp2Op>([&](auto) { return plain([](double x) { return std::exp2(x); }); })
      .Case<math::RsqrtOp>([&](auto) { return plain([](double x) { return 1 / std::sqrt(x); }); })
      .Case<math::LogOp>([&](auto) {
        return UnaryTraits{[](double x) { return std::log(x); }, false, false, true};
      })
      .Case<math::Log2Op>([&](auto) {
        return UnaryTraits{[](double x) { return std::log2(x); }, false, false, true};
      })
      .Case<math::Log10Op>([&](auto) {
        return UnaryTraits{[](double x) { return std::log10(x); }, false, false, true};
      })
      .Case<math::Log1pOp>([&](auto) {
        return UnaryTraits{[](double x) { return std::log1p(x); }, true, false, true};
      })
      .Case<GeluOp>([&](GeluOp gelu) {
        bool erf = gelu.getKind() == GeluKind::Erf;
        return UnaryTraits{erf ? static_cast<ScalarFunction>(geluOf) : nullptr, true, false, false};
      })
      .Case<arith::ExtFOp, arith::TruncFOp, arith::SIToFPOp, arith::UIToFPOp, arith::IndexCastOp,
            arith::IndexCastUIOp>([&](auto) { return copy; })
      .Case<arith::ExtUIOp, arith::ExtSIOp>([&](auto cast) -> Traits {
        // i1 true is -1 when its sign is extended; elsewhere the number stays.
        if (isa<arith::ExtSIOp>(cast) && cast.getIn().getType().isInteger(1))
          return UnaryTraits{[](double x) { return -x; }, true, false, false};
        if (isa<arith::ExtUIOp>(cast) && !cast.getIn().getType().isInteger(1))
          return UnaryTraits{};
        return copy;
      })
      .Case<arith::FPToSIOp, arith::FPToUIOp>(
          [&](auto) { return odd([](double x) { return std::trunc(x); }); })
      .Default([](Operation *) -> Traits { return std::nullopt; });
}

template <typename Predicate>
static std::optional<bool> comparesTo(Predicate predicate, double a, double b);

template <>
std::optional<bool> comparesTo(arith::CmpFPredicate predicate, double a, double b) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse: return false;
  case P::AlwaysTrue: return true;
  case P::ORD: return !unordered;
  case P::UNO: return unordered;
  case P::OEQ: return a == b;
  case P::UEQ: return unordered || a == b;
  case P::ONE: return !unordered && a != b;
  case P::UNE: return a != b;
  case P::OLT: return a < b;
  case P::ULT: return unordered || a < b;
  case P::OLE: return a <= b;
  case P::ULE: return unordered || a <= b;
  case P::OGT: return a > b;
  case P::UGT: return unordered || a > b;
  case P::OGE: return a >= b;
  case P::UGE: return unordered || a >= b;
  }
  return std::nullopt;
}

template <>
std::optional<bool> comparesTo(arith::CmpIPredicate predicate, double a, double b) {
  using P = arith::CmpIPredicate;
  bool negative = a < 0 || b < 0; // an unsigned reading of these is not tried
  switch (predicate) {
  case P::eq: return a == b;
  case P::ne: return a != b;
  case P::slt: return a < b;
  case P::sle: return a <= b;
  case P::sgt: return a > b;
  case P::sge: return a >= b;
  case P::ult: return negative ? std::nullopt : std::optional(a < b);
  case P::ule: return negative ? std::nullopt : std::optional(a <= b);
  case P::ugt: return negative ? std::nullopt : std::optional(a > b);
  case P::uge: return negative ? std::nullopt : std::optional(a >= b);
  }
  return std::nullopt;
}

template <typename Op> static Cell compareCells(Op op, const Cell &a, const Cell &b) {
  if (a.isKnown() && b.isKnown())
    if (std::optional<bool> known = comparesTo(op.getPredicate(), a.value, b.value))
      return Cell::known(*known);
  return Cell::any(a.taint | b.taint);
}

Cell zorro::evaluateScalar(Operation *op, ArrayRef<Cell> x) {
  Element element = elementOf(op->getResult(0).getType());
  if (std::optional<UnaryTraits> traits = unaryTraits(op))
    return unaryCell(x[0], *traits, elementOf(op->getOperand(0).getType()), element);
  bool boolean = element == Element::Boolean;
  return llvm::TypeSwitch<Operation *, Cell>(op)
      .Case<arith::ConstantOp>([&](arith::ConstantOp constant) {
        std::optional<GridValue> grid = constantGrid(constant.getValue(), constant.getType());
        return grid ? grid->joinAll() : Cell();
      })
      .Case<arith::AddFOp, arith::AddIOp>([&](auto) { return addCells(x[0], x[1], element); })
      .Case<arith::SubFOp, arith::SubIOp>([&](auto) { return subCells(x[0], x[1], element); })
      .Case<arith::MulFOp, arith::MulIOp>([&](auto) { return mulCells(x[0], x[1], element); })
      .Case<arith::DivFOp, arith::DivSIOp>([&](auto) { return divCells(x[0], x[1], element); })
      .Case<arith::MaximumFOp, arith::MaxSIOp>([&](auto) {
        auto fold = [](double a, double b) { return std::isnan(b) ? b : std::max(a, b); };
        return binaryCell(x[0], x[1], fold, element, false);
      })
      .Case<arith::MinimumFOp, arith::MinSIOp>([&](auto) {
        auto fold = [](double a, double b) { return std::isnan(b) ? b : std::min(a, b); };
        return binaryCell(x[0], x[1], fold, element, false);
      })
      .Case<arith::MaxNumFOp>([&](auto) { // of a number and a NaN, the number
        auto fold = [](double a, double b) { return std::fmax(a, b); };
        return binaryCell(x[0], x[1], fold, element, false);
      })
      .Case<arith::MinNumFOp>([&](auto) {
        auto fold = [](double a, double b) { return std::fmin(a, b); };
        return binaryCell(x[0], x[1], fold, element, false);
      })
      .Case<math::PowFOp>([&](auto) {
        return binaryCell(x[0], x[1], [](double a, double b) { return std::pow(a, b); }, element);
      })
      .Case<math::FmaOp>([&](auto) {
        return addCells(mulCells(x[0], x[1], element), x[2], element);
      })
      .Case<arith::AndIOp>([&](auto) {
        return boolean ? logicCell(x[0], x[1], true) : mixCells(x, element);
      })
      .Case<arith::OrIOp>([&](auto) {
        return boolean ? logicCell(x[0], x[1], false) : mixCells(x, element);
      })
      .Case<arith::XOrIOp>([&](auto) -> Cell {
        if (!boolean)
          return mixCells(x, element);
        if (x[0].isKnown() && x[1].isKnown())
          return Cell::known((x[0].value != 0) != (x[1].value != 0));
        for (unsigned i : {0, 1})
          if (x[i].isKnown())
            return x[i].value != 0 ? notCell(x[1 - i]) : x[1 - i];
        return mixCells(x, element);
      })
      .Case<arith::CmpFOp>([&](arith::CmpFOp compare) -> Cell {
        using P = arith::CmpFPredicate;
        P predicate = compare.getPredicate();
        if (compare.getLhs() == compare.getRhs() && (predicate == P::UNO || predicate == P::UNE))
          return isNaNCell(x[0]);
        if (compare.getLhs() == compare.getRhs() && (predicate == P::ORD || predicate == P::OEQ))
          return notCell(isNaNCell(x[0]));
        return compareCells(compare, x[0], x[1]);
      })
      .Case<arith::CmpIOp>([&](arith::CmpIOp compare) { return compareCells(compare, x[0], x[1]); })
      .Case<math::IsNaNOp>([&](auto) { return isNaNCell(x[0]); })
      .Case<arith::SelectOp>([&](auto) { return selectCell(x[0], x[1], x[2], element); })
      .Default([&](Operation *) { return mixCells(x, element); });
}

//===----------------------------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------------------------===//

namespace {
class BodyEvaluator {
public:
  BodyEvaluator(Block &block, ArrayRef<Cell> arguments, const BodyContext &context)
      : block(block), context(context) {
    for (auto [argument, cell] : llvm::zip(block.getArguments(), arguments))
      cells[argument] = cell;
  }

  Cell get(Value value) {
    if (auto found = cells.find(value); found != cells.end())
      return found->second;
    Cell cell = compute(value);
    cells[value] = cell;
    return cell;
  }

private:
  Cell compute(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != &block)
      return context.get(value).joinAll();
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      Interval range = context.indices[index.getDim()];
      return range.low == range.high ? Cell::known(range.low) : Cell();
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(op))
      return computeExtract(extract);
    SmallVector<Cell> operands;
    for (Value operand : op->getOperands())
      operands.push_back(get(operand));
    return op->getNumRegions() ? mixCells(operands, elementOf(value.getType()))
                               : evaluateScalar(op, operands);
  }

  /// A run-time index may read any element of its axis; a loop's own index reads its range.
  Cell computeExtract(tensor::ExtractOp op) {
    const GridValue &grid = context.get(op.getTensor());
    SmallVector<IndexRange, 4> box;
    SmallVector<Cell> read;
    for (auto [axis, position] : llvm::enumerate(op.getIndices())) {
      int64_t length = grid.getShape()[axis];
      IndexRange range = {0, length};
      Cell cell = get(position);
      if (auto index = position.getDefiningOp<linalg::IndexOp>())
        range = {context.indices[index.getDim()].low, context.indices[index.getDim()].high + 1};
      else if (cell.isKnown())
        range = {int64_t(cell.value), int64_t(cell.value) + 1};
      if (range.begin < 0 || range.end > length || range.begin >= range.end)
        range = {0, length};
      box.push_back(range);
      read.push_back(cell);
    }
    Cell element = grid.joinBox(box);
    if (llvm::all_of(read, [](const Cell &c) { return !c.taint; })) {
      element.flags &= ~kRowFlags;
      return element;
    }
    // Which element it is decides where the fills are, too.
    Cell gathered = mixCells(element, elementOf(op.getType()));
    for (const Cell &cell : read) {
      gathered.taint |= cell.taint;
      if (gathered.flags & kUnusual)
        gathered.nonFinite |= cell.taint;
    }
    return gathered;
  }

  Block &block;
  const BodyContext &context;
  DenseMap<Value, Cell> cells;
};
} // namespace

SmallVector<Cell> zorro::evaluateBody(Block &block, ArrayRef<Cell> arguments,
                                      ArrayRef<Value> wanted, const BodyContext &context) {
  BodyEvaluator evaluator(block, arguments, context);
  SmallVector<Cell> found;
  for (Value value : wanted)
    found.push_back(evaluator.get(value));
  return found;
}

//===- Reductions.cpp - Reductions -------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A map before, a fold, a map after, and the reduced axes kept as ones where asked.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/OperatorTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

enum class Fold { Sum, Mean, Max, Min, Prod, L1, L2, SumSquare, LogSum, LogSumExp };

/// The axes of the older attribute or the newer input; nothing where they are not known.
static std::optional<SmallVector<int64_t>> readAxes(Raiser &raiser, NodeOp node, int64_t rank) {
  SmallVector<int64_t> axes;
  if (auto given = node.getInts("axes"))
    axes.assign(given->begin(), given->end());
  else if (Value input = node.getInput(1)) {
    auto known = raiser.constants.getIntegers(input);
    if (!known)
      return std::nullopt;
    axes = *known;
  }
  if (axes.empty() && !node.getInt("noop_with_empty_axes", 0))
    axes = identityPermutation(rank);
  for (int64_t &axis : axes)
    axis = axis < 0 ? axis + rank : axis;
  return axes;
}

static TypedAttr startOf(Fold fold, Type element) {
  if (fold != Fold::Max && fold != Fold::Min)
    return scalarAttr(element, fold == Fold::Prod ? 1 : 0);
  double inf = std::numeric_limits<double>::infinity();
  if (isa<FloatType>(element))
    return scalarAttr(element, fold == Fold::Max ? -inf : inf);
  unsigned width = element.getIntOrFloatBitWidth();
  return IntegerAttr::get(element, fold == Fold::Max ? APInt::getSignedMinValue(width)
                                                     : APInt::getSignedMaxValue(width));
}

static Value foldScalars(Fold fold, OpBuilder &b, Location l, Value x, Value so) {
  bool real = isa<FloatType>(x.getType());
  switch (fold) {
  case Fold::Max:
    return real ? Value(arith::MaximumFOp::create(b, l, x, so))
                : Value(arith::MaxSIOp::create(b, l, x, so));
  case Fold::Min:
    return real ? Value(arith::MinimumFOp::create(b, l, x, so))
                : Value(arith::MinSIOp::create(b, l, x, so));
  case Fold::Prod:
    return real ? Value(arith::MulFOp::create(b, l, x, so))
                : Value(arith::MulIOp::create(b, l, x, so));
  default:
    return real ? Value(arith::AddFOp::create(b, l, x, so))
                : Value(arith::AddIOp::create(b, l, x, so));
  }
}

template <typename MathOp>
static Value mapped(Raiser &raiser, Value x) {
  return raiser.map(typeOf(x), x, [](OpBuilder &b, Location l, ValueRange args) -> Value {
    return MathOp::create(b, l, args[0]);
  });
}

/// log(sum(exp(x))), shifted by the maximum.
static Value logSumExp(Raiser &raiser, Value x, ArrayRef<int64_t> axes, ArrayRef<int64_t> kept) {
  RankedTensorType type = typeOf(x);
  auto fold = [&](Fold kind, Value value) {
    TypedAttr start = startOf(kind, type.getElementType());
    Value folded =
        raiser.reduce(value, axes, start, [&](OpBuilder &b, Location l, ValueRange args) {
          return foldScalars(kind, b, l, args[0], args[1]);
        });
    return raiser.reshape(folded, kept);
  };
  Value highest = fold(Fold::Max, x);
  Value exps =
      raiser.map(type, {x, highest}, [](OpBuilder &b, Location l, ValueRange args) -> Value {
        return math::ExpOp::create(b, l, arith::SubFOp::create(b, l, args[0], args[1]));
      });
  Value logs = mapped<math::LogOp>(raiser, fold(Fold::Sum, exps));
  return raiser.map(typeOf(logs), {logs, highest},
                    [](OpBuilder &b, Location l, ValueRange args) -> Value {
                      return arith::AddFOp::create(b, l, args[0], args[1]);
                    });
}

template <Fold fold>
static LogicalResult raiseReduction(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  RankedTensorType type = typeOf(x), result = typeOf(node->getResult(0));
  Type element = type.getElementType();
  bool real = isa<FloatType>(element);
  if (element.isInteger(1))
    return raiser.unsupported(node, "on bools");
  if (!real && fold != Fold::Sum && fold != Fold::Max && fold != Fold::Min && fold != Fold::Prod)
    return raiser.unsupported(node, "on integers");
  auto axes = readAxes(raiser, node, type.getRank());
  if (!axes)
    return raiser.unsupported(node, "with axes computed at run time");
  if (fold == Fold::LogSumExp) {
    SmallVector<int64_t> kept(type.getShape());
    for (int64_t axis : *axes)
      kept[axis] = 1;
    Value y = axes->empty() ? x : logSumExp(raiser, x, *axes, kept);
    return raiser.replace(node, raiser.reshape(y, result.getShape()));
  }
  int64_t count = 1;
  for (int64_t axis : *axes)
    count *= type.getDimSize(axis);
  if (fold == Fold::L1)
    x = mapped<math::AbsFOp>(raiser, x);
  if (fold == Fold::L2 || fold == Fold::SumSquare)
    x = raiser.map(type, x, [](OpBuilder &b, Location l, ValueRange args) -> Value {
      return arith::MulFOp::create(b, l, args[0], args[0]);
    });
  if (!axes->empty()) {
    TypedAttr start = startOf(fold, element);
    x = raiser.reduce(x, *axes, start, [](OpBuilder &b, Location l, ValueRange args) {
      return foldScalars(fold, b, l, args[0], args[1]);
    });
  }
  if (fold == Fold::Mean)
    x = raiser.map(typeOf(x), x, [&](OpBuilder &b, Location l, ValueRange args) -> Value {
      return arith::DivFOp::create(b, l, args[0], scalarConstant(b, l, element, double(count)));
    });
  if (fold == Fold::L2)
    x = mapped<math::SqrtOp>(raiser, x);
  if (fold == Fold::LogSum)
    x = mapped<math::LogOp>(raiser, x);
  return raiser.replace(node, raiser.reshape(x, result.getShape()));
}

/// The mean over all spatial axes.
static LogicalResult raiseGlobalAveragePool(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  RankedTensorType type = typeOf(x);
  Type element = type.getElementType();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, type.getRank()));
  int64_t count = productOf(type.getShape().drop_front(2));
  x = raiser.reduce(x, axes, scalarAttr(element, 0), [](OpBuilder &b, Location l, ValueRange args) {
    return foldScalars(Fold::Sum, b, l, args[0], args[1]);
  });
  x = raiser.map(typeOf(x), x, [&](OpBuilder &b, Location l, ValueRange args) -> Value {
    return arith::DivFOp::create(b, l, args[0], scalarConstant(b, l, element, double(count)));
  });
  return raiser.replace(node, raiser.reshape(x, typeOf(node->getResult(0)).getShape()));
}

/// The place of the first largest or smallest element: the least place of an element that equals
/// the extremum.
template <Fold fold>
static LogicalResult raiseArg(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  RankedTensorType type = typeOf(x), result = typeOf(node->getResult(0));
  if (!isa<FloatType>(type.getElementType()))
    return raiser.unsupported(node, "on integers");
  if (node.getInt("select_last_index", 0))
    return raiser.unsupported(node, "with select_last_index");
  int64_t axis = node.getInt("axis", 0);
  axis += axis < 0 ? type.getRank() : 0;
  if (axis < 0 || axis >= type.getRank())
    return raiser.unsupported(node, "with axis " + Twine(node.getInt("axis", 0)));
  Type index = result.getElementType();
  int64_t length = type.getDimSize(axis);
  auto foldAxis = [&](Value value, Fold kind, TypedAttr start) {
    return raiser.reduce(value, axis, start, [&](OpBuilder &b, Location l, ValueRange args) {
      return foldScalars(kind, b, l, args[0], args[1]);
    });
  };
  SmallVector<int64_t> kept(type.getShape()), places(type.getRank(), 1);
  kept[axis] = 1;
  places[axis] = length;
  Value extremum = foldAxis(x, fold, startOf(fold, type.getElementType()));
  SmallVector<int64_t> numbers = llvm::to_vector(llvm::seq<int64_t>(0, length));
  Value place = raiser.constant(DenseElementsAttr::get(
      RankedTensorType::get(places, raiser.builder.getI64Type()), ArrayRef<int64_t>(numbers)));
  Value found = raiser.map(
      type.clone(index), {x, raiser.reshape(extremum, kept), place},
      [&](OpBuilder &b, Location l, ValueRange args) -> Value {
        Value hit = arith::CmpFOp::create(b, l, arith::CmpFPredicate::UEQ, args[0], args[1]);
        Value last = arith::ConstantOp::create(b, l, b.getI64IntegerAttr(length - 1));
        return arith::SelectOp::create(b, l, hit, args[2], last);
      });
  Value first = foldAxis(found, Fold::Min, startOf(Fold::Min, index));
  return raiser.replace(node, raiser.reshape(first, result.getShape()));
}

/// result[..., i, ...] = sum over j <= i of x[..., j, ...]; j < i where exclusive, from the other
/// end where reversed. What is not added is not multiplied by 0 either.
static LogicalResult raiseCumSum(Raiser &raiser, NodeOp node) {
  auto given = raiser.constants.getIntegers(node.getInput(1));
  RankedTensorType type = typeOf(node.getInput(0));
  int64_t rank = type.getRank();
  if (!given || given->size() != 1)
    return raiser.unsupported(node, "along an axis computed at run time");
  int64_t axis = given->front() < 0 ? given->front() + rank : given->front();
  if (axis < 0 || axis >= rank)
    return raiser.unsupported(node, "along axis " + Twine(given->front()));
  bool exclusive = node.getInt("exclusive", 0), reverse = node.getInt("reverse", 0);
  OpBuilder &builder = raiser.builder;
  Type element = type.getElementType(),
       wide = isNarrowFloat(element) ? builder.getF32Type() : element;
  Value x = isNarrowFloat(element) ? raiser.convert(node.getInput(0), wide) : node.getInput(0);
  Value empty = tensor::EmptyOp::create(builder, raiser.loc, type.getShape(), wide);
  Value zero = scalarConstant(builder, raiser.loc, wide, 0);
  Value filled = linalg::FillOp::create(builder, raiser.loc, zero, empty).getResult(0);
  SmallVector<AffineExpr> read, written;
  for (int64_t i = 0; i < rank; ++i) {
    read.push_back(builder.getAffineDimExpr(i == axis ? rank : i));
    written.push_back(builder.getAffineDimExpr(i));
  }
  AffineMap maps[] = {AffineMap::get(rank + 1, 0, read, builder.getContext()),
                      AffineMap::get(rank + 1, 0, written, builder.getContext())};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  using Predicate = arith::CmpIPredicate;
  Predicate counts = reverse ? (exclusive ? Predicate::sgt : Predicate::sge)
                             : (exclusive ? Predicate::slt : Predicate::sle);
  auto generic = linalg::GenericOp::create(
      builder, raiser.loc, filled.getType(), x, filled, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        Value i = linalg::IndexOp::create(b, l, axis), j = linalg::IndexOp::create(b, l, rank);
        Value added = arith::SelectOp::create(b, l, arith::CmpIOp::create(b, l, counts, j, i),
                                              args[0], scalarConstant(b, l, wide, 0));
        Value sum = isa<FloatType>(wide) ? Value(arith::AddFOp::create(b, l, args[1], added))
                                         : Value(arith::AddIOp::create(b, l, args[1], added));
        linalg::YieldOp::create(b, l, sum);
      });
  return raiser.replace(node, raiser.convert(generic.getResult(0), element));
}

ArrayRef<OperatorRow> zorro::raise::reduceRows() {
  static const OperatorRow rows[] = {
      {"ArgMax", "", 1, kNewest, raiseArg<Fold::Max>, "reductions and map; the first, of floats"},
      {"ArgMin", "", 1, kNewest, raiseArg<Fold::Min>, "reductions and map; the first, of floats"},
      {"CumSum", "", 11, kNewest, raiseCumSum, "reduction of what stands before"},
      {"GlobalAveragePool", "", 1, kNewest, raiseGlobalAveragePool, "reduction"},
      {"ReduceL1", "", 1, kNewest, raiseReduction<Fold::L1>, "reduction; floats"},
      {"ReduceL2", "", 1, kNewest, raiseReduction<Fold::L2>, "reduction; floats"},
      {"ReduceLogSum", "", 1, kNewest, raiseReduction<Fold::LogSum>, "reduction; floats"},
      {"ReduceLogSumExp", "", 1, kNewest, raiseReduction<Fold::LogSumExp>, "reduction; floats"},
      {"ReduceMax", "", 1, kNewest, raiseReduction<Fold::Max>, "reduction"},
      {"ReduceMean", "", 1, kNewest, raiseReduction<Fold::Mean>, "reduction; floats"},
      {"ReduceMin", "", 1, kNewest, raiseReduction<Fold::Min>, "reduction"},
      {"ReduceProd", "", 1, kNewest, raiseReduction<Fold::Prod>, "reduction"},
      {"ReduceSum", "", 1, kNewest, raiseReduction<Fold::Sum>, "reduction"},
      {"ReduceSumSquare", "", 1, kNewest, raiseReduction<Fold::SumSquare>, "reduction; floats"},
  };
  return rows;
}

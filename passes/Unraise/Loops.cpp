//===- Loops.cpp - Element-wise loops and reductions --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A loop nest is the nodes of its body on operands that broadcast to it, and one Reduce… for the
// loops that fold.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/Families.h"
#include "passes/Unraise/ScalarBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;

Value zorro::unraise::alignToLoops(NodeWriter &writer, Value value, AffineMap map,
                                   ArrayRef<int64_t> loops) {
  RankedTensorType type = typeOf(value);
  // Axes that are read at one place go first: they are of one, or are cut to it.
  SmallVector<int64_t> offsets(type.getRank(), 0), sizes(type.getShape()), kept, dims;
  SmallVector<int64_t> ones(type.getRank(), 1);
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      if (llvm::is_contained(dims, int64_t(dim.getPosition())) ||
          loops[dim.getPosition()] != type.getDimSize(axis))
        return {}; // a diagonal, or a part
      dims.push_back(dim.getPosition());
      kept.push_back(type.getDimSize(axis));
      continue;
    }
    auto at = dyn_cast<AffineConstantExpr>(expr);
    if (!at)
      return {};
    offsets[axis] = at.getValue();
    sizes[axis] = 1;
  }
  value = writer.reshape(writer.slice(value, offsets, sizes, ones), kept);
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, dims.size()));
  llvm::sort(perm, [&](int64_t a, int64_t b) { return dims[a] < dims[b]; });
  if (!perm.empty())
    value = writer.transpose(value, perm);
  if (dims.empty())
    return value;
  int64_t first = *llvm::min_element(dims);
  SmallVector<int64_t> shape(loops.size() - first, 1);
  for (int64_t dim : dims)
    shape[dim - first] = loops[dim];
  return writer.reshape(value, shape);
}

namespace {
/// What folds the loops of a reduction.
struct Fold {
  Operation *combine = nullptr;
  Value element; // what is folded, a scalar of the body
  StringRef reduce, binary;
  bool startsNeutral = false;
};
} // namespace

/// op(element, so far), starting from a number that changes nothing or not.
static std::optional<Fold> readFold(linalg::GenericOp op, Attribute start) {
  Block *body = op.getBody();
  Value soFar = body->getArguments().back();
  Fold fold;
  fold.combine = body->getTerminator()->getOperand(0).getDefiningOp();
  if (!fold.combine || fold.combine->getNumOperands() != 2 || !soFar.hasOneUse())
    return std::nullopt;
  Value left = fold.combine->getOperand(0), right = fold.combine->getOperand(1);
  if ((left == soFar) == (right == soFar))
    return std::nullopt;
  fold.element = left == soFar ? right : left;
  auto real = dyn_cast_or_null<FloatAttr>(start);
  auto whole = dyn_cast_or_null<IntegerAttr>(start);
  auto isNumber = [&](double number) {
    return real ? real.getValueAsDouble() == number
                : whole && double(whole.getInt()) == number;
  };
  bool isInfinite = real && real.getValue().isInfinity();
  if (isa<arith::AddFOp, arith::AddIOp>(fold.combine)) {
    fold.reduce = "ReduceSum", fold.binary = "Add", fold.startsNeutral = isNumber(0);
  } else if (isa<arith::MulFOp, arith::MulIOp>(fold.combine)) {
    fold.reduce = "ReduceProd", fold.binary = "Mul", fold.startsNeutral = isNumber(1);
  } else if (isa<arith::MaximumFOp, arith::MaxSIOp>(fold.combine)) {
    fold.reduce = "ReduceMax", fold.binary = "Max";
    fold.startsNeutral = (isInfinite && real.getValue().isNegative()) ||
                         (whole && whole.getValue().isMinSignedValue());
  } else if (isa<arith::MinimumFOp, arith::MinSIOp>(fold.combine)) {
    fold.reduce = "ReduceMin", fold.binary = "Min";
    fold.startsNeutral = (isInfinite && !real.getValue().isNegative()) ||
                         (whole && whole.getValue().isMaxSignedValue());
  } else {
    return std::nullopt;
  }
  return fold;
}

/// Binds what the body reads; false where an operand is read in a way that has no counterpart.
static bool bindInputs(NodeWriter &writer, linalg::GenericOp op, ScalarBody &body,
                       ArrayRef<int64_t> loops) {
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (argument.use_empty() || (op.getNumReductionLoops() && op.isDpsInit(&operand)))
      continue;
    Value aligned =
        alignToLoops(writer, operand.get(), op.getMatchingIndexingMap(&operand), loops);
    if (!aligned)
      return false;
    body.bind(argument, aligned);
  }
  return true;
}

/// From the order of the loops to the order of the result's axes.
static Value toResult(NodeWriter &writer, Value value, ArrayRef<int64_t> kept, AffineMap map) {
  SmallVector<int64_t> perm;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || !llvm::is_contained(kept, int64_t(dim.getPosition())))
      return {};
    perm.push_back(llvm::find(kept, int64_t(dim.getPosition())) - kept.begin());
  }
  if (perm.size() != kept.size())
    return {};
  return perm.empty() ? value : writer.transpose(value, perm);
}

Value zorro::unraise::writeLoops(NodeWriter &writer, linalg::GenericOp op) {
  if (op->getNumResults() != 1)
    return refuse(op, "with " + Twine(op->getNumResults()) + " results");
  if (Value product = writeProduct(writer, op))
    return product;
  SmallVector<int64_t> loops = op.getStaticLoopRanges(), folded, kept;
  for (auto [i, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    (kind == utils::IteratorType::reduction ? folded : kept).push_back(i);
  ScalarBody body(writer, loops);
  if (!bindInputs(writer, op, body, loops))
    return refuse(op, "whose operands are not read along the loops");
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto write = [&](Value scalar) -> Value {
    Value value = body.get(scalar);
    if (!value) {
      refuse(body.getFault() ? body.getFault() : op.getOperation());
      return {};
    }
    return writer.expand(value, loops);
  };
  if (folded.empty()) {
    Value value = write(op.getBody()->getTerminator()->getOperand(0));
    Value result = value ? toResult(writer, value, kept, map) : Value();
    return result || !value ? result : refuse(op, "whose result is not written along the loops");
  }
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  TypedAttr start;
  if (fill)
    matchPattern(fill.getInputs()[0], m_Constant(&start));
  std::optional<Fold> fold = start ? readFold(op, start) : std::nullopt;
  if (!fold)
    return refuse(op, "that folds in a way that no operator does");
  Value value = write(fold->element);
  if (!value)
    return {};
  value = toResult(writer, writer.reduce(fold->reduce, value, folded, false), kept, map);
  if (!value)
    return refuse(op, "whose result is not written along the loops");
  return fold->startsNeutral ? value : writer.binary(fold->binary, value, writer.scalar(start));
}

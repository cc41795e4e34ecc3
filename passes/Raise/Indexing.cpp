//===- Indexing.cpp - Slices and gathers -------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Positions that are known become slices; others are read element by element.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Indexing.h"

#include "passes/Raise/AttentionOperator.h"
#include "passes/Raise/OperatorTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

/// A gather of more runs of neighbouring positions than this reads them from a table.
constexpr size_t kMaxRuns = 64;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

Value zorro::raise::positionFrom(OpBuilder &b, Location l, Value number, int64_t size) {
  Value at = arith::IndexCastOp::create(b, l, b.getIndexType(), number);
  Value zero = arith::ConstantIndexOp::create(b, l, 0);
  Value fromEnd = arith::AddIOp::create(b, l, at, arith::ConstantIndexOp::create(b, l, size));
  Value negative = arith::CmpIOp::create(b, l, arith::CmpIPredicate::slt, at, zero);
  at = arith::SelectOp::create(b, l, negative, fromEnd, at);
  at = arith::MinSIOp::create(b, l, at, arith::ConstantIndexOp::create(b, l, size - 1));
  return arith::MaxSIOp::create(b, l, at, zero);
}

Value zorro::raise::gatherAtRunTime(Raiser &raiser, Value data, Value positions, int64_t axis,
                                    RankedTensorType result) {
  OpBuilder &builder = raiser.builder;
  int64_t rank = result.getRank(), width = typeOf(positions).getRank();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < width; ++i)
    exprs.push_back(builder.getAffineDimExpr(axis + i));
  AffineMap maps[] = {AffineMap::get(rank, 0, exprs, builder.getContext()),
                      builder.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(builder, raiser.loc, result.getShape(),
                                        result.getElementType());
  int64_t size = typeOf(data).getDimSize(axis);
  auto generic = linalg::GenericOp::create(
      builder, raiser.loc, result, positions, empty, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        Value at = positionFrom(b, l, args[0], size);
        SmallVector<Value> indices;
        for (int64_t i = 0; i < axis; ++i)
          indices.push_back(linalg::IndexOp::create(b, l, i));
        indices.push_back(at);
        for (int64_t i = axis + width; i < rank; ++i)
          indices.push_back(linalg::IndexOp::create(b, l, i));
        linalg::YieldOp::create(b, l, Value(tensor::ExtractOp::create(b, l, data, indices)));
      });
  return generic.getResult(0);
}

/// The window of `count` positions from `first` on, `step` apart, along `axis`.
static Value sliceAlong(Raiser &raiser, Value data, int64_t axis, int64_t first, int64_t count,
                        int64_t step) {
  SmallVector<int64_t> offsets(typeOf(data).getRank(), 0), strides(offsets.size(), 1);
  SmallVector<int64_t> sizes(typeOf(data).getShape());
  offsets[axis] = first;
  sizes[axis] = count;
  strides[axis] = count > 1 ? step : 1;
  return raiser.slice(data, offsets, sizes, strides);
}

/// The rows at `positions` along `axis`, as slices of neighbouring ones; null where there are too
/// many.
static Value gatherKnown(Raiser &raiser, Value data, int64_t axis, ArrayRef<int64_t> positions) {
  struct Run {
    int64_t first, count, step;
  };
  SmallVector<Run> runs;
  for (int64_t position : positions) {
    if (!runs.empty()) {
      Run &run = runs.back();
      int64_t last = run.first + (run.count - 1) * run.step;
      if (run.count == 1 && position > last)
        run.step = position - last;
      if (position == last + run.step && run.step > 0) {
        ++run.count;
        continue;
      }
    }
    runs.push_back({position, 1, 1});
  }
  if (runs.size() > kMaxRuns || runs.empty())
    return {};
  SmallVector<Value> parts;
  for (const Run &run : runs)
    parts.push_back(sliceAlong(raiser, data, axis, run.first, run.count, run.step));
  return raiser.concat(axis, parts);
}

Value zorro::raise::gatherPositions(Raiser &raiser, Value data, int64_t axis,
                                    ArrayRef<int64_t> positions) {
  if (Value y = gatherKnown(raiser, data, axis, positions))
    return y;
  SmallVector<int64_t> shape(typeOf(data).getShape());
  shape[axis] = positions.size();
  auto table = RankedTensorType::get(shape[axis], raiser.builder.getI64Type());
  Value known = raiser.constant(DenseElementsAttr::get(table, positions));
  return gatherAtRunTime(raiser, data, known, axis, typeOf(data).clone(shape));
}

static LogicalResult raiseGather(Raiser &raiser, NodeOp node) {
  Value data = node.getInput(0), indices = node.getInput(1);
  RankedTensorType type = typeOf(data), result = typeOf(node->getResult(0));
  int64_t axis = node.getInt("axis", 0);
  axis = axis < 0 ? axis + type.getRank() : axis;
  int64_t size = type.getDimSize(axis);
  if (auto positions = raiser.constants.getIntegers(indices)) {
    for (int64_t &position : *positions) {
      int64_t given = position;
      position = position < 0 ? position + size : position;
      if (position < 0 || position >= size)
        return raiser.unsupported(node, "of position " + Twine(given) + " on an axis of " +
                                            Twine(size));
    }
    if (Value y = gatherKnown(raiser, data, axis, *positions))
      return raiser.replace(node, raiser.reshape(y, result.getShape()));
  }
  if (size == 0 && result.getNumElements() != 0)
    return raiser.unsupported(node, "of an empty axis");
  return raiser.replace(node, gatherAtRunTime(raiser, data, indices, axis, result));
}

/// result[before..., i, after...] = data[before..., indices[before..., i, after...], after...]
static LogicalResult raiseGatherElements(Raiser &raiser, NodeOp node) {
  OpBuilder &builder = raiser.builder;
  Value data = node.getInput(0), indices = node.getInput(1);
  RankedTensorType type = typeOf(data), result = typeOf(node->getResult(0));
  int64_t axis = node.getInt("axis", 0), rank = type.getRank();
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis >= rank)
    return raiser.unsupported(node, "with axis " + Twine(node.getInt("axis", 0)));
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis && result.getDimSize(i) > type.getDimSize(i))
      return raiser.unsupported(node, "with indices wider than the data");
  int64_t size = type.getDimSize(axis);
  if (size == 0 && result.getNumElements() != 0)
    return raiser.unsupported(node, "of an empty axis");
  AffineMap identity = builder.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  Value empty = tensor::EmptyOp::create(builder, raiser.loc, result.getShape(),
                                        result.getElementType());
  auto generic = linalg::GenericOp::create(
      builder, raiser.loc, result, indices, empty, ArrayRef<AffineMap>{identity, identity},
      iterators, [&](OpBuilder &b, Location l, ValueRange args) {
        SmallVector<Value> at;
        for (int64_t i = 0; i < rank; ++i)
          at.push_back(i == axis ? positionFrom(b, l, args[0], size)
                                 : Value(linalg::IndexOp::create(b, l, i)));
        linalg::YieldOp::create(b, l, Value(tensor::ExtractOp::create(b, l, data, at)));
      });
  return raiser.replace(node, generic.getResult(0));
}

/// Integers of an older attribute or a newer input.
static std::optional<SmallVector<int64_t>> readIntegers(Raiser &raiser, NodeOp node, StringRef name,
                                                        unsigned input) {
  if (auto given = node.getInts(name))
    return SmallVector<int64_t>(*given);
  return raiser.constants.getIntegers(node.getInput(input));
}

static LogicalResult raiseSlice(Raiser &raiser, NodeOp node) {
  Value data = node.getInput(0);
  RankedTensorType type = typeOf(data);
  int64_t rank = type.getRank();
  auto starts = readIntegers(raiser, node, "starts", 1);
  auto ends = readIntegers(raiser, node, "ends", 2);
  if (!starts || !ends || starts->size() != ends->size())
    return raiser.unsupported(node, "with bounds computed at run time");
  auto axes = readIntegers(raiser, node, "axes", 3);
  auto steps = readIntegers(raiser, node, "steps", 4);
  if ((!axes && node.getInput(3)) || (!steps && node.getInput(4)))
    return raiser.unsupported(node, "with axes or steps computed at run time");
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = axes ? (*axes)[i] : int64_t(i), step = steps ? (*steps)[i] : 1;
    axis = axis < 0 ? axis + rank : axis;
    int64_t size = typeOf(data).getDimSize(axis);
    // Clamped before anything is added: ends are INT64_MAX where "to the end" is meant.
    auto clamp = [&](int64_t bound, int64_t low, int64_t high) {
      bound = std::max(bound, -size - 1);
      if (bound < 0)
        bound += size;
      return std::min(std::max(bound, low), high);
    };
    if (step == 0)
      return raiser.unsupported(node, "with a step of 0");
    if (step > 0) {
      int64_t first = clamp((*starts)[i], 0, size), end = clamp((*ends)[i], 0, size);
      int64_t count = end > first ? (end - first - 1) / step + 1 : 0;
      data = sliceAlong(raiser, data, axis, count ? first : 0, count, step);
      continue;
    }
    int64_t first = clamp((*starts)[i], 0, size - 1), end = clamp((*ends)[i], -1, size - 1);
    SmallVector<int64_t> positions;
    for (int64_t at = first; at > end; at += step)
      positions.push_back(at);
    data = gatherPositions(raiser, data, axis, positions);
  }
  return raiser.replace(node, data);
}

/// Keeps a triangle of the last two axes.
static LogicalResult raiseTrilu(Raiser &raiser, NodeOp node) {
  RankedTensorType type = typeOf(node.getInput(0));
  int64_t k = 0, rank = type.getRank();
  if (node.getInput(1)) {
    auto given = raiser.constants.getSplat(node.getInput(1));
    if (!given)
      return raiser.unsupported(node, "with k computed at run time");
    k = int64_t(*given);
  }
  if (rank < 2)
    return raiser.unsupported(node, "on fewer than two axes");
  bool upper = node.getInt("upper", 1);
  SmallVector<bool> kept;
  ArrayRef<int64_t> shape = type.getShape().take_back(2);
  for (int64_t i = 0; i < shape[0]; ++i)
    for (int64_t j = 0; j < shape[1]; ++j)
      kept.push_back(upper ? j >= i + k : j <= i + k);
  auto table = RankedTensorType::get(shape, raiser.builder.getI1Type());
  Value mask = raiser.constant(DenseElementsAttr::get(table, kept));
  return raiser.replace(
      node, raiser.map(type, {mask, node.getInput(0)},
                       [](OpBuilder &b, Location l, ValueRange args) -> Value {
                         Value zero = scalarConstant(b, l, args[1].getType(), 0);
                         return arith::SelectOp::create(b, l, args[0], args[1], zero);
                       }));
}

/// Those that zorro-raise-attention left.
static LogicalResult raiseAttention(Raiser &raiser, NodeOp node) {
  std::string reason = AttentionOperator::findUnsupported(node);
  return raiser.unsupported(node, reason.empty() ? "before zorro-raise-attention" : reason);
}

ArrayRef<OperatorRow> zorro::raise::indexRows() {
  static const OperatorRow rows[] = {
      {"Attention", "", 23, kNewest, raiseAttention,
       "zorro.attention; an empty row gives zeros; with softcap or scores as an output dense"},
      {"Gather", "", 1, kNewest, raiseGather, "slices; at run-time positions a loop"},
      {"GatherElements", "", 11, kNewest, raiseGatherElements, "a loop"},
      {"Slice", "", 1, kNewest, raiseSlice, "tensor.extract_slice; backwards a concatenation"},
      {"Trilu", "", 14, kNewest, raiseTrilu, "map"},
  };
  return rows;
}

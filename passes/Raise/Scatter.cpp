//===- Scatter.cpp - Slices picked and written by index ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The indexed axes are seen as one axis of positions. Writing at known positions is reading, from
// the data and the updates side by side: nothing depends on where a number happens to be stored.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Indexing.h"
#include "passes/Raise/OperatorTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

/// Updates of the same position that are combined one after the other.
constexpr unsigned kMaxRounds = 16;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Positions in a row-major space of `sizes` that rows of `depth` indices name; nothing where one
/// lies beyond its axis.
static std::optional<SmallVector<int64_t>> toPositions(ArrayRef<int64_t> indices,
                                                       ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> positions;
  size_t depth = sizes.size(), rows = depth ? indices.size() / depth : 0;
  for (size_t row = 0; row < rows; ++row) {
    int64_t position = 0;
    for (size_t k = 0; k < depth; ++k) {
      int64_t index = indices[row * depth + k];
      index = index < 0 ? index + sizes[k] : index;
      if (index < 0 || index >= sizes[k])
        return std::nullopt;
      position = position * sizes[k] + index;
    }
    positions.push_back(position);
  }
  return positions;
}

/// Positions that run-time rows of indices name, each index within its axis.
static Value positionsAtRunTime(Raiser &raiser, Value indices, ArrayRef<int64_t> sizes) {
  RankedTensorType type = typeOf(indices);
  int64_t rank = type.getRank();
  SmallVector<int64_t> offsets(rank, 0), window(type.getShape()), ones(rank, 1);
  window.back() = 1;
  SmallVector<Value> columns;
  for (size_t k = 0; k < sizes.size(); ++k) {
    offsets.back() = k;
    Value column = raiser.slice(indices, offsets, window, ones);
    columns.push_back(raiser.reshape(column, type.getShape().drop_back()));
  }
  auto result = RankedTensorType::get(type.getShape().drop_back(), raiser.builder.getI64Type());
  return raiser.map(result, columns, [&](OpBuilder &b, Location l, ValueRange args) -> Value {
    Value position = arith::ConstantIndexOp::create(b, l, 0);
    for (auto [arg, size] : llvm::zip(args, sizes)) {
      Value scale = arith::ConstantIndexOp::create(b, l, size);
      position = arith::AddIOp::create(b, l, arith::MulIOp::create(b, l, position, scale),
                                       positionFrom(b, l, arg, size));
    }
    return arith::IndexCastOp::create(b, l, b.getI64Type(), position);
  });
}

/// result[batch..., i..., rest...] = data[batch..., indices[batch..., i..., :], rest...]
static LogicalResult raiseGatherND(Raiser &raiser, NodeOp node) {
  Value data = node.getInput(0), indices = node.getInput(1);
  RankedTensorType type = typeOf(data), result = typeOf(node->getResult(0));
  int64_t batch = node.getInt("batch_dims", 0), depth = typeOf(indices).getShape().back();
  if (depth == 0)
    return raiser.unsupported(node, "with indices of no axis");
  ArrayRef<int64_t> sizes = type.getShape().slice(batch, depth);
  int64_t batches = productOf(type.getShape().take_front(batch)), space = productOf(sizes);
  int64_t rest = productOf(type.getShape().drop_front(batch + depth));
  if (space == 0 && result.getNumElements() != 0)
    return raiser.unsupported(node, "of an empty axis");
  if (auto known = raiser.constants.getIntegers(indices)) {
    auto positions = toPositions(*known, sizes);
    if (!positions)
      return raiser.unsupported(node, "of a position beyond its axis");
    int64_t each = positions->size() / std::max<int64_t>(batches, 1);
    for (auto [i, position] : llvm::enumerate(*positions))
      position += int64_t(i) / std::max<int64_t>(each, 1) * space;
    Value rows = raiser.reshape(data, {batches * space, rest});
    return raiser.replace(node, raiser.reshape(gatherPositions(raiser, rows, 0, *positions),
                                               result.getShape()));
  }
  if (batches != 1)
    return raiser.unsupported(node, "with batch_dims at positions computed at run time");
  Value positions = positionsAtRunTime(raiser, indices, sizes);
  int64_t count = typeOf(positions).getNumElements();
  positions = raiser.reshape(positions, {count});
  Value rows = gatherAtRunTime(raiser, raiser.reshape(data, {space, rest}), positions, 0,
                               type.clone({count, rest}));
  return raiser.replace(node, raiser.reshape(rows, result.getShape()));
}

/// How a written number combines with what is there; null for an unknown name.
static ScalarBody combinationOf(StringRef reduction) {
  auto choose = [](auto asFloat, auto asInteger) {
    return [=](OpBuilder &b, Location l, ValueRange args) -> Value {
      return isa<FloatType>(args[0].getType()) ? asFloat(b, l, args) : asInteger(b, l, args);
    };
  };
  static const auto add = choose(
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        return arith::AddFOp::create(b, l, x[0], x[1]);
      },
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        return arith::AddIOp::create(b, l, x[0], x[1]);
      });
  static const auto mul = choose(
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        return arith::MulFOp::create(b, l, x[0], x[1]);
      },
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        return arith::MulIOp::create(b, l, x[0], x[1]);
      });
  static const auto max = choose(
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        return arith::MaximumFOp::create(b, l, x[0], x[1]);
      },
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        return arith::MaxSIOp::create(b, l, x[0], x[1]);
      });
  static const auto min = choose(
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        return arith::MinimumFOp::create(b, l, x[0], x[1]);
      },
      [](OpBuilder &b, Location l, ValueRange x) -> Value {
        return arith::MinSIOp::create(b, l, x[0], x[1]);
      });
  return reduction == "add"   ? ScalarBody(add)
         : reduction == "mul" ? ScalarBody(mul)
         : reduction == "max" ? ScalarBody(max)
         : reduction == "min" ? ScalarBody(min)
                              : ScalarBody();
}

/// `rows` with row u of `updates` at positions[u]. Without a combination the last one stays.
static Value writeRows(Raiser &raiser, Value rows, Value updates, ArrayRef<int64_t> positions,
                         ScalarBody combine, unsigned &rounds) {
  int64_t count = typeOf(rows).getDimSize(0);
  // Round r holds the r-th update of every position.
  SmallVector<SmallVector<int64_t>> from;
  SmallVector<unsigned> seen(count, 0);
  for (auto [u, position] : llvm::enumerate(positions)) {
    unsigned round = combine ? seen[position]++ : 0;
    if (round == from.size()) {
      from.emplace_back(count);
      for (int64_t i = 0; i < count; ++i)
        from.back()[i] = i;
    }
    from[round][position] = count + int64_t(u);
  }
  rounds = from.size();
  if (rounds > kMaxRounds)
    return {};
  for (ArrayRef<int64_t> round : from) {
    if (!combine) {
      rows = gatherPositions(raiser, raiser.concat(0, {rows, updates}), 0, round);
      continue;
    }
    // Only the rows that are written combine; the others stay as they are, bit for bit.
    SmallVector<int64_t> written, source, back(round);
    for (auto [position, at] : llvm::enumerate(round))
      if (at >= count) {
        back[position] = count + int64_t(written.size());
        written.push_back(position);
        source.push_back(at - count);
      }
    Value old = gatherPositions(raiser, rows, 0, written);
    Value fresh = gatherPositions(raiser, updates, 0, source);
    Value combined = raiser.map(typeOf(old), {old, fresh}, combine);
    rows = gatherPositions(raiser, raiser.concat(0, {rows, combined}), 0, back);
  }
  return rows;
}

static LogicalResult raiseScatter(Raiser &raiser, NodeOp node, ArrayRef<int64_t> positions,
                                  int64_t space, int64_t rest) {
  RankedTensorType type = typeOf(node.getInput(0));
  std::string reduction = node.getString("reduction", "none").str();
  ScalarBody combine = combinationOf(reduction);
  if (reduction != "none" && !combine)
    return raiser.unsupported(node, "with reduction '" + reduction + "'");
  if (positions.empty() || type.getNumElements() == 0)
    return raiser.replace(node, node.getInput(0));
  Value rows = raiser.reshape(node.getInput(0), {space, rest});
  Value updates = raiser.reshape(node.getInput(2), {int64_t(positions.size()), rest});
  unsigned rounds = 0;
  Value written = writeRows(raiser, rows, updates, positions, combine, rounds);
  if (!written)
    return raiser.unsupported(node, "with " + Twine(rounds) + " updates of one position");
  return raiser.replace(node, raiser.reshape(written, type.getShape()));
}

/// data with slices replaced: result[indices[i..., :], rest...] = updates[i..., rest...]
static LogicalResult raiseScatterND(Raiser &raiser, NodeOp node) {
  RankedTensorType type = typeOf(node.getInput(0));
  int64_t depth = typeOf(node.getInput(1)).getShape().back();
  auto known = raiser.constants.getIntegers(node.getInput(1));
  if (!known)
    return raiser.unsupported(node, "at positions computed at run time");
  if (depth == 0)
    return raiser.unsupported(node, "with indices of no axis");
  ArrayRef<int64_t> sizes = type.getShape().take_front(depth);
  auto positions = toPositions(*known, sizes);
  if (!positions)
    return raiser.unsupported(node, "at a position beyond its axis");
  return raiseScatter(raiser, node, *positions, productOf(sizes),
                      productOf(type.getShape().drop_front(depth)));
}

/// result[…, indices[i...], …] = updates[i...], the index standing for i at `axis`.
static LogicalResult raiseScatterElements(Raiser &raiser, NodeOp node) {
  RankedTensorType type = typeOf(node.getInput(0)), picked = typeOf(node.getInput(1));
  int64_t axis = node.getInt("axis", 0), rank = type.getRank();
  axis = axis < 0 ? axis + rank : axis;
  auto known = raiser.constants.getIntegers(node.getInput(1));
  if (!known)
    return raiser.unsupported(node, "at positions computed at run time");
  SmallVector<int64_t> all;
  SmallVector<int64_t> place(rank, 0);
  for (int64_t index : *known) {
    for (int64_t i = 0; i < rank; ++i)
      all.push_back(i == axis ? index : place[i]);
    for (int64_t i = rank - 1; i >= 0 && ++place[i] == picked.getDimSize(i); --i)
      place[i] = 0;
  }
  auto positions = toPositions(all, type.getShape());
  if (!positions)
    return raiser.unsupported(node, "at a position beyond its axis");
  return raiseScatter(raiser, node, *positions, type.getNumElements(), 1);
}

ArrayRef<OperatorRow> zorro::raise::scatterRows() {
  static const OperatorRow rows[] = {
      {"GatherND", "", 11, kNewest, raiseGatherND, "slices; at run-time positions a loop"},
      {"ScatterElements", "", 11, kNewest, raiseScatterElements,
       "slices of data and updates, at known positions"},
      {"ScatterND", "", 11, kNewest, raiseScatterND,
       "slices of data and updates, at known positions"},
  };
  return rows;
}

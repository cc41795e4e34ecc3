//===- Moves.cpp - Operators that only move elements -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reshapes by the shape of the result, which is known; slices and concatenations as they are.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/OperatorTable.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static ArrayRef<int64_t> resultShape(NodeOp node, unsigned i = 0) {
  return cast<RankedTensorType>(node->getResult(i).getType()).getShape();
}

/// Reshape, Flatten, Squeeze, Unsqueeze: what they do stands in the result's shape.
static LogicalResult raiseReshape(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.reshape(node.getInput(0), resultShape(node)));
}

static LogicalResult raiseTranspose(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.transpose(node.getInput(0), permutationOf(node)));
}

static LogicalResult raiseConcat(Raiser &raiser, NodeOp node) {
  int64_t axis = node.getInt("axis", 0), rank = resultShape(node).size();
  axis = axis < 0 ? axis + rank : axis;
  SmallVector<Value> parts; // empty ones add nothing
  for (Value part : node.getInputs())
    if (typeOf(part).getDimSize(axis) != 0)
      parts.push_back(part);
  if (parts.empty())
    parts.push_back(node.getInput(0));
  return raiser.replace(node, raiser.concat(axis, parts));
}

static LogicalResult raiseSplit(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  int64_t rank = typeOf(x).getRank(), axis = node.getInt("axis", 0);
  axis = axis < 0 ? axis + rank : axis;
  SmallVector<int64_t> offsets(rank, 0), ones(rank, 1);
  for (unsigned i = 0; i < node->getNumResults(); ++i) {
    ArrayRef<int64_t> sizes = resultShape(node, i);
    if (!node->getResult(i).use_empty())
      node->getResult(i).replaceAllUsesWith(raiser.slice(x, offsets, sizes, ones));
    offsets[axis] += sizes[axis];
  }
  return success();
}

static LogicalResult raiseExpand(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.broadcast(node.getInput(0), resultShape(node)));
}

/// Each axis as [repeats, size], of which only the second is in the source.
static LogicalResult raiseTile(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  SmallVector<int64_t> narrow, wide;
  for (auto [size, full] : llvm::zip(typeOf(x).getShape(), resultShape(node))) {
    if (size == 0)
      return raiser.unsupported(node, "of an empty tensor");
    narrow.append({1, size});
    wide.append({full / size, size});
  }
  Value y = raiser.broadcast(raiser.reshape(x, narrow), wide);
  return raiser.replace(node, raiser.reshape(y, resultShape(node)));
}

static LogicalResult raisePad(Raiser &raiser, NodeOp node) {
  if (StringRef mode = node.getString("mode", "constant"); mode != "constant")
    return raiser.unsupported(node, "with mode='" + mode + "'");
  Value x = node.getInput(0);
  int64_t rank = typeOf(x).getRank();
  std::optional<SmallVector<int64_t>> pads;
  if (auto given = node.getInts("pads"))
    pads.emplace(*given);
  else if (node.getInput(1))
    pads = raiser.constants.getIntegers(node.getInput(1));
  if (!pads)
    return raiser.unsupported(node, "with pads computed at run time");
  SmallVector<int64_t> axes = identityPermutation(rank);
  if (Value input = node.getInput(3)) {
    auto given = raiser.constants.getIntegers(input);
    if (!given)
      return raiser.unsupported(node, "with axes computed at run time");
    axes = *given;
  }
  double fill = node.getFloat("value", 0);
  if (Value input = node.getInput(2)) {
    auto given = raiser.constants.getSplat(input);
    if (!given)
      return raiser.unsupported(node, "with a value computed at run time");
    fill = *given;
  }
  SmallVector<int64_t> offsets(rank, 0), sizes(typeOf(x).getShape()), ones(rank, 1);
  SmallVector<OpFoldResult> low(rank, raiser.builder.getIndexAttr(0)), high(low);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    axis = axis < 0 ? axis + rank : axis;
    int64_t before = (*pads)[i], after = (*pads)[i + axes.size()];
    low[axis] = raiser.builder.getIndexAttr(std::max<int64_t>(before, 0));
    high[axis] = raiser.builder.getIndexAttr(std::max<int64_t>(after, 0));
    offsets[axis] = std::max<int64_t>(-before, 0); // a negative pad cuts
    sizes[axis] -= offsets[axis] + std::max<int64_t>(-after, 0);
  }
  x = raiser.slice(x, offsets, sizes, ones);
  auto result = typeOf(node->getResult(0));
  if (x.getType() == result)
    return raiser.replace(node, x);
  Value scalar = scalarConstant(raiser.builder, raiser.loc, result.getElementType(), fill);
  return raiser.replace(node, tensor::PadOp::create(raiser.builder, raiser.loc, result, x, low,
                                                    high, scalar));
}

/// Blocks of depth to space and back.
static LogicalResult raiseDepthToSpace(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  ArrayRef<int64_t> s = typeOf(x).getShape();
  int64_t block = node.getInt("blocksize", 1), depth = s[1] / (block * block);
  bool columns = node.getString("mode", "DCR") == "CRD";
  if (columns) {
    x = raiser.reshape(x, {s[0], depth, block, block, s[2], s[3]});
    x = raiser.transpose(x, {0, 1, 4, 2, 5, 3});
  } else {
    x = raiser.reshape(x, {s[0], block, block, depth, s[2], s[3]});
    x = raiser.transpose(x, {0, 3, 4, 1, 5, 2});
  }
  return raiser.replace(node, raiser.reshape(x, resultShape(node)));
}

static LogicalResult raiseSpaceToDepth(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  ArrayRef<int64_t> s = typeOf(x).getShape();
  int64_t block = node.getInt("blocksize", 1);
  x = raiser.reshape(x, {s[0], s[1], s[2] / block, block, s[3] / block, block});
  x = raiser.transpose(x, {0, 3, 5, 1, 2, 4});
  return raiser.replace(node, raiser.reshape(x, resultShape(node)));
}

ArrayRef<OperatorRow> zorro::raise::moveRows() {
  static const OperatorRow rows[] = {
      {"Concat", "", 4, kNewest, raiseConcat, "tensor.concat; zorro.join of token streams"},
      {"DepthToSpace", "", 1, kNewest, raiseDepthToSpace, "reshapes and a transpose"},
      {"Expand", "", 8, kNewest, raiseExpand, "map"},
      {"Flatten", "", 1, kNewest, raiseReshape, "reshape"},
      {"Pad", "", 2, kNewest, raisePad, "tensor.pad; mode constant"},
      {"Reshape", "", 5, kNewest, raiseReshape, "reshape"},
      {"SpaceToDepth", "", 1, kNewest, raiseSpaceToDepth, "reshapes and a transpose"},
      {"Split", "", 2, kNewest, raiseSplit, "slices"},
      {"Squeeze", "", 1, kNewest, raiseReshape, "reshape"},
      {"Tile", "", 6, kNewest, raiseTile, "map and reshapes"},
      {"Transpose", "", 1, kNewest, raiseTranspose, "linalg.transpose"},
      {"Unsqueeze", "", 1, kNewest, raiseReshape, "reshape"},
  };
  return rows;
}

//===- MaskRowsDescribe.cpp - What moves and makes elements, described ------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Which axes the elements of a result differ along, and what is read as parameters (Info::a and b):
// found once for each value, before any of its rows is read.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTensor.h"
#include "passes/Raise/MaskRows.h"
#include "passes/Raise/NodeBuilder.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

/// Integers of an input (newer versions) or an attribute (older ones).
static std::optional<SmallVector<int64_t>> parameters(Constants &constants, NodeOp node,
                                                      StringRef attribute, unsigned input) {
  if (Value value = node.getInput(input))
    return constants.getIntegers(value);
  if (auto given = node.getInts(attribute))
    return SmallVector<int64_t>(*given);
  return SmallVector<int64_t>();
}

/// The non-unit sizes of a shape.
static SmallVector<int64_t> withoutUnits(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes;
  for (int64_t size : shape)
    if (size != 1)
      sizes.push_back(size);
  return sizes;
}

/// First element and step of each axis that a Slice takes.
static bool describeSlice(Constants &constants, NodeOp node, ArrayRef<int64_t> shape,
                          ArrayRef<int64_t> result, SmallVectorImpl<int64_t> &first,
                          SmallVectorImpl<int64_t> &step) {
  auto starts = parameters(constants, node, "starts", 1);
  auto axes = parameters(constants, node, "axes", 3),
       steps = parameters(constants, node, "steps", 4);
  if (!starts || !axes || !steps || (!axes->empty() && axes->size() != starts->size()) ||
      (!steps->empty() && steps->size() != starts->size()) || shape.size() != result.size())
    return false;
  first.assign(shape.size(), 0);
  step.assign(shape.size(), 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    auto axis = fold::normaliseAxis(axes->empty() ? int64_t(i) : (*axes)[i], shape.size());
    int64_t by = steps->empty() ? 1 : (*steps)[i], start = (*starts)[i];
    if (!axis || by == 0 || by == std::numeric_limits<int64_t>::min())
      return false;
    int64_t size = shape[*axis];
    start = start < 0 ? std::max(start, -size - 1) + size : start;
    first[*axis] = std::clamp<int64_t>(start, 0, std::max<int64_t>(by > 0 ? size : size - 1, 0));
    step[*axis] = result[*axis] > 1 ? by : 1;
  }
  // The schema has found how many there are; they must exist.
  for (auto [size, count, begin, by] : llvm::zip(shape, result, first, step))
    if (count > 0 && (begin >= size || begin + (count - 1) * by < 0 ||
                      begin + (count - 1) * by >= size))
      return false;
  return true;
}

bool MaskRows::describeMove(NodeOp node, unsigned result, Info &info) {
  ArrayRef<int64_t> shape = info.type.getShape();
  int64_t rank = shape.size();
  Value source = node.getInput(0);
  const Info *from = source ? &infoOf(source) : nullptr;
  ArrayRef<int64_t> sourceShape = from ? from->type.getShape() : ArrayRef<int64_t>();
  int64_t sourceRank = sourceShape.size();
  auto copyAligned = [&](int64_t lead) {
    for (int64_t axis = 0; axis < rank; ++axis)
      info.varying[axis] = axis >= lead && sourceShape[axis - lead] != 1 &&
                           from->varying[axis - lead];
  };
  auto axisOf = [&](StringRef name, int64_t otherwise, int64_t of) {
    return fold::normaliseAxis(node.getInt(name, otherwise), of);
  };
  if (node.is("Range") || node.is("EyeLike") || node.is("ConstantOfShape")) {
    if (node.is("ConstantOfShape"))
      llvm::fill(info.varying, false);
    if (node.is("EyeLike"))
      return rank == 2;
    return !node.is("Range") || rank == 1;
  }
  if (!from)
    return false;
  if (node.is("Reshape") || node.is("Flatten") || node.is("Squeeze") || node.is("Unsqueeze") ||
      node.is("Identity")) {
    if (info.type.getNumElements() != from->type.getNumElements())
      return false;
    if (withoutUnits(shape) == withoutUnits(sourceShape)) {
      int64_t at = 0;
      for (int64_t axis = 0; axis < rank; ++axis) {
        if (shape[axis] == 1)
          continue;
        while (sourceShape[at] == 1)
          ++at;
        info.varying[axis] = from->varying[at++];
      }
    } else if (!llvm::is_contained(from->varying, true)) {
      llvm::fill(info.varying, false);
    }
    return true;
  }
  if (node.is("Expand")) {
    if (rank < sourceRank)
      return false;
    copyAligned(rank - sourceRank);
    return true;
  }
  if (node.is("Transpose")) {
    info.a = permutationOf(node);
    if (int64_t(info.a.size()) != rank)
      return false;
    for (int64_t axis = 0; axis < rank; ++axis)
      info.varying[axis] = from->varying[info.a[axis]];
    return true;
  }
  if (node.is("Slice")) {
    if (!describeSlice(constants, node, sourceShape, shape, info.a, info.b))
      return false;
    copyAligned(0);
    return true;
  }
  if (node.is("Tile") || node.is("Trilu") || node.is("CumSum")) {
    if (rank != sourceRank)
      return false;
    if (node.is("Tile")) {
      for (int64_t axis = 0; axis < rank; ++axis)
        info.varying[axis] = from->varying[axis];
      return true;
    }
    for (int64_t axis = 0; axis < rank; ++axis)
      info.varying[axis] = from->varying[axis];
    auto number = node.getInput(1) ? integersOf(node.getInput(1))
                                   : std::optional(SmallVector<int64_t>{0});
    if (!number || number->size() != 1 || rank < (node.is("Trilu") ? 2 : 1))
      return false;
    if (node.is("Trilu")) {
      info.varying[rank - 1] = info.varying[rank - 2] = true;
      int64_t far = shape[rank - 1] + shape[rank - 2];
      info.a = {std::clamp(number->front(), -far, far)};
      return true;
    }
    auto axis = fold::normaliseAxis(number->front(), rank);
    if (!axis)
      return false;
    info.a = {*axis};
    info.varying[*axis] = shape[*axis] != 1;
    return true;
  }
  if (node.is("Concat")) {
    auto axis = axisOf("axis", 0, rank);
    if (!axis || !node.getNodeAttr("axis"))
      return false;
    info.a = {*axis};
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = i == *axis;
    for (Value part : node.getInputs()) {
      const Info &of = infoOf(part);
      if (of.type.getRank() != rank || of.type.getElementType() != info.type.getElementType())
        return false;
      for (int64_t i = 0; i < rank; ++i)
        info.varying[i] = info.varying[i] || of.varying[i];
    }
    return true;
  }
  if (node.is("Split")) {
    auto axis = axisOf("axis", 0, rank);
    if (!axis || rank != sourceRank)
      return false;
    int64_t begin = 0;
    for (unsigned i = 0; i < result; ++i) {
      RankedTensorType part = staticType(node->getResult(i));
      if (!part || part.getRank() != rank)
        return false;
      begin += part.getDimSize(*axis);
    }
    info.a = {*axis, begin};
    copyAligned(0);
    return begin + shape[*axis] <= sourceShape[*axis];
  }
  if (node.is("Pad")) {
    auto pads = parameters(constants, node, "pads", 1),
         axes = parameters(constants, node, "axes", 3);
    if (!pads || !axes || node.getString("mode", "constant") != "constant" ||
        (!node.getInput(1) && !node.getNodeAttr("pads")) || node.getNodeAttr("value"))
      return false;
    if (!node.getInput(3) && axes->empty())
      axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    if (pads->size() != axes->size() * 2 || rank != sourceRank)
      return false;
    info.a.assign(rank, 0);
    for (auto [i, given] : llvm::enumerate(*axes)) {
      auto axis = fold::normaliseAxis(given, rank);
      if (!axis || (*pads)[i] < 0 || (*pads)[i + axes->size()] < 0)
        return false;
      info.a[*axis] = (*pads)[i];
    }
    // What is added may differ from what is there.
    for (int64_t axis = 0; axis < rank; ++axis)
      info.varying[axis] = from->varying[axis] || shape[axis] != sourceShape[axis];
    return true;
  }
  if (node.is("Gather")) {
    auto axis = axisOf("axis", 0, sourceRank);
    if (!axis || !node.getInput(1))
      return false;
    const Info &indices = infoOf(node.getInput(1));
    int64_t inner = indices.type.getRank();
    if (rank != sourceRank - 1 + inner)
      return false;
    info.a = {*axis};
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = i < *axis              ? bool(from->varying[i])
                        : i < *axis + inner    ? indices.varying[i - *axis] && from->varying[*axis]
                                               : bool(from->varying[i - inner + 1]);
    return true;
  }
  if (node.is("GatherElements")) {
    auto axis = axisOf("axis", 0, rank);
    if (!axis || rank != sourceRank || !node.getInput(1))
      return false;
    info.a = {*axis};
    const Info &indices = infoOf(node.getInput(1));
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = indices.varying[i] || (i != *axis && from->varying[i]);
    return true;
  }
  if (node.is("GatherND")) {
    const Info *indices = node.getInput(1) ? &infoOf(node.getInput(1)) : nullptr;
    int64_t batch = node.getInt("batch_dims", 0);
    if (!indices || indices->type.getRank() < 1 || batch < 0 ||
        batch >= indices->type.getRank())
      return false;
    int64_t lead = indices->type.getRank() - 1, depth = indices->type.getShape().back();
    if (depth < 1 || batch + depth > sourceRank || rank != lead + sourceRank - batch - depth)
      return false;
    info.a = {batch};
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = i < lead ? indices->varying[i] || (i < batch && from->varying[i])
                                 : bool(from->varying[i - lead + batch + depth]);
    return true;
  }
  if (node.is("OneHot")) {
    auto axis = axisOf("axis", -1, rank);
    if (!axis || node.getInputs().size() != 3 || rank != sourceRank + 1)
      return false;
    info.a = {*axis};
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = i == *axis || from->varying[i < *axis ? i : i - 1];
    return true;
  }
  if (node.is("MatMul")) {
    const Info *other = node.getInput(1) ? &infoOf(node.getInput(1)) : nullptr;
    int64_t second = other ? other->type.getRank() : 0;
    if (second < 2 || rank < 2 || sourceRank != rank || (second != 2 && second != rank) ||
        other->type.getElementType() != info.type.getElementType())
      return false;
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = (i < rank - 1 && from->varying[i]) ||
                        (i != rank - 2 && i >= rank - second && other->varying[i - rank + second]);
    // Batches that are repeated are read elsewhere.
    for (int64_t i = 0; i < rank - 2; ++i)
      if (sourceShape[i] != shape[i] || (second == rank && other->type.getDimSize(i) != shape[i]))
        return false;
    return true;
  }
  if (node.is("ScatterND") || node.is("ScatterElements")) {
    if (node.getInputs().size() != 3 || node.getString("reduction", "none") != "none" ||
        rank != sourceRank || rank == 0)
      return false;
    auto axis = axisOf("axis", 0, rank);
    info.a = {axis.value_or(0)};
    return axis && staticType(node.getInput(2)).getElementType() == info.type.getElementType();
  }
  return false;
}

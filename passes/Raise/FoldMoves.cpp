//===- FoldMoves.cpp - Operators that move elements, on constants -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The bytes of an element are copied as they are, whatever its type.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTable.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <cstring>

using namespace mlir;
using namespace zorro;
using namespace zorro::fold;

namespace {

// The same elements under the shape that the schema has found: Reshape, Squeeze, Identity, …
bool evaluateReshape(const FoldCall &call, Results &results) {
  RankedTensorType type = call.resultType();
  if (!call.has(0) || !type || type.getNumElements() != call.in(0).count())
    return false;
  results.push_back(call.in(0));
  results.back().shape.assign(type.getShape().begin(), type.getShape().end());
  return true;
}

bool evaluateTranspose(const FoldCall &call, Results &results) {
  if (!call.has(0))
    return false;
  const HostTensor &source = call.in(0);
  llvm::SmallVector<int64_t> perm, strides = stridesOf(source.shape), shape, moved;
  onnx::NodeOp op = call.op;
  if (auto given = op.getInts("perm"))
    perm.assign(given->begin(), given->end());
  else
    for (int64_t axis = int64_t(source.shape.size()); axis-- > 0;)
      perm.push_back(axis);
  if (perm.size() != source.shape.size() || !isPermutationVector(perm))
    return false;
  for (int64_t axis : perm) {
    shape.push_back(source.shape[axis]);
    moved.push_back(strides[axis]);
  }
  results.push_back(stridedCopy(source, 0, shape, moved));
  return true;
}

bool evaluateExpand(const FoldCall &call, Results &results) {
  auto wanted = call.has(1) ? integersOf(call.in(1)) : std::nullopt;
  RankedTensorType type = call.resultType();
  if (!call.has(0) || !wanted || !type)
    return false;
  auto shape = broadcastShapes(call.in(0).shape, *wanted);
  if (!shape || llvm::ArrayRef(*shape) != type.getShape())
    return false;
  results.push_back(broadcastTo(call.in(0), *shape));
  return true;
}

bool evaluateTile(const FoldCall &call, Results &results) {
  auto repeats = call.has(1) ? integersOf(call.in(1)) : std::nullopt;
  if (!call.has(0) || !repeats || repeats->size() != call.in(0).shape.size())
    return false;
  const HostTensor &source = call.in(0);
  llvm::SmallVector<int64_t> own = stridesOf(source.shape), pairs, strides, shape;
  for (auto [size, count, stride] : llvm::zip(source.shape, *repeats, own)) {
    if (count < 0)
      return false;
    pairs.append({count, size});
    strides.append({0, stride});
    shape.push_back(count * size);
  }
  RankedTensorType type = call.resultType();
  if (!type || type.getShape() != llvm::ArrayRef(shape))
    return false;
  results.push_back(stridedCopy(source, 0, pairs, strides));
  results.back().shape = shape;
  return true;
}

bool evaluateSlice(const FoldCall &call, Results &results) {
  auto starts = call.integers("starts", 1), ends = call.integers("ends", 2);
  auto axes = call.integers("axes", 3), steps = call.integers("steps", 4);
  if (!call.has(0) || !starts || !ends || starts->size() != ends->size() ||
      (axes && axes->size() != starts->size()) || (steps && steps->size() != starts->size()))
    return false;
  const HostTensor &source = call.in(0);
  llvm::SmallVector<int64_t> shape = source.shape, strides = stridesOf(source.shape);
  int64_t base = 0, rank = int64_t(shape.size());
  llvm::SmallVector<bool> seen(rank, false);
  for (size_t i = 0; i < starts->size(); ++i) {
    auto axis = normaliseAxis(axes ? (*axes)[i] : int64_t(i), rank);
    int64_t step = steps ? (*steps)[i] : 1;
    if (!axis || step == 0 || step == std::numeric_limits<int64_t>::min() || seen[*axis])
      return false;
    seen[*axis] = true;
    int64_t size = source.shape[*axis];
    // The end may also lie before the first element when going down.
    auto clamp = [&](int64_t at, int64_t low) {
      return std::clamp(at < 0 ? std::max(at, -size - 1) + size : at, low,
                        std::max(low, step > 0 ? size : size - 1));
    };
    int64_t start = clamp((*starts)[i], 0), end = clamp((*ends)[i], step > 0 ? 0 : -1);
    int64_t span = size == 0 ? 0 : step > 0 ? end - start : start - end;
    shape[*axis] = span > 0 ? (span - 1) / std::abs(step) + 1 : 0;
    if (shape[*axis] > 0)
      base += start * strides[*axis];
    // With one element left the stride is not used, and may be as large as it likes.
    strides[*axis] = shape[*axis] > 1 ? strides[*axis] * step : 0;
  }
  RankedTensorType type = call.resultType();
  if (!type || type.getShape() != llvm::ArrayRef(shape))
    return false;
  if (countOf(shape) == 0)
    base = 0;
  results.push_back(stridedCopy(source, base, shape, strides));
  return true;
}

bool evaluateConcat(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  if (!call.has(0))
    return false;
  llvm::SmallVector<int64_t> shape = call.in(0).shape;
  auto axis = normaliseAxis(op.getInt("axis", 1), int64_t(shape.size()));
  if (!axis)
    return false;
  shape[*axis] = 0;
  for (unsigned i = 0; i < call.inputs.size(); ++i) {
    if (!call.has(i) || call.in(i).element != call.in(0).element ||
        call.in(i).shape.size() != shape.size())
      return false;
    for (size_t a = 0; a < shape.size(); ++a)
      if (a != size_t(*axis) && call.in(i).shape[a] != shape[a])
        return false;
    shape[*axis] += call.in(i).shape[*axis];
  }
  HostTensor result(call.in(0).element, shape);
  int64_t outer = countOf(llvm::ArrayRef(shape).take_front(*axis));
  int64_t inner = countOf(llvm::ArrayRef(shape).drop_front(*axis + 1)) * result.elementBytes();
  char *to = result.bytes.data();
  for (int64_t row = 0; row < outer; ++row)
    for (const HostTensor *part : call.inputs) {
      int64_t run = part->shape[*axis] * inner;
      std::memcpy(to, part->bytes.data() + row * run, run);
      to += run;
    }
  results.push_back(std::move(result));
  return true;
}

bool evaluateSplit(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  if (!call.has(0))
    return false;
  const HostTensor &source = call.in(0);
  auto axis = normaliseAxis(op.getInt("axis", 0), int64_t(source.shape.size()));
  if (!axis)
    return false;
  // The schema has found how long each part is.
  llvm::SmallVector<int64_t> strides = stridesOf(source.shape);
  int64_t begin = 0;
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    RankedTensorType type = call.resultType(i);
    if (!type || type.getRank() != int64_t(source.shape.size()))
      return false;
    llvm::SmallVector<int64_t> shape = source.shape;
    shape[*axis] = type.getDimSize(*axis);
    if (type.getShape() != llvm::ArrayRef(shape) || shape[*axis] > source.shape[*axis] - begin)
      return false;
    results.push_back(
        stridedCopy(source, countOf(shape) ? begin * strides[*axis] : 0, shape, strides));
    begin += shape[*axis];
  }
  return begin == source.shape[*axis];
}

bool evaluatePad(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  auto pads = call.integers("pads", 1), axes = call.integers("axes", 3);
  if (!call.has(0) || !pads || op.getString("mode", "constant") != "constant")
    return false;
  const HostTensor &source = call.in(0);
  int64_t rank = int64_t(source.shape.size());
  if (!axes)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (pads->size() != axes->size() * 2)
    return false;
  llvm::SmallVector<int64_t> before(rank, 0), shape = source.shape;
  for (auto [i, given] : llvm::enumerate(*axes)) {
    auto axis = normaliseAxis(given, rank);
    int64_t low = (*pads)[i], high = (*pads)[i + axes->size()];
    // Negative padding cuts off; it is rare enough to be left to run time.
    if (!axis || low < 0 || high < 0)
      return false;
    before[*axis] = low;
    shape[*axis] += low + high;
  }
  RankedTensorType type = call.resultType();
  if (!type || type.getShape() != llvm::ArrayRef(shape))
    return false;
  HostTensor result(source.element, shape);
  if (call.has(2)) {
    if (call.in(2).element != source.element || call.in(2).count() != 1)
      return false;
    for (int64_t i = 0, e = result.count(); i < e; ++i)
      std::memcpy(result.at(i), call.in(2).at(0), result.elementBytes());
  } else if (op.getNodeAttr("value")) {
    return false; // before version 11
  }
  llvm::SmallVector<int64_t> strides = stridesOf(shape), index(rank, 0);
  for (int64_t i = 0, e = source.count(); i < e; ++i) {
    int64_t to = 0;
    for (int64_t axis = 0; axis < rank; ++axis)
      to += (index[axis] + before[axis]) * strides[axis];
    std::memcpy(result.at(to), source.at(i), result.elementBytes());
    for (int64_t axis = rank; axis-- > 0;) {
      if (++index[axis] < source.shape[axis])
        break;
      index[axis] = 0;
    }
  }
  results.push_back(std::move(result));
  return true;
}

bool evaluateTrilu(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  int64_t diagonal = 0;
  if (call.has(1)) {
    auto k = integersOf(call.in(1));
    if (!k || k->size() != 1)
      return false;
    diagonal = k->front();
  }
  if (!call.has(0) || call.in(0).shape.size() < 2)
    return false;
  HostTensor result = call.in(0);
  bool upper = op.getInt("upper", 1) != 0;
  int64_t rows = result.shape[result.shape.size() - 2], columns = result.shape.back();
  // Beyond the matrix every diagonal is the same, and nothing can overflow.
  diagonal = std::clamp(diagonal, -rows - columns, rows + columns);
  for (int64_t i = 0, e = result.count(); i < e; ++i) {
    int64_t column = i % columns, row = i / columns % rows;
    if (upper ? column - row < diagonal : column - row > diagonal)
      std::memset(result.at(i), 0, result.elementBytes());
  }
  results.push_back(std::move(result));
  return true;
}

} // namespace

llvm::ArrayRef<FoldRow> fold::moveRows() {
  static const FoldRow rows[] = {
      {"Identity", evaluateReshape},  {"Reshape", evaluateReshape},
      {"Flatten", evaluateReshape},   {"Squeeze", evaluateReshape},
      {"Unsqueeze", evaluateReshape}, {"Transpose", evaluateTranspose},
      {"Expand", evaluateExpand},     {"Tile", evaluateTile},
      {"Slice", evaluateSlice},       {"Concat", evaluateConcat},
      {"Split", evaluateSplit},       {"Pad", evaluatePad},
      {"Trilu", evaluateTrilu},
  };
  return rows;
}

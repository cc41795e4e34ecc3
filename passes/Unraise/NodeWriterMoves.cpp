//===- NodeWriterMoves.cpp - Reshape, Transpose, Slice, Concat ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A slice moves before the moves that it follows: what is cut first is copied least.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/NodeWriter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;
using onnx::NodeOp;

/// The axis of `from` that a reshape to `to` leaves as axis `axis`; -1 where there is none.
static int64_t axisBefore(ArrayRef<int64_t> from, ArrayRef<int64_t> to, int64_t axis) {
  int64_t outer = productOf(to.take_front(axis)), seen = 1;
  for (auto [i, size] : llvm::enumerate(from)) {
    if (seen == outer && size == to[axis])
      return i;
    seen *= size;
  }
  return -1;
}

Value NodeWriter::reshape(Value x, ArrayRef<int64_t> shape) {
  if (NodeOp before = madeBy(x, "Reshape"))
    x = before.getInput(0);
  if (typeOf(x).getShape() == shape)
    return x;
  if (auto known = x.getDefiningOp<arith::ConstantOp>())
    if (auto numbers = dyn_cast<DenseElementsAttr>(known.getValue()))
      return constant(numbers.reshape(typeOf(x).clone(shape)));
  // Parts are reshaped one by one where the axis that they lie on stays.
  NodeOp joined = madeBy(x, "Concat");
  int64_t axis = joined ? joined.getInt("axis", 0) : -1, to = -1;
  for (int64_t i = 0; joined && x.hasOneUse() && i < int64_t(shape.size()) && to < 0; ++i)
    if (shape[i] != 1 && axisBefore(typeOf(x).getShape(), shape, i) == axis)
      to = i;
  if (to >= 0) {
    SmallVector<Value> parts;
    SmallVector<int64_t> sizes(shape);
    for (Value part : joined.getInputs()) {
      sizes[to] = typeOf(part).getDimSize(axis);
      parts.push_back(reshape(part, sizes));
    }
    return concat(to, parts);
  }
  SmallVector<NamedAttribute> attrs;
  if (llvm::is_contained(shape, 0)) // which else would mean "as before"
    attrs.push_back(attr("allowzero", 1));
  return node("Reshape", typeOf(x).clone(shape), {x, integers(shape)}, attrs);
}

Value NodeWriter::transpose(Value x, ArrayRef<int64_t> perm) {
  SmallVector<int64_t> order(perm);
  if (NodeOp before = madeBy(x, "Transpose")) {
    for (int64_t &axis : order)
      axis = (*before.getInts("perm"))[axis];
    x = before.getInput(0);
  }
  if (llvm::is_sorted(order))
    return x;
  if (NodeOp joined = madeBy(x, "Concat"); joined && x.hasOneUse()) {
    SmallVector<Value> parts;
    for (Value part : joined.getInputs())
      parts.push_back(transpose(part, order));
    return concat(llvm::find(order, joined.getInt("axis", 0)) - order.begin(), parts);
  }
  SmallVector<int64_t> shape, moved;
  for (int64_t axis : order) {
    shape.push_back(typeOf(x).getDimSize(axis));
    if (shape.back() != 1)
      moved.push_back(axis);
  }
  if (llvm::is_sorted(moved)) // only axes of one change places
    return reshape(x, shape);
  return node("Transpose", typeOf(x).clone(shape), x, attr("perm", order));
}

Value NodeWriter::slice(Value x, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                        ArrayRef<int64_t> strides) {
  RankedTensorType type = typeOf(x);
  SmallVector<int64_t> starts, ends, axes, steps;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (sizes[axis] == type.getDimSize(axis))
      continue;
    starts.push_back(offsets[axis]);
    ends.push_back(sizes[axis] ? offsets[axis] + (sizes[axis] - 1) * strides[axis] + 1
                               : offsets[axis]);
    axes.push_back(axis);
    steps.push_back(strides[axis]);
  }
  if (axes.empty())
    return x;
  SmallVector<Value> inputs = {x, integers(starts), integers(ends), integers(axes)};
  if (llvm::any_of(steps, [](int64_t step) { return step != 1; }))
    inputs.push_back(integers(steps));
  return node("Slice", type.clone(sizes), inputs);
}

/// Where a Slice with steps of one begins on each axis; nothing for another node.
static std::optional<SmallVector<int64_t>> offsetsOf(NodeOp node) {
  if (!node || node.getInputCount() != 4)
    return std::nullopt;
  auto starts = integersOf(node.getInput(1)), axes = integersOf(node.getInput(3));
  if (!starts || !axes)
    return std::nullopt;
  SmallVector<int64_t> offsets(typeOf(node.getInput(0)).getRank(), 0);
  for (auto [start, axis] : llvm::zip(*starts, *axes))
    offsets[axis] = start;
  return offsets;
}

Value NodeWriter::sliceAxis(Value x, int64_t axis, int64_t begin, int64_t size) {
  ArrayRef<int64_t> shape = typeOf(x).getShape();
  if (size == shape[axis])
    return x;
  SmallVector<int64_t> sizes(shape), offsets(shape.size(), 0), ones(shape.size(), 1);
  sizes[axis] = size;
  offsets[axis] = begin;
  if (NodeOp before = madeBy(x, "Transpose")) {
    SmallVector<int64_t> perm(*before.getInts("perm"));
    return transpose(sliceAxis(before.getInput(0), perm[axis], begin, size), perm);
  }
  if (NodeOp before = madeBy(x, "Reshape")) {
    Value source = before.getInput(0);
    int64_t from = axisBefore(typeOf(source).getShape(), shape, axis);
    if (from >= 0)
      return reshape(sliceAxis(source, from, begin, size), sizes);
  }
  NodeOp before = madeBy(x, "Slice");
  if (auto inner = offsetsOf(before)) {
    for (auto [offset, more] : llvm::zip(offsets, *inner))
      offset += more;
    return slice(before.getInput(0), offsets, sizes, ones);
  }
  if (NodeOp joined = madeBy(x, "Concat"); joined && joined.getInt("axis", 0) == axis) {
    SmallVector<Value> parts;
    int64_t at = 0, end = begin + size;
    for (Value part : joined.getInputs()) {
      int64_t length = typeOf(part).getDimSize(axis);
      int64_t low = std::max(begin, at), high = std::min(end, at + length);
      if (low < high)
        parts.push_back(sliceAxis(part, axis, low - at, high - low));
      at += length;
    }
    if (!parts.empty())
      return concat(axis, parts);
  }
  return slice(x, offsets, sizes, ones);
}

Value NodeWriter::concat(int64_t axis, ArrayRef<Value> parts) {
  if (parts.size() == 1)
    return parts.front();
  SmallVector<int64_t> shape(typeOf(parts.front()).getShape());
  shape[axis] = 0;
  for (Value part : parts)
    shape[axis] += typeOf(part).getDimSize(axis);
  return node("Concat", typeOf(parts.front()).clone(shape), parts, attr("axis", axis));
}

Value NodeWriter::expand(Value x, ArrayRef<int64_t> shape) {
  if (typeOf(x).getShape() == shape)
    return x;
  return node("Expand", typeOf(x).clone(shape), {x, integers(shape)});
}

Value NodeWriter::pad(Value x, ArrayRef<int64_t> before, ArrayRef<int64_t> after,
                      TypedAttr fill) {
  SmallVector<int64_t> pads(before), shape(typeOf(x).getShape());
  pads.append(after.begin(), after.end());
  for (auto [size, low, high] : llvm::zip(shape, before, after))
    size += low + high;
  if (typeOf(x).getShape() == ArrayRef(shape))
    return x;
  return node("Pad", typeOf(x).clone(shape), {x, integers(pads), scalar(fill)});
}

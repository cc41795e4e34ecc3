//===- RaiserMoves.cpp - Reshape, transpose, slice, concatenate ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A move of a weight is a step of its recipe; one of a constant is carried out; of two reshapes or
// two transposes in a row one is left.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTensor.h"
#include "passes/Raise/Raiser.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

static DenseElementsAttr constantOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  return constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
}

/// Groups of neighbouring axes of both shapes that hold the same number of elements, as fine as
/// they go.
static void groupAxes(ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                      SmallVectorImpl<ReassociationIndices> &fromGroups,
                      SmallVectorImpl<ReassociationIndices> &toGroups) {
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices &left = fromGroups.emplace_back(), &right = toGroups.emplace_back();
    int64_t leftSize = from[i], rightSize = to[j];
    left.push_back(i++);
    right.push_back(j++);
    while (leftSize != rightSize) {
      bool growLeft = leftSize < rightSize;
      if (growLeft ? i == from.size() : j == to.size()) { // an axis of zero: all in one group
        fromGroups.assign(1, llvm::to_vector<2>(llvm::seq<int64_t>(0, from.size())));
        toGroups.assign(1, llvm::to_vector<2>(llvm::seq<int64_t>(0, to.size())));
        return;
      }
      if (growLeft) {
        leftSize *= from[i];
        left.push_back(i++);
      } else {
        rightSize *= to[j];
        right.push_back(j++);
      }
    }
  }
  for (; i < from.size(); ++i) // ones
    fromGroups.back().push_back(i);
  for (; j < to.size(); ++j)
    toGroups.back().push_back(j);
}

Value Raiser::reshape(Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  auto result = type.clone(shape);
  if (DenseElementsAttr attr = constantOf(value))
    return constant(attr.reshape(result));
  if (auto ref = value.getDefiningOp<WeightRefOp>())
    return derive(ref, ReshapeStepAttr::get(builder.getContext(), shape), result);
  while (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(value.getDefiningOp())) {
    value = value.getDefiningOp()->getOperand(0);
    type = cast<RankedTensorType>(value.getType());
    if (type == result)
      return value;
  }
  SmallVector<ReassociationIndices> from, to;
  if (type.getRank() != 0 && !shape.empty())
    groupAxes(type.getShape(), shape, from, to);
  SmallVector<int64_t> middle;
  if (type.getRank() != 0)
    for (const ReassociationIndices &group : from) {
      int64_t size = 1;
      for (int64_t axis : group)
        size *= type.getDimSize(axis);
      middle.push_back(size);
    }
  if (int64_t(middle.size()) != type.getRank())
    value = tensor::CollapseShapeOp::create(builder, loc, type.clone(middle), value, from);
  if (middle.size() != shape.size())
    value = tensor::ExpandShapeOp::create(builder, loc, result, value, to);
  return value;
}

Value Raiser::transpose(Value value, ArrayRef<int64_t> perm) {
  SmallVector<int64_t> order(perm);
  if (auto inner = value.getDefiningOp<linalg::TransposeOp>()) {
    for (int64_t &axis : order)
      axis = inner.getPermutation()[axis];
    value = inner.getInput();
  }
  auto type = cast<RankedTensorType>(value.getType());
  if (order == identityPermutation(type.getRank()))
    return value;
  SmallVector<int64_t> shape, moved;
  for (int64_t axis : order) {
    shape.push_back(type.getDimSize(axis));
    if (type.getDimSize(axis) != 1)
      moved.push_back(axis);
  }
  if (llvm::is_sorted(moved)) // only axes of one change places
    return reshape(value, shape);
  auto result = type.clone(shape);
  if (DenseElementsAttr attr = constantOf(value)) {
    fold::HostTensor source(attr);
    SmallVector<int64_t> strides, from = fold::stridesOf(source.shape);
    for (int64_t axis : order)
      strides.push_back(from[axis]);
    return constant(fold::stridedCopy(source, 0, shape, strides).toAttr());
  }
  if (auto ref = value.getDefiningOp<WeightRefOp>())
    return derive(ref, TransposeStepAttr::get(builder.getContext(), order), result);
  Value empty = tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
  return linalg::TransposeOp::create(builder, loc, value, empty, order)->getResult(0);
}

Value Raiser::slice(Value value, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                    ArrayRef<int64_t> strides) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == sizes) // offsets can only be 0, and a stride of one element says nothing
    return value;
  auto result = type.clone(sizes);
  if (DenseElementsAttr attr = constantOf(value)) {
    fold::HostTensor source(attr);
    SmallVector<int64_t> steps = fold::stridesOf(source.shape);
    int64_t base = 0;
    for (auto [step, offset, stride] : llvm::zip(steps, offsets, strides)) {
      base += step * offset;
      step *= stride;
    }
    return constant(fold::stridedCopy(source, base, sizes, steps).toAttr());
  }
  bool dense = llvm::all_of(llvm::zip(sizes, strides), [](auto axis) {
    return std::get<0>(axis) <= 1 || std::get<1>(axis) == 1;
  });
  if (auto ref = value.getDefiningOp<WeightRefOp>(); ref && dense)
    return derive(ref, SliceStepAttr::get(builder.getContext(), offsets, sizes), result);
  auto attrs = [&](ArrayRef<int64_t> numbers) {
    return llvm::map_to_vector(numbers,
                               [&](int64_t n) -> OpFoldResult { return builder.getIndexAttr(n); });
  };
  return tensor::ExtractSliceOp::create(builder, loc, result, value, attrs(offsets), attrs(sizes),
                                        attrs(strides));
}

Value Raiser::concat(int64_t axis, ValueRange parts) {
  if (parts.size() == 1)
    return parts.front();
  return tensor::ConcatOp::create(builder, loc, axis, parts);
}

Value Raiser::broadcast(Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  if (productOf(type.getShape()) == productOf(shape)) // only axes of one are added
    return reshape(value, shape);
  return map(type.clone(shape), value,
             [](OpBuilder &, Location, ValueRange args) { return args.front(); });
}

//===- Moves.cpp - Operations that only move elements -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reshape, Transpose, Slice, Concat, Pad: each has one counterpart.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/Families.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;

static Value writeSlice(NodeWriter &writer, tensor::ExtractSliceOp op) {
  ArrayRef<int64_t> offsets = op.getStaticOffsets(), sizes = op.getStaticSizes(),
                    strides = op.getStaticStrides();
  if (!op.getOffsets().empty() || !op.getSizes().empty() || !op.getStrides().empty())
    return refuse(op, "with bounds computed at run time");
  Value cut = writer.slice(op.getSource(), offsets, sizes, strides);
  return writer.reshape(cut, typeOf(op.getResult()).getShape());
}

static Value writePad(NodeWriter &writer, tensor::PadOp op) {
  Value fill = op.getConstantPaddingValue();
  TypedAttr number;
  if (!fill || !matchPattern(fill, m_Constant(&number)))
    return refuse(op, "with a value computed at run time");
  if (!op.getLow().empty() || !op.getHigh().empty())
    return refuse(op, "with margins computed at run time");
  return writer.pad(op.getSource(), op.getStaticLow(), op.getStaticHigh(), number);
}

/// A fill of a fresh tensor is one number repeated.
static Value writeFill(NodeWriter &writer, linalg::FillOp op) {
  TypedAttr number;
  if (!matchPattern(op.getInputs()[0], m_Constant(&number)))
    return refuse(op, "with a number computed at run time");
  return writer.expand(writer.scalar(number), typeOf(op.getResult(0)).getShape());
}

Value zorro::unraise::writeMove(NodeWriter &writer, Operation *op) {
  return TypeSwitch<Operation *, Value>(op)
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>([&](auto reshape) {
        return writer.reshape(reshape.getSrc(), typeOf(reshape.getResult()).getShape());
      })
      .Case<tensor::ReshapeOp>([&](auto reshape) {
        return writer.reshape(reshape.getSource(), typeOf(reshape.getResult()).getShape());
      })
      .Case<linalg::TransposeOp>([&](auto transpose) {
        return writer.transpose(transpose.getInput(), transpose.getPermutation());
      })
      .Case<tensor::ConcatOp>([&](auto concat) {
        return writer.concat(concat.getDim(), llvm::to_vector(concat.getInputs()));
      })
      .Case<JoinOp>([&](JoinOp join) {
        return writer.concat(join.getAxis(), llvm::to_vector(join.getParts()));
      })
      .Case<TakeOp>([&](TakeOp take) {
        int64_t axis = take.getAxis();
        return writer.sliceAxis(take.getSource(), axis, take.getBegin(),
                                typeOf(take.getResult()).getDimSize(axis));
      })
      .Case<tensor::ExtractSliceOp>([&](auto slice) { return writeSlice(writer, slice); })
      .Case<tensor::PadOp>([&](auto pad) { return writePad(writer, pad); })
      .Case<linalg::FillOp>([&](auto fill) { return writeFill(writer, fill); })
      .Default([](Operation *other) { return refuse(other); });
}

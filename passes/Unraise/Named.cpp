//===- Named.cpp - Contractions, normalisations, softmax, GELU ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Operators where the opset has them, and their formulas where it has not.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/Families.h"
#include "passes/Unraise/ScalarBody.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;

static Value writeContract(NodeWriter &writer, ContractOp op) {
  Value y = writer.matmul(op.getA(), op.getB());
  if (op.getEpilogue().empty())
    return writer.cast(y, typeOf(op.getResult()).getElementType());
  ScalarBody body(writer, typeOf(op.getResult()).getShape());
  Block &block = op.getEpilogue().front();
  body.bind(block.getArgument(0), writer.cast(y, block.getArgument(0).getType()));
  for (auto [argument, extra] : llvm::zip(block.getArguments().drop_front(), op.getExtras()))
    body.bind(argument, extra);
  Value result = body.get(block.getTerminator()->getOperand(0));
  return result ? writer.expand(result, typeOf(op.getResult()).getShape())
                : refuse(body.getFault() ? body.getFault() : op.getOperation());
}

/// The mean over the last axis, which stays as one.
static Value meanOfRows(NodeWriter &writer, Value x) {
  return writer.reduce("ReduceMean", x, {typeOf(x).getRank() - 1}, true);
}

/// x / sqrt(mean(x²) + eps)
static Value normalised(NodeWriter &writer, Value x, FloatAttr eps) {
  Type element = typeOf(x).getElementType();
  Value square = meanOfRows(writer, writer.binary("Mul", x, x));
  Value sum = writer.binary("Add", square, writer.scalar(element, eps.getValueAsDouble()));
  return writer.binary("Div", x, writer.unary("Sqrt", sum));
}

/// The scale that an operator wants where there is none.
static Value onesLike(NodeWriter &writer, Value x) {
  auto type = RankedTensorType::get({typeOf(x).getShape().back()}, typeOf(x).getElementType());
  return writer.constant(
      DenseElementsAttr::get(type, ArrayRef<Attribute>(FloatAttr::get(type.getElementType(), 1))));
}

static Value writeLayerNorm(NodeWriter &writer, LayerNormOp op) {
  Value x = op.getX();
  if (writer.has(17)) {
    SmallVector<Value> inputs = {x, op.getScale() ? op.getScale() : onesLike(writer, x)};
    if (op.getBias())
      inputs.push_back(op.getBias());
    return writer.node("LayerNormalization", typeOf(x), inputs,
                       {writer.attr("axis", -1), writer.attr("epsilon", op.getEpsAttr())});
  }
  Value y = normalised(writer, writer.binary("Sub", x, meanOfRows(writer, x)), op.getEpsAttr());
  if (op.getScale())
    y = writer.binary("Mul", y, op.getScale());
  return op.getBias() ? writer.binary("Add", y, op.getBias()) : y;
}

static Value writeRMSNorm(NodeWriter &writer, RMSNormOp op) {
  Value x = op.getX();
  if (writer.has(23))
    return writer.node("RMSNormalization", typeOf(x),
                       {x, op.getScale() ? op.getScale() : onesLike(writer, x)},
                       {writer.attr("axis", -1), writer.attr("epsilon", op.getEpsAttr())});
  Value y = normalised(writer, x, op.getEpsAttr());
  return op.getScale() ? writer.binary("Mul", y, op.getScale()) : y;
}

Value zorro::unraise::writeNamed(NodeWriter &writer, Operation *op) {
  return TypeSwitch<Operation *, Value>(op)
      .Case<ContractOp>([&](auto contract) { return writeContract(writer, contract); })
      .Case<LayerNormOp>([&](auto norm) { return writeLayerNorm(writer, norm); })
      .Case<RMSNormOp>([&](auto norm) { return writeRMSNorm(writer, norm); })
      .Case<SoftmaxOp>([&](auto softmax) {
        return writer.node("Softmax", typeOf(softmax.getX()), softmax.getX(),
                           writer.attr("axis", -1));
      })
      .Case<GeluOp>([&](auto gelu) {
        return writeGelu(writer, gelu.getX(), gelu.getKind() == GeluKind::Tanh);
      })
      .Default([](Operation *other) { return refuse(other); });
}

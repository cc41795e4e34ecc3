//===- NodeBuilder.cpp - Making and looking at onnx nodes ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Nodes made here are raised by the operator table like those of a file.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/NodeBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

Value NodeBuilder::make(Location loc, StringRef name, int64_t since, Type result,
                        ValueRange inputs, ArrayRef<NamedAttribute> attrs) {
  auto node = NodeOp::create(builder, loc, TypeRange{result}, inputs, builder.getStringAttr(name),
                             builder.getStringAttr(""), builder.getI64IntegerAttr(since),
                             builder.getDictionaryAttr(attrs), DenseBoolArrayAttr(), ArrayAttr(),
                             0u);
  return node->getResult(0);
}

Value NodeBuilder::transpose(Location loc, Value value, ArrayRef<int64_t> perm) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape;
  bool identity = true;
  for (auto [i, axis] : llvm::enumerate(perm)) {
    shape.push_back(type.getDimSize(axis));
    identity &= int64_t(i) == axis;
  }
  if (identity)
    return value;
  return make(loc, "Transpose", 13, type.clone(shape), value,
              builder.getNamedAttr("perm", builder.getDenseI64ArrayAttr(perm)));
}

Value NodeBuilder::reshape(Location loc, Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  return make(loc, "Reshape", 14, type.clone(shape), {value, integers(loc, shape)});
}

Value NodeBuilder::expand(Location loc, Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  return make(loc, "Expand", 13, type.clone(shape), {value, integers(loc, shape)});
}

Value NodeBuilder::concat(Location loc, int64_t axis, ValueRange parts) {
  auto type = cast<RankedTensorType>(parts.front().getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = 0;
  for (Value part : parts)
    shape[axis] += cast<RankedTensorType>(part.getType()).getDimSize(axis);
  return make(loc, "Concat", 13, type.clone(shape), parts,
              builder.getNamedAttr("axis", builder.getI64IntegerAttr(axis)));
}

/// What TensorProto.DataType calls `element`.
static int64_t codeOf(Type element) {
  if (isa<FloatType>(element))
    return element.isF32() ? 1 : element.isF16() ? 10 : element.isF64() ? 11 : 16;
  auto integer = cast<IntegerType>(element);
  switch (integer.getWidth()) {
  case 1:
    return 9;
  case 8:
    return integer.isUnsigned() ? 2 : 3;
  case 16:
    return integer.isUnsigned() ? 4 : 5;
  case 32:
    return integer.isUnsigned() ? 12 : 6;
  default:
    return integer.isUnsigned() ? 13 : 7;
  }
}

Value NodeBuilder::convert(Location loc, Value value, Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType() == element)
    return value;
  return make(loc, "Cast", 13, type.clone(element), value,
              builder.getNamedAttr("to", builder.getI64IntegerAttr(codeOf(element))));
}

Value NodeBuilder::scalar(Location loc, Type element, double number) {
  auto type = RankedTensorType::get({}, element);
  auto attr = DenseElementsAttr::get(type, FloatAttr::get(element, number).getValue());
  return arith::ConstantOp::create(builder, loc, attr);
}

Value NodeBuilder::integers(Location loc, ArrayRef<int64_t> numbers) {
  auto type = RankedTensorType::get({int64_t(numbers.size())}, builder.getI64Type());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, numbers));
}

RankedTensorType zorro::raise::staticType(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() ? type : RankedTensorType();
}

NodeOp zorro::raise::definedBy(Value value, StringRef name) {
  auto node = value ? value.getDefiningOp<NodeOp>() : NodeOp();
  return node && node.is(name) ? node : NodeOp();
}

SmallVector<int64_t> zorro::raise::permutationOf(NodeOp node) {
  if (auto perm = node.getInts("perm"))
    return SmallVector<int64_t>(*perm);
  SmallVector<int64_t> perm; // absent: the axes reversed
  auto type = dyn_cast<RankedTensorType>(node.getInput(0).getType());
  for (int64_t axis = type ? type.getRank() : 0; axis-- > 0;)
    perm.push_back(axis);
  return perm;
}

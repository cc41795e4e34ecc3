//===- NodeWriter.cpp - Making nodes of one opset ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Nodes that compute; those that move are in NodeWriterMoves.cpp.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/NodeWriter.h"

#include "dialects/Onnx/Import/ShapeInference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;
using onnx::NodeOp;

RankedTensorType zorro::unraise::typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

int64_t zorro::unraise::productOf(ArrayRef<int64_t> shape) {
  int64_t product = 1;
  for (int64_t size : shape)
    product *= size;
  return product;
}

NodeOp zorro::unraise::madeBy(Value value, StringRef name) {
  auto node = value.getDefiningOp<NodeOp>();
  return node && node.is(name) ? node : NodeOp();
}

std::optional<SmallVector<int64_t>> zorro::unraise::integersOf(Value value) {
  auto constant = value ? value.getDefiningOp<arith::ConstantOp>() : arith::ConstantOp();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  if (!dense || !dense.getElementType().isInteger(64))
    return std::nullopt;
  return SmallVector<int64_t>(dense.getValues<int64_t>());
}

SmallVector<int64_t> zorro::unraise::broadcastShape(ArrayRef<int64_t> x, ArrayRef<int64_t> y) {
  if (x.size() < y.size())
    std::swap(x, y);
  SmallVector<int64_t> shape(x);
  for (size_t i = 0, shift = x.size() - y.size(); i < y.size(); ++i)
    if (shape[i + shift] == 1)
      shape[i + shift] = y[i];
  return shape;
}

//===----------------------------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------------------------===//

Value NodeWriter::node(StringRef name, RankedTensorType result, ValueRange inputs,
                       ArrayRef<NamedAttribute> attrs) {
  int64_t since = onnx::findSinceVersion(name, "", opset);
  assert(since && "callers ask for operators that the opset has");
  auto made = NodeOp::create(builder, loc, TypeRange{result}, inputs, builder.getStringAttr(name),
                             builder.getStringAttr(""), builder.getI64IntegerAttr(since),
                             builder.getDictionaryAttr(attrs), DenseBoolArrayAttr(), ArrayAttr(),
                             0u);
  return made->getResult(0);
}

Value NodeWriter::unary(StringRef name, Value x) { return node(name, typeOf(x), x); }

Value NodeWriter::binary(StringRef name, Value x, Value y, Type element) {
  SmallVector<int64_t> shape = broadcastShape(typeOf(x).getShape(), typeOf(y).getShape());
  return node(name, RankedTensorType::get(shape, element ? element : typeOf(x).getElementType()),
              {x, y});
}

Value NodeWriter::select(Value condition, Value x, Value y) {
  SmallVector<int64_t> shape = broadcastShape(typeOf(x).getShape(), typeOf(y).getShape());
  shape = broadcastShape(shape, typeOf(condition).getShape());
  return node("Where", RankedTensorType::get(shape, typeOf(x).getElementType()),
              {condition, x, y});
}

Value NodeWriter::cast(Value x, Type element) {
  if (typeOf(x).getElementType() == element)
    return x;
  return node("Cast", typeOf(x).clone(element), x, attr("to", onnx::dataTypeOf(element)));
}

Value NodeWriter::matmul(Value a, Value b) {
  ArrayRef<int64_t> left = typeOf(a).getShape(), right = typeOf(b).getShape();
  SmallVector<int64_t> shape = broadcastShape(left.drop_back(2), right.drop_back(2));
  shape.append({left[left.size() - 2], right.back()});
  return node("MatMul", typeOf(a).clone(shape), {a, b});
}

Value NodeWriter::reduce(StringRef name, Value x, ArrayRef<int64_t> axes, bool keep) {
  SmallVector<int64_t> shape;
  for (auto [axis, size] : llvm::enumerate(typeOf(x).getShape()))
    if (!llvm::is_contained(axes, int64_t(axis)))
      shape.push_back(size);
    else if (keep)
      shape.push_back(1);
  // ReduceSum took its axes as an input five opsets before the others did.
  auto type = typeOf(x).clone(shape);
  if (has(name == "ReduceSum" ? 13 : 18))
    return node(name, type, {x, integers(axes)}, attr("keepdims", keep));
  return node(name, type, x, {attr("axes", axes), attr("keepdims", keep)});
}

//===----------------------------------------------------------------------------------------===//
// Constants and attributes
//===----------------------------------------------------------------------------------------===//

Value NodeWriter::constant(DenseElementsAttr attr) {
  return arith::ConstantOp::create(builder, loc, attr);
}

Value NodeWriter::scalar(TypedAttr number) {
  auto type = RankedTensorType::get({}, number.getType());
  return constant(DenseElementsAttr::get(type, ArrayRef<Attribute>(number)));
}

Value NodeWriter::scalar(Type element, double number) {
  if (isa<FloatType>(element))
    return scalar(FloatAttr::get(element, number));
  return scalar(IntegerAttr::get(element, int64_t(number)));
}

Value NodeWriter::integers(ArrayRef<int64_t> numbers) {
  auto type = RankedTensorType::get({int64_t(numbers.size())}, builder.getI64Type());
  return constant(DenseElementsAttr::get(type, numbers));
}

NamedAttribute NodeWriter::attr(StringRef name, int64_t value) {
  return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
}

NamedAttribute NodeWriter::attr(StringRef name, ArrayRef<int64_t> values) {
  return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
}

NamedAttribute NodeWriter::attr(StringRef name, FloatAttr value) {
  return builder.getNamedAttr(name, value);
}

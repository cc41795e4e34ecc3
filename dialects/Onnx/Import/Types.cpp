//===- Types.cpp - Types of ONNX and of MLIR ----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Unsigned integers stay unsigned (ui8), signed ones are signless (i8), bool is i1.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/Types.h"
#include "dialects/Onnx/Onnx.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

using ::onnx::TensorProto;

Type zorro::onnx::elementTypeOf(int32_t dataType, MLIRContext *context) {
  auto unsignedOf = [&](unsigned width) {
    return IntegerType::get(context, width, IntegerType::Unsigned);
  };
  switch (dataType) {
  case TensorProto::FLOAT:
    return Float32Type::get(context);
  case TensorProto::DOUBLE:
    return Float64Type::get(context);
  case TensorProto::FLOAT16:
    return Float16Type::get(context);
  case TensorProto::BFLOAT16:
    return BFloat16Type::get(context);
  case TensorProto::BOOL:
    return IntegerType::get(context, 1);
  case TensorProto::INT8:
    return IntegerType::get(context, 8);
  case TensorProto::INT16:
    return IntegerType::get(context, 16);
  case TensorProto::INT32:
    return IntegerType::get(context, 32);
  case TensorProto::INT64:
    return IntegerType::get(context, 64);
  case TensorProto::UINT8:
    return unsignedOf(8);
  case TensorProto::UINT16:
    return unsignedOf(16);
  case TensorProto::UINT32:
    return unsignedOf(32);
  case TensorProto::UINT64:
    return unsignedOf(64);
  case TensorProto::FLOAT8E4M3FN:
    return Float8E4M3FNType::get(context);
  case TensorProto::FLOAT8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case TensorProto::FLOAT8E5M2:
    return Float8E5M2Type::get(context);
  case TensorProto::FLOAT8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  default:
    return {};
  }
}

int32_t zorro::onnx::dataTypeOf(Type element) {
  for (int32_t dataType = 1; TensorProto::DataType_IsValid(dataType); ++dataType)
    if (elementTypeOf(dataType, element.getContext()) == element)
      return dataType;
  return 0;
}

std::string zorro::onnx::nameOfDataType(int32_t dataType) {
  return TensorProto::DataType_IsValid(dataType)
             ? TensorProto::DataType_Name(TensorProto::DataType(dataType))
             : "type " + std::to_string(dataType);
}

Type zorro::onnx::typeOf(const ::onnx::TypeProto &proto, const DimBindings &bindings,
                  MLIRContext *context) {
  Type unknown = UnknownType::get(context);
  if (!proto.has_tensor_type())
    return unknown;
  const auto &tensor = proto.tensor_type();
  Type element = elementTypeOf(tensor.elem_type(), context);
  if (!element)
    return unknown;
  if (!tensor.has_shape())
    return UnrankedTensorType::get(element);
  SmallVector<int64_t> shape;
  for (const auto &dim : tensor.shape().dim()) {
    auto bound = bindings.find(dim.dim_param());
    if (dim.has_dim_value())
      shape.push_back(dim.dim_value() < 0 ? ShapedType::kDynamic : dim.dim_value());
    else
      shape.push_back(dim.has_dim_param() && bound != bindings.end() ? bound->second
                                                                     : ShapedType::kDynamic);
  }
  return RankedTensorType::get(shape, element);
}

bool zorro::onnx::writeType(Type type, ::onnx::TypeProto &proto) {
  auto tensor = dyn_cast<TensorType>(type);
  int32_t dataType = tensor ? dataTypeOf(tensor.getElementType()) : 0;
  if (!dataType)
    return false;
  proto.mutable_tensor_type()->set_elem_type(dataType);
  if (!tensor.hasRank())
    return true;
  auto *shape = proto.mutable_tensor_type()->mutable_shape();
  for (int64_t size : tensor.getShape()) {
    auto *dim = shape->add_dim();
    if (!ShapedType::isDynamic(size))
      dim->set_dim_value(size);
  }
  return true;
}

Type zorro::onnx::mergeTypes(Type inferred, Type declared) {
  auto known = dyn_cast<TensorType>(inferred), other = dyn_cast<TensorType>(declared);
  if (!known)
    return declared;
  if (!other || !other.hasRank() || known.getElementType() != other.getElementType())
    return inferred;
  if (!known.hasRank())
    return declared;
  if (known.getRank() != other.getRank())
    return inferred;
  SmallVector<int64_t> shape(known.getShape());
  for (auto [size, alternative] : llvm::zip(shape, other.getShape()))
    if (ShapedType::isDynamic(size))
      size = alternative;
  return RankedTensorType::get(shape, known.getElementType());
}

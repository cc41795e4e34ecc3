//===- Attributes.cpp - Attributes of nodes -----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The forms are listed in OnnxDialect.td.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/Attributes.h"
#include "dialects/Onnx/Import/Failure.h"
#include "dialects/Onnx/Import/Tensors.h"

#include "mlir/IR/Builders.h"

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

using ::onnx::AttributeProto;

Attribute zorro::onnx::attributeFromProto(const AttributeProto &proto, StringRef what,
                                   MLIRContext *context) {
  Builder builder(context);
  switch (proto.type()) {
  case AttributeProto::INT:
    return builder.getI64IntegerAttr(proto.i());
  case AttributeProto::FLOAT:
    return builder.getF32FloatAttr(proto.f());
  case AttributeProto::STRING:
    return builder.getStringAttr(proto.s());
  case AttributeProto::INTS:
    return builder.getDenseI64ArrayAttr(
        SmallVector<int64_t>(proto.ints().begin(), proto.ints().end()));
  case AttributeProto::FLOATS:
    return builder.getDenseF32ArrayAttr(
        SmallVector<float>(proto.floats().begin(), proto.floats().end()));
  case AttributeProto::STRINGS: {
    SmallVector<Attribute> strings;
    for (const std::string &text : proto.strings())
      strings.push_back(builder.getStringAttr(text));
    return builder.getArrayAttr(strings);
  }
  case AttributeProto::TENSOR:
    return denseFromProto(proto.t(), (what + ": the tensor '" + proto.name() + "'").str(),
                          context);
  default:
    unsupported(what + ": attribute '" + proto.name() + "' has type " +
                (AttributeProto::AttributeType_IsValid(proto.type())
                     ? AttributeProto::AttributeType_Name(proto.type())
                     : std::to_string(proto.type())) +
                ", which is not supported");
  }
}

bool zorro::onnx::writeAttribute(StringRef name, Attribute attr, AttributeProto &proto) {
  proto.set_name(name.str());
  if (auto integer = dyn_cast<IntegerAttr>(attr)) {
    proto.set_type(AttributeProto::INT);
    proto.set_i(integer.getInt());
  } else if (auto number = dyn_cast<FloatAttr>(attr)) {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(float(number.getValueAsDouble()));
  } else if (auto text = dyn_cast<StringAttr>(attr)) {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(text.str());
  } else if (auto integers = dyn_cast<DenseI64ArrayAttr>(attr)) {
    proto.set_type(AttributeProto::INTS);
    for (int64_t value : integers.asArrayRef())
      proto.add_ints(value);
  } else if (auto numbers = dyn_cast<DenseF32ArrayAttr>(attr)) {
    proto.set_type(AttributeProto::FLOATS);
    for (float value : numbers.asArrayRef())
      proto.add_floats(value);
  } else if (auto tensor = dyn_cast<DenseElementsAttr>(attr)) {
    proto.set_type(AttributeProto::TENSOR);
    writeTensor(tensor, *proto.mutable_t());
  } else if (auto strings = dyn_cast<ArrayAttr>(attr)) {
    proto.set_type(AttributeProto::STRINGS);
    for (Attribute element : strings)
      if (auto text = dyn_cast<StringAttr>(element))
        proto.add_strings(text.str());
      else
        return false;
  } else {
    return false;
  }
  return true;
}

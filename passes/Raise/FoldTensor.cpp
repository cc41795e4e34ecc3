//===- FoldTensor.cpp - Tensors on the host, for constant folding -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What the evaluators of operators share.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTensor.h"
#include "dialects/Zorro/WeightFile.h"

#include "llvm/ADT/APFloat.h"

#include <cmath>
#include <cstring>

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::fold;

HostTensor::HostTensor(Type element, ArrayRef<int64_t> shape)
    : element(element), shape(shape), bytes(countOf(shape) * bytesPerElement(element), 0) {}

HostTensor::HostTensor(DenseElementsAttr attr)
    : element(attr.getElementType()), shape(attr.getType().getShape()),
      bytes(bytesOfDense(attr)) {}

DenseElementsAttr HostTensor::toAttr() const {
  return denseFromBytes(RankedTensorType::get(shape, element), bytes);
}

int64_t HostTensor::count() const { return countOf(shape); }
int64_t HostTensor::elementBytes() const { return bytesPerElement(element); }

int64_t fold::countOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

SmallVector<int64_t> fold::stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

std::optional<int64_t> fold::normaliseAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}

HostTensor fold::stridedCopy(const HostTensor &source, int64_t base, ArrayRef<int64_t> shape,
                             ArrayRef<int64_t> strides) {
  HostTensor result(source.element, shape);
  int64_t size = source.elementBytes(), count = result.count(), from = base;
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(result.bytes.data() + i * size, source.bytes.data() + from * size, size);
    for (int64_t axis = int64_t(shape.size()) - 1; axis >= 0; --axis) {
      from += strides[axis];
      if (++index[axis] < shape[axis])
        break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

std::optional<SmallVector<int64_t>> fold::broadcastShapes(ArrayRef<int64_t> a,
                                                          ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<int64_t> shape(a);
  size_t lead = a.size() - b.size();
  for (auto [i, size] : llvm::enumerate(b)) {
    int64_t &other = shape[lead + i];
    if (other == 1)
      other = size;
    else if (size != 1 && size != other)
      return std::nullopt;
  }
  return shape;
}

HostTensor fold::broadcastTo(const HostTensor &tensor, ArrayRef<int64_t> shape) {
  if (ArrayRef(tensor.shape) == shape)
    return tensor;
  SmallVector<int64_t> strides(shape.size(), 0), own = stridesOf(tensor.shape);
  size_t lead = shape.size() - tensor.shape.size();
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    strides[lead + i] = tensor.shape[i] == 1 ? 0 : own[i];
  return stridedCopy(tensor, 0, shape, strides);
}

std::optional<SmallVector<int64_t>> fold::integersOf(const HostTensor &tensor) {
  if (!isa<IntegerType>(tensor.element))
    return std::nullopt;
  SmallVector<int64_t> values;
  bool known = dispatch(tensor.element, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t i = 0, e = tensor.count(); i < e; ++i)
      values.push_back(int64_t(tensor.data<T>()[i]));
    return true;
  });
  return known ? std::optional(values) : std::nullopt;
}

//===----------------------------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------------------------===//

static HostTensor widenHalf(const HostTensor &tensor) {
  HostTensor wide(Float32Type::get(tensor.element.getContext()), tensor.shape);
  const fltSemantics &semantics = cast<FloatType>(tensor.element).getFloatSemantics();
  for (int64_t i = 0, e = tensor.count(); i < e; ++i)
    wide.data<float>()[i] =
        APFloat(semantics, APInt(16, tensor.data<uint16_t>()[i])).convertToFloat();
  return wide;
}

static HostTensor narrowToHalf(const HostTensor &tensor, Type element) {
  HostTensor narrow(element, tensor.shape);
  const fltSemantics &semantics = cast<FloatType>(element).getFloatSemantics();
  for (int64_t i = 0, e = tensor.count(); i < e; ++i) {
    APFloat value(tensor.data<float>()[i]);
    bool losesInfo;
    value.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
    narrow.data<uint16_t>()[i] = uint16_t(value.bitcastToAPInt().getZExtValue());
  }
  return narrow;
}

// A number out of the target's range is undefined in ONNX and in C++: it saturates, NaN gives 0.
template <typename To, typename From>
static To convertNumber(From value) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(value))
      return 0;
    if (double(value) <= double(std::numeric_limits<To>::min()))
      return std::numeric_limits<To>::min();
    if (double(value) >= double(std::numeric_limits<To>::max()))
      return std::numeric_limits<To>::max();
  }
  return To(value);
}

std::optional<HostTensor> fold::convert(const HostTensor &tensor, Type element) {
  if (tensor.element == element)
    return tensor;
  if (isHalf(tensor.element))
    return convert(widenHalf(tensor), element);
  if (isHalf(element)) {
    // Through float: exact for float, and for double rounded twice, as ONNX Runtime does it.
    std::optional<HostTensor> wide = convert(tensor, Float32Type::get(element.getContext()));
    return wide ? std::optional(narrowToHalf(*wide, element)) : std::nullopt;
  }
  HostTensor result(element, tensor.shape);
  bool known = dispatch(tensor.element, [&](auto from) {
    using From = decltype(from);
    return dispatch(element, [&](auto to) {
      using To = decltype(to);
      for (int64_t i = 0, e = tensor.count(); i < e; ++i) {
        From value = tensor.data<From>()[i];
        result.data<To>()[i] = isBool(element) ? To(value != 0) : convertNumber<To>(value);
      }
      return true;
    });
  });
  return known ? std::optional(std::move(result)) : std::nullopt;
}

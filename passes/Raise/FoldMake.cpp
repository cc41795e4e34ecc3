//===- FoldMake.cpp - Operators that make tensors from little, on constants ---------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Shapes are known by now: the schema computed them from the same constants.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTable.h"

#include <cstring>

using namespace mlir;
using namespace zorro;
using namespace zorro::fold;

namespace {

bool evaluateConstantOfShape(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  auto shape = call.has(0) ? integersOf(call.in(0)) : std::nullopt;
  RankedTensorType type = call.resultType();
  if (!shape || !type || type.getShape() != llvm::ArrayRef(*shape))
    return false;
  HostTensor result(type.getElementType(), *shape);
  if (auto value = dyn_cast_or_null<DenseElementsAttr>(op.getNodeAttr("value"))) {
    HostTensor fill(value);
    if (fill.count() != 1 || fill.element != result.element)
      return false;
    for (int64_t i = 0, e = result.count(); i < e; ++i)
      std::memcpy(result.at(i), fill.at(0), result.elementBytes());
  }
  results.push_back(std::move(result));
  return true;
}

bool evaluateRange(const FoldCall &call, Results &results) {
  RankedTensorType type = call.resultType();
  if (!call.has(0) || !call.has(1) || !call.has(2) || !type || type.getRank() != 1)
    return false;
  Type element = call.in(0).element;
  for (unsigned i = 0; i < 3; ++i)
    if (call.in(i).count() != 1 || call.in(i).element != element)
      return false;
  HostTensor result(element, type.getShape());
  bool known = !isBool(element) && dispatch(element, [&](auto tag) {
    using T = decltype(tag);
    T start = call.in(0).data<T>()[0], step = call.in(2).data<T>()[0];
    for (int64_t i = 0, e = result.count(); i < e; ++i)
      if constexpr (std::is_integral_v<T>)
        result.data<T>()[i] = T(uint64_t(start) + uint64_t(i) * uint64_t(step));
      else
        result.data<T>()[i] = start + T(i) * step;
    return true;
  });
  results.push_back(std::move(result));
  return known;
}

bool evaluateEyeLike(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  RankedTensorType type = call.resultType();
  if (!type || type.getRank() != 2)
    return false;
  HostTensor result(IntegerType::get(type.getContext(), 1), type.getShape());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  int64_t diagonal = std::clamp(op.getInt("k", 0), -rows - 1, columns + 1);
  for (int64_t row = 0; row < rows; ++row)
    if (row + diagonal >= 0 && row + diagonal < columns)
      result.bytes[row * columns + row + diagonal] = 1;
  auto converted = convert(result, type.getElementType());
  if (converted)
    results.push_back(std::move(*converted));
  return converted.has_value();
}

bool evaluateOneHot(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  RankedTensorType type = call.resultType();
  if (!call.has(0) || !call.has(1) || !call.has(2) || !type)
    return false;
  // Both may be floats that hold integers.
  Type i64 = IntegerType::get(type.getContext(), 64);
  auto given = convert(call.in(0), i64), count = convert(call.in(1), i64);
  auto indices = given ? integersOf(*given) : std::nullopt;
  auto depths = count ? integersOf(*count) : std::nullopt;
  const HostTensor &values = call.in(2);
  auto axis = normaliseAxis(op.getInt("axis", -1), type.getRank());
  if (!indices || !depths || depths->size() != 1 || values.count() != 2 || !axis ||
      type.getDimSize(*axis) != depths->front() ||
      type.getNumElements() != int64_t(indices->size()) * depths->front())
    return false;
  int64_t depth = depths->front();
  int64_t inner = countOf(type.getShape().drop_front(*axis + 1));
  HostTensor result(values.element, type.getShape());
  for (int64_t i = 0, e = result.count(); i < e; ++i) {
    int64_t index = (*indices)[i / inner / depth * inner + i % inner];
    int64_t hot = index < 0 ? index + depth : index;
    std::memcpy(result.at(i), values.at(hot == i / inner % depth), result.elementBytes());
  }
  results.push_back(std::move(result));
  return true;
}

} // namespace

llvm::ArrayRef<FoldRow> fold::makeRows() {
  static const FoldRow rows[] = {
      {"ConstantOfShape", evaluateConstantOfShape},
      {"Range", evaluateRange},
      {"EyeLike", evaluateEyeLike},
      {"OneHot", evaluateOneHot},
  };
  return rows;
}

//===- Constants.cpp - Values that are known ----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A weight's numbers are read when something asks for them, which only masks and scalars do.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Constants.h"
#include "passes/Raise/MaskRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

Constants::Constants(ModuleOp module, StringRef folder) : symbols(module), reader(folder) {}
Constants::~Constants() = default;

MaskRows &Constants::getRows() {
  if (!rows)
    rows = std::make_unique<MaskRows>(*this);
  return *rows;
}

bool Constants::isConstant(Value value) {
  return isa_and_nonnull<arith::ConstantOp, WeightRefOp>(value.getDefiningOp());
}

DenseElementsAttr Constants::get(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op))
    return dyn_cast<DenseElementsAttr>(constant.getValue());
  auto ref = dyn_cast_or_null<WeightRefOp>(op);
  auto weight = ref ? symbols.lookup<WeightOp>(ref.getWeight()) : WeightOp();
  if (!weight)
    return {};
  auto [found, isNew] = weights.try_emplace(weight);
  if (isNew) {
    if (auto read = reader.readValue(weight))
      found->second = *read;
    else
      error = llvm::toString(read.takeError());
  }
  return found->second;
}

std::optional<double> Constants::getSplat(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isConstant(value))
    return std::nullopt;
  // A weight of many elements is not looked into: only one that import left out of line is a splat.
  if (value.getDefiningOp<WeightRefOp>() && type.getNumElements() > 4096)
    return std::nullopt;
  DenseElementsAttr attr = get(value);
  if (!attr || attr.empty())
    return std::nullopt;
  if (!attr.isSplat() && attr.getNumElements() != 1) {
    std::vector<double> numbers = toDoubles(attr);
    if (numbers.empty() ||
        !llvm::all_of(numbers, [&](double number) { return number == numbers.front(); }))
      return std::nullopt;
    return numbers.front();
  }
  Attribute element = *attr.value_begin<Attribute>();
  if (auto real = dyn_cast<FloatAttr>(element))
    return real.getValueAsDouble();
  auto integer = dyn_cast<IntegerAttr>(element);
  if (!integer)
    return std::nullopt;
  return integer.getType().isInteger(1) || integer.getType().isUnsignedInteger()
             ? double(integer.getValue().getZExtValue())
             : double(integer.getValue().getSExtValue());
}

std::optional<SmallVector<int64_t>> Constants::getIntegers(Value value) {
  if (!value || !isConstant(value))
    return std::nullopt;
  DenseElementsAttr attr = get(value);
  if (!attr || !attr.getElementType().isSignlessInteger())
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (const APInt &number : attr.getValues<APInt>())
    numbers.push_back(number.getSExtValue());
  return numbers;
}

std::vector<double> zorro::raise::toDoubles(DenseElementsAttr attr) {
  std::vector<double> numbers;
  Type element = attr.getElementType();
  numbers.reserve(attr.getNumElements());
  if (element.isF32() && !attr.isSplat()) {
    for (float number : attr.getValues<float>())
      numbers.push_back(number);
  } else if (isa<FloatType>(element)) {
    for (const APFloat &number : attr.getValues<APFloat>()) {
      APFloat wide = number;
      bool lossy;
      wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
      numbers.push_back(wide.convertToDouble());
    }
  } else if (element.isInteger(1)) {
    for (bool number : attr.getValues<bool>())
      numbers.push_back(number);
  } else if (auto integer = dyn_cast<IntegerType>(element)) {
    for (const APInt &number : attr.getValues<APInt>())
      numbers.push_back(integer.isUnsigned() ? double(number.getZExtValue())
                                             : double(number.getSExtValue()));
  }
  return numbers;
}

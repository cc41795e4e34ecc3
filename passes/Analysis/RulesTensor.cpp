//===- RulesTensor.cpp - Moves of tensors, constants, and the default -------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Rules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace zorro;

Element zorro::elementOf(Type type) {
  Type scalar = getElementTypeOrSelf(type);
  if (scalar.isInteger(1))
    return Element::Boolean;
  if (isa<BFloat16Type>(scalar))
    return Element::BF16;
  if (auto number = dyn_cast<FloatType>(scalar))
    return number.getWidth() >= 64   ? Element::F64
           : number.getWidth() == 32 ? Element::F32
                                     : Element::F16;
  return Element::Integer;
}

ArrayRef<int64_t> zorro::shapeOf(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? shaped.getShape() : ArrayRef<int64_t>();
}

bool zorro::hasGrid(Type type) {
  if (auto tensor = dyn_cast<TensorType>(type))
    return tensor.hasStaticShape();
  return type.isIntOrIndexOrFloat();
}

SmallVector<Value> zorro::readValues(Operation *op) {
  llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
  for (Region &region : op->getRegions())
    getUsedValuesDefinedAbove(region, values);
  return values.takeVector();
}

std::optional<GridValue> zorro::constantGrid(Attribute value, Type type) {
  Element element = elementOf(type);
  // Beyond 2^53 a double no longer holds an integer.
  auto integer = [](const APInt &v) {
    return v.getBitWidth() == 1 ? double(v.getZExtValue()) : v.roundToDouble(true);
  };
  auto number = [](const APFloat &v) {
    APFloat wide = v;
    bool loses;
    wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    return wide.convertToDouble();
  };
  if (auto scalar = dyn_cast<FloatAttr>(value))
    return GridValue({}, element, Cell::known(number(scalar.getValue())));
  if (auto scalar = dyn_cast<IntegerAttr>(value)) {
    double v = integer(scalar.getValue());
    return GridValue({}, element, std::abs(v) < double(1LL << 53) ? Cell::known(v) : Cell());
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || (!isFloat(element) && !isa<IntegerType, IndexType>(dense.getElementType())))
    return std::nullopt;
  std::vector<double> elements;
  bool exact = true;
  size_t count = dense.isSplat() ? 1 : dense.getNumElements();
  elements.reserve(count);
  if (isFloat(element)) {
    auto values = dense.getValues<APFloat>();
    for (size_t i = 0; i != count && dense.getNumElements(); ++i)
      elements.push_back(number(values[i]));
  } else {
    auto values = dense.getValues<APInt>();
    for (size_t i = 0; i != count && dense.getNumElements(); ++i) {
      elements.push_back(integer(values[i]));
      exact &= std::abs(elements.back()) < double(1LL << 53);
    }
  }
  if (!exact || elements.empty())
    return GridValue(shapeOf(type), element, Cell());
  if (dense.isSplat())
    return GridValue(shapeOf(type), element, Cell::known(elements.front()));
  return GridValue::fromElements(shapeOf(type), element, [&](int64_t i) { return elements[i]; });
}

static Grids just(GridValue grid) { return Grids(std::vector<GridValue>{std::move(grid)}); }

static Grids transferSlice(tensor::ExtractSliceOp op, GridLookup get) {
  GridValue grid = get(op.getSource());
  for (auto [axis, offset, size, stride] : llvm::enumerate(
           op.getStaticOffsets(), op.getStaticSizes(), op.getStaticStrides())) {
    if (ShapedType::isDynamic(offset) || ShapedType::isDynamic(size) ||
        ShapedType::isDynamic(stride))
      return std::nullopt;
    grid = grid.slice(axis, offset, size, stride);
  }
  return just(grid.reshaped(op.getType().getShape()));
}

/// The source's positions are those of a concatenation: before, inserted, after.
static Grids transferInsert(tensor::InsertSliceOp op, GridLookup get) {
  auto type = op.getDestType();
  int axis = -1;
  for (auto [i, offset, size, stride] : llvm::enumerate(
           op.getStaticOffsets(), op.getStaticSizes(), op.getStaticStrides())) {
    if (ShapedType::isDynamic(offset) || ShapedType::isDynamic(size) || stride != 1)
      return std::nullopt;
    if (size == type.getDimSize(i))
      continue;
    if (axis >= 0)
      return std::nullopt;
    axis = i;
  }
  GridValue source = get(op.getSource()).reshaped(op.getStaticSizes());
  if (axis < 0)
    return just(source);
  const GridValue &target = get(op.getDest());
  int64_t begin = op.getStaticOffsets()[axis], end = begin + op.getStaticSizes()[axis];
  std::vector<GridValue> parts;
  if (begin)
    parts.push_back(target.slice(axis, 0, begin));
  parts.push_back(source);
  if (end != type.getDimSize(axis))
    parts.push_back(target.slice(axis, end, type.getDimSize(axis) - end));
  return just(GridValue::concat(parts, axis));
}

static Grids transferPad(tensor::PadOp op, GridLookup get) {
  Value constant = op.getConstantPaddingValue();
  if (!constant)
    return std::nullopt;
  Cell fill = get(constant).joinAll();
  GridValue grid = get(op.getSource());
  for (auto [axis, low, high] : llvm::enumerate(op.getStaticLow(), op.getStaticHigh())) {
    if (ShapedType::isDynamic(low) || ShapedType::isDynamic(high) || low < 0 || high < 0)
      return std::nullopt;
    if (!low && !high)
      continue;
    SmallVector<int64_t> positions(low, -1);
    for (int64_t i = 0; i != grid.getShape()[axis]; ++i)
      positions.push_back(i);
    positions.append(high, -1);
    grid = grid.take(axis, positions, fill);
  }
  return just(grid);
}

Grids zorro::transferTensor(Operation *op, GridLookup get) {
  return llvm::TypeSwitch<Operation *, Grids>(op)
      .Case<arith::ConstantOp>([&](arith::ConstantOp constant) -> Grids {
        std::optional<GridValue> grid = constantGrid(constant.getValue(), constant.getType());
        return grid ? just(*grid) : std::nullopt;
      })
      .Case<tensor::EmptyOp>([&](tensor::EmptyOp empty) {
        return just(GridValue(shapeOf(empty.getType()), elementOf(empty.getType()), Cell()));
      })
      .Case<tensor::ExtractSliceOp>([&](auto slice) { return transferSlice(slice, get); })
      .Case<tensor::InsertSliceOp>([&](auto insert) { return transferInsert(insert, get); })
      .Case<tensor::PadOp>([&](auto pad) { return transferPad(pad, get); })
      .Case<tensor::ConcatOp>([&](tensor::ConcatOp concat) {
        std::vector<GridValue> parts;
        for (Value part : concat.getInputs())
          parts.push_back(get(part));
        return just(GridValue::concat(parts, concat.getDim()));
      })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>([&](auto reshape) {
        return just(get(reshape.getSrc()).reshaped(shapeOf(reshape.getType())));
      })
      .Case<tensor::CastOp>([&](tensor::CastOp cast) { return just(get(cast.getSource())); })
      .Case<tensor::SplatOp>([&](tensor::SplatOp splat) {
        Cell cell = get(splat.getInput()).joinAll();
        return just(GridValue(shapeOf(splat.getType()), elementOf(splat.getType()), cell));
      })
      .Default([](Operation *) -> Grids { return std::nullopt; });
}

//===----------------------------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------------------------===//

std::vector<GridValue> zorro::joinEverything(Operation *op, GridLookup get) {
  SmallVector<Cell> all;
  for (Value value : readValues(op))
    if (hasGrid(value.getType()))
      for (const Cell &cell : get(value).getCells())
        all.push_back(cell);
  std::vector<GridValue> results;
  for (Type type : op->getResultTypes()) {
    // What the operation makes of an unusual number is not known.
    Cell cell = mixCells(all, Element::F64);
    if (cell.flags & kUnusual) {
      cell.flags |= kUnusual;
      cell.nonFinite = cell.taint;
    }
    Element element = elementOf(type);
    if (!isFloat(element)) {
      cell.flags = 0;
      cell.nonFinite = 0;
    }
    results.emplace_back(hasGrid(type) ? shapeOf(type) : ArrayRef<int64_t>(), element, cell);
  }
  return results;
}

/// Element-wise arith and math on whole tensors, as canonicalisation may leave them.
static Grids transferScalar(Operation *op, GridLookup get) {
  if (!isa_and_present<arith::ArithDialect, math::MathDialect>(op->getDialect()) ||
      op->getNumResults() != 1 || isa<ShapedType>(op->getResult(0).getType()))
    return std::nullopt;
  SmallVector<Cell> cells;
  for (Value operand : op->getOperands())
    cells.push_back(get(operand).joinAll());
  Type type = op->getResult(0).getType();
  return just(GridValue({}, elementOf(type), evaluateScalar(op, cells)));
}

Grids zorro::transferOp(Operation *op, GridLookup get, Promises promises) {
  for (Value value : readValues(op))
    if (!hasGrid(value.getType()))
      return std::nullopt;
  for (Type type : op->getResultTypes())
    if (!hasGrid(type))
      return std::nullopt;
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return transferLinalg(structured, get);
  if (Grids grids = transferZorro(op, get, promises))
    return grids;
  if (Grids grids = transferTensor(op, get))
    return grids;
  return transferScalar(op, get);
}

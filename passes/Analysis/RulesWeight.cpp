//===- RulesWeight.cpp - What is known of a weight's numbers ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A weight is made of ordinary numbers, unless it is marked as holding fills: then it is the grid
// that zorro-classify-weights noted, moved as the recipe says, or one cell that may hold anything.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Rules.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace zorro;

DictionaryAttr zorro::noteClasses(const GridValue &grid, MLIRContext *context) {
  std::vector<Cell> kinds;
  for (const Cell &cell : grid.getCells()) {
    ValueClass kind = ValueClass::Ordinary;
    if (cell.mayBe())
      kind = cell.isKnown(-std::numeric_limits<double>::infinity()) ? ValueClass::Infinite
             : cell.isDead() && !cell.mayBeNonFinite()              ? ValueClass::Fill
                                                                    : ValueClass::Anything;
    kinds.push_back(Cell::known(int8_t(kind)));
  }
  // Neighbours of one kind become one.
  GridValue merged(grid.getShape(), Element::Integer, grid.getCuts(), std::move(kinds));
  Builder builder(context);
  SmallVector<Attribute> cuts;
  for (const Cuts &axis : merged.getCuts())
    cuts.push_back(builder.getDenseI64ArrayAttr(axis));
  SmallVector<int8_t> classes;
  for (const Cell &cell : merged.getCells())
    classes.push_back(cell.isKnown() ? int8_t(cell.value) : int8_t(ValueClass::Anything));
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("classes", builder.getDenseI8ArrayAttr(classes)),
       builder.getNamedAttr("cuts", builder.getArrayAttr(cuts))});
}

/// The grid that noteClasses() wrote; nothing where it does not fit the shape.
static std::optional<GridValue> readClasses(Attribute note, ArrayRef<int64_t> shape,
                                            Element element) {
  auto dictionary = dyn_cast_or_null<DictionaryAttr>(note);
  auto cutsAttr = dictionary ? dictionary.getAs<ArrayAttr>("cuts") : ArrayAttr();
  auto classes = dictionary ? dictionary.getAs<DenseI8ArrayAttr>("classes") : DenseI8ArrayAttr();
  if (!cutsAttr || !classes || cutsAttr.size() != shape.size())
    return std::nullopt;
  SmallVector<Cuts> cuts;
  int64_t count = 1;
  for (auto [attr, length] : llvm::zip(cutsAttr, shape)) {
    auto axis = dyn_cast<DenseI64ArrayAttr>(attr);
    if (!axis || axis.size() < 2 || axis[0] != 0 || axis[axis.size() - 1] != length ||
        !llvm::is_sorted(axis.asArrayRef(), std::less_equal<>()))
      return std::nullopt;
    cuts.push_back(Cuts(axis.asArrayRef()));
    count *= axis.size() - 1;
  }
  if (count != classes.size())
    return std::nullopt;
  std::vector<Cell> cells;
  for (int8_t kind : classes.asArrayRef()) {
    Cell cell;
    switch (ValueClass(kind)) {
    case ValueClass::Ordinary:
      break;
    case ValueClass::Fill:
      cell.kind = CellKind::Dead;
      cell.flags = kFill;
      break;
    case ValueClass::Infinite:
      cell = Cell::known(-std::numeric_limits<double>::infinity());
      break;
    default:
      cell.flags = kUnusual;
    }
    cells.push_back(cell);
  }
  return GridValue(shape, element, cuts, std::move(cells));
}

/// What the recipe's steps make of it; nothing of a step that packs.
static std::optional<GridValue> applySteps(GridValue grid, ArrayAttr recipe) {
  if (!recipe)
    return grid;
  for (Attribute step : recipe) {
    bool done = llvm::TypeSwitch<Attribute, bool>(step)
                    .Case<SliceStepAttr>([&](SliceStepAttr slice) {
                      for (unsigned axis = 0; axis != grid.getRank(); ++axis)
                        grid = grid.slice(axis, slice.getOffsets()[axis], slice.getSizes()[axis]);
                      return true;
                    })
                    .Case<TransposeStepAttr>([&](TransposeStepAttr transpose) {
                      grid = grid.transposed(transpose.getPerm());
                      return true;
                    })
                    .Case<ReshapeStepAttr>([&](ReshapeStepAttr reshape) {
                      grid = grid.reshaped(reshape.getShape());
                      return true;
                    })
                    .Default([](Attribute) { return false; });
    if (!done)
      return std::nullopt;
  }
  return grid;
}

GridValue zorro::weightGrid(WeightRefOp ref) {
  ArrayRef<int64_t> shape = shapeOf(ref.getType());
  Element element = elementOf(ref.getType());
  auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(ref, ref.getWeightAttr());
  if (weight && isFloat(element) && (weight.getFills() || weight.getValueAttr())) {
    Type stored = weight.getStored();
    std::optional<GridValue> grid =
        weight.getValueAttr()
            ? constantGrid(weight.getValueAttr(), stored)
            : readClasses(weight->getAttr(kClassesAttr), shapeOf(stored), element);
    if (grid)
      grid = applySteps(*grid, weight.getRecipeAttr());
    if (grid && grid->getShape() == shape)
      return *grid;
  }
  bool fills = !weight || weight.getFills() || weight.getValueAttr();
  return GridValue(shape, element, Cell::any(0, fills && isFloat(element) ? kUnusual : 0));
}

//===- StreamDependence.cpp - Which outputs depend on which inputs ----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/StreamDependence.h"

#include "passes/Analysis/Rules.h"

using namespace mlir;
using namespace zorro;

static std::string nameOf(Attribute attribute, const Twine &otherwise) {
  auto name = dyn_cast_or_null<StringAttr>(attribute);
  return name ? name.str() : otherwise.str();
}

static bool promisesLiveRows(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  return module && module->hasAttr(kAssumeLiveRowsAttr);
}

StreamDependence::StreamDependence(Operation *op) : StreamDependence(op, promisesLiveRows(op)) {}

StreamDependence::StreamDependence(Operation *op, bool liveRows)
    : function(cast<func::FuncOp>(op)), liveRows(liveRows) {
  for (unsigned i = 0, e = function.getNumResults(); i != e; ++i)
    outputs.push_back(nameOf(function.getResultAttr(i, kNameAttr), "result" + Twine(i)));
  for (BlockArgument arg : function.getArguments()) {
    unsigned i = arg.getArgNumber();
    inputs.push_back(nameOf(function.getArgAttr(i, kNameAttr), "arg" + Twine(i)));
    modalities.push_back(nameOf(function.getArgAttr(i, kModalityAttr), inputs.back()));
    grids[arg] = GridValue(hasGrid(arg.getType()) ? shapeOf(arg.getType()) : ArrayRef<int64_t>(),
                           elementOf(arg.getType()), Cell::any(bitOf(i)));
  }
  if (!function.isDeclaration())
    for (Operation &inner : function.front().without_terminator())
      visit(&inner);
}

void StreamDependence::visit(Operation *op) {
  noteBounds(op);
  auto attention = dyn_cast<AttentionOp>(op);
  mayEmptyRows |= isa<SoftmaxOp>(op) || (attention && attention.getPadding());
  auto lookup = [&](Value value) -> const GridValue & { return get(value); };
  Grids results = transferOp(op, lookup, {liveRows});
  if (!results) {
    results = joinEverything(op, lookup);
    undescribed.push_back(op);
  }
  for (auto [result, grid] : llvm::zip(op->getResults(), *results))
    noteCuts(grids[result] = std::move(grid));
}

/// Where inputs lie side by side, they do so on every axis of that length: a sum over the axis would
/// otherwise hide which of them a part came from.
void StreamDependence::noteCuts(const GridValue &grid) {
  constexpr size_t kMostCuts = 16;
  for (auto [axis, length] : llvm::enumerate(grid.getShape())) {
    if (grid.getSegments(axis) < 2 || grid.getSegments(axis) > kMostCuts || !grid.getTaint())
      continue;
    Cuts &known = bounds.try_emplace(length, wholeAxis(length)).first->second;
    if (known == grid.getCuts(axis))
      continue;
    if (Cuts united = uniteCuts(known, grid.getCuts(axis)); united.size() <= kMostCuts)
      known = united;
  }
}

const GridValue &StreamDependence::get(Value value) const {
  auto found = grids.find(value);
  assert(found != grids.end() && "expected a value at the top of the function");
  return found->second;
}

Value StreamDependence::getOutput(unsigned i) const {
  return func::FuncOp(function).front().getTerminator()->getOperand(i);
}

/// Those of the first `count` inputs whose bit is set in `taint`.
static SmallVector<unsigned> inputsIn(uint64_t taint, unsigned count) {
  SmallVector<unsigned> found;
  for (unsigned i = 0; i != count; ++i)
    if (taint & StreamDependence::bitOf(i))
      found.push_back(i);
  return found;
}

SmallVector<unsigned> StreamDependence::dependsOn(unsigned output) const {
  return inputsIn(getTaint(output), inputs.size());
}

const StreamDependence &StreamDependence::underPromise() const {
  if (liveRows || !mayEmptyRows)
    return *this;
  if (!promised)
    promised = std::make_unique<StreamDependence>(func::FuncOp(function), true);
  return *promised;
}

uint64_t StreamDependence::getConditionalTaint(unsigned output) const {
  return getTaint(output) & ~underPromise().getTaint(output);
}

SmallVector<unsigned> StreamDependence::conditionalOn(unsigned output) const {
  return inputsIn(getConditionalTaint(output), inputs.size());
}

SmallVector<unsigned> StreamDependence::getUnused() const {
  uint64_t used = 0;
  for (unsigned i = 0; i != outputs.size(); ++i)
    used |= getTaint(i);
  return inputsIn(~used, inputs.size());
}

//===----------------------------------------------------------------------------------------===//
// Probes
//===----------------------------------------------------------------------------------------===//

void StreamDependence::noteBounds(Operation *op) {
  auto note = [&](StreamsAttr streams) {
    Cuts cuts = {0};
    for (int64_t size : streams.getSizes())
      cuts.push_back(cuts.back() + size);
    Cuts &known = bounds.try_emplace(cuts.back(), cuts).first->second;
    known = uniteCuts(known, cuts);
  };
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    if (MaskAttr mask = attention.getMaskAttr()) {
      note(mask.getQueries());
      note(mask.getKeys());
    }
  } else if (auto join = dyn_cast<JoinOp>(op)) {
    note(join.getStreams());
  } else if (auto take = dyn_cast<TakeOp>(op)) {
    note(take.getStreams());
  }
}

const GridValue &StreamDependence::getFine(Value value) const {
  std::unique_ptr<GridValue> &grid = fine[value];
  if (grid)
    return *grid;
  const GridValue &coarse = get(value);
  SmallVector<Cuts, 4> cuts(coarse.getCuts());
  size_t cells = 1;
  for (auto [axis, length] : llvm::enumerate(coarse.getShape())) {
    if (auto found = bounds.find(length); found != bounds.end())
      cuts[axis] = uniteCuts(cuts[axis], found->second);
    // What the promise of live rows keeps apart stays apart: else one does not see where it acts.
    if (!liveRows)
      cuts[axis] = uniteCuts(cuts[axis], underPromise().get(value).getCuts(axis));
    cells *= cuts[axis].size() - 1;
  }
  grid = std::make_unique<GridValue>(cells > 4096 ? coarse : coarse.onCuts(cuts));
  return *grid;
}

StreamDependence::Relation StreamDependence::computeRelation(Operation *op, uint64_t bits) const {
  Relation relation;
  for (Value result : op->getResults())
    relation.emplace_back(getFine(result).getCells().size());
  SmallVector<CellRef> candidates;
  SmallVector<Value> reads = readValues(op);
  llvm::erase_if(reads, [](Value value) { return !hasGrid(value.getType()); });
  for (Value value : reads)
    for (auto [i, c] : llvm::enumerate(getFine(value).getCells()))
      if (bits ? (c.taint & bits) != 0 : !c.isKnown())
        candidates.push_back({value, i});
  // Sixty-four cells at a time, each with a bit of its own in place of the inputs'.
  for (size_t first = 0; first < candidates.size(); first += 64) {
    DenseMap<Value, GridValue> probes;
    for (Value value : reads) {
      GridValue &probe = probes[value] = getFine(value);
      for (Cell &c : probe.getMutableCells())
        c.taint = c.nonFinite = 0;
    }
    size_t last = std::min(candidates.size(), first + 64);
    for (size_t i = first; i != last; ++i) {
      const Cell &original = getFine(candidates[i].value).getCells()[candidates[i].cell];
      Cell &c = probes[candidates[i].value].getMutableCells()[candidates[i].cell];
      uint64_t bit = uint64_t(1) << (i - first);
      c.taint = bit;
      if (bits ? (original.nonFinite & bits) != 0 : original.mayBeNonFinite())
        c.nonFinite = bit;
    }
    auto lookup = [&](Value value) -> const GridValue & { return probes.find(value)->second; };
    Grids results = transferOp(op, lookup, {liveRows});
    if (!results)
      results = joinEverything(op, lookup);
    for (auto [r, probed] : llvm::enumerate(*results))
      for (size_t cell = 0; cell != relation[r].size(); ++cell) {
        uint64_t found = 0;
        for (size_t i : probed.getCellsIn(getFine(op->getResult(r)).getBox(cell)))
          found |= probed.getCells()[i].taint;
        for (size_t i = first; i != last; ++i)
          if (found >> (i - first) & 1)
            relation[r][cell].push_back(candidates[i]);
      }
  }
  return relation;
}

ArrayRef<StreamDependence::CellRef> StreamDependence::relate(Value result, size_t cell,
                                                             uint64_t bits) const {
  Operation *op = result.getDefiningOp();
  if (!op)
    return {};
  auto [found, isNew] = relations.try_emplace({op, bits});
  if (isNew)
    found->second = computeRelation(op, bits);
  return found->second[cast<OpResult>(result).getResultNumber()][cell];
}

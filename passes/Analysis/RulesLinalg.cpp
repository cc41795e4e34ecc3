//===- RulesLinalg.cpp - Any linalg operation, by its maps and its body -----------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Each loop is cut where an operand that it indexes is cut; the scalar body runs once per cell of
// the iteration space; reduced cells are combined. Windows (sums of loops) are followed by interval
// arithmetic.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/RuleSwitch.h"
#include "passes/Analysis/Rules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace zorro;

Interval zorro::intervalOf(AffineExpr expr, ArrayRef<Interval> dims) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return {constant.getValue(), constant.getValue()};
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Interval a = intervalOf(binary.getLHS(), dims), b = intervalOf(binary.getRHS(), dims);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return {a.low + b.low, a.high + b.high};
  case AffineExprKind::Mul: {
    auto [low, high] =
        std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
    return {low, high};
  }
  case AffineExprKind::FloorDiv:
    return {llvm::divideFloorSigned(a.low, b.low), llvm::divideFloorSigned(a.high, b.low)};
  case AffineExprKind::CeilDiv:
    return {llvm::divideCeilSigned(a.low, b.low), llvm::divideCeilSigned(a.high, b.low)};
  default: { // Mod
    int64_t low = llvm::divideFloorSigned(a.low, b.low);
    int64_t high = llvm::divideFloorSigned(a.high, b.low);
    if (low == high)
      return {a.low - low * b.low, a.high - low * b.low};
    return {0, b.low - 1};
  }
  }
}

namespace {
class LoopNest {
public:
  LoopNest(linalg::LinalgOp op, GridLookup get) : op(op), get(get) {
    maps = op.getIndexingMapsArray();
    sizes = op.getStaticLoopRanges();
    for (utils::IteratorType type : op.getIteratorTypesArray())
      reduces.push_back(type != utils::IteratorType::parallel);
  }

  Grids run() {
    if (llvm::any_of(sizes, ShapedType::isDynamic) || llvm::is_contained(sizes, 0))
      return std::nullopt;
    for (AffineMap map : ArrayRef(maps).take_back(op.getNumDpsInits()))
      if (map.getNumSymbols() || !map.isProjectedPermutation() || usesReduction(map))
        return std::nullopt;
    cutLoops();
    findCombiners();
    Grids results(std::in_place);
    SmallVector<unsigned> parallel, reduced;
    for (unsigned d = 0; d != sizes.size(); ++d) {
      parallel.push_back(reduces[d] ? 1 : cuts[d].size() - 1);
      reduced.push_back(reduces[d] ? cuts[d].size() - 1 : 1);
    }
    // Loops in order give row-major cells only where the result's map keeps that order; so cells
    // are put down by number.
    SmallVector<std::vector<Cell>> cells;
    SmallVector<SmallVector<Cuts>> resultCuts;
    for (AffineMap map : outMaps()) {
      auto &axes = resultCuts.emplace_back();
      size_t count = 1;
      for (AffineExpr expr : map.getResults()) {
        axes.push_back(cuts[cast<AffineDimExpr>(expr).getPosition()]);
        count *= axes.back().size() - 1;
      }
      cells.emplace_back(count);
    }
    ranges.resize(sizes.size());
    forEachIndex(parallel, [&](ArrayRef<unsigned> outer) {
      SmallVector<Cell> values = reduceAt(outer, reduced);
      for (auto [i, map] : llvm::enumerate(outMaps())) {
        size_t number = 0;
        for (AffineExpr expr : map.getResults()) {
          unsigned d = cast<AffineDimExpr>(expr).getPosition();
          number = number * (cuts[d].size() - 1) + outer[d];
        }
        if (!keepsRows(map))
          values[i].flags &= ~kRowFlags;
        if (isOff(Rule::LoopOrder))
          number = cells[i].size() - 1 - number;
        cells[i][number] = values[i];
      }
    });
    for (auto [i, type] : llvm::enumerate(op->getResultTypes()))
      results->emplace_back(shapeOf(type), elementOf(type), resultCuts[i], std::move(cells[i]));
    return results;
  }

private:
  struct Combiner {
    Operation *op = nullptr;
    Value element; // what is combined with the accumulator
    bool accumulatorFirst = false;
    Reduction how = Reduction::Other;
  };

  ArrayRef<AffineMap> outMaps() { return ArrayRef(maps).take_back(op.getNumDpsInits()); }
  bool usesReduction(AffineMap map) const {
    for (unsigned d = 0; d != sizes.size(); ++d)
      if (reduces[d] && map.isFunctionOfDim(d))
        return true;
    return false;
  }
  /// Whether the last axis runs with the innermost loop, so that rows are rows.
  bool keepsRows(AffineMap map) const {
    if (map.getNumResults() == 0)
      return false;
    auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
    return dim && dim.getPosition() + 1 == sizes.size();
  }

  void cutLoops() {
    SmallVector<Interval> whole;
    for (int64_t size : sizes) {
      cuts.push_back(wholeAxis(size));
      whole.push_back({0, size - 1});
    }
    for (OpOperand &operand : op->getOpOperands()) {
      const GridValue &grid = get(operand.get());
      for (auto [axis, expr] : llvm::enumerate(maps[operand.getOperandNumber()].getResults())) {
        if (grid.getSegments(axis) < 2)
          continue;
        const Cuts &source = grid.getCuts(axis);
        if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
          if (source.back() == sizes[dim.getPosition()])
            cuts[dim.getPosition()] = uniteCuts(cuts[dim.getPosition()], source);
          continue;
        }
        for (unsigned d = 0; d != sizes.size(); ++d)
          if (!reduces[d] && expr.isFunctionOfDim(d))
            cuts[d] = uniteCuts(cuts[d], cutWindow(expr, d, whole, source));
      }
    }
    thinCuts(cuts);
  }

  /// Positions of loop `d` whose window begins and ends in the same segments are one segment.
  Cuts cutWindow(AffineExpr expr, unsigned d, SmallVector<Interval> dims, const Cuts &source) {
    auto segment = [&](int64_t position) {
      return std::upper_bound(source.begin(), source.end(), position) - source.begin();
    };
    Cuts found;
    std::pair<int64_t, int64_t> before = {-1, -1};
    for (int64_t position = 0; position != sizes[d]; ++position) {
      dims[d] = {position, position};
      Interval range = intervalOf(expr, dims);
      std::pair<int64_t, int64_t> key = {segment(range.low), segment(range.high)};
      if (key != before)
        found.push_back(position);
      before = key;
    }
    found.push_back(sizes[d]);
    return found;
  }

  void findCombiners() {
    Block &body = *op.getBlock();
    for (auto [i, yielded] : llvm::enumerate(body.getTerminator()->getOperands())) {
      Combiner &combiner = combiners.emplace_back();
      Value accumulator = body.getArgument(op.getNumDpsInputs() + i);
      Operation *def = yielded.getDefiningOp();
      if (!def || def->getNumOperands() != 2 || !accumulator.hasOneUse() ||
          !llvm::is_contained(def->getOperands(), accumulator))
        continue;
      combiner.how =
          llvm::TypeSwitch<Operation *, Reduction>(def)
              .Case<arith::AddFOp, arith::AddIOp>([](auto) { return Reduction::Sum; })
              .Case<arith::MulFOp, arith::MulIOp>([](auto) { return Reduction::Product; })
              .Case<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp>(
                  [](auto) { return Reduction::Max; })
              .Case<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp>(
                  [](auto) { return Reduction::Min; })
              .Default([](Operation *) { return Reduction::Other; });
      if (combiner.how == Reduction::Other)
        continue;
      combiner.accumulatorFirst = def->getOperand(0) == accumulator;
      combiner.element = def->getOperand(combiner.accumulatorFirst ? 1 : 0);
      combiner.op = def;
    }
  }

  Cell load(OpOperand &operand) {
    const GridValue &grid = get(operand.get());
    AffineMap map = maps[operand.getOperandNumber()];
    SmallVector<IndexRange, 4> box;
    for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
      Interval range = intervalOf(expr, ranges);
      int64_t length = grid.getShape()[axis];
      box.push_back({std::clamp<int64_t>(range.low, 0, length - 1),
                     std::clamp<int64_t>(range.high + 1, 1, length)});
    }
    Cell cell = grid.joinBox(box);
    if (!keepsRows(map))
      cell.flags &= ~kRowFlags;
    return cell;
  }

  /// Values of the results at one cell of the parallel loops.
  SmallVector<Cell> reduceAt(ArrayRef<unsigned> outer, ArrayRef<unsigned> reduced) {
    Block &body = *op.getBlock();
    OperandRange yields = body.getTerminator()->getOperands();
    bool anyReduction = llvm::is_contained(reduces, true);
    SmallVector<SmallVector<ReductionPart>> parts(yields.size());
    SmallVector<Cell> inits(yields.size());
    BodyContext context{get, ranges};
    forEachIndex(reduced, [&](ArrayRef<unsigned> inner) {
      int64_t count = 1;
      for (unsigned d = 0; d != sizes.size(); ++d) {
        unsigned s = reduces[d] ? inner[d] : outer[d];
        ranges[d] = {cuts[d][s], cuts[d][s + 1] - 1};
        if (reduces[d])
          count *= ranges[d].high - ranges[d].low + 1;
      }
      SmallVector<Cell> arguments;
      for (OpOperand &operand : op->getOpOperands())
        arguments.push_back(load(operand));
      SmallVector<Value> wanted;
      for (auto [i, yielded] : llvm::enumerate(yields)) {
        inits[i] = arguments[op.getNumDpsInputs() + i];
        wanted.push_back(anyReduction && combiners[i].op ? combiners[i].element : yielded);
      }
      // Without a known combiner the accumulator may be anything that was read so far.
      if (anyReduction)
        for (unsigned i = 0; i != yields.size(); ++i) {
          Element element = elementOf(yields[i].getType());
          arguments[op.getNumDpsInputs() + i] = mixCells(arguments, element);
        }
      SmallVector<Cell> values = evaluateBody(body, arguments, wanted, context);
      for (auto [i, value] : llvm::enumerate(values))
        parts[i].push_back({value, count});
    });
    SmallVector<Cell> results;
    for (unsigned i = 0; i != yields.size(); ++i) {
      if (!anyReduction) {
        results.push_back(parts[i].front().cell);
        continue;
      }
      const Combiner &combiner = combiners[i];
      Element element = elementOf(yields[i].getType());
      Cell r = reduceCells(parts[i], combiner.how, element, !sizes.empty() && reduces.back());
      if (combiner.op && !isNeutral(inits[i], combiner.how))
        r = combiner.accumulatorFirst ? evaluateScalar(combiner.op, {inits[i], r})
                                      : evaluateScalar(combiner.op, {r, inits[i]});
      r.flags &= ~kRowFlags;
      results.push_back(r);
    }
    return results;
  }

  static bool isNeutral(const Cell &init, Reduction how) {
    constexpr double huge = 3.4e38, inf = std::numeric_limits<double>::infinity();
    switch (how) {
    case Reduction::Sum: return init.isKnown(0);
    case Reduction::Product: return init.isKnown(1);
    case Reduction::Max: return init.isKnown() && (init.value == -inf || init.value <= -huge);
    case Reduction::Min: return init.isKnown() && (init.value == inf || init.value >= huge);
    case Reduction::Other: return false;
    }
    return false;
  }

  linalg::LinalgOp op;
  GridLookup get;
  SmallVector<AffineMap> maps;
  SmallVector<int64_t> sizes;
  SmallVector<bool> reduces;
  SmallVector<Cuts> cuts;
  SmallVector<Combiner> combiners;
  SmallVector<Interval> ranges;
};
} // namespace

Grids zorro::transferLinalg(linalg::LinalgOp op, GridLookup get) { return LoopNest(op, get).run(); }

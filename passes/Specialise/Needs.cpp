//===- Needs.cpp - What the kept outputs need of every value ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Specialise/Needs.h"

#include "passes/Analysis/Rules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace zorro;

Needs::Needs(const StreamDependence &streams, ArrayRef<unsigned> outputs) : streams(streams) {
  func::FuncOp func = streams.getFunction();
  Operation *terminator = func.front().getTerminator();
  for (unsigned output : outputs) {
    OpOperand &operand = terminator->getOpOperand(output);
    want(operand, Window::whole(shapeOf(operand.get().getType())));
  }
  for (Operation &op : llvm::reverse(func.front().without_terminator()))
    if (llvm::any_of(op.getResults(), [&](Value result) { return get(result) != nullptr; }))
      visit(&op);
}

const Window *Needs::get(Value value) const {
  auto found = windows.find(value);
  return found == windows.end() ? nullptr : &found->second;
}

const Window *Needs::getWanted(OpOperand &operand) const {
  auto found = wanted.find(&operand);
  return found == wanted.end() ? nullptr : &found->second;
}

void Needs::want(OpOperand &operand, Window window) {
  if (window.isEmpty())
    return;
  if (auto [found, isNew] = windows.try_emplace(operand.get(), window); !isNew)
    found->second.unite(window);
  wanted[&operand] = std::move(window);
}

void Needs::wantAll(Value value) {
  windows[value] = Window::whole(shapeOf(value.getType()));
}

void Needs::grow(Value result, const Window &window) {
  Window &mine = windows.try_emplace(result, window).first->second;
  if (mine == window)
    return;
  mine = window;
  Operation *op = result.getDefiningOp();
  if (keptWhole.empty() || keptWhole.back() != op)
    keptWhole.push_back(op);
}

void Needs::visit(Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    if (llvm::none_of(structured.getStaticLoopRanges(), ShapedType::isDynamic))
      return visitLinalg(structured);
  if (visitZorro(op) || visitTensor(op))
    return;
  // Nobody described it: all of it is kept.
  for (OpOperand &operand : op->getOpOperands())
    want(operand, Window::whole(shapeOf(operand.get().getType())));
  for (Value value : readValues(op))
    wantAll(value);
  for (Value result : op->getResults())
    grow(result, Window::whole(shapeOf(result.getType())));
}

//===----------------------------------------------------------------------------------------===//
// Zorro operations
//===----------------------------------------------------------------------------------------===//

bool Needs::visitZorro(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<WeightRefOp>([](auto) { return true; })
      .Case<ContractOp>([&](auto contract) { return visitContract(contract), true; })
      .Case<AttentionOp>([&](auto attention) { return visitAttention(attention), true; })
      .Case<SoftmaxOp>([&](auto softmax) { return visitSoftmax(softmax), true; })
      .Case<LayerNormOp, RMSNormOp>([&](auto norm) {
        Window window = *get(norm.getResult());
        window.axes.back() = Window::wholeAxis(norm.getX().getType().getShape().back());
        grow(norm.getResult(), window);
        want(norm->getOpOperand(0), window);
        for (OpOperand &vector : llvm::drop_begin(norm->getOpOperands()))
          want(vector, Window::whole(shapeOf(vector.get().getType())));
        return true;
      })
      .Case<GeluOp>([&](GeluOp gelu) {
        want(gelu->getOpOperand(0), *get(gelu.getResult()));
        return true;
      })
      .Case<JoinOp>([&](JoinOp join) { return visitParts(join, join.getAxis()), true; })
      .Case<TakeOp>([&](TakeOp take) {
        Window window = *get(take.getResult());
        Intervals &axis = window.axes[take.getAxis()];
        axis = shiftIntervals(axis, take.getBegin());
        want(take->getOpOperand(0), window);
        return true;
      })
      .Default([](Operation *) { return false; });
}

void Needs::visitContract(ContractOp op) {
  Window window = *get(op.getResult());
  // A matrix is shared by all entry points: its columns stay together.
  window.axes.back() = Window::wholeAxis(op.getN());
  grow(op.getResult(), window);
  Window rows = window;
  rows.axes.back() = Window::wholeAxis(op.getK());
  want(op->getOpOperand(0), rows);
  want(op->getOpOperand(1), Window::whole(op.getB().getType().getShape()));
  ArrayRef<int64_t> result = op.getResult().getType().getShape();
  for (OpOperand &extra : llvm::drop_begin(op->getOpOperands(), 2)) {
    ArrayRef<int64_t> shape = shapeOf(extra.get().getType());
    Window part = Window::whole(shape);
    for (unsigned axis = 0; axis != shape.size(); ++axis) {
      int at = int(result.size()) - int(shape.size()) + int(axis);
      if (at >= 0 && shape[axis] == result[at])
        part.axes[axis] = window.axes[at];
    }
    want(extra, part);
  }
}

void Needs::visitSoftmax(SoftmaxOp op) {
  Window window = *get(op.getResult());
  // Columns are not read whose weight is surely 0 in every row that stays. What lies before the
  // last that is read keeps its place: the order of the row's sum depends on places.
  const GridValue &grid = streams.get(op.getResult());
  unsigned last = window.axes.size() - 1;
  bool exact = true;
  for (size_t i = 0; i != grid.getCells().size() && exact; ++i) {
    SmallVector<IndexRange, 4> box = grid.getBox(i);
    bool rowKept = true;
    for (unsigned axis = 0; axis != last; ++axis)
      rowKept &= !cutInterval(window.axes[axis], box[axis]).empty();
    bool columnKept = containsAll(window.axes[last], {box[last]});
    exact = !rowKept || columnKept || grid.getCells()[i].isKnown(0);
  }
  if (!exact) {
    window.axes[last] = Window::wholeAxis(op.getX().getType().getDimSize(last));
    grow(op.getResult(), window);
  } else {
    windows[op.getResult()].axes[last] = {{0, window.axes[last].back().end}};
  }
  want(op->getOpOperand(0), window);
}

void Needs::visitParts(Operation *op, unsigned axis) {
  Window window = *get(op->getResult(0)); // a copy: want() moves the table's windows
  int64_t begin = 0;
  for (OpOperand &part : op->getOpOperands()) {
    int64_t size = shapeOf(part.get().getType())[axis];
    Window piece = window;
    piece.axes[axis] = cutInterval(window.axes[axis], {begin, begin + size});
    want(part, piece);
    begin += size;
  }
}

//===----------------------------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------------------------===//

bool Needs::visitTensor(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<arith::ConstantOp, tensor::EmptyOp>([](auto) { return true; })
      .Case<tensor::SplatOp>([&](tensor::SplatOp splat) {
        want(splat->getOpOperand(0), Window());
        return true;
      })
      .Case<tensor::ConcatOp>(
          [&](auto concat) { return visitParts(concat, concat.getDim()), true; })
      .Case<tensor::ExtractSliceOp>([&](auto slice) { return visitSlice(slice); })
      .Case<tensor::CollapseShapeOp>([&](auto reshape) { return visitCollapse(reshape), true; })
      .Case<tensor::ExpandShapeOp>([&](auto reshape) { return visitExpand(reshape), true; })
      .Case<tensor::PadOp>([&](auto pad) { return visitPad(pad); })
      .Default([](Operation *) { return false; });
}

bool Needs::visitSlice(tensor::ExtractSliceOp op) {
  if (!op.getOffsets().empty() || !op.getSizes().empty() || !op.getStrides().empty())
    return false;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Window result = *get(op.getResult()), source;
  unsigned at = 0;
  for (auto [axis, offset, size, stride] :
       llvm::enumerate(op.getStaticOffsets(), op.getStaticSizes(), op.getStaticStrides())) {
    if (dropped[axis]) {
      source.axes.push_back({{offset, offset + 1}});
      continue;
    }
    if (stride != 1) // stays as it is, on the range that it steps through
      result.axes[at] = Window::wholeAxis(size);
    source.axes.push_back(stride == 1 ? shiftIntervals(result.axes[at], offset)
                                      : Intervals{{offset, offset + (size - 1) * stride + 1}});
    ++at;
  }
  grow(op.getResult(), result);
  want(op->getOpOperand(0), source);
  return true;
}

void Needs::visitCollapse(tensor::CollapseShapeOp op) {
  ArrayRef<int64_t> shape = op.getSrcType().getShape();
  Window result = *get(op.getResult()), source = Window::whole(shape);
  for (auto [axis, group] : llvm::enumerate(op.getReassociationIndices())) {
    SmallVector<int64_t> sizes;
    for (int64_t part : group)
      sizes.push_back(shape[part]);
    SmallVector<Intervals> parts = expandIntervals(result.axes[axis], sizes);
    std::optional<Intervals> covered = collapseIntervals(parts, sizes);
    result.axes[axis] = covered ? *covered : Window::wholeAxis(op.getResultType().getDimSize(axis));
    if (covered)
      for (auto [part, intervals] : llvm::zip(group, parts))
        source.axes[part] = intervals;
  }
  grow(op.getResult(), result);
  want(op->getOpOperand(0), source);
}

void Needs::visitExpand(tensor::ExpandShapeOp op) {
  ArrayRef<int64_t> shape = op.getResultType().getShape();
  Window result = *get(op.getResult()), source = Window::whole(op.getSrcType().getShape());
  for (auto [axis, group] : llvm::enumerate(op.getReassociationIndices())) {
    SmallVector<int64_t> sizes;
    SmallVector<Intervals> parts;
    for (int64_t part : group) {
      sizes.push_back(shape[part]);
      parts.push_back(result.axes[part]);
    }
    if (std::optional<Intervals> covered = collapseIntervals(parts, sizes)) {
      source.axes[axis] = *covered;
      continue;
    }
    for (int64_t part : group)
      result.axes[part] = Window::wholeAxis(shape[part]);
  }
  grow(op.getResult(), result);
  want(op->getOpOperand(0), source);
}

bool Needs::visitPad(tensor::PadOp op) {
  if (!op.getConstantPaddingValue() || !op.getLow().empty() || !op.getHigh().empty())
    return false;
  Window result = *get(op.getResult()), source = result;
  for (auto [axis, low, high] : llvm::enumerate(op.getStaticLow(), op.getStaticHigh()))
    if (low || high) {
      result.axes[axis] = Window::wholeAxis(op.getResultType().getDimSize(axis));
      source.axes[axis] = Window::wholeAxis(op.getSourceType().getDimSize(axis));
    }
  grow(op.getResult(), result);
  want(op->getOpOperand(0), source);
  for (Value value : readValues(op))
    if (value != op.getSource())
      wantAll(value);
  return true;
}

//===----------------------------------------------------------------------------------------===//
// Linalg
//===----------------------------------------------------------------------------------------===//

/// The two factors of a body that only adds products to its accumulator.
static std::optional<std::pair<unsigned, unsigned>> findFactors(linalg::LinalgOp op) {
  Block &body = *op.getBlock();
  if (op.getNumDpsInputs() < 2 || op.getNumDpsInits() != 1)
    return std::nullopt;
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return std::nullopt;
  Value accumulator = body.getArguments().back();
  Value other = sum.getLhs() == accumulator ? sum.getRhs() : sum.getLhs();
  auto product = other.getDefiningOp<arith::MulFOp>();
  if (!product || (sum.getLhs() != accumulator && sum.getRhs() != accumulator))
    return std::nullopt;
  auto a = dyn_cast<BlockArgument>(product.getLhs()), b = dyn_cast<BlockArgument>(product.getRhs());
  if (!a || !b || a == accumulator || b == accumulator)
    return std::nullopt;
  return std::pair(a.getArgNumber(), b.getArgNumber());
}

/// Loops add one product after the other, so that the sum of those that are left keeps its bits.
Intervals Needs::liveReduction(linalg::LinalgOp op, unsigned loop,
                               ArrayRef<Intervals> loops) const {
  Intervals all = Window::wholeAxis(op.getStaticLoopRanges()[loop]);
  auto factors = findFactors(op);
  if (!factors)
    return all;
  for (unsigned number : {factors->first, factors->second}) {
    unsigned other = number == factors->first ? factors->second : factors->first;
    // 0 · NaN is NaN: then the product is not nothing.
    if (llvm::any_of(streams.get(op->getOperand(other)).getCells(),
                     [](const Cell &cell) { return cell.mayBeNonFinite(); }))
      continue;
    AffineMap map = op.getIndexingMapsArray()[number];
    std::optional<unsigned> axis = map.getResultPosition(getAffineDimExpr(loop, op.getContext()));
    if (!axis || !map.isProjectedPermutation())
      continue;
    const GridValue &grid = streams.get(op->getOperand(number));
    Intervals live;
    for (size_t i = 0; i != grid.getCells().size(); ++i) {
      if (grid.getCells()[i].isKnown(0))
        continue;
      SmallVector<IndexRange, 4> box = grid.getBox(i);
      bool kept = true;
      for (auto [a, expr] : llvm::enumerate(map.getResults()))
        if (unsigned d = cast<AffineDimExpr>(expr).getPosition(); a != *axis && !loops[d].empty())
          kept &= !cutInterval(loops[d], box[a]).empty();
      if (kept)
        live = uniteIntervals(live, {box[*axis]});
    }
    if (!live.empty() && countOf(live) < countOf(all))
      return live;
  }
  return all;
}

void Needs::visitLinalg(linalg::LinalgOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  SmallVector<Intervals> loops(sizes.size());
  ArrayRef<AffineMap> outs = ArrayRef(maps).take_back(op.getNumDpsInits());
  for (auto [result, map] : llvm::zip(op->getResults(), outs))
    if (const Window *window = get(result))
      for (auto [axis, expr] : llvm::enumerate(map.getResults()))
        if (auto dim = dyn_cast<AffineDimExpr>(expr))
          loops[dim.getPosition()] = uniteIntervals(loops[dim.getPosition()], window->axes[axis]);
  // Loops that a sum of loops or the body counts stay whole.
  SmallVector<bool> whole(sizes.size(), false);
  for (AffineMap map : maps)
    for (AffineExpr expr : map.getResults())
      if (!isa<AffineDimExpr, AffineConstantExpr>(expr))
        for (unsigned d = 0; d != sizes.size(); ++d)
          whole[d] = whole[d] || expr.isFunctionOfDim(d);
  op.getBlock()->walk([&](linalg::IndexOp index) { whole[index.getDim()] = true; });
  for (unsigned d = 0; d != sizes.size(); ++d)
    if (whole[d])
      loops[d] = Window::wholeAxis(sizes[d]);
  for (unsigned d = 0; d != sizes.size(); ++d)
    if (loops[d].empty())
      loops[d] = iterators[d] == utils::IteratorType::parallel ? Window::wholeAxis(sizes[d])
                                                               : liveReduction(op, d, loops);
  for (OpOperand &operand : op->getOpOperands()) {
    ArrayRef<int64_t> shape = shapeOf(operand.get().getType());
    Window window = Window::whole(shape);
    for (auto [axis, expr] : llvm::enumerate(maps[operand.getOperandNumber()].getResults())) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && shape[axis] == sizes[dim.getPosition()])
        window.axes[axis] = loops[dim.getPosition()];
      else if (auto constant = dyn_cast<AffineConstantExpr>(expr); constant && !constant.getValue())
        window.axes[axis] = {{0, 1}};
    }
    want(operand, window);
    if (op.isDpsInit(&operand) && op->getNumResults())
      grow(op.getTiedOpResult(&operand), window);
  }
  for (Value value : readValues(op))
    if (!llvm::is_contained(op->getOperands(), value))
      wantAll(value);
}

//===- FormLoops.cpp - Element-wise work and reductions as kernels ----------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/KernelFormer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace zorro;

/// Adds `scale`·expr to the window: constants move it, loop dims step through it. Fails on
/// expressions that are not linear.
static LogicalResult addLinear(AffineExpr expr, int64_t scale, StridedView &window) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    window.offset += scale * constant.getValue();
    return success();
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    window.strides[dim.getPosition()] += scale;
    return success();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return failure();
  if (binary.getKind() == AffineExprKind::Add)
    return success(succeeded(addLinear(binary.getLHS(), scale, window)) &&
                   succeeded(addLinear(binary.getRHS(), scale, window)));
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() != AffineExprKind::Mul || !factor)
    return failure();
  return addLinear(binary.getLHS(), scale * factor.getValue(), window);
}

/// The window through which a loop nest of `loops` steps reads `source` by `map`.
static FailureOr<StridedView> throughMap(const StridedView &source, AffineMap map,
                                         ArrayRef<int64_t> loops) {
  StridedView window{source.storage, source.offset, SmallVector<int64_t>(loops),
                     SmallVector<int64_t>(loops.size(), 0)};
  for (auto [expr, stride] : llvm::zip(map.getResults(), source.strides))
    if (failed(addLinear(expr, stride, window)))
      return failure();
  return window;
}

/// The value a reduction starts from: a fill of its destination with a constant.
static TypedAttr initialValue(linalg::GenericOp op) {
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  TypedAttr value;
  if (fill && matchPattern(fill.getInputs()[0], m_Constant(&value)))
    return value;
  DenseElementsAttr splat;
  if (matchPattern(op.getDpsInits()[0], m_Constant(&splat)) && splat.isSplat())
    return cast<TypedAttr>(splat.getSplatValue<Attribute>());
  return {};
}

/// Whether the body yields its first input unchanged: the operation only rearranges.
static bool onlyMoves(linalg::GenericOp op) {
  auto yield = cast<linalg::YieldOp>(op.getBody()->getTerminator());
  return op.getNumDpsInputs() == 1 && yield.getValues().front() == op.getBody()->getArgument(0);
}

/// A short name for what a loop body does: its operations, at most four.
static std::string bodyName(linalg::GenericOp op) {
  SmallVector<StringRef> names;
  for (Operation &inner : op.getBody()->without_terminator())
    if (!isa<arith::ConstantOp>(inner) &&
        !llvm::is_contained(names, inner.getName().stripDialect()))
      names.push_back(inner.getName().stripDialect());
  if (names.size() > 4)
    names.resize(4);
  return names.empty() ? "const" : llvm::join(names, "_");
}

LogicalResult KernelFormer::visitGeneric(linalg::GenericOp op) {
  Location loc = op.getLoc();
  if (op->getNumResults() != 1)
    return op.emitOpError() << "unsupported: expected one result but got " << op->getNumResults();
  bool reduces = op.getNumReductionLoops() != 0;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  auto type = cast<RankedTensorType>(op.getResultTypes()[0]);
  TypedAttr init = reduces ? initialValue(op) : TypedAttr();
  if (reduces && !init)
    return op.emitOpError() << "unsupported: expected a reduction that starts from a constant";
  if (!reduces && !op.getRegionOutputArgs().front().use_empty())
    return op.emitOpError() << "unsupported: expected a body that does not read its destination";

  // Every operand as a window over the loop nest; the destination last.
  SmallVector<StridedView> windows;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    auto window = throughMap(viewOf(operand->get()), op.getMatchingIndexingMap(operand), sizes);
    if (failed(window))
      return op.emitOpError() << "unsupported: expected linear index maps but got "
                              << AffineMapAttr::get(op.getMatchingIndexingMap(operand));
    windows.push_back(*window);
  }
  AffineMap resultMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!reduces && onlyMoves(op) && resultMap.isPermutation()) {
    StridedView moved{windows[0].storage, windows[0].offset, {}, {}};
    for (AffineExpr expr : resultMap.getResults()) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      moved.sizes.push_back(sizes[loop]);
      moved.strides.push_back(windows[0].strides[loop]);
    }
    views[op->getResult(0)] = moved;
    return success();
  }
  StridedView shape{Value(), 0, SmallVector<int64_t>(type.getShape()),
                    computeStrides(type.getShape())};
  auto out = throughMap(shape, resultMap, sizes);
  if (failed(out) || out->offset != 0)
    return op.emitOpError() << "unsupported: expected a linear result map but got "
                            << AffineMapAttr::get(resultMap);

  // Tensors that the body reads at computed places.
  SmallVector<Value> gathered;
  bool indexed = false;
  for (Operation &inner : op.getBody()->without_terminator()) {
    indexed |= isa<linalg::IndexOp>(inner);
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
      if (!llvm::is_contained(gathered, extract.getTensor()))
        gathered.push_back(extract.getTensor());
  }

  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  SmallVector<SmallVector<int64_t>> strides;
  for (const StridedView &window : windows)
    strides.push_back(window.strides);
  strides.push_back(out->strides);
  if (sizes.empty()) { // no axis at all: one step of one loop
    sizes = {1};
    iterators = {utils::IteratorType::parallel};
    for (SmallVector<int64_t> &s : strides)
      s = {1};
  } else if (!indexed) {
    coalesceLoops(
        sizes, strides, [&](unsigned i) { return iterators[i] == iterators[i + 1]; },
        [&](unsigned i) { iterators.erase(iterators.begin() + i); });
    if (reduces && !llvm::is_contained(iterators, utils::IteratorType::parallel)) {
      sizes.insert(sizes.begin(), 1);
      iterators.insert(iterators.begin(), utils::IteratorType::parallel);
      for (SmallVector<int64_t> &s : strides)
        s.insert(s.begin(), 0);
    }
  }

  SmallVector<Value> inputs;
  SmallVector<Type> types;
  for (auto [window, stride, operand] : llvm::zip(windows, strides, op.getDpsInputs())) {
    inputs.push_back(operandFor({window.storage, window.offset, sizes, stride}, loc));
    types.push_back(kernelType(sizes.size(), getElementTypeOrSelf(operand)));
  }
  for (Value tensor : gathered) {
    StridedView view = contiguous(viewOf(tensor), loc);
    inputs.push_back(operandFor(view, loc));
    types.push_back(kernelType(view.getRank(), getElementTypeOrSelf(tensor)));
  }
  // The destination: the parallel loops' axes, in order.
  SmallVector<AffineExpr> parallel;
  Target target{emptyLike(type, loc), {}, 0, {}};
  for (auto [i, iterator] : llvm::enumerate(iterators)) {
    if (iterator != utils::IteratorType::parallel)
      continue;
    parallel.push_back(builder.getAffineDimExpr(i));
    target.shape.push_back(sizes[i]);
    target.strides.push_back(strides.back()[i]);
  }
  types.push_back(kernelType(parallel.size(), type.getElementType()));

  auto build = [&](OpBuilder &b, ValueRange args) -> Value {
    Value dest = args.back();
    if (reduces) {
      Value start = arith::ConstantOp::create(b, loc, init);
      dest = linalg::FillOp::create(b, loc, start, dest).getResult(0);
    }
    ValueRange ins = args.take_front(windows.size());
    SmallVector<AffineMap> maps(windows.size(), b.getMultiDimIdentityMap(sizes.size()));
    maps.push_back(AffineMap::get(sizes.size(), 0, parallel, b.getContext()));
    auto inner =
        linalg::GenericOp::create(b, loc, args.back().getType(), ins, dest, maps, iterators);
    IRMapping map;
    map.map(gathered, args.drop_back().drop_front(windows.size()));
    op.getRegion().cloneInto(&inner.getRegion(), map);
    return inner.getResult(0);
  };
  KernelKind kind = reduces ? KernelKind::Reduce : KernelKind::Map;
  std::string name = (Twine(stringifyKernelKind(kind)) + "_" + bodyName(op)).str();
  KernelOp kernel = table.get(loc, kind, name,
                              reduces ? "values are summed up over some axes"
                                      : "element-wise work that no contraction feeds",
                              types, build);
  views[op->getResult(0)] = StridedView::whole(call(kernel, inputs, target, loc));
  return success();
}

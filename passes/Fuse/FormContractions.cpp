//===- FormContractions.cpp - Contractions, attention, rows as kernels -----------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/KernelFormer.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace zorro;

bool KernelFormer::goesIntoContractions(Operation *norm) const {
  return fuseNorms && !norm->use_empty() && llvm::all_of(norm->getUses(), [](OpOperand &use) {
    auto contract = dyn_cast<ContractOp>(use.getOwner());
    return contract && contract.getA() == use.get() &&
           !llvm::is_contained(contract.getExtras(), use.get());
  });
}

/// The window of an epilogue operand seen under all axes of the result: the axes it lacks have
/// stride 0.
static StridedView broadcastTo(StridedView view, ArrayRef<int64_t> shape) {
  StridedView wide{view.storage, view.offset, SmallVector<int64_t>(shape),
                   SmallVector<int64_t>(shape.size(), 0)};
  for (unsigned i = 0; i < view.getRank(); ++i) {
    unsigned from = view.getRank() - 1 - i;
    if (view.sizes[from] != 1 && i < shape.size())
      wide.strides[shape.size() - 1 - i] = view.strides[from];
  }
  return wide;
}

StridedView KernelFormer::rowsOf(const StridedView &view, unsigned split, Location loc) {
  if (auto rows = view.asRows(split))
    return *rows;
  return *materialise(view, loc).asRows(split);
}

/// The first split of the leading axes under which no window has to be copied; the first axis
/// alone where there is none.
static unsigned chooseSplit(ArrayRef<StridedView> windows) {
  unsigned leading = windows.front().getRank() - 1;
  for (unsigned split = 0; split <= leading; ++split)
    if (llvm::all_of(windows, [&](const StridedView &w) { return w.asRows(split).has_value(); }))
      return split;
  return std::min(leading, 1u);
}

/// "bias, gelu and residual" of an epilogue, for the kernel's name and its reason.
static SmallVector<StringRef> describeEpilogue(ContractOp op) {
  SmallVector<StringRef> parts;
  for (Value extra : op.getExtras())
    parts.push_back(cast<RankedTensorType>(extra.getType()).getNumElements() == op.getN()
                        ? "bias"
                        : "add");
  if (!op.getEpilogue().empty())
    for (Operation &inner : op.getEpilogue().front().without_terminator())
      if (isa<GeluOp>(inner))
        parts.push_back("gelu");
  return parts;
}

LogicalResult KernelFormer::visitContract(ContractOp op) {
  Location loc = op.getLoc();
  Operation *norm = op.getA().getDefiningOp();
  if (norm && (!isa<LayerNormOp, RMSNormOp>(norm) || !goesIntoContractions(norm)))
    norm = nullptr;
  if (!viewOf(op.getB()).storage.getDefiningOp<WeightRefOp>() || !viewOf(op.getB()).isWhole())
    return op.emitOpError() << "unsupported: expected a weight as the matrix";

  // Every window by rows, under one split of the leading axes.
  RankedTensorType result = op.getType();
  SmallVector<StridedView> windows{viewOf(norm ? norm->getOperand(0) : op.getA())};
  for (Value extra : op.getExtras())
    windows.push_back(broadcastTo(viewOf(extra), result.getShape()));
  windows.push_back({Value(), 0, SmallVector<int64_t>(result.getShape()),
                     computeStrides(result.getShape())});
  unsigned split = chooseSplit(windows);
  StridedView out = *windows.pop_back_val().asRows(split);
  for (StridedView &window : windows)
    window = rowsOf(window, split, loc);

  SmallVector<Value> inputs{operandFor(windows.front(), loc)};
  SmallVector<Type> types{kernelType(3, op.getA().getType().getElementType(), op.getK())};
  for (Value vector : norm ? norm->getOperands().drop_front() : ValueRange()) {
    inputs.push_back(operandFor(contiguous(viewOf(vector), loc), loc));
    types.push_back(vector.getType());
  }
  inputs.push_back(viewOf(op.getB()).storage);
  types.push_back(op.getB().getType());
  for (auto [window, extra] : llvm::zip(ArrayRef(windows).drop_front(), op.getExtras())) {
    inputs.push_back(operandFor(window, loc));
    types.push_back(kernelType(3, getElementTypeOrSelf(extra), op.getN()));
  }

  auto build = [&](OpBuilder &b, ValueRange args) -> Value {
    Value a = args.front();
    args = args.drop_front();
    if (norm) {
      IRMapping map;
      map.map(norm->getOperand(0), a);
      map.map(norm->getOperands().drop_front(), args.take_front(norm->getNumOperands() - 1));
      args = args.drop_front(norm->getNumOperands() - 1);
      Operation *inside = b.clone(*norm, map);
      inside->getResult(0).setType(cast<RankedTensorType>(a.getType()));
      a = inside->getResult(0);
    }
    auto inner = ContractOp::create(b, loc, kernelType(3, result.getElementType(), op.getN()), a,
                                    args.front(), args.drop_front());
    IRMapping map;
    op.getEpilogue().cloneInto(&inner.getEpilogue(), map);
    return inner;
  };

  SmallVector<StringRef> parts = describeEpilogue(op);
  std::string name = "contract_" + std::to_string(op.getK()) + "x" + std::to_string(op.getN());
  std::string because = norm ? "normalised rows feed the contraction" : "rows times a weight";
  if (norm)
    name += "_norm";
  for (StringRef part : parts)
    name += ("_" + part).str();
  if (!parts.empty())
    because += "; its epilogue: " + llvm::join(parts, ", ");
  KernelOp kernel = table.get(loc, KernelKind::Contract, name, because, types, build);
  Target target{emptyLike(result, loc), out.sizes, 0, out.strides};
  views[op] = StridedView::whole(call(kernel, inputs, target, loc));
  return success();
}

LogicalResult KernelFormer::visitAttention(AttentionOp op) {
  Location loc = op.getLoc();
  SmallVector<Value> inputs;
  SmallVector<Type> types;
  for (Value value : {op.getQ(), op.getK(), op.getV()}) {
    StridedView view = viewOf(value);
    if (view.strides.back() != 1 && view.sizes.back() != 1)
      view = materialise(view, loc);
    inputs.push_back(operandFor(view, loc));
    types.push_back(kernelType(4, getElementTypeOrSelf(value), view.sizes.back()));
  }
  if (Value padding = op.getPadding()) {
    StridedView view = viewOf(padding);
    if (view.strides.back() != 1 && view.sizes.back() != 1)
      view = materialise(view, loc);
    inputs.push_back(operandFor(view, loc));
    types.push_back(kernelType(2, getElementTypeOrSelf(padding)));
  }
  RankedTensorType type = op.getType();
  RankedTensorType inner = kernelType(4, type.getElementType(), type.getShape().back());
  auto build = [&](OpBuilder &b, ValueRange args) -> Value {
    return AttentionOp::create(b, loc, inner, args[0], args[1], args[2],
                               args.size() > 3 ? args[3] : Value(), MaskAttr(),
                               b.getF32FloatAttr(1.0f));
  };
  std::string name = "attention_" + std::to_string(type.getShape().back());
  if (op.getPadding())
    name += "_padding";
  KernelOp kernel = table.get(loc, KernelKind::Attention, name,
                              "masked softmax between two products; no score reaches memory",
                              types, build);

  // In memory the heads of a token lie side by side, as the next contraction reads them.
  SmallVector<int64_t> perm{0, 2, 1, 3};
  auto storage = type.clone(applyPermutation(type.getShape(), perm));
  SmallVector<int64_t> strides = applyPermutation(computeStrides(storage.getShape()), perm);
  Target target{emptyLike(storage, loc), SmallVector<int64_t>(type.getShape()), 0, strides};
  Value written = call(kernel, inputs, target, loc, op.getMaskAttr(), op.getScaleAttr());
  views[op] = StridedView::whole(written).transpose(perm);
  return success();
}

LogicalResult KernelFormer::visitRow(Operation *op) {
  if (isa<LayerNormOp, RMSNormOp>(op) && goesIntoContractions(op))
    return success(); // it goes into them
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  StridedView source = viewOf(op->getOperand(0));
  if (source.getRank() == 0)
    return op->emitOpError() << "unsupported: expected at least one axis";
  unsigned split = chooseSplit(source);
  StridedView rows = rowsOf(source, split, loc);
  SmallVector<Value> inputs{operandFor(rows, loc)};
  SmallVector<Type> types{kernelType(3, type.getElementType(), type.getShape().back())};
  for (Value vector : op->getOperands().drop_front()) {
    inputs.push_back(operandFor(contiguous(viewOf(vector), loc), loc));
    types.push_back(vector.getType());
  }
  auto build = [&](OpBuilder &b, ValueRange args) -> Value {
    IRMapping map;
    map.map(op->getOperands(), args);
    Operation *inner = b.clone(*op, map);
    inner->getResult(0).setType(cast<RankedTensorType>(types.front()));
    return inner->getResult(0);
  };
  std::string name = (op->getName().stripDialect() + "_" + Twine(type.getShape().back())).str();
  KernelOp kernel = table.get(loc, KernelKind::Row, name, "a row is read twice while it is near",
                              types, build);
  Target target = fresh(type, rows.sizes, loc);
  views[op->getResult(0)] = StridedView::whole(call(kernel, inputs, target, loc));
  return success();
}

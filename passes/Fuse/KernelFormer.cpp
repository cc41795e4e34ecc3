//===- KernelFormer.cpp - Windows, copies, and the walk ---------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/KernelFormer.h"

#include "passes/Analysis/StreamLabel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace zorro;

RankedTensorType zorro::kernelType(unsigned rank, Type element, int64_t last) {
  SmallVector<int64_t> shape(rank, ShapedType::kDynamic);
  if (rank)
    shape.back() = last;
  return RankedTensorType::get(shape, element);
}

KernelFormer::KernelFormer(func::FuncOp func, KernelTable &table, bool fuseNorms)
    : func(func), table(table), fuseNorms(fuseNorms), builder(func.getContext()) {}

LogicalResult KernelFormer::run() {
  if (!func.getBody().hasOneBlock())
    return func.emitOpError() << "expected a function of one block";
  for (BlockArgument arg : func.getArguments())
    views[arg] = StridedView::whole(arg);
  SmallVector<std::pair<Operation *, StringAttr>> ops;
  StreamDependence dependence(func);
  for (Operation &op : func.getBody().front())
    ops.push_back({&op, labelStreams(dependence, &op)});
  for (auto [op, label] : ops) {
    builder.setInsertionPoint(op);
    streams = label;
    if (failed(visit(op)))
      return failure();
  }
  for (Operation *op : llvm::reverse(dead))
    op->erase();
  return success();
}

StridedView &KernelFormer::viewOf(Value value) {
  auto it = views.find(value);
  assert(it != views.end() && "operands are visited before their users");
  return it->second;
}

//===----------------------------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------------------------===//

LogicalResult KernelFormer::visit(Operation *op) {
  if (!isa<WeightRefOp, tensor::EmptyOp, func::ReturnOp>(op))
    dead.push_back(op);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<WeightRefOp, tensor::EmptyOp>([&](Operation *source) {
        views[source->getResult(0)] = StridedView::whole(source->getResult(0));
        return success();
      })
      .Case([&](arith::ConstantOp constant) {
        auto value = dyn_cast<ElementsAttr>(constant.getValue());
        return value ? visitConstant(op, value) : success();
      })
      .Case([&](linalg::FillOp fill) {
        // A fill is read by the reduction that starts from it; others get their value here.
        if (llvm::all_of(fill->getUsers(), llvm::IsaPred<linalg::GenericOp>))
          return success();
        TypedAttr value;
        if (!matchPattern(fill.getInputs()[0], m_Constant(&value)))
          return LogicalResult(fill.emitOpError() << "unsupported: a fill with a computed value");
        auto type = cast<RankedTensorType>(fill.getResultTypes()[0]);
        views[fill->getResult(0)] = StridedView::whole(fillTensor(type, value, op->getLoc()));
        return success();
      })
      .Case([&](tensor::ExpandShapeOp expand) {
        views[expand] = viewOf(expand.getSrc())
                            .expand(expand.getReassociationIndices(),
                                    expand.getResultType().getShape());
        return success();
      })
      .Case([&](tensor::CollapseShapeOp collapse) {
        StridedView source = viewOf(collapse.getSrc());
        auto merged = source.collapse(collapse.getReassociationIndices());
        if (!merged)
          merged = materialise(source, op->getLoc()).collapse(collapse.getReassociationIndices());
        views[collapse] = *merged;
        return success();
      })
      .Case([&](linalg::TransposeOp transpose) {
        views[transpose->getResult(0)] =
            viewOf(transpose.getInput()).transpose(transpose.getPermutation());
        return success();
      })
      .Case([&](tensor::ExtractSliceOp slice) {
        if (slice.getType().getRank() != slice.getSourceType().getRank() ||
            !slice.getOffsets().empty() || !slice.getSizes().empty() || !slice.getStrides().empty())
          return LogicalResult(slice.emitOpError()
                               << "unsupported: expected a static slice that keeps its rank");
        views[slice] = viewOf(slice.getSource())
                           .slice(slice.getStaticOffsets(), slice.getStaticSizes(),
                                  slice.getStaticStrides());
        return success();
      })
      .Case([&](TakeOp take) {
        StridedView &source = viewOf(take.getSource());
        SmallVector<int64_t> offsets(source.getRank(), 0), steps(source.getRank(), 1);
        offsets[take.getAxis()] = take.getBegin();
        views[take] = source.slice(offsets, cast<ShapedType>(take.getType()).getShape(), steps);
        return success();
      })
      .Case([&](JoinOp join) { return visitConcat(op, join.getParts(), join.getAxis()); })
      .Case([&](tensor::ConcatOp concat) {
        return visitConcat(op, concat.getInputs(), concat.getDim());
      })
      .Case([&](tensor::PadOp pad) { return visitPad(pad); })
      .Case([&](ContractOp contract) { return visitContract(contract); })
      .Case([&](AttentionOp attention) { return visitAttention(attention); })
      .Case<LayerNormOp, RMSNormOp, SoftmaxOp>([&](Operation *row) { return visitRow(row); })
      .Case([&](linalg::GenericOp generic) { return visitGeneric(generic); })
      .Case([&](func::ReturnOp ret) { return visitReturn(ret); })
      .Default([](Operation *other) {
        return other->emitOpError() << "unsupported: no kernel computes it";
      });
}

/// A constant tensor is a weight without a file; one value everywhere is one element.
LogicalResult KernelFormer::visitConstant(Operation *op, ElementsAttr value) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return op->emitOpError() << "unsupported: expected a dense constant but got " << value;
  RankedTensorType stored = type;
  if (dense.isSplat() && type.getNumElements() > 1) {
    stored = type.clone({1});
    dense = DenseElementsAttr::get(stored, dense.getSplatValue<Attribute>());
  }
  auto module = func->getParentOfType<ModuleOp>();
  // It keeps the name that it has in the graph; equal constants of two functions are one.
  std::string base = "constant";
  if (auto named = dyn_cast<NameLoc>(op->getLoc()))
    base = named.getName().str();
  std::string name = base;
  for (unsigned i = 1;; name = (base + "_" + Twine(i++)).str()) {
    Operation *known = SymbolTable::lookupSymbolIn(module, name);
    if (auto weight = dyn_cast_or_null<WeightOp>(known); weight && weight.getValueAttr() == dense)
      break;
    if (known)
      continue;
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    int64_t bytes = stored.getNumElements() * llvm::divideCeil(stored.getElementTypeBitWidth(), 8u);
    WeightOp::create(top, op->getLoc(), name, stored, /*file=*/"", /*offset=*/0, bytes, stored,
                     /*hash=*/"", /*fills=*/false, dense, /*recipe=*/ArrayAttr());
    break;
  }
  Value ref = WeightRefOp::create(builder, op->getLoc(), stored, name);
  StridedView view = StridedView::whole(ref);
  if (stored != type) {
    view.sizes.assign(type.getShape().begin(), type.getShape().end());
    view.strides.assign(type.getRank(), 0);
  }
  views[op->getResult(0)] = view;
  return success();
}

LogicalResult KernelFormer::visitConcat(Operation *op, ValueRange parts, int64_t axis) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  Value into = emptyLike(type, op->getLoc());
  int64_t begin = 0;
  for (Value part : parts) {
    into = copyInto(viewOf(part), into, begin * strides[axis], strides, op->getLoc());
    begin += cast<RankedTensorType>(part.getType()).getDimSize(axis);
  }
  views[op->getResult(0)] = StridedView::whole(into);
  return success();
}

LogicalResult KernelFormer::visitPad(tensor::PadOp pad) {
  TypedAttr value;
  Value padding = pad.getConstantPaddingValue();
  bool isStatic = pad.getLow().empty() && pad.getHigh().empty();
  if (!padding || !matchPattern(padding, m_Constant(&value)) || !isStatic)
    return pad.emitOpError() << "unsupported: expected static padding with a constant";
  auto type = cast<RankedTensorType>(pad.getType());
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  int64_t offset = 0;
  for (auto [low, stride] : llvm::zip(pad.getStaticLow(), strides))
    offset += low * stride;
  Value filled = fillTensor(type, value, pad.getLoc());
  views[pad] = StridedView::whole(
      copyInto(viewOf(pad.getSource()), filled, offset, strides, pad.getLoc()));
  return success();
}

/// What is returned must be a tensor of its own, written by a call, once.
LogicalResult KernelFormer::visitReturn(func::ReturnOp op) {
  SmallPtrSet<Operation *, 8> returned;
  std::vector<std::pair<StridedView, StridedView>> copied; // what, and its latest copy
  for (OpOperand &operand : op->getOpOperands()) {
    StridedView view = viewOf(operand.get());
    auto producer = view.storage.getDefiningOp<CallOp>();
    bool own = producer && view.isWhole() && view.storage.getType() == operand.get().getType() &&
               returned.insert(producer).second;
    if (own) {
      operand.set(view.storage);
      continue;
    }
    // Two copies of one value would be merged again: the second one copies the first.
    auto known = llvm::find_if(copied, [&](const auto &pair) {
      const StridedView &other = pair.first;
      return other.storage == view.storage && other.offset == view.offset &&
             other.sizes == view.sizes && other.strides == view.strides;
    });
    StridedView copy = materialise(known == copied.end() ? view : known->second, op.getLoc());
    if (known == copied.end())
      copied.push_back({view, copy});
    else
      known->second = copy;
    operand.set(copy.storage);
  }
  return success();
}

//===----------------------------------------------------------------------------------------===//
// Windows and copies
//===----------------------------------------------------------------------------------------===//

Value KernelFormer::operandFor(const StridedView &view, Location loc) {
  if (view.isWhole())
    return view.storage;
  auto type = cast<RankedTensorType>(view.storage.getType()).clone(view.sizes);
  return ViewOp::create(builder, loc, type, view.storage, view.offset, view.strides);
}

Value KernelFormer::emptyLike(RankedTensorType type, Location loc) {
  return tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
}

KernelFormer::Target KernelFormer::fresh(RankedTensorType type, ArrayRef<int64_t> shape,
                                         Location loc) {
  return {emptyLike(type, loc), SmallVector<int64_t>(shape), 0, computeStrides(shape)};
}

Value KernelFormer::call(KernelOp kernel, ValueRange inputs, const Target &target, Location loc,
                         MaskAttr mask, FloatAttr scale) {
  ++calls;
  auto type = cast<RankedTensorType>(target.into.getType());
  auto made = CallOp::create(builder, loc, type, kernel.getSymName(), inputs, target.into,
                             type.clone(target.shape), target.offset, target.strides, mask, scale);
  if (streams)
    made->setAttr(kStreamsAttr, streams);
  return made;
}

/// A copy is named as such: a linalg.generic of that meaning would be folded away.
static Value buildCopy(OpBuilder &b, Location loc, ValueRange args) {
  return linalg::CopyOp::create(b, loc, args[1].getType(), args[0], args[1]).getResult(0);
}

static Value buildFill(OpBuilder &b, Location loc, Value into, TypedAttr constant) {
  auto type = cast<RankedTensorType>(into.getType());
  AffineMap id = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, type, ValueRange(), into, id, loops,
                                   [&](OpBuilder &inner, Location l, ValueRange) {
                                     Value value = arith::ConstantOp::create(inner, l, constant);
                                     linalg::YieldOp::create(inner, l, value);
                                   })
      .getResult(0);
}

Value KernelFormer::copyInto(const StridedView &view, Value into, int64_t offset,
                             ArrayRef<int64_t> strides, Location loc) {
  ++copies;
  SmallVector<int64_t> sizes = view.sizes;
  SmallVector<int64_t> loops[] = {view.strides, SmallVector<int64_t>(strides)};
  if (sizes.empty()) { // a single value is one step of one loop
    sizes = {1};
    loops[0] = loops[1] = {1};
  }
  coalesceLoops(sizes, loops, [](unsigned) { return true; }, [](unsigned) {});
  Type element = getElementTypeOrSelf(into);
  RankedTensorType type = kernelType(sizes.size(), element);
  std::string name = "copy_" + std::to_string(sizes.size()) + "d";
  KernelOp kernel =
      table.get(loc, KernelKind::Move, name, "a reader or a joined sequence needs this order",
                {type, type},
                [&](OpBuilder &b, ValueRange args) { return buildCopy(b, loc, args); });
  Value source = operandFor({view.storage, view.offset, sizes, loops[0]}, loc);
  return call(kernel, source, {into, sizes, offset, loops[1]}, loc);
}

StridedView KernelFormer::materialise(const StridedView &view, Location loc) {
  auto type = cast<RankedTensorType>(view.storage.getType()).clone(view.sizes);
  return StridedView::whole(
      copyInto(view, emptyLike(type, loc), 0, computeStrides(view.sizes), loc));
}

StridedView KernelFormer::contiguous(const StridedView &view, Location loc) {
  for (auto [size, stride, dense] :
       llvm::zip(view.sizes, view.strides, computeStrides(view.sizes)))
    if (size != 1 && stride != dense)
      return materialise(view, loc);
  return view;
}

Value KernelFormer::fillTensor(RankedTensorType type, TypedAttr value, Location loc) {
  RankedTensorType flat = kernelType(1, type.getElementType());
  KernelOp kernel =
      table.get(loc, KernelKind::Move, "fill", "a constant is needed as a tensor", flat,
                [&](OpBuilder &b, ValueRange args) { return buildFill(b, loc, args[0], value); });
  return call(kernel, {}, {emptyLike(type, loc), {type.getNumElements()}, 0, {1}}, loc);
}

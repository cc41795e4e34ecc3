//===- Narrow.cpp - Build the function that the kept outputs need -----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Specialise/Narrow.h"

#include "passes/Analysis/Reasons.h"
#include "passes/Analysis/Rules.h"
#include "passes/Specialise/CutMask.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace zorro;

namespace {
class Narrower {
public:
  Narrower(const StreamDependence &streams, ArrayRef<unsigned> outputs, uint64_t foreign,
           bool wholeSignature, NarrowCounts &counts)
      : streams(streams), needs(streams, outputs), source(streams.getFunction()),
        builder(source), outputs(outputs), foreign(foreign), wholeSignature(wholeSignature),
        counts(counts) {}

  func::FuncOp run(StringRef name);

private:
  void emit(Operation *op);
  Value emitAttention(AttentionOp op);
  Value emitJoin(JoinOp op);
  Value emitConcat(tensor::ConcatOp op);
  Value emitTake(TakeOp op);
  Value emitSlice(tensor::ExtractSliceOp op);
  Value emitConstant(arith::ConstantOp op);
  Value emitSoftmax(SoftmaxOp op);
  Value emitWeight(WeightRefOp op);
  Value emitClone(Operation *op);

  RankedTensorType narrowType(Value value) {
    return cast<RankedTensorType>(value.getType()).clone(needs.get(value)->getShape());
  }
  /// What the operation wants of an operand, cut out of what is kept of it.
  Value operand(OpOperand &use) {
    return fit(use.get(), *needs.getWanted(use), use.getOwner()->getLoc());
  }
  Value fit(Value old, const Window &want, Location loc);
  /// Cuts `want` out of `value`, which holds `have`.
  Value cut(Value value, const Window &have, const Window &want, Location loc);

  const StreamDependence &streams;
  Needs needs;
  func::FuncOp source;
  OpBuilder builder;
  ArrayRef<unsigned> outputs;
  uint64_t foreign;
  bool wholeSignature;
  NarrowCounts &counts;
  IRMapping mapping;
};
} // namespace

//===----------------------------------------------------------------------------------------===//
// Cutting
//===----------------------------------------------------------------------------------------===//

Value Narrower::fit(Value old, const Window &want, Location loc) {
  return cut(mapping.lookup(old), *needs.get(old), want, loc);
}

/// A smaller tensor of the same number everywhere: a destination that several loops share keeps
/// being a fill. Null where `value` is nothing of the kind.
static Value shrinkUniform(OpBuilder &builder, Value value, ArrayRef<int64_t> shape, Location loc) {
  auto type = cast<RankedTensorType>(value.getType()).clone(shape);
  if (value.getDefiningOp<tensor::EmptyOp>())
    return tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
  DenseElementsAttr dense;
  if (matchPattern(value, m_Constant(&dense)) && dense.isSplat())
    return arith::ConstantOp::create(builder, loc, dense.resizeSplat(type));
  auto fill = value.getDefiningOp<linalg::FillOp>();
  if (!fill)
    return {};
  Value empty = tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
  return linalg::FillOp::create(builder, loc, fill.getInputs()[0], empty).getResult(0);
}

Value Narrower::cut(Value value, const Window &have, const Window &want, Location loc) {
  if (have != want)
    if (Value small = shrinkUniform(builder, value, want.getShape(), loc))
      return small;
  for (unsigned axis = 0; axis != want.axes.size(); ++axis) {
    if (have.axes[axis] == want.axes[axis])
      continue;
    SmallVector<Value> pieces;
    Intervals ranges = positionsIn(have.axes[axis], want.axes[axis]);
    if (ranges.empty() && shapeOf(value.getType())[axis] == 0)
      continue; // nothing of nothing
    if (ranges.empty())
      ranges.push_back({0, 0});
    for (IndexRange range : ranges) {
      ArrayRef<int64_t> shape = shapeOf(value.getType());
      SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0)), sizes,
          strides(shape.size(), builder.getIndexAttr(1));
      for (int64_t length : shape)
        sizes.push_back(builder.getIndexAttr(length));
      offsets[axis] = builder.getIndexAttr(range.begin);
      sizes[axis] = builder.getIndexAttr(range.end - range.begin);
      pieces.push_back(
          tensor::ExtractSliceOp::create(builder, loc, value, offsets, sizes, strides));
    }
    value = pieces.size() == 1 ? pieces.front()
                               : tensor::ConcatOp::create(builder, loc, axis, pieces).getResult();
  }
  return value;
}

/// The segments that still have tokens.
static StreamsAttr narrowStreams(StreamsAttr streams, const Intervals &kept) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  for (unsigned i = 0; i != streams.getCount(); ++i) {
    int64_t begin = streams.getBegin(i);
    if (int64_t n = countOf(cutInterval(kept, {begin, begin + streams.getSizes()[i]}))) {
      names.push_back(streams.getNames()[i]);
      sizes.push_back(n);
    }
  }
  return StreamsAttr::get(streams.getContext(), names, sizes);
}

static SmallVector<unsigned> keptSegments(StreamsAttr streams, const Intervals &kept) {
  SmallVector<unsigned> segments;
  for (unsigned i = 0; i != streams.getCount(); ++i) {
    int64_t begin = streams.getBegin(i);
    if (!cutInterval(kept, {begin, begin + streams.getSizes()[i]}).empty())
      segments.push_back(i);
  }
  return segments;
}

//===----------------------------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------------------------===//

Value Narrower::emitAttention(AttentionOp op) {
  RankedTensorType type = narrowType(op.getResult());
  if (!needs.getWanted(op->getOpOperand(0))) { // no row that is kept has a key
    bool isZero = op.getMaskAttr() && op.getMaskAttr().getEmpty() == EmptyRow::Zero;
    double value = isZero ? 0.0 : std::nan("");
    Attribute element = builder.getFloatAttr(type.getElementType(), value);
    auto splat = DenseElementsAttr::get(type, element);
    return arith::ConstantOp::create(builder, op.getLoc(), splat);
  }
  OpOperand *padding = op.getPadding() ? &op->getOpOperand(3) : nullptr;
  if (padding && !needs.getWanted(*padding)) // drops nothing that is kept
    padding = nullptr;
  MaskAttr mask = op.getMaskAttr();
  if (mask)
    mask = narrowMask(mask, needs.get(op.getResult())->axes[2],
                      needs.getWanted(op->getOpOperand(1))->axes[2]);
  // A table without holes only says what a row gives that padding empties.
  if (mask && mask.isFull() && (!padding || mask.getEmpty() == EmptyRow::Nan))
    mask = {};
  auto narrowed = AttentionOp::create(builder, op.getLoc(), type, operand(op->getOpOperand(0)),
                                      operand(op->getOpOperand(1)), operand(op->getOpOperand(2)),
                                      padding ? operand(*padding) : Value(), mask,
                                      op.getScaleAttr());
  narrowed->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return narrowed;
}

/// What is not read of a row has weight 0; -inf stands in its place.
Value Narrower::emitSoftmax(SoftmaxOp op) {
  OpOperand &use = op->getOpOperand(0);
  const Window &read = *needs.getWanted(use);
  unsigned last = read.axes.size() - 1;
  if (read.axes[last] == needs.get(op.getResult())->axes[last])
    return emitClone(op);
  Value x = operand(use);
  auto type = cast<RankedTensorType>(x.getType());
  double infinity = std::numeric_limits<double>::infinity();
  Value fill = arith::ConstantOp::create(
      builder, op.getLoc(), builder.getFloatAttr(type.getElementType(), -infinity));
  SmallVector<Value> pieces;
  int64_t at = 0;
  for (IndexRange range : read.axes[last]) {
    Window piece = read;
    piece.axes[last] = {range};
    Value part = cut(x, read, piece, op.getLoc());
    if (range.begin != at) {
      SmallVector<int64_t> low(type.getRank(), 0), shape = piece.getShape();
      low[last] = range.begin - at;
      shape[last] += low[last];
      SmallVector<int64_t> high(type.getRank(), 0);
      SmallVector<OpFoldResult> before = getAsIndexOpFoldResult(builder.getContext(), low);
      SmallVector<OpFoldResult> after = getAsIndexOpFoldResult(builder.getContext(), high);
      part = tensor::PadOp::create(builder, op.getLoc(), type.clone(shape), part, before, after,
                                   fill);
    }
    pieces.push_back(part);
    at = range.end;
  }
  Value row = pieces.size() == 1
                  ? pieces.front()
                  : tensor::ConcatOp::create(builder, op.getLoc(), last, pieces).getResult();
  return SoftmaxOp::create(builder, op.getLoc(), row.getType(), row);
}

Value Narrower::emitJoin(JoinOp op) {
  SmallVector<Value> parts;
  for (OpOperand &part : op->getOpOperands())
    if (needs.getWanted(part))
      parts.push_back(operand(part));
  if (parts.size() == 1)
    return parts.front();
  StreamsAttr streams =
      narrowStreams(op.getStreams(), needs.get(op.getResult())->axes[op.getAxis()]);
  return JoinOp::create(builder, op.getLoc(), narrowType(op.getResult()), parts, op.getAxisAttr(),
                        streams);
}

/// The tensor that `parts` are the slices of along `axis`, in order and without a gap; null where
/// they are not.
static Value joinedAgain(ArrayRef<Value> parts, int64_t axis) {
  Value whole;
  int64_t at = 0;
  for (Value part : parts) {
    auto slice = part.getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice || (whole && slice.getSource() != whole) || !slice.hasUnitStride() ||
        slice.getType().getRank() != slice.getSourceType().getRank())
      return {};
    whole = slice.getSource();
    for (auto [i, offset] : llvm::enumerate(slice.getStaticOffsets()))
      if (offset != (int64_t(i) == axis ? at : 0))
        return {};
    at += slice.getType().getDimSize(axis);
  }
  auto type = cast<RankedTensorType>(whole.getType());
  for (int64_t i = 0; i != type.getRank(); ++i)
    if ((i == axis ? at : cast<RankedTensorType>(parts.front().getType()).getDimSize(i)) !=
        type.getDimSize(i))
      return {};
  return whole;
}

Value Narrower::emitConcat(tensor::ConcatOp op) {
  SmallVector<Value> parts;
  for (OpOperand &part : op->getOpOperands())
    if (needs.getWanted(part))
      parts.push_back(operand(part));
  if (parts.size() == 1)
    return parts.front();
  if (Value whole = joinedAgain(parts, op.getDim()))
    return whole;
  return tensor::ConcatOp::create(builder, op.getLoc(), op.getDim(), parts);
}

Value Narrower::emitTake(TakeOp op) {
  const Window &have = *needs.get(op.getSource()), &want = *needs.getWanted(op->getOpOperand(0));
  unsigned axis = op.getAxis();
  if (have.axes[axis] == want.axes[axis])
    return operand(op->getOpOperand(0));
  // Still whole segments of a sequence: still a take.
  StreamsAttr streams = narrowStreams(op.getStreams(), have.axes[axis]);
  SmallVector<unsigned> there = keptSegments(op.getStreams(), have.axes[axis]),
                        kept = keptSegments(op.getStreams(), want.axes[axis]);
  bool whole = true;
  for (unsigned segment : kept) {
    int64_t begin = op.getStreams().getBegin(segment);
    IndexRange range = {begin, begin + op.getStreams().getSizes()[segment]};
    whole &= cutInterval(have.axes[axis], range) == cutInterval(want.axes[axis], range);
  }
  unsigned first = llvm::find(there, kept.front()) - there.begin();
  whole &= first + kept.size() <= there.size() && there[first + kept.size() - 1] == kept.back();
  if (!whole)
    return operand(op->getOpOperand(0));
  Window others = want;
  others.axes[axis] = have.axes[axis];
  Value source = fit(op.getSource(), others, op.getLoc());
  return TakeOp::create(builder, op.getLoc(), narrowType(op.getResult()), source,
                        builder.getI64IntegerAttr(first), builder.getI64IntegerAttr(kept.size()),
                        op.getAxisAttr(), streams);
}

Value Narrower::emitSlice(tensor::ExtractSliceOp op) {
  RankedTensorType type = narrowType(op.getResult());
  Value source = operand(op->getOpOperand(0));
  bool steps = llvm::any_of(op.getStaticStrides(), [](int64_t s) { return s != 1; });
  if (source.getType() == type && !steps)
    return source;
  // What is left is the step, or the axes that are dropped.
  SmallVector<OpFoldResult> offsets, sizes, strides;
  for (auto [length, stride] : llvm::zip(shapeOf(source.getType()), op.getStaticStrides())) {
    offsets.push_back(builder.getIndexAttr(0));
    sizes.push_back(builder.getIndexAttr((length + stride - 1) / stride));
    strides.push_back(builder.getIndexAttr(stride));
  }
  return tensor::ExtractSliceOp::create(builder, op.getLoc(), type, source, offsets, sizes,
                                        strides);
}

Value Narrower::emitConstant(arith::ConstantOp op) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  const Window &window = *needs.get(op.getResult());
  Window whole = Window::whole(shapeOf(op.getType()));
  if (dense && dense.isSplat() && window != whole)
    return arith::ConstantOp::create(builder, op.getLoc(), dense.resizeSplat(narrowType(op)));
  Value copy = builder.clone(*op)->getResult(0);
  return cut(copy, whole, window, op.getLoc());
}

Value Narrower::emitWeight(WeightRefOp op) {
  const Window &window = *needs.get(op.getResult());
  Window whole = Window::whole(shapeOf(op.getType()));
  if (window == whole)
    return builder.clone(*op)->getResult(0);
  auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
  // One range per axis goes into the recipe; what is scattered is cut out of that.
  Window hull;
  SmallVector<int64_t> offsets, sizes;
  std::string name = weight.getName().str();
  for (auto [axis, intervals] : llvm::enumerate(window.axes)) {
    IndexRange range = {intervals.front().begin, intervals.back().end};
    hull.axes.push_back({range});
    offsets.push_back(range.begin);
    sizes.push_back(range.end - range.begin);
    if (sizes.back() != op.getType().getShape()[axis])
      name += ("." + Twine(axis) + "_" + Twine(range.begin) + "_" + Twine(range.end)).str();
  }
  SmallVector<Attribute> recipe;
  if (ArrayAttr steps = weight.getRecipeAttr())
    llvm::append_range(recipe, steps);
  if (hull == whole)
    return cut(builder.clone(*op)->getResult(0), whole, window, op.getLoc());
  recipe.push_back(SliceStepAttr::get(builder.getContext(), offsets, sizes));
  auto type = cast<RankedTensorType>(op.getType()).clone(sizes);
  auto same = SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, builder.getStringAttr(name));
  if (!same) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfter(weight);
    same = cast<WeightOp>(builder.clone(*weight));
    same.setSymName(name);
    same.setType(type);
    same.setRecipeAttr(builder.getArrayAttr(recipe));
  }
  auto symbol = builder.getAttr<FlatSymbolRefAttr>(name);
  Value part = WeightRefOp::create(builder, op.getLoc(), type, symbol);
  return cut(part, hull, window, op.getLoc());
}

/// Operations that follow their types: the same on fewer elements.
Value Narrower::emitClone(Operation *op) {
  IRMapping captured;
  for (Value value : readValues(op))
    if (!llvm::is_contained(op->getOperands(), value))
      captured.map(value, fit(value, Window::whole(shapeOf(value.getType())), op->getLoc()));
  SmallVector<Value> operands;
  for (OpOperand &use : op->getOpOperands())
    operands.push_back(operand(use));
  Operation *copy = builder.clone(*op, captured);
  copy->setOperands(operands);
  for (auto [old, result] : llvm::zip(op->getResults(), copy->getResults())) {
    if (needs.get(old) && isa<RankedTensorType>(old.getType()))
      result.setType(narrowType(old));
    mapping.map(old, result);
  }
  return copy->getResult(0);
}

void Narrower::emit(Operation *op) {
  Value result =
      llvm::TypeSwitch<Operation *, Value>(op)
          .Case<AttentionOp>([&](auto attention) { return emitAttention(attention); })
          .Case<SoftmaxOp>([&](auto softmax) { return emitSoftmax(softmax); })
          .Case<JoinOp>([&](auto join) { return emitJoin(join); })
          .Case<TakeOp>([&](auto take) { return emitTake(take); })
          .Case<WeightRefOp>([&](auto ref) { return emitWeight(ref); })
          .Case<arith::ConstantOp>([&](auto constant) { return emitConstant(constant); })
          .Case<tensor::ConcatOp>([&](auto concat) { return emitConcat(concat); })
          .Case<tensor::ExtractSliceOp>([&](tensor::ExtractSliceOp slice) {
            return slice.getOffsets().empty() && slice.getSizes().empty() &&
                           slice.getStrides().empty()
                       ? emitSlice(slice)
                       : emitClone(slice);
          })
          .Case<tensor::ExpandShapeOp>([&](tensor::ExpandShapeOp reshape) -> Value {
            return tensor::ExpandShapeOp::create(builder, op->getLoc(), narrowType(reshape),
                                                 operand(op->getOpOperand(0)),
                                                 reshape.getReassociationIndices());
          })
          .Default([&](Operation *) { return emitClone(op); });
  mapping.map(op->getResult(0), result);
  if (isa<RankedTensorType>(result.getType()) && result.getType() != op->getResult(0).getType())
    ++counts.narrowed;
}

//===----------------------------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------------------------===//

func::FuncOp Narrower::run(StringRef name) {
  SmallVector<Type> argTypes, resultTypes;
  SmallVector<BlockArgument> args, zeros;
  for (BlockArgument arg : source.getArguments()) {
    if (!needs.get(arg) && !wholeSignature)
      continue;
    bool isForeign = foreign & StreamDependence::bitOf(arg.getArgNumber());
    (isForeign ? zeros : args).push_back(arg);
    if (!isForeign)
      argTypes.push_back(arg.getType());
  }
  for (unsigned output : outputs)
    resultTypes.push_back(source.getResultTypes()[output]);
  auto func = func::FuncOp::create(builder, source.getLoc(), name,
                                   builder.getFunctionType(argTypes, resultTypes));
  for (NamedAttribute attr : source->getDiscardableAttrs())
    func->setAttr(attr.getName(), attr.getValue());
  for (auto [i, arg] : llvm::enumerate(args))
    if (DictionaryAttr attrs = source.getArgAttrDict(arg.getArgNumber()))
      func.setArgAttrs(i, attrs);
  for (auto [i, output] : llvm::enumerate(outputs))
    if (DictionaryAttr attrs = source.getResultAttrDict(output))
      func.setResultAttrs(i, attrs);
  Block *body = func.addEntryBlock();
  builder.setInsertionPointToStart(body);
  // An input stays whole; what is needed of it is cut out once.
  auto mapArgument = [&](BlockArgument old, Value value) {
    Window whole = Window::whole(shapeOf(old.getType()));
    mapping.map(old, cut(value, whole, *needs.get(old), old.getLoc()));
  };
  SmallVector<StringRef> unread;
  for (auto [old, arg] : llvm::zip(args, body->getArguments())) {
    if (needs.get(old))
      mapArgument(old, arg);
    else
      unread.push_back(streams.getInputs()[old.getArgNumber()]);
  }
  if (!unread.empty())
    source.emitWarning() << "@" << name << " never reads its input"
                         << (unread.size() == 1 ? " '" : "s '") << llvm::join(unread, "', '")
                         << "'";
  for (BlockArgument old : zeros) {
    auto zero = cast<TypedAttr>(builder.getZeroAttr(old.getType()));
    mapArgument(old, arith::ConstantOp::create(builder, old.getLoc(), zero));
    source.emitRemark() << "'" << streams.getInputs()[old.getArgNumber()]
                        << "' is read by @" << name << " but cannot matter; zeros stand for it";
  }
  for (Operation &op : source.front().without_terminator()) {
    if (llvm::none_of(op.getResults(), [&](Value v) { return needs.get(v) != nullptr; })) {
      ++counts.dead;
      continue;
    }
    emit(&op);
  }
  SmallVector<Value> results;
  Operation *terminator = source.front().getTerminator();
  for (unsigned output : outputs)
    results.push_back(operand(terminator->getOpOperand(output)));
  func::ReturnOp::create(builder, terminator->getLoc(), results);
  for (Operation *op : needs.getKeptWhole())
    if (!isa<ContractOp>(op))
      op->emitRemark() << "kept larger than @" << name << " needs it";
  return func;
}

func::FuncOp zorro::narrowFunction(const StreamDependence &streams, StringRef name,
                                   ArrayRef<unsigned> outputs, uint64_t foreign,
                                   bool wholeSignature, NarrowCounts &counts) {
  return Narrower(streams, outputs, foreign, wholeSignature, counts).run(name);
}

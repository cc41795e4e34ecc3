//===- ZorroRoutingOps.cpp - Weights, join and take ------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <numeric>

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// weight, weight_ref
//===----------------------------------------------------------------------------------------===//

FailureOr<RankedTensorType> WeightOp::applyRecipe(RankedTensorType stored, ArrayAttr recipe) {
  SmallVector<int64_t> shape(stored.getShape());
  Type element = stored.getElementType();
  if (!recipe)
    return stored;
  for (Attribute step : recipe) {
    auto product = [](ArrayRef<int64_t> dims) {
      return std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<int64_t>());
    };
    if (auto slice = dyn_cast<SliceStepAttr>(step)) {
      if (slice.getOffsets().size() != shape.size() || slice.getSizes().size() != shape.size())
        return failure();
      for (auto [dim, offset, size] : llvm::zip(shape, slice.getOffsets(), slice.getSizes())) {
        if (offset < 0 || size < 0 || offset > dim - size)
          return failure();
        dim = size;
      }
    } else if (auto transpose = dyn_cast<TransposeStepAttr>(step)) {
      if (!isPermutationVector(transpose.getPerm()) || transpose.getPerm().size() != shape.size())
        return failure();
      SmallVector<int64_t> permuted;
      for (int64_t axis : transpose.getPerm())
        permuted.push_back(shape[axis]);
      shape = permuted;
    } else if (auto reshape = dyn_cast<ReshapeStepAttr>(step)) {
      if (product(reshape.getShape()) != product(shape))
        return failure();
      shape.assign(reshape.getShape().begin(), reshape.getShape().end());
    } else if (auto pack = dyn_cast<PackStepAttr>(step)) {
      if (shape.size() != 2 || pack.getWidth() <= 0)
        return failure();
      shape = {int64_t(llvm::divideCeil(shape[1], pack.getWidth())), shape[0], pack.getWidth()};
    } else if (auto fill = dyn_cast<FillStepAttr>(step)) {
      if (fill.getShape().size() != shape.size() ||
          llvm::any_of(llvm::zip(fill.getShape(), shape),
                       [](auto sizes) { return std::get<0>(sizes) < std::get<1>(sizes); }))
        return failure();
      shape.assign(fill.getShape().begin(), fill.getShape().end());
    } else if (auto round = dyn_cast<RoundStepAttr>(step)) {
      if (!element.isF32() || !round.getElement().isBF16())
        return failure();
      element = round.getElement();
    } else {
      return failure();
    }
  }
  return RankedTensorType::get(shape, element);
}

LogicalResult WeightOp::verify() {
  auto stored = cast<RankedTensorType>(getStored());
  int64_t bytes = stored.getNumElements() *
                  llvm::divideCeil(stored.getElementTypeBitWidth(), 8u);
  if (bytes != int64_t(getLength())) // weight_c1
    return emitOpError() << "expected " << bytes << " bytes for " << stored << " but got "
                         << getLength();
  if (getFile().empty() != bool(getValueAttr()) ||
      (getValueAttr() && getValueAttr().getShapedType() != stored)) // weight_c2
    return emitOpError() << "expected a value of type " << stored
                         << " exactly where there is no file";
  auto made = applyRecipe(stored, getRecipeAttr());
  if (failed(made) || *made != getTensorType()) // weight_c3
    return emitOpError() << "expected a recipe from " << stored << " to " << getTensorType();
  return success();
}

LogicalResult WeightRefOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight) // weight_ref_c1
    return emitOpError() << "expected the name of a zorro.weight but got " << getWeightAttr();
  if (weight.getType() != getType()) {
    InFlightDiagnostic diag = emitOpError()
                              << "expected type " << weight.getType() << " but got " << getType();
    diag.attachNote(weight.getLoc()) << "the weight is declared here";
    return diag;
  }
  return success();
}

//===----------------------------------------------------------------------------------------===//
// join, take
//===----------------------------------------------------------------------------------------===//

/// `type` with axis `axis` replaced by `size`.
static RankedTensorType withAxis(RankedTensorType type, int64_t axis, int64_t size) {
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = size;
  return type.clone(shape);
}

LogicalResult JoinOp::verify() {
  StreamsAttr streams = getStreams();
  if (getParts().size() != streams.getCount()) // join_c1
    return emitOpError() << "expected a part per segment but got " << getParts().size()
                         << " parts for " << streams.getCount() << " segments";
  auto result = cast<RankedTensorType>(getType());
  int64_t axis = getAxis();
  if (axis < 0 || axis >= result.getRank())
    return emitOpError() << "expected an axis below " << result.getRank() << " but got " << axis;
  if (result.getDimSize(axis) != streams.getTotal()) // join_c2
    return emitOpError() << "expected " << streams.getTotal() << " tokens on axis " << axis
                         << " of the result but got " << result.getDimSize(axis);
  for (auto [i, part] : llvm::enumerate(getParts())) { // join_c2, join_c3
    RankedTensorType expected = withAxis(result, axis, streams.getSizes()[i]);
    if (part.getType() != expected)
      return emitOpError() << "expected " << expected << " for segment '"
                           << streams.getNames()[i].getValue() << "' but got " << part.getType();
  }
  return success();
}

namespace {
/// A sequence of one stream is that stream.
struct DropSingleJoin : OpRewritePattern<JoinOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(JoinOp op, PatternRewriter &rewriter) const override {
    if (op.getParts().size() != 1)
      return rewriter.notifyMatchFailure(op, "joins several streams");
    rewriter.replaceOp(op, op.getParts().front());
    return success();
  }
};

/// What is taken out of a join are the joined parts.
struct TakeOfJoin : OpRewritePattern<TakeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TakeOp op, PatternRewriter &rewriter) const override {
    auto join = op.getSource().getDefiningOp<JoinOp>();
    if (!join || join.getAxis() != op.getAxis() || join.getStreams() != op.getStreams())
      return rewriter.notifyMatchFailure(op, "does not take the streams of a join");
    ValueRange parts = join.getParts().slice(op.getFirst(), op.getCount());
    auto streams = StreamsAttr::get(op.getContext(),
                                    op.getStreams().getNames().slice(op.getFirst(), op.getCount()),
                                    op.getStreams().getSizes().slice(op.getFirst(), op.getCount()));
    rewriter.replaceOpWithNewOp<JoinOp>(op, op.getType(), parts, op.getAxisAttr(), streams);
    return success();
  }
};
} // namespace

void JoinOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropSingleJoin>(context);
}

void TakeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<TakeOfJoin>(context);
}

LogicalResult TakeOp::verify() {
  StreamsAttr streams = getStreams();
  int64_t first = getFirst(), count = getCount(), axis = getAxis();
  if (first < 0 || count < 1 || first > int64_t(streams.getCount()) - count) // take_c1
    return emitOpError() << "expected segments among " << streams.getCount() << " but got " << count
                         << " from number " << first << " on";
  auto source = cast<RankedTensorType>(getSource().getType());
  if (axis < 0 || axis >= source.getRank())
    return emitOpError() << "expected an axis below " << source.getRank() << " but got " << axis;
  if (source.getDimSize(axis) != streams.getTotal()) // take_c2
    return emitOpError() << "expected " << streams.getTotal() << " tokens on axis " << axis
                         << " but got " << source.getDimSize(axis);
  int64_t kept = 0;
  for (int64_t size : streams.getSizes().slice(first, count))
    kept += size;
  if (getType() != withAxis(source, axis, kept)) // take_c2, take_c3
    return emitOpError() << "expected " << withAxis(source, axis, kept) << " but got " << getType();
  return success();
}

OpFoldResult TakeOp::fold(FoldAdaptor) {
  return getCount() == getStreams().getCount() ? getSource() : Value();
}

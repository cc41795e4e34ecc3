//===- ZorroTensorOps.cpp - Contractions, attention, rows ------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// contract
//===----------------------------------------------------------------------------------------===//

/// Whether `operand`, without leading ones, is a tail of `result`.
static bool isTailOf(ArrayRef<int64_t> operand, ArrayRef<int64_t> result) {
  while (!operand.empty() && operand.front() == 1)
    operand = operand.drop_front();
  return operand.size() <= result.size() && operand == result.take_back(operand.size());
}

LogicalResult ContractOp::verify() {
  auto a = getA().getType(), b = getB().getType(), result = getResult().getType();
  if (b.getRank() != 2 || a.getRank() < 1 || a.getShape().back() != b.getDimSize(0)) // contract_c1
    return emitOpError() << "expected rows of K and a matrix of K x N but got " << a << " and "
                         << b;
  SmallVector<int64_t> shape(a.getShape());
  shape.back() = b.getDimSize(1);
  if (result.getShape() != ArrayRef(shape)) // contract_c2
    return emitOpError() << "expected a result of type " << result.clone(shape) << " but got "
                         << result;
  for (Value operand : getExtras()) // contract_c3
    if (auto type = cast<RankedTensorType>(operand.getType()); !isTailOf(type.getShape(), shape))
      return emitOpError() << "expected an epilogue operand whose shape is a tail of " << result
                           << " but got " << type;
  if (getEpilogue().empty()) {
    if (!getExtras().empty())
      return emitOpError() << "expected an epilogue for " << getExtras().size() << " operands";
    return success();
  }
  Block &body = getEpilogue().front();
  if (body.getNumArguments() != getExtras().size() + 1) // contract_c4
    return emitOpError() << "expected " << getExtras().size() + 1
                         << " epilogue arguments but got " << body.getNumArguments();
  for (auto [arg, operand] : llvm::zip(body.getArguments().drop_front(), getExtras()))
    if (arg.getType() != getElementTypeOrSelf(operand))
      return emitOpError() << "expected an epilogue argument of type "
                           << getElementTypeOrSelf(operand) << " but got " << arg.getType();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValues().size() != 1 ||
      yield.getValues().front().getType() != result.getElementType())
    return emitOpError() << "expected an epilogue that yields one " << result.getElementType();
  for (Operation &op : body.without_terminator())
    if (!isa<arith::ArithDialect, math::MathDialect>(op.getDialect()) && !isa<GeluOp>(op))
      return emitOpError() << "expected arith, math and zorro.gelu in the epilogue but got "
                           << op.getName();
  return success();
}

//===----------------------------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------------------------===//

LogicalResult AttentionOp::verify() {
  auto q = getQ().getType(), k = getK().getType(), v = getV().getType(), o = getResult().getType();
  for (RankedTensorType type : {q, k, v, o}) // attention_c1
    if (type.getRank() != 4)
      return emitOpError() << "expected [batch, heads, tokens, head size] but got " << type;
  for (RankedTensorType type : {k, v, o}) // attention_c1
    if (type.getShape().take_front(2) != q.getShape().take_front(2))
      return emitOpError() << "expected batch and heads of " << q << " but got " << type;
  if (q.getDimSize(3) != k.getDimSize(3) || k.getDimSize(2) != v.getDimSize(2) ||
      o.getDimSize(2) != q.getDimSize(2) || o.getDimSize(3) != v.getDimSize(3)) // attention_c2
    return emitOpError() << "expected matching tokens and head sizes but got " << q << ", " << k
                         << ", " << v << " -> " << o;
  if (MaskAttr mask = getMaskAttr()) // attention_c3
    if (mask.getQueries().getTotal() != q.getDimSize(2) ||
        mask.getKeys().getTotal() != k.getDimSize(2))
      return emitOpError() << "expected a mask of " << q.getDimSize(2) << " queries and "
                           << k.getDimSize(2) << " keys but got " << mask.getQueries().getTotal()
                           << " and " << mask.getKeys().getTotal();
  if (getPadding()) { // attention_c4
    auto padding = cast<RankedTensorType>(getPadding().getType());
    if (padding.getRank() != 2 || padding.getDimSize(1) != k.getDimSize(2) ||
        (padding.getDimSize(0) != 1 && padding.getDimSize(0) != k.getDimSize(0)))
      return emitOpError() << "expected a padding of [" << k.getDimSize(0) << " or 1, "
                           << k.getDimSize(2) << "] but got " << padding;
  }
  return success();
}

namespace {
/// A mask that drops nothing is no mask, unless padding may empty its rows.
struct DropFullMask : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionOp op, PatternRewriter &rewriter) const override {
    if (!op.getMaskAttr() || !op.getMaskAttr().isFull() || op.getPadding())
      return rewriter.notifyMatchFailure(op, "the mask drops something");
    rewriter.modifyOpInPlace(op, [&] { op.removeMaskAttr(); });
    return success();
  }
};
} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropFullMask>(context);
}

//===----------------------------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------------------------===//

/// layer_norm_c1, rms_norm_c1
template <typename Op> static LogicalResult verifyRowVectors(Op op, ArrayRef<Value> vectors) {
  RankedTensorType x = op.getX().getType();
  if (x.getRank() < 1)
    return op.emitOpError() << "expected at least one axis but got " << x;
  for (Value vector : vectors) {
    if (!vector)
      continue;
    auto type = cast<RankedTensorType>(vector.getType());
    if (type.getRank() != 1 || type.getDimSize(0) != x.getShape().back())
      return op.emitOpError() << "expected a vector of " << x.getShape().back() << " but got "
                              << type;
  }
  return success();
}

LogicalResult LayerNormOp::verify() { return verifyRowVectors(*this, {getScale(), getBias()}); }
LogicalResult RMSNormOp::verify() { return verifyRowVectors(*this, {getScale()}); }

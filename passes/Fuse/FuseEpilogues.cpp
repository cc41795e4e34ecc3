//===- FuseEpilogues.cpp - Element-wise work into contractions --------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A linalg.generic that reads a contraction's result element by element becomes its epilogue.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/Passes.h"

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"

namespace zorro {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "passes/Fuse/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

namespace {

/// Whether `map` reads the last axes of the result: (d0, d1, d2) -> (d1, d2), with constant zeros
/// where the operand has leading axes of size one.
bool isTailMap(AffineMap map) {
  unsigned dims = map.getNumDims(), rank = map.getNumResults();
  bool inTail = false;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (rank - i > dims)
      return false;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (dim && dim.getPosition() == dims - (rank - i)) {
      inTail = true;
      continue;
    }
    auto zero = dyn_cast<AffineConstantExpr>(expr);
    if (inTail || !zero || zero.getValue() != 0)
      return false;
  }
  return true;
}

/// contract + generic -> contract with the generic's body behind its epilogue.
struct AbsorbConsumer : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    if (op.getNumParallelLoops() != op.getNumLoops() || op->getNumResults() != 1 ||
        !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
      return rewriter.notifyMatchFailure(op, "not an element-wise operation");
    if (!op.getRegionOutputArgs().front().use_empty())
      return rewriter.notifyMatchFailure(op, "reads its destination");
    for (Operation &inner : op.getBody()->without_terminator())
      if (!isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()) && !isa<GeluOp>(inner))
        return rewriter.notifyMatchFailure(op, "its body holds more than arithmetic");
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegion(), captured);
    for (Value value : captured)
      if (!matchPattern(value, m_Constant()))
        return rewriter.notifyMatchFailure(op, "its body reads a value that is no constant");

    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto contract = operand->get().getDefiningOp<ContractOp>();
      if (!contract || !contract->hasOneUse() ||
          !op.getMatchingIndexingMap(operand).isIdentity() ||
          contract.getType().getShape() != cast<ShapedType>(op.getResultTypes()[0]).getShape())
        continue;
      bool others = llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *other) {
        return other == operand || isTailMap(op.getMatchingIndexingMap(other));
      });
      if (!others)
        continue;
      absorb(op, *operand, contract, rewriter);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no contraction of one use among its operands");
  }

  void absorb(linalg::GenericOp op, OpOperand &at, ContractOp contract,
              PatternRewriter &rewriter) const {
    SmallVector<Value> extras(contract.getExtras());
    for (OpOperand *operand : op.getDpsInputOperands())
      if (operand != &at)
        extras.push_back(operand->get());
    auto fused = ContractOp::create(
        rewriter, rewriter.getFusedLoc({contract.getLoc(), op.getLoc()}), op.getResultTypes()[0],
        contract.getA(), contract.getB(), extras);

    SmallVector<Type> types{contract.getType().getElementType()};
    for (Value extra : extras)
      types.push_back(getElementTypeOrSelf(extra));
    Block *body = rewriter.createBlock(&fused.getEpilogue(), {}, types,
                                       SmallVector<Location>(types.size(), op.getLoc()));
    // First the contraction's own epilogue, then the consumer's body on what it yielded.
    Value acc = body->getArgument(0);
    if (!contract.getEpilogue().empty()) {
      IRMapping map;
      map.map(contract.getEpilogue().getArguments(),
              body->getArguments().take_front(contract.getExtras().size() + 1));
      for (Operation &inner : contract.getEpilogue().front().without_terminator())
        rewriter.clone(inner, map);
      acc = map.lookupOrDefault(
          cast<YieldOp>(contract.getEpilogue().front().getTerminator()).getValues()[0]);
    }
    IRMapping map;
    // Canonicalization moves constants to the top of the function, which an epilogue cannot see.
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegion(), captured);
    for (Value value : captured)
      map.map(value, rewriter.clone(*value.getDefiningOp())->getResult(0));
    unsigned next = contract.getExtras().size() + 1;
    for (OpOperand *operand : op.getDpsInputOperands())
      map.map(op.getMatchingBlockArgument(operand),
              operand == &at ? acc : body->getArgument(next++));
    for (Operation &inner : op.getBody()->without_terminator())
      rewriter.clone(inner, map);
    YieldOp::create(rewriter, op.getLoc(),
                    map.lookupOrDefault(op.getBody()->getTerminator()->getOperand(0)));
    rewriter.replaceOp(op, fused);
  }
};

/// zorro.gelu on a tensor -> linalg.generic with zorro.gelu on a scalar.
struct GeluToGeneric : OpRewritePattern<GeluOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(GeluOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "already on scalars");
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(),
                                          type.getElementType());
    SmallVector<AffineMap> maps(2, rewriter.getMultiDimIdentityMap(type.getRank()));
    SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
    rewriter.replaceOpWithNewOp<linalg::GenericOp>(
        op, type, op.getX(), empty, maps, loops, [&](OpBuilder &b, Location loc, ValueRange args) {
          Value y = GeluOp::create(b, loc, args[0].getType(), args[0], op.getKind());
          linalg::YieldOp::create(b, loc, y);
        });
    return success();
  }
};

struct FuseEpilogues : zorro::impl::FuseEpiloguesBase<FuseEpilogues> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<AbsorbConsumer, GeluToGeneric>(&getContext());
    // What no contraction takes becomes one loop nest: chains of one use only, so that nothing is
    // computed twice.
    linalg::populateElementwiseOpsFusionPatterns(patterns, [](OpOperand *operand) {
      Operation *producer = operand->get().getDefiningOp();
      return producer && producer->hasOneUse() && isa<linalg::GenericOp>(producer);
    });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};
} // namespace

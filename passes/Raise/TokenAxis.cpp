//===- TokenAxis.cpp - Where a token axis comes from -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// An element-wise operation has the tokens of whichever operand has an origin: residuals and biases
// agree by shape.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/TokenAxis.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

TokenOrigin TokenAxes::find(Value value, int64_t axis) {
  auto [found, isNew] = known.try_emplace({value, axis});
  if (!isNew)
    return found->second;
  TokenOrigin origin = compute(value, axis);
  known[{value, axis}] = origin;
  return origin;
}

/// The only axis of `group` that is not one, if it has `size` elements.
static int64_t soleAxis(ArrayRef<int64_t> group, RankedTensorType type, int64_t size) {
  for (int64_t axis : group)
    if (type.getDimSize(axis) != 1)
      return type.getDimSize(axis) == size ? axis : -1;
  return size == 1 ? group.front() : -1;
}

TokenOrigin TokenAxes::compute(Value value, int64_t axis) {
  Operation *op = value.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!op || !type || type.getDimSize(axis) <= 1)
    return {};
  int64_t size = type.getDimSize(axis);
  auto through = [&](Value operand, int64_t operandAxis) -> TokenOrigin {
    return operandAxis < 0 ? TokenOrigin() : find(operand, operandAxis);
  };
  return TypeSwitch<Operation *, TokenOrigin>(op)
      .Case([&](tensor::ConcatOp concat) {
        if (int64_t(concat.getDim()) == axis)
          return TokenOrigin{op, axis};
        return through(concat.getInputs().front(), axis);
      })
      .Case([&](JoinOp join) {
        if (int64_t(join.getAxis()) == axis)
          return TokenOrigin{op, axis};
        return through(join.getParts().front(), axis);
      })
      .Case([&](AttentionOp attention) {
        TokenOrigin origin = through(attention.getQ(), axis);
        // As many queries as keys are those keys' sequence, which is not known here.
        MaskAttr mask = attention.getMaskAttr();
        bool pools = axis == 2 && mask && size != mask.getKeys().getTotal();
        return origin || !pools ? origin : TokenOrigin{op, axis};
      })
      .Case([&](ContractOp contract) {
        return through(contract.getA(), axis + 1 == type.getRank() ? -1 : axis);
      })
      .Case<LayerNormOp, RMSNormOp, SoftmaxOp, GeluOp>(
          [&](auto row) { return through(row.getX(), axis); })
      .Case([&](linalg::TransposeOp transpose) {
        return through(transpose.getInput(), transpose.getPermutation()[axis]);
      })
      .Case([&](tensor::ExtractSliceOp slice) {
        bool whole = slice.getSourceType().getRank() == type.getRank() &&
                     slice.getSourceType().getDimSize(axis) == size;
        return through(slice.getSource(), whole ? axis : -1);
      })
      .Case([&](TakeOp take) {
        return through(take.getSource(), int64_t(take.getAxis()) == axis ? -1 : axis);
      })
      .Case([&](tensor::CollapseShapeOp collapse) {
        if (collapse.getReassociationIndices().empty())
          return TokenOrigin();
        return through(collapse.getSrc(),
                       soleAxis(collapse.getReassociationIndices()[axis], collapse.getSrcType(),
                                size));
      })
      .Case([&](tensor::ExpandShapeOp expand) {
        for (auto [from, group] : llvm::enumerate(expand.getReassociationIndices()))
          if (llvm::is_contained(group, axis) && expand.getSrcType().getDimSize(from) == size)
            return through(expand.getSrc(), from);
        return TokenOrigin();
      })
      .Case([&](linalg::GenericOp generic) {
        AffineExpr loop = generic.getIndexingMapsArray().back().getResult(axis);
        for (OpOperand *operand : generic.getDpsInputOperands()) {
          AffineMap map = generic.getMatchingIndexingMap(operand);
          for (auto [operandAxis, expr] : llvm::enumerate(map.getResults()))
            if (expr == loop)
              if (TokenOrigin origin = through(operand->get(), operandAxis))
                return origin;
        }
        return TokenOrigin();
      })
      .Default([](Operation *) { return TokenOrigin(); });
}

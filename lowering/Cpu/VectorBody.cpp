//===- VectorBody.cpp - Scalar bodies on registers ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/VectorBody.h"

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace zorro;

static bool isElementwise(Operation &op) {
  return op.getNumRegions() == 0 && op.getNumResults() == 1 &&
         OpTrait::hasElementwiseMappableTraits(&op);
}

bool zorro::isLanewise(Block &body) {
  return llvm::all_of(body.without_terminator(), [](Operation &op) {
    return isa<GeluOp, arith::ConstantOp, linalg::IndexOp>(op) || isElementwise(op);
  });
}

LogicalResult zorro::verifyBody(Block &body, bool places) {
  for (Operation &op : body.without_terminator()) {
    if (isa<GeluOp, arith::ConstantOp>(op) || isElementwise(op))
      continue;
    if (places && isa<linalg::IndexOp, tensor::ExtractOp>(op))
      continue;
    return op.emitOpError() << "expected a body of element-wise operations only";
  }
  return success();
}

static Value emitGelu(Emitter &e, GeluOp gelu, Value x) {
  auto number = [&](double value) { return e.constant(x.getType(), value); };
  Value half = e.mulf(x, number(0.5)), inner;
  if (gelu.getKind() == GeluKind::Erf) {
    inner = math::ErfOp::create(e, e.mulf(x, number(0.70710678118654752440)));
  } else {
    Value cube = e.mulf(e.mulf(x, x), x);
    Value sum = e.addf(x, e.mulf(cube, number(0.044715)));
    inner = math::TanhOp::create(e, e.mulf(sum, number(0.79788456080286535588)));
  }
  return e.mulf(half, e.addf(inner, number(1.0)));
}

Value zorro::emitBody(Emitter &e, Block &body, ValueRange arguments, bool wide, PlaceFn place) {
  IRMapping map;
  map.map(body.getArguments(), arguments);
  auto typeOf = [&](Type type) -> Type { return wide ? e.vec(type) : type; };
  auto constant = [&](arith::ConstantOp op) -> Value {
    TypedAttr value = op.getValue();
    if (wide)
      value = DenseElementsAttr::get(e.vec(op.getType()), static_cast<Attribute>(value));
    return arith::ConstantOp::create(e, value);
  };
  // Constants may stand before the loops that use them.
  auto lookup = [&](Value value) -> Value {
    if (Value known = map.lookupOrNull(value))
      return known;
    if (auto op = value.getDefiningOp<arith::ConstantOp>())
      return constant(op);
    return value;
  };
  for (Operation &op : body.without_terminator()) {
    Values operands = llvm::map_to_vector(op.getOperands(), lookup);
    Value result;
    if (auto gelu = dyn_cast<GeluOp>(op)) {
      result = emitGelu(e, gelu, operands[0]);
    } else if (auto value = dyn_cast<arith::ConstantOp>(op)) {
      result = constant(value);
    } else if (isa<linalg::IndexOp, tensor::ExtractOp>(op)) {
      result = place(&op, operands);
    } else {
      OperationState state(e.getLoc(), op.getName());
      state.addOperands(operands);
      state.addTypes(typeOf(op.getResult(0).getType()));
      state.addAttributes(op.getAttrs());
      result = e.create(state)->getResult(0);
    }
    map.map(op.getResult(0), result);
  }
  return lookup(body.getTerminator()->getOperand(0));
}

//===- StorageVariants.cpp - Kernels that read and write other types ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/StorageVariants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace zorro;

static Type withElement(Type tensor, Type element) {
  return cast<RankedTensorType>(tensor).clone(element);
}

static bool isExtended(Type from, Type to) {
  return getElementTypeOrSelf(from) != getElementTypeOrSelf(to);
}

/// `value` in the element type of `type`.
static Value convert(OpBuilder &b, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  bool extends = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth() <
                 getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (extends)
    return arith::ExtFOp::create(b, loc, type, value);
  return b.createOrFold<arith::TruncFOp>(loc, type, value);
}

/// A copy from one type to another.
static Value buildConversion(OpBuilder &b, Location loc, Value from, Value to) {
  auto type = cast<RankedTensorType>(to.getType());
  AffineMap id = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, loc, type, from, to, ArrayRef<AffineMap>{id, id}, loops,
                                   [&](OpBuilder &inner, Location l, ValueRange scalars) {
                                     Value value = convert(inner, l, scalars[0],
                                                           type.getElementType());
                                     linalg::YieldOp::create(inner, l, value);
                                   })
      .getResult(0);
}

/// Lets the body of a generic, whose operands have new types, compute in the types that it did.
static void adaptBody(linalg::GenericOp op) {
  Block &body = *op.getBody();
  OpBuilder b = OpBuilder::atBlockBegin(&body);
  auto adapt = [&](Value value, Type type) {
    Type old = value.getType();
    if (old == type)
      return;
    value.setType(type);
    if (value.use_empty())
      return;
    auto extend = arith::ExtFOp::create(b, op.getLoc(), old, value);
    value.replaceAllUsesExcept(extend, extend);
  };
  for (OpOperand *input : op.getDpsInputOperands())
    adapt(op.getMatchingBlockArgument(input), getElementTypeOrSelf(input->get()));
  for (auto extract : llvm::to_vector(body.getOps<tensor::ExtractOp>())) {
    b.setInsertionPointAfter(extract);
    adapt(extract.getResult(), extract.getTensor().getType().getElementType());
  }
  Type result = getElementTypeOrSelf(op.getDpsInits()[0]);
  op.getRegionOutputArgs().front().setType(result); // read by reductions only, which keep it
  op.getResult(0).setType(cast<RankedTensorType>(op.getDpsInits()[0].getType()));
  Operation *yield = body.getTerminator();
  b.setInsertionPoint(yield);
  Value value = yield->getOperand(0);
  yield->setOperand(0, convert(b, op.getLoc(), value, result));
  if (auto constant = value.getDefiningOp<arith::ConstantOp>(); constant && constant->use_empty())
    constant.erase();
}

/// Writes the body of `kernel` on arguments of other types; gives what it yields.
static Value buildVariant(OpBuilder &b, KernelOp kernel, ValueRange arguments, Type result) {
  Location loc = kernel.getLoc();
  Block &body = kernel.getBody().front();
  bool isLoops = bool(kernel.getDestination());
  bool keepsSums = kernel.getKind() == KernelKind::Reduce;
  IRMapping map;
  for (auto [old, now] : llvm::zip(body.getArguments(), arguments)) {
    // Loops take scalars from memory as it is; the destination of sums keeps their bits.
    bool whole = !isLoops || (keepsSums && old == kernel.getDestination());
    Value value = now;
    if (whole && isExtended(now.getType(), old.getType()))
      value = convert(b, loc, now, old.getType());
    map.map(old, value);
  }
  for (Operation &op : body.without_terminator()) {
    if (auto copy = dyn_cast<linalg::CopyOp>(op)) {
      Value from = map.lookup(copy.getInputs()[0]), to = map.lookup(copy.getOutputs()[0]);
      bool same = !isExtended(from.getType(), to.getType());
      Value copied = same ? linalg::CopyOp::create(b, loc, to.getType(), from, to).getResult(0)
                          : buildConversion(b, loc, from, to);
      map.map(copy.getResult(0), copied);
      continue;
    }
    Operation *inner = b.clone(op, map);
    if (auto generic = dyn_cast<linalg::GenericOp>(inner))
      adaptBody(generic);
  }
  Value yielded = map.lookup(body.getTerminator()->getOperand(0));
  return convert(b, loc, yielded, withElement(yielded.getType(), result));
}

KernelOp StorageVariants::get(KernelOp kernel, ArrayRef<Type> inputs, Type result) {
  SmallVector<Type> types;
  bool changes = kernel.getResultType().getElementType() != result;
  for (auto [argument, element] : llvm::zip(kernel.getInputArguments(), inputs)) {
    types.push_back(withElement(argument.getType(), element));
    changes |= types.back() != argument.getType();
  }
  if (!changes)
    return kernel;
  if (kernel.getDestination())
    types.push_back(withElement(kernel.getResultType(), result));
  replaced.insert(kernel);
  StringRef name = kernel.getSymName();
  KernelOp variant = table.get(
      kernel.getLoc(), kernel.getKind(), (name.ends_with("_bf16") ? name : name.str() + "_bf16"),
      kernel.getBecause(), types,
      [&](OpBuilder &b, ValueRange args) { return buildVariant(b, kernel, args, result); });
  if (kernel.getScheduleAttr())
    variant.setScheduleAttr(kernel.getScheduleAttr());
  return variant;
}

KernelOp StorageVariants::getRound(Location loc) {
  Builder builder(loc.getContext());
  auto type = RankedTensorType::get({ShapedType::kDynamic}, builder.getF32Type());
  return table.get(loc, KernelKind::Move, "round", "products take bf16",
                   {type, withElement(type, builder.getBF16Type())},
                   [&](OpBuilder &b, ValueRange args) {
                     return buildConversion(b, loc, args[0], args[1]);
                   });
}

//===- ZorroKernelOps.cpp - Kernels, views and calls -----------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace zorro;

#define GET_OP_CLASSES
#include "dialects/Zorro/ZorroOps.cpp.inc"

//===----------------------------------------------------------------------------------------===//
// kernel
//===----------------------------------------------------------------------------------------===//

LogicalResult KernelOp::verify() {
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield || yield.getValues().size() != 1 ||
      !isa<RankedTensorType>(yield.getValues().front().getType())) // kernel_c1
    return emitOpError() << "expected a body that yields one tensor";
  if (!getRoot())
    return emitOpError() << "expected a body that computes what it yields";
  if (llvm::is_contained({KernelKind::Map, KernelKind::Reduce, KernelKind::Move}, getKind()) &&
      getBody().getNumArguments() == 0)
    return emitOpError() << "expected a destination as the last argument";
  BlockArgument destination = getDestination();
  if (destination && destination.getType() != getResultType()) // kernel_c2
    return emitOpError() << "expected a destination of type " << getResultType() << " but got "
                         << destination.getType();
  return success();
}

/// What the kernel yields.
static Value getYielded(KernelOp kernel) {
  return cast<YieldOp>(kernel.getBody().front().getTerminator()).getValues().front();
}

Operation *KernelOp::getRoot() {
  Operation *root = getYielded(*this).getDefiningOp();
  if (auto round = dyn_cast_if_present<arith::TruncFOp>(root))
    root = round.getIn().getDefiningOp();
  return root;
}

RankedTensorType KernelOp::getResultType() {
  return cast<RankedTensorType>(getYielded(*this).getType());
}

BlockArgument KernelOp::getArgument(Value operand) {
  if (auto extend = operand ? operand.getDefiningOp<arith::ExtFOp>() : arith::ExtFOp())
    operand = extend.getIn();
  auto argument = dyn_cast_if_present<BlockArgument>(operand);
  bool ofKernel = argument && isa<KernelOp>(argument.getOwner()->getParentOp());
  return ofKernel ? argument : BlockArgument();
}

BlockArgument KernelOp::getDestination() {
  bool hasOne =
      llvm::is_contained({KernelKind::Map, KernelKind::Reduce, KernelKind::Move}, getKind());
  return hasOne ? getBody().front().getArguments().back() : BlockArgument();
}

ArrayRef<BlockArgument> KernelOp::getInputArguments() {
  return getBody().front().getArguments().drop_back(getDestination() ? 1 : 0);
}

//===----------------------------------------------------------------------------------------===//
// view, call
//===----------------------------------------------------------------------------------------===//

/// view_c1, view_c2, call_c2: the window lies inside `elements` elements.
static LogicalResult verifyWindow(Operation *op, ArrayRef<int64_t> shape, int64_t offset,
                                  ArrayRef<int64_t> strides, int64_t elements) {
  if (strides.size() != shape.size())
    return op->emitOpError() << "expected " << shape.size() << " strides but got "
                             << strides.size();
  int64_t last = offset;
  for (auto [size, stride] : llvm::zip(shape, strides)) {
    if (stride < 0)
      return op->emitOpError() << "expected strides that are not negative but got " << stride;
    if (size == 0)
      return success();
    last += (size - 1) * stride;
  }
  if (offset < 0 || last >= elements)
    return op->emitOpError() << "expected a window inside " << elements
                             << " elements but got element " << last;
  return success();
}

LogicalResult ViewOp::verify() {
  return verifyWindow(*this, cast<ShapedType>(getType()).getShape(), getOffset(), getStrides(),
                      cast<ShapedType>(getSource().getType()).getNumElements());
}

OpFoldResult ViewOp::fold(FoldAdaptor) {
  auto type = cast<RankedTensorType>(getType());
  if (getSource().getType() == type && getOffset() == 0 &&
      getStrides() == ArrayRef(computeStrides(type.getShape())))
    return getSource();
  return {};
}

LogicalResult CallOp::verify() {
  Type element = getElementTypeOrSelf(getType());
  for (Type type : {getInto().getType(), getShape()})
    if (getElementTypeOrSelf(type) != element) // call_c2
      return emitOpError() << "expected elements of type " << element << " but got " << type;
  return verifyWindow(*this, cast<ShapedType>(getShape()).getShape(), getOffset(), getStrides(),
                      cast<ShapedType>(getType()).getNumElements());
}

/// call_c1: whether a tensor of type `given` may stand where a kernel says `expected`.
static bool fits(Type expected, Type given) {
  return succeeded(verifyCompatibleShape(expected, given)) &&
         getElementTypeOrSelf(expected) == getElementTypeOrSelf(given);
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<KernelOp>(*this, getCalleeAttr());
  if (!kernel) // call_c1
    return emitOpError() << "expected the name of a zorro.kernel but got " << getCalleeAttr();
  ArrayRef<BlockArgument> arguments = kernel.getInputArguments();
  if (arguments.size() != getInputs().size())
    return emitOpError() << "expected " << arguments.size() << " inputs but got "
                         << getInputs().size();
  for (auto [arg, input] : llvm::zip(arguments, getInputs()))
    if (!fits(arg.getType(), input.getType()))
      return emitOpError() << "expected an input of type " << arg.getType() << " but got "
                           << input.getType();
  if (!fits(kernel.getResultType(), getShape()))
    return emitOpError() << "expected a result of type " << kernel.getResultType() << " but got "
                         << getShape();
  bool attends = kernel.getKind() == KernelKind::Attention;
  if (attends != bool(getScaleAttr()) || (getMaskAttr() && !attends)) // call_c3
    return emitOpError()
           << "expected a scale exactly for an attention kernel, and a mask only there";
  return success();
}

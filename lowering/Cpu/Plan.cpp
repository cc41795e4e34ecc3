//===- Plan.cpp - Calls into launches ----------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Contract.h"
#include "lowering/Cpu/Emitters.h"
#include "lowering/Cpu/KernelFrame.h"

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Rows under a batch
//===----------------------------------------------------------------------------------------===//

int64_t zorro::getArgument(Value value) {
  BlockArgument argument = KernelOp::getArgument(value);
  return argument ? int64_t(argument.getArgNumber()) : -1;
}

int64_t zorro::countBytes(const Operand &operand, Type element) {
  int64_t count = 1;
  for (auto [size, stride] : llvm::zip(operand.sizes, operand.strides))
    count *= stride || size == 0 ? size : 1;
  unsigned bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  return count * llvm::divideCeil(bits, 8u);
}

FailureOr<RowStrides> zorro::getRowStrides(KernelOp kernel, const Operand &operand) {
  size_t rank = operand.sizes.size();
  if (rank < 1 || rank > 3)
    return kernel.emitOpError() << "expected at most two axes of rows but got " << rank - 1;
  if (operand.strides.back() != 1 && operand.sizes.back() > 1)
    return kernel.emitOpError() << "expected columns with a stride of 1 but got "
                                << operand.strides.back();
  auto stride = [&](size_t fromEnd) {
    bool real = rank > fromEnd && operand.sizes[rank - 1 - fromEnd] > 1;
    return real ? operand.strides[rank - 1 - fromEnd] : 0;
  };
  return RowStrides{stride(2), stride(1)};
}

RowShape zorro::getRowShape(const Operand &result) {
  size_t rank = result.sizes.size();
  RowShape shape;
  shape.batches = rank > 2 ? result.sizes[rank - 3] : 1;
  shape.rows = rank > 1 ? result.sizes[rank - 2] : 1;
  return shape;
}

void RowShape::merge(MutableArrayRef<RowStrides> operands) {
  for (RowStrides &strides : operands)
    if (rows == 1)
      strides.row = strides.batch;
  if (rows == 1)
    std::swap(rows, batches);
  if (batches > 1 && !llvm::all_of(operands, [&](const RowStrides &s) {
        return s.batch == rows * s.row;
      }))
    return;
  rows *= batches;
  batches = 1;
  for (RowStrides &strides : operands)
    strides.batch = 0;
}

//===----------------------------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------------------------===//

FailureOr<LaunchPlan> zorro::planContract(KernelOp kernel, const CpuTarget &target,
                                          ArrayRef<Operand> inputs, const Operand &result) {
  FailureOr<ContractShape> shape = ContractShape::get(kernel, target);
  if (failed(shape))
    return failure();
  SmallVector<RowStrides> strides;
  SmallVector<const Operand *> operands = {&inputs[shape->rows]};
  for (int64_t extra : shape->extras)
    operands.push_back(&inputs[extra]);
  operands.push_back(&result);
  for (const Operand *operand : operands) {
    FailureOr<RowStrides> found = getRowStrides(kernel, *operand);
    if (failed(found))
      return failure();
    strides.push_back(*found);
  }
  RowShape rows = getRowShape(result);
  rows.merge(strides);
  int64_t total = rows.batches * rows.rows;
  int64_t strips = llvm::divideCeil(total, shape->tileRows);
  // Few strips: the panels are split too, so that every thread finds work.
  constexpr int64_t enough = 64;
  int64_t groups = 1;
  if (strips < 8)
    groups = std::min<int64_t>(shape->panels, enough / std::max<int64_t>(strips, 1));

  LaunchPlan plan;
  plan.scalars = {total, rows.rows, groups};
  for (const RowStrides &s : strides)
    plan.scalars.append({s.batch, s.row});
  plan.tasks = strips * groups;
  plan.multiplyAdds =
      strips * shape->tileRows * shape->k * shape->panels * shape->tileColumns;
  return plan;
}

//===----------------------------------------------------------------------------------------===//
// By kind
//===----------------------------------------------------------------------------------------===//

int64_t zorro::packWidth(const CpuTarget &target) { return target.tileColumns(); }

/// Code that keeps numbers in registers reads and writes them as they are: bf16 is for loops alone.
static LogicalResult verifyStorage(KernelOp kernel) {
  if (isa<linalg::LinalgOp>(kernel.getRoot()))
    return success();
  SmallVector<Type> types(kernel.getBody().getArgumentTypes());
  types.push_back(kernel.getResultType());
  for (Type type : types)
    if (getElementTypeOrSelf(type).isBF16())
      return kernel.emitOpError() << "unsupported: " << type << " in memory, on a CPU";
  return success();
}

EmittedKernel zorro::emitKernel(KernelOp kernel, const CpuTarget &target, OpBuilder &builder) {
  if (failed(verifyStorage(kernel)))
    return failure();
  switch (kernel.getKind()) {
  case KernelKind::Contract:
    return emitContract(kernel, target, builder);
  case KernelKind::Attention:
    return emitAttention(kernel, target, builder);
  case KernelKind::Row:
    return emitRow(kernel, target, builder);
  case KernelKind::Map:
  case KernelKind::Reduce:
  case KernelKind::Move:
    return emitLoops(kernel, target, builder);
  }
  llvm_unreachable("all kinds are listed");
}

int64_t zorro::getScratchBytes(func::FuncOp kernel) {
  auto bytes = kernel->getAttrOfType<IntegerAttr>(kScratchAttr);
  return bytes ? bytes.getInt() : 0;
}

static FailureOr<LaunchPlan> planByKind(KernelOp kernel, const CpuTarget &target,
                                        ArrayRef<Operand> inputs, const Operand &result,
                                        MaskAttr mask, FloatAttr scale) {
  switch (kernel.getKind()) {
  case KernelKind::Contract:
    return planContract(kernel, target, inputs, result);
  case KernelKind::Attention:
    return planAttention(kernel, target, inputs, result, mask, scale);
  case KernelKind::Row:
    return planRow(kernel, inputs, result);
  case KernelKind::Map:
  case KernelKind::Reduce:
  case KernelKind::Move:
    return planLoops(kernel, inputs, result);
  }
  llvm_unreachable("all kinds are listed");
}

FailureOr<LaunchPlan> zorro::planLaunch(KernelOp kernel, const CpuTarget &target,
                                        ArrayRef<Operand> inputs, const Operand &result,
                                        MaskAttr mask, FloatAttr scale) {
  if (failed(verifyStorage(kernel)))
    return failure();
  ArrayRef<BlockArgument> arguments = kernel.getInputArguments();
  if (inputs.size() != arguments.size())
    return kernel.emitOpError() << "expected " << arguments.size() << " inputs but got "
                                << inputs.size();
  auto fits = [&](const Operand &operand, Type type) {
    size_t rank = cast<RankedTensorType>(type).getRank();
    return operand.sizes.size() == rank && operand.strides.size() == rank;
  };
  Type type = kernel.getResultType();
  bool fit = fits(result, type);
  for (auto [argument, input] : llvm::zip(arguments, inputs))
    fit &= fits(input, argument.getType());
  if (!fit)
    return kernel.emitOpError() << "expected a size and a stride for every axis of its operands";
  FailureOr<LaunchPlan> plan = planByKind(kernel, target, inputs, result, mask, scale);
  if (failed(plan))
    return failure();
  plan->bytes = countBytes(result, getElementTypeOrSelf(type));
  for (auto [argument, input] : llvm::zip(arguments, inputs))
    plan->bytes += countBytes(input, getElementTypeOrSelf(argument.getType()));
  if (llvm::is_contained(result.sizes, 0))
    plan->tasks = plan->multiplyAdds = 0;
  return plan;
}

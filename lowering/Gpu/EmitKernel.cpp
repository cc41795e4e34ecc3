//===- EmitKernel.cpp - By kind -----------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Emitters.h" // countBytes
#include "lowering/Gpu/Emitters.h"

using namespace mlir;
using namespace zorro;

DeviceKernel zorro::emitDeviceKernel(KernelOp kernel, const GpuTarget &target,
                                     OpBuilder &builder) {
  bool hopper = target.hopper && kernel->hasAttr(kHopperAttr);
  switch (kernel.getKind()) {
  case KernelKind::Contract:
    if (hopper)
      return emitHopperContract(kernel, builder);
    return emitDeviceContract(kernel, target, builder);
  case KernelKind::Attention:
    if (hopper)
      return emitHopperAttention(kernel, builder);
    return emitDeviceAttention(kernel, target, builder);
  case KernelKind::Row:
    return emitDeviceRow(kernel, target, builder);
  case KernelKind::Map:
  case KernelKind::Reduce:
  case KernelKind::Move:
    return emitDeviceLoops(kernel, target, builder);
  }
  llvm_unreachable("all kinds are listed");
}

static FailureOr<LaunchPlan> planByKind(KernelOp kernel, const GpuTarget &target,
                                        ArrayRef<Operand> inputs, const Operand &result,
                                        MaskAttr mask, FloatAttr scale) {
  bool hopper = target.hopper && kernel->hasAttr(kHopperAttr);
  switch (kernel.getKind()) {
  case KernelKind::Contract:
    if (hopper)
      return planHopperContract(kernel, inputs, result);
    return planDeviceContract(kernel, target, inputs, result);
  case KernelKind::Attention:
    if (hopper)
      return planHopperAttention(kernel, inputs, result, mask, scale);
    return planDeviceAttention(kernel, target, inputs, result, mask, scale);
  case KernelKind::Row:
    return planDeviceRow(kernel, target, inputs, result);
  case KernelKind::Map:
  case KernelKind::Reduce:
  case KernelKind::Move:
    return planDeviceLoops(kernel, target, inputs, result);
  }
  llvm_unreachable("all kinds are listed");
}

FailureOr<LaunchPlan> zorro::planDeviceLaunch(KernelOp kernel, const GpuTarget &target,
                                              ArrayRef<Operand> inputs, const Operand &result,
                                              MaskAttr mask, FloatAttr scale) {
  ArrayRef<BlockArgument> arguments = kernel.getInputArguments();
  if (inputs.size() != arguments.size())
    return kernel.emitOpError() << "expected " << arguments.size() << " inputs but got "
                                << inputs.size();
  FailureOr<LaunchPlan> plan = planByKind(kernel, target, inputs, result, mask, scale);
  if (failed(plan))
    return failure();
  Type stored = kernel.getBody().front().getTerminator()->getOperand(0).getType();
  plan->bytes = countBytes(result, getElementTypeOrSelf(stored));
  for (auto [argument, input] : llvm::zip(arguments, inputs))
    plan->bytes += countBytes(input, getElementTypeOrSelf(argument.getType()));
  if (llvm::is_contained(result.sizes, 0))
    plan->tasks = plan->multiplyAdds = 0;
  return plan;
}

//===- Rows.cpp - Norms and softmax -*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/DeviceFrame.h"
#include "lowering/Gpu/Emitters.h"

using namespace mlir;
using namespace zorro;

DeviceKernel zorro::emitDeviceRow(KernelOp kernel, const GpuTarget &target, OpBuilder &builder) {
  return kernel.emitOpError() << "unsupported: a GPU kernel of this kind";
}

FailureOr<LaunchPlan> zorro::planDeviceRow(KernelOp kernel, const GpuTarget &target,
                                          ArrayRef<Operand> inputs, const Operand &result) {
  return kernel.emitOpError() << "unsupported: a GPU kernel of this kind";
}

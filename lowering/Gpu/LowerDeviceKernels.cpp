//===- LowerDeviceKernels.cpp - Write the device code of every kernel ---------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Kernels.h"
#include "lowering/Gpu/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace zorro {
#define GEN_PASS_DEF_LOWERDEVICEKERNELS
#include "lowering/Gpu/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

FailureOr<GpuTarget> zorro::getGpuTarget(Operation *op, StringRef arch, StringRef precision) {
  std::string message;
  FailureOr<GpuTarget> target = GpuTarget::get(arch, precision, &message);
  if (failed(target))
    return op->emitError() << message;
  return target;
}

namespace {
struct LowerDeviceKernels : zorro::impl::LowerDeviceKernelsBase<LowerDeviceKernels> {
  using LowerDeviceKernelsBase::LowerDeviceKernelsBase;

  void runOnOperation() override {
    FailureOr<GpuTarget> target = getGpuTarget(getOperation(), arch, precision);
    if (failed(target))
      return signalPassFailure();
    for (KernelOp kernel : llvm::make_early_inc_range(getOperation().getOps<KernelOp>())) {
      OpBuilder builder(kernel);
      if (failed(emitDeviceKernel(kernel, *target, builder)))
        return signalPassFailure();
      kernel.erase();
      ++kernels;
    }
    getOperation()->setAttr(kArchAttr, StringAttr::get(&getContext(), target->arch));
  }
};
} // namespace

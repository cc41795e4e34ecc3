//===- LowerKernels.cpp - Write the code of every kernel ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Kernels.h"
#include "lowering/Cpu/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace zorro {
#define GEN_PASS_DEF_LOWERKERNELS
#include "lowering/Cpu/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

FailureOr<CpuTarget> zorro::getTarget(Operation *op, StringRef name) {
  std::string message;
  FailureOr<CpuTarget> target = CpuTarget::get(name, &message);
  if (failed(target))
    return op->emitError() << message;
  return target;
}

namespace {
struct LowerKernels : zorro::impl::LowerKernelsBase<LowerKernels> {
  using LowerKernelsBase::LowerKernelsBase;

  void runOnOperation() override {
    FailureOr<CpuTarget> target = getTarget(getOperation(), cpu);
    if (failed(target))
      return signalPassFailure();
    for (KernelOp kernel : llvm::make_early_inc_range(getOperation().getOps<KernelOp>())) {
      OpBuilder builder(kernel);
      if (failed(emitKernel(kernel, *target, builder)))
        return signalPassFailure();
      kernel.erase();
      ++kernels;
    }
  }
};
} // namespace

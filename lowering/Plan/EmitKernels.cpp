//===- EmitKernels.cpp - Kernels into code ----------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Plan/Passes.h"

#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace zorro {
#define GEN_PASS_DEF_EMITKERNELS
#include "lowering/Plan/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

namespace {
struct EmitKernels : zorro::impl::EmitKernelsBase<EmitKernels> {
  using EmitKernelsBase::EmitKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::string message;
    auto target = CpuTarget::get(cpu, &message);
    if (failed(target)) {
      module.emitError() << message;
      return signalPassFailure();
    }
    for (KernelOp kernel : llvm::make_early_inc_range(module.getOps<KernelOp>())) {
      OpBuilder builder(kernel);
      FailureOr<func::FuncOp> func = emitKernel(kernel, *target, builder);
      if (failed(func))
        return signalPassFailure();
      (*func)->setAttr(kKindAttr, builder.getStringAttr(stringifyKernelKind(kernel.getKind())));
      (*func)->setAttr(kBecauseAttr, kernel.getBecauseAttr());
      kernel.erase();
    }
    module->setAttr(kPhaseAttr, StringAttr::get(&getContext(), "cpu"));
  }
};
} // namespace

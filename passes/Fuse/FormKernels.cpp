//===- FormKernels.cpp - Every tensor operation into a kernel ---------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/KernelFormer.h"
#include "passes/Fuse/Passes.h"

namespace zorro {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/Fuse/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

namespace {
struct FormKernels : zorro::impl::FormKernelsBase<FormKernels> {
  using FormKernelsBase::FormKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    KernelTable table(module);
    for (auto func : module.getOps<func::FuncOp>()) {
      KernelFormer former(func, table, fuseNorms);
      if (failed(former.run()))
        return signalPassFailure();
      numCalls += former.getCalls();
      numCopies += former.getCopies();
    }
    numKernels = llvm::range_size(module.getOps<KernelOp>());
    module->setAttr(kPhaseAttr, StringAttr::get(&getContext(), "fused"));
  }
};
} // namespace

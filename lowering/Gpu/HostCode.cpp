//===- HostCode.cpp - The gpu phase into device and host code -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/HostCode.h"

#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Target.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace zorro;

/// Device functions, and the globals that only they name.
static bool isDeviceCode(Operation &op) { return isa<LLVM::LLVMFuncOp, LLVM::GlobalOp>(op); }

OwningOpRef<ModuleOp> zorro::copyDeviceCode(ModuleOp module) {
  OwningOpRef<ModuleOp> device = ModuleOp::create(module.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(device->getBody());
  for (Operation &op : *module.getBody())
    if (isDeviceCode(op))
      builder.clone(op);
  return device;
}

LogicalResult zorro::lowerHostCode(ModuleOp module, ArrayRef<CodeImage> images) {
  MLIRContext *context = module.getContext();
  CpuTarget host = CpuTarget::baseline();
  module->setAttr(LLVM::LLVMDialect::getDataLayoutAttrName(),
                  StringAttr::get(context, host.dataLayout));
  module->setAttr(LLVM::LLVMDialect::getTargetTripleAttrName(),
                  StringAttr::get(context, host.triple));
  unsigned kernels = llvm::range_size(module.getOps<LLVM::LLVMFuncOp>());
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isDeviceCode(op))
      op.erase();
  SmallVector<LLVM::LLVMFuncOp> entries;
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    FailureOr<LLVM::LLVMFuncOp> entry = lowerEntry(function);
    if (failed(entry))
      return failure();
    entries.push_back(*entry);
  }
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<WeightOp, TableOp>(op))
      op.erase();
  addCodeRecord(module, entries, kernels, images);
  for (Operation &op : *module.getBody())
    if (!isa<LLVM::LLVMDialect>(op.getDialect()))
      return op.emitOpError() << "expected to be lowered to the LLVM dialect";
  return success();
}

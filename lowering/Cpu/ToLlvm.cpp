//===- ToLlvm.cpp - The cpu phase into the LLVM dialect -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Entry.h"
#include "lowering/Cpu/Kernels.h"
#include "lowering/Cpu/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace zorro {
#define GEN_PASS_DEF_CPUTOLLVM
#include "lowering/Cpu/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

LogicalResult zorro::lowerToLlvm(ModuleOp module, const CpuTarget &target) {
  MLIRContext *context = module.getContext();
  context->loadDialect<LLVM::LLVMDialect, cf::ControlFlowDialect>();
  module->setAttr(LLVM::LLVMDialect::getDataLayoutAttrName(),
                  StringAttr::get(context, target.dataLayout));
  module->setAttr(LLVM::LLVMDialect::getTargetTripleAttrName(),
                  StringAttr::get(context, target.triple));

  lowerTables(module);
  SmallVector<LLVM::LLVMFuncOp> entries, kernels;
  SmallVector<std::pair<StringAttr, FunctionType>> names;
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (!function->hasAttr(kEntryAttr)) {
      names.push_back({function.getSymNameAttr(), function.getFunctionType()});
      continue;
    }
    FailureOr<LLVM::LLVMFuncOp> entry = lowerEntry(function);
    if (failed(entry))
      return failure();
    entries.push_back(*entry);
  }
  for (WeightOp weight : llvm::make_early_inc_range(module.getOps<WeightOp>()))
    weight.erase();

  PassManager passes(context);
  passes.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  passes.addNestedPass<func::FuncOp>(createCSEPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createUBToLLVMConversionPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  if (failed(passes.run(module)))
    return failure();

  SymbolTable symbols(module);
  for (auto [name, type] : names)
    kernels.push_back(wrapKernel(symbols.lookup<LLVM::LLVMFuncOp>(name), type));
  addCodeRecord(module, entries, kernels);
  for (Operation &op : *module.getBody())
    if (!isa<LLVM::LLVMDialect>(op.getDialect()))
      return op.emitOpError() << "expected to be lowered to the LLVM dialect";
  return success();
}

namespace {
struct CpuToLlvm : zorro::impl::CpuToLlvmBase<CpuToLlvm> {
  using CpuToLlvmBase::CpuToLlvmBase;

  void runOnOperation() override {
    FailureOr<CpuTarget> target = getTarget(getOperation(), cpu);
    if (failed(target))
      return signalPassFailure();
    if (failed(lowerToLlvm(getOperation(), *target)))
      signalPassFailure();
  }
};
} // namespace

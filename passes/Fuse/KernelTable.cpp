//===- KernelTable.cpp - Merging of equal kernels ---------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/KernelTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace zorro;

/// Kind and body as text: equal for equal kernels, whatever their names, reasons and locations.
static std::string textOf(KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << stringifyKernelKind(kernel.getKind());
  for (BlockArgument arg : kernel.getBody().getArguments())
    os << ' ' << arg.getType();
  for (Operation &op : kernel.getBody().front())
    op.print(os, OpPrintingFlags().useLocalScope());
  return text;
}

/// Gives every body its own constants: canonicalization moves them to the top of the function,
/// which a kernel cannot see.
static void sinkConstants(KernelOp kernel) {
  Region *whole = &kernel.getBody();
  llvm::DenseMap<std::pair<Block *, Operation *>, Operation *> sunk;
  kernel.walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *source = operand.get().getDefiningOp();
      if (!source || whole->isAncestor(source->getParentRegion()) ||
          !source->hasTrait<OpTrait::ConstantLike>())
        continue;
      Operation *&own = sunk[{op->getBlock(), source}];
      if (!own)
        own = OpBuilder::atBlockBegin(op->getBlock()).clone(*source);
      operand.set(own->getResult(0));
    }
  });
}

KernelTable::KernelTable(ModuleOp module) : module(module), builder(module.getContext()) {
  for (KernelOp kernel : module.getOps<KernelOp>()) {
    byBody.try_emplace(textOf(kernel), kernel);
    taken[kernel.getSymName()] = 1;
  }
  for (auto func : module.getOps<func::FuncOp>())
    taken[func.getSymName()] = 1;
}

KernelOp KernelTable::get(Location loc, KernelKind kind, StringRef name, StringRef because,
                          TypeRange types,
                          function_ref<Value(OpBuilder &, ValueRange)> build) {
  auto funcs = module.getOps<func::FuncOp>();
  builder.setInsertionPoint(funcs.empty() ? module.getBody()->getTerminator()
                                          : (*funcs.begin()).getOperation());
  auto kernel = KernelOp::create(builder, loc, name, kind, because, /*schedule=*/ScheduleAttr());
  Block *block = builder.createBlock(&kernel.getBody(), {}, types,
                                     SmallVector<Location>(types.size(), loc));
  Value result = build(builder, block->getArguments());
  YieldOp::create(builder, loc, result);
  sinkConstants(kernel);

  auto [known, isNew] = byBody.try_emplace(textOf(kernel), kernel);
  if (!isNew) {
    kernel.erase();
    return known->second;
  }
  if (unsigned count = taken[name]++)
    kernel.setSymName((name + "_" + Twine(count)).str());
  return kernel;
}

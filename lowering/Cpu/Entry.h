//===- Entry.h - Lists of launches into functions --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_ENTRY_H
#define ZORRO_LOWERING_CPU_ENTRY_H

#include "runtime/Abi/Abi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <string>

namespace zorro {

/// Replaces an entry (a function of `zorro.launch` operations) by `int32_t (zorro_frame *)`.
mlir::FailureOr<mlir::LLVM::LLVMFuncOp> lowerEntry(mlir::func::FuncOp entry);

/// Replaces the `zorro.table` operations of the module by constants, but for those that lie in the
/// weight segment (`zorro.offset`).
void lowerTables(mlir::ModuleOp module);

/// Adds `void name(const int64_t *args, int64_t begin, int64_t end, char *scratch)` in front of a
/// kernel's converted function, which becomes internal and is inlined.
mlir::LLVM::LLVMFuncOp wrapKernel(mlir::LLVM::LLVMFuncOp kernel, mlir::FunctionType type);

/// Adds the exported record `zorro_code_v2` with both tables.
void addCodeRecord(mlir::ModuleOp module, llvm::ArrayRef<mlir::LLVM::LLVMFuncOp> entries,
                   llvm::ArrayRef<mlir::LLVM::LLVMFuncOp> kernels);

/// A program for a GPU, to be carried by the artefact.
struct CodeImage {
  zorro_image_kind kind;
  unsigned arch;     // 90 for sm_90 and sm_90a
  std::string bytes; // of PTX: without the zero at the end
};

/// The same where `kernels` functions lie in `images` instead.
void addCodeRecord(mlir::ModuleOp module, llvm::ArrayRef<mlir::LLVM::LLVMFuncOp> entries,
                   unsigned kernels, llvm::ArrayRef<CodeImage> images);

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_ENTRY_H

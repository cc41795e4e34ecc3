//===- StorageVariants.h - Kernels that read and write other types --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The same kernel on other types in memory: it extends what it reads, computes what it always did,
// and rounds what it writes.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_FUSE_STORAGEVARIANTS_H
#define ZORRO_PASSES_FUSE_STORAGEVARIANTS_H

#include "passes/Fuse/KernelTable.h"

namespace zorro {

class StorageVariants {
public:
  explicit StorageVariants(mlir::ModuleOp module) : table(module) {}

  /// `kernel` with bf16 for f32 in memory where an element of `inputs` (one for each input) or
  /// `result` is bf16; itself where nothing changes.
  KernelOp get(KernelOp kernel, llvm::ArrayRef<mlir::Type> inputs, mlir::Type result);
  /// The kernel that rounds n numbers of f32.
  KernelOp getRound(mlir::Location loc);

  /// Kernels that `get` gave another one for.
  llvm::ArrayRef<KernelOp> getReplaced() const { return replaced.getArrayRef(); }

private:
  KernelTable table;
  llvm::SetVector<KernelOp> replaced;
};

} // namespace zorro

#endif // ZORRO_PASSES_FUSE_STORAGEVARIANTS_H

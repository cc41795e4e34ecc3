//===- KernelTable.h - Kernels of a module, equal ones merged ------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A kernel is made once for every distinct body: two calls with equal bodies, from whatever entry
// point, get the same symbol and so the same machine code.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_FUSE_KERNELTABLE_H
#define ZORRO_PASSES_FUSE_KERNELTABLE_H

#include "dialects/Zorro/Zorro.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace zorro {

class KernelTable {
public:
  /// Kernels are added at the front of the module's functions, in order of first use.
  explicit KernelTable(mlir::ModuleOp module);

  /// The kernel with arguments of `types` whose body `build` writes (given the arguments, it
  /// returns the value to yield). `name` and `because` serve where the body is new.
  KernelOp get(mlir::Location loc, KernelKind kind, llvm::StringRef name, llvm::StringRef because,
               mlir::TypeRange types,
               llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)> build);

private:
  mlir::ModuleOp module;
  mlir::OpBuilder builder;
  llvm::StringMap<KernelOp> byBody;
  llvm::StringMap<unsigned> taken;
};

} // namespace zorro

#endif // ZORRO_PASSES_FUSE_KERNELTABLE_H

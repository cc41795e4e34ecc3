//===- KernelFrame.h - The function around a kernel ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every kernel is a function of its memory operands, its run-time scalars, a range of tasks and a
// scratch memory. The emitters fill it.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_KERNELFRAME_H
#define ZORRO_LOWERING_CPU_KERNELFRAME_H

#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Emitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace zorro {

class KernelFrame {
public:
  /// Opens the function of `kernel` with `tables` tables of words and `scalars` scalars, and moves
  /// the emitter into it.
  KernelFrame(Emitter &e, mlir::OpBuilder &module, KernelOp kernel, unsigned tables,
              unsigned scalars);

  /// Closes the function and gives it.
  mlir::func::FuncOp close();

  /// A part of the scratch memory, aligned to a cache line.
  Memory scratch(int64_t count);
  Memory scratchBools(int64_t count);
  mlir::Value scratchWords(int64_t count);

  Emitter &e;
  mlir::func::FuncOp func;
  llvm::SmallVector<Memory> inputs;
  Memory result;
  Values tables, scalars;
  mlir::Value begin, end;

private:
  mlir::Value view(mlir::Type type, int64_t count);
  mlir::Value memory;
  int64_t bytes = 0;
};

/// The scratch memory that a kernel's function needs, in bytes.
constexpr llvm::StringLiteral kScratchAttr = "zorro.scratch";

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_KERNELFRAME_H

//===- Object.h - LLVM dialect into machine code -------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_EMIT_OBJECT_H
#define ZORRO_LOWERING_EMIT_OBJECT_H

#include "lowering/Cpu/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/SmallVector.h"

namespace zorro {

/// An ELF object file in memory.
using ObjectCode = llvm::SmallVector<char, 0>;

/// Optimises a module of the LLVM dialect and compiles it, in this process, to position-independent
/// code. Kernels are dealt to `threads` LLVM modules that are compiled at once: one object each.
/// The result does not depend on how the threads run.
mlir::FailureOr<llvm::SmallVector<ObjectCode>> compileObjects(mlir::ModuleOp module,
                                                              const CpuTarget &target,
                                                              unsigned threads = 2);

/// The module as LLVM IR text, with the target's attributes on every function, not yet optimised.
mlir::FailureOr<std::string> printLlvm(mlir::ModuleOp module, const CpuTarget &target);

} // namespace zorro

#endif // ZORRO_LOWERING_EMIT_OBJECT_H

//===- Passes.h - From kernels to device code -------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Declarations generated from Passes.td.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_PASSES_H
#define ZORRO_LOWERING_GPU_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace zorro {
#define GEN_PASS_DECL
#include "lowering/Gpu/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lowering/Gpu/Passes.h.inc"
} // namespace zorro

#endif // ZORRO_LOWERING_GPU_PASSES_H

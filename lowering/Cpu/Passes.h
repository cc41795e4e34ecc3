//===- Passes.h - Passes of the CPU lowering -----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_PASSES_H
#define ZORRO_LOWERING_CPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace zorro {

#define GEN_PASS_DECL
#include "lowering/Cpu/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lowering/Cpu/Passes.h.inc"

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_PASSES_H

//===- Passes.h - From the zorro phase to the special phase -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_SPECIALISE_PASSES_H
#define ZORRO_PASSES_SPECIALISE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <string>

namespace zorro {

#define GEN_PASS_DECL
#include "passes/Specialise/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Specialise/Passes.h.inc"

} // namespace zorro

#endif // ZORRO_PASSES_SPECIALISE_PASSES_H

//===- Passes.h - Passes from the onnx phase to the zorro phase -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Declarations generated from Passes.td.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_PASSES_H
#define ZORRO_PASSES_RAISE_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace zorro {
#define GEN_PASS_DECL
#include "passes/Raise/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/Raise/Passes.h.inc"
} // namespace zorro

#endif // ZORRO_PASSES_RAISE_PASSES_H

//===- Passes.h - From the special phase back to ONNX -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_UNRAISE_PASSES_H
#define ZORRO_PASSES_UNRAISE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace zorro {

#define GEN_PASS_DECL
#include "passes/Unraise/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Unraise/Passes.h.inc"

/// The oldest opset that can be written: from there on axes, bounds and pads are inputs.
constexpr int64_t kOldestOpset = 13;

/// The opset to write `module` for: `wanted`, or where that is 0 the source's.
int64_t chooseOpset(mlir::ModuleOp module, int64_t wanted);

} // namespace zorro

#endif // ZORRO_PASSES_UNRAISE_PASSES_H

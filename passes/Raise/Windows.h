//===- Windows.h - Convolutions ----------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Shared by the file that raises convolutions and the table.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_WINDOWS_H
#define ZORRO_PASSES_RAISE_WINDOWS_H

#include "passes/Raise/Raiser.h"

namespace zorro::raise {

mlir::LogicalResult raiseConv(Raiser &raiser, onnx::NodeOp node);

/// y + bias with numpy's broadcasting.
mlir::Value addBias(Raiser &raiser, mlir::Value y, mlir::Value bias);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_WINDOWS_H

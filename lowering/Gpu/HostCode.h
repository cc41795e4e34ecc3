//===- HostCode.h - The gpu phase into device and host code -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A module of phase `gpu` holds both: device functions, and entries that launch them. Here they part.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_HOSTCODE_H
#define ZORRO_LOWERING_GPU_HOSTCODE_H

#include "lowering/Cpu/Entry.h"

#include "mlir/IR/OwningOpRef.h"

namespace zorro {

/// The device functions of a module of phase `gpu`, with their globals, in a module of their own.
mlir::OwningOpRef<mlir::ModuleOp> copyDeviceCode(mlir::ModuleOp module);

/// Leaves the entries alone in a module of phase `gpu` and converts them into the LLVM dialect, in
/// place. Weights and tables have `zorro.offset`. The module then defines `zorro_code_v2`, which
/// carries `images`.
mlir::LogicalResult lowerHostCode(mlir::ModuleOp module, llvm::ArrayRef<CodeImage> images);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_HOSTCODE_H

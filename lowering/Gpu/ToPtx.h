//===- ToPtx.h - Device functions into PTX ------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_TOPTX_H
#define ZORRO_LOWERING_GPU_TOPTX_H

#include "lowering/Gpu/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace zorro {

/// The PTX of a module that holds device functions (`llvm.func` with `nvvm.kernel`) and their
/// globals alone. Lowers the module in place.
mlir::FailureOr<std::string> printPtx(mlir::ModuleOp module, const GpuTarget &target);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_TOPTX_H

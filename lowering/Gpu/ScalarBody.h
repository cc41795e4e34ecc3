//===- ScalarBody.h - Epilogues of products on scalars ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The region of a contraction, written out again for each element of the sums. GELU and erf take
// few instructions here: an epilogue runs beside tensor cores, a library's version takes longer
// than the products.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_SCALARBODY_H
#define ZORRO_LOWERING_GPU_SCALARBODY_H

#include "lowering/Gpu/DeviceFrame.h"

namespace zorro {

/// The error function of an f32, within 2e-6; NaN stays NaN.
mlir::Value emitErf(DeviceEmitter &e, mlir::Value x);

/// Writes out `body`, which verifyBody (lowering/Cpu/VectorBody.h) has passed, for the given
/// arguments and returns what it yields. Functions but GELU and erf stay operations of `math`.
mlir::Value emitScalarBody(DeviceEmitter &e, mlir::Block &body, mlir::ValueRange arguments);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_SCALARBODY_H

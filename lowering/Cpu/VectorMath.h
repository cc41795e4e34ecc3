//===- VectorMath.h - Functions on registers ---------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Exponentials, error function and transposes as straight-line vector code: no call leaves a
// kernel, and every lane goes through the same operations whatever its neighbours hold.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_VECTORMATH_H
#define ZORRO_LOWERING_CPU_VECTORMATH_H

#include "lowering/Cpu/Emitter.h"

namespace zorro {

/// 2^x for x <= 0 on a register of f32; exactly 0 below -126 and for -inf; NaN stays NaN.
mlir::Value emitExp2(Emitter &e, mlir::Value x);

/// e^x for x <= 0, as above; exactly 0 below about -87.3.
mlir::Value emitExp(Emitter &e, mlir::Value x);

/// Transposes a square of `lanes` registers in place.
void emitTranspose(Emitter &e, llvm::MutableArrayRef<mlir::Value> rows);

/// Rewrites every math operation under `op` that would become a library call (exp, erf, tanh, log,
/// pow, …) into arithmetic, on scalars and vectors alike; with `bf16`, conversions to and from bf16,
/// too, for targets without instructions for them.
mlir::LogicalResult expandMath(mlir::Operation *op, bool bf16 = true);

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_VECTORMATH_H

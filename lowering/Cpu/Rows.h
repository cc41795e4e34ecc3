//===- Rows.h - One row of a normalisation -----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_ROWS_H
#define ZORRO_LOWERING_CPU_ROWS_H

#include "lowering/Cpu/Emitter.h"

namespace zorro {

/// Writes the row of `norm` (zorro.layer_norm, zorro.rms_norm or zorro.softmax) that starts at
/// element `from` of `x` to element `to` of `y`. `scale` and `bias` may be null.
void emitRowOperation(Emitter &e, mlir::Operation *norm, const Memory &x, mlir::Value from,
                      const Memory &y, mlir::Value to, const Memory *scale, const Memory *bias);

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_ROWS_H

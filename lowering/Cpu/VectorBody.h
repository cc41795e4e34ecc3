//===- VectorBody.h - Scalar bodies on registers -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Epilogues of contractions and bodies of loops are regions on scalars. Here they are written out
// again, either on scalars or lane by lane on registers; both give the same bits.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_VECTORBODY_H
#define ZORRO_LOWERING_CPU_VECTORBODY_H

#include "lowering/Cpu/Emitter.h"

namespace zorro {

/// Gives the value of an operation that depends on where the body runs (`linalg.index`,
/// `tensor.extract`), with its operands already rewritten.
using PlaceFn = llvm::function_ref<mlir::Value(mlir::Operation *, mlir::ValueRange operands)>;

/// True where every operation of `body` works lane by lane.
bool isLanewise(mlir::Block &body);

/// Writes out `body` for the given arguments and returns what it yields. On registers if `wide`;
/// then `body` must be lanewise.
mlir::Value emitBody(Emitter &e, mlir::Block &body, mlir::ValueRange arguments, bool wide,
                     PlaceFn place = nullptr);

/// Checks that `body` holds nothing that cannot be written out.
mlir::LogicalResult verifyBody(mlir::Block &body, bool places);

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_VECTORBODY_H

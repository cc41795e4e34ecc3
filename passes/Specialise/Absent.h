//===- Absent.h - Mask out the tokens of absent inputs ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_SPECIALISE_ABSENT_H
#define ZORRO_PASSES_SPECIALISE_ABSENT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace zorro {

/// Rewrites the masks of `func` as padding would that leaves out every token made of the inputs
/// `absent` (bits) alone: present tokens no longer see them, and they see each other only. A row
/// that would be left without a key stays as it is. Afterwards a value that does not depend on
/// `absent` is the value that such padding gives.
void maskAbsent(mlir::func::FuncOp func, uint64_t absent);

} // namespace zorro

#endif // ZORRO_PASSES_SPECIALISE_ABSENT_H

//===- Indexing.h - Reading positions of an axis -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_INDEXING_H
#define ZORRO_PASSES_RAISE_INDEXING_H

#include "passes/Raise/Raiser.h"

namespace zorro::raise {

/// The rows at known `positions` along `axis`: slices of neighbouring ones, or a table of many.
mlir::Value gatherPositions(Raiser &raiser, mlir::Value data, int64_t axis,
                            llvm::ArrayRef<int64_t> positions);
/// result[before..., i..., after...] = data[before..., positions[i...], after...]. A position beyond
/// the axis reads an end of it and no other memory.
mlir::Value gatherAtRunTime(Raiser &raiser, mlir::Value data, mlir::Value positions, int64_t axis,
                            mlir::RankedTensorType result);
/// The position that a run-time number names on an axis of `size`, from its end where negative.
mlir::Value positionFrom(mlir::OpBuilder &b, mlir::Location l, mlir::Value number, int64_t size);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_INDEXING_H

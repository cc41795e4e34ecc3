//===- Families.h - Operations by kind, as nodes ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Each writes one operation and gives back the value that takes its result's place; null where it
// has no counterpart, after saying so.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_UNRAISE_FAMILIES_H
#define ZORRO_PASSES_UNRAISE_FAMILIES_H

#include "dialects/Zorro/Zorro.h"
#include "passes/Unraise/NodeWriter.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace zorro::unraise {

/// Says that `op` cannot be written, and gives back null.
mlir::Value refuse(mlir::Operation *op, const llvm::Twine &reason = "");

/// tensor operations, linalg.transpose, linalg.fill, zorro.join, zorro.take.
mlir::Value writeMove(NodeWriter &writer, mlir::Operation *op);
/// zorro.contract, zorro.layer_norm, zorro.rms_norm, zorro.softmax, zorro.gelu.
mlir::Value writeNamed(NodeWriter &writer, mlir::Operation *op);
/// Attention as attention on slices. `groups` counts the groups of queries.
mlir::Value writeAttention(NodeWriter &writer, AttentionOp op, bool liveRows, int64_t &groups);
/// Element-wise loops and reductions.
mlir::Value writeLoops(NodeWriter &writer, mlir::linalg::GenericOp op);
/// A sum of products: MatMul, Einsum or Conv; null, without a word, where it is none.
mlir::Value writeProduct(NodeWriter &writer, mlir::linalg::GenericOp op);
/// `value` as read through `map` by loops of these sizes: broadcasts to them from the right.
mlir::Value alignToLoops(NodeWriter &writer, mlir::Value value, mlir::AffineMap map,
                         llvm::ArrayRef<int64_t> loops);

} // namespace zorro::unraise

#endif // ZORRO_PASSES_UNRAISE_FAMILIES_H

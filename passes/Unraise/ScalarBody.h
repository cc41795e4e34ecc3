//===- ScalarBody.h - Scalar code as nodes on tensors ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The body of a loop nest works on scalars; each of them, over the whole nest, is a tensor that
// broadcasts to the loops.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_UNRAISE_SCALARBODY_H
#define ZORRO_PASSES_UNRAISE_SCALARBODY_H

#include "passes/Unraise/NodeWriter.h"

#include "llvm/ADT/DenseMap.h"

namespace zorro::unraise {

class ScalarBody {
public:
  /// `loops`: the sizes of the loop nest.
  ScalarBody(NodeWriter &writer, llvm::ArrayRef<int64_t> loops) : writer(writer), loops(loops) {}

  /// Says which tensor holds `scalar`, an argument of the body.
  void bind(mlir::Value scalar, mlir::Value tensor) { tensors[scalar] = tensor; }
  /// The tensor for `scalar`; null where an operation has no counterpart.
  mlir::Value get(mlir::Value scalar);
  /// The operation that has none.
  mlir::Operation *getFault() const { return fault; }

private:
  mlir::Value write(mlir::Operation *op);
  mlir::Value writeKnown(mlir::Operation *op);
  mlir::Value writeCompare(mlir::Operation *op, mlir::Value x, mlir::Value y);
  mlir::Value writeExtract(mlir::Operation *op);
  /// x mod y of the operands of `rest`: the result has the sign of x as in C, or that of y.
  mlir::Value writeMod(mlir::Operation *rest, bool likeC);

  NodeWriter &writer;
  llvm::SmallVector<int64_t> loops;
  llvm::DenseMap<mlir::Value, mlir::Value> tensors;
  mlir::Operation *fault = nullptr;
};

/// GELU of a tensor.
mlir::Value writeGelu(NodeWriter &writer, mlir::Value x, bool tanh);

} // namespace zorro::unraise

#endif // ZORRO_PASSES_UNRAISE_SCALARBODY_H

//===- NodeBuilder.h - Making and looking at onnx nodes ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What the passes that rewrite within the onnx phase share.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_NODEBUILDER_H
#define ZORRO_PASSES_RAISE_NODEBUILDER_H

#include "dialects/Onnx/Onnx.h"

#include "mlir/IR/BuiltinTypes.h"

namespace zorro::raise {

class NodeBuilder {
public:
  explicit NodeBuilder(mlir::OpBuilder &builder) : builder(builder) {}

  /// A node of ai.onnx with one result.
  mlir::Value make(mlir::Location loc, llvm::StringRef name, int64_t since, mlir::Type result,
                   mlir::ValueRange inputs, llvm::ArrayRef<mlir::NamedAttribute> attrs = {});
  /// `value` with its axes permuted; itself for the identity.
  mlir::Value transpose(mlir::Location loc, mlir::Value value, llvm::ArrayRef<int64_t> perm);
  /// `value` under another shape; itself for its own.
  mlir::Value reshape(mlir::Location loc, mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// `value` broadcast to a shape; itself for its own.
  mlir::Value expand(mlir::Location loc, mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// `parts` behind each other.
  mlir::Value concat(mlir::Location loc, int64_t axis, mlir::ValueRange parts);
  /// `value` with elements of another type; itself for its own.
  mlir::Value convert(mlir::Location loc, mlir::Value value, mlir::Type element);
  /// An `arith.constant` of rank 0.
  mlir::Value scalar(mlir::Location loc, mlir::Type element, double number);
  /// An `arith.constant` of integers.
  mlir::Value integers(mlir::Location loc, llvm::ArrayRef<int64_t> numbers);

  mlir::OpBuilder &builder;
};

/// The static ranked type of a value, or null.
mlir::RankedTensorType staticType(mlir::Value value);
/// The node of ai.onnx called `name` that defines `value`, or null.
onnx::NodeOp definedBy(mlir::Value value, llvm::StringRef name);
/// Its permutation if `node` is a Transpose.
llvm::SmallVector<int64_t> permutationOf(onnx::NodeOp node);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_NODEBUILDER_H

//===- NodeWriter.h - Making nodes of one opset -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Knows how the operators' forms differ between opsets, and keeps moves few: what is the identity
// is not written, and of two moves in a row one is.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_UNRAISE_NODEWRITER_H
#define ZORRO_PASSES_UNRAISE_NODEWRITER_H

#include "dialects/Onnx/Onnx.h"

#include "mlir/IR/BuiltinTypes.h"

namespace zorro::unraise {

/// The static type of a value.
mlir::RankedTensorType typeOf(mlir::Value value);
int64_t productOf(llvm::ArrayRef<int64_t> shape);

class NodeWriter {
public:
  NodeWriter(mlir::MLIRContext *context, int64_t opset) : builder(context), opset(opset) {}

  /// Starts on `op`: nodes are made before it, at its location.
  void start(mlir::Operation *op) {
    builder.setInsertionPoint(op);
    loc = op->getLoc();
  }
  bool has(int64_t version) const { return opset >= version; }

  //===-- Nodes -----------------------------------------------------------------------------===//

  /// A node of ai.onnx with one result.
  mlir::Value node(llvm::StringRef name, mlir::RankedTensorType result, mlir::ValueRange inputs,
                   llvm::ArrayRef<mlir::NamedAttribute> attrs = {});
  /// Element by element; the result has the type of `x`.
  mlir::Value unary(llvm::StringRef name, mlir::Value x);
  /// Element by element with numpy's broadcasting; `element` where it is not that of `x`.
  mlir::Value binary(llvm::StringRef name, mlir::Value x, mlir::Value y, mlir::Type element = {});
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  mlir::Value cast(mlir::Value x, mlir::Type element);
  /// a · b over their last two axes; the axes before broadcast.
  mlir::Value matmul(mlir::Value a, mlir::Value b);
  /// ReduceSum, ReduceMax, …; the axes stay as ones where `keep`.
  mlir::Value reduce(llvm::StringRef name, mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keep);

  //===-- Moves -----------------------------------------------------------------------------===//

  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> perm);
  mlir::Value slice(mlir::Value x, llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> sizes,
                    llvm::ArrayRef<int64_t> strides);
  /// `size` positions of `axis` from `begin` on, taken where they were laid out last: before the
  /// reshapes, transposes, slices and concatenations that lead to `x`.
  mlir::Value sliceAxis(mlir::Value x, int64_t axis, int64_t begin, int64_t size);
  mlir::Value concat(int64_t axis, llvm::ArrayRef<mlir::Value> parts);
  mlir::Value expand(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value pad(mlir::Value x, llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> after,
                  mlir::TypedAttr fill);

  //===-- Constants and attributes ----------------------------------------------------------===//

  mlir::Value constant(mlir::DenseElementsAttr attr);
  /// Of rank 0.
  mlir::Value scalar(mlir::TypedAttr number);
  mlir::Value scalar(mlir::Type element, double number);
  mlir::Value integers(llvm::ArrayRef<int64_t> numbers);
  mlir::NamedAttribute attr(llvm::StringRef name, int64_t value);
  mlir::NamedAttribute attr(llvm::StringRef name, llvm::ArrayRef<int64_t> values);
  mlir::NamedAttribute attr(llvm::StringRef name, mlir::FloatAttr value);

  mlir::OpBuilder builder;
  mlir::Location loc = mlir::UnknownLoc::get(builder.getContext());
  const int64_t opset;
};

/// The node of ai.onnx called `name` that makes `value`, or null.
onnx::NodeOp madeBy(mlir::Value value, llvm::StringRef name);
/// The integers of an `arith.constant`; nothing where `value` is none.
std::optional<llvm::SmallVector<int64_t>> integersOf(mlir::Value value);
/// The shape that numpy broadcasts both to.
llvm::SmallVector<int64_t> broadcastShape(llvm::ArrayRef<int64_t> x, llvm::ArrayRef<int64_t> y);

} // namespace zorro::unraise

#endif // ZORRO_PASSES_UNRAISE_NODEWRITER_H

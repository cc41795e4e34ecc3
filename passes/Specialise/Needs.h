//===- Needs.h - What the kept outputs need of every value ------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One walk backwards from the kept outputs: for each value the window that its users read. Where an
// operation cannot be narrowed along an axis, its result's window grows to the whole axis and its
// users take what they want of it: never wrong, maybe larger.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_SPECIALISE_NEEDS_H
#define ZORRO_PASSES_SPECIALISE_NEEDS_H

#include "dialects/Zorro/Zorro.h"
#include "passes/Analysis/StreamDependence.h"
#include "passes/Specialise/Window.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace zorro {

class Needs {
public:
  Needs(const StreamDependence &streams, llvm::ArrayRef<unsigned> outputs);

  /// What is kept of `value`; null where nothing needs it.
  const Window *get(mlir::Value value) const;
  /// What the operation takes of an operand; null where the operand is dropped.
  const Window *getWanted(mlir::OpOperand &operand) const;
  /// Operations of which more is kept than was asked for.
  llvm::ArrayRef<mlir::Operation *> getKeptWhole() const { return keptWhole; }

private:
  void visit(mlir::Operation *op);
  void want(mlir::OpOperand &operand, Window window);
  void wantAll(mlir::Value value);
  /// Lets the window of `result` grow; remembers the operation if it really did.
  void grow(mlir::Value result, const Window &window);

  bool visitZorro(mlir::Operation *op);
  bool visitTensor(mlir::Operation *op);
  void visitLinalg(mlir::linalg::LinalgOp op);
  void visitContract(ContractOp op);
  void visitAttention(AttentionOp op);
  /// Whether one of the queries `rows` may have no live key, if only at run time.
  bool mayBeEmpty(AttentionOp op, const Intervals &rows) const;
  void visitSoftmax(SoftmaxOp op);
  void visitParts(mlir::Operation *op, unsigned axis);
  bool visitSlice(mlir::tensor::ExtractSliceOp op);
  void visitCollapse(mlir::tensor::CollapseShapeOp op);
  void visitExpand(mlir::tensor::ExpandShapeOp op);
  bool visitPad(mlir::tensor::PadOp op);
  /// Indices of reduction loop `loop` whose products are not surely 0.
  Intervals liveReduction(mlir::linalg::LinalgOp op, unsigned loop,
                          llvm::ArrayRef<Intervals> loops) const;

  const StreamDependence &streams;
  llvm::DenseMap<mlir::Value, Window> windows;
  llvm::DenseMap<mlir::OpOperand *, Window> wanted;
  llvm::SmallVector<mlir::Operation *> keptWhole;
};

} // namespace zorro

#endif // ZORRO_PASSES_SPECIALISE_NEEDS_H

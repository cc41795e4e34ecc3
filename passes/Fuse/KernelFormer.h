//===- KernelFormer.h - One function's operations into kernel calls -------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Walks a function once. For every value it knows a window on some tensor that a call, an argument
// or a weight gives; operations that only rearrange change the window, all others become calls.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_FUSE_KERNELFORMER_H
#define ZORRO_PASSES_FUSE_KERNELFORMER_H

#include "passes/Fuse/KernelTable.h"
#include "passes/Fuse/StridedView.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/DenseMap.h"

namespace zorro {

class KernelFormer {
public:
  /// With `fuseNorms`, a norm that only contractions read goes into them.
  KernelFormer(mlir::func::FuncOp func, KernelTable &table, bool fuseNorms);
  /// Rewrites the function; fails, with a diagnostic, on an operation that no kernel fits.
  mlir::LogicalResult run();

  unsigned getCalls() const { return calls; }
  unsigned getCopies() const { return copies; }

private:
  // Operations by kind (KernelFormer.cpp, FormContractions.cpp, FormLoops.cpp).
  mlir::LogicalResult visit(mlir::Operation *op);
  mlir::LogicalResult visitConstant(mlir::Operation *op, mlir::ElementsAttr value);
  mlir::LogicalResult visitContract(ContractOp op);
  mlir::LogicalResult visitAttention(AttentionOp op);
  mlir::LogicalResult visitRow(mlir::Operation *op);
  mlir::LogicalResult visitGeneric(mlir::linalg::GenericOp op);
  mlir::LogicalResult visitConcat(mlir::Operation *op, mlir::ValueRange parts, int64_t axis);
  mlir::LogicalResult visitPad(mlir::tensor::PadOp op);
  mlir::LogicalResult visitReturn(mlir::func::ReturnOp op);

  StridedView &viewOf(mlir::Value value);
  /// Whether every reader of `norm` is a contraction that shall normalise its rows itself.
  bool goesIntoContractions(mlir::Operation *norm) const;

  /// A zorro.view of the window, or the storage itself.
  mlir::Value operandFor(const StridedView &view, mlir::Location loc);
  /// The same elements in row-major order in a tensor of their own.
  StridedView materialise(const StridedView &view, mlir::Location loc);
  /// The window itself where its elements lie in row-major order without gaps, else a copy.
  StridedView contiguous(const StridedView &view, mlir::Location loc);
  /// The window as [batch, rows, columns] split at `split`, copied where it has to be.
  StridedView rowsOf(const StridedView &view, unsigned split, mlir::Location loc);
  /// Copies `view` into the window (offset, strides) of `into`; gives the updated tensor.
  mlir::Value copyInto(const StridedView &view, mlir::Value into, int64_t offset,
                       llvm::ArrayRef<int64_t> strides, mlir::Location loc);
  /// A tensor of `type` filled with a constant.
  mlir::Value fillTensor(mlir::RankedTensorType type, mlir::TypedAttr value, mlir::Location loc);
  mlir::Value emptyLike(mlir::RankedTensorType type, mlir::Location loc);

  struct Target {
    mlir::Value into;
    llvm::SmallVector<int64_t> shape;
    int64_t offset = 0;
    llvm::SmallVector<int64_t> strides;
  };
  /// A call of `kernel`; gives the tensor it wrote into.
  mlir::Value call(KernelOp kernel, mlir::ValueRange inputs, const Target &target,
                   mlir::Location loc, MaskAttr mask = {}, mlir::FloatAttr scale = {});
  /// All of a fresh tensor of `type`, seen under `shape`.
  Target fresh(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> shape, mlir::Location loc);

  mlir::func::FuncOp func;
  KernelTable &table;
  const bool fuseNorms;
  mlir::OpBuilder builder;
  llvm::DenseMap<mlir::Value, StridedView> views;
  llvm::SmallVector<mlir::Operation *> dead;
  mlir::StringAttr streams; // that the operation being visited works on
  unsigned calls = 0, copies = 0;
};

/// The tensor type of `rank` axes, all dynamic but the last where `last` is given.
mlir::RankedTensorType kernelType(unsigned rank, mlir::Type element,
                                  int64_t last = mlir::ShapedType::kDynamic);

} // namespace zorro

#endif // ZORRO_PASSES_FUSE_KERNELFORMER_H

//===- StoragePlan.h - Which tensors may lie in memory as bf16 ------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Half the bytes, and eight bits of every number. What calls write into one buffer has one type;
// some buffers have to keep all their bits, and this says which, and why.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_FUSE_STORAGEPLAN_H
#define ZORRO_PASSES_FUSE_STORAGEPLAN_H

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace zorro {

/// What a call's input is a window on: the argument, weight or result of a call behind a view.
mlir::Value storageOf(mlir::Value input);

/// Whether input `number` of a call of `kernel` is a factor of products: the rows or the matrix of a
/// contraction, or q, k or v of attention, as they come from memory.
bool isFactor(KernelOp kernel, unsigned number);

class StoragePlan {
public:
  /// Looks at a function in phase `fused`.
  StoragePlan(mlir::func::FuncOp func, mlir::SymbolTable &symbols);

  /// Whether what `call` writes becomes bf16. Not so are
  /// - what is returned;
  /// - what a softmax reads: an error of a score is a factor of its probability;
  /// - what may hold a finite fill that bf16 would round to infinity;
  /// - what is computed from inputs and weights without a product or a normalisation: positions,
  ///   lengths and indices must not be rounded; where only products read it they do so anyway.
  bool isNarrow(CallOp call) const;

private:
  /// What the calls of a chain of `into` write: one place in memory.
  struct Buffer {
    bool isFloat = false;       // f32, or bf16 already
    bool isKept = false;        // returned, or read by what needs all bits
    bool isExact = true;        // from inputs and weights, without a product or a normalisation
    bool mayFill = false;       // may hold a fill
    bool isRead = false, factorsOnly = true; // by calls; as factors of products only
  };

  void collect(mlir::func::FuncOp func);
  /// What flows into the buffer that `call` writes; whether that is news.
  bool flow(CallOp call);
  Buffer *bufferOf(mlir::Value input);

  mlir::SymbolTable &symbols;
  llvm::SmallVector<Buffer> buffers;
  llvm::DenseMap<mlir::Operation *, unsigned> numbers; // of buffers, by the calls that write them
};

} // namespace zorro

#endif // ZORRO_PASSES_FUSE_STORAGEPLAN_H

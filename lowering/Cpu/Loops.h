//===- Loops.h - What is fixed in a loop nest's code ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_LOOPS_H
#define ZORRO_LOWERING_CPU_LOOPS_H

#include "lowering/Cpu/Emitters.h"

namespace zorro {

/// The static part of a map, reduce or move kernel.
///
/// Scalars of a launch: the size of every loop; the length of a chunk of the inner loop and the
/// number of chunks; the strides of every input and of the result, one per loop; the strides of
/// every gathered tensor, one per axis.
struct LoopsShape {
  mlir::linalg::LinalgOp op; ///< a linalg.generic or linalg.copy
  unsigned rank = 0;
  llvm::SmallVector<unsigned> outer;      ///< parallel loops but the inner one, in order
  llvm::SmallVector<unsigned> reductions;
  std::optional<unsigned> inner;          ///< the loop of the result's last axis
  llvm::SmallVector<int64_t> inputs;      ///< argument numbers; -1 for a tensor.empty
  llvm::SmallVector<int64_t> gathered;    ///< argument numbers of what tensor.extract reads
  mlir::TypedAttr start;                  ///< what the result is filled with, if it is

  bool isReduction() const { return !reductions.empty(); }
  int64_t scalarCount() const;
  static mlir::FailureOr<LoopsShape> get(KernelOp kernel);
};

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_LOOPS_H

//===- Loops.h - How a loop nest is spread over threads -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What the emitter and the planner of map, reduce and move kernels agree on.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_LOOPS_H
#define ZORRO_LOWERING_GPU_LOOPS_H

#include "lowering/Cpu/Loops.h"
#include "lowering/Gpu/DeviceFrame.h"

namespace zorro {

/// Threads of a block.
constexpr int64_t kLoopThreads = 256;
/// Partial sums of a reduction that is split. From kSplitSteps on every reduction that can be is,
/// so that the order of its sums depends on its length alone.
constexpr int64_t kSplit = 32, kSplitSteps = 64;

/// The static part of a map, reduce or move kernel on a GPU.
///
/// Scalars of a launch: elements of the result; how it is run (Mode); the size of every loop; for
/// every loop, how to divide by its size (divisorWord); the strides in bytes of every input and of
/// the result, one per loop; the strides in bytes of every gathered tensor, one per axis.
struct DeviceLoopsShape : LoopsShape {
  /// A thread for every element; a thread for `vector` neighbours; a warp for every element.
  enum Mode : int64_t { PerElement, PerVector, PerWarp };

  llvm::SmallVector<unsigned> parallel; ///< outer loops and the inner one: the last runs fastest
  int64_t vector = 1;                   ///< elements of a thread where memory allows it
  /// The operation that joins partial results; null where a reduction cannot be split.
  mlir::Operation *combiner = nullptr;

  int64_t scalarCount() const { return LoopsShape::scalarCount() + rank; }
  static mlir::FailureOr<DeviceLoopsShape> get(KernelOp kernel);
};

/// A multiplier (low half) and a shift (high half) so that for 0 <= n < 2^31
/// n / size = (high(n · multiplier) + n) >> shift, where high gives the upper 32 bits.
int64_t divisorWord(int64_t size);
/// `number` (i32) divided by the size that made `word` (i64).
mlir::Value divideByWord(DeviceEmitter &e, mlir::Value number, mlir::Value word);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_LOOPS_H

//===- Contract.h - What is fixed in a contraction's device code --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The portable contraction: sm_80 and up, one text for all. Blocks of a grid are tiles of the
// result. The order of every sum depends on K and the precision alone, not on the tile.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_CONTRACT_H
#define ZORRO_LOWERING_GPU_CONTRACT_H

#include "lowering/Gpu/TensorCore.h"

namespace zorro {

/// What a block computes, and how: its warps stand in a rectangle, its rows of 128 bytes of either
/// operand in a ring of stages.
struct ContractTile {
  int64_t rows = 128, columns = 128, stages = 3;

  static constexpr int64_t kThreads = 128, kRowBytes = 128;
  int64_t warpsAcross() const { return rows == 16 ? 4 : 2; }
  int64_t warpRows() const { return rows * warpsAcross() / 4; }
  int64_t warpColumns() const { return columns / warpsAcross(); }
  int64_t stageBytes() const { return (rows + columns) * kRowBytes; }
  /// The sums of a block as f32, on their way through shared memory: rows begin so far apart that
  /// neighbours lie in other banks.
  int64_t sumsPitch() const { return columns * 4 + 32; }
  /// Clocks of a multiprocessor for `steps` stages and the epilogue, roughly.
  int64_t clocks(int64_t steps) const;
};

/// The tile that takes the least time for calls of so many rows.
ContractTile chooseContractTile(int64_t k, int64_t n, int64_t elementBytes,
                                llvm::ArrayRef<int64_t> calls, const GpuTarget &target);

/// The static part of a contraction: what its function is made from and its planner must know.
///
/// Scalars of a launch: rows in all, rows of a batch; then batch and row stride, in elements, of
/// the rows, of each epilogue operand and of the result.
///
/// A kernel's `schedule` sets the tile: `tile` its rows and columns, `block` the stages of the
/// ring; `unroll` is 1. Without one the tile is 128 x 128.
struct DeviceContract {
  ContractOp contract;
  int64_t rows = -1, matrix = -1; ///< argument numbers
  llvm::SmallVector<int64_t> extras;
  int64_t k = 0, n = 0;
  Precision precision = Precision::Bf16;
  ContractTile tile;

  int64_t elementBytes() const { return precision == Precision::Bf16 ? 2 : 4; }
  /// Summands of a stage.
  int64_t depth() const { return ContractTile::kRowBytes / elementBytes(); }
  int64_t depthTiles() const { return llvm::divideCeil(k, depth()); }
  int64_t columnTiles() const { return llvm::divideCeil(n, tile.columns); }
  int64_t scalarCount() const { return 2 + 2 * (2 + int64_t(extras.size())); }
  /// Shared memory: the ring, which the epilogue uses again for the sums and for the offsets of the
  /// rows of each epilogue operand and of the result.
  int64_t offsetsAt() const { return tile.rows * tile.sumsPitch(); }
  int64_t sharedBytes() const;

  /// The contraction of `kernel`; failure, with a diagnostic, where there is none for a GPU.
  static mlir::FailureOr<DeviceContract> get(KernelOp kernel, const GpuTarget &target);
};

/// Turns the sums of a block into results. `sums` is the shared address (a word) of the tile of
/// sums, followed by room for offsets; `firstRow` and `firstColumn` are the block's.
void emitContractEpilogue(DeviceFrame &frame, const DeviceContract &shape, mlir::Value sums,
                          mlir::Value firstRow, mlir::Value firstColumn);

/// Where rows of an operand begin: in bytes from its element at index zero.
mlir::Value emitRowOffset(DeviceFrame &frame, mlir::Value row, unsigned operand,
                          int64_t elementBytes);

/// Where 16-byte piece `piece` of a row of sums lies: a thread that reads two neighbours, and one
/// that reads one of them, meet no bank twice.
mlir::Value swizzleSums(DeviceEmitter &e, mlir::Value piece);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_CONTRACT_H

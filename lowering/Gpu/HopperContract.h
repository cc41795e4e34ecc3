//===- HopperContract.h - What is fixed in a contraction's code on sm_90a ------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Scalars of a launch: tiles of rows in all, tiles of rows in a batch, rows of a batch; then batch
// and row stride of each epilogue operand and of the result; then the tensor maps of the rows
// [k, rows, batches] and of the packed matrix [k, n].
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_HOPPERCONTRACT_H
#define ZORRO_LOWERING_GPU_HOPPERCONTRACT_H

#include "lowering/Gpu/Emitters.h"

namespace zorro {

/// The tile of a block: `consumers` warpgroups multiply `heights` times 64 rows by `columns`
/// columns each, on a ring of `stages` stages of 64 summands.
struct HopperTile {
  int64_t consumers = 2, heights = 1, columns = 128, stages = 4;

  static constexpr int64_t kDepth = 64;
  int64_t rows() const { return 64 * heights * consumers; }
  int64_t stageBytes() const { return (rows() + columns) * kDepth * 2; }
  /// Clocks of a multiprocessor for a tile of `depth` summands, roughly.
  int64_t clocks(int64_t depth) const;
  /// True where registers and shared memory hold it.
  bool fits() const;
};

struct HopperContract {
  ContractOp contract;
  int64_t rows = -1, matrix = -1; ///< argument numbers
  llvm::SmallVector<int64_t> extras;
  int64_t k = 0, n = 0;
  HopperTile tile;

  int64_t depthTiles() const { return llvm::divideCeil(k, HopperTile::kDepth); }
  int64_t columnTiles() const { return llvm::divideCeil(n, tile.columns); }
  int64_t scalarCount() const { return 3 + 2 * (int64_t(extras.size()) + 1); }

  /// The contraction of `kernel`, or why there is none for sm_90a.
  static std::optional<HopperContract> get(KernelOp kernel, std::string &why);
  /// Why these operands do not suit it; empty if they do. `offsets` are those of the inputs and of
  /// the result, in elements.
  std::string refuse(llvm::ArrayRef<Operand> inputs, const Operand &result,
                     llvm::ArrayRef<int64_t> offsets) const;
};

/// The tile that takes the least time for calls of these [batches, rows].
HopperTile chooseHopperTile(int64_t k, int64_t n,
                            llvm::ArrayRef<std::pair<int64_t, int64_t>> calls);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_HOPPERCONTRACT_H

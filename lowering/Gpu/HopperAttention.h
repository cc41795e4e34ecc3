//===- HopperAttention.h - What is fixed in an attention's code on sm_90a ------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// For masks whose queries each see one run of keys, or none. Scalars of a launch: heads of a batch;
// heads in all; scale · log2(e) as the bits of an f32; strides of batch, head and token of the result. Then
// the tensor maps of the queries, of the keys, and of the values: keys and values kEnds times each,
// once for every place where a run may end. What lies behind it reads as zero.
//
// The table has a record (TileWord) for every tile of queries, those with most keys first.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_HOPPERATTENTION_H
#define ZORRO_LOWERING_GPU_HOPPERATTENTION_H

#include "lowering/Gpu/Emitters.h"

namespace zorro {

struct HopperAttention {
  static constexpr int64_t kScalars = 6, kConsumers = 2, kRows = 64 * kConsumers;
  static constexpr int64_t kStages = 2, kEnds = 4, kMaps = 1 + 2 * kEnds;
  /// Keys of a block: part of the order that a row's bits depend on.
  static constexpr int64_t kKeys = 128;

  enum TileWord {
    kFirst, ///< first query
    kCount, ///< queries
    kBegin, ///< first key
    kKeyCount,
    kEnd,   ///< which tensor map ends where the run does
    kZero,  ///< 1 where queries without a key give 0, not NaN
    kTileWords,
  };

  AttentionOp attention;
  int64_t arguments[3] = {-1, -1, -1}; ///< of q, k and v
  int64_t headSize = 0;

  /// 64 columns of a tile of `rows` rows, and the tile.
  static constexpr int64_t columnBytes(int64_t rows) { return rows * 128; }
  int64_t parts() const { return headSize / 64; }
  int64_t tileBytes(int64_t rows) const { return parts() * columnBytes(rows); }

  /// The attention of `kernel`, or why there is none for sm_90a.
  static std::optional<HopperAttention> get(KernelOp kernel, std::string &why);
  /// Why these operands do not suit it; empty if they do.
  std::string refuse(llvm::ArrayRef<Operand> inputs, const Operand &result,
                     llvm::ArrayRef<int64_t> offsets, MaskAttr mask) const;
};

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_HOPPERATTENTION_H

//===- Attention.h - What is fixed in an attention's device code --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Private to this folder: the portable attention kernel and its planner.
//
// A block of threads computes a tile of queries of one head. Blocks of 64 keys pass by: first the
// keys of the route's ordinary intervals, ascending, one behind the other, those left out that are
// padded; then band by band, in blocks that begin at multiples of 64 in the key segment. So a row's
// bits are a function of the keys that it sees (and, in a band, of their places in the segment), of
// the head size and of the precision: not of the tile, of the queries beside it, of what was cut
// away around its keys, nor of whether keys were cut away or padded.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_ATTENTION_H
#define ZORRO_LOWERING_GPU_ATTENTION_H

#include "lowering/Gpu/Emitters.h"

namespace zorro {

/// The static part of an attention kernel.
///
/// Scalars of a launch: heads; tiles of a head; keys; scale · log2(e) as the bits of an f32; then
/// the strides of batch, head and token of q, k, v and the result, in elements; then, with padding,
/// its stride of batch.
///
/// The table begins with a record (TileWord) for every tile of queries, those with much to do
/// first. It names records of key blocks (BlockWord) that lie further behind, and these may name
/// lists of 64 keys.
struct DeviceAttention {
  static constexpr int64_t kScalars = 16, kThreads = 128, kWarps = 4;
  /// Keys of a block: part of the order that a row's bits depend on.
  static constexpr int64_t kKeys = 64;
  /// Rows of a tile where each warp has 16 of them. In a wide tile it has 32.
  static constexpr int64_t kRows = 64;

  enum TileWord {
    kFirst,    ///< first query
    kCount,    ///< queries; more than kRows make a wide tile
    kBlocksAt, ///< where the key blocks lie in the table
    kBlocks,   ///< how many there are
    kPlain,    ///< keys of the intervals: the first kPlain / 64 blocks, rounded up
    kEmpty,    ///< an EmptyRow
    kTileWords,
  };
  enum BlockWord {
    kKey,    ///< row r of the block is this key + r …
    kListAt, ///< … or, where this is not 0, what the table says from there on
    kShape,  ///< skip | end << 8 | ragged << 16: rows [skip, end) are keys; ragged is 1 where some
             ///< query of the tile does not see all of them
    kLow,    ///< if ragged, row i of the tile sees row r where kLow <= r - i <= kHigh
    kHigh,
    kBlockWords,
  };
  /// The shape of a block that every query sees whole.
  static constexpr int64_t kWhole = kKeys << 8;
  /// A limit is cut to this, and so must tokens be fewer.
  static constexpr int64_t kFar = int64_t(1) << 29;

  AttentionOp attention;
  int64_t arguments[3] = {-1, -1, -1}; ///< of q, k and v
  int64_t padding = -1;                ///< argument; -1 without
  int64_t headSize = 0, valueSize = 0;
  Precision precision = Precision::Bf16;
  bool wide = false;       ///< there are wide tiles
  int64_t tileRows = 0;    ///< of the schedule; 0: as many as fit the call
  int64_t stages = 0;      ///< key blocks in shared memory

  int64_t scalars() const { return kScalars + (padding >= 0); }
  int64_t rows() const { return wide ? 2 * kRows : kRows; }
  /// Bytes of a number in shared memory, and numbers in 16 bytes.
  int64_t numberBytes() const { return precision == Precision::Bf16 ? 2 : 4; }
  int64_t perPiece() const { return 16 / numberBytes(); }
  /// Heads are filled with zeros to a multiple of 16.
  int64_t filledHead() const { return llvm::alignTo(headSize, 16); }
  int64_t filledValue() const { return llvm::alignTo(valueSize, 16); }
  /// Bytes from row to row in shared memory. With 16 bytes behind each row, eight rows that follow
  /// each other have their equal pieces in different banks.
  int64_t headPitch() const { return filledHead() * numberBytes() + 16; }
  int64_t valuePitch() const { return filledValue() * numberBytes() + 16; }
  int64_t stageBytes() const { return kKeys * (headPitch() + valuePitch()); }
  /// Queries stay in registers where these suffice.
  bool keepsQueries() const { return filledHead() * numberBytes() <= 128; }
  /// Keys that a warp collects where some may be padded: a block's, and what the last step found
  /// beyond them.
  static constexpr int64_t kCollected = 96;
  int64_t sharedBytes() const {
    return rows() * headPitch() + stages * stageBytes() +
           (padding >= 0 ? kWarps * kCollected * 4 : 0);
  }

  static mlir::FailureOr<DeviceAttention> get(KernelOp kernel, const GpuTarget &target);
};

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_ATTENTION_H

//===- AttentionKeys.h - Which keys come next, in device code ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Walks over the key blocks of a tile (lowering/Gpu/Attention.h). Where keys may be padded, every
// warp reads the padding and collects the keys that are left, each warp for itself: all find the
// same.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_ATTENTIONKEYS_H
#define ZORRO_LOWERING_GPU_ATTENTIONKEYS_H

#include "lowering/Gpu/Attention.h"
#include "lowering/Gpu/DeviceFrame.h"

namespace zorro {

/// The tile that a block of threads computes, as the table gives it; numbers of 32 bits.
struct AttentionTile {
  mlir::Value table; ///< address
  mlir::Value first, count, blocksAt, blocks, plain, empty;
};

class AttentionKeys {
public:
  using Value = mlir::Value;
  /// A key block, as values that a loop carries.
  using State = DeviceValues;

  /// A row of a block: its key, and whether it has one.
  struct Row {
    Value key, live;
  };
  /// What row i of the tile sees: the rows r of the block with begin <= r < end and
  /// low <= r - i <= high, and, with padding, a 1 in bit r.
  struct Limits {
    Value begin, end, low, high;
    Value bits[2];
  };

  virtual ~AttentionKeys() = default;
  static std::unique_ptr<AttentionKeys> get(DeviceEmitter &e, const DeviceAttention &shape,
                                            const AttentionTile &tile, Value padding,
                                            Value collected);

  virtual State first() = 0;
  /// The block behind `block`, whose rows must have been copied by then.
  virtual State next(mlir::ValueRange block) = 0;
  virtual Value isBlock(mlir::ValueRange block) = 0;
  /// Which key row `row` (of 32 bits) is.
  virtual Row row(mlir::ValueRange block, Value row) = 0;
  /// Whether some query of the tile does not see a row of the block; whether such a row has a key.
  virtual Value isPartial(mlir::ValueRange block) = 0;
  virtual Value isRagged(mlir::ValueRange block) = 0;
  virtual Limits limits(mlir::ValueRange block) = 0;

protected:
  AttentionKeys(DeviceEmitter &e, const AttentionTile &tile) : e(e), tile(tile) {}

  /// Word `word` of the record of block `index`.
  Value word(Value index, DeviceAttention::BlockWord word);
  /// Which key row `row` of the block with these words is.
  Value keyOf(Value key, Value listAt, Value row);
  Limits limitsOf(Value index, Value shape);

  DeviceEmitter &e;
  const AttentionTile &tile;
};

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_ATTENTIONKEYS_H

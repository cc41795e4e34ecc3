//===- AttentionBlock.h - A warp's queries and a block of keys, in device code ------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A warp has `groups` groups of 16 queries. Of each group a lane holds, in fragments, rows lane / 4
// and lane / 4 + 8: their outputs, the maximum of their scores so far, and its own part of the sum
// of their weights. The bits of a row do not depend on the group or the lane that has it.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_ATTENTIONBLOCK_H
#define ZORRO_LOWERING_GPU_ATTENTIONBLOCK_H

#include "lowering/Gpu/AttentionCopy.h"

namespace zorro {

class AttentionBlock {
public:
  using Value = mlir::Value;

  AttentionBlock(DeviceEmitter &e, TensorCore &core, const DeviceAttention &shape, int64_t groups,
                 Value queries, Value scale);

  /// Begins to write; the queries are in shared memory. Gives the state before any key: outputs,
  /// maxima, sums.
  DeviceValues begin();
  /// The state after the block whose keys and then values lie at `word`.
  DeviceValues add(Value word, AttentionKeys &keys, mlir::ValueRange block, mlir::ValueRange state);
  /// Writes the rows of the tile that exist.
  void end(mlir::ValueRange state, const AttentionTile &tile, const HeadMemory &values,
           const HeadMemory &result, Value keys);

  /// The tile's first row that this warp has.
  Value firstRow() { return e.mul(e.warp(), 16 * groups); }

private:
  /// Rows of the block that a row of the tile sees: [least, least + width), where the bit is set.
  struct Window {
    Value least, width;
  };

  Value row(int64_t group, int64_t half); ///< of the tile
  int64_t outputs() const { return groups * columns * 4; }
  Value rounded(Value bits) {
    return s.precision == Precision::Tf32 ? core.roundTf32(bits) : bits;
  }
  DeviceValues loadQueries(int64_t group, int64_t step);
  DeviceValues scores(Value word);
  llvm::SmallVector<Window> windows(const AttentionKeys::Limits &limits);
  DeviceValues dropUnseen(mlir::ValueRange scores, const AttentionKeys::Limits &limits);
  /// Scores of a group become weights, in place, and scale what came before.
  void weigh(llvm::MutableArrayRef<Value> scores, llvm::MutableArrayRef<Value> out,
             llvm::MutableArrayRef<Value> most, llvm::MutableArrayRef<Value> sums);
  /// The weights of a group as rows of the second product, step by step.
  llvm::SmallVector<DeviceValues> packWeights(llvm::ArrayRef<Value> weights);
  DeviceValues addValues(Value word, llvm::ArrayRef<llvm::SmallVector<DeviceValues>> weights,
                         mlir::ValueRange out, bool finite);
  Value anyNotFinite(Value word);
  DeviceValues addNotFinite(Value word, const AttentionKeys::Limits &limits, mlir::ValueRange out);
  std::pair<Value, Value> loadPair(Value word, Value key, int64_t column);
  DeviceValues averages(const HeadMemory &values, Value keys);
  void storePair(const HeadMemory &result, Value row, int64_t column, Value a, Value b);

  Value addf(Value a, Value b) { return mlir::arith::AddFOp::create(e, a, b); }
  Value subf(Value a, Value b) { return mlir::arith::SubFOp::create(e, a, b); }
  Value mulf(Value a, Value b) { return mlir::arith::MulFOp::create(e, a, b); }
  Value fma(Value a, Value b, Value c) {
    return mlir::LLVM::FMAOp::create(e, e.f32, mlir::ValueRange{a, b, c});
  }
  /// The greater one; a NaN counts for nothing.
  Value maxf(Value a, Value b) { return mlir::arith::MaxNumFOp::create(e, a, b); }
  Value exp2(Value x) {
    return e.assembly(e.f32, "ex2.approx.ftz.f32 $0, $1;", "=f,f", {x}, /*effects=*/false);
  }
  Value isNotFinite(Value number);
  Value isBelow(Value a, Value b) { return e.cmp(mlir::arith::CmpIPredicate::ult, a, b); }

  DeviceEmitter &e;
  TensorCore &core;
  const DeviceAttention &s;
  const int64_t groups;
  /// Fragments of 8 keys in a block, of 8 columns in an output, and steps of a score's product.
  const int64_t keyGroups, columns, steps;
  Value queries, scale;
  Value lane, pair; ///< pair: a fragment's columns of this lane begin here
  Value queryAt, keyAt, valueAt; ///< this lane's places, keys' and values' relative to the block
  llvm::SmallVector<DeviceValues> kept; ///< queries in registers
};

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_ATTENTIONBLOCK_H

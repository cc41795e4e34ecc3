//===- AttentionBlock.h - One block of queries and all its keys ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_ATTENTIONBLOCK_H
#define ZORRO_LOWERING_CPU_ATTENTIONBLOCK_H

#include "lowering/Cpu/Attention.h"
#include "lowering/Cpu/KernelFrame.h"

namespace zorro {

/// What a call brings: operands with the offsets of one head.
struct AttentionHead {
  Memory q, k, v, o, padding;
  mlir::Value qBase, kBase, vBase, oBase, paddingBase;
  mlir::Value qRow, kRow, vRow, oRow; ///< strides from token to token
};

/// Scratch memory of one thread.
struct AttentionWorkspace {
  Memory queries; ///< [head size][queries], scaled
  Memory outputs; ///< [value size][queries]
  Memory rows;    ///< [queries and one more][value size]
  Memory scores;  ///< [keys of a block][queries]
  Memory sees;    ///< [keys of a block][queries], where a band is ragged
  Memory keys;    ///< [gathered keys][head size]
  Memory values;  ///< [gathered keys][value size]
  /// Of the keys of a block: where their rows begin in k and in v, and their numbers.
  mlir::Value keyAt, valueAt, numbers;

  AttentionWorkspace(KernelFrame &frame, const AttentionShape &shape);
};

/// A block of queries, as the table gives it.
struct AttentionQueries {
  mlir::Value first, count;
  mlir::Value table, spansAt, spans;
  mlir::Value empty; ///< what a query without a key gives
  mlir::Value scale;
};

/// Writes the code for `queries`, at most `registers` registers of them. Keys and values are read
/// from `near`, where they may have been gathered; a row without a key averages the `keys` rows of
/// `head`'s values.
void emitAttentionBlock(Emitter &e, const AttentionShape &shape, const AttentionHead &head,
                        const AttentionHead &near, mlir::Value keys,
                        const AttentionWorkspace &work, int64_t registers,
                        const AttentionQueries &queries);

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_ATTENTIONBLOCK_H

//===- Attention.h - What is fixed in an attention's code ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_ATTENTION_H
#define ZORRO_LOWERING_CPU_ATTENTION_H

#include "lowering/Cpu/Emitters.h"

namespace zorro {

/// The static part of an attention kernel.
///
/// Scalars of a launch: heads; query blocks of a head; keys; scale · log2(e) as the bits of an f32;
/// then the strides of batch, head and token of q, k, v and the result. The table begins with
/// five words for every query block: its first query, how many there are, where in the table their
/// key intervals [begin, end) lie, how many intervals there are, or what an empty row gives, and
/// whether these keys are gathered first.
struct AttentionShape {
  static constexpr int64_t kScalars = 16, kBlockWords = 5, kRegisters = 3;
  static constexpr int64_t kUniform = -1, kZero = -2;

  AttentionOp attention;
  int64_t arguments[3] = {-1, -1, -1}; ///< of q, k and v
  int64_t headSize = 0, valueSize = 0;
  int64_t lanes = 0;
  int64_t wideTile = 0, narrowTile = 0; ///< keys of a score tile, columns of a value tile
  int64_t keyBlock = 0;

  int64_t queryBlock() const { return kRegisters * lanes; }
  /// Keys that fit into the thread's own copy of a head: keys and values that lie far apart share
  /// few sets of the caches, so those that many queries see are gathered once.
  int64_t gatheredKeys() const { return (1 << 20) / (4 * (headSize + valueSize)); }
  static mlir::FailureOr<AttentionShape> get(KernelOp kernel, const CpuTarget &target);
};

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_ATTENTION_H

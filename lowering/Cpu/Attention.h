//===- Attention.h - What is fixed in an attention's code ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The order of a query's keys, on which its bits depend: first the keys of its ordinary intervals,
// ascending, those left out that are padded, in blocks of `keyBlock` counted from the first one that
// is left; then band by band, ascending, in blocks that begin at multiples of `keyBlock` in the key
// segment. A key that the query does not see changes nothing, wherever it lies. So a row's bits are
// a function of the keys that it sees (and, in a band, of their places in the segment), of the head
// size and of the target: not of the queries beside it, of what was cut away around its keys, nor of
// whether keys were cut away or padded.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_ATTENTION_H
#define ZORRO_LOWERING_CPU_ATTENTION_H

#include "lowering/Cpu/Emitters.h"

namespace zorro {

/// The static part of an attention kernel.
///
/// Scalars of a launch: heads; query blocks of a head; keys; scale · log2(e) as the bits of an f32;
/// then the strides of batch, head and token of q, k, v and the result; then, with padding, its
/// stride of batch.
///
/// The table begins with a record (BlockWord) for every block of queries. It names records of key
/// spans (SpanWord) that lie further behind, and pairs of words: the intervals [begin, end) of keys
/// and values that are gathered first.
struct AttentionShape {
  static constexpr int64_t kScalars = 16, kRegisters = 3;

  enum BlockWord {
    kFirst,      ///< first query
    kCount,      ///< queries
    kSpansAt,    ///< where the spans lie in the table
    kSpans,      ///< how many there are
    kEmpty,      ///< an EmptyRow
    kGatherAt,   ///< where the gathered intervals lie in the table
    kGather,     ///< how many there are; 0: keys are read where they lie
    kBlockWords,
  };
  enum SpanWord {
    kKind,  ///< a SpanKind
    kFrom,  ///< blocks of a band count from here
    kBegin, ///< first key
    kEnd,   ///< behind the last
    kFull,  ///< all queries of the block see [begin, full)
    kLow,   ///< query i sees key j of a band where low <= j - i <= high
    kHigh,
    kShift, ///< key j is row j - shift of what is read
    kSpanWords,
  };
  enum SpanKind {
    kContinues, ///< an interval; the next one continues its last block of keys
    kCloses,    ///< the last interval
    kBand,
  };
  /// A band's limit is cut to this, and so must tokens be fewer.
  static constexpr int64_t kFar = int64_t(1) << 29;

  AttentionOp attention;
  int64_t arguments[3] = {-1, -1, -1}; ///< of q, k and v
  int64_t padding = -1;                ///< argument; -1 without
  int64_t headSize = 0, valueSize = 0;
  int64_t lanes = 0;
  int64_t wideTile = 0, narrowTile = 0; ///< keys of a score tile, columns of a value tile
  int64_t keyBlock = 0;

  int64_t queryBlock() const { return kRegisters * lanes; }
  int64_t scalars() const { return kScalars + (padding >= 0); }
  /// Keys that fit into the thread's own copy of a head: keys and values that lie far apart share
  /// few sets of the caches, so those that many queries see are gathered once.
  int64_t gatheredKeys() const { return (1 << 20) / (4 * (headSize + valueSize)); }
  static mlir::FailureOr<AttentionShape> get(KernelOp kernel, const CpuTarget &target);
};

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_ATTENTION_H

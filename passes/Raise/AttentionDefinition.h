//===- AttentionDefinition.h - The nodes that define attention --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Scale, softcap, masks, softmax, values, in this order, as plain nodes.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_ATTENTIONDEFINITION_H
#define ZORRO_PASSES_RAISE_ATTENTIONDEFINITION_H

#include "passes/Raise/NodeBuilder.h"

namespace zorro::raise {

/// Query i sees key j where low <= j - i <= high.
struct Band {
  static constexpr int64_t kFar = int64_t(1) << 40;
  int64_t low = -kFar, high = kFar;

  bool isLimited() const { return low > -kFar || high < kFar; }
};

/// What one attention consists of. Operands are [batch, heads, tokens, head size].
struct AttentionTerms {
  mlir::Value q, k, v;
  double scale = 1, softcap = 0;
  Band band;
  /// How far a key's position runs ahead of a query's in each batch entry, as [batch, 1, 1, 1];
  /// null where the band counts it in.
  mlir::Value offset;
  mlir::Value mask;    // broadcasts to the scores: bools (true: attend) or numbers that are added
  mlir::Value lengths; // [batch]: keys at and beyond are dropped

  int64_t getQueries() const { return staticType(q).getDimSize(2); }
  int64_t getKeys() const { return staticType(k).getDimSize(2); }
};

/// What the definition computes on its way.
struct AttentionParts {
  mlir::Value scores, capped, masked, weights, result;
};

/// A query without a live key gives zeros.
AttentionParts defineAttention(NodeBuilder &nodes, mlir::Location loc, const AttentionTerms &terms);

/// true where query i sees key j.
mlir::DenseElementsAttr bandMask(mlir::MLIRContext *context, int64_t queries, int64_t keys,
                                 Band band);
/// [batch, keys], true before the end of each batch entry's sequence.
mlir::Value keysBelow(NodeBuilder &nodes, mlir::Location loc, mlir::Value lengths, int64_t keys);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_ATTENTIONDEFINITION_H

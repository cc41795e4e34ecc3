//===- CutMask.h - The mask of some of the queries and keys -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A mask table on fewer tokens, or on finer segments. Entries count from the beginnings of their
// segments: bands move, key ranges are cut, and a segment that a band looks at is split where
// tokens are left out of its middle.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_SPECIALISE_CUTMASK_H
#define ZORRO_PASSES_SPECIALISE_CUTMASK_H

#include "dialects/Zorro/Zorro.h"
#include "passes/Specialise/Window.h"

namespace zorro {

/// A segment of the new mask: tokens of an old one, counted from its beginning.
struct MaskPart {
  unsigned segment;
  Intervals tokens;
};

/// One part per segment that keeps tokens.
llvm::SmallVector<MaskPart> partsOf(StreamsAttr streams, const Intervals &kept);
/// One part per piece of a segment between `cuts` (of the whole axis).
llvm::SmallVector<MaskPart> partsBetween(StreamsAttr streams, llvm::ArrayRef<int64_t> cuts);

/// The table on the given parts. Where a band joins a query part and a key part, both must be one
/// range.
MaskAttr cutMask(MaskAttr mask, llvm::ArrayRef<MaskPart> queries, llvm::ArrayRef<MaskPart> keys);

/// The table on the tokens that are kept, in as few segments as it takes.
MaskAttr narrowMask(MaskAttr mask, const Intervals &queries, const Intervals &keys);

/// The keys that the queries in `rows` may see; a band is followed row by row.
Intervals keysSeen(MaskAttr mask, const Intervals &rows);

} // namespace zorro

#endif // ZORRO_PASSES_SPECIALISE_CUTMASK_H

//===- Arena.h - Places for buffers that do not live at the same time ------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PLAN_ARENA_H
#define ZORRO_LOWERING_PLAN_ARENA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace zorro {

/// A buffer that is in use from launch `first` to launch `last`, both included.
struct ArenaBuffer {
  int64_t bytes;
  int64_t first, last;
};

struct ArenaPlan {
  llvm::SmallVector<int64_t> offsets; // bytes, one per buffer, multiples of ZORRO_ALIGN
  int64_t bytes = 0;                  // of the whole arena
  int64_t lowerBound = 0;             // the most bytes in use at one launch
};

/// Offsets such that buffers in use at the same launch do not overlap: largest first, each at the
/// lowest place that is free for its whole life.
ArenaPlan planArena(llvm::ArrayRef<ArenaBuffer> buffers);

} // namespace zorro

#endif // ZORRO_LOWERING_PLAN_ARENA_H

//===- Arena.cpp - Placing buffers -----------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Plan/Arena.h"

#include "runtime/Abi/Abi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace llvm;
using namespace zorro;

ArenaPlan zorro::planArena(ArrayRef<ArenaBuffer> buffers) {
  ArenaPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  auto sizeOf = [&](unsigned i) { return int64_t(alignTo(buffers[i].bytes, ZORRO_ALIGN)); };

  SmallVector<unsigned> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::stable_sort(order, [&](unsigned a, unsigned b) {
    return buffers[a].bytes > buffers[b].bytes;
  });
  SmallVector<unsigned> placed;
  for (unsigned i : order) {
    // The neighbours in time, by place; the first gap that is large enough is taken.
    SmallVector<std::pair<int64_t, int64_t>> taken;
    for (unsigned j : placed)
      if (buffers[j].first <= buffers[i].last && buffers[i].first <= buffers[j].last)
        taken.push_back({plan.offsets[j], plan.offsets[j] + sizeOf(j)});
    llvm::sort(taken);
    int64_t offset = 0;
    for (auto [begin, end] : taken) {
      if (offset + sizeOf(i) <= begin)
        break;
      offset = std::max(offset, end);
    }
    plan.offsets[i] = offset;
    plan.bytes = std::max(plan.bytes, offset + sizeOf(i));
    placed.push_back(i);
  }

  for (const ArenaBuffer &at : buffers) {
    int64_t inUse = 0;
    for (unsigned j = 0; j < buffers.size(); ++j)
      if (buffers[j].first <= at.first && at.first <= buffers[j].last)
        inUse += sizeOf(j);
    plan.lowerBound = std::max(plan.lowerBound, inUse);
  }
  return plan;
}

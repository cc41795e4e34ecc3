//===- Barriers.cpp - A CTA's barriers, named ones and those in shared memory ---*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Cta.h"

#include <algorithm>

namespace zorro::ptx {

void Cta::arrive(Warp &warp, const Instruction &instruction, uint32_t id, uint32_t threads,
                 bool waits) {
  static const char *const kNames[16] = {
      "for barrier 0",  "for barrier 1",  "for barrier 2",  "for barrier 3",
      "for barrier 4",  "for barrier 5",  "for barrier 6",  "for barrier 7",
      "for barrier 8",  "for barrier 9",  "for barrier 10", "for barrier 11",
      "for barrier 12", "for barrier 13", "for barrier 14", "for barrier 15"};
  if (id > 15 || threads % kLanes) {
    fail(warp, instruction,
         "expected a barrier of 0 to 15 and a multiple of 32 threads but got barrier " +
             std::to_string(id) + " and " + std::to_string(threads));
    return;
  }
  if (released_[warp.id] == 2) {
    released_[warp.id] = 0;
    return;
  }
  if (released_[warp.id] == 1) {
    warp.waits = kNames[id];
    return;
  }
  NamedBarrier &barrier = named_[id];
  if (barrier.arrived && barrier.expected != threads) {
    fail(warp, instruction,
         "expects " + std::to_string(threads) + " threads at barrier " + std::to_string(id) +
             " where others expect " + std::to_string(barrier.expected) + " (0: all)");
    return;
  }
  barrier.expected = threads;
  barrier.arrived += kLanes;
  join(barrier.clock, warp.clock);
  if (waits) {
    barrier.waiting.push_back(warp.id);
    released_[warp.id] = 1;
  } else {
    advance(warp);
  }
  releaseIfDue(id);
  if (waits && released_[warp.id] == 2)
    released_[warp.id] = 0;
  else if (waits)
    warp.waits = kNames[id];
}

bool Cta::releaseIfDue(uint32_t id) {
  NamedBarrier &barrier = named_[id];
  uint32_t due = barrier.expected;
  if (!due) {
    for (const Warp &warp : warps)
      due += warp.done() ? 0 : kLanes;
  }
  if (!barrier.arrived || barrier.arrived < due)
    return false;
  for (unsigned id : barrier.waiting) {
    released_[id] = 2;
    join(warps[id].clock, barrier.clock);
    advance(warps[id]);
  }
  barrier = NamedBarrier();
  return true;
}

MemoryBarrier *Cta::barrier(Warp &warp, const Instruction &instruction, uint64_t address,
                            int lane) {
  auto found = memoryBarriers.find(address);
  if (found != memoryBarriers.end()) {
    MemoryBarrier &barrier = found->second;
    if (barrier.made <= tickOf(warp.clock, barrier.maker))
      return &barrier;
    fail(warp, instruction, "uses a barrier without having waited for who initialised it", lane);
    return nullptr;
  }
  fail(warp, instruction,
       "expected a barrier at shared address " + std::to_string(address) +
           " but none was initialised there",
       lane);
  return nullptr;
}

void Cta::initBarrier(Warp &warp, const Instruction &instruction, uint64_t address, uint32_t count,
                      int lane) {
  if (!access(warp, instruction, unsigned(lane), Space::Shared, address, 8, kWrite))
    return;
  if (!count || count >= 1u << 20) {
    fail(warp, instruction, "expected a count of 1 to 1048575 but got " + std::to_string(count),
         lane);
    return;
  }
  shared.setState(address, 8, Shared::kBarrier);
  MemoryBarrier barrier;
  barrier.party = parties_++;
  barrier.expected = barrier.pending = count;
  barrier.maker = warp.id;
  barrier.made = warp.clock[warp.id];
  if (barrier.party > 255) {
    fail(warp, instruction, "is one barrier too many for this interpreter", lane);
    return;
  }
  memoryBarriers[address] = barrier;
}

void Cta::dropBarrier(uint64_t address) {
  memoryBarriers.erase(address);
  shared.setState(address, 8, Shared::kFresh);
}

void Cta::completeIfDue(MemoryBarrier &barrier) {
  if (barrier.pending || barrier.bytes)
    return;
  ++barrier.phase;
  barrier.pending = barrier.expected;
  uint32_t now = tick();
  join(barrier.completed, barrier.arrived);
  if (barrier.completed.size() <= barrier.party)
    barrier.completed.resize(barrier.party + 1, 0);
  barrier.completed[barrier.party] = now;
  for (auto &[address, bytes] : barrier.landed)
    shared.land(address, bytes, Shared::kWritten, barrier.party, now);
  barrier.landed.clear();
  barrier.arrived.clear();
}

} // namespace zorro::ptx

//===- Accesses.cpp - What a lane may touch, and in which order -----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Cta.h"

#include <algorithm>
#include <cstring>

namespace zorro::ptx {

uint8_t *Cta::access(Warp &warp, const Instruction &instruction, unsigned lane, Space space,
                     uint64_t address, uint32_t bytes, Access kind) {
  int who = lane == Shared::kNoLane ? -1 : int(lane);
  if (space == Space::Generic) {
    uint64_t window = address >> kWindowShift;
    if (window == kSharedWindow)
      space = Space::Shared;
    else if (window == kLocalWindow)
      space = Space::Local;
    else if (window == kParamWindow)
      space = Space::Param;
    else
      space = Space::Global;
    address &= (uint64_t(1) << kWindowShift) - 1;
  }
  const char *verb = kind == kRead ? "reads " : "writes ";
  if (address & (bytes - 1)) {
    fail(warp, instruction,
         verb + std::to_string(bytes) + " bytes at the misaligned address " + hex(address), who);
    return nullptr;
  }
  switch (space) {
  case Space::Generic:
  case Space::Global:
    return range(warp, instruction, lane, address, bytes, kind);
  case Space::Shared: {
    if (!shared.inside(address, bytes)) {
      fail(warp, instruction,
           verb + std::to_string(bytes) + " bytes at shared address " + std::to_string(address) +
               " but shared memory is [" + std::to_string(kSharedBase) + ", " +
               std::to_string(kSharedBase + shared.size()) + ")",
           who);
      return nullptr;
    }
    const char *fault = kind == kRead ? shared.read(warp.id, lane, warp.clock, address, bytes)
                                      : shared.write(warp.id, lane, warp.clock, address, bytes);
    if (fault) {
      fail(warp, instruction,
           std::string(fault) + " (shared address " + std::to_string(address) + ")", who);
      return nullptr;
    }
    return shared.data(address);
  }
  case Space::Local:
    if (address > code.localBytes || bytes > code.localBytes - address) {
      fail(warp, instruction,
           verb + std::to_string(bytes) + " bytes at local address " + std::to_string(address) +
               " of " + std::to_string(code.localBytes),
           who);
      return nullptr;
    }
    return local.data() + size_t(code.localBytes) * (warp.id * kLanes + lane) + address;
  case Space::Param:
    if (kind != kRead || address > params.size() || bytes > params.size() - address) {
      fail(warp, instruction,
           verb + std::to_string(bytes) + " bytes at " + std::to_string(address) + " of " +
               std::to_string(params.size()) + " bytes of parameters",
           who);
      return nullptr;
    }
    return params.data() + address;
  }
  return nullptr;
}

uint8_t *Cta::range(Warp &warp, const Instruction &instruction, unsigned lane, uint64_t address,
                    uint64_t bytes, Access kind) {
  Memory::Buffer *buffer = memory.find(address);
  uint64_t offset = buffer ? address - buffer->base : 0;
  bool good = buffer && buffer->size >= bytes && offset <= buffer->size - bytes;
  if (good && !buffer->rights.empty())
    for (uint64_t i = 0; i < bytes; ++i)
      good &= (buffer->rights[offset + i] & kind) == kind;
  if (good) {
    const char *fault = order(warp, lane, *buffer, offset, bytes, kind);
    if (!fault)
      return buffer->bytes.get() + offset;
    fail(warp, instruction, std::string(fault) + ", offset " + std::to_string(offset), int(lane));
    return nullptr;
  }
  fail(warp, instruction,
       (kind == kRead ? "reads " : "writes ") + memory.whyNot(address, bytes, kind), int(lane));
  return nullptr;
}

const char *Cta::order(const Warp &warp, unsigned lane, Memory::Buffer &buffer, uint64_t offset,
                       uint64_t bytes, Access kind) {
  // Updates by atomics come in any order; what they leave is as old as it was.
  if (kind == kReadWrite || (kind == kRead && buffer.writers.empty()))
    return nullptr;
  if (buffer.writers.empty())
    buffer.writers.resize(buffer.size);
  uint32_t thread = warp.id * kLanes + (lane == Shared::kNoLane ? 0 : lane);
  uint32_t now = warp.clock[warp.id];
  for (uint64_t b = offset; b < offset + bytes; ++b) {
    Memory::Writer &writer = buffer.writers[b];
    if (writer.cta >= firstCta_) {
      unsigned other = writer.thread / kLanes;
      if (writer.cta != memory.ctas)
        return kind == kRead ? "reads what another CTA of the launch wrote"
                             : "writes where another CTA of the launch wrote";
      if (other != warp.id && writer.tick > tickOf(warp.clock, other))
        return "touches global memory that another warp wrote since the last barrier";
      if (kind == kRead && other == warp.id && writer.thread != thread && writer.tick == now)
        return "reads what another lane of its warp wrote, with no barrier between";
    }
    if (kind == kWrite) {
      writer.cta = memory.ctas;
      writer.tick = now & 0x3FFFFF;
      writer.thread = thread & 0x3FF;
    }
  }
  return nullptr;
}

uint8_t *Cta::atomic(Warp &warp, const Instruction &instruction, unsigned lane, Space space,
                     uint64_t address, uint32_t bytes) {
  if (space == Space::Generic && address >> kWindowShift == kSharedWindow) {
    space = Space::Shared;
    address &= (uint64_t(1) << kWindowShift) - 1;
  }
  if (space != Space::Shared)
    return access(warp, instruction, lane, space, address, bytes, kReadWrite);
  if (!shared.inside(address, bytes) || address % bytes)
    return access(warp, instruction, lane, space, address, bytes, kWrite);
  if (const char *fault = shared.update(warp.id, lane, warp.clock, address, bytes)) {
    fail(warp, instruction, fault, int(lane));
    return nullptr;
  }
  return shared.data(address);
}

void Cta::checkTwice(const Instruction &instruction, Warp &warp, const uint64_t *addresses,
                     uint32_t lanes) {
  if (instruction.space == Space::Local || failed())
    return;
  // Most stores go upwards.
  bool upwards = true;
  uint64_t last = 0;
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    uint64_t address = addresses[__builtin_ctz(rest)] + 1;
    upwards &= address > last;
    last = address;
  }
  if (upwards)
    return;
  unsigned width = instruction.extra2;
  for (unsigned a = 0; a < kLanes; ++a)
    for (unsigned b = a + 1; b < kLanes; ++b) {
      if (!(lanes >> a & lanes >> b & 1) || addresses[a] != addresses[b])
        continue;
      for (uint32_t reg : instruction.list)
        if (std::memcmp(warp.file + reg + a * width, warp.file + reg + b * width,
                        std::min(width, instruction.extra)))
          return fail(warp, instruction,
                      "stores another value than lane " + std::to_string(a) +
                          " to the same address",
                      int(b));
    }
}

void Cta::countConflicts(const Instruction &instruction, const uint64_t *addresses, uint32_t lanes,
                         uint32_t bytes) {
  unsigned perPhase = std::min<unsigned>(kLanes, 128 / std::max<uint32_t>(bytes, 4));
  unsigned words = std::max<uint32_t>(bytes / 4, 1);
  uint64_t extra = 0;
  for (unsigned first = 0; first < kLanes; first += perPhase) {
    // The distinct words of each bank.
    uint64_t seen[32][32];
    unsigned count[32] = {}, most = 1;
    for (unsigned lane = first; lane < first + perPhase; ++lane) {
      if (!(lanes >> lane & 1))
        continue;
      for (unsigned i = 0; i < words; ++i) {
        uint64_t word = addresses[lane] / 4 + i;
        unsigned bank = word % 32;
        bool known = false;
        for (unsigned j = 0; j < count[bank]; ++j)
          known |= seen[bank][j] == word;
        if (!known)
          seen[bank][count[bank]++] = word;
        most = std::max(most, count[bank]);
      }
    }
    extra += most - 1;
  }
  conflicts[instruction.opcode] += extra;
}

} // namespace zorro::ptx

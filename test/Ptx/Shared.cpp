//===- Shared.cpp - Shared memory that knows who wrote what ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Shared.h"
#include "Program.h"

#include <algorithm>
#include <cstring>

namespace zorro::ptx {

void join(Clock &into, const Clock &from) {
  if (into.size() < from.size())
    into.resize(from.size(), 0);
  for (size_t i = 0; i < from.size(); ++i)
    into[i] = std::max(into[i], from[i]);
}

void Shared::reset(uint32_t bytes, unsigned warps) {
  base_ = kSharedBase;
  warps_ = warps;
  bytes_.assign(bytes, 0xFF);
  state_.assign(bytes, kFresh);
  writer_.assign(bytes, 0);
  lane_.assign(bytes, kNoLane);
  held_.assign(bytes, 0);
  written_.assign(bytes, 0);
  reads_.assign(size_t(bytes) * warps, 0);
}

bool Shared::inside(uint64_t address, uint32_t bytes) const {
  return address >= base_ && address - base_ <= bytes_.size() &&
         bytes <= bytes_.size() - (address - base_);
}

const char *Shared::checkState(uint64_t at, uint32_t bytes) const {
  // Nearly always all is well: first without branches.
  uint8_t other = 0;
  for (uint32_t i = 0; i < bytes; ++i)
    other |= state_[at + i] ^ kWritten;
  if (!other)
    return nullptr;
  for (uint32_t i = 0; i < bytes; ++i)
    switch (State(state_[at + i])) {
    case kWritten:
      break;
    case kFresh:
      return "reads shared memory that was never written";
    case kCopying:
      return "reads the target of a cp.async that was not waited for";
    case kBulkCopying:
      return "reads the target of a bulk copy that has not arrived";
    case kBulkLanded:
      return "reads the target of a bulk copy whose barrier is still in its phase";
    case kBarrier:
      return "reads a barrier as if it were data";
    }
  return nullptr;
}

const char *Shared::checkWriter(unsigned warp, unsigned lane, const Clock &clock, uint64_t at,
                                uint32_t bytes) const {
  // Most bytes that are touched together were written together: the first then speaks for all.
  uint8_t bytewise = 0;
  uint32_t ticks = 0;
  for (uint32_t i = 1; i < bytes; ++i) {
    bytewise |= (state_[at + i] ^ state_[at]) | (writer_[at + i] ^ writer_[at]) |
                (lane_[at + i] ^ lane_[at]);
    ticks |= written_[at + i] ^ written_[at];
  }
  if (!bytewise && !ticks)
    bytes = bytes ? 1 : 0;
  for (uint32_t i = 0; i < bytes; ++i) {
    uint64_t b = at + i;
    if (state_[b] != kWritten)
      continue;
    if (written_[b] > tickOf(clock, writer_[b]))
      return writer_[b] < warps_ ? "touches what another warp wrote since the last barrier"
                                 : "touches the target of a bulk copy that it did not wait for";
    if (writer_[b] == warp && lane_[b] != kNoLane && lane_[b] != lane && written_[b] == clock[warp])
      return "touches what another lane of its warp wrote, with no barrier between";
  }
  return nullptr;
}

const char *Shared::checkReaders(unsigned warp, const Clock &clock, uint64_t at,
                                 uint32_t bytes) const {
  for (unsigned reader = 0; reader < warps_; ++reader) {
    if (reader == warp)
      continue;
    const uint32_t *ticks = reads_.data() + reader * bytes_.size() + at;
    uint32_t latest = 0;
    for (uint32_t i = 0; i < bytes; ++i)
      latest = std::max(latest, ticks[i]);
    if (latest > tickOf(clock, reader))
      return "overwrites what another warp may still be reading";
  }
  return nullptr;
}

const char *Shared::read(unsigned warp, unsigned lane, const Clock &clock, uint64_t address,
                         uint32_t bytes) {
  uint64_t at = address - base_;
  if (const char *fault = checkState(at, bytes))
    return fault;
  if (const char *fault = checkWriter(warp, lane, clock, at, bytes))
    return fault;
  std::fill_n(reads_.begin() + warp * bytes_.size() + at, bytes, clock[warp]);
  return nullptr;
}

const char *Shared::write(unsigned warp, unsigned lane, const Clock &clock, uint64_t address,
                          uint32_t bytes) {
  uint64_t at = address - base_;
  for (uint32_t i = 0; i < bytes; ++i) {
    if (state_[at + i] == kCopying)
      return "writes into the target of a cp.async that was not waited for";
    if (state_[at + i] == kBulkCopying || state_[at + i] == kBulkLanded)
      return "writes into the target of a bulk copy that has not arrived";
    if (state_[at + i] == kBarrier)
      return "writes over a barrier";
    if (held_[at + i])
      return "overwrites the source of a bulk copy that was not waited for";
  }
  if (const char *fault = checkWriter(warp, lane, clock, at, bytes))
    return fault;
  if (const char *fault = checkReaders(warp, clock, at, bytes))
    return fault;
  std::fill_n(state_.begin() + at, bytes, uint8_t(kWritten));
  std::fill_n(writer_.begin() + at, bytes, uint8_t(warp));
  std::fill_n(lane_.begin() + at, bytes, uint8_t(lane));
  std::fill_n(written_.begin() + at, bytes, clock[warp]);
  return nullptr;
}

const char *Shared::update(unsigned warp, unsigned lane, const Clock &clock, uint64_t address,
                           uint32_t bytes) const {
  if (const char *fault = checkState(address - base_, bytes))
    return fault;
  return checkWriter(warp, lane, clock, address - base_, bytes);
}

void Shared::markRead(unsigned warp, const Clock &clock, uint64_t address, uint32_t bytes) {
  std::fill_n(reads_.begin() + long(warp * bytes_.size() + (address - base_)), bytes, clock[warp]);
}

const char *Shared::readAsync(unsigned warp, const Clock &before, const Clock &clock,
                              const std::vector<uint32_t> &fenced, uint64_t address,
                              uint32_t bytes) {
  if (const char *fault = read(warp, kNoLane, before, address, bytes))
    return fault;
  markRead(warp, clock, address, bytes);
  for (uint64_t b = address - base_, end = b + bytes; b < end; ++b)
    if (writer_[b] < warps_ && written_[b] > fenced[writer_[b]])
      return "reads, asynchronously, what was written with no fence.proxy.async since";
  return nullptr;
}

const char *Shared::beginWrite(unsigned warp, const Clock &clock, uint64_t address, uint32_t bytes,
                               State state) {
  if (const char *fault = write(warp, kNoLane, clock, address, bytes))
    return fault;
  uint64_t at = address - base_;
  std::fill_n(state_.begin() + at, bytes, uint8_t(state));
  std::memset(bytes_.data() + at, 0xFF, bytes);
  return nullptr;
}

void Shared::land(uint64_t address, uint32_t bytes, State state, unsigned party, uint32_t tick,
                  unsigned lane) {
  uint64_t at = address - base_;
  std::fill_n(state_.begin() + at, bytes, uint8_t(state));
  std::fill_n(writer_.begin() + at, bytes, uint8_t(party));
  std::fill_n(lane_.begin() + at, bytes, uint8_t(lane));
  std::fill_n(written_.begin() + at, bytes, tick);
}

void Shared::setState(uint64_t address, uint32_t bytes, State state) {
  std::fill_n(state_.begin() + (address - base_), bytes, uint8_t(state));
}

void Shared::holdForCopy(uint64_t address, uint32_t bytes, int change) {
  for (uint64_t b = address - base_, end = b + bytes; b < end; ++b)
    held_[b] = uint8_t(held_[b] + change);
}

} // namespace zorro::ptx

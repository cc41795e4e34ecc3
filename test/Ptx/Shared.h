//===- Shared.h - Shared memory that knows who wrote what -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every byte has a state and the moments of its last write and of every warp's last read. Moments
// are ticks of one counter; each warp has a clock: for every party (warps, and the phases of
// barriers in memory) the latest tick of it that is known to lie behind. An access that is not
// ordered behind those it conflicts with is a race, whatever the order was in this run.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_SHARED_H
#define ZORRO_TEST_PTX_SHARED_H

#include <cstdint>
#include <string>
#include <vector>

namespace zorro::ptx {

/// Ticks by party: warps first, then memory barriers in the order of their first use.
using Clock = std::vector<uint32_t>;
void join(Clock &into, const Clock &from);
inline uint32_t tickOf(const Clock &clock, unsigned party) {
  return party < clock.size() ? clock[party] : 0;
}

class Shared {
public:
  enum State : uint8_t { kFresh, kWritten, kCopying, kBulkCopying, kBulkLanded, kBarrier };
  static constexpr unsigned kNoLane = 255;

  void reset(uint32_t bytes, unsigned warps);
  uint32_t size() const { return uint32_t(bytes_.size()); }
  /// Device addresses begin at kSharedBase.
  bool inside(uint64_t address, uint32_t bytes) const;
  uint8_t *data(uint64_t address) { return bytes_.data() + (address - base_); }

  /// What is wrong with reading or writing these bytes now; null if nothing is. They must be
  /// inside. The access is recorded. `lane` is kNoLane where all lanes of a warp share the data.
  const char *read(unsigned warp, unsigned lane, const Clock &clock, uint64_t address,
                   uint32_t bytes);
  const char *write(unsigned warp, unsigned lane, const Clock &clock, uint64_t address,
                    uint32_t bytes);
  /// An atomic update: ordered behind plain writes, in no order with other updates.
  const char *update(unsigned warp, unsigned lane, const Clock &clock, uint64_t address,
                     uint32_t bytes) const;
  /// The same for engines beside the warps. A read on behalf of `warp` must, too, see no byte that
  /// was written without a fence between the proxies: see `fenced`.
  /// `before` is what was known when the read was issued; `clock`, what is known now.
  const char *readAsync(unsigned warp, const Clock &before, const Clock &clock,
                        const std::vector<uint32_t> &fenced, uint64_t address, uint32_t bytes);
  void markRead(unsigned warp, const Clock &clock, uint64_t address, uint32_t bytes);
  /// Begins an asynchronous write: the bytes turn into NaN until it lands.
  const char *beginWrite(unsigned warp, const Clock &clock, uint64_t address, uint32_t bytes,
                         State state);
  /// Ends it: the bytes belong to `party` since `tick`.
  void land(uint64_t address, uint32_t bytes, State state, unsigned party, uint32_t tick,
            unsigned lane = kNoLane);
  void setState(uint64_t address, uint32_t bytes, State state);
  /// Whether any of these bytes is being read by a copy out of shared memory.
  void holdForCopy(uint64_t address, uint32_t bytes, int change);

private:
  const char *checkState(uint64_t at, uint32_t bytes) const;
  const char *checkReaders(unsigned warp, const Clock &clock, uint64_t at, uint32_t bytes) const;
  const char *checkWriter(unsigned warp, unsigned lane, const Clock &clock, uint64_t at,
                          uint32_t bytes) const;

  uint64_t base_ = 0;
  unsigned warps_ = 0;
  std::vector<uint8_t> bytes_, state_, writer_, lane_, held_;
  std::vector<uint32_t> written_;
  /// [warp][byte]: the tick of the warp's last read.
  std::vector<uint32_t> reads_;
};

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_SHARED_H

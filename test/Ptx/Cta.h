//===- Cta.h - A CTA that runs: its warps, its memory, its barriers -------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_CTA_H
#define ZORRO_TEST_PTX_CTA_H

#include "Program.h"
#include "Shared.h"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace zorro::ptx {

class Cta;

/// In hexadecimal, for messages.
std::string hex(uint64_t value);

/// Lanes of a warp that stand at one instruction.
struct Group {
  uint32_t pc = 0;
  uint32_t lanes = 0;
  /// Why it cannot go on now; null if it can.
  const char *waits = nullptr;
  /// If it waits by asking again and again: where.
  int64_t asks = -1;
};

/// A cp.async of one lane.
struct CopyInFlight {
  uint32_t target = 0;
  uint8_t bytes = 0;
  uint8_t lane = 0;
  uint8_t data[16];
};

/// A wgmma that was issued.
struct ProductInFlight {
  const Instruction *instruction = nullptr;
  uint64_t a = 0, b = 0;
  bool accumulate = true;
  /// What was known when it was issued.
  Clock clock;
};

/// A copy from shared memory to the device by the bulk engine.
struct StoreInFlight {
  std::vector<std::pair<uint64_t, uint32_t>> sources;
};

struct Warp {
  Cta *cta = nullptr;
  unsigned id = 0;
  uint8_t *file = nullptr;
  std::vector<Group> groups;
  uint32_t live = 0;
  /// Of the group that runs now.
  uint32_t pc = 0;
  uint32_t lanes = 0;
  /// Set by a handler that cannot finish; its instruction is tried again.
  const char *waits = nullptr;
  /// Set with it by a handler that did finish, but in vain: the group will ask again.
  bool asks = false;
  /// Where the warp last asked in vain, and after how many instructions.
  uint32_t askedAt = ~0u;
  uint64_t askedAfter = 0;
  /// Lanes that a handler moved elsewhere (branches and exits).
  uint32_t taken = 0, ended = 0;

  Clock clock;
  std::deque<std::vector<CopyInFlight>> copies;
  std::vector<CopyInFlight> openCopies;

  std::deque<std::vector<ProductInFlight>> products;
  std::vector<ProductInFlight> openProducts;
  /// Registers that products in flight write or read: how many of them, by offset / 64.
  std::vector<uint8_t> writesInFlight, readsInFlight;
  unsigned inFlight = 0;
  /// Instructions so far, when each register was last written, when the last wgmma.fence was.
  uint64_t steps = 0, fence = 0;
  std::vector<uint64_t> touched;

  std::deque<std::vector<StoreInFlight>> stores;
  std::vector<StoreInFlight> openStores;

  template <typename T> T *reg(uint32_t offset) { return reinterpret_cast<T *>(file + offset); }
  uint32_t &predicate(uint32_t offset) { return *reinterpret_cast<uint32_t *>(file + offset); }
  bool done() const { return groups.empty(); }
};

/// A barrier in shared memory.
struct MemoryBarrier {
  unsigned party = 0;
  uint32_t expected = 0, pending = 0;
  int64_t bytes = 0;
  uint32_t phase = 0;
  Clock arrived, completed;
  /// Who initialised it, and when.
  unsigned maker = 0;
  uint32_t made = 0;
  /// What landed in this phase.
  std::vector<std::pair<uint64_t, uint32_t>> landed;
};

/// A copy into shared memory by the bulk engine. Copies land only when no warp can go on: as late
/// as they may.
struct BulkCopy {
  uint64_t barrier = 0;
  uint32_t total = 0;
  struct Piece {
    uint64_t target;
    std::vector<uint8_t> data;
  };
  std::vector<Piece> pieces;
};

class Cta {
public:
  Cta(const Program &program, const KernelCode &code, const Launch &launch, Memory &memory,
      std::vector<uint64_t> &counts, std::vector<uint64_t> &conflicts);

  /// Runs the CTA at `at`; the message is empty if all is well.
  std::string run(Dim3 at);

  /// Reports a fault of a lane (or of a whole warp) at the current instruction. The first counts.
  void fail(Warp &warp, const Instruction &instruction, const std::string &what, int lane = -1);
  bool failed() const { return !error_.empty(); }

  uint32_t tick() { return ++ticks_; }
  /// The warp's own moment moves on: what it did until now lies behind.
  void advance(Warp &warp) { warp.clock[warp.id] = tick(); }

  /// The host's view of `bytes` bytes of a lane, checked; null after a fault.
  uint8_t *access(Warp &warp, const Instruction &instruction, unsigned lane, Space space,
                  uint64_t address, uint32_t bytes, Access kind);
  /// The same for any number of bytes on the device.
  uint8_t *range(Warp &warp, const Instruction &instruction, unsigned lane, uint64_t address,
                 uint64_t bytes, Access kind);
  /// The same for an atomic update, which races with nothing but plain accesses.
  uint8_t *atomic(Warp &warp, const Instruction &instruction, unsigned lane, Space space,
                  uint64_t address, uint32_t bytes);
  /// A store whose lanes give one address different values.
  void checkTwice(const Instruction &instruction, Warp &warp, const uint64_t *addresses,
                  uint32_t lanes);
  void countConflicts(const Instruction &instruction, const uint64_t *addresses, uint32_t lanes,
                      uint32_t bytes);

  /// bar.sync and its like; sets warp.waits until all have come. `threads` 0: the whole CTA.
  void arrive(Warp &warp, const Instruction &instruction, uint32_t barrier, uint32_t threads,
              bool waits);
  MemoryBarrier *barrier(Warp &warp, const Instruction &instruction, uint64_t address, int lane);
  void initBarrier(Warp &warp, const Instruction &instruction, uint64_t address, uint32_t count,
                   int lane);
  void dropBarrier(uint64_t address);
  void completeIfDue(MemoryBarrier &barrier);

  const Program &program;
  const KernelCode &code;
  const Launch &launch;
  Memory &memory;
  Shared shared;
  std::vector<Warp> warps;
  std::map<uint64_t, MemoryBarrier> memoryBarriers;
  std::deque<BulkCopy> bulkCopies;
  /// By warp: the tick of its last fence between the proxies.
  std::vector<uint32_t> fenced;
  std::vector<uint8_t> params;
  std::vector<uint64_t> &conflicts;
  /// Local memory of all threads.
  std::vector<uint8_t> local;
  uint64_t laneInstructions = 0;
  Dim3 at;

private:
  /// What is wrong with the order of this access and earlier ones of the launch; records a write.
  const char *order(const Warp &warp, unsigned lane, Memory::Buffer &buffer, uint64_t offset,
                    uint64_t bytes, Access kind);

  struct NamedBarrier {
    uint32_t arrived = 0, expected = 0;
    std::vector<unsigned> waiting, arrivedOnly;
    Clock clock;
  };
  void start();
  bool runWarp(Warp &warp);
  bool watch(Warp &warp, const Instruction &instruction);
  void settle(Warp &warp, size_t group, const Instruction &instruction);
  bool releaseIfDue(uint32_t id);
  bool landNext();
  std::string deadlock();
  std::string where(const Warp &warp, int lane) const;

  std::vector<uint64_t> &counts_;
  std::vector<uint8_t> files_;
  std::map<uint32_t, NamedBarrier> named_;
  std::vector<uint32_t> released_;
  uint32_t firstCta_ = 0;
  unsigned parties_ = 0;
  uint32_t ticks_ = 0;
  uint64_t steps_ = 0;
  std::string error_;
};

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_CTA_H

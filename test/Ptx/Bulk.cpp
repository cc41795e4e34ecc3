//===- Bulk.cpp - Barriers in memory and copies by the bulk engine --------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"
#include "TensorMap.h"

#include <algorithm>

namespace zorro::ptx {

namespace {

/// Addresses of shared memory may come through the generic window.
uint64_t sharedAddress(uint64_t address) {
  return address >> kWindowShift == kSharedWindow ? address & ((uint64_t(1) << kWindowShift) - 1)
                                                  : address;
}

// Barriers.

/// op: unused, address, count.
void init(Warp &warp, const Instruction &i, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    warp.cta->initBarrier(warp, i, sharedAddress(addressOf(warp, i, 1, lane)),
                          warp.reg<uint32_t>(i.op[2])[lane], int(lane));
  }
}

void invalidate(Warp &warp, const Instruction &i, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    uint64_t address = sharedAddress(addressOf(warp, i, 1, lane));
    if (warp.cta->barrier(warp, i, address, int(lane)))
      warp.cta->dropBarrier(address);
  }
}

/// op: state, address, arrivals, bytes.
template <bool Arrives> void arrive(Warp &warp, const Instruction &i, uint32_t mask) {
  Cta &cta = *warp.cta;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    MemoryBarrier *barrier =
        cta.barrier(warp, i, sharedAddress(addressOf(warp, i, 1, lane)), int(lane));
    if (!barrier)
      return;
    barrier->bytes += warp.reg<uint32_t>(i.op[3])[lane];
    if (!Arrives)
      continue;
    uint32_t count = warp.reg<uint32_t>(i.op[2])[lane];
    warp.reg<uint64_t>(i.op[0])[lane] = barrier->phase;
    if (count > barrier->pending || !count) {
      cta.fail(warp, i,
               "arrives " + std::to_string(count) + " times where " +
                   std::to_string(barrier->pending) + " arrivals are pending",
               int(lane));
      return;
    }
    barrier->pending -= count;
    join(barrier->arrived, warp.clock);
    cta.completeIfDue(*barrier);
  }
  if (Arrives)
    cta.advance(warp);
}

/// op: predicate, address, parity (or a state, if extra is set).
void wait(Warp &warp, const Instruction &i, uint32_t mask) {
  Cta &cta = *warp.cta;
  uint32_t done = 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    MemoryBarrier *barrier =
        cta.barrier(warp, i, sharedAddress(addressOf(warp, i, 1, lane)), int(lane));
    if (!barrier)
      return;
    bool over = i.extra ? barrier->phase != warp.reg<uint64_t>(i.op[2])[lane]
                        : (barrier->phase & 1) != (warp.reg<uint32_t>(i.op[2])[lane] & 1);
    if (!over)
      continue;
    done |= 1u << lane;
    join(warp.clock, barrier->completed);
  }
  if (!done) { // a device may answer no, too, after a while
    warp.waits = "for a phase of a barrier in shared memory";
    warp.asks = true;
  }
  uint32_t &p = warp.predicate(i.op[0]);
  p = (p & ~mask) | done;
}

bool mbarrier(Decoder &decoder) {
  Instruction &inst = decoder.inst;
  decoder.takeAny({"release", "acquire", "relaxed", "cta", "cluster"});
  decoder.takeAny({"shared", "shared::cta", "shared::cluster"});
  if (!decoder.take("b64"))
    return false;
  auto constant = [&](uint64_t value) {
    return decoder.builder.constant(Constant::kValue, value, 4);
  };
  auto at = [&](size_t index) { decoder.address(decoder.operands[index], 1, Space::Shared); };
  if (decoder.take("init")) {
    if (!decoder.expectOperands(2))
      return false;
    at(0);
    inst.op[2] = decoder.source(1, Type::U32);
    inst.run = init;
    return true;
  }
  if (decoder.take("inval")) {
    if (!decoder.expectOperands(1))
      return false;
    at(0);
    inst.run = invalidate;
    return true;
  }
  if (decoder.take("arrive")) {
    bool expects = decoder.take("expect_tx");
    // The state may be left out where the barrier is one of the cluster.
    size_t first = decoder.operandCount() && decoder.operands[0].kind == Operand::kAddress ? 0 : 1;
    if (!decoder.expectOperands(first + (expects ? 2 : 1), first + 2))
      return false;
    inst.op[0] = first ? decoder.target(0, Type::B64) : decoder.builder.allocate(8);
    at(first);
    bool given = decoder.operandCount() == first + 2;
    inst.op[2] = !expects && given ? decoder.source(first + 1, Type::U32) : constant(1);
    inst.op[3] = expects ? decoder.source(first + 1, Type::U32) : constant(0);
    inst.run = arrive<true>;
    return true;
  }
  if (decoder.take("expect_tx")) {
    if (!decoder.expectOperands(2))
      return false;
    at(0);
    inst.op[3] = decoder.source(1, Type::U32);
    inst.run = arrive<false>;
    return true;
  }
  if (decoder.take("try_wait") || decoder.take("test_wait")) {
    bool parity = decoder.take("parity");
    if (!decoder.expectOperands(3, 4))
      return false;
    inst.op[0] = decoder.target(0, Type::Pred);
    at(1);
    inst.op[2] = decoder.source(2, parity ? Type::U32 : Type::B64);
    inst.extra = !parity;
    if (decoder.operandCount() == 4)
      decoder.source(3, Type::U32);
    inst.run = wait;
    return true;
  }
  return false;
}

// Copies.

/// Where a byte of a tile lies: bits 4 to 6 of its address are mixed with bits 7 to 9.
uint64_t swizzled(uint64_t address, unsigned swizzle) {
  unsigned bits = swizzle == 128 ? 7 : swizzle == 64 ? 3 : swizzle == 32 ? 1 : 0;
  return address ^ ((address >> 7 & bits) << 4);
}

bool readMap(Warp &warp, const Instruction &i, unsigned lane, uint64_t address, TensorMap &map) {
  for (unsigned half = 0; half < 2; ++half) {
    const uint8_t *data =
        warp.cta->access(warp, i, lane, Space::Generic, address + 64 * half, 64, kRead);
    if (!data)
      return false;
    std::memcpy(reinterpret_cast<uint8_t *>(&map) + 64 * half, data, 64);
  }
  if (map.magic == TensorMap::kMagic && map.rank == i.list.size())
    return true;
  warp.cta->fail(warp, i,
                 map.magic == TensorMap::kMagic
                     ? "expected a tensor map of rank " + std::to_string(i.list.size()) +
                           " but got one of " + std::to_string(map.rank)
                     : "expected a tensor map but got other bytes",
                 int(lane));
  return false;
}

/// Calls `row(offset in the box, device address, bytes before, bytes inside)` for each innermost
/// row: so many bytes lie before the tensor's begin, so many within it.
template <typename F> bool forRows(const TensorMap &map, const int32_t *coordinates, F row) {
  uint32_t counts[5], inner = map.box[0] * map.elementBytes;
  uint64_t rows = 1;
  for (unsigned d = 1; d < 5; ++d)
    rows *= counts[d] = d < map.rank ? map.box[d] : 1;
  for (uint64_t r = 0; r < rows; ++r) {
    uint64_t rest = r, address = map.base;
    bool inside = true;
    for (unsigned d = 1; d < map.rank; ++d) {
      int64_t at = int64_t(coordinates[d]) + int64_t(rest % counts[d]);
      rest /= counts[d];
      inside &= at >= 0 && at < int64_t(map.dims[d]);
      address += uint64_t(at) * map.strides[d - 1] * 16;
    }
    int64_t first = coordinates[0], last = first + map.box[0];
    int64_t from = std::max<int64_t>(first, 0), to = std::min<int64_t>(last, map.dims[0]);
    if (!inside || from >= to)
      from = to = first;
    if (!row(r * inner, address + uint64_t(from) * map.elementBytes,
             uint32_t(from - first) * map.elementBytes, uint32_t(to - from) * map.elementBytes))
      return false;
  }
  return true;
}

bool plainStrides(Warp &warp, const Instruction &i, unsigned lane, const TensorMap &map) {
  for (unsigned d = 0; d < map.rank; ++d)
    if (map.elementStrides[d] != 1) {
      warp.cta->fail(
          warp, i, "expected element strides of 1 but got " + std::to_string(map.elementStrides[d]),
          int(lane));
      return false;
    }
  return true;
}

/// Hands `tile` (linear, to be stored at `target` under `swizzle`) to the engine.
void issue(Warp &warp, const Instruction &i, unsigned lane, uint64_t target,
           const std::vector<uint8_t> &tile, unsigned swizzle, uint64_t barrierAddress) {
  Cta &cta = *warp.cta;
  MemoryBarrier *barrier = cta.barrier(warp, i, barrierAddress, int(lane));
  if (!barrier)
    return;
  BulkCopy copy;
  copy.barrier = barrierAddress;
  copy.total = uint32_t(tile.size());
  // The chunks of 16 bytes in the order of their addresses, joined where they touch.
  std::vector<std::pair<uint64_t, size_t>> chunks;
  for (size_t at = 0; at < tile.size(); at += 16)
    chunks.push_back({swizzled(target + at, swizzle), at});
  std::sort(chunks.begin(), chunks.end());
  for (auto &[address, at] : chunks) {
    if (copy.pieces.empty() ||
        copy.pieces.back().target + copy.pieces.back().data.size() != address)
      copy.pieces.push_back({address, {}});
    std::vector<uint8_t> &data = copy.pieces.back().data;
    data.insert(data.end(), tile.begin() + long(at), tile.begin() + long(at + 16));
  }
  for (const BulkCopy::Piece &piece : copy.pieces) {
    uint32_t bytes = uint32_t(piece.data.size());
    const char *fault =
        cta.shared.inside(piece.target, bytes)
            ? cta.shared.beginWrite(warp.id, warp.clock, piece.target, bytes, Shared::kBulkCopying)
            : "writes beyond shared memory";
    if (fault) {
      cta.fail(warp, i,
               std::string(fault) + " (shared address " + std::to_string(piece.target) + ", " +
                   std::to_string(bytes) + " bytes)",
               int(lane));
      return;
    }
  }
  cta.bulkCopies.push_back(std::move(copy));
}

bool aligned(Warp &warp, const Instruction &i, unsigned lane, const char *what, uint64_t value,
             uint64_t to) {
  if (value % to == 0)
    return true;
  warp.cta->fail(warp, i,
                 std::string("expected ") + what + " to be a multiple of " + std::to_string(to) +
                     " but got " + std::to_string(value),
                 int(lane));
  return false;
}

/// op: unused, target, tensor map, barrier. list: coordinates, the innermost first.
void loadTile(Warp &warp, const Instruction &i, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    TensorMap map;
    if (!readMap(warp, i, lane, addressOf(warp, i, 2, lane, true), map) ||
        !plainStrides(warp, i, lane, map))
      return;
    uint64_t target = sharedAddress(addressOf(warp, i, 1, lane));
    if (!aligned(warp, i, lane, "the target's address", target, 128))
      return;
    int32_t coordinates[5] = {};
    uint64_t bytes = map.elementBytes;
    for (unsigned d = 0; d < map.rank; ++d) {
      coordinates[d] = warp.reg<int32_t>(i.list[d])[lane];
      bytes *= map.box[d];
    }
    std::vector<uint8_t> tile(bytes, map.nanFill ? 0xFF : 0);
    bool good = forRows(
        map, coordinates, [&](uint64_t at, uint64_t address, uint32_t before, uint32_t inside) {
          const uint8_t *data =
              inside ? warp.cta->range(warp, i, lane, address, inside, kRead) : tile.data();
          if (data && inside)
            std::memcpy(tile.data() + at + before, data, inside);
          return data != nullptr;
        });
    if (!good)
      return;
    uint64_t barrier =
        i.extra2 ? warp.reg<uint64_t>(i.op[3])[lane] : warp.reg<uint32_t>(i.op[3])[lane];
    issue(warp, i, lane, target, tile, map.swizzle, sharedAddress(barrier + i.extra));
  }
}

/// op: unused, target, source, barrier, bytes.
void loadLine(Warp &warp, const Instruction &i, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    uint64_t target = sharedAddress(addressOf(warp, i, 1, lane)),
             source = addressOf(warp, i, 2, lane, true);
    uint32_t bytes = warp.reg<uint32_t>(i.op[4])[lane];
    if (!aligned(warp, i, lane, "the target's address", target, 16) ||
        !aligned(warp, i, lane, "the source's address", source, 16) ||
        !aligned(warp, i, lane, "the size", bytes, 16))
      return;
    const uint8_t *data = warp.cta->range(warp, i, lane, source, bytes, kRead);
    if (!data)
      return;
    uint64_t barrier =
        i.extra2 ? warp.reg<uint64_t>(i.op[3])[lane] : warp.reg<uint32_t>(i.op[3])[lane];
    issue(warp, i, lane, target, std::vector<uint8_t>(data, data + bytes), 0,
          sharedAddress(barrier + i.extra));
  }
}

/// Reads a chunk for the engine; it is held until the copy was waited for.
const uint8_t *take(Warp &warp, const Instruction &i, unsigned lane, uint64_t address,
                    uint32_t bytes, StoreInFlight &store) {
  Cta &cta = *warp.cta;
  const char *fault =
      cta.shared.inside(address, bytes)
          ? cta.shared.readAsync(warp.id, warp.clock, warp.clock, cta.fenced, address, bytes)
          : "reads beyond shared memory";
  if (fault) {
    cta.fail(warp, i, std::string(fault) + " (shared address " + std::to_string(address) + ")",
             int(lane));
    return nullptr;
  }
  store.sources.push_back({address, bytes});
  cta.shared.holdForCopy(address, bytes, 1);
  return cta.shared.data(address);
}

/// op: unused, source, tensor map. list: coordinates.
void storeTile(Warp &warp, const Instruction &i, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    TensorMap map;
    if (!readMap(warp, i, lane, addressOf(warp, i, 2, lane, true), map) ||
        !plainStrides(warp, i, lane, map))
      return;
    uint64_t source = sharedAddress(addressOf(warp, i, 1, lane));
    if (!aligned(warp, i, lane, "the source's address", source, 128))
      return;
    int32_t coordinates[5] = {};
    uint64_t bytes = map.elementBytes;
    for (unsigned d = 0; d < map.rank; ++d) {
      coordinates[d] = warp.reg<int32_t>(i.list[d])[lane];
      bytes *= map.box[d];
    }
    StoreInFlight store;
    std::vector<uint8_t> tile(bytes);
    for (uint64_t at = 0; at < bytes; at += 16) {
      const uint8_t *data = take(warp, i, lane, swizzled(source + at, map.swizzle), 16, store);
      if (!data)
        return;
      std::memcpy(tile.data() + at, data, 16);
    }
    bool good = forRows(
        map, coordinates, [&](uint64_t at, uint64_t address, uint32_t before, uint32_t inside) {
          uint8_t *data =
              inside ? warp.cta->range(warp, i, lane, address, inside, kWrite) : tile.data();
          if (data && inside)
            std::memcpy(data, tile.data() + at + before, inside);
          return data != nullptr;
        });
    if (!good)
      return;
    warp.openStores.push_back(std::move(store));
  }
}

/// op: unused, source, target, unused, bytes.
void storeLine(Warp &warp, const Instruction &i, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    uint64_t source = sharedAddress(addressOf(warp, i, 1, lane)),
             target = addressOf(warp, i, 2, lane, true);
    uint32_t bytes = warp.reg<uint32_t>(i.op[4])[lane];
    if (!aligned(warp, i, lane, "the target's address", target, 16) ||
        !aligned(warp, i, lane, "the source's address", source, 16) ||
        !aligned(warp, i, lane, "the size", bytes, 16))
      return;
    StoreInFlight store;
    const uint8_t *data = take(warp, i, lane, source, bytes, store);
    uint8_t *to = data ? warp.cta->range(warp, i, lane, target, bytes, kWrite) : nullptr;
    if (!to)
      return;
    std::memcpy(to, data, bytes);
    warp.openStores.push_back(std::move(store));
  }
}

void commitStores(Warp &warp, const Instruction &, uint32_t) {
  warp.stores.push_back(std::move(warp.openStores));
  warp.openStores.clear();
}

/// Copies that were waited for have read their sources by now.
void waitStores(Warp &warp, const Instruction &, uint32_t) {
  Cta &cta = *warp.cta;
  while (warp.stores.size() > warp.cta->code.code[warp.pc].extra) {
    for (const StoreInFlight &store : warp.stores.front())
      for (auto &[address, bytes] : store.sources) {
        cta.shared.holdForCopy(address, bytes, -1);
        cta.shared.markRead(warp.id, warp.clock, address, bytes);
      }
    warp.stores.pop_front();
  }
}

/// Takes a shared address into an operand of its own: its offset goes to extra, its width to
/// extra2.
void barrierAddress(Decoder &decoder, const Operand &operand) {
  Instruction &inst = decoder.inst;
  int64_t offset = inst.offset;
  bool wide = inst.wide;
  decoder.address(operand, 3, Space::Shared);
  inst.extra = uint32_t(inst.offset);
  inst.extra2 = inst.wide;
  inst.offset = offset;
  inst.wide = wide;
}

} // namespace

bool bulkCopy(Decoder &decoder) {
  Instruction &inst = decoder.inst;
  if (decoder.take("commit_group")) {
    inst.run = commitStores;
    return decoder.expectOperands(0);
  }
  if (decoder.take("wait_group")) {
    decoder.take("read");
    inst.extra = uint32_t(decoder.immediate(0));
    inst.run = waitStores;
    return decoder.expectOperands(1);
  }
  bool tensor = decoder.take("tensor");
  size_t rank = 0;
  if (tensor) {
    const char *const kRanks[] = {"1d", "2d", "3d", "4d", "5d"};
    for (size_t r = 0; r < 5; ++r)
      if (decoder.take(kRanks[r]))
        rank = r + 1;
    decoder.take("tile");
    if (!rank)
      return false;
  }
  bool hint = decoder.take("L2::cache_hint");
  size_t count = decoder.operandCount();
  if (hint && count)
    decoder.source(--count, Type::B64);
  bool load = decoder.take("mbarrier::complete_tx::bytes");
  if (!decoder.take("global") || decoder.takeAny({"shared::cluster", "shared::cta"}).empty() ||
      (!load && !decoder.take("bulk_group")) ||
      count != (tensor ? (load ? 3u : 2u) : (load ? 4u : 3u)))
    return false;
  const Operand &shared = decoder.operands[load ? 0 : 1], &device = decoder.operands[load ? 1 : 0];
  decoder.address(shared, 1, Space::Shared);
  // A tensor map may lie in the parameters: its address is generic.
  decoder.address(device, 2, tensor ? Space::Generic : Space::Global, /*second=*/true);
  if (tensor) {
    if (device.parts.size() != 2)
      return decoder.fail("expected a tensor map and coordinates");
    decoder.sources(device.parts[1], 4, rank);
  } else {
    inst.op[4] = decoder.source(2, Type::U32);
  }
  if (load)
    barrierAddress(decoder, decoder.operands[count - 1]);
  inst.run = tensor ? (load ? loadTile : storeTile) : (load ? loadLine : storeLine);
  return true;
}

void addBulk(DecodeTable &table) { table["mbarrier"] = mbarrier; }

} // namespace zorro::ptx

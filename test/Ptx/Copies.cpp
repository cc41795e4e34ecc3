//===- Copies.cpp - cp.async, ldmatrix and stmatrix -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

namespace zorro::ptx {

namespace {

/// op: unused, target, source, bytes that are read. extra: bytes that are written.
void copyAsync(Warp &warp, const Instruction &i, uint32_t mask) {
  Cta &cta = *warp.cta;
  uint64_t targets[kLanes];
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    uint64_t target = targets[lane] = addressOf(warp, i, 1, lane);
    uint64_t source = addressOf(warp, i, 2, lane, true);
    uint32_t bytes = warp.reg<uint32_t>(i.op[3])[lane];
    CopyInFlight copy;
    copy.target = uint32_t(target);
    copy.bytes = uint8_t(i.extra);
    copy.lane = uint8_t(lane);
    std::memset(copy.data, 0, sizeof copy.data);
    if (bytes > i.extra || target % i.extra || (bytes && source % i.extra)) {
      cta.fail(warp, i,
               "expected aligned addresses and at most " + std::to_string(i.extra) +
                   " bytes of source but got " + std::to_string(bytes),
               int(lane));
      return;
    }
    for (uint32_t at = 0; at < bytes;) {
      uint32_t step = bytes == i.extra ? bytes : 1;
      const uint8_t *data = cta.access(warp, i, lane, Space::Global, source + at, step, kRead);
      if (!data)
        return;
      std::memcpy(copy.data + at, data, step);
      at += step;
    }
    if (!cta.shared.inside(target, i.extra)) {
      cta.access(warp, i, lane, Space::Shared, target, i.extra, kWrite);
      return;
    }
    if (const char *fault =
            cta.shared.beginWrite(warp.id, warp.clock, target, i.extra, Shared::kCopying)) {
      cta.fail(warp, i, std::string(fault) + " (shared address " + std::to_string(target) + ")",
               int(lane));
      return;
    }
    warp.openCopies.push_back(copy);
  }
  cta.countConflicts(i, targets, mask, i.extra);
}

bool wholeWarp(Warp &warp, const Instruction &i, uint32_t mask) {
  if (mask == warp.live)
    return true;
  warp.cta->fail(warp, i, "is run by a part of its warp only", __builtin_ctz(mask));
  return false;
}

void land(Warp &warp, std::vector<CopyInFlight> &copies) {
  Shared &shared = warp.cta->shared;
  for (const CopyInFlight &copy : copies) {
    std::memcpy(shared.data(copy.target), copy.data, copy.bytes);
    shared.land(copy.target, copy.bytes, Shared::kWritten, warp.id, warp.clock[warp.id], copy.lane);
  }
  copies.clear();
}

void commit(Warp &warp, const Instruction &i, uint32_t mask) {
  if (!wholeWarp(warp, i, mask))
    return;
  warp.copies.push_back(std::move(warp.openCopies));
  warp.openCopies.clear();
}

void waitGroup(Warp &warp, const Instruction &i, uint32_t mask) {
  if (!wholeWarp(warp, i, mask))
    return;
  while (warp.copies.size() > i.extra) {
    land(warp, warp.copies.front());
    warp.copies.pop_front();
  }
  if (i.extra2)
    land(warp, warp.openCopies);
}

} // namespace

bool bulkCopy(Decoder &decoder);

static bool cp(Decoder &decoder) {
  if (!decoder.take("async"))
    return false;
  if (decoder.take("bulk"))
    return bulkCopy(decoder);
  Instruction &inst = decoder.inst;
  if (decoder.take("commit_group")) {
    inst.run = commit;
    inst.collective = true;
    return decoder.expectOperands(0);
  }
  bool all = decoder.take("wait_all");
  if (all || decoder.take("wait_group")) {
    inst.run = waitGroup;
    inst.collective = true;
    inst.extra = all ? 0 : uint32_t(decoder.immediate(0));
    inst.extra2 = all;
    return decoder.expectOperands(all ? 0 : 1);
  }
  if (decoder.takeAny({"ca", "cg"}).empty() || decoder.takeAny({"shared", "shared::cta"}).empty() ||
      !decoder.take("global") || !decoder.expectOperands(3, 4))
    return false;
  decoder.takePrefix("L2::");
  decoder.address(decoder.operands[0], 1, Space::Shared);
  decoder.address(decoder.operands[1], 2, Space::Global, /*second=*/true);
  inst.extra = uint32_t(decoder.immediate(2));
  if (inst.extra != 4 && inst.extra != 8 && inst.extra != 16)
    return decoder.fail("expected a copy of 4, 8 or 16 bytes but got " +
                        std::to_string(inst.extra));
  inst.op[3] = decoder.source(decoder.operandCount() == 4 ? 3 : 2, Type::U32);
  inst.run = copyAsync;
  return true;
}

namespace {

/// op[1] and offset: a row's address in lane 8 * matrix + row. list: a register for each matrix.
template <bool Load, bool Transposed>
void matrices(Warp &warp, const Instruction &i, uint32_t mask) {
  Cta &cta = *warp.cta;
  if (mask != kAllLanes) {
    cta.fail(warp, i, "is run by a part of its warp only", __builtin_ctz(mask));
    return;
  }
  unsigned count = unsigned(i.list.size());
  uint64_t addresses[kLanes];
  for (unsigned lane = 0; lane < 8 * count; ++lane)
    addresses[lane] = addressOf(warp, i, 1, lane);
  uint32_t used = count == 4 ? kAllLanes : (1u << 8 * count) - 1;
  for (unsigned m = 0; m < count; ++m) {
    uint32_t *reg = warp.reg<uint32_t>(i.list[m]);
    uint16_t tile[8][8];
    if (!Load)
      for (unsigned lane = 0; lane < kLanes; ++lane)
        for (unsigned e = 0; e < 2; ++e) {
          unsigned row = lane / 4, column = 2 * (lane % 4) + e;
          (Transposed ? tile[column][row] : tile[row][column]) = uint16_t(reg[lane] >> 16 * e);
        }
    for (unsigned row = 0; row < 8; ++row) {
      unsigned lane = 8 * m + row;
      uint8_t *data = cta.access(warp, i, Load ? Shared::kNoLane : lane, Space::Shared,
                                 addresses[lane], 16, Load ? kRead : kWrite);
      if (!data)
        return;
      if (Load)
        std::memcpy(tile[row], data, 16);
      else
        std::memcpy(data, tile[row], 16);
    }
    if (Load)
      for (unsigned lane = 0; lane < kLanes; ++lane) {
        unsigned row = lane / 4, column = 2 * (lane % 4);
        uint16_t low = Transposed ? tile[column][row] : tile[row][column];
        uint16_t high = Transposed ? tile[column + 1][row] : tile[row][column + 1];
        reg[lane] = uint32_t(high) << 16 | low;
      }
  }
  cta.countConflicts(i, addresses, used, 16);
}

template <bool Load> bool matrixTransfer(Decoder &decoder) {
  Instruction &inst = decoder.inst;
  size_t count = decoder.take("x4") ? 4 : decoder.take("x2") ? 2 : decoder.take("x1") ? 1 : 0;
  bool transposed = decoder.take("trans");
  if (!decoder.take("sync") || !decoder.take("aligned") || !decoder.take("m8n8") || !count ||
      !decoder.take("b16") || decoder.takeAny({"shared", "shared::cta"}).empty() ||
      !decoder.expectOperands(2))
    return false;
  const Operand &registers = decoder.operands[Load ? 0 : 1];
  if (Load)
    decoder.targets(registers, 4, count);
  else
    decoder.sources(registers, 4, count);
  decoder.address(decoder.operands[Load ? 1 : 0], 1, Space::Shared);
  inst.collective = true;
  inst.run = transposed ? matrices<Load, true> : matrices<Load, false>;
  return true;
}

} // namespace

void addCopies(DecodeTable &table) {
  table["cp"] = cp;
  table["ldmatrix"] = matrixTransfer<true>;
  table["stmatrix"] = matrixTransfer<false>;
}

} // namespace zorro::ptx

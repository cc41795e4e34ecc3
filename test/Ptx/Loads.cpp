//===- Loads.cpp - ld and st ----------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

namespace zorro::ptx {

namespace {

/// extra: bytes of an element; extra2: bytes of a register; the sign is extended if op[5] is set.
template <bool Load> void transfer(Warp &warp, const Instruction &i, uint32_t mask) {
  unsigned bytes = i.extra, width = i.extra2, count = unsigned(i.list.size());
  uint64_t addresses[kLanes];
  bool shared = i.space == Space::Shared;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    addresses[lane] = addressOf(warp, i, 1, lane);
    shared |= i.space == Space::Generic && addresses[lane] >> kWindowShift == kSharedWindow;
    uint8_t *data = warp.cta->access(warp, i, lane, i.space, addresses[lane], bytes * count,
                                     Load ? kRead : kWrite);
    if (!data)
      return;
    for (unsigned k = 0; k < count; ++k) {
      uint8_t *reg = warp.file + i.list[k] + lane * width;
      if (!Load) {
        std::memcpy(data + k * bytes, reg, bytes);
        continue;
      }
      std::memcpy(reg, data + k * bytes, bytes);
      if (width > bytes)
        std::memset(reg + bytes, i.op[5] && reg[bytes - 1] & 0x80 ? 0xFF : 0, width - bytes);
    }
  }
  if (!Load)
    warp.cta->checkTwice(i, warp, addresses, mask);
  if (shared)
    warp.cta->countConflicts(i, addresses, mask, bytes * count);
}

/// How an access may be cached or ordered makes no difference here.
void takeHints(Decoder &decoder) {
  decoder.takeAny({"weak", "volatile", "relaxed", "acquire", "release", "cta", "cluster", "gpu",
                   "sys", "nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  for (std::string_view prefix : {"L1::", "L2::"})
    while (!decoder.takePrefix(prefix).empty())
      ;
}

bool takeSpace(Decoder &decoder, Space &space) {
  std::string name =
      decoder.takeAny({"global", "const", "shared", "shared::cta", "local", "param"});
  if (decoder.take("param::entry"))
    name = "param";
  space = name.empty()                          ? Space::Generic
          : name == "global" || name == "const" ? Space::Global
          : name == "local"                     ? Space::Local
          : name == "param"                     ? Space::Param
                                                : Space::Shared;
  return true;
}

template <bool Load> bool decodeTransfer(Decoder &decoder) {
  takeHints(decoder);
  takeSpace(decoder, decoder.inst.space);
  size_t count = decoder.take("v2") ? 2 : decoder.take("v4") ? 4 : 1;
  bool vector = count > 1;
  Type type = decoder.takeType();
  unsigned bytes = bytesOf(type);
  if (!bytes || bytes * count > 16 || !decoder.expectOperands(2))
    return false;
  const Operand &registers = decoder.operands[Load ? 0 : 1];
  const Operand &first = vector && !registers.parts.empty() ? registers.parts[0] : registers;
  unsigned width = first.kind == Operand::kRegister ? first.bytes : std::max(bytes, 2u);
  if (width < bytes || (width > bytes && isFloat(type)))
    return decoder.fail("expected a register of " + std::to_string(bytes) +
                        " bytes but got one of " + std::to_string(width));
  if (vector) {
    if (Load)
      decoder.targets(registers, width, count);
    else
      decoder.sources(registers, width, count);
  } else {
    decoder.inst.list.push_back(Load ? decoder.target(registers, width)
                                     : decoder.source(registers, width));
  }
  decoder.address(decoder.operands[Load ? 1 : 0], 1, decoder.inst.space);
  decoder.inst.extra = bytes;
  decoder.inst.extra2 = width;
  decoder.inst.op[5] = isSigned(type);
  decoder.inst.run = transfer<Load>;
  return true;
}

void nothing(Warp &, const Instruction &, uint32_t) {}

bool prefetch(Decoder &decoder) {
  takeSpace(decoder, decoder.inst.space);
  decoder.takeAny({"L1", "L2"});
  for (std::string_view prefix : {"L1::", "L2::"})
    decoder.takePrefix(prefix);
  decoder.take("tensormap");
  decoder.inst.run = nothing;
  return decoder.expectOperands(1);
}

} // namespace

void addLoads(DecodeTable &table) {
  table["ld"] = decodeTransfer<true>;
  table["ldu"] = decodeTransfer<true>;
  table["st"] = decodeTransfer<false>;
  table["prefetch"] = prefetch;
  table["prefetchu"] = prefetch;
}

} // namespace zorro::ptx

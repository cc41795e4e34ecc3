//===- Moves.cpp - mov and cvta -------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

namespace zorro::ptx {

namespace {

struct Bits128 {
  uint64_t low, high;
};

template <typename T> void move(Warp &warp, const Instruction &i, uint32_t mask) {
  T *d = warp.reg<T>(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]);
  forLanes(mask, [&](unsigned l) { d[l] = a[l]; });
}

void movePredicate(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t &d = warp.predicate(i.op[0]);
  d = (d & ~mask) | (warp.predicate(i.op[1]) & mask);
}

/// Between a register and the list of its parts, lowest first; extra bytes each.
template <bool Pack> void split(Warp &warp, const Instruction &i, uint32_t mask) {
  unsigned bytes = i.extra, total = unsigned(bytes * i.list.size());
  forLanes(mask, [&](unsigned l) {
    uint8_t whole[16];
    uint8_t *one = warp.file + i.op[0] + l * total;
    if (!Pack)
      std::memcpy(whole, one, total);
    for (size_t k = 0; k < i.list.size(); ++k) {
      uint8_t *part = warp.file + i.list[k] + l * bytes;
      if (Pack)
        std::memcpy(whole + k * bytes, part, bytes);
      else
        std::memcpy(part, whole + k * bytes, bytes);
    }
    if (Pack)
      std::memcpy(one, whole, total);
  });
}

bool mov(Decoder &decoder) {
  Type type = decoder.takeType();
  unsigned bytes = bytesOf(type);
  if (type == Type::None || bytes == 1 || !decoder.expectOperands(2))
    return false;
  for (int side = 0; side < 2; ++side) {
    const Operand &vector = decoder.operands[size_t(side)],
                  &other = decoder.operands[size_t(1 - side)];
    if (vector.kind != Operand::kVector)
      continue;
    size_t count = vector.parts.size();
    if (!bytes || (count != 2 && count != 4) || bytes / count < 2)
      return false;
    decoder.inst.extra = unsigned(bytes / count);
    if (side == 0) {
      decoder.targets(vector, decoder.inst.extra, count);
      decoder.inst.op[0] = decoder.source(other, bytes);
      decoder.inst.run = split<false>;
    } else {
      decoder.sources(vector, decoder.inst.extra, count);
      decoder.inst.op[0] = decoder.target(other, bytes);
      decoder.inst.run = split<true>;
    }
    return true;
  }
  decoder.inst.copy = true;
  switch (bytes) {
  case 0:
    decoder.inst.run = movePredicate;
    break;
  case 2:
    decoder.inst.run = move<uint16_t>;
    break;
  case 4:
    decoder.inst.run = move<uint32_t>;
    break;
  case 8:
    decoder.inst.run = move<uint64_t>;
    break;
  default:
    decoder.inst.run = move<Bits128>;
  }
  return takeOperands(decoder, type, 1);
}

/// extra: the window. To a space, its bits go; from it, they come.
template <bool To> void convertAddress(Warp &warp, const Instruction &i, uint32_t mask) {
  uint64_t window = uint64_t(i.extra) << kWindowShift;
  uint64_t *d = warp.reg<uint64_t>(i.op[0]);
  const uint64_t *a = warp.reg<uint64_t>(i.op[1]);
  constexpr uint64_t kWithin = (uint64_t(1) << kWindowShift) - 1;
  forLanes(mask, [&](unsigned l) {
    if (To && a[l] >> kWindowShift != i.extra)
      warp.cta->fail(warp, i, "takes an address of another space", int(l));
    d[l] = To ? a[l] & kWithin : a[l] | window;
  });
}

bool cvta(Decoder &decoder) {
  bool to = decoder.take("to");
  if (!decoder.take("u64") && !decoder.take("s64"))
    return false;
  std::string space =
      decoder.takeAny({"global", "const", "shared", "shared::cta", "local", "param"});
  if (space.empty())
    return false;
  decoder.inst.extra = space == "local"                        ? kLocalWindow
                       : space == "param"                      ? kParamWindow
                       : space == "global" || space == "const" ? kGlobalWindow
                                                               : kSharedWindow;
  decoder.inst.run = to ? convertAddress<true> : convertAddress<false>;
  return takeOperands(decoder, Type::U64, 1);
}

} // namespace

void addMoves(DecodeTable &table) {
  table["mov"] = mov;
  table["cvta"] = cvta;
}

} // namespace zorro::ptx

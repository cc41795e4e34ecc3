//===- WarpWide.cpp - Shuffles, votes and reductions of a warp ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

#include <algorithm>

namespace zorro::ptx {

namespace {

enum class Mode : uint8_t { Up, Down, Butterfly, Index };

/// op: d, p, a, b, c.
void shuffle(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  const uint32_t *a = warp.reg<uint32_t>(i.op[2]), *b = warp.reg<uint32_t>(i.op[3]);
  const uint32_t *c = warp.reg<uint32_t>(i.op[4]);
  uint32_t values[kLanes], within = 0;
  std::copy_n(a, kLanes, values);
  uint32_t result[kLanes];
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    int distance = int(b[lane] & 31), bound = int(c[lane] & 31), segment = int(c[lane] >> 8 & 31);
    int last = (lane & segment) | (bound & ~segment & 31), first = lane & segment;
    int from = 0;
    bool good = false;
    switch (Mode(i.extra)) {
    case Mode::Up:
      from = lane - distance;
      good = from >= last;
      break;
    case Mode::Down:
      from = lane + distance;
      good = from <= last;
      break;
    case Mode::Butterfly:
      from = lane ^ distance;
      good = from <= last;
      break;
    case Mode::Index:
      from = first | (distance & ~segment & 31);
      good = from <= last;
      break;
    }
    if (!good)
      from = lane;
    if (!(mask >> from & 1)) {
      warp.cta->fail(warp, i, "reads lane " + std::to_string(from) + ", which does not take part",
                     lane);
      return;
    }
    result[lane] = values[from];
    within |= uint32_t(good) << lane;
  }
  forLanes(mask, [&](unsigned l) { d[l] = result[l]; });
  uint32_t &p = warp.predicate(i.op[1]);
  p = (p & ~mask) | (within & mask);
}

bool shfl(Decoder &decoder) {
  static const std::pair<const char *, Mode> kModes[] = {
      {"up", Mode::Up}, {"down", Mode::Down}, {"bfly", Mode::Butterfly}, {"idx", Mode::Index}};
  bool found = false;
  for (auto &[name, mode] : kModes)
    if (!found && decoder.take(name)) {
      decoder.inst.extra = uint32_t(mode);
      found = true;
    }
  if (!found || !decoder.take("sync") || !decoder.take("b32") || !decoder.expectOperands(5))
    return false;
  const Operand &target = decoder.operands[0];
  decoder.inst.op[0] = decoder.target(target, 4);
  decoder.inst.op[1] =
      target.parts.empty() ? decoder.builder.allocate(4) : decoder.target(target.parts[0], 0);
  for (unsigned k = 1; k < 4; ++k)
    decoder.inst.op[k + 1] = decoder.source(k, Type::B32);
  decoder.inst.members = int32_t(decoder.source(4, Type::B32));
  decoder.inst.run = shuffle;
  return true;
}

enum class Vote : uint8_t { All, Any, Uni, Ballot };

void vote(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t value = warp.predicate(i.op[1]);
  if (i.extra2)
    value = ~value;
  value &= mask;
  if (Vote(i.extra) == Vote::Ballot) {
    uint32_t *d = warp.reg<uint32_t>(i.op[0]);
    forLanes(mask, [&](unsigned l) { d[l] = value; });
    return;
  }
  bool result = Vote(i.extra) == Vote::All   ? value == mask
                : Vote(i.extra) == Vote::Any ? value != 0
                                             : value == mask || value == 0;
  uint32_t &d = warp.predicate(i.op[0]);
  d = result ? d | mask : d & ~mask;
}

bool voteOf(Decoder &decoder) {
  bool all = decoder.take("all"), any = decoder.take("any"), uni = decoder.take("uni");
  bool ballot = decoder.take("ballot");
  if (all + any + uni + ballot != 1 || !decoder.take("sync") ||
      !decoder.take(ballot ? "b32" : "pred") || !decoder.expectOperands(3))
    return false;
  decoder.inst.extra = uint32_t(all ? Vote::All : any ? Vote::Any : uni ? Vote::Uni : Vote::Ballot);
  decoder.inst.extra2 = decoder.operands[1].negated;
  decoder.inst.op[0] = decoder.target(0, ballot ? Type::B32 : Type::Pred);
  decoder.inst.op[1] = decoder.source(1, Type::Pred);
  decoder.inst.members = int32_t(decoder.source(2, Type::B32));
  decoder.inst.run = vote;
  return true;
}

void elect(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t leader = uint32_t(__builtin_ctz(mask));
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  forLanes(mask, [&](unsigned l) { d[l] = leader; });
  uint32_t &p = warp.predicate(i.op[1]);
  p = (p & ~mask) | 1u << leader;
}

bool electOf(Decoder &decoder) {
  if (!decoder.take("sync") || !decoder.expectOperands(2) || decoder.operands[0].parts.size() != 1)
    return false;
  decoder.inst.op[0] = decoder.target(0, Type::B32);
  decoder.inst.op[1] = decoder.target(decoder.operands[0].parts[0], 0);
  decoder.inst.members = int32_t(decoder.source(1, Type::B32));
  decoder.inst.run = elect;
  return true;
}

enum class Reduction : uint8_t { Add, Min, Max, And, Or, Xor };

template <typename T> void reduce(Warp &warp, const Instruction &i, uint32_t mask) {
  const T *a = warp.reg<T>(i.op[1]);
  T result = a[__builtin_ctz(mask)];
  for (uint32_t rest = mask & (mask - 1); rest; rest &= rest - 1) {
    T x = a[__builtin_ctz(rest)];
    switch (Reduction(i.extra)) {
    case Reduction::Add:
      result = T(uint32_t(result) + uint32_t(x));
      break;
    case Reduction::Min:
      result = std::min(result, x);
      break;
    case Reduction::Max:
      result = std::max(result, x);
      break;
    case Reduction::And:
      result &= x;
      break;
    case Reduction::Or:
      result |= x;
      break;
    case Reduction::Xor:
      result ^= x;
      break;
    }
  }
  T *d = warp.reg<T>(i.op[0]);
  forLanes(mask, [&](unsigned l) { d[l] = result; });
}

bool redux(Decoder &decoder) {
  static const std::pair<const char *, Reduction> kReductions[] = {
      {"add", Reduction::Add}, {"min", Reduction::Min}, {"max", Reduction::Max},
      {"and", Reduction::And}, {"or", Reduction::Or},   {"xor", Reduction::Xor}};
  bool found = false;
  for (auto &[name, reduction] : kReductions)
    if (!found && decoder.take(name)) {
      decoder.inst.extra = uint32_t(reduction);
      found = true;
    }
  bool isSigned = decoder.take("s32");
  if (!found || !decoder.take("sync") ||
      (!isSigned && !decoder.take("u32") && !decoder.take("b32")) || !decoder.expectOperands(3))
    return false;
  decoder.inst.op[0] = decoder.target(0, Type::B32);
  decoder.inst.op[1] = decoder.source(1, Type::B32);
  decoder.inst.members = int32_t(decoder.source(2, Type::B32));
  decoder.inst.run = isSigned ? reduce<int32_t> : reduce<uint32_t>;
  return true;
}

void activeMask(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  forLanes(mask, [&](unsigned l) { d[l] = mask; });
}

} // namespace

void addWarp(DecodeTable &table) {
  table["shfl"] = shfl;
  table["vote"] = voteOf;
  table["elect"] = electOf;
  table["redux"] = redux;
  table["activemask"] = [](Decoder &d) {
    d.inst.run = activeMask;
    return d.take("b32") && takeOperands(d, Type::B32, 0);
  };
}

} // namespace zorro::ptx

//===- Atomics.cpp - atom and red -----------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

#include <algorithm>

namespace zorro::ptx {

namespace {

enum class Update : uint8_t {
  Add,
  Min,
  Max,
  And,
  Or,
  Xor,
  Exchange,
  Compare,
  Increment,
  Decrement
};

template <typename T> T updated(Update update, T old, T a, T b) {
  auto x = Lane<T>::load(old), y = Lane<T>::load(a);
  switch (update) {
  case Update::Add:
    return Lane<T>::store(x + y);
  case Update::Min:
    return Lane<T>::store(std::min(x, y));
  case Update::Max:
    return Lane<T>::store(std::max(x, y));
  case Update::Exchange:
    return a;
  default:
    break;
  }
  if constexpr (std::is_integral_v<T>) {
    switch (update) {
    case Update::And:
      return old & a;
    case Update::Or:
      return old | a;
    case Update::Xor:
      return old ^ a;
    case Update::Compare:
      return old == a ? b : old;
    case Update::Increment:
      return old >= a ? 0 : old + 1;
    case Update::Decrement:
      return old == 0 || old > a ? a : old - 1;
    default:
      break;
    }
  }
  return old;
}

/// op: target (its own scratch for red), address, operand, operand.
template <typename T> void atomic(Warp &warp, const Instruction &i, uint32_t mask) {
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    uint8_t *data =
        warp.cta->atomic(warp, i, lane, i.space, addressOf(warp, i, 1, lane), sizeof(T));
    if (!data)
      return;
    T old;
    std::memcpy(&old, data, sizeof(T));
    T value = updated(Update(i.extra), old, warp.reg<T>(i.op[2])[lane], warp.reg<T>(i.op[3])[lane]);
    std::memcpy(data, &value, sizeof(T));
    warp.reg<T>(i.op[0])[lane] = old;
  }
}

template <bool Returns> bool decodeAtomic(Decoder &decoder) {
  decoder.takeAny(
      {"relaxed", "acquire", "release", "acq_rel", "cta", "cluster", "gpu", "sys", "noftz"});
  std::string space = decoder.takeAny({"global", "shared", "shared::cta"});
  decoder.inst.space = space.empty()       ? Space::Generic
                       : space == "global" ? Space::Global
                                           : Space::Shared;
  static const std::pair<const char *, Update> kUpdates[] = {
      {"add", Update::Add},       {"min", Update::Min},     {"max", Update::Max},
      {"and", Update::And},       {"or", Update::Or},       {"xor", Update::Xor},
      {"exch", Update::Exchange}, {"cas", Update::Compare}, {"inc", Update::Increment},
      {"dec", Update::Decrement}};
  bool found = false;
  Update update = Update::Add;
  for (auto &[name, each] : kUpdates)
    if (!found && decoder.take(name)) {
      update = each;
      found = true;
    }
  Type type = decoder.takeType();
  if (!found || (isFloat(type) && update > Update::Max && update != Update::Exchange))
    return false;
  switch (type) {
  case Type::U32:
  case Type::B32:
    decoder.inst.run = atomic<uint32_t>;
    break;
  case Type::S32:
    decoder.inst.run = atomic<int32_t>;
    break;
  case Type::U64:
  case Type::B64:
    decoder.inst.run = atomic<uint64_t>;
    break;
  case Type::S64:
    decoder.inst.run = atomic<int64_t>;
    break;
  case Type::F32:
    decoder.inst.run = atomic<float>;
    break;
  case Type::F64:
    decoder.inst.run = atomic<double>;
    break;
  case Type::F16:
    decoder.inst.run = atomic<Half>;
    break;
  case Type::BF16:
    decoder.inst.run = atomic<Bf16>;
    break;
  default:
    return false;
  }
  size_t first = Returns ? 1 : 0, operands = update == Update::Compare ? 2 : 1;
  if (!decoder.expectOperands(first + 1 + operands))
    return false;
  decoder.inst.extra = uint32_t(update);
  decoder.inst.op[0] = Returns ? decoder.target(0, type) : decoder.builder.allocate(bytesOf(type));
  decoder.address(decoder.operands[first], 1, decoder.inst.space);
  decoder.inst.op[2] = decoder.source(first + 1, type);
  decoder.inst.op[3] = operands == 2 ? decoder.source(first + 2, type) : decoder.inst.op[2];
  return true;
}

} // namespace

void addAtomics(DecodeTable &table) {
  table["atom"] = decodeAtomic<true>;
  table["red"] = decodeAtomic<false>;
}

} // namespace zorro::ptx

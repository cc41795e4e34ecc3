//===- Bits.cpp - Fields, permutations and counts of bits -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

#include <algorithm>
#include <type_traits>

namespace zorro::ptx {

namespace {

template <typename T> void extract(Warp &warp, const Instruction &i, uint32_t mask) {
  using U = std::make_unsigned_t<T>;
  T *d = warp.reg<T>(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]);
  const uint32_t *b = warp.reg<uint32_t>(i.op[2]), *c = warp.reg<uint32_t>(i.op[3]);
  constexpr unsigned kBits = 8 * sizeof(T);
  forLanes(mask, [&](unsigned l) {
    unsigned position = b[l] & 0xFF, length = c[l] & 0xFF;
    bool sign =
        std::is_signed_v<T> && length && U(a[l]) >> std::min(position + length - 1, kBits - 1) & 1;
    U value = position < kBits ? U(a[l]) >> position : 0;
    unsigned kept = std::min(length, position < kBits ? kBits - position : 0);
    U low = kept >= kBits ? U(-1) : (U(1) << kept) - 1;
    d[l] = T((value & low) | (sign ? ~low : 0));
  });
}

template <typename T> void insert(Warp &warp, const Instruction &i, uint32_t mask) {
  T *f = warp.reg<T>(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]), *b = warp.reg<T>(i.op[2]);
  const uint32_t *c = warp.reg<uint32_t>(i.op[3]), *d = warp.reg<uint32_t>(i.op[4]);
  constexpr unsigned kBits = 8 * sizeof(T);
  forLanes(mask, [&](unsigned l) {
    unsigned position = c[l] & 0xFF, length = d[l] & 0xFF;
    T field = length >= kBits ? T(-1) : (T(1) << length) - 1;
    field = position < kBits ? field << position : 0;
    T value = position < kBits ? a[l] << position : 0;
    f[l] = (b[l] & ~field) | (value & field);
  });
}

void permute(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  const uint32_t *a = warp.reg<uint32_t>(i.op[1]), *b = warp.reg<uint32_t>(i.op[2]);
  const uint32_t *c = warp.reg<uint32_t>(i.op[3]);
  forLanes(mask, [&](unsigned l) {
    uint64_t both = uint64_t(b[l]) << 32 | a[l];
    uint32_t result = 0;
    for (unsigned k = 0; k < 4; ++k) {
      unsigned choice = c[l] >> 4 * k & 15;
      uint8_t byte = uint8_t(both >> 8 * (choice & 7));
      if (choice & 8)
        byte = byte & 0x80 ? 0xFF : 0;
      result |= uint32_t(byte) << 8 * k;
    }
    d[l] = result;
  });
}

void lookUp(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  const uint32_t *a = warp.reg<uint32_t>(i.op[1]), *b = warp.reg<uint32_t>(i.op[2]);
  const uint32_t *c = warp.reg<uint32_t>(i.op[3]);
  forLanes(mask, [&](unsigned l) {
    uint32_t result = 0;
    for (unsigned k = 0; k < 8; ++k)
      if (i.extra >> k & 1)
        result |= (k & 4 ? a[l] : ~a[l]) & (k & 2 ? b[l] : ~b[l]) & (k & 1 ? c[l] : ~c[l]);
    d[l] = result;
  });
}

template <bool Left, bool Clamp> void funnel(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  const uint32_t *a = warp.reg<uint32_t>(i.op[1]), *b = warp.reg<uint32_t>(i.op[2]);
  const uint32_t *c = warp.reg<uint32_t>(i.op[3]);
  forLanes(mask, [&](unsigned l) {
    unsigned n = Clamp ? std::min(c[l], 32u) : c[l] & 31;
    uint64_t both = uint64_t(b[l]) << 32 | a[l];
    d[l] = Left ? uint32_t(both << n >> 32) : uint32_t(both >> n);
  });
}

template <typename T, typename F> void count(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]);
  forLanes(mask, [&](unsigned l) { d[l] = F::f(a[l]); });
}
struct Ones {
  template <typename T> static uint32_t f(T x) { return uint32_t(__builtin_popcountll(x)); }
};
struct LeadingZeros {
  template <typename T> static uint32_t f(T x) {
    return x ? uint32_t(__builtin_clzll(x)) - (64 - 8 * sizeof(T)) : 8 * sizeof(T);
  }
};
struct HighestBit {
  template <typename T> static uint32_t f(T x) {
    return x ? 63 - uint32_t(__builtin_clzll(x)) : 0xFFFFFFFF;
  }
};
struct Reverse {
  template <typename T> static T f(T x) {
    T result = 0;
    for (unsigned k = 0; k < 8 * sizeof(T); ++k)
      result |= T(T(x >> k & 1) << (8 * sizeof(T) - 1 - k));
    return result;
  }
};

template <typename F> bool counting(Decoder &decoder) {
  Type type = decoder.takeType();
  if ((bytesOf(type) != 4 && bytesOf(type) != 8) || isSigned(type) || isFloat(type) ||
      !decoder.expectOperands(2))
    return false;
  decoder.inst.run = bytesOf(type) == 4 ? count<uint32_t, F> : count<uint64_t, F>;
  decoder.inst.op[0] = decoder.target(0, Type::U32);
  decoder.inst.op[1] = decoder.source(1, type);
  return true;
}

bool bfe(Decoder &decoder) {
  Type type = decoder.takeType();
  decoder.inst.run = type == Type::U32   ? extract<uint32_t>
                     : type == Type::S32 ? extract<int32_t>
                     : type == Type::U64 ? extract<uint64_t>
                     : type == Type::S64 ? extract<int64_t>
                                         : nullptr;
  if (!decoder.inst.run || !decoder.expectOperands(4))
    return false;
  decoder.inst.op[0] = decoder.target(0, type);
  decoder.inst.op[1] = decoder.source(1, type);
  decoder.inst.op[2] = decoder.source(2, Type::U32);
  decoder.inst.op[3] = decoder.source(3, Type::U32);
  return true;
}

bool bfi(Decoder &decoder) {
  Type type = decoder.takeType();
  if ((type != Type::B32 && type != Type::B64) || !decoder.expectOperands(5))
    return false;
  decoder.inst.run = type == Type::B32 ? insert<uint32_t> : insert<uint64_t>;
  decoder.inst.op[0] = decoder.target(0, type);
  decoder.inst.op[1] = decoder.source(1, type);
  decoder.inst.op[2] = decoder.source(2, type);
  decoder.inst.op[3] = decoder.source(3, Type::U32);
  decoder.inst.op[4] = decoder.source(4, Type::U32);
  return true;
}

bool prmt(Decoder &decoder) {
  decoder.inst.run = permute;
  return decoder.take("b32") && takeOperands(decoder, Type::B32, 3);
}

bool lop3(Decoder &decoder) {
  if (!decoder.take("b32") || !decoder.expectOperands(5))
    return false;
  decoder.inst.extra = uint32_t(decoder.immediate(4));
  decoder.operands.pop_back();
  decoder.inst.run = lookUp;
  return takeOperands(decoder, Type::B32, 3);
}

bool shf(Decoder &decoder) {
  bool left = decoder.take("l");
  if (!left && !decoder.take("r"))
    return false;
  bool clamp = decoder.take("clamp");
  if (!clamp && !decoder.take("wrap"))
    return false;
  decoder.inst.run = left ? (clamp ? funnel<true, true> : funnel<true, false>)
                          : (clamp ? funnel<false, true> : funnel<false, false>);
  return decoder.take("b32") && takeOperands(decoder, Type::B32, 3);
}

} // namespace

void addBits(DecodeTable &table) {
  table["bfe"] = bfe;
  table["bfi"] = bfi;
  table["prmt"] = prmt;
  table["lop3"] = lop3;
  table["shf"] = shf;
  table["popc"] = counting<Ones>;
  table["clz"] = counting<LeadingZeros>;
  table["bfind"] = counting<HighestBit>;
  table["brev"] = [](Decoder &d) {
    Type type = d.takeType();
    d.inst.run = type == Type::B32   ? lanewise<uint32_t, Reverse, 1, 1>
                 : type == Type::B64 ? lanewise<uint64_t, Reverse, 1, 1>
                                     : nullptr;
    return d.inst.run && takeOperands(d, type, 1);
  };
}

} // namespace zorro::ptx

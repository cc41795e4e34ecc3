//===- Lanes.h - Functions applied to the lanes of a warp -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_LANES_H
#define ZORRO_TEST_PTX_LANES_H

#include "Cta.h"
#include "Decoder.h"
#include "Floats.h"

#include <cmath>

namespace zorro::ptx {

/// 16 bits that are a number of their own type.
struct Half {
  uint16_t bits;
};
struct Bf16 {
  uint16_t bits;
};

/// What a lane's number is computed as.
template <typename T> struct Lane {
  using Value = T;
  static T load(T x) { return x; }
  static T store(T x) { return x; }
};
/// Arithmetic on floats has one NaN; that of doubles keeps its operand's.
template <> struct Lane<float> {
  using Value = float;
  static float load(float x) { return x; }
  static float store(float x) { return x != x ? bitsAs<float>(0x7FFFFFFFu) : x; }
};
template <> struct Lane<Half> {
  using Value = double;
  static double load(Half x) { return decodeFloat(x.bits, 5, 10); }
  static Half store(double x) { return {toHalf(x)}; }
};
template <> struct Lane<Bf16> {
  using Value = double;
  static double load(Bf16 x) { return fromBf16(x.bits); }
  static Bf16 store(double x) { return {uint16_t(encodeFloat(x, 8, 7, Rounding::NearestEven))}; }
};

template <typename F> inline void forLanes(uint32_t mask, F f) {
  if (mask == kAllLanes)
    for (unsigned lane = 0; lane < kLanes; ++lane)
      f(lane);
  else
    for (; mask; mask &= mask - 1)
      f(unsigned(__builtin_ctz(mask)));
}

/// op[0] = F::f(op[1], ...), with N numbers in each lane.
template <typename T, typename F, unsigned Arity, unsigned N>
void lanewise(Warp &warp, const Instruction &i, uint32_t mask) {
  T *d = warp.reg<T>(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]), *b = warp.reg<T>(i.op[2]), *c = warp.reg<T>(i.op[3]);
  forLanes(mask, [&](unsigned lane) {
    for (unsigned e = lane * N; e < (lane + 1) * N; ++e) {
      if constexpr (Arity == 1)
        d[e] = Lane<T>::store(F::f(Lane<T>::load(a[e])));
      else if constexpr (Arity == 2)
        d[e] = Lane<T>::store(F::f(Lane<T>::load(a[e]), Lane<T>::load(b[e])));
      else
        d[e] = Lane<T>::store(F::f(Lane<T>::load(a[e]), Lane<T>::load(b[e]), Lane<T>::load(c[e])));
    }
  });
}

/// Flushes subnormal floats, of operands and results.
inline float flushed(float x) {
  return std::fabs(x) < 1.17549435e-38f ? std::copysign(0.0f, x) : x;
}
template <typename F> struct Flushing {
  template <typename... V> static float f(V... x) { return flushed(F::f(flushed(x)...)); }
};

/// The handler for a type; null where it does not exist.
template <typename F, unsigned Arity> Handler forIntegers(Type type) {
  switch (type) {
  case Type::U16:
  case Type::B16:
    return lanewise<uint16_t, F, Arity, 1>;
  case Type::S16:
    return lanewise<int16_t, F, Arity, 1>;
  case Type::U32:
  case Type::B32:
    return lanewise<uint32_t, F, Arity, 1>;
  case Type::S32:
    return lanewise<int32_t, F, Arity, 1>;
  case Type::U64:
  case Type::B64:
    return lanewise<uint64_t, F, Arity, 1>;
  case Type::S64:
    return lanewise<int64_t, F, Arity, 1>;
  case Type::U16x2:
    return lanewise<uint16_t, F, Arity, 2>;
  case Type::S16x2:
    return lanewise<int16_t, F, Arity, 2>;
  default:
    return nullptr;
  }
}
template <typename F, unsigned Arity> Handler forFloats(Type type, bool flush) {
  switch (type) {
  case Type::F32:
    return flush ? lanewise<float, Flushing<F>, Arity, 1> : lanewise<float, F, Arity, 1>;
  case Type::F64:
    return flush ? nullptr : lanewise<double, F, Arity, 1>;
  case Type::F16:
    return flush ? nullptr : lanewise<Half, F, Arity, 1>;
  case Type::BF16:
    return flush ? nullptr : lanewise<Bf16, F, Arity, 1>;
  case Type::F16x2:
    return flush ? nullptr : lanewise<Half, F, Arity, 2>;
  case Type::BF16x2:
    return flush ? nullptr : lanewise<Bf16, F, Arity, 2>;
  default:
    return nullptr;
  }
}

/// Takes a target and `arity` sources, all of this type.
inline bool takeOperands(Decoder &decoder, Type type, unsigned arity) {
  if (!decoder.expectOperands(arity + 1))
    return false;
  decoder.inst.op[0] = decoder.target(0, type);
  for (unsigned i = 1; i <= arity; ++i)
    decoder.inst.op[i] = decoder.source(i, type);
  return !decoder.failed();
}

/// Addresses of the lanes in op[slot] + offset.
inline uint64_t addressOf(Warp &warp, const Instruction &i, unsigned slot, unsigned lane,
                          bool second = false) {
  bool wide = second ? i.wide2 : i.wide;
  uint64_t base =
      wide ? warp.reg<uint64_t>(i.op[slot])[lane] : warp.reg<uint32_t>(i.op[slot])[lane];
  uint64_t address = base + uint64_t(second ? i.offset2 : i.offset);
  return wide ? address : uint32_t(address);
}

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_LANES_H

//===- Floats.h - Number formats narrower than a float --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_FLOATS_H
#define ZORRO_TEST_PTX_FLOATS_H

#include <cstdint>
#include <cstring>

namespace zorro::ptx {

enum class Rounding : uint8_t { NearestEven, Zero, Down, Up, NearestAway };

template <typename To, typename From> To bitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From), "the same bits");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/// `x` as sign, `exponent` bits and `mantissa` bits, rounded once; NaN becomes all ones but the
/// sign.
uint32_t encodeFloat(double x, unsigned exponent, unsigned mantissa, Rounding rounding);
double decodeFloat(uint32_t bits, unsigned exponent, unsigned mantissa);

inline float fromBf16(uint16_t bits) { return bitsAs<float>(uint32_t(bits) << 16); }
inline uint16_t toBf16(float x) {
  uint32_t bits = bitsAs<uint32_t>(x);
  if ((bits & 0x7FFFFFFF) > 0x7F800000)
    return 0x7FFF;
  return uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
inline float fromHalf(uint16_t bits) { return float(decodeFloat(bits, 5, 10)); }
inline uint16_t toHalf(double x) { return uint16_t(encodeFloat(x, 5, 10, Rounding::NearestEven)); }
/// A float whose 13 lowest bits the tensor cores do not look at.
inline float fromTf32(uint32_t bits) { return bitsAs<float>(bits & 0xFFFFE000); }

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_FLOATS_H

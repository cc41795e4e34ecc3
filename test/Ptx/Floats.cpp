//===- Floats.cpp - Number formats narrower than a float ------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Floats.h"

#include <algorithm>
#include <cmath>

namespace zorro::ptx {

uint32_t encodeFloat(double x, unsigned exponent, unsigned mantissa, Rounding rounding) {
  uint32_t sign = std::signbit(x) ? 1u << (exponent + mantissa) : 0;
  uint32_t infinity = ((1u << exponent) - 1) << mantissa;
  if (std::isnan(x))
    return infinity | ((1u << mantissa) - 1);
  double a = std::fabs(x);
  if (std::isinf(a))
    return sign | infinity;
  if (a == 0)
    return sign;
  int bias = (1 << (exponent - 1)) - 1, lowest = 1 - bias;
  int unit = std::max(std::ilogb(a), lowest) - int(mantissa);
  double scaled = std::ldexp(a, -unit), down = std::floor(scaled), rest = scaled - down;
  bool up = false;
  switch (rounding) {
  case Rounding::NearestEven:
    up = rest > 0.5 || (rest == 0.5 && std::fmod(down, 2) == 1);
    break;
  case Rounding::NearestAway:
    up = rest >= 0.5;
    break;
  case Rounding::Zero:
    break;
  case Rounding::Down:
    up = sign && rest > 0;
    break;
  case Rounding::Up:
    up = !sign && rest > 0;
    break;
  }
  // The integer's leading bit counts the exponent up, also where rounding made it one bit longer.
  uint64_t integer = uint64_t(down) + up;
  uint64_t bits = uint64_t(unit + int(mantissa) - lowest) * (uint64_t(1) << mantissa) + integer;
  if (bits >= infinity) {
    bool toInfinity = rounding == Rounding::NearestEven || rounding == Rounding::NearestAway ||
                      (rounding == Rounding::Down && sign) || (rounding == Rounding::Up && !sign);
    return sign | (toInfinity ? infinity : infinity - 1);
  }
  return sign | uint32_t(bits);
}

double decodeFloat(uint32_t bits, unsigned exponent, unsigned mantissa) {
  uint32_t fraction = bits & ((1u << mantissa) - 1);
  int field = int(bits >> mantissa & ((1u << exponent) - 1));
  int bias = (1 << (exponent - 1)) - 1;
  double value;
  if (field == (1 << exponent) - 1)
    value = fraction ? NAN : INFINITY;
  else if (field == 0)
    value = std::ldexp(double(fraction), 1 - bias - int(mantissa));
  else
    value = std::ldexp(double(fraction | 1u << mantissa), field - bias - int(mantissa));
  return bits >> (exponent + mantissa) & 1 ? -value : value;
}

} // namespace zorro::ptx

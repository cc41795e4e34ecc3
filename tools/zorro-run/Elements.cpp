//===- Elements.cpp - Array elements as numbers ------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Half precision is converted by hand: the tools run on machines without F16C.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Elements.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>

using namespace zorro;
using npy::Array;

bool run::isFloat(uint32_t type) {
  return type == ZORRO_F32 || type == ZORRO_F64 || type == ZORRO_F16 || type == ZORRO_BF16;
}

static double halfToDouble(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value;
  if (exponent == 31)
    value = fraction ? std::numeric_limits<double>::quiet_NaN()
                     : std::numeric_limits<double>::infinity();
  else if (exponent == 0)
    value = std::ldexp(fraction, -24);
  else
    value = std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -value : value;
}

/// Rounds to nearest, ties to even.
static uint16_t doubleToHalf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double size = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7e00;
  if (size >= 65520)
    return sign | 0x7c00;
  if (size == 0)
    return sign;
  int exponent = 0;
  std::frexp(size, &exponent);
  // The spacing of halves around `size`, not below that of the subnormal ones.
  int spacing = std::max(exponent - 11, -24);
  auto steps = uint32_t(std::nearbyint(std::ldexp(size, -spacing)));
  // In steps of the spacing the bit pattern is linear, also over a power of two.
  uint32_t base = spacing == -24 ? 0 : uint32_t(spacing + 24) << 10;
  return sign | uint16_t(base + steps);
}

static uint16_t floatToBrain(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  if (std::isnan(value))
    return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <typename T>
static T load(const Array &array, size_t index) {
  T value;
  memcpy(&value, array.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

double run::elementAt(const Array &array, size_t index) {
  switch (array.type) {
  case ZORRO_F32:
    return load<float>(array, index);
  case ZORRO_F64:
    return load<double>(array, index);
  case ZORRO_F16:
    return halfToDouble(load<uint16_t>(array, index));
  case ZORRO_BF16: {
    uint32_t bits = uint32_t(load<uint16_t>(array, index)) << 16;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
  }
  case ZORRO_I8:
    return load<int8_t>(array, index);
  case ZORRO_I16:
    return load<int16_t>(array, index);
  case ZORRO_I32:
    return load<int32_t>(array, index);
  case ZORRO_I64:
    return double(load<int64_t>(array, index));
  case ZORRO_U16:
    return load<uint16_t>(array, index);
  case ZORRO_U32:
    return load<uint32_t>(array, index);
  case ZORRO_U64:
    return double(load<uint64_t>(array, index));
  default: // ZORRO_U8, ZORRO_BOOL
    return load<uint8_t>(array, index);
  }
}

template <typename T>
static bool storeInteger(const std::string &text, char *place) {
  char *end = nullptr;
  errno = 0;
  T value;
  if constexpr (std::is_signed_v<T>) {
    long long wide = strtoll(text.c_str(), &end, 0);
    value = T(wide);
    if (wide != value)
      return false;
  } else {
    // strtoull would take "-1" for the largest number.
    unsigned long long wide = strtoull(text.c_str(), &end, 0);
    value = T(wide);
    if (wide != value || text.find('-') != std::string::npos)
      return false;
  }
  memcpy(place, &value, sizeof(value));
  return errno == 0 && end != text.c_str() && *end == 0;
}

bool run::storeElement(uint32_t type, const std::string &text, char *place) {
  switch (type) {
  case ZORRO_I8:
    return storeInteger<int8_t>(text, place);
  case ZORRO_I16:
    return storeInteger<int16_t>(text, place);
  case ZORRO_I32:
    return storeInteger<int32_t>(text, place);
  case ZORRO_I64:
    return storeInteger<int64_t>(text, place);
  case ZORRO_U8:
    return storeInteger<uint8_t>(text, place);
  case ZORRO_U16:
    return storeInteger<uint16_t>(text, place);
  case ZORRO_U32:
    return storeInteger<uint32_t>(text, place);
  case ZORRO_U64:
    return storeInteger<uint64_t>(text, place);
  case ZORRO_BOOL:
    *place = text == "1" || text == "true";
    return *place || text == "0" || text == "false";
  default:
    break;
  }
  char *end = nullptr;
  double value = strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != 0)
    return false;
  if (type == ZORRO_F64) {
    memcpy(place, &value, sizeof(value));
    return true;
  }
  float single = float(value);
  uint16_t half = type == ZORRO_F16 ? doubleToHalf(value) : floatToBrain(single);
  if (type == ZORRO_F32)
    memcpy(place, &single, sizeof(single));
  else
    memcpy(place, &half, sizeof(half));
  return true;
}

//===- Convert.cpp - cvt --------------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

#include <algorithm>
#include <limits>

namespace zorro::ptx {

namespace {

enum Flag : uint32_t { kSaturate = 1, kRelu = 2, kFinite = 4, kFlush = 8, kIntegral = 16 };

/// extra: target type, source type, rounding, flags. extra2: bytes of the registers.
struct Conversion {
  Type to, from;
  Rounding rounding;
  uint32_t flags;
  unsigned toBytes, fromBytes;
  explicit Conversion(const Instruction &i)
      : to(Type(i.extra & 255)), from(Type(i.extra >> 8 & 255)),
        rounding(Rounding(i.extra >> 16 & 255)), flags(i.extra >> 24), toBytes(i.extra2 & 255),
        fromBytes(i.extra2 >> 8) {}
};

uint64_t bitsOf(Warp &warp, uint32_t offset, unsigned bytes, unsigned lane) {
  switch (bytes) {
  case 2:
    return warp.reg<uint16_t>(offset)[lane];
  case 4:
    return warp.reg<uint32_t>(offset)[lane];
  default:
    return warp.reg<uint64_t>(offset)[lane];
  }
}
void setBits(Warp &warp, uint32_t offset, unsigned bytes, unsigned lane, uint64_t bits) {
  switch (bytes) {
  case 2:
    warp.reg<uint16_t>(offset)[lane] = uint16_t(bits);
    break;
  case 4:
    warp.reg<uint32_t>(offset)[lane] = uint32_t(bits);
    break;
  default:
    warp.reg<uint64_t>(offset)[lane] = bits;
  }
}

/// The low bytes of `bits` as an integer of this type, extended to 64 bits.
int64_t extended(Type type, uint64_t bits) {
  unsigned spare = 64 - 8 * bytesOf(type);
  return isSigned(type) ? int64_t(bits << spare) >> spare : int64_t(bits << spare >> spare);
}

double numberOf(Type type, uint64_t bits) {
  switch (type) {
  case Type::F16:
    return decodeFloat(uint32_t(bits), 5, 10);
  case Type::BF16:
    return fromBf16(uint16_t(bits));
  case Type::F32:
    return bitsAs<float>(uint32_t(bits));
  default:
    return bitsAs<double>(bits);
  }
}

double integral(double x, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return std::trunc(x);
  case Rounding::Down:
    return std::floor(x);
  case Rounding::Up:
    return std::ceil(x);
  case Rounding::NearestAway:
    return std::round(x);
  case Rounding::NearestEven:
    return std::nearbyint(x);
  }
  return x;
}

uint64_t floatBits(double x, const Conversion &c) {
  if (c.flags & kSaturate)
    x = x > 1 ? 1 : x > 0 ? x : 0;
  if (c.flags & kRelu && x <= 0)
    x = 0;
  unsigned exponent = c.to == Type::F16 ? 5 : 8;
  unsigned mantissa = c.to == Type::F16 ? 10 : c.to == Type::BF16 ? 7 : 10;
  uint64_t bits = 0;
  if (c.to == Type::F64)
    return bitsAs<uint64_t>(x);
  if (c.to == Type::F32) {
    if (c.rounding == Rounding::NearestEven)
      bits = std::isnan(x) ? 0x7FFFFFFF : bitsAs<uint32_t>(float(x));
    else
      bits = encodeFloat(x, 8, 23, c.rounding);
    if (c.flags & kFlush)
      bits = bitsAs<uint32_t>(flushed(bitsAs<float>(uint32_t(bits))));
    return bits;
  }
  if (c.to == Type::BF16 && c.rounding == Rounding::NearestEven && c.from == Type::F32)
    bits = toBf16(float(x));
  else
    bits = encodeFloat(x, exponent, mantissa, c.rounding);
  uint32_t infinity = ((1u << exponent) - 1) << mantissa, sign = 1u << (exponent + mantissa);
  if (c.flags & kFinite && (bits & ~uint64_t(sign)) == infinity)
    bits = (bits & sign) | (infinity - 1);
  return c.to == Type::TF32 ? bits << 13 : bits;
}

uint64_t integerBits(double x, const Conversion &c) {
  if (std::isnan(x))
    return 0;
  x = integral(x, c.rounding);
  unsigned bits = 8 * bytesOf(c.to);
  if (isSigned(c.to)) {
    double most = std::ldexp(1.0, int(bits) - 1);
    if (x >= most)
      return (uint64_t(1) << (bits - 1)) - 1;
    return x < -most ? uint64_t(1) << (bits - 1) : uint64_t(int64_t(x));
  }
  double most = std::ldexp(1.0, int(bits));
  if (x >= most)
    return bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  return x <= 0 ? 0 : uint64_t(x);
}

uint64_t clamped(int64_t x, const Conversion &c) {
  unsigned bits = 8 * bytesOf(c.to);
  bool below = isSigned(c.from) && x < 0;
  if (isSigned(c.to)) {
    int64_t most = int64_t((uint64_t(1) << (bits - 1)) - 1);
    if (!below && uint64_t(x) > uint64_t(most))
      return uint64_t(most);
    return below && x < -most - 1 ? uint64_t(-most - 1) : uint64_t(x);
  }
  uint64_t most = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  return below ? 0 : std::min(uint64_t(x), most);
}

void convert(Warp &warp, const Instruction &i, uint32_t mask) {
  Conversion c(i);
  bool fromFloat = isFloat(c.from), toFloat = isFloat(c.to) || c.to == Type::TF32;
  forLanes(mask, [&](unsigned l) {
    uint64_t bits = bitsOf(warp, i.op[1], c.fromBytes, l);
    uint64_t result;
    if (fromFloat) {
      double x = numberOf(c.from, bits);
      if (c.flags & kFlush && c.from == Type::F32)
        x = flushed(float(x));
      if (!toFloat) {
        result = uint64_t(extended(c.to, integerBits(x, c)));
      } else {
        if (c.flags & kIntegral)
          x = integral(x, c.rounding);
        result = floatBits(x, c);
      }
    } else {
      int64_t x = extended(c.from, bits);
      if (!toFloat) {
        result = uint64_t(extended(c.to, c.flags & kSaturate ? clamped(x, c) : uint64_t(x)));
      } else if (c.to == Type::F32 && c.rounding == Rounding::NearestEven) {
        float value = isSigned(c.from) ? float(x) : float(uint64_t(x));
        result = bitsAs<uint32_t>(value);
      } else {
        result = floatBits(isSigned(c.from) ? double(x) : double(uint64_t(x)), c);
      }
    }
    setBits(warp, i.op[0], c.toBytes, l, result);
  });
}

template <typename To, typename From> void extend(Warp &warp, const Instruction &i, uint32_t mask) {
  To *d = warp.reg<To>(i.op[0]);
  const From *a = warp.reg<From>(i.op[1]);
  forLanes(mask, [&](unsigned l) { d[l] = To(a[l]); });
}

/// Two floats into halves of a word; the first operand goes into the high half.
void pack(Warp &warp, const Instruction &i, uint32_t mask) {
  Conversion c(i);
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  const float *high = warp.reg<float>(i.op[1]), *low = warp.reg<float>(i.op[2]);
  forLanes(mask, [&](unsigned l) {
    d[l] = uint32_t(floatBits(high[l], c)) << 16 | uint32_t(floatBits(low[l], c));
  });
}

bool takeRounding(Decoder &decoder, Rounding &rounding, bool &whole) {
  static const std::tuple<const char *, Rounding, bool> kNames[] = {
      {"rn", Rounding::NearestEven, false},
      {"rz", Rounding::Zero, false},
      {"rm", Rounding::Down, false},
      {"rp", Rounding::Up, false},
      {"rna", Rounding::NearestAway, false},
      {"rni", Rounding::NearestEven, true},
      {"rzi", Rounding::Zero, true},
      {"rmi", Rounding::Down, true},
      {"rpi", Rounding::Up, true}};
  for (auto &[name, mode, isWhole] : kNames)
    if (decoder.take(name)) {
      rounding = mode;
      whole = isWhole;
      return true;
    }
  return false;
}

bool cvt(Decoder &decoder) {
  Rounding rounding = Rounding::NearestEven;
  bool whole = false, rounds = takeRounding(decoder, rounding, whole);
  uint32_t flags = (decoder.take("sat") ? kSaturate : 0) | (decoder.take("relu") ? kRelu : 0) |
                   (decoder.take("satfinite") ? kFinite : 0) | (decoder.take("ftz") ? kFlush : 0);
  Type to = decoder.takeType(), from = decoder.takeType();
  auto finish = [&](Type single) {
    decoder.inst.extra =
        uint32_t(single) | uint32_t(from) << 8 | uint32_t(rounding) << 16 | flags << 24;
    return true;
  };
  if (to == Type::F16x2 || to == Type::BF16x2) {
    if (from != Type::F32 || !rounds || !decoder.expectOperands(3))
      return false;
    decoder.inst.op[0] = decoder.target(0, to);
    decoder.inst.op[1] = decoder.source(1, from);
    decoder.inst.op[2] = decoder.source(2, from);
    decoder.inst.run = pack;
    return finish(to == Type::F16x2 ? Type::F16 : Type::BF16);
  }
  bool toFloat = isFloat(to) || to == Type::TF32, fromFloat = isFloat(from);
  if (!bytesOf(to) || !bytesOf(from) || !decoder.expectOperands(2) || from == Type::TF32 ||
      from == Type::F16x2 || from == Type::BF16x2 || (to == Type::TF32 && from != Type::F32))
    return false;
  if (toFloat && fromFloat && whole)
    flags |= kIntegral;
  // Narrower floats and integers made of floats must say how to round.
  bool narrows = fromFloat && (!toFloat || bytesOf(to) < bytesOf(from) || to == Type::TF32);
  if ((narrows || (toFloat && !fromFloat)) && !rounds)
    return decoder.fail("expected a rounding");
  if (fromFloat && !toFloat && !whole)
    return decoder.fail("expected a rounding to integers");
  // Registers may be wider than integers of 8 to 32 bits.
  auto widthOf = [&](const Operand &operand, Type type) {
    unsigned bytes = bytesOf(type);
    if (operand.kind == Operand::kRegister && operand.bytes > bytes && !isFloat(type))
      return operand.bytes;
    return std::max(bytes, 2u);
  };
  unsigned toBytes = widthOf(decoder.operands[0], to),
           fromBytes = widthOf(decoder.operands[1], from);
  decoder.inst.op[0] = decoder.target(decoder.operands[0], toBytes);
  decoder.inst.op[1] = decoder.source(decoder.operands[1], fromBytes);
  decoder.inst.extra2 = toBytes | fromBytes << 8;
  decoder.inst.run = convert;
  if (!flags && to != Type::None && bytesOf(to) == toBytes && bytesOf(from) == fromBytes) {
    if (toBytes == 8 && from == Type::U32)
      decoder.inst.run = extend<uint64_t, uint32_t>;
    else if (toBytes == 8 && from == Type::S32 && !toFloat)
      decoder.inst.run = extend<int64_t, int32_t>;
    else if (toBytes == 4 && fromBytes == 8 && !toFloat && !fromFloat)
      decoder.inst.run = extend<uint32_t, uint64_t>;
    if (toFloat && bytesOf(from) == 4 && decoder.inst.run != convert)
      decoder.inst.run = convert;
  }
  return finish(to);
}

} // namespace

void addConvert(DecodeTable &table) { table["cvt"] = cvt; }

} // namespace zorro::ptx

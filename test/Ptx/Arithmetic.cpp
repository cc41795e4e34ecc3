//===- Arithmetic.cpp - Integer arithmetic and logic ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

#include <type_traits>

namespace zorro::ptx {

namespace {

/// Wraps around without a signed overflow of the host.
template <typename T> using Wrap = std::make_unsigned_t<T>;
template <typename T>
using Wide =
    std::conditional_t<sizeof(T) == 8,
                       std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>,
                       std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

struct Add {
  template <typename T> static T f(T a, T b) { return T(uint64_t(a) + uint64_t(b)); }
};
struct Sub {
  template <typename T> static T f(T a, T b) { return T(uint64_t(a) - uint64_t(b)); }
};
struct MulLow {
  template <typename T> static T f(T a, T b) { return T(uint64_t(a) * uint64_t(b)); }
};
struct MulHigh {
  template <typename T> static T f(T a, T b) {
    return T((Wide<T>(a) * Wide<T>(b)) >> (8 * sizeof(T)));
  }
};
struct MadLow {
  template <typename T> static T f(T a, T b, T c) {
    return T(uint64_t(a) * uint64_t(b) + uint64_t(c));
  }
};
struct MadHigh {
  template <typename T> static T f(T a, T b, T c) {
    return T(uint64_t(MulHigh::f(a, b)) + uint64_t(c));
  }
};
/// Division by zero gives all ones, as the hardware's does; the remainder is then the dividend.
struct Div {
  template <typename T> static T f(T a, T b) {
    if (b == 0)
      return T(-1);
    if constexpr (std::is_signed_v<T>)
      if (b == T(-1))
        return T(0 - uint64_t(a));
    return T(a / b);
  }
};
struct Rem {
  template <typename T> static T f(T a, T b) {
    if (b == 0)
      return a;
    if constexpr (std::is_signed_v<T>)
      if (b == T(-1))
        return 0;
    return T(a % b);
  }
};
struct Min {
  template <typename T> static T f(T a, T b) { return a < b ? a : b; }
};
struct Max {
  template <typename T> static T f(T a, T b) { return a > b ? a : b; }
};
struct Neg {
  template <typename T> static T f(T a) { return T(0 - uint64_t(a)); }
};
struct Abs {
  template <typename T> static T f(T a) { return T(a < 0 ? 0 - uint64_t(a) : uint64_t(a)); }
};
struct And {
  template <typename T> static T f(T a, T b) { return T(a & b); }
};
struct Or {
  template <typename T> static T f(T a, T b) { return T(a | b); }
};
struct Xor {
  template <typename T> static T f(T a, T b) { return T(a ^ b); }
};
struct Not {
  template <typename T> static T f(T a) { return T(~a); }
};

/// mul.wide and mad.wide: the result is twice as wide as the factors.
template <typename T, bool Accumulate>
void wideProduct(Warp &warp, const Instruction &i, uint32_t mask) {
  using Result =
      std::conditional_t<sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
                         Wide<T>>;
  Result *d = warp.reg<Result>(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]), *b = warp.reg<T>(i.op[2]);
  const Result *c = warp.reg<Result>(i.op[3]);
  forLanes(mask, [&](unsigned l) {
    uint64_t product = uint64_t(Wide<T>(a[l]) * Wide<T>(b[l]));
    d[l] = Result(Accumulate ? product + uint64_t(c[l]) : product);
  });
}

/// shl and shr: the count is 32 bits wide and saturates.
template <typename T, bool Left> void shift(Warp &warp, const Instruction &i, uint32_t mask) {
  T *d = warp.reg<T>(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]);
  const uint32_t *b = warp.reg<uint32_t>(i.op[2]);
  constexpr uint32_t kBits = 8 * sizeof(T);
  forLanes(mask, [&](unsigned l) {
    if (b[l] >= kBits)
      d[l] = !Left && a[l] < 0 ? T(-1) : T(0);
    else
      d[l] = Left ? T(uint64_t(a[l]) << b[l]) : T(a[l] >> b[l]);
  });
}

template <typename F> void predicates(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t value = F::f(warp.predicate(i.op[1]), warp.predicate(i.op[2]));
  uint32_t &d = warp.predicate(i.op[0]);
  d = (d & ~mask) | (value & mask);
}
struct NotFirst {
  static uint32_t f(uint32_t a, uint32_t) { return ~a; }
};

template <typename F, unsigned Arity> bool integers(Decoder &decoder) {
  Type type = decoder.takeType();
  decoder.inst.run = forIntegers<F, Arity>(type);
  return decoder.inst.run && takeOperands(decoder, type, Arity);
}
template <typename F> bool logic(Decoder &decoder) {
  Type type = decoder.takeType();
  if (type == Type::Pred) {
    decoder.inst.run = predicates<F>;
    return takeOperands(decoder, type, 2);
  }
  if (type != Type::B16 && type != Type::B32 && type != Type::B64)
    return false;
  decoder.inst.run = forIntegers<F, 2>(type);
  return takeOperands(decoder, type, 2);
}
bool logicNot(Decoder &decoder) {
  Type type = decoder.takeType();
  if (type == Type::Pred) {
    decoder.inst.run = predicates<NotFirst>;
    return takeOperands(decoder, type, 1);
  }
  if (type != Type::B16 && type != Type::B32 && type != Type::B64)
    return false;
  decoder.inst.run = forIntegers<Not, 1>(type);
  return takeOperands(decoder, type, 1);
}

template <bool Accumulate> Handler wideHandler(Type type) {
  switch (type) {
  case Type::U16:
    return wideProduct<uint16_t, Accumulate>;
  case Type::S16:
    return wideProduct<int16_t, Accumulate>;
  case Type::U32:
    return wideProduct<uint32_t, Accumulate>;
  case Type::S32:
    return wideProduct<int32_t, Accumulate>;
  default:
    return nullptr;
  }
}

template <bool Accumulate> bool product(Decoder &decoder) {
  Type type = decoder.takeType();
  constexpr unsigned kArity = Accumulate ? 3 : 2;
  if (decoder.take("wide")) {
    decoder.inst.run = wideHandler<Accumulate>(type);
    if (!decoder.inst.run || !decoder.expectOperands(kArity + 1))
      return false;
    unsigned bytes = bytesOf(type);
    decoder.inst.op[0] = decoder.target(decoder.operands[0], 2 * bytes);
    decoder.inst.op[1] = decoder.source(1, type);
    decoder.inst.op[2] = decoder.source(2, type);
    if (Accumulate)
      decoder.inst.op[3] = decoder.source(decoder.operands[3], 2 * bytes);
    return true;
  }
  using Low = std::conditional_t<Accumulate, MadLow, MulLow>;
  using High = std::conditional_t<Accumulate, MadHigh, MulHigh>;
  if (decoder.take("lo"))
    decoder.inst.run = forIntegers<Low, kArity>(type);
  else if (decoder.take("hi"))
    decoder.inst.run = forIntegers<High, kArity>(type);
  return decoder.inst.run && takeOperands(decoder, type, kArity);
}

template <bool Left> bool shiftOf(Decoder &decoder) {
  Type type = decoder.takeType();
  switch (type) {
  case Type::B16:
  case Type::U16:
    decoder.inst.run = shift<uint16_t, Left>;
    break;
  case Type::S16:
    decoder.inst.run = shift<int16_t, Left>;
    break;
  case Type::B32:
  case Type::U32:
    decoder.inst.run = shift<uint32_t, Left>;
    break;
  case Type::S32:
    decoder.inst.run = shift<int32_t, Left>;
    break;
  case Type::B64:
  case Type::U64:
    decoder.inst.run = shift<uint64_t, Left>;
    break;
  case Type::S64:
    decoder.inst.run = shift<int64_t, Left>;
    break;
  default:
    return false;
  }
  if (!decoder.expectOperands(3))
    return false;
  decoder.inst.op[0] = decoder.target(0, type);
  decoder.inst.op[1] = decoder.source(1, type);
  decoder.inst.op[2] = decoder.source(2, Type::U32);
  return true;
}

} // namespace

bool addFloat(Decoder &decoder);
bool subFloat(Decoder &decoder);
bool mulFloat(Decoder &decoder);
bool madFloat(Decoder &decoder);
bool divFloat(Decoder &decoder);
bool minFloat(Decoder &decoder);
bool maxFloat(Decoder &decoder);
bool negFloat(Decoder &decoder);
bool absFloat(Decoder &decoder);

static bool ofFloats(const Decoder &decoder) {
  for (const std::string &modifier : decoder.modifiers)
    if (isFloat(typeNamed(modifier)))
      return true;
  return false;
}

void addArithmetic(DecodeTable &table) {
  table["add"] = [](Decoder &d) { return ofFloats(d) ? addFloat(d) : integers<Add, 2>(d); };
  table["sub"] = [](Decoder &d) { return ofFloats(d) ? subFloat(d) : integers<Sub, 2>(d); };
  table["mul"] = [](Decoder &d) { return ofFloats(d) ? mulFloat(d) : product<false>(d); };
  table["mad"] = [](Decoder &d) { return ofFloats(d) ? madFloat(d) : product<true>(d); };
  table["div"] = [](Decoder &d) { return ofFloats(d) ? divFloat(d) : integers<Div, 2>(d); };
  table["rem"] = integers<Rem, 2>;
  table["min"] = [](Decoder &d) { return ofFloats(d) ? minFloat(d) : integers<Min, 2>(d); };
  table["max"] = [](Decoder &d) { return ofFloats(d) ? maxFloat(d) : integers<Max, 2>(d); };
  table["neg"] = [](Decoder &d) { return ofFloats(d) ? negFloat(d) : integers<Neg, 1>(d); };
  table["abs"] = [](Decoder &d) { return ofFloats(d) ? absFloat(d) : integers<Abs, 1>(d); };
  table["and"] = logic<And>;
  table["or"] = logic<Or>;
  table["xor"] = logic<Xor>;
  table["not"] = logicNot;
  table["shl"] = shiftOf<true>;
  table["shr"] = shiftOf<false>;
}

} // namespace zorro::ptx

//===- FloatMath.cpp - Arithmetic and functions of floats -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What the hardware only approximates is exact to the last bit or so here; results agree with a
// device's within the errors that the ISA states.
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

#include <limits>

namespace zorro::ptx {

namespace {

struct Add {
  template <typename T> static T f(T a, T b) { return a + b; }
};
struct Sub {
  template <typename T> static T f(T a, T b) { return a - b; }
};
struct Mul {
  template <typename T> static T f(T a, T b) { return a * b; }
};
struct Fma {
  template <typename T> static T f(T a, T b, T c) { return std::fma(a, b, c); }
};
struct FmaRelu {
  template <typename T> static T f(T a, T b, T c) {
    T x = std::fma(a, b, c);
    return x > 0 || x != x ? x : T(0);
  }
};
struct Div {
  template <typename T> static T f(T a, T b) { return a / b; }
};
/// Of a number and NaN the number; of two zeros the right one.
struct Min {
  template <typename T> static T f(T a, T b) {
    if (a != a)
      return b;
    if (b != b)
      return a;
    return a < b || (a == b && std::signbit(a)) ? a : b;
  }
};
struct Max {
  template <typename T> static T f(T a, T b) {
    if (a != a)
      return b;
    if (b != b)
      return a;
    return a > b || (a == b && std::signbit(b)) ? a : b;
  }
};
template <typename F> struct WithNan {
  template <typename T> static T f(T a, T b) {
    return a != a || b != b ? std::numeric_limits<T>::quiet_NaN() : F::f(a, b);
  }
};
template <typename F> struct Saturated {
  template <typename... T> static auto f(T... x) {
    auto value = F::f(x...);
    using V = decltype(value);
    return value > V(1) ? V(1) : value > V(0) ? value : V(0);
  }
};
/// Signs are bits: also those of NaN.
template <unsigned Sign> struct FlipSign {
  template <typename T> static T f(T bits) { return T(bits ^ (T(1) << Sign)); }
};
template <unsigned Sign> struct DropSign {
  template <typename T> static T f(T bits) { return T(bits & ~(T(1) << Sign)); }
};

struct Exp2 {
  template <typename T> static T f(T x) { return std::exp2(x); }
};
struct Log2 {
  template <typename T> static T f(T x) { return std::log2(x); }
};
struct Reciprocal {
  template <typename T> static T f(T x) { return T(1) / x; }
};
struct Sqrt {
  template <typename T> static T f(T x) { return std::sqrt(x); }
};
struct ReciprocalSqrt {
  template <typename T> static T f(T x) { return T(1 / std::sqrt(double(x))); }
};
struct Sin {
  template <typename T> static T f(T x) { return std::sin(x); }
};
struct Cos {
  template <typename T> static T f(T x) { return std::cos(x); }
};
struct Tanh {
  template <typename T> static T f(T x) { return std::tanh(x); }
};
struct CopySign {
  template <typename T> static T f(T sign, T value) { return std::copysign(value, sign); }
};

template <typename F, unsigned Arity> bool decodeAs(Decoder &decoder) {
  decoder.takeAny({"rn"});
  bool flush = decoder.take("ftz"), saturate = decoder.take("sat");
  Type type = decoder.takeType();
  decoder.inst.run =
      saturate ? forFloats<Saturated<F>, Arity>(type, flush) : forFloats<F, Arity>(type, flush);
  return decoder.inst.run && takeOperands(decoder, type, Arity);
}

template <typename F> bool smaller(Decoder &decoder) {
  bool nan = decoder.take("NaN"), flush = decoder.take("ftz");
  Type type = decoder.takeType();
  decoder.inst.run = nan ? forFloats<WithNan<F>, 2>(type, flush) : forFloats<F, 2>(type, flush);
  return decoder.inst.run && takeOperands(decoder, type, 2);
}

template <template <unsigned> class F, typename Plain> bool sign(Decoder &decoder) {
  bool flush = decoder.take("ftz");
  Type type = decoder.takeType();
  switch (type) {
  case Type::F32:
    decoder.inst.run =
        flush ? lanewise<float, Flushing<Plain>, 1, 1> : lanewise<uint32_t, F<31>, 1, 1>;
    break;
  case Type::F64:
    decoder.inst.run = lanewise<uint64_t, F<63>, 1, 1>;
    break;
  case Type::F16:
  case Type::BF16:
    decoder.inst.run = lanewise<uint16_t, F<15>, 1, 1>;
    break;
  case Type::F16x2:
  case Type::BF16x2:
    decoder.inst.run = lanewise<uint16_t, F<15>, 1, 2>;
    break;
  default:
    return false;
  }
  return takeOperands(decoder, type, 1);
}
struct PlainNeg {
  static float f(float x) { return -x; }
};
struct PlainAbs {
  static float f(float x) { return std::fabs(x); }
};

/// Functions that are approximate, or rounded with .rn.
template <typename F> bool function(Decoder &decoder) {
  if (decoder.takeAny({"approx", "rn", "full"}).empty())
    return false;
  bool flush = decoder.take("ftz");
  Type type = decoder.takeType();
  if (type == Type::BF16 || type == Type::BF16x2)
    flush = false; // of these, .ftz is the only form; a bf16 subnormal is one of a float's
  decoder.inst.run = forFloats<F, 1>(type, flush);
  return decoder.inst.run && takeOperands(decoder, type, 1);
}

enum class Test { Finite, Infinite, Number, NotANumber, Normal, Subnormal };
template <typename T> void test(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t &d = warp.predicate(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]);
  forLanes(mask, [&](unsigned l) {
    int kind = std::fpclassify(a[l]);
    bool holds = false;
    switch (Test(i.extra)) {
    case Test::Finite:
      holds = std::isfinite(a[l]);
      break;
    case Test::Infinite:
      holds = kind == FP_INFINITE;
      break;
    case Test::Number:
      holds = kind != FP_NAN;
      break;
    case Test::NotANumber:
      holds = kind == FP_NAN;
      break;
    case Test::Normal:
      holds = kind == FP_NORMAL;
      break;
    case Test::Subnormal:
      holds = kind == FP_SUBNORMAL;
      break;
    }
    d = (d & ~(1u << l)) | uint32_t(holds) << l;
  });
}

bool testp(Decoder &decoder) {
  static const std::pair<const char *, Test> kTests[] = {
      {"finite", Test::Finite}, {"infinite", Test::Infinite},
      {"number", Test::Number}, {"notanumber", Test::NotANumber},
      {"normal", Test::Normal}, {"subnormal", Test::Subnormal}};
  bool found = false;
  for (auto &[name, test] : kTests)
    if (!found && decoder.take(name)) {
      decoder.inst.extra = uint32_t(test);
      found = true;
    }
  Type type = decoder.takeType();
  if (!found || (type != Type::F32 && type != Type::F64) || !decoder.expectOperands(2))
    return false;
  decoder.inst.run = type == Type::F32 ? test<float> : test<double>;
  decoder.inst.op[0] = decoder.target(0, Type::Pred);
  decoder.inst.op[1] = decoder.source(1, type);
  return true;
}

} // namespace

bool addFloat(Decoder &d) { return decodeAs<Add, 2>(d); }
bool subFloat(Decoder &d) { return decodeAs<Sub, 2>(d); }
bool mulFloat(Decoder &d) { return decodeAs<Mul, 2>(d); }
bool madFloat(Decoder &d) { return decodeAs<Fma, 3>(d); }
bool divFloat(Decoder &d) {
  d.takeAny({"approx", "full"});
  return decodeAs<Div, 2>(d);
}
bool minFloat(Decoder &d) { return smaller<Min>(d); }
bool maxFloat(Decoder &d) { return smaller<Max>(d); }
bool negFloat(Decoder &d) { return sign<FlipSign, PlainNeg>(d); }
bool absFloat(Decoder &d) { return sign<DropSign, PlainAbs>(d); }

void addFloats(DecodeTable &table) {
  table["fma"] = [](Decoder &d) {
    return d.take("relu") ? decodeAs<FmaRelu, 3>(d) : decodeAs<Fma, 3>(d);
  };
  table["ex2"] = function<Exp2>;
  table["lg2"] = function<Log2>;
  table["rcp"] = function<Reciprocal>;
  table["sqrt"] = function<Sqrt>;
  table["rsqrt"] = function<ReciprocalSqrt>;
  table["sin"] = function<Sin>;
  table["cos"] = function<Cos>;
  table["tanh"] = function<Tanh>;
  table["testp"] = testp;
  table["copysign"] = [](Decoder &d) {
    Type type = d.takeType();
    d.inst.run = type == Type::F32   ? lanewise<float, CopySign, 2, 1>
                 : type == Type::F64 ? lanewise<double, CopySign, 2, 1>
                                     : nullptr;
    return d.inst.run && takeOperands(d, type, 2);
  };
}

} // namespace zorro::ptx

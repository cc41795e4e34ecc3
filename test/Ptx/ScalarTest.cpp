//===- ScalarTest.cpp - What single instructions compute ------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Floats.h"
#include "TestKernel.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace zorro::ptx;
using namespace zorro::ptx::test;

namespace {

/// Runs `body` over 32 pairs and compares every lane with `expect(a, b)`, bit by bit.
template <typename In, typename Out, typename F>
void check(const std::string &body, const char *first, const char *second, const char *result,
           const std::vector<In> &values, F expect) {
  Memory memory;
  std::vector<In> inputs;
  for (size_t i = 0; i < 64; ++i)
    inputs.push_back(values[(i / 2 + (i % 2) * (1 + i / 14)) % values.size()]);
  uint64_t from = memory.upload(inputs), to = memory.allocate(32 * sizeof(Out));
  std::string in = "b" + std::to_string(8 * sizeof(In)),
              out = "b" + std::to_string(8 * sizeof(Out));
  Outcome outcome = runText(
      lanesText(body, in, first, second, out, result, sizeof(In), sizeof(Out)), memory, {from, to});
  ASSERT_TRUE(outcome.statistics) << body << ": " << outcome.error;
  std::vector<Out> results = memory.download<Out>(to, 32);
  for (size_t i = 0; i < 32; ++i) {
    Out wanted = expect(inputs[2 * i], inputs[2 * i + 1]);
    bool same = std::memcmp(&wanted, &results[i], sizeof(Out)) == 0;
    EXPECT_TRUE(same || (wanted != wanted && results[i] != results[i]))
        << body << " of " << +inputs[2 * i] << " and " << +inputs[2 * i + 1] << ": expected "
        << +wanted << " but got " << +results[i];
  }
}

const std::vector<int32_t> kInts = {0,   1,    -1,        2,         7,     -7,       31,        32,
                                    100, -100, INT32_MAX, INT32_MIN, 65535, 12345678, -987654321};
const std::vector<int64_t> kLongs = {0,
                                     1,
                                     -1,
                                     5,
                                     -5,
                                     63,
                                     64,
                                     INT64_MAX,
                                     INT64_MIN,
                                     1ll << 32,
                                     -(1ll << 32),
                                     123456789012345ll,
                                     -98765432109876ll};
const std::vector<float> kFloats = {0.0f,      -0.0f, 1.0f,     -1.0f,  0.5f,     1.5f,
                                    2.5f,      -2.5f, 3.14159f, 1e30f,  -1e30f,   INFINITY,
                                    -INFINITY, NAN,   1e-40f,   1e-20f, 65504.0f, 100.25f};

template <typename F> void ints(const std::string &body, F f) {
  check<int32_t, int32_t>(body, "%r10", "%r11", "%r12", kInts,
                          [&](int32_t a, int32_t b) { return int32_t(f(a, b)); });
}
template <typename F> void longs(const std::string &body, F f) {
  check<int64_t, int64_t>(body, "%rd10", "%rd11", "%rd12", kLongs,
                          [&](int64_t a, int64_t b) { return int64_t(f(a, b)); });
}
template <typename F> void floats(const std::string &body, F f) {
  check<float, float>(body, "%f10", "%f11", "%f12", kFloats,
                      [&](float a, float b) { return float(f(a, b)); });
}
using U = uint32_t;
using L = uint64_t;

TEST(Scalar, IntegerArithmetic) {
  ints("add.s32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return U(a) + U(b); });
  ints("sub.u32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return U(a) - U(b); });
  ints("mul.lo.s32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return U(a) * U(b); });
  ints("mul.hi.s32 %r12, %r10, %r11;",
       [](int32_t a, int32_t b) { return U(int64_t(a) * b >> 32); });
  ints("mul.hi.u32 %r12, %r10, %r11;",
       [](int32_t a, int32_t b) { return U(L(U(a)) * U(b) >> 32); });
  ints("mad.lo.s32 %r12, %r10, %r11, 5;", [](int32_t a, int32_t b) { return U(a) * U(b) + 5; });
  ints("min.s32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return std::min(a, b); });
  ints("max.u32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return std::max(U(a), U(b)); });
  ints("neg.s32 %r12, %r10;", [](int32_t a, int32_t) { return 0 - U(a); });
  ints("abs.s32 %r12, %r10;", [](int32_t a, int32_t) { return a < 0 ? 0 - U(a) : U(a); });
  ints("div.u32 %r12, %r10, 7;", [](int32_t a, int32_t) { return U(a) / 7; });
  ints("rem.s32 %r12, %r10, -7;", [](int32_t a, int32_t) { return a % -7; });
  ints("div.s32 %r12, %r10, %r11;",
       [](int32_t a, int32_t b) { return b == 0 ? -1 : int32_t(int64_t(a) / b); });
  longs("add.s64 %rd12, %rd10, %rd11;", [](int64_t a, int64_t b) { return L(a) + L(b); });
  longs("mul.lo.s64 %rd12, %rd10, %rd11;", [](int64_t a, int64_t b) { return L(a) * L(b); });
  longs("mul.hi.u64 %rd12, %rd10, %rd11;",
        [](int64_t a, int64_t b) { return (unsigned __int128)L(a) * L(b) >> 64; });
  longs("div.s64 %rd12, %rd10, 10;", [](int64_t a, int64_t) { return a / 10; });
  longs("rem.u64 %rd12, %rd10, 10;", [](int64_t a, int64_t) { return L(a) % 10; });
  longs("max.s64 %rd12, %rd10, %rd11;", [](int64_t a, int64_t b) { return std::max(a, b); });
}

TEST(Scalar, Bits) {
  ints("and.b32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return a & b; });
  ints("or.b32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return a | b; });
  ints("xor.b32 %r12, %r10, 0x1234;", [](int32_t a, int32_t) { return a ^ 0x1234; });
  ints("not.b32 %r12, %r10;", [](int32_t a, int32_t) { return ~a; });
  ints("shl.b32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return U(b) > 31 ? 0 : U(a) << b; });
  ints("shr.u32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return U(b) > 31 ? 0 : U(a) >> b; });
  ints("shr.s32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return a >> (U(b) > 31 ? 31 : b); });
  ints("popc.b32 %r12, %r10;", [](int32_t a, int32_t) { return __builtin_popcount(U(a)); });
  ints("clz.b32 %r12, %r10;", [](int32_t a, int32_t) { return a ? __builtin_clz(U(a)) : 32; });
  ints("brev.b32 %r12, %r10;", [](int32_t a, int32_t) {
    U r = 0;
    for (int i = 0; i < 32; ++i)
      r |= (U(a) >> i & 1) << (31 - i);
    return r;
  });
  ints("bfe.u32 %r12, %r10, 4, 8;", [](int32_t a, int32_t) { return U(a) >> 4 & 255; });
  ints("bfe.s32 %r12, %r10, 4, 8;", [](int32_t a, int32_t) { return int8_t(U(a) >> 4); });
  ints("bfi.b32 %r12, %r10, %r11, 8, 4;",
       [](int32_t a, int32_t b) { return (U(b) & ~0xF00u) | (U(a) << 8 & 0xF00); });
  ints("prmt.b32 %r12, %r10, %r11, 0x5410;",
       [](int32_t a, int32_t b) { return (U(a) & 0xFFFF) | U(b) << 16; });
  ints("prmt.b32 %r12, %r10, %r11, 0x7632;",
       [](int32_t a, int32_t b) { return U(a) >> 16 | (U(b) & 0xFFFF0000); });
  ints("lop3.b32 %r12, %r10, %r11, 0xFF, 0x6A;",
       [](int32_t a, int32_t b) { return (a & b) ^ 0xFF; });
  ints("shf.l.wrap.b32 %r12, %r10, %r11, 9;",
       [](int32_t a, int32_t b) { return U(b) << 9 | U(a) >> 23; });
  longs("shl.b64 %rd12, %rd10, 33;", [](int64_t a, int64_t) { return L(a) << 33; });
  longs("shr.s64 %rd12, %rd10, 70;", [](int64_t a, int64_t) { return a >> 63; });
  check<int64_t, int32_t>("clz.b64 %r12, %rd10;", "%rd10", "%rd11", "%r12", kLongs,
                          [](int64_t a, int64_t) { return a ? __builtin_clzll(L(a)) : 64; });
}

TEST(Scalar, WideProducts) {
  check<int32_t, int64_t>("mul.wide.s32 %rd12, %r10, %r11;", "%r10", "%r11", "%rd12", kInts,
                          [](int32_t a, int32_t b) { return int64_t(a) * b; });
  check<int32_t, int64_t>("mul.wide.u32 %rd12, %r10, %r11;", "%r10", "%r11", "%rd12", kInts,
                          [](int32_t a, int32_t b) { return int64_t(L(U(a)) * U(b)); });
  check<int32_t, int64_t>("mad.wide.s32 %rd12, %r10, %r11, 9;", "%r10", "%r11", "%rd12", kInts,
                          [](int32_t a, int32_t b) { return int64_t(a) * b + 9; });
}

TEST(Scalar, FloatArithmetic) {
  floats("add.f32 %f12, %f10, %f11;", [](float a, float b) { return a + b; });
  floats("sub.rn.f32 %f12, %f10, %f11;", [](float a, float b) { return a - b; });
  floats("mul.f32 %f12, %f10, %f11;", [](float a, float b) { return a * b; });
  floats("fma.rn.f32 %f12, %f10, %f11, 0f40400000;",
         [](float a, float b) { return std::fma(a, b, 3.0f); });
  floats("div.rn.f32 %f12, %f10, %f11;", [](float a, float b) { return a / b; });
  floats("min.f32 %f12, %f10, %f11;", [](float a, float b) {
    return a == 0 && b == 0 ? (std::signbit(a) ? a : b) : std::fmin(a, b);
  });
  floats("max.f32 %f12, %f10, %f11;", [](float a, float b) {
    return a == 0 && b == 0 ? (std::signbit(a) ? b : a) : std::fmax(a, b);
  });
  floats("max.NaN.f32 %f12, %f10, %f11;", [](float a, float b) {
    return a != a || b != b ? NAN : a == 0 && b == 0 ? (std::signbit(a) ? b : a) : std::max(a, b);
  });
  floats("neg.f32 %f12, %f10;", [](float a, float) { return -a; });
  floats("abs.f32 %f12, %f10;", [](float a, float) { return std::fabs(a); });
  floats("copysign.f32 %f12, %f10, %f11;", [](float a, float b) { return std::copysign(b, a); });
  floats("add.ftz.f32 %f12, %f10, 0f00000000;",
         [](float a, float) { return std::fpclassify(a) == FP_SUBNORMAL ? 0.0f : a + 0.0f; });
  floats("add.sat.f32 %f12, %f10, 0f00000000;", [](float a, float) {
    return a > 1 ? 1.0f : a > 0 ? a : 0.0f;
  });
  floats("ex2.approx.ftz.f32 %f12, %f10;",
         [](float a, float) { return std::fpclassify(a) == FP_SUBNORMAL ? 1.0f : std::exp2(a); });
  floats("rcp.approx.f32 %f12, %f10;", [](float a, float) { return 1 / a; });
  floats("sqrt.rn.f32 %f12, %f10;", [](float a, float) { return std::sqrt(a); });
  floats("rsqrt.approx.f32 %f12, %f10;",
         [](float a, float) { return float(1 / std::sqrt(double(a))); });
  floats("lg2.approx.f32 %f12, %f10;", [](float a, float) { return std::log2(a); });
  floats("tanh.approx.f32 %f12, %f10;", [](float a, float) { return std::tanh(a); });
  floats("selp.f32 %f12, %f10, %f11, 1;", [](float a, float) { return a; });
}

TEST(Scalar, Comparisons) {
  auto one = [](const std::string &form, bool (*f)(float, float)) {
    check<float, int32_t>("setp." + form + ".f32 %p1, %f10, %f11; selp.b32 %r12, 1, 0, %p1;",
                          "%f10", "%f11", "%r12", kFloats,
                          [f](float a, float b) { return int32_t(f(a, b)); });
  };
  one("lt", [](float a, float b) { return a < b; });
  one("leu", [](float a, float b) { return !(a > b); });
  one("gtu", [](float a, float b) { return !(a <= b); });
  one("ge", [](float a, float b) { return a >= b; });
  one("neu", [](float a, float b) { return !(a == b); });
  one("ne", [](float a, float b) { return a < b || a > b; });
  one("equ", [](float a, float b) { return !(a < b || a > b); });
  one("nan", [](float a, float b) { return a != a || b != b; });
  one("num", [](float a, float b) { return a == a && b == b; });
  ints("setp.lt.s32 %p1, %r10, %r11; selp.b32 %r12, 1, 0, %p1;",
       [](int32_t a, int32_t b) { return a < b; });
  ints("setp.lo.u32 %p1, %r10, %r11; selp.b32 %r12, 1, 0, %p1;",
       [](int32_t a, int32_t b) { return U(a) < U(b); });
  ints("setp.gt.u32 %p1|%p2, %r10, %r11; selp.b32 %r12, 1, 0, %p2;",
       [](int32_t a, int32_t b) { return U(a) <= U(b); });
  ints("setp.eq.s32 %p3, %r10, 0; setp.ge.and.s32 %p1, %r10, %r11, !%p3; selp.b32 %r12, 1, 0, %p1;",
       [](int32_t a, int32_t b) { return a >= b && a != 0; });
  ints("setp.lt.s32 %p1, %r10, 0; setp.lt.s32 %p2, %r11, 0; xor.pred %p3, %p1, %p2; not.pred %p4, "
       "%p3; selp.b32 %r12, 1, 0, %p4;",
       [](int32_t a, int32_t b) { return (a < 0) == (b < 0); });
  ints("set.gt.u32.s32 %r12, %r10, %r11;", [](int32_t a, int32_t b) { return a > b ? -1 : 0; });
  check<float, int32_t>("testp.finite.f32 %p1, %f10; selp.b32 %r12, 1, 0, %p1;", "%f10", "%f11",
                        "%r12", kFloats, [](float a, float) { return int32_t(std::isfinite(a)); });
}

TEST(Scalar, ConversionsOfIntegers) {
  check<int32_t, int64_t>("cvt.s64.s32 %rd12, %r10;", "%r10", "%r11", "%rd12", kInts,
                          [](int32_t a, int32_t) { return int64_t(a); });
  check<int32_t, int64_t>("cvt.u64.u32 %rd12, %r10;", "%r10", "%r11", "%rd12", kInts,
                          [](int32_t a, int32_t) { return int64_t(U(a)); });
  check<int64_t, int32_t>("cvt.u32.u64 %r12, %rd10;", "%rd10", "%rd11", "%r12", kLongs,
                          [](int64_t a, int64_t) { return int32_t(a); });
  ints("cvt.u16.u32 %rs1, %r10; cvt.s32.s16 %r12, %rs1;",
       [](int32_t a, int32_t) { return int16_t(a); });
  ints("cvt.s32.s8 %r12, %r10;", [](int32_t a, int32_t) { return int8_t(a); });
  ints("cvt.sat.u8.s32 %r12, %r10;", [](int32_t a, int32_t) {
    return a < 0 ? 0 : a > 255 ? 255 : a;
  });
  check<int32_t, float>("cvt.rn.f32.s32 %f12, %r10;", "%r10", "%r11", "%f12", kInts,
                        [](int32_t a, int32_t) { return float(a); });
  check<int32_t, float>("cvt.rn.f32.u32 %f12, %r10;", "%r10", "%r11", "%f12", kInts,
                        [](int32_t a, int32_t) { return float(U(a)); });
  check<int32_t, double>("cvt.rn.f64.s32 %d12, %r10;", "%r10", "%r11", "%d12", kInts,
                         [](int32_t a, int32_t) { return double(a); });
  check<int64_t, float>("cvt.rn.f32.u64 %f12, %rd10;", "%rd10", "%rd11", "%f12", kLongs,
                        [](int64_t a, int64_t) { return float(L(a)); });
}

TEST(Scalar, ConversionsOfFloats) {
  auto clamp = [](double x, double low, double high) {
    return x != x ? 0 : std::min(std::max(x, low), high);
  };
  check<float, int32_t>(
      "cvt.rzi.s32.f32 %r12, %f10;", "%f10", "%f11", "%r12", kFloats,
      [&](float a, float) { return int32_t(clamp(std::trunc(double(a)), INT32_MIN, INT32_MAX)); });
  check<float, int32_t>("cvt.rni.s32.f32 %r12, %f10;", "%f10", "%f11", "%r12", kFloats,
                        [&](float a, float) {
                          return int32_t(clamp(std::nearbyint(double(a)), INT32_MIN, INT32_MAX));
                        });
  check<float, int32_t>(
      "cvt.rmi.u32.f32 %r12, %f10;", "%f10", "%f11", "%r12", kFloats,
      [&](float a, float) { return int32_t(U(clamp(std::floor(double(a)), 0, 4294967295.0))); });
  floats("cvt.rni.f32.f32 %f12, %f10;", [](float a, float) { return std::nearbyint(a); });
  floats("cvt.rmi.f32.f32 %f12, %f10;", [](float a, float) { return std::floor(a); });
  floats("cvt.rpi.f32.f32 %f12, %f10;", [](float a, float) { return std::ceil(a); });
  floats("cvt.sat.f32.f32 %f12, %f10;", [](float a, float) {
    return a > 1 ? 1.0f : a > 0 ? a : 0.0f;
  });
  check<float, double>("cvt.f64.f32 %d12, %f10;", "%f10", "%f11", "%d12", kFloats,
                       [](float a, float) { return double(a); });
  // bf16 and tf32 are a float's bits, rounded: to even, and away from zero.
  auto bf16 = [](float a) {
    uint32_t u;
    std::memcpy(&u, &a, 4);
    return a != a ? 0x7FFF : uint16_t((uint64_t(u) + 0x7FFF + (u >> 16 & 1)) >> 16);
  };
  check<float, uint16_t>("cvt.rn.bf16.f32 %rs12, %f10;", "%f10", "%f11", "%rs12", kFloats,
                         [&](float a, float) { return bf16(a); });
  check<float, uint32_t>("cvt.rn.bf16x2.f32 %r12, %f10, %f11;", "%f10", "%f11", "%r12", kFloats,
                         [&](float a, float b) { return U(bf16(a)) << 16 | bf16(b); });
  check<float, uint32_t>(
      "cvt.rna.tf32.f32 %r12, %f10; and.b32 %r12, %r12, 0xFFFFE000;", "%f10", "%f11", "%r12",
      kFloats, [](float a, float) {
        uint32_t u;
        std::memcpy(&u, &a, 4);
        return a != a ? 0x7FFFE000u : std::isinf(a) ? u : (u + 0x1000) & 0xFFFFE000u;
      });
  check<uint16_t, float>("cvt.f32.bf16 %f12, %rs10;", "%rs10", "%rs11", "%f12",
                         {0, 0x3F80, 0xC049, 0x7F80, 1}, [](uint16_t a, uint16_t) {
                           uint32_t u = U(a) << 16;
                           float f;
                           std::memcpy(&f, &u, 4);
                           return f;
                         });
  // f16, by the numbers that every table of the format lists.
  Memory memory;
  std::vector<float> in = {1.0f,          -2.0f,         65504.0f,      65520.0f,    65519.0f,
                           5.9604645e-8f, 2.9802322e-8f, 6.1035156e-5f, 0.33325195f, 0.1f};
  std::vector<uint16_t> out = {0x3C00, 0xC000, 0x7BFF, 0x7C00, 0x7BFF,
                               0x0001, 0x0000, 0x0400, 0x3555, 0x2E66};
  for (size_t i = 0; i < in.size(); ++i)
    EXPECT_EQ(toHalf(in[i]), out[i]) << in[i];
  for (uint32_t bits = 0; bits < 0x7C00; ++bits)
    EXPECT_EQ(toHalf(fromHalf(uint16_t(bits))), bits);
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    uint32_t u = uint32_t(random());
    float f;
    std::memcpy(&f, &u, 4);
    if (f == f)
      EXPECT_EQ(encodeFloat(f, 8, 7, Rounding::NearestEven), toBf16(f)) << f;
  }
}

TEST(Scalar, HalvesInAWord) {
  // (1, 2) * (3, 4) + (0.5, -1) in f16 and bf16.
  check<int32_t, uint32_t>("mov.b32 %r13, 0x40003C00; mov.b32 %r14, 0x44004200; mov.b32 %r15, "
                           "0xBC003800; fma.rn.f16x2 %r12, %r13, %r14, %r15;",
                           "%r10", "%r11", "%r12", kInts,
                           [](int32_t, int32_t) { return 0x47004300u; });
  check<int32_t, uint32_t>("mov.b32 %r13, 0x40003F80; mov.b32 %r14, 0x40804040; mov.b32 %r15, "
                           "0xBF803F00; fma.rn.bf16x2 %r12, %r13, %r14, %r15;",
                           "%r10", "%r11", "%r12", kInts,
                           [](int32_t, int32_t) { return 0x40E04060u; });
  ints("mov.b32 {%rs1, %rs2}, %r10; mov.b32 %r12, {%rs2, %rs1};",
       [](int32_t a, int32_t) { return U(a) << 16 | U(a) >> 16; });
  longs("mov.b64 {%r20, %r21}, %rd10; mov.b64 %rd12, {%r21, %r20};",
        [](int64_t a, int64_t) { return L(a) << 32 | L(a) >> 32; });
  longs("mov.b128 %q1, {%rd10, %rd11}; mov.b128 {%rd13, %rd12}, %q1;",
        [](int64_t, int64_t b) { return b; });
}

TEST(Scalar, SpecialRegisters) {
  Memory memory;
  uint64_t to = memory.allocate(4 * 7 * 24 * 4);
  std::string body =
      "ld.param.b64 %rd1, [p0]; mov.u32 %r1, %tid.x; mov.u32 %r2, %tid.y; mov.u32 %r3, %ntid.x; "
      "mad.lo.s32 %r4, %r2, %r3, %r1;\n"
      "mov.u32 %r5, %ctaid.x; mov.u32 %r6, %ctaid.y; mov.u32 %r7, %nctaid.x; mad.lo.s32 %r8, %r6, "
      "%r7, %r5;\n"
      "mad.lo.s32 %r9, %r8, 24, %r4; mul.wide.u32 %rd2, %r9, 16; add.s64 %rd3, %rd1, %rd2;\n"
      "mov.u32 %r10, %ntid.y; mov.u32 %r11, %laneid; mov.u32 %r12, %clock;\n"
      "st.global.v4.b32 [%rd3], {%r9, %r10, %r11, %r12}; ret;";
  ASSERT_EQ(runText(kernel(body), memory, {to, 0}, {6, 4, 1}, 0, {7, 1, 1}).error, "");
  std::vector<uint32_t> out = memory.download<uint32_t>(to, 4 * 7 * 24);
  for (uint32_t i = 0; i < 7 * 24; ++i) {
    EXPECT_EQ(out[4 * i], i);
    EXPECT_EQ(out[4 * i + 1], 4u);
    EXPECT_EQ(out[4 * i + 2], i % 24);
    EXPECT_EQ(out[4 * i + 3], 0u);
  }
}

TEST(Scalar, Atomics) {
  Memory memory;
  uint64_t to = memory.allocate(16);
  memory.fill(to, 0, 16);
  ASSERT_EQ(
      runText(
          kernel("ld.param.b64 %rd1, [p0]; mov.u32 %r1, %tid.x; red.global.add.u32 [%rd1], %r1;\n"
                 "cvt.rn.f32.u32 %f1, %r1; atom.global.add.f32 %f2, [%rd1+4], %f1; "
                 "atom.global.max.s32 %r3, [%rd1+8], %r1;\n"
                 "atom.global.cas.b32 %r4, [%rd1+12], %r1, 77; ret;"),
          memory, {to, 0})
          .error,
      "");
  EXPECT_EQ(memory.download<uint32_t>(to, 4), (std::vector<uint32_t>{496, 0x43F80000, 31, 77}));
}

} // namespace

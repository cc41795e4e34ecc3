//===- ElementsTest.cpp - Numbers in and out of arrays -------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Half precision against all of its 65536 values, and literals good and bad.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Elements.h"
#include "tools/zorro-run/Literal.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace zorro;

// Every half and every bfloat16, printed and parsed, is the same number again.
TEST(ElementsTest, sixteenBitNumbersRoundTrip) {
  for (uint32_t type : {ZORRO_F16, ZORRO_BF16})
    for (uint32_t bits = 0; bits < 65536; ++bits) {
      npy::Array array{type, {1}, {char(bits), char(bits >> 8)}};
      double value = run::elementAt(array, 0);
      char text[64], stored[8];
      snprintf(text, sizeof(text), "%.17g", value);
      ASSERT_TRUE(run::storeElement(type, text, stored));
      if (!std::isnan(value))
        EXPECT_EQ(memcmp(stored, array.data.data(), 2), 0) << type << " " << bits;
    }
}

TEST(ElementsTest, halvesRoundToNearestEven) {
  auto half = [](const char *text) {
    char stored[8];
    EXPECT_TRUE(run::storeElement(ZORRO_F16, text, stored));
    uint16_t bits;
    memcpy(&bits, stored, 2);
    return bits;
  };
  EXPECT_EQ(half("1"), 0x3c00);
  EXPECT_EQ(half("1.00048828125"), 0x3c00); // half way to the next: to even
  EXPECT_EQ(half("1.00146484375"), 0x3c02);
  EXPECT_EQ(half("2047.9"), 0x6800); // over a power of two
  EXPECT_EQ(half("65504"), 0x7bff);
  EXPECT_EQ(half("65519.9"), 0x7bff);
  EXPECT_EQ(half("65520"), 0x7c00);
  EXPECT_EQ(half("-1e-8"), 0x8000);
  EXPECT_EQ(half("5.9604644775390625e-08"), 0x0001);
}

TEST(ElementsTest, integersKeepTheirRange) {
  char stored[8];
  EXPECT_TRUE(run::storeElement(ZORRO_I8, "-128", stored));
  EXPECT_FALSE(run::storeElement(ZORRO_I8, "128", stored));
  EXPECT_FALSE(run::storeElement(ZORRO_U8, "-1", stored));
  EXPECT_FALSE(run::storeElement(ZORRO_U64, "-1", stored));
  EXPECT_FALSE(run::storeElement(ZORRO_I64, "9223372036854775808", stored));
  EXPECT_TRUE(run::storeElement(ZORRO_U64, "18446744073709551615", stored));
  EXPECT_FALSE(run::storeElement(ZORRO_I32, "1.5", stored));
  EXPECT_FALSE(run::storeElement(ZORRO_F32, "one", stored));
  EXPECT_TRUE(run::storeElement(ZORRO_BOOL, "true", stored));
  EXPECT_FALSE(run::storeElement(ZORRO_BOOL, "2", stored));
}

TEST(LiteralTest, valuesOneAllAndNone) {
  npy::Array array;
  ASSERT_FALSE(run::parseLiteral("2x2xi32=1 2,3  4", array));
  EXPECT_EQ(run::elementAt(array, 3), 4);
  ASSERT_FALSE(run::parseLiteral("3xf32=-0.5", array));
  EXPECT_EQ(run::elementAt(array, 2), -0.5);
  ASSERT_FALSE(run::parseLiteral("f64=2", array));
  EXPECT_TRUE(array.dims.empty());
  ASSERT_FALSE(run::parseLiteral("2x0xi8=1", array));
  EXPECT_EQ(array.elements(), 0);
  ASSERT_FALSE(run::parseLiteral("5xu16", array));
  EXPECT_EQ(run::elementAt(array, 4), 0);
}

TEST(LiteralTest, refusesMistakes) {
  npy::Array array;
  for (const char *text : {"", "2x", "x2xf32", "2xq32=1", "-1xf32", "2xf32=1 2 3", "2xf32=",
                           "2xi8=300", "9999999999999999999xf32"})
    EXPECT_TRUE(run::parseLiteral(text, array)) << text;
  npy::MaybeFailure failure = run::parseLiteral("999999999999xf32=1", array);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, ZORRO_LIMIT);
}

//===- RowsTest.cpp - Normalisations and softmax against double precision ---*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Harness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace zorro;
using namespace zorro::test;

namespace {

enum Kind { LayerNorm, BareLayerNorm, RmsNorm, Softmax };

std::string text(Kind kind, int64_t columns) {
  std::string c = std::to_string(columns), type = "tensor<?x?x" + c + "xf32>",
              row = "tensor<" + c + "xf32>";
  std::string head = "zorro.kernel @k row because \"test\" {\n^bb0(%x: " + type;
  std::string op;
  if (kind == LayerNorm) {
    head += ", %s: " + row + ", %b: " + row;
    op = "zorro.layer_norm %x scale %s : " + row + " bias %b : " + row + " eps 1.0e-5";
  } else if (kind == BareLayerNorm) {
    op = "zorro.layer_norm %x eps 1.0e-5";
  } else if (kind == RmsNorm) {
    head += ", %s: " + row;
    op = "zorro.rms_norm %x scale %s : " + row + " eps 1.0e-5";
  } else {
    op = "zorro.softmax %x";
  }
  return head + "):\n  %y = " + op + " : " + type + "\n  zorro.yield %y : " + type + "\n}";
}

/// The row that the kernel should make of x.
std::vector<double> expected(Kind kind, const float *x, int64_t columns, const float *scale,
                             const float *bias) {
  std::vector<double> y(columns);
  double mean = 0, squares = 0, sum = 0, most = -INFINITY;
  for (int64_t i = 0; i < columns; ++i) {
    mean += kind == RmsNorm ? 0 : double(x[i]) / columns;
    most = std::max(most, double(x[i]));
  }
  for (int64_t i = 0; i < columns; ++i) {
    squares += (x[i] - mean) * (x[i] - mean) / columns;
    sum += std::exp(x[i] - most);
  }
  for (int64_t i = 0; i < columns; ++i) {
    if (kind == Softmax)
      y[i] = std::exp(x[i] - most) / sum;
    else
      y[i] = (x[i] - mean) / std::sqrt(squares + 1e-5) * (kind == BareLayerNorm ? 1 : scale[i]) +
             (kind == LayerNorm ? bias[i] : 0);
  }
  return y;
}

class Rows : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(Rows, AgreeWithReference) {
  for (Kind kind : {LayerNorm, BareLayerNorm, RmsNorm, Softmax})
    for (int64_t columns : {1, 3, 8, 15, 16, 17, 64, 67, 100, 768}) {
      SCOPED_TRACE(testing::Message() << "kind " << kind << " columns " << columns);
      Kernel *kernel = Kernel::get(text(kind, columns), GetParam());
      ASSERT_TRUE(kernel);
      int64_t batches = 2, rows = 11, wide = columns + 3, out = columns + 2;
      std::vector<float> x = randoms(batches * rows * wide, 4), y(batches * rows * out, 7);
      std::vector<float> scale = randoms(columns, 1, 2), bias = randoms(columns, 1, 3);
      std::vector<Operand> inputs = {{{batches, rows, columns}, {rows * wide, wide, 1}}};
      std::vector<const void *> pointers = {x.data()};
      if (kind == LayerNorm || kind == RmsNorm) {
        inputs.push_back(Kernel::dense({columns}));
        pointers.push_back(scale.data());
      }
      if (kind == LayerNorm) {
        inputs.push_back(Kernel::dense({columns}));
        pointers.push_back(bias.data());
      }
      pointers.push_back(y.data());
      auto plan = kernel->plan(inputs, Operand{{batches, rows, columns}, {rows * out, out, 1}});
      ASSERT_TRUE(succeeded(plan));
      EXPECT_EQ(plan->tasks, 3);
      kernel->run(*plan, pointers);
      for (int64_t r = 0; r < batches * rows; ++r) {
        std::vector<double> want =
            expected(kind, &x[r * wide], columns, scale.data(), bias.data());
        for (int64_t i = 0; i < columns; ++i)
          ASSERT_NEAR(y[r * out + i], want[i], kind == Softmax ? 1e-6 : 1e-5) << r << " " << i;
        for (int64_t i = columns; i < out; ++i)
          ASSERT_EQ(y[r * out + i], 7);
      }
      std::vector<float> again(y.size(), 7);
      pointers.back() = again.data();
      kernel->run(*plan, pointers, 1);
      EXPECT_EQ(0, std::memcmp(y.data(), again.data(), y.size() * 4));
    }
}

TEST_P(Rows, SoftmaxOfSpecialValues) {
  const float infinity = std::numeric_limits<float>::infinity();
  int64_t columns = 19;
  Kernel *kernel = Kernel::get(text(Softmax, columns), GetParam());
  ASSERT_TRUE(kernel);
  std::vector<float> x(5 * columns, 1.0f), y(5 * columns);
  std::fill_n(x.begin(), columns, -infinity);          // a row without a live score
  std::fill_n(x.begin() + columns, 18, -infinity);     // one live score, the last
  x[2 * columns + 3] = std::nanf("");                  // a NaN spreads over its row
  x[3 * columns + 5] = infinity;                       // so does +inf
  std::fill_n(x.begin() + 4 * columns, columns, -1e9f); // equal fills: the mean
  x[4 * columns + 18] = -1e9f - 1e4f;
  auto plan = kernel->plan({Kernel::dense({1, 5, columns})}, Kernel::dense({1, 5, columns}));
  ASSERT_TRUE(succeeded(plan));
  kernel->run(*plan, {x.data(), y.data()});
  for (int64_t i = 0; i < columns; ++i) {
    EXPECT_TRUE(std::isnan(y[i]));
    EXPECT_EQ(y[columns + i], i == 18 ? 1.0f : 0.0f);
    EXPECT_TRUE(std::isnan(y[2 * columns + i]));
    EXPECT_TRUE(std::isnan(y[3 * columns + i]));
    EXPECT_NEAR(y[4 * columns + i], i == 18 ? 0.0f : 1.0f / 18, 1e-7);
  }
}

/// Small probabilities keep their relative precision: the exponent's argument is not rounded.
TEST_P(Rows, SoftmaxIsRelativelyPrecise) {
  int64_t columns = 64;
  Kernel *kernel = Kernel::get(text(Softmax, columns), GetParam());
  ASSERT_TRUE(kernel);
  std::vector<float> x(columns), y(columns);
  for (int64_t i = 0; i < columns; ++i)
    x[i] = -1.3f * i;
  auto plan = kernel->plan({Kernel::dense({1, 1, columns})}, Kernel::dense({1, 1, columns}));
  ASSERT_TRUE(succeeded(plan));
  kernel->run(*plan, {x.data(), y.data()});
  std::vector<double> want = expected(Softmax, x.data(), columns, nullptr, nullptr);
  for (int64_t i = 0; i < columns; ++i)
    EXPECT_NEAR(y[i] / want[i], 1, 1e-6) << i;
}

INSTANTIATE_TEST_SUITE_P(Cpu, Rows, testing::ValuesIn(targets()));

//===- ContractTest.cpp - Contractions against double precision -------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Harness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace zorro;
using namespace zorro::test;

namespace {

struct Case {
  int64_t batches, rows, k, n;
};

std::string replace(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::string sized(std::string text, int64_t k, int64_t n) {
  return replace(replace(text, "$K", std::to_string(k)), "$N", std::to_string(n));
}

const char *plain = R"(
zorro.kernel @k contract because "test" {
^bb0(%x: tensor<?x?x$Kxf32>, %w: tensor<$Kx$Nxf32>):
  %y = zorro.contract %x, %w : tensor<?x?x$Kxf32>, tensor<$Kx$Nxf32> -> tensor<?x?x$Nxf32>
  zorro.yield %y : tensor<?x?x$Nxf32>
})";

/// Bias, GELU, residual and a position table.
const char *rich = R"(
zorro.kernel @k contract because "test" {
^bb0(%x: tensor<?x?x$Kxf32>, %w: tensor<$Kx$Nxf32>, %b: tensor<$Nxf32>, %p: tensor<?x$Nxf32>,
     %r: tensor<?x?x$Nxf32>):
  %y = zorro.contract %x, %w (%b, %p, %r) {
  ^bb1(%acc: f32, %bias: f32, %place: f32, %rest: f32):
    %0 = arith.addf %acc, %bias : f32
    %1 = zorro.gelu %0 erf : f32
    %2 = arith.addf %1, %place : f32
    %3 = arith.addf %2, %rest : f32
    zorro.yield %3 : f32
  } : tensor<?x?x$Kxf32>, tensor<$Kx$Nxf32> (tensor<$Nxf32>, tensor<?x$Nxf32>, tensor<?x?x$Nxf32>)
    -> tensor<?x?x$Nxf32>
  zorro.yield %y : tensor<?x?x$Nxf32>
})";

const char *normalised = R"(
zorro.kernel @k contract because "test" {
^bb0(%x: tensor<?x?x$Kxf32>, %w: tensor<$Kx$Nxf32>, %g: tensor<$Kxf32>, %h: tensor<$Kxf32>):
  %n = zorro.layer_norm %x scale %g : tensor<$Kxf32> bias %h : tensor<$Kxf32> eps 1.0e-5
      : tensor<?x?x$Kxf32>
  %y = zorro.contract %n, %w : tensor<?x?x$Kxf32>, tensor<$Kx$Nxf32> -> tensor<?x?x$Nxf32>
  zorro.yield %y : tensor<?x?x$Nxf32>
})";

double gelu(double x) { return 0.5 * x * (1 + std::erf(x * 0.7071067811865475244)); }

class Contract : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(Contract, Plain) {
  std::vector<Case> cases;
  for (int64_t m = 1; m <= 17; ++m)
    cases.push_back({1, m, 20, 50});
  for (int64_t k : {1, 2, 3, 4, 5, 7, 8, 64, 257})
    cases.push_back({1, 9, k, 30});
  for (int64_t n : {1, 8, 10, 16, 23, 24, 25, 47, 48, 49, 96, 527})
    cases.push_back({2, 5, 33, n});
  cases.insert(cases.end(), {{1, 512, 96, 96}, {1, 1312, 64, 144}, {3, 100, 768, 50}});
  for (const Case &c : cases) {
    SCOPED_TRACE(testing::Message() << c.batches << "x" << c.rows << "x" << c.k << "x" << c.n);
    Kernel *kernel = Kernel::get(sized(plain, c.k, c.n), GetParam());
    ASSERT_TRUE(kernel);
    int64_t m = c.batches * c.rows;
    std::vector<float> x = randoms(m * c.k), w = randoms(c.k * c.n, 1, 2), y(m * c.n + 8, 7);
    std::vector<float> packed = pack(w, c.k, c.n, kernel->target);
    auto plan = kernel->plan(
        {Kernel::dense({c.batches, c.rows, c.k}), Kernel::dense({c.k, c.n})},
        Kernel::dense({c.batches, c.rows, c.n}));
    ASSERT_TRUE(succeeded(plan));
    kernel->run(*plan, {x.data(), packed.data(), y.data()});
    double worst = 0;
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < c.n; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < c.k; ++k)
          sum += double(x[i * c.k + k]) * w[k * c.n + j];
        worst = std::max(worst, std::fabs(sum - y[i * c.n + j]));
      }
    EXPECT_LE(worst, 2e-7 * c.k + 1e-6);
    for (int64_t i = 0; i < 8; ++i)
      EXPECT_EQ(y[m * c.n + i], 7) << "wrote past the result";
    // The same bits, whatever the split into tasks.
    for (int64_t step : {1, 3}) {
      std::vector<float> again(y.size(), 7);
      kernel->run(*plan, {x.data(), packed.data(), again.data()}, step);
      EXPECT_EQ(0, std::memcmp(y.data(), again.data(), y.size() * 4));
    }
    // The same bits for a row alone and among others, and nothing of a neighbour's NaN.
    auto one = kernel->plan({Kernel::dense({1, 1, c.k}), Kernel::dense({c.k, c.n})},
                            Kernel::dense({1, 1, c.n}));
    ASSERT_TRUE(succeeded(one));
    std::vector<float> alone(c.n);
    kernel->run(*one, {x.data() + (m - 1) * c.k, packed.data(), alone.data()});
    EXPECT_EQ(0, std::memcmp(alone.data(), &y[(m - 1) * c.n], c.n * 4));
  }
}

TEST_P(Contract, Epilogue) {
  for (const Case &c : {Case{2, 13, 40, 70}, Case{1, 40, 96, 96}, Case{3, 1, 24, 10}}) {
    SCOPED_TRACE(testing::Message() << c.batches << "x" << c.rows << "x" << c.k << "x" << c.n);
    Kernel *kernel = Kernel::get(sized(rich, c.k, c.n), GetParam());
    ASSERT_TRUE(kernel);
    int64_t m = c.batches * c.rows;
    // Rows are windows of a wider array, and the result goes into one.
    int64_t wide = c.k + 3, out = c.n + 5, gap = 4 * wide;
    std::vector<float> x = randoms(c.batches * (c.rows * wide + gap), 2),
                       w = randoms(c.k * c.n, 1, 2);
    std::vector<float> bias = randoms(c.n, 1, 3), table = randoms(c.rows * c.n, 1, 4);
    std::vector<float> rest = randoms(m * c.n, 1, 5), y(m * out, 7);
    std::vector<float> packed = pack(w, c.k, c.n, kernel->target);
    auto plan = kernel->plan(
        {Operand{{c.batches, c.rows, c.k}, {c.rows * wide + gap, wide, 1}},
         Kernel::dense({c.k, c.n}), Kernel::dense({c.n}), Kernel::dense({c.rows, c.n}),
         Kernel::dense({c.batches, c.rows, c.n})},
        Operand{{c.batches, c.rows, c.n}, {c.rows * out, out, 1}});
    ASSERT_TRUE(succeeded(plan));
    kernel->run(*plan, {x.data(), packed.data(), bias.data(), table.data(), rest.data(), y.data()},
                2);
    double worst = 0;
    for (int64_t b = 0; b < c.batches; ++b)
      for (int64_t i = 0; i < c.rows; ++i) {
        int64_t row = b * c.rows + i;
        for (int64_t j = 0; j < c.n; ++j) {
          double sum = bias[j];
          for (int64_t k = 0; k < c.k; ++k)
            sum += double(x[b * (c.rows * wide + gap) + i * wide + k]) * w[k * c.n + j];
          double want = gelu(sum) + table[i * c.n + j] + rest[row * c.n + j];
          worst = std::max(worst, std::fabs(want - y[row * out + j]));
        }
        for (int64_t j = c.n; j < out; ++j)
          EXPECT_EQ(y[row * out + j], 7) << "wrote past row " << row;
      }
    EXPECT_LE(worst, 1e-5);
  }
}

TEST_P(Contract, Normalised) {
  for (const Case &c : {Case{1, 7, 40, 30}, Case{2, 150, 768, 60}}) {
    Kernel *kernel = Kernel::get(sized(normalised, c.k, c.n), GetParam());
    ASSERT_TRUE(kernel);
    int64_t m = c.batches * c.rows;
    std::vector<float> x = randoms(m * c.k, 3), w = randoms(c.k * c.n, 1, 2), y(m * c.n);
    std::vector<float> scale = randoms(c.k, 1, 3), bias = randoms(c.k, 1, 4);
    std::vector<float> packed = pack(w, c.k, c.n, kernel->target);
    auto plan = kernel->plan({Kernel::dense({c.batches, c.rows, c.k}), Kernel::dense({c.k, c.n}),
                              Kernel::dense({c.k}), Kernel::dense({c.k})},
                             Kernel::dense({c.batches, c.rows, c.n}));
    ASSERT_TRUE(succeeded(plan));
    kernel->run(*plan, {x.data(), packed.data(), scale.data(), bias.data(), y.data()}, 5);
    double worst = 0;
    for (int64_t i = 0; i < m; ++i) {
      double mean = 0, variance = 0;
      for (int64_t k = 0; k < c.k; ++k)
        mean += x[i * c.k + k] / double(c.k);
      for (int64_t k = 0; k < c.k; ++k)
        variance += (x[i * c.k + k] - mean) * (x[i * c.k + k] - mean) / double(c.k);
      for (int64_t j = 0; j < c.n; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < c.k; ++k)
          sum += ((x[i * c.k + k] - mean) / std::sqrt(variance + 1e-5) * scale[k] + bias[k]) *
                 w[k * c.n + j];
        worst = std::max(worst, std::fabs(sum - y[i * c.n + j]));
      }
    }
    EXPECT_LE(worst, 1e-4);
  }
}

TEST_P(Contract, FewRowsAreSplitByColumns) {
  Kernel *kernel = Kernel::get(sized(plain, 33, 527), GetParam());
  ASSERT_TRUE(kernel);
  auto plan = kernel->plan({Kernel::dense({1, 1, 33}), Kernel::dense({33, 527})},
                           Kernel::dense({1, 1, 527}));
  ASSERT_TRUE(succeeded(plan));
  EXPECT_EQ(plan->tasks, (527 + packWidth(kernel->target) - 1) / packWidth(kernel->target));
}

TEST_P(Contract, ColumnsMustBeNeighbours) {
  Kernel *kernel = Kernel::get(sized(plain, 33, 527), GetParam());
  ASSERT_TRUE(kernel);
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&kernel->context(), [&](mlir::Diagnostic &diagnostic) {
    message = diagnostic.str();
    return mlir::success();
  });
  auto plan = kernel->plan({Operand{{1, 4, 33}, {0, 1, 4}}, Kernel::dense({33, 527})},
                           Kernel::dense({1, 4, 527}));
  EXPECT_TRUE(failed(plan));
  EXPECT_NE(message.find("expected columns with a stride of 1 but got 4"), std::string::npos)
      << message;
}

INSTANTIATE_TEST_SUITE_P(Cpu, Contract, testing::ValuesIn(targets()));

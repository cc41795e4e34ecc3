//===- LoopsTest.cpp - Maps, moves and reductions ---------------------------*- C++ -*-===//
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

class Loops : public testing::TestWithParam<std::string> {
protected:
  /// Plans and runs the kernel, at once and task by task: both must give the same.
  void run(const std::string &text, std::vector<Operand> inputs, Operand result,
           std::vector<const void *> pointers, void *out, size_t bytes) {
    Kernel *kernel = Kernel::get(text, GetParam());
    ASSERT_TRUE(kernel);
    auto plan = kernel->plan(inputs, result);
    ASSERT_TRUE(succeeded(plan));
    std::vector<char> again(static_cast<char *>(out), static_cast<char *>(out) + bytes);
    pointers.push_back(again.data());
    kernel->run(*plan, pointers, 1);
    pointers.back() = out;
    kernel->run(*plan, pointers);
    EXPECT_EQ(0, std::memcmp(out, again.data(), bytes));
  }
};

/// A map of rank 3 with two inputs and identity maps.
std::string binary(const std::string &body, const std::string &type = "f32",
                   const std::string &out = "f32") {
  std::string in = "tensor<?x?x?x" + type + ">", to = "tensor<?x?x?x" + out + ">";
  return R"(
#id = affine_map<(a, b, c) -> (a, b, c)>
zorro.kernel @k map because "test" {
^bb0(%x: )" + in + ", %y: " + in + ", %o: " + to + R"():
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %y : )" + in + ", " + in + ") outs(%o : " + to + R"() {
  ^bb1(%a: )" + type + ", %b: " + type + ", %c: " + out + "):\n" + body + R"(
  } -> )" + to + R"(
  zorro.yield %0 : )" + to + "\n}";
}

const char *add = "    %r = arith.addf %a, %b : f32\n    linalg.yield %r : f32";

} // namespace

TEST_P(Loops, AddsWithBroadcastsAndStrides) {
  int64_t n0 = 3, n1 = 5, n2 = 37;
  std::vector<float> x = randoms(n0 * n1 * n2 * 2), y = randoms(n0 * n1 * n2, 1, 2);
  struct {
    llvm::SmallVector<int64_t> x, y, o;
  } cases[] = {
      {{n1 * n2, n2, 1}, {n1 * n2, n2, 1}, {n1 * n2, n2, 1}},  // one long run
      {{n1 * n2, n2, 1}, {0, 0, 1}, {n1 * n2, n2, 1}},         // a row for all
      {{n1 * n2, n2, 1}, {n1, 1, 0}, {n1 * n2, n2, 1}},        // a column for all
      {{n1 * n2, n2, 1}, {0, 0, 0}, {n1 * n2, n2, 1}},         // a scalar
      {{2 * n1 * n2, 2 * n2, 2}, {n1 * n2, n2, 1}, {n1 * n2, n2, 1}}, // every second
      {{1, n0, n0 * n1}, {n1 * n2, n2, 1}, {n1 * n2, n2, 1}},  // transposed
      {{n1 * n2, n2, 1}, {n1 * n2, n2, 1}, {1, n0, n0 * n1}},  // into a transposed result
      {{n2, 3 * n2, 1}, {n1 * n2, n2, 1}, {2 * n1 * n2, 2 * n2, 1}}, // windows
  };
  for (auto &c : cases) {
    std::vector<float> o(n0 * n1 * n2 * 2, 7);
    llvm::SmallVector<int64_t> sizes = {n0, n1, n2};
    run(binary(add), {{sizes, c.x}, {sizes, c.y}}, {sizes, c.o}, {x.data(), y.data()}, o.data(),
        o.size() * 4);
    int64_t written = 0;
    for (int64_t i = 0; i < n0; ++i)
      for (int64_t j = 0; j < n1; ++j)
        for (int64_t k = 0; k < n2; ++k, ++written)
          ASSERT_EQ(o[i * c.o[0] + j * c.o[1] + k * c.o[2]],
                    x[i * c.x[0] + j * c.x[1] + k * c.x[2]] +
                        y[i * c.y[0] + j * c.y[1] + k * c.y[2]]);
    EXPECT_EQ(std::count(o.begin(), o.end(), 7.0f), int64_t(o.size()) - written);
  }
}

TEST_P(Loops, LongRunsAreCutIntoChunks) {
  Kernel *kernel = Kernel::get(binary(add), GetParam());
  ASSERT_TRUE(kernel);
  Operand dense = Kernel::dense({4, 100, 768});
  auto plan = kernel->plan({dense, dense}, dense);
  ASSERT_TRUE(succeeded(plan));
  EXPECT_EQ(plan->scalars[0] * plan->scalars[1], 1);
  EXPECT_EQ(plan->scalars[2], 4 * 100 * 768);
  EXPECT_GT(plan->tasks, 8);
  EXPECT_EQ(plan->bytes, 3 * 4 * 4 * 100 * 768);
}

TEST_P(Loops, MathBecomesArithmetic) {
  struct {
    const char *name;
    double (*function)(double);
    float low, high;
    double error;
  } cases[] = {
      {"math.exp", std::exp, -20, 20, 5e-7},    {"math.tanh", std::tanh, -9, 9, 5e-7},
      {"math.erf", std::erf, -4, 4, 5e-7},      {"math.log", std::log, 0.01f, 50, 5e-7},
      {"math.sqrt", std::sqrt, 0, 50, 1e-7},    {"math.sin", std::sin, -20, 20, 2e-6},
      {"math.cos", std::cos, -20, 20, 2e-6},    {"math.log2", std::log2, 0.01f, 50, 5e-7},
      {"math.exp2", std::exp2, -20, 20, 2e-6},  {"math.log1p", std::log1p, -0.5f, 9, 5e-7},
      {"math.expm1", std::expm1, -5, 5, 5e-7},  {"math.floor", std::floor, -9, 9, 0},
      {"math.ceil", std::ceil, -9, 9, 0},       {"math.absf", std::fabs, -9, 9, 0},
      {"math.atan", std::atan, -9, 9, 3e-6},    {"math.roundeven", std::nearbyint, -9, 9, 0},
      {"math.sinh", std::sinh, -5, 5, 2e-6},    {"math.cosh", std::cosh, -5, 5, 2e-6},
  };
  int64_t n = 1000 + 3;
  for (auto &c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<float> x = randoms(n), o(n);
    for (float &value : x)
      value = c.low + (value + 1) / 2 * (c.high - c.low);
    Operand dense = Kernel::dense({1, 1, n});
    run(binary(std::string("    %r = ") + c.name + " %a : f32\n    linalg.yield %r : f32"),
        {dense, dense}, dense, {x.data(), x.data()}, o.data(), n * 4);
    double worst = 0;
    for (int64_t i = 0; i < n; ++i) {
      double want = c.function(x[i]);
      double error = std::fabs(o[i] - want) / std::max(1.0, std::fabs(want));
      worst = error <= worst ? worst : error;
    }
    EXPECT_LE(worst, c.error);
  }
}

TEST_P(Loops, ExponentialsOfDoubles) {
  std::vector<double> x = {0,       1,      -1,       0.34657359027997264, 709.78, 710,
                           -708.4, -744.4, -745.2,   -1e308,              1e308,  INFINITY,
                           -INFINITY, NAN,  1e-300,  -0.0};
  for (float value : randoms(1000, 700))
    x.push_back(value);
  int64_t n = x.size();
  std::vector<double> o(n);
  Operand dense = Kernel::dense({1, 1, n});
  run(binary("    %r = math.exp %a : f64\n    linalg.yield %r : f64", "f64", "f64"),
      {dense, dense}, dense, {x.data(), x.data()}, o.data(), n * 8);
  for (int64_t i = 0; i < n; ++i) {
    double want = std::exp(x[i]);
    if (std::isnan(want))
      EXPECT_TRUE(std::isnan(o[i])) << x[i];
    else if (std::isinf(want))
      EXPECT_EQ(o[i], want) << x[i];
    else // results below the smallest normal number have fewer bits
      EXPECT_NEAR(o[i], want, std::max(5e-16 * want, 1e-323)) << x[i];
  }
}

/// The last elements of a run go through scalars, all others through registers: the same bits.
TEST_P(Loops, ScalarsAndRegistersAgree) {
  const char *body = R"(
    %g = zorro.gelu %a erf : f32
    %h = zorro.gelu %b tanh : f32
    %e = math.exp %a : f32
    %s = arith.addf %g, %h : f32
    %r = arith.divf %s, %e : f32
    linalg.yield %r : f32)";
  int64_t n = 64;
  std::vector<float> x = randoms(n, 3), y = randoms(n, 3, 2), o(n), single(n);
  llvm::SmallVector<int64_t> sizes = {1, 1, n};
  run(binary(body), {Kernel::dense(sizes), Kernel::dense(sizes)}, Kernel::dense(sizes),
      {x.data(), y.data()}, o.data(), n * 4);
  for (int64_t i = 0; i < n; ++i)
    run(binary(body), {Kernel::dense({1, 1, 1}), Kernel::dense({1, 1, 1})},
        Kernel::dense({1, 1, 1}), {&x[i], &y[i]}, &single[i], 4);
  EXPECT_EQ(0, std::memcmp(o.data(), single.data(), n * 4));
  for (int64_t i = 0; i < n; ++i) {
    double a = x[i], b = y[i], c = std::sqrt(2 / M_PI) * (b + 0.044715 * b * b * b);
    double want = (a / 2 * (1 + std::erf(a / std::sqrt(2))) + b / 2 * (1 + std::tanh(c))) / std::exp(a);
    EXPECT_NEAR(o[i], want, 1e-5 * std::max(1.0, std::fabs(want)));
  }
}

TEST_P(Loops, BooleansAreBytes) {
  int64_t n = 77;
  std::vector<float> x = randoms(n), y = randoms(n, 1, 2), z(n);
  std::vector<uint8_t> less(n + 1, 9);
  Operand dense = Kernel::dense({1, 1, n});
  run(binary("    %r = arith.cmpf olt, %a, %b : f32\n    linalg.yield %r : i1", "f32", "i1"),
      {dense, dense}, dense, {x.data(), y.data()}, less.data(), n + 1);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(less[i], x[i] < y[i]);
  EXPECT_EQ(less[n], 9);
  run(binary(R"(
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %r = arith.select %a, %one, %zero : f32
    linalg.yield %r : f32)", "i1", "f32"),
      {dense, dense}, dense, {less.data(), less.data()}, z.data(), n * 4);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(z[i], float(less[i]));
}

TEST_P(Loops, OtherTypes) {
  int64_t n = 45;
  Operand dense = Kernel::dense({1, 1, n});
  std::vector<int64_t> a(n), b(n), c(n);
  for (int64_t i = 0; i < n; ++i)
    a[i] = i * 1000000007, b[i] = i - 20;
  run(binary("    %r = arith.muli %a, %b : i64\n    linalg.yield %r : i64", "i64", "i64"),
      {dense, dense}, dense, {a.data(), b.data()}, c.data(), n * 8);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(c[i], a[i] * b[i]);
  std::vector<double> x(n, 1.25), y(n, 3), z(n);
  run(binary("    %r = arith.divf %a, %b : f64\n    linalg.yield %r : f64", "f64", "f64"),
      {dense, dense}, dense, {x.data(), y.data()}, z.data(), n * 8);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(z[i], 1.25 / 3);
  std::vector<uint16_t> h(n, 0x3c00), k(n, 0x3555); // 1 and a third as halves
  std::vector<float> f(n);
  run(binary(R"(
    %u = arith.extf %a : f16 to f32
    %v = arith.extf %b : f16 to f32
    %r = arith.addf %u, %v : f32
    linalg.yield %r : f32)", "f16", "f32"),
      {dense, dense}, dense, {h.data(), k.data()}, f.data(), n * 4);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_NEAR(f[i], 4.0 / 3, 1e-3);
  std::vector<uint16_t> half(n);
  run(binary("    %r = arith.truncf %a : f32 to bf16\n    linalg.yield %r : bf16", "f32", "bf16"),
      {dense, dense}, dense, {f.data(), f.data()}, half.data(), n * 2);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(half[i], 0x3fab);
}

TEST_P(Loops, IndicesAndGathers) {
  std::string text = R"(
#id = affine_map<(a, b) -> (a, b)>
zorro.kernel @k map because "test" {
^bb0(%t: tensor<?x?xf32>, %i: tensor<?x?xi64>, %o: tensor<?x?xf32>):
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%i : tensor<?x?xi64>) outs(%o : tensor<?x?xf32>) {
  ^bb1(%n: i64, %c: f32):
    %row = arith.index_cast %n : i64 to index
    %column = linalg.index 1 : index
    %r = tensor.extract %t[%row, %column] : tensor<?x?xf32>
    linalg.yield %r : f32
  } -> tensor<?x?xf32>
  zorro.yield %0 : tensor<?x?xf32>
})";
  int64_t rows = 9, n = 6, width = 35;
  std::vector<float> t = randoms(rows * width), o(n * width);
  std::vector<int64_t> i = {3, 1, 4, 1, 5, 8};
  run(text, {Kernel::dense({rows, width}), Operand{{n, width}, {1, 0}}}, Kernel::dense({n, width}),
      {t.data(), i.data()}, o.data(), o.size() * 4);
  for (int64_t j = 0; j < n; ++j)
    EXPECT_EQ(0, std::memcmp(&o[j * width], &t[i[j] * width], width * 4));
  // Indices on registers: the result is the element's own place.
  std::string place = R"(
#id = affine_map<(a, b) -> (a, b)>
zorro.kernel @k map because "test" {
^bb0(%o: tensor<?x?xi64>):
  %0 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]}
      outs(%o : tensor<?x?xi64>) {
  ^bb1(%c: i64):
    %row = linalg.index 0 : index
    %column = linalg.index 1 : index
    %hundred = arith.constant 100 : index
    %0 = arith.muli %row, %hundred : index
    %1 = arith.addi %0, %column : index
    %r = arith.index_cast %1 : index to i64
    linalg.yield %r : i64
  } -> tensor<?x?xi64>
  zorro.yield %0 : tensor<?x?xi64>
})";
  std::vector<int64_t> p(7 * 43);
  run(place, {}, Kernel::dense({7, 43}), {}, p.data(), p.size() * 8);
  for (int64_t a = 0; a < 7; ++a)
    for (int64_t b = 0; b < 43; ++b)
      ASSERT_EQ(p[a * 43 + b], a * 100 + b);
}

TEST_P(Loops, MovesOfHighRank) {
  // [c][t·p][h·p][w·p] patches: [t][h][w][p][p][p][c], as a walk over the whole nest.
  std::string text = R"(
#id = affine_map<(a, b, c, d, e, f, g) -> (a, b, c, d, e, f, g)>
zorro.kernel @k move because "test" {
^bb0(%x: tensor<?x?x?x?x?x?x?xf32>, %o: tensor<?x?x?x?x?x?x?xf32>):
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<?x?x?x?x?x?x?xf32>) outs(%o : tensor<?x?x?x?x?x?x?xf32>) {
  ^bb1(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<?x?x?x?x?x?x?xf32>
  zorro.yield %0 : tensor<?x?x?x?x?x?x?xf32>
})";
  int64_t c = 3, t = 2, h = 3, w = 4, p = 2;
  int64_t sw = 1, sh = w * p, st = sh * h * p, sc = st * t * p;
  std::vector<float> x = randoms(c * sc), o(c * sc);
  llvm::SmallVector<int64_t> sizes = {t, h, w, p, p, p, c};
  run(text, {Operand{sizes, {st * p, sh * p, sw * p, st, sh, sw, sc}}}, Kernel::dense(sizes),
      {x.data()}, o.data(), o.size() * 4);
  int64_t at = 0;
  for (int64_t i = 0; i < t; ++i)
    for (int64_t j = 0; j < h; ++j)
      for (int64_t k = 0; k < w; ++k)
        for (int64_t a = 0; a < p; ++a)
          for (int64_t b = 0; b < p; ++b)
            for (int64_t d = 0; d < p; ++d)
              for (int64_t n = 0; n < c; ++n)
                ASSERT_EQ(o[at++],
                          x[n * sc + (i * p + a) * st + (j * p + b) * sh + (k * p + d) * sw]);
}

namespace {

/// A product of matrices with a batch, over the whole loop nest.
const char *product = R"(
#all = affine_map<(b, m, n, k) -> (b, m, n, k)>
#out = affine_map<(b, m, n, k) -> (b, m, n)>
zorro.kernel @k reduce because "test" {
^bb0(%x: tensor<?x?x?x?xf32>, %y: tensor<?x?x?x?xf32>, %o: tensor<?x?x?xf32>):
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%o : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %0 = linalg.generic {indexing_maps = [#all, #all, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %y : tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>) outs(%f : tensor<?x?x?xf32>) {
  ^bb1(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x?x?xf32>
  zorro.yield %0 : tensor<?x?x?xf32>
})";

} // namespace

TEST_P(Loops, ReductionsRunInOrder) {
  int64_t b = 2, m = 5, n = 150, k = 33;
  std::vector<float> x = randoms(b * m * k), y = randoms(b * k * n, 1, 2);
  llvm::SmallVector<int64_t> sizes = {b, m, n, k};
  for (bool transposed : {false, true}) {
    std::vector<float> o(b * m * n);
    llvm::SmallVector<int64_t> right =
        transposed ? llvm::SmallVector<int64_t>{k * n, 0, k, 1} : llvm::SmallVector<int64_t>{k * n, 0, 1, n};
    run(product, {{sizes, {m * k, k, 0, 1}}, {sizes, right}}, Kernel::dense({b, m, n}),
        {x.data(), y.data()}, o.data(), o.size() * 4);
    for (int64_t i = 0; i < b; ++i)
      for (int64_t j = 0; j < m; ++j)
        for (int64_t l = 0; l < n; ++l) {
          volatile float sum = 0; // every step rounded, in order
          for (int64_t r = 0; r < k; ++r) {
            volatile float term =
                x[(i * m + j) * k + r] * y[i * k * n + l * right[2] + r * right[3]];
            sum = sum + term;
          }
          ASSERT_EQ(o[(i * m + j) * n + l], sum);
        }
  }
}

TEST_P(Loops, ReductionsToAScalarAndOverOuterAxes) {
  std::string text = R"(
#all = affine_map<(a, b) -> (a, b)>
#out = affine_map<(a, b) -> ()>
zorro.kernel @k reduce because "test" {
^bb0(%x: tensor<?x?xf32>, %o: tensor<f32>):
  %low = arith.constant 0xFF800000 : f32
  %f = linalg.fill ins(%low : f32) outs(%o : tensor<f32>) -> tensor<f32>
  %0 = linalg.generic {indexing_maps = [#all, #out], iterator_types = ["reduction", "reduction"]}
      ins(%x : tensor<?x?xf32>) outs(%f : tensor<f32>) {
  ^bb1(%a: f32, %c: f32):
    %s = arith.maximumf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<f32>
  zorro.yield %0 : tensor<f32>
})";
  std::vector<float> x = randoms(7 * 30);
  float most = -INFINITY;
  run(text, {Kernel::dense({7, 30})}, Operand{}, {x.data()}, &most, 4);
  EXPECT_EQ(most, *std::max_element(x.begin(), x.end()));

  std::string outer = R"(
#all = affine_map<(r, a, s) -> (r, a, s)>
#out = affine_map<(r, a, s) -> (a)>
zorro.kernel @k reduce because "test" {
^bb0(%x: tensor<?x?x?xf32>, %o: tensor<?xf32>):
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  %0 = linalg.generic {indexing_maps = [#all, #out], iterator_types = ["reduction", "parallel", "reduction"]}
      ins(%x : tensor<?x?x?xf32>) outs(%f : tensor<?xf32>) {
  ^bb1(%a: f32, %c: f32):
    %s = arith.addf %c, %a : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
})";
  std::vector<float> o(300), z = randoms(4 * 300 * 5);
  run(outer, {Kernel::dense({4, 300, 5})}, Kernel::dense({300}), {z.data()}, o.data(), 300 * 4);
  for (int64_t a = 0; a < 300; ++a) {
    double sum = 0;
    for (int64_t r = 0; r < 4; ++r)
      for (int64_t s = 0; s < 5; ++s)
        sum += z[(r * 300 + a) * 5 + s];
    ASSERT_NEAR(o[a], sum, 1e-5);
  }
}

/// A convolution's window as maps: strides and dilations become strides of the loops.
TEST_P(Loops, WindowsAreStrides) {
  std::string text = R"(
#x = affine_map<(n, k) -> (n * 2 + k * 3)>
#w = affine_map<(n, k) -> (k)>
#out = affine_map<(n, k) -> (n)>
zorro.kernel @k reduce because "test" {
^bb0(%x: tensor<?xf32>, %w: tensor<?xf32>, %o: tensor<?xf32>):
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%o : tensor<?xf32>) -> tensor<?xf32>
  %0 = linalg.generic {indexing_maps = [#x, #w, #out], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<?xf32>, tensor<?xf32>) outs(%f : tensor<?xf32>) {
  ^bb1(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
})";
  std::vector<float> x = randoms(100), w = randoms(4, 1, 2), o(40);
  run(text, {Kernel::dense({100}), Kernel::dense({4})}, Kernel::dense({40}), {x.data(), w.data()},
      o.data(), 160);
  for (int64_t n = 0; n < 40; ++n) {
    double sum = 0;
    for (int64_t k = 0; k < 4; ++k)
      sum += double(x[n * 2 + k * 3]) * w[k];
    ASSERT_NEAR(o[n], sum, 1e-5);
  }
}

TEST_P(Loops, NothingToDo) {
  Kernel *kernel = Kernel::get(binary(add), GetParam());
  ASSERT_TRUE(kernel);
  Operand none = Kernel::dense({2, 0, 5});
  auto plan = kernel->plan({none, none}, none);
  ASSERT_TRUE(succeeded(plan));
  EXPECT_EQ(plan->tasks, 0);
}

INSTANTIATE_TEST_SUITE_P(Cpu, Loops, testing::ValuesIn(targets()));

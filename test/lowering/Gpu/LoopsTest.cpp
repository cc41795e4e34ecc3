//===- LoopsTest.cpp - Maps, moves and reductions on a GPU ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "test/lowering/Gpu/Harness.h"
#include "lowering/Gpu/Loops.h"

#include "mlir/IR/Diagnostics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace zorro;
using namespace zorro::test;
using llvm::SmallVector;

namespace {

using Mode = DeviceLoopsShape::Mode;

/// Nothing leaves a thread's registers, and nothing is called.
void expectPlain(const GpuKernel &kernel) {
  EXPECT_EQ(kernel.ptx.find(".local"), std::string::npos) << kernel.ptx;
  EXPECT_EQ(kernel.ptx.find("call"), std::string::npos) << kernel.ptx;
  EXPECT_LE(kernel.spillBytes, 0);
  EXPECT_LE(kernel.stackBytes, 0);
}

/// Runs the kernel on the GPU's side and on the CPU's: the same bytes.
void run(const std::string &text, std::vector<Operand> inputs, Operand result,
         std::vector<const void *> pointers, void *out, size_t bytes, bool likeCpu = true) {
  GpuKernel *kernel = GpuKernel::get(text);
  ASSERT_TRUE(kernel);
  expectPlain(*kernel);
  std::vector<char> again(static_cast<char *>(out), static_cast<char *>(out) + bytes);
  ASSERT_TRUE(kernel->run(inputs, result, pointers, out));
  if (!likeCpu)
    return;
  Kernel *cpu = Kernel::get(text, "x86-64-v3");
  ASSERT_TRUE(cpu);
  auto plan = cpu->plan(inputs, result);
  ASSERT_TRUE(succeeded(plan));
  pointers.push_back(again.data());
  cpu->run(*plan, pointers);
  EXPECT_EQ(0, std::memcmp(out, again.data(), bytes));
}

int64_t modeOf(const LaunchPlan &plan) { return plan.scalars[1]; }

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

/// A reduction of the axes marked in `reduced` ("r" or "p" for each).
std::string reduction(const std::string &reduced, const std::string &step,
                      const std::string &start, const std::string &type = "f32",
                      const std::string &from = "f32", const std::string &before = "") {
  std::string loops, parallel, iterators, in = "tensor<", out = "tensor<";
  for (size_t i = 0; i < reduced.size(); ++i) {
    std::string name = "d" + std::to_string(i);
    loops += (i ? ", " : "") + name;
    iterators += i ? ", " : "";
    iterators += reduced[i] == 'r' ? "\"reduction\"" : "\"parallel\"";
    in += "?x";
    if (reduced[i] == 'r')
      continue;
    parallel += (parallel.empty() ? "" : ", ") + name;
    out += "?x";
  }
  in += from + ">";
  out += type + ">";
  return "#in = affine_map<(" + loops + ") -> (" + loops + ")>\n#out = affine_map<(" + loops +
         ") -> (" + parallel + R"()>
zorro.kernel @k reduce because "test" {
^bb0(%x: )" + in + ", %o: " + out + R"():
  %start = arith.constant )" + start + " : " + type + R"(
  %f = linalg.fill ins(%start : )" + type + ") outs(%o : " + out + ") -> " + out + R"(
  %0 = linalg.generic {indexing_maps = [#in, #out], iterator_types = [)" + iterators + R"(]}
      ins(%x : )" + in + ") outs(%f : " + out + R"() {
  ^bb1(%i: )" + from + ", %c: " + type + R"():
)" + (before.empty() ? "" : before + "\n") + "    %r = " + step + " %c, " +
         (before.empty() ? "%i" : "%a") + " : " + type + R"(
    linalg.yield %r : )" + type + R"(
  } -> )" + out + R"(
  zorro.yield %0 : )" + out + "\n}";
}

} // namespace

//===----------------------------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------------------------===//

TEST(GpuLoops, DivisionsAreProducts) {
  auto divide = [](uint32_t n, int64_t word) {
    uint64_t multiplier = uint32_t(word), shift = uint64_t(word) >> 32;
    uint32_t high = uint32_t(n * multiplier >> 32);
    return uint32_t(high + n) >> shift;
  };
  std::vector<uint32_t> sizes = {1, 2, 3, 5, 6, 7, 9, 10, 31, 32, 33, 641, 0x7ffffffe, 0x7fffffff};
  for (unsigned bit = 1; bit < 31; ++bit)
    sizes.insert(sizes.end(), {(1u << bit) - 1, 1u << bit, (1u << bit) + 1});
  uint64_t state = 1;
  for (uint32_t size : sizes) {
    int64_t word = divisorWord(size);
    EXPECT_LE(uint64_t(word) >> 32, 31u);
    std::vector<uint32_t> numbers = {0, 1, size - 1, size, size + 1, 0x7fffffff, 0x7ffffffe};
    for (int i = 0; i < 200; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      uint32_t n = uint32_t(state >> 33);
      numbers.insert(numbers.end(), {n, n / size * size, n / size * size - 1});
    }
    for (uint32_t n : numbers)
      if (n <= 0x7fffffff)
        ASSERT_EQ(divide(n, word), n / size) << n << " / " << size;
  }
}

TEST(GpuLoops, AddsWithBroadcastsAndStrides) {
  int64_t n0 = 3, n1 = 5, n2 = 37;
  std::vector<float> x = randoms(n0 * n1 * n2 * 2), y = randoms(n0 * n1 * n2, 1, 2);
  struct {
    SmallVector<int64_t> x, y, o;
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
    SmallVector<int64_t> sizes = {n0, n1, n2};
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

/// Large contiguous maps take sixteen bytes at once: with tails, broadcasts and odd addresses.
TEST(GpuLoops, NeighboursAreTakenTogether) {
  GpuKernel *kernel = GpuKernel::get(binary(add));
  ASSERT_TRUE(kernel);
  expectPlain(*kernel);
  struct {
    SmallVector<int64_t> sizes, x, y;
    int64_t shiftX, shiftOut;
    bool vectors, wideReads;
  } cases[] = {
      {{1, 1, 131075}, {0, 0, 1}, {0, 0, 1}, 0, 0, true, true},   // a tail of three
      {{1, 1, 131075}, {0, 0, 1}, {0, 0, 1}, 1, 0, true, false},  // an odd input
      {{1, 1, 131072}, {0, 0, 1}, {0, 0, 1}, 0, 2, true, false},  // an odd result
      {{1, 1, 131072}, {0, 0, 1}, {0, 0, 1}, 4, 8, true, true},   // even ones
      {{2, 512, 132}, {67584, 132, 1}, {0, 0, 1}, 0, 0, true, true},  // a row for all
      {{2, 512, 132}, {67584, 132, 1}, {512, 1, 0}, 0, 0, true, true}, // a column for all
      {{2, 512, 132}, {67584, 132, 1}, {0, 0, 0}, 0, 0, true, true},  // a scalar
      {{1, 1, 131070}, {0, 0, 1}, {0, 0, 1}, 0, 0, false, false}, // not so large
      {{2, 512, 131}, {67072, 131, 1}, {512, 1, 0}, 0, 0, false, false}, // odd rows
      {{2, 512, 132}, {68096, 133, 1}, {67584, 132, 1}, 0, 0, false, false}, // rows apart
      {{2, 512, 132}, {135168, 264, 2}, {67584, 132, 1}, 0, 0, false, false}, // every second
  };
  for (auto &c : cases) {
    SCOPED_TRACE(testing::Message() << &c - cases);
    Operand inX{c.sizes, c.x}, inY{c.sizes, c.y}, to = Kernel::dense(c.sizes);
    auto plan = kernel->plan({inX, inY}, to);
    ASSERT_TRUE(succeeded(plan));
    EXPECT_EQ(modeOf(*plan), c.vectors ? Mode::PerVector : Mode::PerElement);
    int64_t n = c.sizes[0] * c.sizes[1] * c.sizes[2];
    std::vector<float> x = randoms(extent(inX) + c.shiftX), y = randoms(extent(inY), 1, 2);
    ptx::Memory memory;
    uint64_t out = memory.allocate((n + c.shiftOut) * 4);
    auto statistics = kernel->run(
        *plan, {memory.upload(x) + c.shiftX * 4, memory.upload(y), out + c.shiftOut * 4}, memory);
    ASSERT_TRUE(statistics);
    std::vector<float> o = memory.download<float>(out + c.shiftOut * 4, n);
    int64_t at = 0;
    for (int64_t i = 0; i < c.sizes[0]; ++i)
      for (int64_t j = 0; j < c.sizes[1]; ++j)
        for (int64_t k = 0; k < c.sizes[2]; ++k)
          ASSERT_EQ(o[at++], x[i * c.x[0] + j * c.x[1] + k * c.x[2] + c.shiftX] +
                                 y[i * c.y[0] + j * c.y[1] + k * c.y[2]]);
    uint64_t wide = statistics->count("ld.global.v4"), stores = statistics->count("st.global.v4");
    EXPECT_EQ(wide > 0, c.wideReads);
    EXPECT_EQ(stores, c.wideReads ? uint64_t(n) / 128 : 0u);
  }
}

/// The width of a thread's access follows the widest operand.
TEST(GpuLoops, NarrowTypesTakeMoreNeighbours) {
  int64_t n = 262147; // 8 a thread, and a tail of 3
  std::vector<uint16_t> x(n), y(n), o(n);
  for (int64_t i = 0; i < n; ++i)
    x[i] = toBf16(float(i % 251) / 8 - 9), y[i] = toBf16(float(i % 127) - 60);
  std::string body = R"(
    %u = arith.extf %a : bf16 to f32
    %v = arith.extf %b : bf16 to f32
    %s = arith.addf %u, %v : f32
    %r = arith.truncf %s : f32 to bf16
    linalg.yield %r : bf16)";
  Operand dense = Kernel::dense({1, 1, n});
  GpuKernel *kernel = GpuKernel::get(binary(body, "bf16", "bf16"));
  ASSERT_TRUE(kernel);
  auto plan = kernel->plan({dense, dense}, dense);
  ASSERT_TRUE(succeeded(plan));
  EXPECT_EQ(modeOf(*plan), Mode::PerVector);
  EXPECT_EQ(plan->tasks, (n + 2047) / 2048);
  EXPECT_EQ(plan->bytes, n * 6);
  run(binary(body, "bf16", "bf16"), {dense, dense}, dense, {x.data(), y.data()}, o.data(), n * 2,
      /*likeCpu=*/false);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(o[i], toBf16(fromBf16(x[i]) + fromBf16(y[i]))) << i;

  // Numbers in, bytes out: four of each.
  std::vector<float> a = randoms(n), b = randoms(n, 1, 2);
  std::vector<uint8_t> less(n);
  run(binary("    %r = arith.cmpf olt, %a, %b : f32\n    linalg.yield %r : i1", "f32", "i1"),
      {dense, dense}, dense, {a.data(), b.data()}, less.data(), n);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(less[i], a[i] < b[i]);

  // Doubles: two.
  std::vector<double> u(n, 1.25), v(n, 3), w(n);
  run(binary("    %r = arith.divf %a, %b : f64\n    linalg.yield %r : f64", "f64", "f64"),
      {dense, dense}, dense, {u.data(), v.data()}, w.data(), n * 8);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(w[i], 1.25 / 3);
}

TEST(GpuLoops, MathBecomesArithmetic) {
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
      {"math.rsqrt", [](double x) { return 1 / std::sqrt(x); }, 0.01f, 50, 5e-7},
      {"math.trunc", std::trunc, -9, 9, 0},     {"math.round", std::round, -9, 9, 0},
  };
  int64_t n = 500 + 3;
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

/// What CPU and GPU make of infinities, NaN, zeros and numbers of few bits.
TEST(GpuLoops, SpecialNumbers) {
  std::vector<float> x = {0.0f,  -0.0f, INFINITY, -INFINITY, NAN,      1e-40f, -1e-40f,
                          1e38f, 3e38f, -3e38f,   1.0f,      -1.0f,    88.8f,  -104.0f,
                          1e30f, -1e30f};
  int64_t n = x.size();
  std::vector<float> a, b;
  for (float u : x)
    for (float v : x)
      a.push_back(u), b.push_back(v);
  Operand dense = Kernel::dense({1, n, n});
  struct {
    const char *name;
    float (*function)(float, float);
  } cases[] = {
      {"arith.addf %a, %b", [](float u, float v) { return u + v; }},
      {"arith.subf %a, %b", [](float u, float v) { return u - v; }},
      {"arith.mulf %a, %b", [](float u, float v) { return u * v; }},
      {"arith.divf %a, %b", [](float u, float v) { return u / v; }},
      {"arith.maximumf %a, %b",
       [](float u, float v) { return u != u || v != v ? NAN : std::fmax(u, v); }},
      {"arith.minimumf %a, %b",
       [](float u, float v) { return u != u || v != v ? NAN : std::fmin(u, v); }},
      {"arith.maxnumf %a, %b", [](float u, float v) { return std::fmax(u, v); }},
      {"arith.minnumf %a, %b", [](float u, float v) { return std::fmin(u, v); }},
      {"math.copysign %a, %b", [](float u, float v) { return std::copysign(u, v); }},
      {"math.exp %a", [](float u, float) { return float(std::exp(double(u))); }},
  };
  for (auto &c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<float> o(n * n);
    run(binary(std::string("    %r = ") + c.name + " : f32\n    linalg.yield %r : f32"),
        {dense, dense}, dense, {a.data(), b.data()}, o.data(), n * n * 4, /*likeCpu=*/false);
    for (int64_t i = 0; i < n * n; ++i) {
      float want = c.function(a[i], b[i]);
      if (want != want)
        EXPECT_TRUE(std::isnan(o[i])) << a[i] << " " << b[i];
      else if (std::isinf(want) || want == 0)
        EXPECT_EQ(o[i], want) << a[i] << " " << b[i];
      else // numbers of few bits are kept by sums, not by exp
        EXPECT_NEAR(o[i], want, std::max(std::fabs(want) * 1e-6, 2e-38)) << a[i] << " " << b[i];
    }
  }
}

TEST(GpuLoops, ExponentialsOfDoubles) {
  std::vector<double> x = {0,       1,      -1,       0.34657359027997264, 709.78, 710,
                           -708.4, -744.4, -745.2,   -1e308,              1e308,  INFINITY,
                           -INFINITY, NAN,  1e-300,  -0.0};
  for (float value : randoms(100, 700))
    x.push_back(value);
  int64_t n = x.size();
  std::vector<double> o(n);
  Operand dense = Kernel::dense({1, 1, n});
  run(binary("    %r = math.exp %a : f64\n    linalg.yield %r : f64", "f64", "f64"),
      {dense, dense}, dense, {x.data(), x.data()}, o.data(), n * 8, /*likeCpu=*/false);
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

/// Alone or among neighbours, an element gets the same bits.
TEST(GpuLoops, OneOrManyElementsOfAThread) {
  const char *body = R"(
    %g = zorro.gelu %a erf : f32
    %h = zorro.gelu %b tanh : f32
    %e = math.exp %a : f32
    %s = arith.addf %g, %h : f32
    %r = arith.divf %s, %e : f32
    linalg.yield %r : f32)";
  int64_t n = 131072;
  GpuKernel *kernel = GpuKernel::get(binary(body));
  ASSERT_TRUE(kernel);
  expectPlain(*kernel);
  std::vector<float> x = randoms(n, 3), y = randoms(n, 3, 2);
  Operand dense = Kernel::dense({1, 1, n});
  auto plan = kernel->plan({dense, dense}, dense);
  ASSERT_TRUE(succeeded(plan));
  ASSERT_EQ(modeOf(*plan), Mode::PerVector);
  ptx::Memory memory;
  uint64_t out = memory.allocate(n * 4);
  // Three blocks are enough to see.
  ASSERT_TRUE(kernel->run(*plan, {memory.upload(x), memory.upload(y), out}, memory,
                          [](ptx::Launch &launch) {
                            launch.select = [](ptx::Dim3 block) { return block.x < 3; };
                          }));
  std::vector<float> many = memory.download<float>(out, 3072), o(3072);
  Operand few = Kernel::dense({1, 1, 3072});
  run(binary(body), {few, few}, few, {x.data(), y.data()}, o.data(), o.size() * 4);
  EXPECT_EQ(0, std::memcmp(o.data(), many.data(), o.size() * 4));
  for (int64_t i = 0; i < 3072; ++i) {
    double a = x[i], b = y[i], c = std::sqrt(2 / M_PI) * (b + 0.044715 * b * b * b);
    double want =
        (a / 2 * (1 + std::erf(a / std::sqrt(2))) + b / 2 * (1 + std::tanh(c))) / std::exp(a);
    ASSERT_NEAR(o[i], want, 1e-5 * std::max(1.0, std::fabs(want)));
  }
}

TEST(GpuLoops, OtherTypes) {
  int64_t n = 45;
  Operand dense = Kernel::dense({1, 1, n});
  std::vector<int64_t> a(n), b(n), c(n);
  for (int64_t i = 0; i < n; ++i)
    a[i] = i * 1000000007, b[i] = i - 20;
  run(binary("    %r = arith.muli %a, %b : i64\n    linalg.yield %r : i64", "i64", "i64"),
      {dense, dense}, dense, {a.data(), b.data()}, c.data(), n * 8);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(c[i], a[i] * b[i]);
  std::vector<int32_t> k(n), l(n, 7), m(n);
  for (int64_t i = 0; i < n; ++i)
    k[i] = i * 100003 - 2000000;
  run(binary("    %r = arith.divsi %a, %b : i32\n    linalg.yield %r : i32", "i32", "i32"),
      {dense, dense}, dense, {k.data(), l.data()}, m.data(), n * 4);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(m[i], k[i] / 7);
  std::vector<int8_t> p(n), q(n, 3), r(n);
  for (int64_t i = 0; i < n; ++i)
    p[i] = i * 5 - 100;
  run(binary("    %r = arith.muli %a, %b : i8\n    linalg.yield %r : i8", "i8", "i8"),
      {dense, dense}, dense, {p.data(), q.data()}, r.data(), n);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(r[i], int8_t(p[i] * 3));
  std::vector<uint8_t> wide(n);
  run(binary("    %r = arith.maxui %a, %b : i8\n    linalg.yield %r : i8", "i8", "i8"),
      {dense, dense}, dense, {p.data(), q.data()}, wide.data(), n);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(wide[i], std::max(uint8_t(p[i]), uint8_t(3)));
  std::vector<uint16_t> h(n, 0x3c00), t(n, 0x3555); // 1 and a third as halves
  std::vector<float> f(n);
  run(binary(R"(
    %u = arith.extf %a : f16 to f32
    %v = arith.extf %b : f16 to f32
    %r = arith.addf %u, %v : f32
    linalg.yield %r : f32)", "f16", "f32"),
      {dense, dense}, dense, {h.data(), t.data()}, f.data(), n * 4);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_NEAR(f[i], 4.0 / 3, 1e-3);
  std::vector<uint16_t> half(n);
  run(binary("    %r = arith.addf %a, %b : f16\n    linalg.yield %r : f16", "f16", "f16"),
      {dense, dense}, dense, {h.data(), t.data()}, half.data(), n * 2);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(half[i], 0x3d55);
  run(binary("    %r = arith.truncf %a : f32 to bf16\n    linalg.yield %r : bf16", "f32", "bf16"),
      {dense, dense}, dense, {f.data(), f.data()}, half.data(), n * 2);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(half[i], 0x3fab);
  std::vector<int64_t> whole(n);
  std::vector<float> numbers = randoms(n, 1e6);
  run(binary("    %r = arith.fptosi %a : f32 to i64\n    linalg.yield %r : i64", "f32", "i64"),
      {dense, dense}, dense, {numbers.data(), numbers.data()}, whole.data(), n * 8);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(whole[i], int64_t(numbers[i]));
  run(binary("    %r = arith.sitofp %a : i64 to f32\n    linalg.yield %r : f32", "i64", "f32"),
      {dense, dense}, dense, {a.data(), a.data()}, f.data(), n * 4);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(f[i], float(a[i]));
}

TEST(GpuLoops, BooleansAreBytes) {
  int64_t n = 77;
  std::vector<float> z(n);
  std::vector<uint8_t> truth(n), both(n + 1, 9);
  for (int64_t i = 0; i < n; ++i)
    truth[i] = i % 3 ? i : 0; // whatever is not zero is true
  Operand dense = Kernel::dense({1, 1, n});
  run(binary(R"(
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %r = arith.select %a, %one, %zero : f32
    linalg.yield %r : f32)", "i1", "f32"),
      {dense, dense}, dense, {truth.data(), truth.data()}, z.data(), n * 4);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(z[i], float(truth[i] != 0));
  run(binary("    %r = arith.andi %a, %b : i1\n    linalg.yield %r : i1", "i1", "i1"),
      {dense, dense}, dense, {truth.data(), truth.data()}, both.data(), n + 1);
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(both[i], truth[i] != 0);
  EXPECT_EQ(both[n], 9);
}

TEST(GpuLoops, IndicesAndGathers) {
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
  // The order of a kernel's arguments is that of the call: the table first.
  run(text, {Kernel::dense({rows, width}), Operand{{n, width}, {1, 0}}}, Kernel::dense({n, width}),
      {t.data(), i.data()}, o.data(), o.size() * 4);
  for (int64_t j = 0; j < n; ++j)
    EXPECT_EQ(0, std::memcmp(&o[j * width], &t[i[j] * width], width * 4));
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
  // Several neighbours a thread: each has its own index.
  std::vector<int64_t> wide(700 * 100);
  Operand dense = Kernel::dense({700, 100});
  auto plan = GpuKernel::get(place)->plan({}, dense);
  ASSERT_TRUE(succeeded(plan));
  EXPECT_EQ(modeOf(*plan), Mode::PerVector);
  run(place, {}, dense, {}, wide.data(), wide.size() * 8);
  for (int64_t a = 0; a < 70000; ++a)
    ASSERT_EQ(wide[a], a);
}

TEST(GpuLoops, MovesOfHighRank) {
  // [c][t·p][h·p][w·p] patches: [t][h][w][p][p][p][c], as a walk over the whole nest.
  std::string text = R"(
zorro.kernel @k move because "test" {
^bb0(%x: tensor<?x?x?x?x?x?x?xf32>, %o: tensor<?x?x?x?x?x?x?xf32>):
  %0 = linalg.copy ins(%x : tensor<?x?x?x?x?x?x?xf32>) outs(%o : tensor<?x?x?x?x?x?x?xf32>) -> tensor<?x?x?x?x?x?x?xf32>
  zorro.yield %0 : tensor<?x?x?x?x?x?x?xf32>
})";
  int64_t c = 3, t = 2, h = 3, w = 4, p = 2;
  int64_t sw = 1, sh = w * p, st = sh * h * p, sc = st * t * p;
  std::vector<float> x = randoms(c * sc), o(c * sc);
  SmallVector<int64_t> sizes = {t, h, w, p, p, p, c};
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

TEST(GpuLoops, ConstantsAreWritten) {
  std::string text = R"(
#id = affine_map<(a, b) -> (a, b)>
zorro.kernel @k move because "test" {
^bb0(%o: tensor<?x?xf32>):
  %value = arith.constant 2.5 : f32
  %0 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]}
      outs(%o : tensor<?x?xf32>) {
  ^bb1(%c: f32):
    linalg.yield %value : f32
  } -> tensor<?x?xf32>
  zorro.yield %0 : tensor<?x?xf32>
})";
  std::vector<float> o(3 * 10, 7);
  run(text, {}, Operand{{3, 6}, {10, 1}}, {}, o.data(), o.size() * 4);
  for (int64_t i = 0; i < 30; ++i)
    ASSERT_EQ(o[i], i % 10 < 6 ? 2.5f : 7.0f);
}

//===----------------------------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------------------------===//

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

/// The order that Loops.cpp names: 32 sums, joined by halves.
template <typename Join>
float inOrder(const std::vector<float> &terms, float start, float neutral, Join join) {
  float sums[32];
  for (int i = 0; i < 32; ++i)
    sums[i] = i ? neutral : start;
  for (size_t r = 0; r < terms.size(); ++r)
    sums[r % 32] = join(sums[r % 32], terms[r]);
  for (int half = 16; half > 0; half /= 2)
    for (int i = 0; i < half; ++i)
      sums[i] = join(sums[i], sums[i + half]);
  return sums[0];
}

float plus(float a, float b) {
  volatile float sum = a + b; // rounded at every step
  return sum;
}

} // namespace

TEST(GpuLoops, ShortReductionsRunInOrder) {
  int64_t b = 2, m = 5, n = 30, k = 33;
  std::vector<float> x = randoms(b * m * k), y = randoms(b * k * n, 1, 2);
  SmallVector<int64_t> sizes = {b, m, n, k};
  for (bool transposed : {false, true}) {
    std::vector<float> o(b * m * n);
    SmallVector<int64_t> right =
        transposed ? SmallVector<int64_t>{k * n, 0, k, 1} : SmallVector<int64_t>{k * n, 0, 1, n};
    run(product, {{sizes, {m * k, k, 0, 1}}, {sizes, right}}, Kernel::dense({b, m, n}),
        {x.data(), y.data()}, o.data(), o.size() * 4);
    for (int64_t i = 0; i < b; ++i)
      for (int64_t j = 0; j < m; ++j)
        for (int64_t l = 0; l < n; ++l) {
          float sum = 0;
          for (int64_t r = 0; r < k; ++r) {
            volatile float term =
                x[(i * m + j) * k + r] * y[i * k * n + l * right[2] + r * right[3]];
            sum = plus(sum, term);
          }
          ASSERT_EQ(o[(i * m + j) * n + l], sum);
        }
  }
}

TEST(GpuLoops, LongReductionsAreSplit) {
  for (int64_t steps : {63, 64, 65, 100, 1000, 1024})
    for (int64_t rows : {1, 7, 300}) {
      SCOPED_TRACE(testing::Message() << steps << " " << rows);
      std::string text = reduction("pr", "arith.addf", "1.5");
      GpuKernel *kernel = GpuKernel::get(text);
      ASSERT_TRUE(kernel);
      auto plan = kernel->plan({Kernel::dense({rows, steps})}, Kernel::dense({rows}));
      ASSERT_TRUE(succeeded(plan));
      EXPECT_EQ(modeOf(*plan) != Mode::PerElement, steps >= 64);
      if (rows * steps > 30000)
        continue;
      std::vector<float> x = randoms(rows * steps), o(rows);
      run(text, {Kernel::dense({rows, steps})}, Kernel::dense({rows}), {x.data()}, o.data(),
          rows * 4, /*likeCpu=*/steps < 64);
      for (int64_t i = 0; i < rows && steps >= 64; ++i) {
        std::vector<float> terms(&x[i * steps], &x[(i + 1) * steps]);
        ASSERT_EQ(o[i], inOrder(terms, 1.5, -0.0f, plus)) << i;
      }
    }
}

TEST(GpuLoops, SplitReductionsOfEveryKind) {
  struct {
    const char *step, *start;
    float from, neutral;
    float (*join)(float, float);
  } cases[] = {
      {"arith.addf", "0.0", 0, -0.0f, plus},
      {"arith.mulf", "1.0", 1, 1,
       [](float a, float b) -> float {
         volatile float product = a * b;
         return product;
       }},
      {"arith.maximumf", "0xFF800000", -INFINITY, -INFINITY,
       [](float a, float b) { return a != a || b != b ? NAN : std::fmax(a, b); }},
      {"arith.minimumf", "0x7F800000", INFINITY, INFINITY,
       [](float a, float b) { return a != a || b != b ? NAN : std::fmin(a, b); }},
      {"arith.maxnumf", "0xFF800000", -INFINITY, -INFINITY,
       [](float a, float b) { return std::fmax(a, b); }},
      {"arith.minnumf", "0x7F800000", INFINITY, INFINITY,
       [](float a, float b) { return std::fmin(a, b); }},
  };
  int64_t n0 = 3, n1 = 5, n2 = 29, n3 = 2;
  for (auto &c : cases)
    for (const char *axes : {"prpr", "rprp", "rrrr", "prrp", "pprr"}) {
      SCOPED_TRACE(testing::Message() << c.step << " " << axes);
      int64_t sizes[] = {n0, n1, n2, n3}, steps = 1;
      SmallVector<int64_t> kept;
      for (int i = 0; i < 4; ++i)
        if (axes[i] == 'r')
          steps *= sizes[i];
        else
          kept.push_back(sizes[i]);
      std::vector<float> x = randoms(n0 * n1 * n2 * n3, 1.2f);
      x[17] = NAN;
      int64_t count = x.size() / steps;
      std::vector<float> o(count);
      run(reduction(axes, c.step, c.start), {Kernel::dense({n0, n1, n2, n3})}, Kernel::dense(kept),
          {x.data()}, o.data(), count * 4, /*likeCpu=*/false);
      std::vector<std::vector<float>> terms(count);
      int64_t at = 0;
      for (int64_t i0 = 0; i0 < n0; ++i0)
        for (int64_t i1 = 0; i1 < n1; ++i1)
          for (int64_t i2 = 0; i2 < n2; ++i2)
            for (int64_t i3 = 0; i3 < n3; ++i3) {
              int64_t index[] = {i0, i1, i2, i3}, place = 0;
              for (int i = 0; i < 4; ++i)
                if (axes[i] == 'p')
                  place = place * sizes[i] + index[i];
              terms[place].push_back(x[at++]);
            }
      for (int64_t i = 0; i < count; ++i) {
        float want = c.from;
        if (steps >= 64)
          want = inOrder(terms[i], c.from, c.neutral, c.join);
        else
          for (float term : terms[i])
            want = c.join(want, term);
        if (want != want)
          EXPECT_TRUE(std::isnan(o[i])) << i;
        else
          EXPECT_EQ(o[i], want) << i;
      }
    }
}

/// What cannot be split runs in order, however long it is.
TEST(GpuLoops, OtherReductionsRunInOrder) {
  int64_t rows = 5, steps = 200;
  std::vector<int64_t> x(rows * steps), o(rows);
  for (int64_t i = 0; i < rows * steps; ++i)
    x[i] = (i * 7919) % 1000003;
  run(reduction("pr", "arith.addi", "5", "i64", "i64"), {Kernel::dense({rows, steps})},
      Kernel::dense({rows}), {x.data()}, o.data(), rows * 8);
  for (int64_t i = 0; i < rows; ++i) {
    int64_t sum = 5;
    for (int64_t r = 0; r < steps; ++r)
      sum += x[i * steps + r];
    ASSERT_EQ(o[i], sum);
  }
  // The value so far is read twice.
  std::string twice = reduction("pr", "arith.addf", "1.0", "f32", "f32",
                                "    %a = arith.mulf %c, %i : f32");
  std::vector<float> y = randoms(rows * steps, 0.1f), p(rows);
  auto plan = GpuKernel::get(twice)->plan({Kernel::dense({rows, steps})}, Kernel::dense({rows}));
  ASSERT_TRUE(succeeded(plan));
  EXPECT_EQ(modeOf(*plan), Mode::PerElement);
  run(twice, {Kernel::dense({rows, steps})}, Kernel::dense({rows}), {y.data()}, p.data(), rows * 4);
}

/// bf16 in memory, sums in f32: in the body, and behind the destination.
TEST(GpuLoops, ReductionsRoundOnceForMemory) {
  std::string text = R"(
#in = affine_map<(a, b) -> (a, b)>
#out = affine_map<(a, b) -> (a)>
zorro.kernel @k reduce because "test" {
^bb0(%x: tensor<?x?xbf16>, %o: tensor<?xbf16>):
  %zero = arith.constant 0.0 : f32
  %to = arith.extf %o : tensor<?xbf16> to tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%to : tensor<?xf32>) -> tensor<?xf32>
  %0 = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x?xbf16>) outs(%f : tensor<?xf32>) {
  ^bb1(%i: bf16, %c: f32):
    %a = arith.extf %i : bf16 to f32
    %s = arith.addf %c, %a : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  %1 = arith.truncf %0 : tensor<?xf32> to tensor<?xbf16>
  zorro.yield %1 : tensor<?xbf16>
})";
  for (int64_t steps : {20, 200}) {
    int64_t rows = 9;
    std::vector<uint16_t> x = toBf16(randoms(rows * steps)), o(rows);
    run(text, {Kernel::dense({rows, steps})}, Kernel::dense({rows}), {x.data()}, o.data(),
        rows * 2, /*likeCpu=*/steps < 64);
    for (int64_t i = 0; i < rows; ++i) {
      std::vector<float> terms =
          fromBf16(llvm::ArrayRef<uint16_t>(x).slice(i * steps, steps));
      float sum = 0;
      for (float term : terms)
        sum = plus(sum, term);
      if (steps >= 64)
        sum = inOrder(terms, 0, -0.0f, plus);
      ASSERT_EQ(o[i], toBf16(sum));
    }
  }
}

/// A convolution's window as maps: strides and dilations become strides of the loops.
TEST(GpuLoops, WindowsAreStrides) {
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
  std::vector<float> x = randoms(100), w = randoms(4, 1, 2), o(30);
  run(text, {Kernel::dense({100}), Kernel::dense({4})}, Kernel::dense({30}), {x.data(), w.data()},
      o.data(), 120);
  for (int64_t n = 0; n < 30; ++n) {
    double sum = 0;
    for (int64_t k = 0; k < 4; ++k)
      sum += double(x[n * 2 + k * 3]) * w[k];
    ASSERT_NEAR(o[n], sum, 1e-5);
  }
}

TEST(GpuLoops, NothingToDo) {
  GpuKernel *kernel = GpuKernel::get(binary(add));
  ASSERT_TRUE(kernel);
  Operand none = Kernel::dense({2, 0, 5});
  auto plan = kernel->plan({none, none}, none);
  ASSERT_TRUE(succeeded(plan));
  EXPECT_EQ(plan->tasks, 0);
  // A reduction of nothing is where it starts.
  std::vector<float> o(3, 7);
  std::string text = reduction("pr", "arith.addf", "1.5");
  Operand empty{{3, 0}, {0, 1}};
  run(text, {empty}, Kernel::dense({3}), {o.data()}, o.data(), 12);
  EXPECT_EQ(o, std::vector<float>(3, 1.5f));
}

TEST(GpuLoops, TooLargeIsSaid) {
  GpuKernel *kernel = GpuKernel::get(binary(add));
  ASSERT_TRUE(kernel);
  std::string said;
  mlir::ScopedDiagnosticHandler handler(kernel->kernel.getContext(), [&](mlir::Diagnostic &d) {
    said = d.str();
    return mlir::success();
  });
  Operand huge = Kernel::dense({1 << 11, 1 << 10, 1 << 10});
  EXPECT_TRUE(failed(kernel->plan({huge, huge}, huge)));
  EXPECT_NE(said.find("limit: expected fewer than 2^31 elements but got 2147483648"),
            std::string::npos) << said;
  Operand far{{2, 3, 4}, {int64_t(1) << 29, 4, 1}};
  EXPECT_TRUE(failed(kernel->plan({far, far}, Kernel::dense({2, 3, 4}))));
  EXPECT_NE(said.find("limit: expected strides below 2 GiB but got 2147483648 bytes"),
            std::string::npos) << said;
}

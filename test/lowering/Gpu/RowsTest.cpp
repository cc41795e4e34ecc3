//===- RowsTest.cpp - Norms and softmax on a GPU ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "test/lowering/Gpu/Harness.h"

#include "mlir/IR/Diagnostics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace zorro;
using namespace zorro::test;

namespace {

enum Kind { LayerNorm, BareLayerNorm, RmsNorm, Softmax };
const Kind kinds[] = {LayerNorm, BareLayerNorm, RmsNorm, Softmax};

/// Rows of `columns`; x and the result are `from` and `to` in memory, scale and bias `row`.
std::string text(Kind kind, int64_t columns, const std::string &from = "f32",
                 const std::string &to = "f32", const std::string &row = "f32") {
  std::string c = std::to_string(columns);
  auto tensor = [&](const std::string &type) { return "tensor<?x?x" + c + "x" + type + ">"; };
  auto vector = [&](const std::string &type) { return "tensor<" + c + "x" + type + ">"; };
  std::string head, body;
  auto argument = [&](const std::string &name, const std::string &stored, const std::string &used) {
    head += (head.empty() ? "%" : ", %") + name + ": " + stored;
    if (stored == used)
      return "%" + name;
    body += "  %" + name + "_wide = arith.extf %" + name + " : " + stored + " to " + used + "\n";
    return "%" + name + "_wide";
  };
  std::string x = argument("x", tensor(from), tensor("f32")), op;
  if (kind == LayerNorm || kind == BareLayerNorm) {
    op = "zorro.layer_norm " + x;
    if (kind == LayerNorm)
      op += " scale " + argument("s", vector(row), vector("f32")) + " : " + vector("f32");
    if (kind == LayerNorm)
      op += " bias " + argument("b", vector(row), vector("f32")) + " : " + vector("f32");
    op += " eps 1.0e-5";
  } else if (kind == RmsNorm) {
    op = "zorro.rms_norm " + x;
    op += " scale " + argument("s", vector(row), vector("f32")) + " : " + vector("f32") +
          " eps 1.0e-5";
  } else {
    op = "zorro.softmax " + x;
  }
  body += "  %y = " + op + " : " + tensor("f32") + "\n";
  std::string yielded = "%y";
  if (to != "f32") {
    body += "  %z = arith.truncf %y : " + tensor("f32") + " to " + tensor(to) + "\n";
    yielded = "%z";
  }
  return "zorro.kernel @k row because \"test\" {\n^bb0(" + head + "):\n" + body + "  zorro.yield " +
         yielded + " : " + tensor(to) + "\n}";
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

void expectPlain(const GpuKernel &kernel) {
  EXPECT_EQ(kernel.ptx.find(".local"), std::string::npos);
  EXPECT_EQ(kernel.ptx.find("call"), std::string::npos);
  EXPECT_LE(kernel.spillBytes, 0);
  EXPECT_LE(kernel.stackBytes, 0);
}

/// Inputs for a kernel of this kind: rows, then scale and bias.
struct Case {
  Kind kind;
  int64_t columns;
  std::vector<float> scale, bias;
  std::vector<uint16_t> scale16, bias16;

  Case(Kind kind, int64_t columns)
      : kind(kind), columns(columns), scale(randoms(columns, 1, 2)), bias(randoms(columns, 1, 3)) {}

  void roundRows() {
    scale16 = toBf16(scale);
    bias16 = toBf16(bias);
    scale = fromBf16(scale16);
    bias = fromBf16(bias16);
  }
  void add(std::vector<Operand> &inputs, std::vector<const void *> &pointers) {
    auto give = [&](const std::vector<float> &wide, const std::vector<uint16_t> &narrow) {
      inputs.push_back(Kernel::dense({columns}));
      pointers.push_back(narrow.empty() ? static_cast<const void *>(wide.data()) : narrow.data());
    };
    if (kind == LayerNorm || kind == RmsNorm)
      give(scale, scale16);
    if (kind == LayerNorm)
      give(bias, bias16);
  }
};

} // namespace

TEST(GpuRows, AgreeWithReference) {
  for (Kind kind : kinds)
    for (int64_t columns : {1, 3, 8, 31, 64, 67, 127, 128, 129, 130, 256, 768}) {
      SCOPED_TRACE(testing::Message() << "kind " << kind << " columns " << columns);
      GpuKernel *kernel = GpuKernel::get(text(kind, columns));
      ASSERT_TRUE(kernel);
      expectPlain(*kernel);
      // Rows apart by three (never aligned) and by four elements (aligned where rows are even).
      for (int64_t gap : {3, 4}) {
        Case c(kind, columns);
        int64_t batches = 2, rows = 11, wide = columns + gap, out = columns + gap;
        std::vector<float> x = randoms(batches * rows * wide, 4), y(batches * rows * out, 7);
        std::vector<Operand> inputs = {{{batches, rows, columns}, {rows * wide, wide, 1}}};
        std::vector<const void *> pointers = {x.data()};
        c.add(inputs, pointers);
        Operand to{{batches, rows, columns}, {rows * out, out, 1}};
        auto plan = kernel->plan(inputs, to);
        ASSERT_TRUE(succeeded(plan));
        EXPECT_EQ(plan->tasks, 6);
        ASSERT_TRUE(kernel->run(inputs, to, pointers, y.data()));
        for (int64_t r = 0; r < batches * rows; ++r) {
          std::vector<double> want =
              expected(kind, &x[r * wide], columns, c.scale.data(), c.bias.data());
          for (int64_t i = 0; i < columns; ++i)
            ASSERT_NEAR(y[r * out + i], want[i], kind == Softmax ? 1e-6 : 1e-5) << r << " " << i;
          for (int64_t i = columns; i < out; ++i)
            ASSERT_EQ(y[r * out + i], 7);
        }
      }
    }
}

/// Sixteen bytes at once or element by element: the same bits, and the CPU's numbers.
TEST(GpuRows, AlignmentDoesNotMatter) {
  for (Kind kind : kinds)
    for (int64_t columns : {128, 200, 768, 4100}) {
      SCOPED_TRACE(testing::Message() << "kind " << kind << " columns " << columns);
      GpuKernel *kernel = GpuKernel::get(text(kind, columns));
      Kernel *cpu = Kernel::get(text(kind, columns), "x86-64-v3");
      ASSERT_TRUE(kernel && cpu);
      expectPlain(*kernel);
      int64_t rows = 5;
      Case c(kind, columns);
      std::vector<float> x = randoms(rows * columns, 4);
      Operand dense = Kernel::dense({1, rows, columns});
      std::vector<Operand> inputs = {dense};
      std::vector<const void *> pointers = {x.data()};
      c.add(inputs, pointers);
      auto plan = kernel->plan(inputs, dense);
      ASSERT_TRUE(succeeded(plan));
      std::vector<float> results[2];
      for (int64_t shift : {0, 1}) {
        ptx::Memory memory;
        llvm::SmallVector<uint64_t> addresses;
        for (size_t i = 0; i < inputs.size(); ++i) {
          size_t bytes = extent(inputs[i]) * 4;
          addresses.push_back(memory.allocate(bytes + shift * 4) + (i == 0) * shift * 4);
          memory.write(addresses[i], pointers[i], bytes);
        }
        addresses.push_back(memory.allocate(x.size() * 4));
        auto statistics = kernel->run(*plan, addresses, memory);
        ASSERT_TRUE(statistics);
        EXPECT_EQ(statistics->count("ld.global.v4") > 0, shift == 0);
        EXPECT_EQ(statistics->count("st.global.v4") > 0, shift == 0);
        results[shift] = memory.download<float>(addresses.back(), x.size());
      }
      EXPECT_EQ(0, std::memcmp(results[0].data(), results[1].data(), x.size() * 4));
      std::vector<float> there(x.size());
      auto cpuPlan = cpu->plan(inputs, dense);
      ASSERT_TRUE(succeeded(cpuPlan));
      pointers.push_back(there.data());
      cpu->run(*cpuPlan, pointers);
      for (size_t i = 0; i < x.size(); ++i)
        ASSERT_NEAR(results[0][i], there[i],
                    std::max(kind == Softmax ? 1e-7 : 1e-6, std::fabs(there[i]) * 2e-6)) << i;
    }
}

TEST(GpuRows, TypesInMemory) {
  for (Kind kind : kinds)
    for (int64_t columns : {5, 64, 96, 252, 768, 1030})
      for (int types = 1; types < 8; ++types) {
        bool from = types & 1, to = types & 2, row = types & 4;
        if (row && kind != LayerNorm && kind != RmsNorm)
          continue;
        if (columns > 100 && types != 7 && types != 3 && types != 1)
          continue;
        SCOPED_TRACE(testing::Message() << kind << " " << columns << " " << from << to << row);
        auto name = [](bool narrow) { return narrow ? "bf16" : "f32"; };
        GpuKernel *kernel = GpuKernel::get(text(kind, columns, name(from), name(to), name(row)));
        ASSERT_TRUE(kernel);
        expectPlain(*kernel);
        int64_t rows = 6;
        Case c(kind, columns);
        if (row)
          c.roundRows();
        std::vector<float> x = randoms(rows * columns, 4), y(rows * columns);
        std::vector<uint16_t> x16 = toBf16(x), y16(rows * columns);
        if (from)
          x = fromBf16(x16);
        std::vector<Operand> inputs = {Kernel::dense({1, rows, columns})};
        std::vector<const void *> pointers = {from ? static_cast<void *>(x16.data()) : x.data()};
        c.add(inputs, pointers);
        auto plan = kernel->plan(inputs, inputs[0]);
        ASSERT_TRUE(succeeded(plan));
        EXPECT_EQ(plan->bytes, rows * columns * ((from ? 2 : 4) + (to ? 2 : 4)) +
                                   int64_t(inputs.size() - 1) * columns * (row ? 2 : 4));
        ASSERT_TRUE(kernel->run(inputs, inputs[0], pointers,
                                to ? static_cast<void *>(y16.data()) : y.data()));
        if (to)
          y = fromBf16(y16);
        for (int64_t r = 0; r < rows; ++r) {
          std::vector<double> want =
              expected(kind, &x[r * columns], columns, c.scale.data(), c.bias.data());
          for (int64_t i = 0; i < columns; ++i)
            ASSERT_NEAR(y[r * columns + i], want[i],
                        (to ? std::fabs(want[i]) / 250 : 0) + (kind == Softmax ? 1e-6 : 1e-5))
                << r << " " << i;
        }
      }
}

/// Rows that do not fit into registers are read again in every pass: the order stays.
TEST(GpuRows, LongRows) {
  for (Kind kind : kinds)
    for (int64_t columns : {4096, 4097, 4224, 9001}) {
      SCOPED_TRACE(testing::Message() << "kind " << kind << " columns " << columns);
      GpuKernel *kernel = GpuKernel::get(text(kind, columns));
      ASSERT_TRUE(kernel);
      expectPlain(*kernel);
      int64_t rows = 2;
      Case c(kind, columns);
      std::vector<float> x = randoms(rows * columns, 4), y(rows * columns);
      std::vector<Operand> inputs = {Kernel::dense({1, rows, columns})};
      std::vector<const void *> pointers = {x.data()};
      c.add(inputs, pointers);
      ASSERT_TRUE(kernel->run(inputs, inputs[0], pointers, y.data()));
      for (int64_t r = 0; r < rows; ++r) {
        std::vector<double> want =
            expected(kind, &x[r * columns], columns, c.scale.data(), c.bias.data());
        for (int64_t i = 0; i < columns; ++i)
          ASSERT_NEAR(y[r * columns + i], want[i], kind == Softmax ? 1e-6 : 2e-5) << r << " " << i;
      }
    }
}

/// A row without its masked end gives the bits of the whole one: no place changes its lane.
TEST(GpuRows, CutSoftmaxKeepsItsBits) {
  for (int64_t whole : {300, 5000})
    for (int64_t columns : {1, 100, 129, 255, 299, 4097, 4998}) {
      if (columns >= whole)
        continue;
      SCOPED_TRACE(testing::Message() << columns << " of " << whole);
      GpuKernel *longer = GpuKernel::get(text(Softmax, whole));
      GpuKernel *shorter = GpuKernel::get(text(Softmax, columns));
      ASSERT_TRUE(longer && shorter);
      std::vector<float> x = randoms(whole, 4), y(whole), z(columns);
      std::fill(x.begin() + columns, x.end(), -INFINITY);
      Operand a = Kernel::dense({1, 1, whole}), b = Kernel::dense({1, 1, columns});
      ASSERT_TRUE(longer->run({a}, a, {x.data()}, y.data()));
      ASSERT_TRUE(shorter->run({b}, b, {x.data()}, z.data()));
      EXPECT_EQ(0, std::memcmp(y.data(), z.data(), columns * 4));
      for (int64_t i = columns; i < whole; ++i)
        ASSERT_EQ(y[i], 0);
    }
}

TEST(GpuRows, SoftmaxOfSpecialValues) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (int64_t columns : {19, 160, 4200}) {
    GpuKernel *kernel = GpuKernel::get(text(Softmax, columns));
    ASSERT_TRUE(kernel);
    int64_t last = columns - 1;
    std::vector<float> x(5 * columns, 1.0f), y(5 * columns);
    std::fill_n(x.begin(), columns, -infinity);           // a row without a live score
    std::fill_n(x.begin() + columns, last, -infinity);    // one live score, the last
    x[2 * columns + 3] = std::nanf("");                   // a NaN spreads over its row
    x[3 * columns + 5] = infinity;                        // so does +inf
    std::fill_n(x.begin() + 4 * columns, columns, -1e9f); // equal fills: the mean
    x[4 * columns + last] = -1e9f - 1e4f;
    Operand dense = Kernel::dense({1, 5, columns});
    ASSERT_TRUE(kernel->run({dense}, dense, {x.data()}, y.data()));
    for (int64_t i = 0; i < columns; ++i) {
      EXPECT_TRUE(std::isnan(y[i]));
      EXPECT_EQ(y[columns + i], i == last ? 1.0f : 0.0f);
      EXPECT_TRUE(std::isnan(y[2 * columns + i]));
      EXPECT_TRUE(std::isnan(y[3 * columns + i]));
      EXPECT_NEAR(y[4 * columns + i], i == last ? 0.0f : 1.0f / last, 1e-7);
    }
  }
}

/// A NaN or an infinity stays in its row.
TEST(GpuRows, RowsDoNotMeet) {
  for (Kind kind : kinds) {
    int64_t columns = 130, rows = 9;
    GpuKernel *kernel = GpuKernel::get(text(kind, columns));
    ASSERT_TRUE(kernel);
    Case c(kind, columns);
    std::vector<float> x = randoms(rows * columns, 4), clean(x.size()), y(x.size());
    std::vector<Operand> inputs = {Kernel::dense({1, rows, columns})};
    std::vector<const void *> pointers = {x.data()};
    c.add(inputs, pointers);
    ASSERT_TRUE(kernel->run(inputs, inputs[0], pointers, clean.data()));
    x[2 * columns + 129] = NAN;
    x[5 * columns] = INFINITY;
    ASSERT_TRUE(kernel->run(inputs, inputs[0], pointers, y.data()));
    for (int64_t r = 0; r < rows; ++r)
      if (r == 2 || r == 5)
        EXPECT_TRUE(std::isnan(y[r * columns + (r == 2 ? 7 : 0)]));
      else
        EXPECT_EQ(0, std::memcmp(&y[r * columns], &clean[r * columns], columns * 4));
  }
}

/// Small probabilities keep their relative precision: the exponent's argument is not rounded.
TEST(GpuRows, SoftmaxIsRelativelyPrecise) {
  int64_t columns = 64;
  GpuKernel *kernel = GpuKernel::get(text(Softmax, columns));
  ASSERT_TRUE(kernel);
  std::vector<float> x(columns), y(columns);
  for (int64_t i = 0; i < columns; ++i)
    x[i] = -1.3f * i;
  Operand dense = Kernel::dense({1, 1, columns});
  ASSERT_TRUE(kernel->run({dense}, dense, {x.data()}, y.data()));
  std::vector<double> want = expected(Softmax, x.data(), columns, nullptr, nullptr);
  for (int64_t i = 0; i < columns; ++i)
    EXPECT_NEAR(y[i] / want[i], 1, 1e-6) << i;
}

TEST(GpuRows, OtherRanksAndNoRows) {
  std::string two = R"(
zorro.kernel @k row because "test" {
^bb0(%x: tensor<?x12xf32>):
  %y = zorro.softmax %x : tensor<?x12xf32>
  zorro.yield %y : tensor<?x12xf32>
})";
  GpuKernel *kernel = GpuKernel::get(two);
  ASSERT_TRUE(kernel);
  std::vector<float> x = randoms(7 * 12), y(7 * 12);
  Operand dense = Kernel::dense({7, 12});
  ASSERT_TRUE(kernel->run({dense}, dense, {x.data()}, y.data()));
  for (int64_t r = 0; r < 7; ++r) {
    std::vector<double> want = expected(Softmax, &x[r * 12], 12, nullptr, nullptr);
    for (int64_t i = 0; i < 12; ++i)
      ASSERT_NEAR(y[r * 12 + i], want[i], 1e-6);
  }
  auto none = kernel->plan({Kernel::dense({0, 12})}, Kernel::dense({0, 12}));
  ASSERT_TRUE(succeeded(none));
  EXPECT_EQ(none->tasks, 0);
}

TEST(GpuRows, RefusalsAreSaid) {
  GpuKernel *kernel = GpuKernel::get(text(LayerNorm, 12));
  ASSERT_TRUE(kernel);
  std::string said;
  mlir::ScopedDiagnosticHandler handler(kernel->kernel.getContext(), [&](mlir::Diagnostic &d) {
    said = d.str();
    return mlir::success();
  });
  Operand dense = Kernel::dense({1, 2, 12}), row = Kernel::dense({12});
  Operand apart{{1, 2, 12}, {48, 24, 2}}, every{{12}, {2}};
  EXPECT_TRUE(failed(kernel->plan({apart, row, row}, dense)));
  EXPECT_NE(said.find("expected columns with a stride of 1 but got 2"), std::string::npos) << said;
  said.clear();
  EXPECT_TRUE(failed(kernel->plan({dense, row, every}, dense)));
  EXPECT_NE(said.find("expected columns with a stride of 1 but got 2"), std::string::npos) << said;
  Operand far{{3, 2, 12}, {int64_t(1) << 29, 12, 1}};
  EXPECT_TRUE(failed(kernel->plan({far, row, row}, Kernel::dense({3, 2, 12}))));
  EXPECT_NE(said.find("limit: expected strides below 2 GiB but got 2147483648 bytes"),
            std::string::npos) << said;
}

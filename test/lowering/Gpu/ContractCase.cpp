//===- ContractCase.cpp - A contraction to run, and what comes out -----------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "test/lowering/Gpu/ContractCase.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

namespace {

/// The operands of an epilogue, by name: their axes, and the operations that take them.
struct Epilogue {
  bool bias = false, table = false, rest = false;
  std::string body; ///< from %acc (and %bias, %place, %rest) to %y
  double (*reference)(double acc, double bias, double place, double rest) = nullptr;
};

double gelu(double x) { return 0.5 * x * std::erfc(-x * 0.70710678118654752440); }
double geluTanh(double x) {
  return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}

Epilogue epilogueCalled(const std::string &name) {
  const char *add = "%0 = arith.addf %acc, %bias : f32\n";
  if (name == "bias")
    return {true, false, false, "%y = arith.addf %acc, %bias : f32\n",
            [](double a, double b, double, double) { return a + b; }};
  if (name == "gelu")
    return {true, false, false, std::string(add) + "%y = zorro.gelu %0 erf : f32\n",
            [](double a, double b, double, double) { return gelu(a + b); }};
  if (name == "tanh")
    return {true, false, false, std::string(add) + "%y = zorro.gelu %0 tanh : f32\n",
            [](double a, double b, double, double) { return geluTanh(a + b); }};
  if (name == "residual")
    return {false, false, true, "%y = arith.addf %acc, %rest : f32\n",
            [](double a, double, double, double r) { return a + r; }};
  if (name == "table")
    return {false, true, false, "%y = arith.subf %place, %acc : f32\n",
            [](double a, double, double p, double) { return p - a; }};
  if (name == "all")
    return {true, true, true,
            std::string(add) + "%1 = zorro.gelu %0 erf : f32\n%2 = arith.addf %1, %place : f32\n"
                               "%y = arith.addf %2, %rest : f32\n",
            [](double a, double b, double p, double r) { return gelu(a + b) + p + r; }};
  if (name == "math")
    return {true, false, true,
            std::string(add) +
                "%1 = math.erf %0 : f32\n%2 = math.tanh %rest : f32\n%3 = math.exp %bias : f32\n"
                "%4 = arith.mulf %1, %3 : f32\n%c = arith.constant 0.25 : f32\n"
                "%5 = arith.maximumf %2, %c : f32\n%y = arith.addf %4, %5 : f32\n",
            [](double a, double b, double, double r) {
              return std::erf(a + b) * std::exp(b) + std::max(std::tanh(r), 0.25);
            }};
  return {};
}

std::string tensor(const char *axes, int64_t last, const char *element) {
  return std::string("tensor<") + axes + std::to_string(last) + "x" + element + ">";
}

} // namespace

std::string ContractCase::name() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << batches << "x" << rows << "x" << k << " x " << n << (tf32 ? " tf32" : "")
         << (wideRows ? " wide" : "") << (result32 ? " f32 result" : "") << " gap " << gap
         << " offset " << offset << " " << epilogue << " " << schedule << " " << arch;
  return text;
}

/// The kernel as the precision pass leaves it.
std::string ContractCase::text() const {
  const char *half = tf32 ? "f32" : "bf16";
  const char *rowsType = wideRows ? "f32" : half, *resultType = result32 ? "f32" : half;
  Epilogue e = epilogueCalled(epilogue);
  std::string text;
  llvm::raw_string_ostream s(text);
  s << "zorro.kernel @k contract because \"test\" ";
  if (!schedule.empty())
    s << "schedule <" << schedule << "> ";
  std::string matrix = "tensor<" + std::to_string(k) + "x" + std::to_string(n) + "x";
  s << "{\n^bb0(%x: " << tensor("?x?x", k, rowsType) << ", %w: " << matrix << half << ">";
  std::string names, types;
  auto operand = [&](bool there, const std::string &name, const char *axes, const char *element) {
    if (!there)
      return;
    s << ", " << name << ": " << tensor(axes, n, element);
    names += (names.empty() ? "" : ", ") + name + (element == std::string("f32") ? "" : "32");
    types += (types.empty() ? "" : ", ") + tensor(axes, n, "f32");
  };
  operand(e.bias, "%b", "", "f32");
  operand(e.table, "%p", "?x", "f32");
  operand(e.rest, "%r", "?x?x", half);
  s << "):\n";
  auto extend = [&](const std::string &name, const std::string &shape) {
    s << "  " << name << "32 = arith.extf " << name << " : " << shape << "bf16> to " << shape
      << "f32>\n";
    return name + "32";
  };
  auto wide = [&](int64_t columns) { return "tensor<?x?x" + std::to_string(columns) + "x"; };
  std::string x = tf32 || wideRows ? "%x" : extend("%x", wide(k));
  std::string w = tf32 ? "%w" : extend("%w", matrix);
  if (e.rest && !tf32)
    extend("%r", wide(n));
  if (normalised) {
    s << "  %norm = zorro.rms_norm " << x << " eps 1.0e-5 : " << tensor("?x?x", k, "f32") << "\n";
    x = "%norm";
  }
  s << "  %sum = zorro.contract " << x << ", " << w;
  if (!names.empty())
    s << " (" << names << ")";
  if (!e.body.empty()) {
    s << " {\n^bb1(%acc: f32";
    for (auto [there, name] : {std::pair(e.bias, "bias"), {e.table, "place"}, {e.rest, "rest"}})
      if (there)
        s << ", %" << name << ": f32";
    s << "):\n" << e.body << "zorro.yield %y : f32\n  }";
  }
  s << " : " << tensor("?x?x", k, "f32") << ", " << matrix << "f32>";
  if (!types.empty())
    s << " (" << types << ")";
  s << " -> " << tensor("?x?x", n, "f32") << "\n";
  std::string out = "%sum";
  if (std::string(resultType) == "bf16") {
    s << "  %out = arith.truncf %sum : " << tensor("?x?x", n, "f32") << " to "
      << tensor("?x?x", n, "bf16") << "\n";
    out = "%out";
  }
  s << "  zorro.yield " << out << " : " << tensor("?x?x", n, resultType) << "\n}\n";
  return text;
}

GpuKernel *ContractCase::kernel() const {
  return GpuKernel::get(text(), arch,
                        precision.value_or(tf32 ? Precision::Tf32 : Precision::Bf16));
}

//===----------------------------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------------------------===//

namespace {

/// Numbers as memory holds them, and as they are.
struct Buffer {
  bool half;
  std::vector<uint8_t> bytes;

  Buffer(bool half, size_t count) : half(half), bytes(count * (half ? 2 : 4), 0xff) {}
  void set(size_t at, float value) {
    if (half) {
      uint16_t bits = toBf16(value);
      std::memcpy(&bytes[at * 2], &bits, 2);
    } else {
      std::memcpy(&bytes[at * 4], &value, 4);
    }
  }
  float get(size_t at) const {
    uint16_t bits;
    float value;
    if (half)
      return std::memcpy(&bits, &bytes[at * 2], 2), fromBf16(bits);
    return std::memcpy(&value, &bytes[at * 4], 4), value;
  }
  int64_t size() const { return half ? 2 : 4; }
};

/// An operand of rows in memory: a window of a wider array where the case has gaps.
struct Window {
  Operand operand;
  Buffer buffer;
  int64_t offset;
  uint64_t address = 0;

  Window(const ContractCase &c, bool half, ArrayRef<int64_t> sizes)
      : operand{llvm::to_vector(sizes), {}}, buffer(half, 0), offset(c.offset) {
    int64_t stride = 1;
    for (int64_t size : llvm::reverse(sizes)) {
      operand.strides.insert(operand.strides.begin(), stride);
      stride = stride * size + c.gap * (sizes.size() > 1);
    }
    // The gap behind the last row is there, too.
    buffer = Buffer(half, stride + c.offset + c.gap);
  }
  int64_t at(ArrayRef<int64_t> index) const {
    int64_t place = offset;
    for (auto [i, stride] : llvm::zip(index, operand.strides))
      place += i * stride;
    return place;
  }
  /// Places of whole rows, in order.
  std::vector<int64_t> rows() const {
    std::vector<int64_t> places = {offset};
    for (size_t axis = 0; axis + 1 < operand.sizes.size(); ++axis) {
      std::vector<int64_t> next;
      for (int64_t place : places)
        for (int64_t i = 0; i < operand.sizes[axis]; ++i)
          next.push_back(place + i * operand.strides[axis]);
      places = next;
    }
    return places;
  }
  void fill(float width, unsigned seed) {
    std::vector<int64_t> places = rows();
    int64_t columns = operand.sizes.back();
    std::vector<float> values = randoms(places.size() * columns, width, seed);
    for (size_t i = 0; i < values.size(); ++i)
      buffer.set(places[i / columns] + i % columns, values[i]);
  }
  /// Puts it into memory, where only its rows from `first` on may be touched.
  uint64_t upload(ptx::Memory &memory, int64_t first, ptx::Access access) {
    address = memory.allocate(buffer.bytes.size());
    memory.write(address, buffer.bytes.data(), buffer.bytes.size());
    memory.forbid(address);
    std::vector<int64_t> places = rows();
    for (int64_t i = operand.sizes.size() > 1 ? first : 0; i < int64_t(places.size()); ++i)
      memory.allow(address + places[i] * buffer.size(), operand.sizes.back() * buffer.size(),
                   access);
    return address + offset * buffer.size();
  }
};

} // namespace

ContractRun::ContractRun(const ContractCase &c) {
  GpuKernel *kernel = c.kernel();
  if (!kernel) {
    error = "no kernel";
    return;
  }
  Epilogue e = epilogueCalled(c.epilogue);
  bool half = !c.tf32;
  Window x(c, half && !c.wideRows, {c.batches, c.rows, c.k});
  Window table(c, false, {c.rows, c.n}), rest(c, half, {c.batches, c.rows, c.n});
  Window bias(c, false, {c.n}), y(c, half && !c.result32, {c.batches, c.rows, c.n});
  x.fill(1, 1);
  table.fill(1, 4);
  rest.fill(1, 5);
  bias.fill(1, 3);
  if (c.poisoned >= 0) {
    int64_t row = x.rows()[c.poisoned];
    x.buffer.set(row, std::numeric_limits<float>::quiet_NaN());
    x.buffer.set(row + c.k - 1, std::numeric_limits<float>::infinity());
  }

  // What is multiplied with the zeros behind the matrix shows: infinity times zero is NaN.
  if (c.infinite >= 0)
    x.buffer.set(x.rows()[c.infinite] + c.k - 1, std::numeric_limits<float>::infinity());

  // The matrix as the packer leaves it: [N, K], filled with zeros.
  std::vector<float> w = randoms(c.k * c.n, 1, 2);
  int64_t pitch = llvm::alignTo(c.k, kPackK), lines = llvm::alignTo(c.n, kPackN);
  Buffer packed(half, 0);
  packed.bytes.assign(lines * pitch * packed.size(), 0);
  for (int64_t i = 0; i < c.k; ++i)
    for (int64_t j = 0; j < c.n; ++j) {
      packed.set(j * pitch + i, w[i * c.n + j]);
      w[i * c.n + j] = packed.get(j * pitch + i);
    }

  ptx::Memory memory;
  std::vector<uint64_t> addresses;
  SmallVector<Operand> inputs;
  auto rowsOf = [&](Window &window, ptx::Access access) {
    uint64_t address = window.upload(memory, c.firstRow, access);
    Operand operand = window.operand;
    size_t rank = operand.sizes.size();
    if (rank > 1) {
      operand.sizes[rank - 2] -= c.firstRow;
      address += c.firstRow * operand.strides[rank - 2] * window.buffer.size();
    }
    addresses.push_back(address);
    return operand;
  };
  inputs.push_back(rowsOf(x, ptx::kRead));
  addresses.push_back(memory.upload(packed.bytes));
  memory.forbid(addresses.back());
  memory.allow(addresses.back(), packed.bytes.size(), ptx::kRead);
  inputs.push_back(Kernel::dense({c.k, c.n}));
  if (e.bias)
    inputs.push_back(rowsOf(bias, ptx::kRead));
  if (e.table)
    inputs.push_back(rowsOf(table, ptx::kRead));
  if (e.rest)
    inputs.push_back(rowsOf(rest, ptx::kRead));
  Operand result = rowsOf(y, ptx::kWrite);

  FailureOr<LaunchPlan> planned = kernel->plan(inputs, result);
  if (failed(planned)) {
    error = "no plan";
    return;
  }
  plan = *planned;
  auto ran = kernel->run(plan, addresses, memory, [&](ptx::Launch &launch) {
    if (c.limit)
      launch.limit = c.limit;
  });
  if (!ran) {
    error = "the interpreter found a fault";
    return;
  }
  statistics = *ran;
  std::vector<uint8_t> before = y.buffer.bytes;
  memory.read(y.address, y.buffer.bytes.data(), y.buffer.bytes.size());

  // Against double precision.
  double largest = 0, worst = 0;
  std::vector<int64_t> xRows = x.rows(), yRows = y.rows(), restRows = rest.rows();
  std::vector<int64_t> tableRows = table.rows();
  for (int64_t i = 0; i < c.batches * c.rows; ++i) {
    if (i % c.rows < c.firstRow)
      continue;
    for (int64_t j = 0; j < c.n; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < c.k; ++k) {
        float element = x.buffer.get(xRows[i] + k);
        sum += double(half ? fromBf16(toBf16(element)) : element) * w[k * c.n + j];
      }
      if (e.reference)
        sum = e.reference(sum, bias.buffer.get(c.offset + j),
                          table.buffer.get(tableRows[i % c.rows] + j),
                          rest.buffer.get(restRows[i] + j));
      float value = y.buffer.get(yRows[i] + j);
      values.push_back(value);
      if (std::isfinite(sum))
        largest = std::max(largest, std::fabs(sum));
      if (double(value) == sum || (value != value && sum != sum))
        continue;
      double difference = std::fabs(sum - value);
      if (!(difference <= worst))
        worst = difference == difference ? difference : std::numeric_limits<double>::infinity();
    }
    auto begin = y.buffer.bytes.begin() + yRows[i] * y.buffer.size();
    this->result.insert(this->result.end(), begin, begin + c.n * y.buffer.size());
    std::copy_n(before.begin() + yRows[i] * y.buffer.size(), c.n * y.buffer.size(), begin);
  }
  error64 = largest > 0 ? worst / largest : worst;
  untouched = before == y.buffer.bytes;
  ok = true;
}

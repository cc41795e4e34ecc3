//===- Warpgroup.cpp - wgmma ----------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A product is carried out when it is waited for: what it reads from shared memory must have been
// there when it was issued and must still be there then. Until then its registers are in flight.
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

#include <algorithm>

namespace zorro::ptx {

namespace {

enum class Factor : uint8_t { Bf16, F16, Tf32 };
constexpr uint32_t kFactorMask = 3, kTransposeA = 4, kTransposeB = 8, kNegateA = 16, kNegateB = 32,
                   kRegistersA = 64;

float numberAt(Factor factor, const uint8_t *bytes) {
  uint32_t word = 0;
  std::memcpy(&word, bytes, factor == Factor::Tf32 ? 4 : 2);
  return factor == Factor::Bf16  ? fromBf16(uint16_t(word))
         : factor == Factor::F16 ? fromHalf(uint16_t(word))
                                 : fromTf32(word);
}

/// What a descriptor of a matrix in shared memory says.
struct Descriptor {
  uint64_t start, leading, stride;
  unsigned width; ///< bytes of a swizzled row; 16 without swizzle
  unsigned mix;
  explicit Descriptor(uint64_t bits)
      : start((bits & 0x3FFF) << 4), leading((bits >> 16 & 0x3FFF) << 4),
        stride((bits >> 32 & 0x3FFF) << 4) {
    static const unsigned kWidths[] = {16, 128, 64, 32}, kMixes[] = {0, 7, 3, 1};
    width = kWidths[bits >> 62];
    mix = kMixes[bits >> 62];
  }
  uint64_t mixed(uint64_t address) const { return address ^ ((address >> 7 & mix) << 4); }
  /// Where 16 bytes of row `row` (of m or n) that begin at byte `column` (of k) lie.
  uint64_t alongK(unsigned row, unsigned column) const {
    uint64_t address = start + row / 8 * stride + row % 8 * width;
    return mixed(width == 16 ? address + column / 16 * leading : address + column);
  }
  /// Where 16 bytes of k index `k` that begin at byte `column` (of m or n) lie.
  uint64_t acrossK(unsigned k, unsigned column) const {
    uint64_t address = start + k % 8 * width + column % width;
    return mixed(width == 16 ? address + column / 16 * stride + k / 8 * leading
                             : address + column / width * leading + k / 8 * stride);
  }
};

struct Reader {
  Warp &warp;
  const Instruction &i;
  const ProductInFlight &product;
  Factor factor;

  const uint8_t *chunk(uint64_t address) {
    Cta &cta = *warp.cta;
    const char *fault =
        cta.shared.inside(address, 16)
            ? cta.shared.readAsync(warp.id, product.clock, warp.clock, cta.fenced, address, 16)
            : "reads beyond shared memory";
    if (!fault)
      return cta.shared.data(address);
    cta.fail(warp, i, std::string(fault) + " (shared address " + std::to_string(address) + ")");
    return nullptr;
  }

  /// Rows [first, first + rows) of a matrix of `depth` columns into to[row][column].
  bool read(uint64_t descriptor, bool transposed, unsigned first, unsigned rows, unsigned depth,
            float *to) {
    Descriptor d(descriptor);
    unsigned bytes = factor == Factor::Tf32 ? 4 : 2, per = 16 / bytes;
    if (transposed) {
      for (unsigned k = 0; k < depth; ++k)
        for (unsigned row = 0; row < rows; row += per) {
          const uint8_t *data = chunk(d.acrossK(k, (first + row) * bytes));
          if (!data)
            return false;
          for (unsigned e = 0; e < per; ++e)
            to[(row + e) * depth + k] = numberAt(factor, data + e * bytes);
        }
      return true;
    }
    for (unsigned row = 0; row < rows; ++row)
      for (unsigned k = 0; k < depth; k += per) {
        const uint8_t *data = chunk(d.alongK(first + row, k * bytes));
        if (!data)
          return false;
        for (unsigned e = 0; e < per; ++e)
          to[row * depth + k + e] = numberAt(factor, data + e * bytes);
      }
    return true;
  }
};

/// The warp's 16 of 64 rows. extra: flags; extra2: n. list: accumulators, then registers of a.
void carryOut(Warp &warp, const ProductInFlight &product) {
  const Instruction &i = *product.instruction;
  Factor factor = Factor(i.extra & kFactorMask);
  unsigned n = i.extra2, depth = factor == Factor::Tf32 ? 8 : 16;
  std::vector<float> a(16 * depth), b(size_t(n) * depth);
  Reader reader{warp, i, product, factor};
  if (i.extra & kRegistersA) {
    unsigned per = factor == Factor::Tf32 ? 1 : 2;
    for (unsigned reg = 0; reg < 4; ++reg) {
      const uint32_t *bits = warp.reg<uint32_t>(i.list[n / 2 + reg]);
      for (unsigned lane = 0; lane < kLanes; ++lane)
        for (unsigned e = 0; e < per; ++e) {
          unsigned row = lane / 4 + 8 * (reg % 2),
                   column = per * (lane % 4) + e + 4 * per * (reg / 2);
          uint32_t word = bits[lane] >> 16 * e;
          a[row * depth + column] = numberAt(factor, reinterpret_cast<const uint8_t *>(&word));
        }
    }
  } else if (!reader.read(product.a, i.extra & kTransposeA, 16 * (warp.id % 4), 16, depth,
                          a.data())) {
    return;
  }
  if (!reader.read(product.b, i.extra & kTransposeB, 0, n, depth, b.data()))
    return;
  double sign = bool(i.extra & kNegateA) != bool(i.extra & kNegateB) ? -1 : 1;
  // Columns side by side, which the host can vectorise; the order of the sums is that of k.
  std::vector<double> across(size_t(n) * depth), sums(n);
  for (unsigned column = 0; column < n; ++column)
    for (unsigned k = 0; k < depth; ++k)
      across[k * n + column] = b[column * depth + k];
  for (unsigned row = 0; row < 16; ++row) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (unsigned k = 0; k < depth; ++k) {
      double x = a[row * depth + k];
      const double *y = &across[k * n];
      double *sum = sums.data();
      for (unsigned column = 0; column < n; ++column)
        sum[column] += x * y[column];
    }
    for (unsigned column = 0; column < n; ++column) {
      unsigned lane = 4 * (row % 8) + column % 8 / 2,
               reg = 4 * (column / 8) + 2 * (row / 8) + column % 2;
      float &d = warp.reg<float>(i.list[reg])[lane];
      d = float((product.accumulate ? double(d) : 0.0) + sign * sums[column]);
    }
  }
}

void mark(Warp &warp, const Instruction &i, int change) {
  for (size_t k = 0; k < i.list.size(); ++k) {
    std::vector<uint8_t> &marks = k < i.extra2 / 2 ? warp.writesInFlight : warp.readsInFlight;
    marks[i.list[k] / 64] = uint8_t(marks[i.list[k] / 64] + change);
  }
  warp.inFlight += unsigned(change);
}

/// op: unused, descriptor of a, descriptor of b, whether to accumulate.
void issue(Warp &warp, const Instruction &i, uint32_t mask) {
  Cta &cta = *warp.cta;
  if (mask != kAllLanes || cta.warps.size() < (warp.id / 4 + 1) * 4) {
    cta.fail(warp, i, "is run by a part of its warpgroup only");
    return;
  }
  ProductInFlight product;
  product.instruction = &i;
  const uint64_t *b = warp.reg<uint64_t>(i.op[2]);
  product.b = b[0];
  bool uniform = std::count(b, b + kLanes, b[0]) == kLanes;
  if (!(i.extra & kRegistersA)) {
    const uint64_t *a = warp.reg<uint64_t>(i.op[1]);
    product.a = a[0];
    uniform &= std::count(a, a + kLanes, a[0]) == kLanes;
  }
  uint32_t accumulate = warp.predicate(i.op[3]);
  if (!uniform || (accumulate && accumulate != kAllLanes)) {
    cta.fail(warp, i, "expected the same descriptors and scale in all lanes");
    return;
  }
  for (uint64_t descriptor : {product.a, product.b})
    if (descriptor >> 49 & 7) {
      cta.fail(warp, i, "has a base offset in a descriptor, which is not supported");
      return;
    }
  product.accumulate = accumulate;
  for (size_t k = 0; k < i.list.size(); ++k) {
    uint32_t reg = i.list[k] / 64;
    if (warp.touched[reg] > warp.fence || !warp.fence) {
      cta.fail(warp, i, "uses registers that were written since the last wgmma.fence");
      return;
    }
    if (k >= i.extra2 / 2 && warp.writesInFlight[reg]) {
      cta.fail(warp, i, "reads a register that a product in flight will write");
      return;
    }
    if (k < i.extra2 / 2 && warp.readsInFlight[reg]) {
      cta.fail(warp, i, "writes a register that a product in flight uses");
      return;
    }
  }
  product.clock = warp.clock;
  cta.advance(warp);
  mark(warp, i, 1);
  warp.openProducts.push_back(std::move(product));
}

void fence(Warp &warp, const Instruction &, uint32_t) { warp.fence = warp.steps; }
void commit(Warp &warp, const Instruction &, uint32_t) {
  warp.products.push_back(std::move(warp.openProducts));
  warp.openProducts.clear();
}
void wait(Warp &warp, const Instruction &i, uint32_t) {
  while (warp.products.size() > i.extra && !warp.cta->failed()) {
    for (const ProductInFlight &product : warp.products.front()) {
      carryOut(warp, product);
      mark(warp, *product.instruction, -1);
    }
    warp.products.pop_front();
  }
}

bool product(Decoder &decoder) {
  Instruction &inst = decoder.inst;
  std::string shape = decoder.takePrefix("m64n");
  size_t k = shape.find('k');
  if (k == std::string::npos)
    return decoder.fail("expected a shape of m64");
  unsigned n = unsigned(std::stoul("0" + shape.substr(0, k)));
  std::string depth = shape.substr(k + 1);
  if (n % 8 || n < 8 || n > 256 || !decoder.take("f32"))
    return decoder.fail("expected n to be a multiple of 8 up to 256, and sums of f32");
  Factor factor = decoder.take("bf16")  ? Factor::Bf16
                  : decoder.take("f16") ? Factor::F16
                                        : Factor::Tf32;
  const char *const kNames[] = {"bf16", "f16", "tf32"};
  if (factor == Factor::Tf32 && !decoder.take("tf32"))
    return false;
  if (!decoder.take(kNames[unsigned(factor)]) || depth != (factor == Factor::Tf32 ? "8" : "16"))
    return false;
  bool registers = decoder.operandCount() > 1 && decoder.operands[1].kind == Operand::kVector;
  bool transposes = factor != Factor::Tf32;
  if (!decoder.expectOperands(transposes ? (registers ? 7 : 8) : 6))
    return false;
  inst.extra = uint32_t(factor) | (registers ? kRegistersA : 0);
  inst.extra2 = n;
  decoder.targets(decoder.operands[0], 4, n / 2);
  if (registers)
    decoder.sources(decoder.operands[1], 4, 4);
  else
    inst.op[1] = decoder.source(1, Type::B64);
  inst.op[2] = decoder.source(2, Type::B64);
  inst.op[3] = decoder.source(3, Type::Pred);
  auto flag = [&](size_t index, int64_t set, int64_t clear, uint32_t bit) {
    int64_t value = int64_t(decoder.immediate(index));
    if (value != set && value != clear)
      decoder.fail("expected " + std::to_string(clear) + " or " + std::to_string(set) +
                   " but got " + std::to_string(value));
    if (value == set)
      inst.extra |= bit;
  };
  flag(4, -1, 1, kNegateA);
  flag(5, -1, 1, kNegateB);
  if (transposes && !registers)
    flag(6, 1, 0, kTransposeA);
  if (transposes)
    flag(registers ? 6 : 7, 1, 0, kTransposeB);
  inst.run = issue;
  return true;
}

bool wgmma(Decoder &decoder) {
  Instruction &inst = decoder.inst;
  if (!decoder.take("sync") || !decoder.take("aligned"))
    return false;
  inst.collective = true;
  inst.asynchronous = true;
  decoder.builder.code.watchesRegisters = true;
  if (decoder.take("mma_async"))
    return product(decoder);
  if (decoder.take("fence")) {
    inst.run = fence;
    return decoder.expectOperands(0);
  }
  if (decoder.take("commit_group")) {
    inst.run = commit;
    return decoder.expectOperands(0);
  }
  if (!decoder.take("wait_group"))
    return false;
  inst.extra = uint32_t(decoder.immediate(0));
  inst.run = wait;
  return decoder.expectOperands(1);
}

} // namespace

void addWarpgroup(DecodeTable &table) { table["wgmma"] = wgmma; }

} // namespace zorro::ptx

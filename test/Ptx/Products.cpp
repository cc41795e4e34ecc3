//===- Products.cpp - mma.sync --------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Products are exact and summed in double precision over one instruction's k, then added to the
// accumulator and rounded once: as good as any device, and the same for every tile.
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

namespace zorro::ptx {

namespace {

enum class Factor : uint8_t { Bf16, F16, Tf32 };

void unpack(Factor factor, uint32_t bits, float *two) {
  if (factor == Factor::Bf16) {
    two[0] = fromBf16(uint16_t(bits));
    two[1] = fromBf16(uint16_t(bits >> 16));
  } else {
    two[0] = fromHalf(uint16_t(bits));
    two[1] = fromHalf(uint16_t(bits >> 16));
  }
}

/// list: four of d, the rows of a, those of b, four of c. With g = lane / 4 and t = lane % 4, a
/// register of a holds row g (or g + 8) and columns 2t, 2t + 1 (or 8 further); of tf32 one column,
/// t (or 4 further). b likewise, with columns of n in place of rows.
template <Factor F, unsigned K> void multiply(Warp &warp, const Instruction &i, uint32_t mask) {
  if (mask != kAllLanes) {
    warp.cta->fail(warp, i, "is run by a part of its warp only", __builtin_ctz(mask));
    return;
  }
  constexpr unsigned kPer = F == Factor::Tf32 ? 1 : 2; // elements of a register
  constexpr unsigned kSteps = K / (4 * kPer);
  float a[16][K], b[8][K];
  const uint32_t *list = i.list.data();
  for (unsigned step = 0; step < kSteps; ++step)
    for (unsigned half = 0; half < 3; ++half) {
      // half 0 and 1: rows g and g + 8 of a; 2: of b.
      uint32_t offset = half < 2 ? list[4 + 2 * step + half] : list[4 + 2 * kSteps + step];
      const uint32_t *bits = warp.reg<uint32_t>(offset);
      for (unsigned lane = 0; lane < kLanes; ++lane) {
        unsigned row = lane / 4, column = step * 4 * kPer + kPer * (lane % 4);
        float *to = half < 2 ? &a[row + 8 * half][column] : &b[row][column];
        if constexpr (F == Factor::Tf32)
          *to = fromTf32(bits[lane]);
        else
          unpack(F, bits[lane], to);
      }
    }
  // Columns side by side, which the host can vectorise; the order of the sums is that of k.
  double across[K][8];
  for (unsigned k = 0; k < K; ++k)
    for (unsigned n = 0; n < 8; ++n)
      across[k][n] = b[n][k];
  float sums[16][8];
  for (unsigned m = 0; m < 16; ++m) {
    double row[8] = {};
    for (unsigned k = 0; k < K; ++k)
      for (unsigned n = 0; n < 8; ++n)
        row[n] += double(a[m][k]) * across[k][n];
    for (unsigned n = 0; n < 8; ++n) {
      unsigned lane = 4 * (m % 8) + n / 2, reg = 2 * (m / 8) + n % 2;
      sums[m][n] = float(double(warp.reg<float>(list[4 + 3 * kSteps + reg])[lane]) + row[n]);
    }
  }
  for (unsigned reg = 0; reg < 4; ++reg) {
    float *d = warp.reg<float>(list[reg]);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      d[lane] = sums[lane / 4 + 8 * (reg / 2)][2 * (lane % 4) + reg % 2];
  }
}

bool mma(Decoder &decoder) {
  struct Form {
    const char *shape, *type;
    Handler run;
    size_t steps;
  };
  static const Form kForms[] = {{"m16n8k16", "bf16", multiply<Factor::Bf16, 16>, 2},
                                {"m16n8k16", "f16", multiply<Factor::F16, 16>, 2},
                                {"m16n8k8", "bf16", multiply<Factor::Bf16, 8>, 1},
                                {"m16n8k8", "f16", multiply<Factor::F16, 8>, 1},
                                {"m16n8k8", "tf32", multiply<Factor::Tf32, 8>, 2},
                                {"m16n8k4", "tf32", multiply<Factor::Tf32, 4>, 1}};
  if (!decoder.take("sync") || !decoder.take("aligned") || !decoder.take("row") ||
      !decoder.take("col") || !decoder.take("f32") || !decoder.take("f32") ||
      !decoder.expectOperands(4))
    return false;
  for (const Form &form : kForms)
    if (!decoder.inst.run && decoder.modifiers.size() == 3 && decoder.modifiers[0] == form.shape &&
        decoder.modifiers[1] == form.type && decoder.modifiers[2] == form.type) {
      decoder.modifiers.clear();
      decoder.targets(decoder.operands[0], 4, 4);
      decoder.sources(decoder.operands[1], 4, 2 * form.steps);
      decoder.sources(decoder.operands[2], 4, form.steps);
      decoder.sources(decoder.operands[3], 4, 4);
      decoder.inst.collective = true;
      decoder.inst.run = form.run;
    }
  return decoder.inst.run;
}

} // namespace

void addProducts(DecodeTable &table) { table["mma"] = mma; }

} // namespace zorro::ptx

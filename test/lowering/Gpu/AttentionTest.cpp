//===- AttentionTest.cpp - Masked attention on tensor cores ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The kernel's PTX in the interpreter against the definition in double precision. Each block of
// threads may read the queries of its tile and the keys that one of them sees, and write its rows;
// what no query sees is NaN.
//
//===----------------------------------------------------------------------------------------===//

#include "test/lowering/Cpu/AttentionCalls.h"
#include "test/lowering/Gpu/Harness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

using namespace zorro;
using namespace zorro::test;

namespace {

struct Case {
  Call call;
  std::string mask = "";
  std::vector<char> keep = {}; ///< [batch or 1, keys]
  float scale = 0.3f;
  bool f32 = false; ///< as stored
  Precision precision = Precision::Bf16;
  int64_t rows = 0; ///< of a tile, by a schedule
  /// Every live score is negative: a zero that escapes its mask weighs most.
  bool negative = false;
  std::string arch = "sm_80";

  int64_t bytes() const { return f32 ? 4 : 2; }
  MaskAttr maskAttr() const;
  bool sees(int64_t b, int64_t i, int64_t j) const {
    int64_t padded = keep.size() / std::max<int64_t>(call.keys, 1);
    if (!keep.empty() && !keep[(padded == 1 ? 0 : b) * call.keys + j])
      return false;
    MaskAttr attr = maskAttr();
    if (!attr)
      return true;
    unsigned s = MaskAttr::segmentOf(attr.getQueries(), i);
    unsigned t = MaskAttr::segmentOf(attr.getKeys(), j);
    return attr.getEntry(s, t).sees(i - attr.getQueries().getBegin(s),
                                    j - attr.getKeys().getBegin(t));
  }
  EmptyRow empty() const { return mask.empty() ? EmptyRow::Nan : maskAttr().getEmpty(); }
};

std::string textOf(const Case &c) {
  auto type = [&](int64_t size, bool wide) {
    return "tensor<?x?x?x" + std::to_string(size) + (wide || c.f32 ? "xf32>" : "xbf16>");
  };
  std::string head = type(c.call.d, true), value = type(c.call.v, true), text;
  text = "zorro.kernel @k attention because \"test\"";
  if (c.rows)
    text += " schedule #zorro.schedule<tile = [64, " + std::to_string(c.rows) +
            "], block = 64, unroll = 1>";
  text += " {\n^bb0(%q0: " + type(c.call.d, false) + ", %k0: " + type(c.call.d, false) +
          ", %v0: " + type(c.call.v, false);
  text += c.keep.empty() ? "):\n" : ", %keep: tensor<?x?xi1>):\n";
  std::string names[3] = {"%q0", "%k0", "%v0"};
  for (int i = 0; i < 3 && !c.f32; ++i) {
    std::string wide = std::string("%w") + char('0' + i);
    text += wide + " = arith.extf " + names[i] + " : " + type(i < 2 ? c.call.d : c.call.v, false) +
            " to " + (i < 2 ? head : value) + "\n";
    names[i] = wide;
  }
  text += "%o = zorro.attention " + names[0] + ", " + names[1] + ", " + names[2] +
          (c.keep.empty() ? "" : " padding %keep : tensor<?x?xi1>") + " scale 1.0 : " + head +
          ", " + head + ", " + value + " -> " + value + "\n";
  if (c.f32)
    return text + "zorro.yield %o : " + value + "\n}";
  return text + "%r = arith.truncf %o : " + value + " to " + type(c.call.v, false) +
         "\nzorro.yield %r : " + type(c.call.v, false) + "\n}";
}

MaskAttr Case::maskAttr() const {
  if (mask.empty())
    return {};
  static std::map<std::string, MaskAttr> made;
  MaskAttr &attr = made[mask];
  if (!attr)
    attr = Kernel::get(attentionText(16, 16), targets().front())->mask(mask);
  return attr;
}

/// The operands of a case: what the kernel is given, rounded as it stores them.
struct Numbers : Data {
  explicit Numbers(const Case &c) : Data(c.call) {
    for (std::vector<float> *all : {&q, &k, &v})
      for (float &x : *all)
        x = c.f32 ? x : fromBf16(toBf16(x));
    if (!c.negative)
      return;
    for (float &x : q)
      x = std::fabs(x) + 0.5f;
    for (float &x : k)
      x = -std::fabs(x) - 0.5f;
    for (std::vector<float> *all : {&q, &k})
      for (float &x : *all)
        x = c.f32 ? x : fromBf16(toBf16(x));
  }
};

std::vector<uint8_t> stored(const Case &c, const std::vector<float> &values) {
  std::vector<uint8_t> bytes(values.size() * c.bytes());
  if (c.f32) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  std::vector<uint16_t> halves = toBf16(values);
  std::memcpy(bytes.data(), halves.data(), bytes.size());
  return bytes;
}

/// Runs a case. Empty after a fault.
std::vector<float> run(const Case &c, const Numbers &data) {
  GpuKernel *kernel = GpuKernel::get(textOf(c), c.arch, c.precision);
  EXPECT_TRUE(kernel);
  if (!kernel)
    return {};
  const Call &call = c.call;
  std::vector<Operand> inputs = {data.qs, data.ks, data.vs};
  inputs[0].sizes[2] = call.queries;
  inputs[1].sizes[2] = inputs[2].sizes[2] = call.keys;
  int64_t padded = c.keep.size() / std::max<int64_t>(call.keys, 1);
  if (!c.keep.empty())
    inputs.push_back(Kernel::dense({padded, call.keys}));
  Operand result = call.result();
  auto plan = kernel->plan(inputs, result, c.maskAttr(), c.scale);
  EXPECT_TRUE(succeeded(plan));
  if (failed(plan))
    return {};

  ptx::Memory memory;
  uint64_t bases[3], addresses[3];
  int64_t bytes = c.bytes();
  const std::vector<float> *buffers[] = {&data.q, &data.k, &data.v};
  const float *firsts[] = {data.qp, data.kp, data.vp};
  for (int i = 0; i < 3; ++i) {
    if (call.joint && i > 0)
      bases[i] = bases[0];
    else
      bases[i] = memory.upload(stored(c, *buffers[i]));
    const std::vector<float> &buffer = call.joint ? data.q : *buffers[i];
    addresses[i] = bases[i] + (firsts[i] - buffer.data()) * bytes;
  }
  std::vector<uint64_t> all(addresses, addresses + 3);
  if (!c.keep.empty())
    all.push_back(memory.upload(c.keep));
  size_t count = call.batches * call.queries * call.heads * call.v;
  uint64_t out = memory.allocate(count * bytes);
  memory.fill(out, 0x55, count * bytes);
  all.push_back(out);

  llvm::ArrayRef<int64_t> table = *plan->table;
  int64_t tiles = plan->scalars[1];
  auto declare = [&](ptx::Dim3 at) {
    int64_t number = at.x / tiles, b = number / call.heads, h = number % call.heads;
    llvm::ArrayRef<int64_t> tile = table.slice(at.x % tiles * 6, 6);
    for (uint64_t base : {bases[0], bases[1], bases[2], out})
      memory.forbid(base);
    auto allow = [&](int i, const Operand &o, int64_t token) {
      memory.allow(addresses[i] + test::at(o, b, h, token, 0) * bytes, o.sizes[3] * bytes,
                   ptx::kRead);
    };
    for (int64_t i = tile[0]; i < tile[0] + tile[1]; ++i) {
      allow(0, inputs[0], i);
      memory.allow(out + test::at(result, b, h, i, 0) * bytes, call.v * bytes, ptx::kWrite);
    }
    for (int64_t j = 0; j < call.keys; ++j) {
      bool seen = false, isEmpty = false;
      for (int64_t i = tile[0]; i < tile[0] + tile[1]; ++i) {
        seen |= c.sees(b, i, j);
        if (c.empty() == EmptyRow::Uniform && !isEmpty) {
          isEmpty = true;
          for (int64_t other = 0; other < call.keys && isEmpty; ++other)
            isEmpty = !c.sees(b, i, other);
        }
      }
      if (seen)
        allow(1, inputs[1], j);
      if (seen || isEmpty)
        allow(2, inputs[2], j);
    }
  };
  auto statistics = kernel->run(*plan, all, memory, [&](ptx::Launch &launch) {
    launch.beforeCta = declare;
  });
  EXPECT_TRUE(statistics);
  if (!statistics)
    return {};
  if (c.f32)
    return memory.download<float>(out, count);
  return fromBf16(memory.download<uint16_t>(out, count));
}

/// Puts NaN into all keys and values that no query of the batch entry sees.
void poison(const Case &c, Numbers &data) {
  const Call &call = c.call;
  for (int64_t b = 0; b < call.batches; ++b)
    for (int64_t j = 0; j < call.keys; ++j) {
      bool seen = false, averaged = false;
      for (int64_t i = 0; i < call.queries; ++i) {
        bool any = false;
        for (int64_t other = 0; other < call.keys && !any; ++other)
          any = c.sees(b, i, other);
        averaged |= !any && c.empty() == EmptyRow::Uniform;
        seen |= c.sees(b, i, j);
      }
      for (int64_t h = 0; h < call.heads && !seen; ++h) {
        for (int64_t d = 0; d < call.d; ++d)
          data.kp[test::at(data.ks, b, h, j, d)] = NAN;
        for (int64_t d = 0; d < call.v && !averaged; ++d)
          data.vp[test::at(data.vs, b, h, j, d)] = NAN;
      }
    }
}

void checkAgainstDefinition(const Case &c, const Numbers &data, const std::vector<float> &out) {
  const Call &call = c.call;
  ASSERT_EQ(out.size(), size_t(call.batches * call.queries * call.heads * call.v));
  // Weights are rounded to the precision, results to what is stored.
  double most = c.precision == Precision::Tf32 ? 2e-3 : 1.2e-2;
  for (int64_t b = 0; b < call.batches; ++b)
    for (int64_t i = 0; i < call.queries; ++i) {
      std::vector<int64_t> mine;
      for (int64_t j = 0; j < call.keys; ++j)
        if (c.sees(b, i, j))
          mine.push_back(j);
      bool isEmpty = mine.empty();
      for (int64_t j = 0; isEmpty && c.empty() == EmptyRow::Uniform && j < call.keys; ++j)
        mine.push_back(j);
      for (int64_t h = 0; h < call.heads; ++h) {
        std::vector<double> scores, sum(call.v);
        double top = -INFINITY, total = 0;
        for (int64_t j : mine) {
          double score = 0;
          for (int64_t d = 0; d < call.d && !isEmpty; ++d)
            score += double(data.qp[test::at(data.qs, b, h, i, d)]) *
                     data.kp[test::at(data.ks, b, h, j, d)];
          scores.push_back(score * c.scale);
          top = std::max(top, scores.back());
        }
        for (size_t n = 0; n < mine.size(); ++n) {
          double p = std::exp(scores[n] - top);
          total += p;
          for (int64_t d = 0; d < call.v; ++d)
            sum[d] += p * data.vp[test::at(data.vs, b, h, mine[n], d)];
        }
        for (int64_t d = 0; d < call.v; ++d) {
          float got = out[test::at(data.os, b, h, i, d)];
          if (total > 0)
            ASSERT_NEAR(got, sum[d] / total, most) << b << " " << h << " " << i << " " << d;
          else if (c.empty() == EmptyRow::Zero)
            ASSERT_EQ(got, 0) << b << " " << h << " " << i << " " << d;
          else
            ASSERT_TRUE(std::isnan(got)) << b << " " << h << " " << i << " " << d << " " << got;
        }
      }
    }
}

void check(const Case &c) {
  SCOPED_TRACE(testing::Message() << c.call.batches << "x" << c.call.heads << " "
                                  << c.call.queries << "x" << c.call.keys << " d " << c.call.d
                                  << "/" << c.call.v << (c.call.joint ? " joint" : "")
                                  << (c.f32 ? " f32 " : " ") << c.mask);
  Numbers data(c);
  poison(c, data);
  checkAgainstDefinition(c, data, run(c, data));
}

bool sameBits(const std::vector<float> &a, const std::vector<float> &b) {
  return a.size() == b.size() && !a.empty() && !std::memcmp(a.data(), b.data(), a.size() * 4);
}

} // namespace

TEST(GpuAttention, Dense) {
  check({{1, 1, 64, 64, 64, 64}});
  check({{2, 2, 70, 130, 64, 64, /*joint=*/false}});
}

TEST(GpuAttention, TailsOfKeysAndQueries) {
  int64_t queries[] = {5, 9, 17, 33, 49, 64, 1};
  int n = 0;
  for (int64_t keys : {1, 9, 10, 63, 64, 65, 73, 74, 127}) {
    Case c{{1, 1, queries[n++ % 7], keys, 16, 16}};
    c.negative = true;
    check(c);
  }
}

TEST(GpuAttention, Zorro) {
  Case c{{2, 2, 100, 100, 32, 32, /*joint=*/true}};
  c.mask = "a: 41 -> [a], f: 9 -> [all], v: 50 -> [v] over a: 41, f: 9, v: 50 empty nan";
  check(c);
  c.negative = true;
  check(c);
}

TEST(GpuAttention, DisjointIntervals) {
  Case c{{1, 2, 33, 210, 16, 16}};
  c.negative = true;
  c.mask = "a: 17 -> [k keys(3, 70, 90, 91, 101, 200)], b: 16 -> [k keys(0, 9, 11, 74, 76, 139)] "
           "over k: 210 empty zero";
  check(c);
}

TEST(GpuAttention, Bands) {
  for (const char *mask : {"t: 150 -> [t causal] over t: 150 empty nan",
                           "t: 150 -> [t band(-70, 3)] over t: 150 empty zero",
                           "t: 150 -> [t band(20, *)] over t: 150 empty uniform",
                           "a: 70 -> [a same, b], b: 80 -> [a, b causal] over a: 70, b: 80 empty nan"}) {
    Case c{{1, 1, 150, 150, 16, 16}};
    c.mask = mask;
    check(c);
    c.rows = 128;
    check(c);
  }
}

TEST(GpuAttention, EmptyRows) {
  for (const char *empty : {"nan", "zero", "uniform"}) {
    Case c{{2, 1, 20, 30, 16, 24}};
    c.mask = std::string("a: 7 -> [x], b: 13 -> [] over x: 20, y: 10 empty ") + empty;
    check(c);
  }
}

TEST(GpuAttention, Padding) {
  for (const char *empty : {"nan", "zero", "uniform"}) {
    Case c{{3, 1, 20, 150, 16, 16}};
    c.mask = std::string("a: 7 -> [x, y causal], b: 13 -> [x] over x: 100, y: 50 empty ") + empty;
    c.keep.assign(3 * 150, 1);
    for (int64_t j = 0; j < 100; ++j)
      c.keep[j] = 0;
    c.keep[103] = 0;
    for (int64_t j = 0; j < 150; ++j)
      c.keep[150 + j] = j % 3 != 0;
    c.keep[300] = c.keep[300 + 99] = c.keep[300 + 149] = 0;
    check(c);
  }
}

TEST(GpuAttention, HeadSizes) {
  for (int64_t d : {8, 24, 48, 80, 96, 128, 20, 7, 256})
    check({{1, 2, 18, 70, d, d, /*joint=*/true}});
  check({{1, 1, 18, 70, 40, 72}});
}

TEST(GpuAttention, Storage) {
  Case c{{1, 2, 70, 70, 64, 64}};
  c.f32 = true;
  check(c);
  c.call.d = c.call.v = 20;
  check(c);
}

TEST(GpuAttention, Tf32) {
  for (int64_t d : {24, 64, 128}) {
    Case c{{1, 1, 20, 75, d, d}};
    c.f32 = true;
    c.precision = Precision::Tf32;
    c.negative = d == 24;
    check(c);
  }
}

/// A NaN in a value stays in the rows that see it, also where a tile holds rows that do not.
TEST(GpuAttention, NotFiniteInBands) {
  Case c{{1, 1, 80, 80, 16, 16}};
  c.mask = "t: 80 -> [t causal] over t: 80 empty nan";
  Numbers data(c);
  std::vector<float> clean = run(c, data);
  data.vp[test::at(data.vs, 0, 0, 40, 3)] = NAN;
  data.vp[test::at(data.vs, 0, 0, 70, 5)] = INFINITY;
  data.kp[test::at(data.ks, 0, 0, 60, 5)] = NAN;
  std::vector<float> out = run(c, data);
  ASSERT_EQ(out.size(), clean.size());
  for (int64_t i = 0; i < 80; ++i)
    for (int64_t d = 0; d < 16; ++d) {
      float got = out[i * 16 + d];
      if (i >= 60 || (d == 3 && i >= 40))
        EXPECT_TRUE(std::isnan(got)) << i << " " << d;
      else
        EXPECT_EQ(got, clean[i * 16 + d]) << i << " " << d;
    }
}

/// Neither the tile nor where the queries are cut changes a bit; nor do keys that others see.
TEST(GpuAttention, SameBits) {
  Case c{{1, 1, 200, 200, 64, 64}};
  c.mask = "a: 90 -> [a], f: 10 -> [all], v: 100 -> [v] over a: 90, f: 10, v: 100 empty nan";
  c.rows = 64;
  Numbers data(c);
  std::vector<float> narrow = run(c, data);
  c.rows = 128;
  EXPECT_TRUE(sameBits(narrow, run(c, data)));
  Case audio{{1, 1, 90, 90, 64, 64}};
  std::vector<float> alone = run(audio, data);
  EXPECT_TRUE(sameBits(alone, std::vector<float>(narrow.begin(), narrow.begin() + 90 * 64)));
  // Other cuts: the last 43 queries of v, at other places in other tiles.
  Case cut{{1, 1, 43, 200, 64, 64}};
  cut.mask = "q: 43 -> [v] over a: 90, f: 10, v: 100 empty nan";
  Numbers moved(c);
  std::copy(data.qp + 157 * 64, data.qp + 200 * 64, moved.qp);
  std::vector<float> some = run(cut, moved);
  EXPECT_TRUE(sameBits(some, std::vector<float>(narrow.begin() + 157 * 64, narrow.end())));
}

TEST(GpuAttention, NoSpills) {
  for (const char *arch : {"sm_80", "sm_90a"})
    for (int64_t d : {32, 64}) {
      Case c{{1, 1, 1, 1, d, d}};
      GpuKernel *kernel = GpuKernel::get(textOf(c), arch, Precision::Bf16);
      ASSERT_TRUE(kernel);
      if (kernel->registers >= 0)
        EXPECT_EQ(kernel->spillBytes, 0) << arch << " " << d << " " << kernel->registers;
    }
}

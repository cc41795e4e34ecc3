//===- AttentionMaskTest.cpp - Bands, key ranges and padding at run time ----*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Random tables of entries, with and without padding, against the definition in double precision.
// Then the bits of single rows: whatever lies in keys that a row does not see, and whatever stands
// beside it, must leave no trace.
//
//===----------------------------------------------------------------------------------------===//

#include "AttentionCalls.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace zorro;
using namespace zorro::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// A call under a mask and, if `keep` holds [batch or 1, keys] bytes, under padding.
struct Masked {
  Call call;
  MaskAttr mask; ///< null: every key
  std::vector<char> keep;
  float scale = 0.3f;

  int64_t padded() const { return keep.size() / std::max<int64_t>(call.keys, 1); }
  bool sees(int64_t b, int64_t i, int64_t j) const {
    if (!keep.empty() && !keep[(padded() == 1 ? 0 : b) * call.keys + j])
      return false;
    if (!mask)
      return true;
    unsigned s = MaskAttr::segmentOf(mask.getQueries(), i);
    unsigned t = MaskAttr::segmentOf(mask.getKeys(), j);
    return mask.getEntry(s, t).sees(i - mask.getQueries().getBegin(s),
                                    j - mask.getKeys().getBegin(t));
  }
  bool isEmpty(int64_t b, int64_t i) const {
    for (int64_t j = 0; j < call.keys; ++j)
      if (sees(b, i, j))
        return false;
    return true;
  }
  EmptyRow empty() const { return mask ? mask.getEmpty() : EmptyRow::Nan; }
};

std::string describe(const Masked &m) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << m.call.batches << "x" << m.call.heads << " " << m.call.queries << "x" << m.call.keys
     << (m.call.joint ? " joint" : "") << " d " << m.call.d << "/" << m.call.v << " padding of "
     << m.padded() << " ";
  if (m.mask)
    os << m.mask;
  return text;
}

class AttentionMask : public testing::TestWithParam<std::string> {
protected:
  Kernel *kernelOf(const Masked &m) {
    return Kernel::get(attentionText(m.call.d, m.call.v, !m.keep.empty()), GetParam());
  }

  /// Runs all tasks, `step` at a time; the first query is `skip` rows behind the data's.
  std::vector<float> run(const Masked &m, const Data &data, int64_t step = 0, int64_t skip = 0) {
    Kernel *kernel = kernelOf(m);
    std::vector<Operand> inputs = {data.qs, data.ks, data.vs};
    std::vector<const void *> pointers = {data.qp + skip * data.qs.strides[2], data.kp, data.vp};
    if (!m.keep.empty()) {
      inputs.push_back(Kernel::dense({m.padded(), m.call.keys}));
      pointers.push_back(m.keep.data());
    }
    inputs[0].sizes[2] = m.call.queries;
    Operand result = m.call.result();
    auto plan = kernel->plan(inputs, result, m.mask, m.scale);
    EXPECT_TRUE(succeeded(plan));
    std::vector<float> o(m.call.batches * m.call.queries * m.call.heads * m.call.v + 16, 7);
    if (failed(plan))
      return o;
    pointers.push_back(o.data());
    kernel->run(*plan, pointers, step);
    for (size_t i = o.size() - 16; i < o.size(); ++i)
      EXPECT_EQ(o[i], 7);
    return o;
  }

  void checkRow(const Masked &m, const Data &data, const float *got, int64_t b, int64_t h,
                int64_t i);
  void checkAgainstDefinition(const Masked &m, const Data &data, const std::vector<float> &o);
  void checkBits(const Masked &m, Data &data, const std::vector<float> &o, int64_t b, int64_t i);
  /// All of it, for some rows bit by bit.
  void check(const Masked &m, std::mt19937 &random, int rows = 3);
};

void AttentionMask::checkRow(const Masked &m, const Data &data, const float *got, int64_t b,
                             int64_t h, int64_t i) {
  const Call &c = m.call;
  std::vector<double> scores(c.keys), sum(c.v);
  double most = -INFINITY, total = 0;
  bool uniform = m.isEmpty(b, i) && m.empty() == EmptyRow::Uniform;
  auto counts = [&](int64_t j) { return uniform || m.sees(b, i, j); };
  for (int64_t j = 0; j < c.keys; ++j) {
    for (int64_t d = 0; counts(j) && !uniform && d < c.d; ++d)
      scores[j] += double(data.qp[at(data.qs, b, h, i, d)]) * data.kp[at(data.ks, b, h, j, d)];
    scores[j] *= m.scale;
    most = counts(j) ? std::max(most, scores[j]) : most;
  }
  for (int64_t j = 0; j < c.keys; ++j) {
    if (!counts(j))
      continue;
    double p = std::exp(scores[j] - most);
    total += p;
    for (int64_t d = 0; d < c.v; ++d)
      sum[d] += p * data.vp[at(data.vs, b, h, j, d)];
  }
  for (int64_t d = 0; d < c.v; ++d) {
    if (total > 0)
      ASSERT_NEAR(got[d], sum[d] / total, 5e-6) << b << " " << h << " " << i << " " << d;
    else if (m.empty() == EmptyRow::Zero)
      ASSERT_EQ(got[d], 0) << b << " " << h << " " << i << " " << d;
    else
      ASSERT_TRUE(std::isnan(got[d])) << b << " " << h << " " << i << " " << d << " " << got[d];
  }
}

void AttentionMask::checkAgainstDefinition(const Masked &m, const Data &data,
                                           const std::vector<float> &o) {
  for (int64_t b = 0; b < m.call.batches; ++b)
    for (int64_t h = 0; h < m.call.heads; ++h)
      for (int64_t i = 0; i < m.call.queries; ++i)
        checkRow(m, data, &o[at(data.os, b, h, i, 0)], b, h, i);
}

/// Row i of batch entry b, alone, beside poison, and under a mask that was cut to it.
void AttentionMask::checkBits(const Masked &m, Data &data, const std::vector<float> &o, int64_t b,
                              int64_t i) {
  const Call &c = m.call;
  auto expectRow = [&](const std::vector<float> &other, int64_t b2, int64_t i2, const Operand &os,
                       const char *what) {
    for (int64_t h = 0; h < c.heads; ++h)
      EXPECT_EQ(0, std::memcmp(&o[at(data.os, b, h, i, 0)], &other[at(os, b2, h, i2, 0)], c.v * 4))
          << what << ": row " << i << " of head " << h << " in batch entry " << b;
  };
  bool isEmpty = m.isEmpty(b, i);

  // 1. Everything that the row does not see is poisoned.
  if (!isEmpty || m.empty() != EmptyRow::Uniform) {
    std::vector<float> k = data.k, v = data.v, q = data.q;
    for (int64_t j = 0; j < c.keys; ++j)
      for (int64_t h = 0; !m.sees(b, i, j) && h < c.heads; ++h) {
        for (int64_t d = 0; d < c.d; ++d)
          data.kp[at(data.ks, b, h, j, d)] = j % 3 == 0 ? NAN : j % 3 == 1 ? kInfinity : -kInfinity;
        for (int64_t d = 0; d < c.v; ++d)
          data.vp[at(data.vs, b, h, j, d)] = j % 2 ? NAN : kInfinity;
      }
    if (!c.joint) // the queries lie elsewhere
      for (int64_t other = 0; other < c.queries; ++other)
        for (int64_t h = 0; other != i && h < c.heads; ++h)
          data.qp[at(data.qs, b, h, other, 0)] = NAN;
    expectRow(run(m, data), b, i, data.os, "poisoned");
    std::copy(k.begin(), k.end(), data.k.begin());
    std::copy(v.begin(), v.end(), data.v.begin());
    std::copy(q.begin(), q.end(), data.q.begin());
  }

  // 2. One query, under the entries of its row. The bands move with it.
  Masked alone = m;
  alone.call.queries = 1;
  mlir::MLIRContext *context = &test::context();
  if (m.mask) {
    unsigned s = MaskAttr::segmentOf(m.mask.getQueries(), i);
    int64_t local = i - m.mask.getQueries().getBegin(s);
    std::vector<EntryAttr> entries;
    for (unsigned t = 0; t < m.mask.getKeys().getCount(); ++t) {
      EntryAttr entry = m.mask.getEntry(s, t);
      if (entry.isBand())
        entry = EntryAttr::getBand(
            context, entry.hasLowLimit() ? entry.getLow() + local : -EntryAttr::kFar,
            entry.hasHighLimit() ? entry.getHigh() + local : EntryAttr::kFar);
      entries.push_back(entry);
    }
    auto one = StreamsAttr::get(context, {mlir::StringAttr::get(context, "q")}, {1});
    alone.mask = MaskAttr::get(context, one, m.mask.getKeys(), entries, m.empty());
  }
  expectRow(run(alone, data, 0, i), b, 0, alone.call.result(), "alone");

  // 3. Without a band: only the row's own keys, moved together.
  bool banded = false;
  if (alone.mask)
    for (EntryAttr entry : alone.mask.getEntries())
      banded |= entry.isBand();
  if (banded || isEmpty)
    return;
  Call cut{1, c.heads, 1, 0, c.d, c.v, /*joint=*/false};
  std::vector<int64_t> mine;
  for (int64_t j = 0; j < c.keys; ++j)
    if (m.sees(b, i, j))
      mine.push_back(j);
  cut.keys = mine.size();
  Masked few{cut, MaskAttr(), {}, m.scale};
  Data own(cut);
  for (int64_t h = 0; h < c.heads; ++h) {
    for (int64_t d = 0; d < c.d; ++d)
      own.qp[at(own.qs, 0, h, 0, d)] = data.qp[at(data.qs, b, h, i, d)];
    for (size_t j = 0; j < mine.size(); ++j) {
      for (int64_t d = 0; d < c.d; ++d)
        own.kp[at(own.ks, 0, h, j, d)] = data.kp[at(data.ks, b, h, mine[j], d)];
      for (int64_t d = 0; d < c.v; ++d)
        own.vp[at(own.vs, 0, h, j, d)] = data.vp[at(data.vs, b, h, mine[j], d)];
    }
  }
  expectRow(run(few, own), 0, 0, own.os, "cut");
}

void AttentionMask::check(const Masked &m, std::mt19937 &random, int rows) {
  SCOPED_TRACE(describe(m));
  ASSERT_TRUE(kernelOf(m));
  Data data(m.call);
  std::vector<float> o = run(m, data);
  checkAgainstDefinition(m, data, o);
  std::vector<float> again = run(m, data, /*step=*/1);
  EXPECT_EQ(0, std::memcmp(o.data(), again.data(), o.size() * 4)) << "task by task";
  for (int n = 0; n < rows; ++n)
    checkBits(m, data, o, random() % m.call.batches, random() % m.call.queries);
}

int64_t between(std::mt19937 &random, int64_t least, int64_t most) {
  return least + int64_t(random() % uint64_t(most - least + 1));
}

StreamsAttr randomStreams(std::mt19937 &random, const char *prefix, int64_t most, int64_t total) {
  mlir::MLIRContext *context = &test::context();
  std::vector<mlir::StringAttr> names;
  std::vector<int64_t> sizes;
  int64_t left = total;
  while (left > 0) {
    int64_t size = int64_t(sizes.size()) + 1 == most ? left : between(random, 1, left);
    names.push_back(mlir::StringAttr::get(context, prefix + std::to_string(sizes.size())));
    sizes.push_back(size);
    left -= size;
  }
  return StreamsAttr::get(context, names, sizes);
}

EntryAttr randomEntry(std::mt19937 &random, int64_t queries, int64_t keys) {
  mlir::MLIRContext *context = &test::context();
  switch (random() % 7) {
  case 0:
    return EntryAttr::getAll(context);
  case 1:
    return EntryAttr::getBand(context, -EntryAttr::kFar, between(random, -queries, keys)); // causal
  case 2:
    return EntryAttr::getBand(context, between(random, -queries, keys), EntryAttr::kFar);
  case 3: {
    int64_t low = between(random, -queries, keys);
    return EntryAttr::getBand(context, low, low + between(random, 0, 1 + keys / 2));
  }
  case 4: {
    std::vector<int64_t> bounds;
    for (int64_t at = between(random, 0, keys / 2); at < keys;) {
      int64_t end = between(random, at + 1, keys);
      bounds.insert(bounds.end(), {at, end});
      at = end + between(random, 1, 4);
    }
    return bounds.empty() ? EntryAttr::getNone(context) : EntryAttr::getRanges(context, bounds);
  }
  default:
    return EntryAttr::getNone(context);
  }
}

MaskAttr randomMask(std::mt19937 &random, int64_t queries, int64_t keys) {
  StreamsAttr q = randomStreams(random, "q", 4, queries);
  StreamsAttr k = randomStreams(random, "k", 5, keys);
  std::vector<EntryAttr> entries;
  for (int64_t rows : q.getSizes())
    for (int64_t columns : k.getSizes())
      entries.push_back(randomEntry(random, rows, columns));
  return MaskAttr::get(&test::context(), q, k, entries, EmptyRow(random() % 3));
}

/// Runs of kept and padded keys; some entries of the batch keep nothing.
std::vector<char> randomPadding(std::mt19937 &random, int64_t batches, int64_t keys) {
  std::vector<char> keep(batches * keys);
  for (int64_t b = 0; b < batches; ++b) {
    int64_t style = random() % 6;
    bool on = random() % 2;
    for (int64_t j = 0; j < keys; ++j) {
      if (random() % 20 == 0)
        on = !on;
      bool value = style == 0   ? false
                   : style == 1 ? j < keys / 3
                   : style == 2 ? random() % 2
                                : on;
      keep[b * keys + j] = value;
    }
  }
  return keep;
}

} // namespace

TEST_P(AttentionMask, RandomTables) {
  std::mt19937 random(7);
  const std::pair<int64_t, int64_t> sizes[] = {{16, 16}, {20, 7}, {64, 64}};
  for (int round = 0; round < 150; ++round) {
    auto [d, v] = sizes[random() % 3];
    int64_t tokens = random() % 4 ? 90 : 330;
    Masked m;
    m.call = {between(random, 1, 2),      2, between(random, 1, tokens),
              between(random, 1, tokens), d, v};
    m.call.joint = random() % 3 == 0;
    if (random() % 8)
      m.mask = randomMask(random, m.call.queries, m.call.keys);
    if (random() % 2)
      m.keep = randomPadding(random, random() % 2 ? m.call.batches : 1, m.call.keys);
    check(m, random);
    if (HasFailure())
      return;
  }
}

/// Rows that lie apart are gathered from 192 queries on, or 96: padded keys stay out of the copy.
TEST_P(AttentionMask, Gathered) {
  std::mt19937 random(11);
  for (int round = 0; round < 12; ++round) {
    Masked m{{2, 2, 250, 260, 16, 16, /*joint=*/true}};
    Kernel *kernel = kernelOf(m);
    ASSERT_TRUE(kernel);
    const char *tables[] = {
        "t: 250 -> [a, b causal, c keys(2, 7, 11, 30)] over a: 40, b: 180, c: 40 empty zero",
        "t: 210 -> [a, c], f: 40 -> [all] over a: 100, b: 60, c: 100 empty uniform",
        "t: 250 -> [a band(-40, 3), b] over a: 250, b: 10 empty nan"};
    m.mask = kernel->mask(tables[round % 3]);
    ASSERT_TRUE(m.mask);
    if (round >= 3)
      m.keep = randomPadding(random, round % 2 ? 2 : 1, m.call.keys);
    check(m, random);
  }
}

TEST_P(AttentionMask, HeadSizesAndFewKeys) {
  std::mt19937 random(5);
  for (int64_t d : {16, 33, 80, 256})
    for (int64_t keys : {1, 2, 3, 70})
      for (int64_t queries : {1, 49}) {
        Masked m{{1, 1, queries, keys, d, d}};
        m.mask = MaskAttr::get(&test::context(), randomStreams(random, "q", 1, queries),
                               randomStreams(random, "k", 1, keys),
                               {EntryAttr::getBand(&test::context(), -EntryAttr::kFar, 0)},
                               EmptyRow::Nan);
        m.keep.assign(keys, 1);
        if (keys > 2)
          m.keep[1] = 0;
        check(m, random, 1);
        m.mask = {};
        check(m, random, 1);
      }
}

/// A causal block of 48 queries at the end of a long stream, a window, and pairs.
TEST_P(AttentionMask, Bands) {
  std::mt19937 random(3);
  Masked m{{1, 1, 300, 300, 16, 16}};
  Kernel *kernel = kernelOf(m);
  ASSERT_TRUE(kernel);
  for (const char *table : {"t: 300 -> [t causal] over t: 300 empty nan",
                            "t: 300 -> [t band(0, *)] over t: 300 empty nan",
                            "t: 300 -> [t band(-130, 0)] over t: 300 empty nan",
                            "t: 300 -> [t band(-3, 2)] over t: 300 empty zero",
                            "a: 150 -> [a, b same], b: 150 -> [a same, b causal] "
                            "over a: 150, b: 150 empty uniform",
                            "t: 300 -> [t band(*, -100)] over t: 300 empty uniform",
                            "t: 300 -> [t band(*, -100)] over t: 300 empty zero",
                            "t: 300 -> [t band(250, *)] over t: 300 empty nan"}) {
    m.mask = kernel->mask(table);
    ASSERT_TRUE(m.mask);
    check(m, random, 8);
  }
}

/// Dead keys at run time give the bits of the program that never had them.
TEST_P(AttentionMask, PaddedIsCut) {
  std::mt19937 random(2);
  Masked m{{1, 2, 100, 400, 20, 20}};
  Kernel *kernel = kernelOf(m);
  ASSERT_TRUE(kernel);
  m.mask = kernel->mask("a: 60 -> [a, c], f: 40 -> [all] over a: 77, b: 203, c: 120 empty nan");
  ASSERT_TRUE(m.mask);
  m.keep.assign(400, 1);
  std::fill_n(m.keep.begin() + 77, 203, 0); // b is absent
  Data data(m.call);
  std::vector<float> o = run(m, data);
  Masked without{{1, 2, 100, 197, 20, 20}};
  Data cut(without.call);
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t j = 0; j < 197; ++j)
      for (int64_t d = 0; d < 20; ++d) {
        cut.kp[at(cut.ks, 0, h, j, d)] = data.kp[at(data.ks, 0, h, j < 77 ? j : j + 203, d)];
        cut.vp[at(cut.vs, 0, h, j, d)] = data.vp[at(data.vs, 0, h, j < 77 ? j : j + 203, d)];
      }
  std::vector<float> fewer = run(without, cut);
  EXPECT_EQ(0, std::memcmp(o.data(), fewer.data(), o.size() * 4));
}

INSTANTIATE_TEST_SUITE_P(Cpu, AttentionMask, testing::ValuesIn(targets()));

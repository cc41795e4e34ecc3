//===- AttentionTest.cpp - Masked attention against double precision --------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "AttentionCalls.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace zorro;
using namespace zorro::test;

namespace {

/// The largest error of o, where live(query, key) says who sees whom.
double worst(const Call &c, const Data &data, const std::vector<float> &o, float scale,
             llvm::function_ref<bool(int64_t, int64_t)> live) {
  double worst = 0;
  for (int64_t b = 0; b < c.batches; ++b)
    for (int64_t h = 0; h < c.heads; ++h)
      for (int64_t i = 0; i < c.queries; ++i) {
        std::vector<double> scores(c.keys), sum(c.v);
        double most = -INFINITY, total = 0;
        for (int64_t j = 0; j < c.keys; ++j) {
          if (!live(i, j))
            continue;
          double s = 0;
          for (int64_t d = 0; d < c.d; ++d)
            s += double(data.qp[at(data.qs, b, h, i, d)]) * data.kp[at(data.ks, b, h, j, d)];
          most = std::max(most, scores[j] = s * scale);
        }
        for (int64_t j = 0; j < c.keys; ++j) {
          if (!live(i, j))
            continue;
          double p = std::exp(scores[j] - most);
          total += p;
          for (int64_t d = 0; d < c.v; ++d)
            sum[d] += p * data.vp[at(data.vs, b, h, j, d)];
        }
        for (int64_t d = 0; d < c.v; ++d) {
          double error = std::fabs(sum[d] / total - o[at(data.os, b, h, i, d)]);
          worst = error <= worst ? worst : error; // a NaN counts
        }
      }
  return worst;
}

class Attention : public testing::TestWithParam<std::string> {
protected:
  /// Runs `c` under `mask`; checks it against the reference, and that other splits into tasks give
  /// the same bits.
  void check(const Call &c, const std::string &mask,
             llvm::function_ref<bool(int64_t, int64_t)> live, bool poison = false) {
    SCOPED_TRACE(testing::Message() << c.batches << "x" << c.heads << " " << c.queries << "x"
                                    << c.keys << " d " << c.d << "/" << c.v << " " << mask);
    Kernel *kernel = Kernel::get(attentionText(c.d, c.v), GetParam());
    ASSERT_TRUE(kernel);
    Data data(c);
    if (poison) // keys that nobody sees must leave no trace
      for (int64_t j = 0; j < c.keys; ++j) {
        bool seen = false;
        for (int64_t i = 0; i < c.queries; ++i)
          seen |= live(i, j);
        for (int64_t b = 0; !seen && b < c.batches; ++b)
          for (int64_t h = 0; h < c.heads; ++h) {
            for (int64_t d = 0; d < c.d; ++d)
              data.k[at(data.ks, b, h, j, d)] = NAN;
            for (int64_t d = 0; d < c.v; ++d)
              data.v[at(data.vs, b, h, j, d)] = NAN;
          }
      }
    MaskAttr attr = mask.empty() ? MaskAttr() : kernel->mask(mask);
    ASSERT_TRUE(mask.empty() || attr);
    float scale = 1 / std::sqrt(float(c.d));
    auto plan = kernel->plan({data.qs, data.ks, data.vs}, data.os, attr, scale);
    ASSERT_TRUE(succeeded(plan));
    std::vector<const void *> pointers = {data.qp, data.kp, data.vp, data.o.data()};
    kernel->run(*plan, pointers);
    EXPECT_LE(worst(c, data, data.o, scale, live), 5e-6);
    for (int i = 0; i < 16; ++i)
      EXPECT_EQ(data.o[data.o.size() - 1 - i], 7);
    std::vector<float> again(data.o.size(), 7);
    pointers.back() = again.data();
    kernel->run(*plan, pointers, 1);
    EXPECT_EQ(0, std::memcmp(data.o.data(), again.data(), again.size() * 4));
  }
};

bool all(int64_t, int64_t) { return true; }

} // namespace

TEST_P(Attention, HeadSizes) {
  for (int64_t d : {1, 4, 7, 8, 16, 20, 24, 32, 40, 64, 80, 96, 128})
    check({1, 2, 53, 37, d, d}, "", all);
  check({2, 1, 50, 40, 12, 20}, "", all);
}

TEST_P(Attention, TokenCounts) {
  for (int64_t queries : {1, 2, 8, 15, 16, 17, 24, 25, 32, 33, 47, 48, 49, 97, 145})
    for (int64_t keys : {1, 7, 130})
      check({1, 1, queries, keys, 16, 16}, "", all);
  for (int64_t keys : {2, 3, 4, 5, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 256, 300})
    check({1, 1, 49, keys, 16, 16}, "", all);
}

TEST_P(Attention, Streams) {
  auto route = [](int64_t a, int64_t f) {
    return [=](int64_t i, int64_t j) {
      int64_t si = i < a ? 0 : i < a + f ? 1 : 2, sj = j < a ? 0 : j < a + f ? 1 : 2;
      return si == 1 || si == sj;
    };
  };
  check({2, 3, 69, 69, 32, 32},
        "audio: 31 -> [audio], fusion: 5 -> [all], video: 33 -> [video] "
        "over audio: 31, fusion: 5, video: 33 empty nan",
        route(31, 5));
  check({1, 2, 69, 69, 32, 32, /*joint=*/true},
        "audio: 31 -> [audio], fusion: 5 -> [all], video: 33 -> [video] "
        "over audio: 31, fusion: 5, video: 33 empty nan",
        route(31, 5));
  check({1, 1, 1312, 1312, 64, 64, /*joint=*/true, /*width=*/2},
        "audio: 512 -> [audio], fusion: 16 -> [all], video: 784 -> [video] "
        "over audio: 512, fusion: 16, video: 784 empty nan",
        route(512, 16));
}

/// Rows that lie apart are gathered where many queries read them, head by head; where there are
/// more keys than the copy holds, they are read in place.
TEST_P(Attention, RowsApart) {
  check({2, 2, 200, 150, 16, 24, /*joint=*/true}, "", all);
  check({2, 2, 250, 250, 12, 12, /*joint=*/true},
        "a: 200 -> [a, c], b: 10 -> [all], c: 40 -> [b] over a: 200, b: 10, c: 40 empty nan",
        [](int64_t i, int64_t j) {
          return i < 200 ? j < 200 || j >= 210 : i < 210 || (j >= 200 && j < 210);
        });
  check({1, 1, 1100, 1100, 128, 128, /*joint=*/true}, "", all);
}

/// Many ragged intervals; what is masked holds NaN and is never read.
TEST_P(Attention, MaskedKeysAreNeverRead) {
  auto live = [](int64_t, int64_t j) {
    return j < 1 || (j >= 4 && j < 11) || (j >= 30 && j < 38) || (j >= 100 && j < 229) || j >= 290;
  };
  check({1, 2, 60, 300, 24, 24},
        "x: 60 -> [a, c, e, g, i] over a: 1, b: 3, c: 7, d: 19, e: 8, f: 62, g: 129, h: 61, i: 10 "
        "empty nan",
        live, /*poison=*/true);
}

TEST_P(Attention, EmptyRows) {
  Call c{1, 2, 60, 9, 20, 20};
  Kernel *kernel = Kernel::get(attentionText(c.d, c.v), GetParam());
  ASSERT_TRUE(kernel);
  for (const char *kind : {"nan", "uniform", "zero"}) {
    Data data(c);
    MaskAttr mask =
        kernel->mask(std::string("a: 50 -> [], b: 10 -> [all] over k: 9 empty ") + kind);
    ASSERT_TRUE(mask);
    auto plan = kernel->plan({data.qs, data.ks, data.vs}, data.os, mask, 0.3f);
    ASSERT_TRUE(succeeded(plan));
    kernel->run(*plan, {data.qp, data.kp, data.vp, data.o.data()});
    for (int64_t h = 0; h < c.heads; ++h)
      for (int64_t i = 0; i < c.queries; ++i)
        for (int64_t d = 0; d < c.v; ++d) {
          float got = data.o[at(data.os, 0, h, i, d)];
          if (i >= 50 || kind[0] == 'z') {
            EXPECT_TRUE(i >= 50 ? std::isfinite(got) && got != 0 : got == 0) << kind << " " << i;
          } else if (kind[0] == 'n') {
            EXPECT_TRUE(std::isnan(got));
          } else {
            double mean = 0;
            for (int64_t j = 0; j < c.keys; ++j)
              mean += data.v[at(data.vs, 0, h, j, d)] / double(c.keys);
            EXPECT_NEAR(got, mean, 1e-6);
          }
        }
  }
}

/// A row's bits depend on its own query and keys only: not on its place in a block, the rows beside
/// it, or NaN in them.
TEST_P(Attention, RowsArePure) {
  Call c{1, 1, 120, 200, 40, 40};
  Kernel *kernel = Kernel::get(attentionText(c.d, c.v), GetParam());
  ASSERT_TRUE(kernel);
  Data data(c);
  auto plan = kernel->plan({data.qs, data.ks, data.vs}, data.os, {}, 0.2f);
  ASSERT_TRUE(succeeded(plan));
  kernel->run(*plan, {data.qp, data.kp, data.vp, data.o.data()});
  for (int64_t first = 0; first < c.queries;) {
    int64_t count = std::min<int64_t>(c.queries - first, 1 + first * 7 % 50);
    Call part = c;
    part.queries = count;
    std::vector<float> o(count * c.v);
    auto plan = kernel->plan({part.operand(count, c.d), data.ks, data.vs}, part.result(), {}, 0.2f);
    ASSERT_TRUE(succeeded(plan));
    kernel->run(*plan, {data.qp + first * c.d, data.kp, data.vp, o.data()});
    EXPECT_EQ(0, std::memcmp(o.data(), &data.o[first * c.v], o.size() * 4)) << first;
    first += count;
  }
  std::vector<float> before = data.o;
  data.q[5 * c.d + 1] = NAN;
  data.q[77 * c.d] = std::numeric_limits<float>::infinity();
  kernel->run(*plan, {data.qp, data.kp, data.vp, data.o.data()});
  for (int64_t i = 0; i < c.queries; ++i)
    if (i == 5 || i == 77)
      EXPECT_TRUE(std::isnan(data.o[i * c.v]));
    else
      EXPECT_EQ(0, std::memcmp(&before[i * c.v], &data.o[i * c.v], c.v * 4)) << i;
}

/// Whole blocks of -inf scores change nothing; a row of nothing else is NaN.
TEST_P(Attention, InfiniteScores) {
  Call c{1, 1, 50, 300, 8, 8};
  Kernel *kernel = Kernel::get(attentionText(c.d, c.v), GetParam());
  ASSERT_TRUE(kernel);
  Data data(c);
  const float infinity = std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < c.queries; ++i)
    data.q[i * c.d] = std::fabs(data.q[i * c.d]) + 0.1f;
  for (int64_t j = 0; j < c.keys - 20; ++j)
    data.k[j * c.d] = -infinity;
  auto plan = kernel->plan({data.qs, data.ks, data.vs}, data.os, {}, 0.5f);
  ASSERT_TRUE(succeeded(plan));
  kernel->run(*plan, {data.qp, data.kp, data.vp, data.o.data()});
  auto live = [&](int64_t, int64_t j) { return j >= c.keys - 20; };
  EXPECT_LE(worst(c, data, data.o, 0.5f, live), 5e-6);
  for (int64_t j = 0; j < c.keys; ++j)
    data.k[j * c.d] = -infinity;
  kernel->run(*plan, {data.qp, data.kp, data.vp, data.o.data()});
  for (int64_t i = 0; i < c.queries * c.v; ++i)
    EXPECT_TRUE(std::isnan(data.o[i]));
}

TEST_P(Attention, PlanCountsLiveWork) {
  Kernel *kernel = Kernel::get(attentionText(32, 32), GetParam());
  ASSERT_TRUE(kernel);
  Call c{1, 2, 96, 96, 32, 32};
  Data data(c);
  MaskAttr mask = kernel->mask("a: 48 -> [a], b: 48 -> [b] over a: 48, b: 48 empty nan");
  auto half = kernel->plan({data.qs, data.ks, data.vs}, data.os, mask, 1);
  auto full = kernel->plan({data.qs, data.ks, data.vs}, data.os, {}, 1);
  ASSERT_TRUE(succeeded(half) && succeeded(full));
  EXPECT_EQ(half->multiplyAdds, 2 * 2 * 48 * 48 * 64);
  EXPECT_EQ(full->multiplyAdds, 2 * half->multiplyAdds);
}

INSTANTIATE_TEST_SUITE_P(Cpu, Attention, testing::ValuesIn(targets()));

//===- SessionTest.cpp - Runs, wrong tensors, threads, traces -------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What a caller can do right and wrong with a session. Nothing wrong may end the program.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Zorro.hpp"
#include "test/runtime/TinyArtefact.h"

#include <atomic>
#include <cfenv>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>
#include <xmmintrin.h>

using namespace zorro;
using namespace zorro::test;

namespace {

class SessionTest : public ::testing::Test {
protected:
  void SetUp() override {
    writeBytes(file, tinyArtefact());
    ASSERT_EQ(model.load(file.c_str()), ZORRO_OK) << zorro_last_error();
    for (int64_t i = 0; i < tinyElements; ++i)
      x[size_t(i)] = float(i) * 0.25f - 7;
  }
  zorro_tensor_view view(std::vector<float> &data) {
    return {data.data(), ZORRO_F32, 2, dims};
  }
  /// Runs with one input and one output that a test has made wrong, and looks for `words`.
  void refuses(const zorro_tensor_view &in, const zorro_tensor_view &out, const char *words) {
    Session session;
    ASSERT_EQ(session.create(model, "fused", 1), ZORRO_OK);
    EXPECT_EQ(session.run(&in, 1, &out, 1), ZORRO_INVALID) << words;
    EXPECT_NE(strstr(zorro_last_error(), words), nullptr) << zorro_last_error();
  }

  TemporaryFolder folder;
  std::string file = folder.path("model.so");
  Model model;
  int64_t dims[2] = {tinyRows, tinyColumns};
  std::vector<float> x = std::vector<float>(tinyElements), y = std::vector<float>(tinyElements);
};

} // namespace

TEST_F(SessionTest, givesTheSameOnAnyNumberOfThreads) {
  for (uint32_t threads = 1; threads <= 8; ++threads) {
    Session session;
    ASSERT_EQ(session.create(model, "fused", threads), ZORRO_OK) << zorro_last_error();
    EXPECT_EQ(session.threads(), threads);
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::fill(y.begin(), y.end(), -1.0f);
      zorro_tensor_view in = view(x), out = view(y);
      ASSERT_EQ(session.run(&in, 1, &out, 1), ZORRO_OK) << zorro_last_error();
      for (size_t i = 0; i < y.size(); ++i)
        ASSERT_EQ(y[i], (x[i] + float(i % tinyColumns)) * 2) << "element " << i;
    }
  }
}

TEST_F(SessionTest, choosesTheEntry) {
  Session session;
  ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
  EXPECT_STREQ(session.entry().name, "fused");
  EXPECT_EQ(session.create(model, "video"), ZORRO_INVALID);
  EXPECT_NE(strstr(zorro_last_error(), "fused, audio, broken, empty but got 'video'"), nullptr)
      << zorro_last_error();
  EXPECT_FALSE(session);
  EXPECT_EQ(session.create(model, "fused", 5000), ZORRO_INVALID);
  ASSERT_EQ(session.create(model, "empty", 2), ZORRO_OK);
  EXPECT_EQ(session.run(nullptr, 0, nullptr, 0), ZORRO_OK) << zorro_last_error();
}

TEST_F(SessionTest, refusesWrongTensors) {
  const zorro_tensor_view in = view(x), out = view(y);
  zorro_tensor_view bad = in;
  bad.type = ZORRO_F64;
  refuses(bad, out, "expected 37x8xf32 for input 'x' of entry 'fused' but got 37x8xf64");
  bad = in;
  bad.type = 99;
  refuses(bad, out, "type 99");
  bad = in;
  bad.rank = 1;
  refuses(bad, out, "but got 37xf32");
  bad = in;
  bad.rank = 4000000000u;
  refuses(bad, out, "but got rank 4000000000");
  int64_t otherDims[] = {tinyRows, tinyColumns + 1};
  bad = in;
  bad.dims = otherDims;
  refuses(bad, out, "but got 37x9xf32");
  bad = in;
  bad.dims = nullptr;
  refuses(bad, out, "dims of input 'x'");
  bad = in;
  bad.data = nullptr;
  refuses(bad, out, "expected data for input 'x'");
  bad = in;
  bad.data = reinterpret_cast<char *>(x.data()) + 1;
  refuses(bad, out, "aligned to 4 bytes");
  bad = out;
  bad.data = nullptr;
  refuses(in, bad, "expected data for output 'y'");
  bad = out;
  bad.data = x.data() + 4;
  refuses(in, bad, "output 'y' overlaps input 'x'");
}

TEST_F(SessionTest, refusesWrongCounts) {
  Session session;
  ASSERT_EQ(session.create(model, "fused", 1), ZORRO_OK);
  zorro_tensor_view in[] = {view(x), view(x)}, out = view(y);
  EXPECT_EQ(session.run(in, 2, &out, 1), ZORRO_INVALID);
  EXPECT_NE(strstr(zorro_last_error(), "expected 1 inputs for entry 'fused' but got 2"), nullptr)
      << zorro_last_error();
  EXPECT_EQ(session.run(in, 1, &out, 0), ZORRO_INVALID);
  EXPECT_EQ(session.run(nullptr, 1, &out, 1), ZORRO_INVALID);
  // The session is still good.
  EXPECT_EQ(session.run(in, 1, &out, 1), ZORRO_OK);
}

TEST_F(SessionTest, reportsWhatGeneratedCodeReports) {
  Session session;
  ASSERT_EQ(session.create(model, "broken", 2), ZORRO_OK);
  EXPECT_EQ(session.run(nullptr, 0, nullptr, 0), ZORRO_INTERNAL);
  EXPECT_NE(strstr(zorro_last_error(), "launch 7 of 0"), nullptr) << zorro_last_error();
}

TEST_F(SessionTest, flushesSubnormalNumbersAndRestoresTheMode) {
  std::fill(x.begin(), x.end(), 1e-10f);
  unsigned before = _mm_getcsr();
  _mm_setcsr((before & ~0x6000u) | 0x4000u); // the caller rounds upwards
  unsigned callers = _mm_getcsr();
  for (uint32_t threads : {1u, 3u}) {
    Session session;
    ASSERT_EQ(session.create(model, "audio", threads), ZORRO_OK);
    std::fill(y.begin(), y.end(), -1.0f);
    zorro_tensor_view in = view(x), out = view(y);
    ASSERT_EQ(session.run(&in, 1, &out, 1), ZORRO_OK);
    EXPECT_EQ(y, std::vector<float>(tinyElements, 0.0f));
    EXPECT_EQ(_mm_getcsr() & 0xffc0u, callers & 0xffc0u);
  }
  _mm_setcsr(before);
}

TEST_F(SessionTest, sessionsRunSideBySide) {
  std::atomic<int> wrong{0};
  auto work = [&](float base) {
    Session session;
    wrong += session.create(model, "fused", 2) != ZORRO_OK;
    std::vector<float> in(tinyElements, base), out(tinyElements);
    zorro_tensor_view inView = view(in), outView = view(out);
    for (int i = 0; i < 200; ++i) {
      wrong += session.run(&inView, 1, &outView, 1) != ZORRO_OK;
      wrong += out[3] != (base + 3) * 2;
    }
  };
  std::thread first(work, 1.0f), second(work, 100.0f), third(work, -5.0f);
  first.join();
  second.join();
  third.join();
  EXPECT_EQ(wrong, 0);
}

// Two threads on one session: each run either works or says that the session is in use.
TEST_F(SessionTest, aSessionInUseSaysSo) {
  Session session;
  ASSERT_EQ(session.create(model, "fused", 2), ZORRO_OK);
  std::atomic<int> good{0}, other{0};
  auto work = [&] {
    std::vector<float> out(tinyElements);
    zorro_tensor_view inView = view(x), outView = view(out);
    for (int i = 0; i < 2000; ++i) {
      zorro_status status = session.run(&inView, 1, &outView, 1);
      good += status == ZORRO_OK;
      other += status != ZORRO_OK && status != ZORRO_BUSY;
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
  EXPECT_GT(good, 0);
  EXPECT_EQ(other, 0);
}

TEST_F(SessionTest, tracesEachLaunch) {
  Session session;
  ASSERT_EQ(session.create(model, "fused", 2), ZORRO_OK);
  ASSERT_EQ(session.setTrace(true), ZORRO_OK);
  zorro_tensor_view in = view(x), out = view(y);
  const zorro_trace_record *records;
  size_t count;
  for (int repeat = 0; repeat < 3; ++repeat) {
    ASSERT_EQ(session.run(&in, 1, &out, 1), ZORRO_OK);
    ASSERT_EQ(zorro_session_trace(session.get(), &records, &count), ZORRO_OK);
    ASSERT_EQ(count, 2u);
    EXPECT_EQ(records[0].launch, 0u);
    EXPECT_STREQ(records[0].kernel_name, "add_8");
    EXPECT_STREQ(records[1].source, "/scale");
    EXPECT_EQ(records[1].kernel, 1u);
    EXPECT_EQ(records[1].tasks, tinyRows);
    EXPECT_GE(records[1].start_ns, records[0].start_ns + records[0].duration_ns);
  }
  ASSERT_EQ(session.setTrace(false), ZORRO_OK);
  ASSERT_EQ(session.run(&in, 1, &out, 1), ZORRO_OK);
  ASSERT_EQ(zorro_session_trace(session.get(), &records, &count), ZORRO_OK);
  EXPECT_EQ(count, 0u);
}

TEST_F(SessionTest, refusesArenasThatAreTooLarge) {
  DescriptorSpec spec = tinyDescriptor();
  spec.entries[0].arenaBytes = uint64_t(1) << 60;
  spec.entries[1].arenaBytes = UINT64_MAX;
  spec.entries[3].arenaBytes = 1 << 20;
  writeBytes(folder.path("large.so"),
             assembleArtefact(tinyCode(), tinyWeights(), encodeDescriptor(spec)));
  zorro_load_options options;
  zorro_load_options_init(&options);
  Model large;
  ASSERT_EQ(large.load(folder.path("large.so").c_str(), &options), ZORRO_OK);
  Session session;
  EXPECT_EQ(session.create(large, "fused"), ZORRO_LIMIT);
  EXPECT_EQ(session.create(large, "audio"), ZORRO_LIMIT);
  EXPECT_EQ(session.create(large, "empty"), ZORRO_OK);
  options.max_arena_bytes = 1000;
  ASSERT_EQ(large.load(folder.path("large.so").c_str(), &options), ZORRO_OK);
  EXPECT_EQ(session.create(large, "empty"), ZORRO_LIMIT);
  EXPECT_NE(strstr(zorro_last_error(), "the limit is 1000"), nullptr) << zorro_last_error();
}

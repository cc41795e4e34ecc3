//===- RunTest.cpp - Artefacts for a GPU, loaded and run ------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What works: images for one device or another, entries of all kinds, devices by number, traces,
// sessions side by side.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Cuda/CudaFixture.h"

#include <atomic>
#include <cmath>
#include <thread>

using namespace zorro;
using namespace zorro::test;

namespace {
class CudaRunTest : public CudaFixture {};
} // namespace

TEST_F(CudaRunTest, givesWhatTheCpuGives) {
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(session.threads(), 1u);
  for (int repeat = 1; repeat <= 5; ++repeat) {
    x[3] = float(repeat);
    ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
    EXPECT_EQ(y, fusedOf(x));
    EXPECT_EQ(stubCount("graphs"), uint64_t(repeat));
    EXPECT_EQ(stubCount("kernels"), uint64_t(repeat) * 2);
  }
  // Launched once each, into the graph.
  EXPECT_EQ(stubCount("calls:cuLaunchKernel"), 2u);
}

TEST_F(CudaRunTest, describesItself) {
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  const zorro_model_desc &desc = model.describe();
  EXPECT_EQ(desc.target, uint32_t(ZORRO_TARGET_CUDA));
  EXPECT_STREQ(desc.arch, "sm_90a");
  EXPECT_STREQ(desc.device, "Stub GPU (9.0), a cubin for sm_90a");
  EXPECT_EQ(desc.kernels[1].threads, 64u);
  EXPECT_EQ(desc.kernels[1].shared_bytes, 100000u);
  EXPECT_EQ(desc.kernels[2].words, 3u);
  EXPECT_EQ(desc.kernels[2].maps, 1u);
}

TEST_F(CudaRunTest, takesTheImageThatFits) {
  struct {
    const char *settings, *device;
  } rows[] = {{"arch=80", "Stub GPU (8.0), PTX for sm_80"},
              {"arch=89", "Stub GPU (8.9), PTX for sm_80"},
              {"arch=90", "Stub GPU (9.0), a cubin for sm_90a"},
              {"arch=100", "Stub GPU (10.0), PTX for sm_80"},
              {"arch=120", "Stub GPU (12.0), PTX for sm_80"}};
  for (const auto &row : rows) {
    stubConfigure(row.settings);
    Model model;
    ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
    EXPECT_STREQ(model.describe().device, row.device);
    Session session;
    ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
    ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
    EXPECT_EQ(y, fusedOf(x));
  }
}

TEST_F(CudaRunTest, runsEveryEntry) {
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  ASSERT_EQ(session.create(model, "audio"), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
  for (size_t i = 0; i < y.size(); ++i)
    EXPECT_EQ(y[i], x[i] * 3);

  ASSERT_EQ(session.create(model, "mapped"), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
  for (size_t i = 0; i < y.size() - tinyColumns; ++i)
    EXPECT_EQ(y[i], x[i + tinyColumns]);

  uint64_t kernels = stubCount("kernels");
  ASSERT_EQ(session.create(model, "nothing"), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
  EXPECT_TRUE(std::isnan(y[0])) << "memory that no kernel wrote";
  ASSERT_EQ(session.create(model, "empty"), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(session.run(nullptr, 0, nullptr, 0), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(stubCount("kernels"), kernels);
}

TEST_F(CudaRunTest, choosesTheDevice) {
  stubConfigure("devices=3");
  Model first, last, none;
  ASSERT_EQ(load(first, 0), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(load(last, 2), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(load(none, 3), ZORRO_INVALID);
  EXPECT_TRUE(says("expected a device from 0 to 2 but got number 3"));
  EXPECT_EQ(load(none, -2), ZORRO_INVALID);
  EXPECT_TRUE(says("expected the number of a device but got -2"));
  Session onFirst, onLast;
  ASSERT_EQ(onFirst.create(first), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(onLast.create(last), ZORRO_OK) << zorro_last_error();
  for (Session *session : {&onFirst, &onLast}) {
    ASSERT_EQ(run(*session), ZORRO_OK) << zorro_last_error();
    EXPECT_EQ(y, fusedOf(x));
  }
  // Data on a device must be on the session's.
  OwnContext context(2);
  cuda::Address input = 0;
  ASSERT_EQ(cuMemAlloc_v2(&input, bytes), cuda::success);
  ASSERT_EQ(cuMemcpyHtoDAsync_v2(input, x.data(), bytes, nullptr), cuda::success);
  auto *data = reinterpret_cast<void *>(uintptr_t(input));
  EXPECT_EQ(run(onLast, data, y.data()), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(y, fusedOf(x));
  EXPECT_EQ(run(onFirst, data, y.data()), ZORRO_INVALID);
  EXPECT_TRUE(says("expected the data of input 'x' on device 0 but it is on device 2"));
  EXPECT_EQ(run(onFirst, x.data(), data), ZORRO_INVALID);
  EXPECT_TRUE(says("output 'y' on device 0"));
  EXPECT_EQ(cuMemFree_v2(input), cuda::success);
}

TEST_F(CudaRunTest, aCpuArtefactHasNoDevice) {
  writeBytes(file, tinyArtefact());
  Model model;
  EXPECT_EQ(load(model, 0), ZORRO_OK) << zorro_last_error();
  EXPECT_STREQ(model.describe().device, "");
  EXPECT_EQ(load(model, ZORRO_NO_DEVICE), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(load(model, 1), ZORRO_INVALID);
  EXPECT_TRUE(says("no device for an artefact for the CPU but got number 1"));
  EXPECT_EQ(stubCount("calls"), 0u);
}

TEST_F(CudaRunTest, isDescribedWithoutADevice) {
  stubConfigure("devices=0");
  Model model;
  ASSERT_EQ(load(model, ZORRO_NO_DEVICE), ZORRO_OK) << zorro_last_error();
  EXPECT_STREQ(model.describe().arch, "sm_90a");
  EXPECT_STREQ(model.describe().device, "");
  Session session;
  EXPECT_EQ(session.create(model), ZORRO_INVALID);
  EXPECT_TRUE(says("loaded to be described only"));
  EXPECT_EQ(stubCount("calls"), 0u);
}

TEST_F(CudaRunTest, tracesTheTimesOfTheDevice) {
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
  const zorro_trace_record *records;
  size_t count;
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_EQ(session.setTrace(true), ZORRO_OK) << zorro_last_error();
    ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
    EXPECT_EQ(y, fusedOf(x));
    ASSERT_EQ(zorro_session_trace(session.get(), &records, &count), ZORRO_OK);
    ASSERT_EQ(count, 2u);
    EXPECT_EQ(records[0].launch, 0u);
    EXPECT_STREQ(records[0].kernel_name, "add_8");
    EXPECT_STREQ(records[1].source, "/scale");
    EXPECT_EQ(records[1].tasks, tinyRows);
    // A block takes a microsecond on this device; times come as floats.
    EXPECT_NEAR(double(records[0].duration_ns), 37000, 1);
    EXPECT_NEAR(double(records[1].start_ns), 37000, 1);
    EXPECT_NEAR(double(records[1].duration_ns), 37000, 1);
    zorro_tensor_view in = view(x.data()), out = view(y.data());
    EXPECT_EQ(session.runAsync(&in, 1, &out, 1, nullptr), ZORRO_INVALID);
    EXPECT_TRUE(says("expected no trace"));
    ASSERT_EQ(session.setTrace(false), ZORRO_OK);
    ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
    EXPECT_EQ(y, fusedOf(x));
    ASSERT_EQ(zorro_session_trace(session.get(), &records, &count), ZORRO_OK);
    EXPECT_EQ(count, 0u);
  }
  // Launches of nothing take no time and have their rows.
  ASSERT_EQ(session.create(model, "nothing"), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(session.setTrace(true), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(zorro_session_trace(session.get(), &records, &count), ZORRO_OK);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(records[0].duration_ns, 0u);
}

TEST_F(CudaRunTest, sessionsShareAModelAndRunSideBySide) {
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session probe;
  ASSERT_EQ(probe.create(model), ZORRO_OK) << zorro_last_error();
  std::atomic<int> wrong{0};
  auto work = [&](float base) {
    Session session;
    wrong += session.create(model, "fused") != ZORRO_OK;
    std::vector<float> in(tinyElements, base), out(tinyElements);
    for (int i = 0; i < 100; ++i) {
      wrong += run(session, in.data(), out.data()) != ZORRO_OK;
      wrong += out != fusedOf(in);
    }
  };
  std::thread first(work, 1.0f), second(work, 100.0f);
  first.join();
  second.join();
  EXPECT_EQ(wrong, 0);
  // The weights and kernels are there once.
  EXPECT_EQ(stubCount("calls:cuModuleLoadDataEx"), 1u);
  EXPECT_EQ(stubCount("calls:cuMemcpyHtoD_v2"), 1u);
}

TEST_F(CudaRunTest, aSessionKeepsItsModel) {
  Session session;
  {
    Model model;
    ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
    ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
  }
  ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(y, fusedOf(x));
}

TEST_F(CudaRunTest, worksWithoutWeights) {
  DescriptorSpec spec = tinyCudaDescriptor();
  spec.weights.clear();
  for (EntrySpec &entry : spec.entries)
    entry.weights.clear();
  writeBytes(file, assembleArtefact(tinyCudaCode(), {}, encodeDescriptor(spec)));
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  ASSERT_EQ(session.create(model, "audio"), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(y[8], x[8] * 3);
}

TEST_F(CudaRunTest, leavesTheCallersContextAlone) {
  stubConfigure("devices=2");
  OwnContext other(1); // its destructor looks at the stack
  Model model;
  ASSERT_EQ(load(model, 0), ZORRO_OK) << zorro_last_error();
  Session session;
  ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(session.setTrace(true), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
}

TEST_F(CudaRunTest, aThousandLoadsLeaveNothingBehind) {
  for (int i = 0; i < 1000; ++i) {
    Model model;
    ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
    Session session;
    ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
    ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
    session = Session();
    model = Model();
    ASSERT_EQ(stubCount("live"), 0u);
  }
}

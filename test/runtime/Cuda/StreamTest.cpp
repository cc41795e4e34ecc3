//===- StreamTest.cpp - Callers with streams and device memory of their own -----------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The stand-in does work only when somebody waits for it: each wait that the runtime forgets shows
// here.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Cuda/CudaFixture.h"

using namespace zorro;
using namespace zorro::test;

namespace {

class CudaStreamTest : public CudaFixture {
protected:
  void SetUp() override {
    ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
    ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
    for (cuda::Stream *stream : {&one, &two})
      ASSERT_EQ(cuStreamCreate(stream, cuda::streamNonBlocking), cuda::success);
    for (float **memory : {&lockedIn, &lockedOut})
      ASSERT_EQ(cuMemHostAlloc(reinterpret_cast<void **>(memory), bytes, 0), cuda::success);
    for (cuda::Address *memory : {&deviceIn, &deviceOut})
      ASSERT_EQ(cuMemAlloc_v2(memory, bytes), cuda::success);
    std::copy(x.begin(), x.end(), lockedIn);
  }
  void TearDown() override {
    for (cuda::Stream stream : {one, two})
      EXPECT_EQ(cuStreamSynchronize(stream), cuda::success);
    EXPECT_EQ(cuStreamSynchronize(nullptr), cuda::success);
    session = Session();
    model = Model();
    for (cuda::Stream stream : {one, two})
      EXPECT_EQ(cuStreamDestroy_v2(stream), cuda::success);
    for (float *memory : {lockedIn, lockedOut})
      EXPECT_EQ(cuMemFreeHost(memory), cuda::success);
    for (cuda::Address memory : {deviceIn, deviceOut})
      EXPECT_EQ(cuMemFree_v2(memory), cuda::success);
  }
  static void *pointer(cuda::Address address) {
    return reinterpret_cast<void *>(uintptr_t(address));
  }
  zorro_status runAsync(void *in, void *out, cuda::Stream stream) {
    zorro_tensor_view input = view(in), output = view(out);
    return session.runAsync(&input, 1, &output, 1, stream);
  }
  std::vector<float> locked() const { return {lockedOut, lockedOut + tinyElements}; }

  OwnContext context;
  Model model;
  Session session;
  cuda::Stream one = nullptr, two = nullptr;
  float *lockedIn = nullptr, *lockedOut = nullptr;
  cuda::Address deviceIn = 0, deviceOut = 0;
};

} // namespace

TEST_F(CudaStreamTest, takesMemoryOfAllKinds) {
  ASSERT_EQ(cuMemcpyHtoDAsync_v2(deviceIn, x.data(), bytes, nullptr), cuda::success);
  for (void *in : {static_cast<void *>(x.data()), static_cast<void *>(lockedIn), pointer(deviceIn)})
    for (void *out :
         {static_cast<void *>(y.data()), static_cast<void *>(lockedOut), pointer(deviceOut)}) {
      std::fill(y.begin(), y.end(), -1.0f);
      std::fill(lockedOut, lockedOut + tinyElements, -1.0f);
      ASSERT_EQ(run(session, in, out), ZORRO_OK) << zorro_last_error();
      if (out == lockedOut)
        y = locked();
      if (out == pointer(deviceOut))
        ASSERT_EQ(cuMemcpyDtoHAsync_v2(y.data(), deviceOut, bytes, nullptr), cuda::success);
      EXPECT_EQ(y, fusedOf(x));
    }
}

TEST_F(CudaStreamTest, checksPlacesOnTheDeviceLikeOthers) {
  EXPECT_EQ(run(session, pointer(deviceIn + 1), y.data()), ZORRO_INVALID);
  EXPECT_TRUE(says("aligned to 4 bytes"));
  EXPECT_EQ(run(session, pointer(deviceIn), pointer(deviceIn + 8)), ZORRO_INVALID);
  EXPECT_TRUE(says("output 'y' overlaps input 'x'"));
}

TEST_F(CudaStreamTest, returnsBeforeTheWorkIsDone) {
  std::fill(lockedOut, lockedOut + tinyElements, -1.0f);
  uint64_t kernels = stubCount("kernels");
  ASSERT_EQ(runAsync(lockedIn, lockedOut, one), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(stubCount("kernels"), kernels);
  EXPECT_EQ(lockedOut[0], -1.0f);
  ASSERT_EQ(cuStreamSynchronize(one), cuda::success);
  EXPECT_EQ(stubCount("kernels"), kernels + 2);
  EXPECT_EQ(locked(), fusedOf(x));
}

TEST_F(CudaStreamTest, followsTheStream) {
  // The input is there only when the stream has come that far.
  ASSERT_EQ(cuMemcpyHtoDAsync_v2(deviceIn, lockedIn, bytes, one), cuda::success);
  ASSERT_EQ(runAsync(pointer(deviceIn), pointer(deviceOut), one), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(cuMemcpyDtoHAsync_v2(lockedOut, deviceOut, bytes, one), cuda::success);
  lockedIn[5] = 42;
  ASSERT_EQ(cuStreamSynchronize(one), cuda::success);
  x[5] = 42;
  EXPECT_EQ(locked(), fusedOf(x));
}

TEST_F(CudaStreamTest, takesTheDefaultStream) {
  ASSERT_EQ(runAsync(lockedIn, lockedOut, nullptr), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(cuStreamSynchronize(nullptr), cuda::success);
  EXPECT_EQ(locked(), fusedOf(x));
}

// Runs of one session have the same memory: the second must wait for the first, whichever stream is
// waited for.
TEST_F(CudaStreamTest, runsFollowEachOtherAcrossStreams) {
  std::vector<float> second(tinyElements, 3), result(tinyElements);
  ASSERT_EQ(runAsync(lockedIn, lockedOut, one), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(runAsync(second.data(), pointer(deviceOut), two), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(cuMemcpyDtoHAsync_v2(result.data(), deviceOut, bytes, two), cuda::success);
  EXPECT_EQ(result, fusedOf(second));
  EXPECT_EQ(locked(), fusedOf(x));

  x[0] = lockedIn[0] = -9;
  ASSERT_EQ(runAsync(lockedIn, lockedOut, one), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(run(session, second.data(), result.data()), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(result, fusedOf(second));
  EXPECT_EQ(locked(), fusedOf(x));
}

// A run that waits does so for what is on the default stream, too.
TEST_F(CudaStreamTest, waitsForTheDefaultStream) {
  ASSERT_EQ(cuMemcpyHtoDAsync_v2(deviceIn, lockedIn, bytes, nullptr), cuda::success);
  ASSERT_EQ(run(session, pointer(deviceIn), y.data()), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(y, fusedOf(x));
}

TEST_F(CudaStreamTest, aSessionEndsBehindItsRuns) {
  ASSERT_EQ(runAsync(lockedIn, lockedOut, one), ZORRO_OK) << zorro_last_error();
  session = Session();
  EXPECT_EQ(locked(), fusedOf(x));
}

TEST_F(CudaStreamTest, theCpuKnowsNoStreams) {
  std::string other = folder.path("cpu.so");
  writeBytes(other, tinyArtefact());
  Model onCpu;
  ASSERT_EQ(onCpu.load(other.c_str()), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(session.create(onCpu, "fused", 1), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(runAsync(x.data(), y.data(), one), ZORRO_INVALID);
  EXPECT_TRUE(says("expected no stream"));
  EXPECT_EQ(runAsync(x.data(), y.data(), nullptr), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(y, fusedOf(x));
}

TEST(CudaArguments, areChecked) {
  EXPECT_EQ(zorro_session_run_async(nullptr, nullptr, 0, nullptr, 0, nullptr), ZORRO_INVALID);
}

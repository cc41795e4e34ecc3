//===- FaultTest.cpp - Everything that can go wrong on a device -----------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Each fault has a status and a sentence, and leaves nothing behind: the fixture looks.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Cuda/CudaFixture.h"

#include <cstdio>

using namespace zorro;
using namespace zorro::test;

namespace {

class CudaFaultTest : public CudaFixture {
protected:
  /// Loads with these settings of the stand-in, which must fail.
  void refuses(const char *settings, zorro_status status, const char *words) {
    stubConfigure(settings);
    Model model;
    EXPECT_EQ(load(model), status) << settings;
    EXPECT_TRUE(says(words));
    EXPECT_FALSE(model);
  }
};

/// In a process of its own, in which no driver has been opened yet.
[[noreturn]] void loadWithDriver(const std::string &file, const std::string &driver) {
  setenv("ZORRO_CUDA_DRIVER", driver.c_str(), 1);
  Model model;
  zorro_status status = model.load(file.c_str());
  fprintf(stderr, "%s\n", zorro_last_error());
  _exit(status);
}

} // namespace

TEST_F(CudaFaultTest, noDriver) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(loadWithDriver(file, folder.path("none.so")),
              ::testing::ExitedWithCode(ZORRO_UNSUPPORTED),
              "cannot open NVIDIA's driver '.*none.so': .*No such file");
  // A library that is none of NVIDIA's.
  writeBytes(folder.path("other.so"), tinyCode());
  EXPECT_EXIT(loadWithDriver(file, folder.path("other.so")),
              ::testing::ExitedWithCode(ZORRO_UNSUPPORTED), "lacks the function cuInit");
}

TEST_F(CudaFaultTest, noDevice) {
  refuses("devices=0", ZORRO_UNSUPPORTED, "the driver sees no NVIDIA GPU");
}

TEST_F(CudaFaultTest, oldDriver) {
  refuses("driver=11080", ZORRO_UNSUPPORTED,
          "expected a driver for CUDA 12.0 or later but this one is for 11.8");
  refuses("driver=11080,devices=0", ZORRO_UNSUPPORTED, "but this one is for 11.8");
}

TEST_F(CudaFaultTest, startsNot) {
  refuses("fail=cuInit:1", ZORRO_UNSUPPORTED,
          "NVIDIA's driver does not start: CUDA_ERROR_UNKNOWN (stub)");
}

TEST_F(CudaFaultTest, noImageFits) {
  refuses("arch=75", ZORRO_UNSUPPORTED,
          "expected kernels for device 0 (Stub GPU, sm_75) but the artefact has a cubin for "
          "sm_90a, PTX for sm_80");
}

TEST_F(CudaFaultTest, theJitFails) {
  writeBytes(file, artefact("Mistake"));
  refuses("arch=80", ZORRO_UNSUPPORTED,
          "the driver refuses PTX for sm_80: CUDA_ERROR_INVALID_PTX (stub): ptxas application "
          "ptx input, line 7; fatal   : a mistake");
  EXPECT_EQ(strchr(zorro_last_error(), '\n'), nullptr) << "only the log's first line";
  // Where the cubin fits, nobody looks at the PTX.
  stubConfigure("arch=90");
  Model model;
  EXPECT_EQ(load(model), ZORRO_OK) << zorro_last_error();
}

// As with a cubin from an assembler that is newer than the driver.
TEST_F(CudaFaultTest, aCubinThatIsRefusedIsMadeFromPtx) {
  stubConfigure("arch=90,fail=cuModuleLoadDataEx:1");
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  EXPECT_STREQ(model.describe().device, "Stub GPU (9.0), PTX for sm_80");
}

TEST_F(CudaFaultTest, aKernelIsMissing) {
  writeBytes(file, artefact("Lacking"));
  refuses("arch=80", ZORRO_BAD_FILE,
          "kernel 'scale_8': the loaded program does not hold it");
}

TEST_F(CudaFaultTest, aKernelNeedsMoreThanTheDeviceHas) {
  refuses("shared=65536", ZORRO_UNSUPPORTED,
          "kernel 'scale_8': it needs 100000 bytes of shared memory but the device has 65536");
  DescriptorSpec spec = tinyCudaDescriptor();
  spec.kernels[0].threads = 512;
  writeBytes(file, assembleArtefact(tinyCudaCode(), tinyWeights(), encodeDescriptor(spec)));
  refuses("", ZORRO_UNSUPPORTED,
          "kernel 'add_8': it needs blocks of 512 threads but the device takes 256");
}

TEST_F(CudaFaultTest, memoryRunsOut) {
  refuses("memory=50", ZORRO_LIMIT,
          "cannot allocate 96 bytes on device 0 for the weights: 50 of its 50 bytes are free");
  stubConfigure("memory=2000");
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  EXPECT_EQ(session.create(model, "fused"), ZORRO_LIMIT);
  EXPECT_TRUE(says("cannot allocate 3840 bytes on device 0 for the arena and the tensors of entry "
                   "'fused': 1904 of its 2000 bytes are free"));
  EXPECT_EQ(session.create(model, "empty"), ZORRO_OK) << zorro_last_error();
}

TEST_F(CudaFaultTest, anArenaBeyondAllMemory) {
  for (uint64_t arena : {uint64_t(1) << 60, uint64_t(1) << 63, UINT64_MAX}) {
    DescriptorSpec spec = tinyCudaDescriptor();
    spec.entries[0].arenaBytes = arena;
    writeBytes(file, assembleArtefact(tinyCudaCode(), tinyWeights(), encodeDescriptor(spec)));
    Model model;
    ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
    Session session;
    EXPECT_EQ(session.create(model, "fused"), ZORRO_LIMIT) << arena;
  }
}

TEST_F(CudaFaultTest, wrongLaunchesOfGeneratedCode) {
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  EXPECT_EQ(session.create(model, "broken"), ZORRO_INTERNAL);
  EXPECT_TRUE(says("entry 'broken' stopped with code 70: launch 7 of 0 with 1 tasks"));
  EXPECT_EQ(session.create(model, "crooked"), ZORRO_INTERNAL);
  EXPECT_TRUE(says("kernel 'mapped_8': a tensor map has stride 20 of axis 1"));
}

TEST_F(CudaFaultTest, aLaunchIsRefused) {
  stubConfigure("fail=cuLaunchKernel:2");
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  EXPECT_EQ(session.create(model), ZORRO_INTERNAL);
  EXPECT_TRUE(says("cannot launch kernel 'scale_8' in 37 blocks of 64 threads with 100000 bytes of "
                   "shared memory: CUDA_ERROR_UNKNOWN (stub)"));
}

TEST_F(CudaFaultTest, aKernelFaults) {
  stubConfigure("fault=2");
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session, other;
  ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(other.create(model, "audio"), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(run(session), ZORRO_INTERNAL);
  EXPECT_TRUE(says("entry 'fused' ended with CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access "
                   "was encountered) in one of its 2 launches"));
  EXPECT_EQ(y[0], -1.0f) << "an output of a run that failed";
  // The device is lost for the process: every later call says so, and nothing hangs.
  EXPECT_EQ(run(session), ZORRO_INTERNAL);
  EXPECT_EQ(run(other), ZORRO_INTERNAL);
  Session late;
  EXPECT_EQ(late.create(model), ZORRO_INTERNAL);
  EXPECT_TRUE(says("CUDA_ERROR_ILLEGAL_ADDRESS"));
}

TEST_F(CudaFaultTest, theOnlyKernelFaults) {
  stubConfigure("fault=1");
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  ASSERT_EQ(session.create(model, "audio"), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(run(session), ZORRO_INTERNAL);
  EXPECT_TRUE(says("in kernel 'scale_8'"));
}

TEST_F(CudaFaultTest, aFaultOnACallersStreamShowsLater) {
  stubConfigure("fault=1");
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  Session session;
  ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
  OwnContext context;
  cuda::Address device = 0;
  ASSERT_EQ(cuMemAlloc_v2(&device, bytes), cuda::success);
  zorro_tensor_view in = view(x.data()), out = view(reinterpret_cast<void *>(uintptr_t(device)));
  EXPECT_EQ(session.runAsync(&in, 1, &out, 1, nullptr), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(cuStreamSynchronize(nullptr), cuda::illegalAddress);
  cuMemFree_v2(device);
}

TEST_F(CudaFaultTest, aCopyFails) {
  for (int number : {1, 2}) {
    stubConfigure(("fail=cuMemcpyDtoDAsync_v2:" + std::to_string(number)).c_str());
    Model model;
    ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
    Session session;
    ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
    OwnContext context;
    cuda::Address device = 0;
    ASSERT_EQ(cuMemAlloc_v2(&device, 2 * bytes), cuda::success);
    auto *data = reinterpret_cast<char *>(uintptr_t(device));
    EXPECT_EQ(run(session, data, data + bytes), ZORRO_INTERNAL);
    EXPECT_TRUE(says(number == 1 ? "cannot copy input 'x' to the device: CUDA_ERROR_UNKNOWN (stub)"
                                 : "cannot copy output 'y' from the device"));
    EXPECT_EQ(run(session, data, data + bytes), ZORRO_OK) << zorro_last_error();
    EXPECT_EQ(cuMemFree_v2(device), cuda::success);
  }
}

// Every call of the driver that loading, a session, a run and a traced run make, failing once.
TEST_F(CudaFaultTest, anyCallMayFail) {
  static const char *const calls[] = {
#define ZORRO_DRIVER_CALL(name, symbol, parameters) #symbol,
#include "runtime/Cuda/DriverCalls.def"
  };
  // Kernels for another device, so that nothing is there to fall back on.
  auto all = [&]() -> zorro_status {
    Model model;
    if (zorro_status status = load(model))
      return status;
    Session session;
    for (const char *entry : {"mapped", "fused"})
      if (zorro_status status = session.create(model, entry))
        return status;
    if (zorro_status status = run(session))
      return status;
    if (zorro_status status = session.setTrace(true))
      return status;
    return run(session);
  };
  stubConfigure("arch=80");
  ASSERT_EQ(all(), ZORRO_OK) << zorro_last_error();
  int failures = 0;
  for (const char *call : calls) {
    std::string name = call;
    // What gives back is not looked at, and where memory lies is only asked; copies on the device
    // have a test of their own.
    bool ignored = name.find("Free") != name.npos || name.find("Destroy") != name.npos ||
                   name.find("Release") != name.npos || name.find("Unload") != name.npos ||
                   name.find("Pop") != name.npos || name.find("GetError") != name.npos ||
                   name == "cuMemGetInfo_v2" || name == "cuEventSynchronize" ||
                   name == "cuPointerGetAttribute" || name == "cuMemcpyDtoDAsync_v2" ||
                   name == "cuDriverGetVersion";
    stubConfigure("arch=80");
    ASSERT_EQ(all(), ZORRO_OK) << zorro_last_error();
    uint64_t count = stubCount(("calls:" + name).c_str());
    if (ignored)
      continue;
    EXPECT_GT(count, 0u) << name << " is never called";
    // The fourth is that of a session's end, which can do nothing without its context.
    if (name == "cuCtxPushCurrent_v2")
      count = 3;
    for (uint64_t number = 1; number <= count; ++number) {
      stubConfigure(("arch=80,fail=" + name + ":" + std::to_string(number)).c_str());
      zorro_status status = all();
      ++failures;
      EXPECT_NE(status, ZORRO_OK) << name << " " << number;
      EXPECT_TRUE(says(status == ZORRO_LIMIT ? "bytes are free" : "CUDA_ERROR_UNKNOWN"))
          << name << " " << number;
      ASSERT_EQ(stubCount("live"), 0u) << name << " " << number;
      ASSERT_EQ(stubCount("wrong"), 0u) << name << " " << number << ": " << stubComplaint();
    }
  }
  EXPECT_GT(failures, 60);
  stubConfigure("");
}

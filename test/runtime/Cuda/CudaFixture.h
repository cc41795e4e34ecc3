//===- CudaFixture.h - A test with the stand-in for the driver -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// After every test nothing may be left on the device, and nothing may have been used wrongly.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_RUNTIME_CUDA_CUDAFIXTURE_H
#define ZORRO_TEST_RUNTIME_CUDA_CUDAFIXTURE_H

#include "runtime/Core/Zorro.hpp"
#include "runtime/Cuda/DriverTypes.h"
#include "test/runtime/Stub/Control.h"
#include "test/runtime/TinyArtefact.h"

#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>

namespace zorro::test {

namespace cuda = zorro::runtime::cuda;

// What a caller of the runtime calls itself.
extern "C" {
cuda::Result cuInit(unsigned);
cuda::Result cuDevicePrimaryCtxRetain(cuda::Context *, cuda::Device);
cuda::Result cuDevicePrimaryCtxRelease_v2(cuda::Device);
cuda::Result cuCtxPushCurrent_v2(cuda::Context);
cuda::Result cuCtxPopCurrent_v2(cuda::Context *);
cuda::Result cuMemAlloc_v2(cuda::Address *, size_t);
cuda::Result cuMemFree_v2(cuda::Address);
cuda::Result cuMemHostAlloc(void **, size_t, unsigned);
cuda::Result cuMemFreeHost(void *);
cuda::Result cuMemcpyHtoDAsync_v2(cuda::Address, const void *, size_t, cuda::Stream);
cuda::Result cuMemcpyDtoHAsync_v2(void *, cuda::Address, size_t, cuda::Stream);
cuda::Result cuStreamCreate(cuda::Stream *, unsigned);
cuda::Result cuStreamDestroy_v2(cuda::Stream);
cuda::Result cuStreamSynchronize(cuda::Stream);
}

/// A caller's own use of a device: its context, current for this thread.
class OwnContext {
public:
  explicit OwnContext(int device = 0) : device(device) {
    EXPECT_EQ(cuInit(0), cuda::success);
    EXPECT_EQ(cuDevicePrimaryCtxRetain(&context, device), cuda::success);
    EXPECT_EQ(cuCtxPushCurrent_v2(context), cuda::success);
  }
  ~OwnContext() {
    cuda::Context popped = nullptr;
    EXPECT_EQ(cuCtxPopCurrent_v2(&popped), cuda::success);
    EXPECT_EQ(popped, context) << "another context was left on the stack";
    EXPECT_EQ(cuDevicePrimaryCtxRelease_v2(device), cuda::success);
  }

private:
  int device;
  cuda::Context context = nullptr;
};

class CudaFixture : public ::testing::Test {
protected:
  CudaFixture() {
    setenv("ZORRO_CUDA_DRIVER", ZORRO_STUB_DRIVER_PATH, 1);
    stubConfigure("");
    for (int64_t i = 0; i < tinyElements; ++i)
      x[size_t(i)] = float(i) * 0.25f - 7;
    writeBytes(file, artefact());
  }
  ~CudaFixture() override {
    EXPECT_EQ(stubCount("live"), 0u) << "something is left on the device";
    EXPECT_EQ(stubCount("wrong"), 0u) << stubComplaint();
  }

  static Bytes artefact(const std::string &variant = "") {
    return assembleArtefact(tinyCudaCode(variant), tinyWeights(),
                            encodeDescriptor(tinyCudaDescriptor()));
  }
  zorro_status load(Model &model, int device = 0) {
    zorro_load_options options;
    zorro_load_options_init(&options);
    options.device = device;
    options.threads = 1;
    return model.load(file.c_str(), &options);
  }
  zorro_tensor_view view(void *data) { return {data, ZORRO_F32, 2, dims}; }
  zorro_status run(Session &session, void *in, void *out) {
    zorro_tensor_view input = view(in), output = view(out);
    return session.run(&input, 1, &output, 1);
  }
  zorro_status run(Session &session) {
    std::fill(y.begin(), y.end(), -1.0f);
    return run(session, x.data(), y.data());
  }
  /// Whether the last error has these words; prints it if not.
  static ::testing::AssertionResult says(const char *words) {
    if (strstr(zorro_last_error(), words))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "the message is: " << zorro_last_error();
  }
  static std::vector<float> fusedOf(const std::vector<float> &x) {
    std::vector<float> y(x.size());
    for (size_t i = 0; i < x.size(); ++i)
      y[i] = (x[i] + float(i % tinyColumns)) * 2;
    return y;
  }

  TemporaryFolder folder;
  std::string file = folder.path("model.so");
  int64_t dims[2] = {tinyRows, tinyColumns};
  std::vector<float> x = std::vector<float>(tinyElements), y = std::vector<float>(tinyElements);
  static constexpr size_t bytes = tinyElements * sizeof(float);
};

} // namespace zorro::test

#endif // ZORRO_TEST_RUNTIME_CUDA_CUDAFIXTURE_H

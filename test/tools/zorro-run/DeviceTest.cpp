//===- DeviceTest.cpp - zorro-run with artefacts for a GPU ---------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// On the stand-in for the driver, which the program opens like a real one.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/TinyArtefact.h"
#include "test/tools/zorro-run/Program.h"

#include <gtest/gtest.h>

using namespace zorro::test;

namespace {

class DeviceTest : public ::testing::Test {
protected:
  void SetUp() override {
    writeBytes(folder.path("gpu.so"), assembleArtefact(tinyCudaCode(), tinyWeights(),
                                                       encodeDescriptor(tinyCudaDescriptor())));
    writeBytes(folder.path("cpu.so"), tinyArtefact());
  }
  void expect(const std::vector<std::string> &arguments, int code, const char *words,
              const std::string &settings = "", const char *driver = ZORRO_STUB_DRIVER_PATH) {
    ProgramResult result =
        runProgram(ZORRO_RUN_PATH, arguments, folder.path(),
                   {"ZORRO_CUDA_DRIVER=" + std::string(driver), "ZORRO_STUB_DRIVER=" + settings});
    EXPECT_EQ(result.exitCode, code) << result.errors;
    EXPECT_NE((result.output + result.errors).find(words), std::string::npos)
        << "expected: " << words << "\n"
        << result.output << result.errors;
  }

  TemporaryFolder folder;
};

} // namespace

TEST_F(DeviceTest, runsOnADevice) {
  expect({"gpu.so", "--input=37x8xf32=2"}, 0, "y: 37x8xf32  min 4 ");
  expect({"gpu.so", "--device=0", "--input=37x8xf32=2"}, 0, "min 4 ");
  expect({"gpu.so", "--device=2", "--input=37x8xf32=2"}, 0, "min 4 ", "devices=3");
  expect({"gpu.so", "--device=1", "--input=37x8xf32=2"}, 1, "expected a device from 0 to 0");
  expect({"gpu.so", "--input=37x8xf32=2", "--trace=t.json"}, 0, "min 4 ");
  Bytes bytes = readBytes(folder.path("t.json"));
  EXPECT_NE(std::string(bytes.begin(), bytes.end()).find("\"dur\": 37"), std::string::npos)
      << std::string(bytes.begin(), bytes.end());
}

TEST_F(DeviceTest, takesOnlyDevices) {
  expect({"gpu.so", "--device=cpu", "--input=37x8xf32=2"}, 1,
         "expected the number of a GPU for an artefact for sm_90a but got --device=cpu");
  expect({"cpu.so", "--device=cpu", "--input=37x8xf32=2"}, 0, "min 4 ");
  expect({"cpu.so", "--device=0", "--input=37x8xf32=2"}, 0, "min 4 ");
  expect({"cpu.so", "--device=1", "--input=37x8xf32=2"}, 1,
         "no device for an artefact for the CPU");
  for (const char *wrong : {"--device=gpu", "--device=-1", "--device=0x1", "--device="})
    expect({"gpu.so", wrong}, 1, "--device");
}

TEST_F(DeviceTest, describes) {
  // Without a driver, too.
  expect({"gpu.so", "--describe"}, 0, "GPU          sm_90a\n", "", "none.so");
  expect({"gpu.so", "--describe"}, 0, "64 threads   shared 100 kB  scale_8", "", "none.so");
  expect({"gpu.so", "--describe=json"}, 0, "\"shared_bytes\": 100000", "", "none.so");
  expect({"gpu.so", "--describe=json"}, 0, "\"target\": \"cuda\"", "", "none.so");
  expect({"cpu.so", "--describe=json"}, 0, "\"target\": \"cpu\"", "", "none.so");
  expect({"gpu.so", "--describe", "--device=0"}, 0,
         "device       Stub GPU (8.6), PTX for sm_80", "arch=86");
}

TEST_F(DeviceTest, exitCodes) {
  expect({"gpu.so", "--input=37x8xf32=2"}, 3, "cannot open NVIDIA's driver", "", "none.so");
  expect({"gpu.so", "--input=37x8xf32=2"}, 3, "no NVIDIA GPU", "devices=0");
  expect({"gpu.so", "--input=37x8xf32=2"}, 4, "bytes are free", "memory=100");
  expect({"gpu.so", "--input=37x8xf32=2"}, 70, "CUDA_ERROR_ILLEGAL_ADDRESS", "fault=1");
}

//===- PtxTest.cpp - Artefacts whose kernels are PTX ----------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The same tiny artefact, its kernels interpreted: parameters, shared memory and tensor maps reach
// real code as the runtime lays them out.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Cuda/CudaFixture.h"

using namespace zorro;
using namespace zorro::test;

namespace {

class CudaPtxTest : public CudaFixture {
protected:
  void SetUp() override { writeBytes(file, artefact("Ptx")); }
};

} // namespace

TEST_F(CudaPtxTest, runsKernels) {
  Model model;
  ASSERT_EQ(load(model), ZORRO_OK) << zorro_last_error();
  EXPECT_STREQ(model.describe().device, "Stub GPU (9.0), PTX for sm_90");
  Session session;
  ASSERT_EQ(session.create(model), ZORRO_OK) << zorro_last_error();
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
    EXPECT_EQ(y, fusedOf(x));
    ASSERT_EQ(session.setTrace(true), ZORRO_OK) << zorro_last_error();
  }
  ASSERT_EQ(session.create(model, "mapped"), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(run(session), ZORRO_OK) << zorro_last_error();
  for (size_t i = 0; i < y.size() - tinyColumns; ++i)
    EXPECT_EQ(y[i], x[i + tinyColumns]);
}

TEST_F(CudaPtxTest, refusesOtherDevices) {
  stubConfigure("arch=86");
  Model model;
  EXPECT_EQ(load(model), ZORRO_UNSUPPORTED);
  EXPECT_TRUE(says("but the artefact has a cubin for sm_90a, PTX for sm_90"));
}

TEST_F(CudaPtxTest, blocksArePermittedByThePtx) {
  DescriptorSpec spec = tinyCudaDescriptor();
  spec.kernels[1].threads = 96;
  writeBytes(file, assembleArtefact(tinyCudaCode("Ptx"), tinyWeights(), encodeDescriptor(spec)));
  Model model;
  EXPECT_EQ(load(model), ZORRO_UNSUPPORTED);
  EXPECT_TRUE(says("kernel 'scale_8': it needs blocks of 96 threads but the device takes 64"));
}

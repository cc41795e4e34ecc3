//===- ImagesTest.cpp - Which program fits a device -----------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The rules of NVIDIA's compatibility guide, case by case; and what is wrong with tensor maps.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cuda/Images.h"
#include "test/runtime/Cuda/CudaFixture.h"

using namespace zorro::runtime::cuda;

static zorro_image cubin(uint32_t arch) { return {ZORRO_IMAGE_CUBIN, arch, "x", 1}; }

/// PTX that says it is for `target`, with a wrong number beside it.
static bool ptxFits(const std::string &target, unsigned capability) {
  std::string text = "//\n// Generated\n//\n.version 8.7\n.target " + target +
                     ", debug\n.address_size 64\n";
  zorro_image image = {ZORRO_IMAGE_PTX, 10, text.c_str(), text.size() + 1};
  return fits(image, architectureOf(image, "sm_10"), capability);
}

static bool cubinFits(const char *named, uint32_t arch, unsigned capability) {
  zorro_image image = cubin(arch);
  return fits(image, architectureOf(image, named), capability);
}

TEST(CudaImages, readsArchitectures) {
  EXPECT_EQ(parseArchitecture("sm_90a").text(), "sm_90a");
  EXPECT_EQ(parseArchitecture("sm_100f\n").text(), "sm_100f");
  EXPECT_EQ(parseArchitecture("sm_80, debug").text(), "sm_80");
  EXPECT_EQ(parseArchitecture("compute_80").number, 0u);
  EXPECT_EQ(parseArchitecture("sm_").number, 0u);
  EXPECT_EQ(parseArchitecture("").number, 0u);
}

TEST(CudaImages, cubins) {
  EXPECT_TRUE(cubinFits("sm_90a", 90, 90));
  EXPECT_FALSE(cubinFits("sm_90a", 90, 100));
  EXPECT_FALSE(cubinFits("sm_90a", 90, 80));
  EXPECT_TRUE(cubinFits("sm_80", 80, 80));
  EXPECT_TRUE(cubinFits("sm_80", 80, 86));
  EXPECT_TRUE(cubinFits("sm_80", 80, 89));
  EXPECT_FALSE(cubinFits("sm_80", 80, 90));
  EXPECT_FALSE(cubinFits("sm_86", 86, 80));
  EXPECT_TRUE(cubinFits("sm_100f", 100, 103));
  EXPECT_FALSE(cubinFits("sm_100f", 100, 120));
  EXPECT_FALSE(cubinFits("sm_103a", 103, 100));
  // A second cubin is not what the artefact is named after.
  EXPECT_TRUE(cubinFits("sm_90a", 80, 86));
  EXPECT_TRUE(cubinFits("", 80, 80));
}

TEST(CudaImages, ptx) {
  EXPECT_TRUE(ptxFits("sm_80", 80));
  EXPECT_TRUE(ptxFits("sm_80", 90));
  EXPECT_TRUE(ptxFits("sm_80", 120));
  EXPECT_FALSE(ptxFits("sm_80", 75));
  EXPECT_TRUE(ptxFits("sm_90a", 90));
  EXPECT_FALSE(ptxFits("sm_90a", 100));
  EXPECT_TRUE(ptxFits("sm_120f", 121));
  EXPECT_FALSE(ptxFits("sm_120f", 130));
  // Without the directive, the artefact's word counts.
  zorro_image bare = {ZORRO_IMAGE_PTX, 80, "", 1};
  EXPECT_TRUE(fits(bare, architectureOf(bare, "sm_90a"), 86));
  EXPECT_FALSE(fits(bare, architectureOf(bare, "sm_80a"), 86));
}

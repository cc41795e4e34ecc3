//===- HostileTest.cpp - Damaged artefacts are refused --------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every byte changed, every length cut, and footers with right hashes and wrong numbers.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Zorro.hpp"
#include "test/runtime/TinyArtefact.h"

#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

using namespace zorro;
using namespace zorro::test;

namespace {

class HostileTest : public ::testing::Test {
protected:
  HostileTest() { zorro_load_options_init(&options); }

  zorro_status load(const Bytes &bytes) {
    writeBytes(file, bytes);
    return Model().load(file.c_str(), &options);
  }

  TemporaryFolder folder;
  std::string file = folder.path("model.so");
  zorro_load_options options;
};

} // namespace

TEST_F(HostileTest, everyByteCounts) {
  Bytes good = tinyArtefact();
  ASSERT_EQ(load(good), ZORRO_OK) << zorro_last_error();
  options.threads = 1;
  int handle = open(file.c_str(), O_WRONLY);
  for (size_t i = 0; i < good.size(); ++i) {
    char changed = char(good[i] ^ (1 << i % 8));
    ASSERT_EQ(pwrite(handle, &changed, 1, off_t(i)), 1);
    zorro_status status = Model().load(file.c_str(), &options);
    EXPECT_EQ(status, ZORRO_BAD_FILE) << "byte " << i;
    ASSERT_EQ(pwrite(handle, &good[i], 1, off_t(i)), 1);
  }
  close(handle);
  EXPECT_EQ(Model().load(file.c_str()), ZORRO_OK);
}

TEST_F(HostileTest, everyLengthCounts) {
  Bytes good = tinyArtefact();
  writeBytes(file, good);
  for (size_t size = good.size(); size-- > 0;) {
    ASSERT_EQ(truncate(file.c_str(), off_t(size)), 0);
    ASSERT_EQ(Model().load(file.c_str(), &options), ZORRO_BAD_FILE) << size << " bytes";
  }
}

TEST_F(HostileTest, aByteMoreAtEitherEnd) {
  Bytes longer = tinyArtefact();
  longer.push_back(0);
  EXPECT_EQ(load(longer), ZORRO_BAD_FILE);
  longer = tinyArtefact();
  longer.insert(longer.begin(), 0);
  EXPECT_EQ(load(longer), ZORRO_BAD_FILE);
}

// Each field of the footer with values chosen to overflow sums, under a hash that is right.
TEST_F(HostileTest, footerFieldsOutOfRange) {
  const size_t fields[] = {offsetof(zorro_footer, artefact_size),
                           offsetof(zorro_footer, code_offset),
                           offsetof(zorro_footer, code_size),
                           offsetof(zorro_footer, weights_offset),
                           offsetof(zorro_footer, weights_size),
                           offsetof(zorro_footer, descriptor_offset),
                           offsetof(zorro_footer, descriptor_size),
                           offsetof(zorro_footer, chunks_offset),
                           offsetof(zorro_footer, chunk_count)};
  const Bytes good = tinyArtefact();
  std::vector<uint64_t> values = {0, 1, 7, 4095, 4096, good.size() - 1, good.size() + 1};
  for (int bit : {20, 31, 32, 60, 61, 62, 63})
    for (int64_t nudge : {-1, 0, 1})
      values.push_back((uint64_t(1) << bit) + uint64_t(nudge));
  values.push_back(UINT64_MAX);
  values.push_back(UINT64_MAX - 4095);
  for (size_t field : fields)
    for (uint64_t value : values) {
      Bytes bad = good;
      char *place = bad.data() + bad.size() - sizeof(zorro_footer) + field;
      if (memcmp(place, &value, 8) == 0)
        continue;
      memcpy(place, &value, 8);
      sealFooter(bad);
      EXPECT_NE(load(bad), ZORRO_OK) << "field at " << field << " = " << value;
    }
}

TEST_F(HostileTest, otherVersions) {
  Bytes other = tinyArtefact();
  uint32_t version = ZORRO_ABI_VERSION + 1;
  memcpy(other.data() + other.size() - sizeof(zorro_footer) + offsetof(zorro_footer, abi_version),
         &version, 4);
  sealFooter(other);
  EXPECT_EQ(load(other), ZORRO_UNSUPPORTED);
}

TEST_F(HostileTest, codeThatIsNoLibrary) {
  Bytes descriptor = encodeDescriptor(tinyDescriptor());
  EXPECT_EQ(load(assembleArtefact(Bytes(300, 'x'), tinyWeights(), descriptor)), ZORRO_BAD_FILE);
  Bytes half = tinyCode();
  half.resize(half.size() / 2);
  EXPECT_EQ(load(assembleArtefact(half, tinyWeights(), descriptor)), ZORRO_BAD_FILE);
}

TEST_F(HostileTest, codeWithOtherCounts) {
  DescriptorSpec spec = tinyDescriptor();
  spec.entries.pop_back();
  EXPECT_EQ(load(assembleArtefact(tinyCode(), tinyWeights(), encodeDescriptor(spec))),
            ZORRO_BAD_FILE);
  EXPECT_NE(strstr(zorro_last_error(), "expected 3 entries in the code but got 4"), nullptr)
      << zorro_last_error();
  spec = tinyDescriptor();
  spec.kernels.push_back({"more", "map", "", 0});
  EXPECT_EQ(load(assembleArtefact(tinyCode(), tinyWeights(), encodeDescriptor(spec))),
            ZORRO_BAD_FILE);
}

TEST_F(HostileTest, randomBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    Bytes bytes(random() % 5000);
    for (char &byte : bytes)
      byte = char(random());
    EXPECT_EQ(load(bytes), ZORRO_BAD_FILE);
  }
}

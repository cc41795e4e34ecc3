//===- NpzTest.cpp - .npz files, good and hostile ------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Archives are made with the project's writer and then damaged; one deflated archive is built by
// hand from zlib's output, byte for byte.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/npy/Npz.h"

#include "test/runtime/TinyArtefact.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace zorro::npy;
using namespace zorro::test;

namespace {

class NpzTest : public ::testing::Test {
protected:
  zorro_status read(const Bytes &bytes, uint64_t limit = defaultLimit) {
    writeBytes(file, bytes);
    arrays.clear();
    MaybeFailure failure = readNpz(file, arrays, limit);
    message = failure ? failure->message : "";
    return failure ? failure->status : ZORRO_OK;
  }
  Bytes twoArrays() {
    std::vector<NamedArray> two = {{"audio", {ZORRO_U8, {3}, {1, 2, 3}}},
                                   {"/block/video", {ZORRO_I16, {2, 1}, {4, 0, 5, 0}}}};
    EXPECT_FALSE(writeNpz(file, two));
    return readBytes(file);
  }

  TemporaryFolder folder;
  std::string file = folder.path("a.npz");
  std::vector<NamedArray> arrays;
  std::string message;
};

/// Offset of the n-th directory entry.
size_t entryAt(const Bytes &bytes, int n) {
  size_t at = 0;
  for (; n >= 0; ++at)
    if (memcmp(bytes.data() + at, "PK\1\2", 4) == 0 && n-- == 0)
      break;
  return at;
}

void put(Bytes &bytes, size_t at, uint64_t value, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    bytes[at + i] = char(value >> (8 * i));
}

} // namespace

TEST_F(NpzTest, writesWhatItReads) {
  ASSERT_EQ(read(twoArrays()), ZORRO_OK) << message;
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].name, "audio");
  EXPECT_EQ(arrays[1].name, "/block/video");
  EXPECT_EQ(arrays[1].array.dims, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(arrays[1].array.data, (std::vector<char>{4, 0, 5, 0}));
  ASSERT_FALSE(writeNpz(file, {}));
  ASSERT_EQ(read(readBytes(file)), ZORRO_OK) << message;
  EXPECT_TRUE(arrays.empty());
}

TEST_F(NpzTest, sameArraysGiveTheSameBytes) { EXPECT_EQ(twoArrays(), twoArrays()); }

TEST_F(NpzTest, refusesEveryCut) {
  Bytes good = twoArrays();
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(read({good.begin(), good.begin() + long(size)}), ZORRO_BAD_FILE) << size;
}

TEST_F(NpzTest, noticesEveryChangedByteOfTheData) {
  Bytes good = twoArrays();
  for (size_t i = 40; i < entryAt(good, 0); ++i) {
    Bytes bad = good;
    bad[i] ^= 4;
    if (read(bad) == ZORRO_OK) {
      // Only fields of local headers that the directory repeats may change unseen.
      EXPECT_EQ(arrays[0].array.data, (std::vector<char>{1, 2, 3}));
      EXPECT_EQ(arrays[1].array.data, (std::vector<char>{4, 0, 5, 0}));
    }
  }
}

TEST_F(NpzTest, refusesDirectoriesThatLie) {
  Bytes good = twoArrays();
  size_t first = entryAt(good, 0), second = entryAt(good, 1);
  auto with = [&](size_t at, uint64_t value, unsigned count) {
    Bytes bad = good;
    put(bad, at, value, count);
    return read(bad);
  };
  EXPECT_EQ(with(first + 8, 1, 2), ZORRO_UNSUPPORTED);       // encrypted
  EXPECT_EQ(with(first + 10, 14, 2), ZORRO_UNSUPPORTED);     // LZMA
  EXPECT_EQ(with(first + 10, 8, 2), ZORRO_BAD_FILE);         // stored, says deflated
  EXPECT_EQ(with(first + 24, 0x7fffffff, 4), ZORRO_BAD_FILE); // size
  EXPECT_EQ(with(first + 20, 0x7fffffff, 4), ZORRO_BAD_FILE); // packed size
  EXPECT_EQ(with(first + 24, 0xffffffff, 4), ZORRO_BAD_FILE); // extension that is not there
  EXPECT_EQ(with(first + 42, 0xfffffff0, 4), ZORRO_BAD_FILE); // offset
  EXPECT_EQ(with(first + 28, 0xffff, 2), ZORRO_BAD_FILE);     // name size
  EXPECT_EQ(with(good.size() - 6, 0xfffffff0, 4), ZORRO_BAD_FILE);
  EXPECT_EQ(with(good.size() - 10, 0x70000000, 4), ZORRO_LIMIT);
  EXPECT_EQ(with(good.size() - 12, 9, 2), ZORRO_BAD_FILE); // more entries than there are
  EXPECT_GT(second, first);
}

TEST_F(NpzTest, refusesTwoMembersOfOneName) {
  std::vector<NamedArray> twice = {{"a", {ZORRO_U8, {1}, {1}}}, {"a", {ZORRO_U8, {1}, {2}}}};
  ASSERT_FALSE(writeNpz(file, twice));
  EXPECT_EQ(read(readBytes(file)), ZORRO_BAD_FILE);
  EXPECT_NE(message.find("two members"), std::string::npos) << message;
}

// Names lead nowhere: nothing is unpacked.
TEST_F(NpzTest, aNameIsOnlyAName) {
  ASSERT_FALSE(writeNpz(file, {{"../../escape", {ZORRO_U8, {1}, {1}}}}));
  ASSERT_EQ(read(readBytes(file)), ZORRO_OK);
  EXPECT_EQ(arrays[0].name, "../../escape");
}

TEST_F(NpzTest, limitHoldsForTheSum) {
  Bytes good = twoArrays();
  EXPECT_EQ(read(good, 131 + 132), ZORRO_OK) << message;
  EXPECT_EQ(read(good, 200), ZORRO_LIMIT);
}

// {"z": 4096 zero bytes}, deflated. From it: sizes that lie in both directions.
TEST_F(NpzTest, inflatesAndRefusesBombs) {
  Bytes stored;
  Array zeros{ZORRO_U8, {4096}, std::vector<char>(4096)};
  ASSERT_FALSE(writeNpz(file, {{"z", zeros}}));
  Bytes plain = readBytes(file);
  size_t entry = entryAt(plain, 0), dataAt = 30 + 5;
  Bytes content(plain.begin() + long(dataAt), plain.begin() + long(entry));
  // One deflate block without compression: 5 bytes of header, then the bytes.
  Bytes packed = {1};
  packed.resize(5);
  put(packed, 1, content.size(), 2);
  put(packed, 3, ~content.size() & 0xffff, 2);
  packed.insert(packed.end(), content.begin(), content.end());
  Bytes archive(plain.begin(), plain.begin() + long(dataAt));
  put(archive, 8, 8, 2);
  archive.insert(archive.end(), packed.begin(), packed.end());
  size_t newEntry = archive.size();
  archive.insert(archive.end(), plain.begin() + long(entry), plain.end());
  put(archive, newEntry + 10, 8, 2);
  put(archive, newEntry + 20, packed.size(), 4);
  put(archive, archive.size() - 6, newEntry, 4);
  ASSERT_EQ(read(archive), ZORRO_OK) << message;
  EXPECT_EQ(arrays[0].array.data, zeros.data);

  Bytes bad = archive;
  put(bad, newEntry + 24, content.size() - 1, 4); // more comes out than promised
  EXPECT_EQ(read(bad), ZORRO_BAD_FILE);
  put(bad, newEntry + 24, content.size() + 1, 4); // less
  EXPECT_EQ(read(bad), ZORRO_BAD_FILE);
  put(bad, newEntry + 24, 0xfffffffe, 4); // more than deflate can pack into these bytes
  EXPECT_EQ(read(bad), ZORRO_BAD_FILE);
  EXPECT_NE(message.find("cannot have"), std::string::npos) << message;
  bad = archive;
  put(bad, newEntry + 20, packed.size() - 10, 4); // the stream is cut
  EXPECT_EQ(read(bad), ZORRO_BAD_FILE);
  bad = archive;
  bad[dataAt + 500] ^= 1;
  EXPECT_EQ(read(bad), ZORRO_BAD_FILE);
}

// Sizes and offset in the 64-bit extension, and a 64-bit end record, as in archives over 4 GiB.
TEST_F(NpzTest, readsThe64BitForm) {
  ASSERT_FALSE(writeNpz(file, {{"a", {ZORRO_U8, {2}, {8, 9}}}}));
  Bytes plain = readBytes(file);
  size_t entry = entryAt(plain, 0), end = plain.size() - 22;
  uint32_t size;
  memcpy(&size, plain.data() + entry + 24, 4);
  Bytes archive(plain.begin(), plain.begin() + long(end));
  put(archive, entry + 20, UINT32_MAX, 4);
  put(archive, entry + 24, UINT32_MAX, 4);
  put(archive, entry + 42, UINT32_MAX, 4);
  put(archive, entry + 30, 4 + 24, 2);
  size_t extra = archive.size(), record = extra + 28, locator = record + 56;
  archive.resize(locator + 20);
  put(archive, extra, 1, 2);
  put(archive, extra + 2, 24, 2);
  put(archive, extra + 4, size, 8);
  put(archive, extra + 12, size, 8);
  put(archive, extra + 20, 0, 8);
  put(archive, record, 0x06064b50, 4);
  put(archive, record + 32, 1, 8);
  put(archive, record + 40, record - entry, 8);
  put(archive, record + 48, entry, 8);
  put(archive, locator, 0x07064b50, 4);
  put(archive, locator + 8, record, 8);
  archive.insert(archive.end(), plain.begin() + long(end), plain.end());
  put(archive, archive.size() - 22 + 16, UINT32_MAX, 4);
  ASSERT_EQ(read(archive), ZORRO_OK) << message;
  EXPECT_EQ(arrays[0].array.data, (std::vector<char>{8, 9}));
  for (uint64_t lie : {uint64_t(record + 1), UINT64_MAX, UINT64_MAX - 20}) {
    Bytes bad = archive;
    put(bad, locator + 8, lie, 8);
    EXPECT_EQ(read(bad), ZORRO_BAD_FILE);
    bad = archive;
    put(bad, extra + 4, lie, 8);
    EXPECT_EQ(read(bad), ZORRO_BAD_FILE);
    bad = archive;
    put(bad, extra + 20, lie, 8);
    EXPECT_EQ(read(bad), ZORRO_BAD_FILE);
  }
}

TEST_F(NpzTest, survivesChangedBytes) {
  Bytes good = twoArrays();
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    Bytes bad = good;
    for (int change = 0; change < 4; ++change)
      bad[random() % bad.size()] = char(random());
    read(bad);
  }
}

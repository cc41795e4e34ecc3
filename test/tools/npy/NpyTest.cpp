//===- NpyTest.cpp - .npy files, good and hostile ------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Headers are written out here byte by byte, as NumPy writes them.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/npy/Npy.h"

#include "test/runtime/TinyArtefact.h"

#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

using namespace zorro::npy;
using zorro::test::TemporaryFolder;

namespace {

std::vector<char> npyFile(const std::string &dictionary, const std::vector<char> &data,
                          int version = 1) {
  std::string text = dictionary + "\n";
  std::string head = std::string("\x93NUMPY") + char(version) + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    head += char(text.size() >> (8 * i));
  head += text;
  std::vector<char> bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

std::string dictionary(const char *descr, const char *order, const char *shape) {
  return std::string("{'descr': '") + descr + "', 'fortran_order': " + order +
         ", 'shape': " + shape + ", }";
}

template <typename T>
std::vector<char> bytesOf(const std::vector<T> &values) {
  std::vector<char> bytes(values.size() * sizeof(T));
  memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// The status of decoding, and words that the message must hold.
void refuses(const std::vector<char> &file, zorro_status status, const char *words) {
  Array array;
  MaybeFailure failure = decodeNpy(file, array);
  ASSERT_TRUE(failure) << words;
  EXPECT_EQ(failure->status, status) << failure->message;
  EXPECT_NE(failure->message.find(words), std::string::npos) << failure->message;
}

} // namespace

TEST(NpyTest, readsWhatNumpyWrites) {
  std::vector<char> data = bytesOf<float>({1, 2, 3, 4, 5, 6});
  for (int version : {1, 2, 3}) {
    Array array;
    MaybeFailure failure =
        decodeNpy(npyFile(dictionary("<f4", "False", "(2, 3)"), data, version), array);
    ASSERT_FALSE(failure) << failure->message;
    EXPECT_EQ(array.type, uint32_t(ZORRO_F32));
    EXPECT_EQ(array.dims, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(array.data, data);
    EXPECT_EQ(array.elements(), 6);
  }
}

TEST(NpyTest, readsScalarsEmptyArraysAndOtherQuotes) {
  Array array;
  ASSERT_FALSE(decodeNpy(npyFile(dictionary("<i8", "False", "()"), bytesOf<int64_t>({7})), array));
  EXPECT_TRUE(array.dims.empty());
  ASSERT_FALSE(decodeNpy(npyFile(dictionary("|b1", "False", "(4, 0)"), {}), array));
  EXPECT_EQ(array.dims, (std::vector<int64_t>{4, 0}));
  ASSERT_FALSE(decodeNpy(
      npyFile("{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"|u1\"}", {1, 2}), array));
  EXPECT_EQ(array.type, uint32_t(ZORRO_U8));
}

TEST(NpyTest, convertsFortranOrderAndBigEndian) {
  Array array;
  // The 2x3 array 1..6, first axis fastest.
  ASSERT_FALSE(decodeNpy(npyFile(dictionary("<i4", "True", "(2, 3)"),
                                 bytesOf<int32_t>({1, 4, 2, 5, 3, 6})),
                         array));
  EXPECT_EQ(array.data, bytesOf<int32_t>({1, 2, 3, 4, 5, 6}));
  std::vector<int16_t> fortran, rows;
  for (int i = 0; i < 2 * 3 * 4; ++i)
    rows.push_back(int16_t(i));
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i)
        fortran.push_back(int16_t((i * 3 + j) * 4 + k));
  ASSERT_FALSE(
      decodeNpy(npyFile(dictionary("<i2", "True", "(2, 3, 4)"), bytesOf(fortran)), array));
  EXPECT_EQ(array.data, bytesOf(rows));
  ASSERT_FALSE(decodeNpy(npyFile(dictionary(">u2", "False", "(2,)"), {1, 2, 3, 4}), array));
  EXPECT_EQ(array.data, bytesOf<uint16_t>({0x0102, 0x0304}));
}

TEST(NpyTest, refusesHostileHeaders) {
  std::vector<char> four(4);
  std::string good = dictionary("<f4", "False", "(1,)");
  refuses({}, ZORRO_BAD_FILE, "magic");
  refuses(npyFile(good, four, 4), ZORRO_BAD_FILE, "version 1, 2 or 3 but got 4");
  refuses(npyFile(dictionary("|O", "False", "(1,)"), four), ZORRO_UNSUPPORTED, "pickled");
  refuses(npyFile(dictionary("<c8", "False", "(1,)"), four), ZORRO_UNSUPPORTED, "'<c8'");
  refuses(npyFile(dictionary("f4", "False", "(1,)"), four), ZORRO_BAD_FILE, "'f4'");
  refuses(npyFile(dictionary("<f4", "False", "(-1,)"), four), ZORRO_BAD_FILE, "dims from 0");
  refuses(npyFile(dictionary("<f4", "False", "(99999999999999999999,)"), four), ZORRO_BAD_FILE,
          "dims from 0");
  refuses(npyFile(dictionary("<f4", "False", "(4294967296, 4294967296)"), four), ZORRO_BAD_FILE,
          "overflows");
  refuses(npyFile(dictionary("<f4", "False", "(1099511627776,)"), four), ZORRO_BAD_FILE,
          "expected 4398046511104 bytes of data for the .npy shape but got 4");
  refuses(npyFile(dictionary("<f4", "False", "(2,)"), four), ZORRO_BAD_FILE, "but got 4");
  refuses(npyFile(dictionary("<f4", "False", "(0,)"), four), ZORRO_BAD_FILE, "expected 0 bytes");
  refuses(npyFile(dictionary("<f4", "Maybe", "(1,)"), four), ZORRO_BAD_FILE, "fortran_order");
  refuses(npyFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", four),
          ZORRO_BAD_FILE, "plain type");
  refuses(npyFile("{'descr': '<f4', 'shape': (1,)}", four), ZORRO_BAD_FILE, "each once");
  refuses(npyFile("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", four),
          ZORRO_BAD_FILE, "each once");
  refuses(npyFile(good + " import os", four), ZORRO_BAD_FILE, "each once");
  std::string deep(40, '1');
  std::string dims;
  for (char digit : deep)
    dims += std::string(1, digit) + ",";
  refuses(npyFile(dictionary("<f4", "False", ("(" + dims + ")").c_str()), four), ZORRO_BAD_FILE,
          "at most 32 dims");
}

TEST(NpyTest, refusesHeaderLengthsThatLie) {
  std::vector<char> file = npyFile(dictionary("<f4", "False", "(1,)"), std::vector<char>(4), 2);
  file[8] = char(0xff);
  file[9] = char(0xff);
  refuses(file, ZORRO_BAD_FILE, "cut off");
  file[11] = char(0x7f);
  refuses(file, ZORRO_BAD_FILE, "at most 65536");
}

TEST(NpyTest, refusesEveryCut) {
  std::vector<char> good = npyFile(dictionary("<f4", "False", "(2,)"), std::vector<char>(8));
  for (size_t size = 0; size < good.size(); ++size) {
    Array array;
    EXPECT_TRUE(decodeNpy({good.begin(), good.begin() + long(size)}, array)) << size;
  }
}

TEST(NpyTest, survivesChangedBytes) {
  std::vector<char> good = npyFile(dictionary("<f4", "False", "(2, 1)"), std::vector<char>(8));
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::vector<char> bad = good;
    for (int change = 0; change < 3; ++change)
      bad[random() % bad.size()] = char(random());
    Array array;
    if (!decodeNpy(bad, array)) {
      EXPECT_EQ(denseBytes(array.dims, zorro_type_size(array.type)), array.data.size());
    }
  }
}

TEST(NpyTest, writesWhatItReads) {
  TemporaryFolder folder;
  std::string path = folder.path("a.npy");
  for (uint32_t type = 1; type <= ZORRO_BF16; ++type) {
    size_t size = zorro_type_size(type);
    if (size == 0)
      continue;
    for (std::vector<int64_t> dims : {std::vector<int64_t>{}, {3}, {2, 3, 4}, {0, 5}}) {
      Array array{type, dims, {}};
      array.data.resize(*denseBytes(dims, size), 'd');
      MaybeFailure failure = writeNpy(path, array);
      ASSERT_FALSE(failure) << failure->message;
      EXPECT_EQ((std::filesystem::file_size(path) - array.data.size()) % 64, 0u);
      Array back;
      failure = readNpy(path, back);
      ASSERT_FALSE(failure) << failure->message;
      EXPECT_EQ(back.type, type);
      EXPECT_EQ(back.dims, dims);
      EXPECT_EQ(back.data, array.data);
    }
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(NpyTest, refusesFilesOverTheLimitAndOddPlaces) {
  TemporaryFolder folder;
  Array array{ZORRO_U8, {100}, std::vector<char>(100)};
  ASSERT_FALSE(writeNpy(folder.path("a.npy"), array));
  MaybeFailure failure = readNpy(folder.path("a.npy"), array, 150);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, ZORRO_LIMIT);
  EXPECT_TRUE(readNpy(folder.path(), array));
  EXPECT_TRUE(readNpy("/dev/zero", array));
  EXPECT_TRUE(readNpy(folder.path("missing.npy"), array));
  EXPECT_TRUE(writeNpy(folder.path("no/such/folder.npy"), array));
}

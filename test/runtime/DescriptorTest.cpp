//===- DescriptorTest.cpp - Descriptors with wrong contents are refused ---------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Here all hashes are right: what is tested is that no number in a descriptor is believed.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Zorro.hpp"
#include "test/runtime/TinyArtefact.h"

#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace zorro;
using namespace zorro::test;

namespace {

class DescriptorTest : public ::testing::Test {
protected:
  zorro_status load(const Bytes &descriptor) {
    writeBytes(file, assembleArtefact(tinyCode(), tinyWeights(), descriptor));
    return Model().load(file.c_str());
  }
  /// Changes the good descriptor, loads it, and looks for `words` in the error.
  void refuses(const std::function<void(DescriptorSpec &)> &change, const char *words) {
    DescriptorSpec spec = tinyDescriptor();
    change(spec);
    EXPECT_EQ(load(encodeDescriptor(spec)), ZORRO_BAD_FILE) << words;
    EXPECT_NE(strstr(zorro_last_error(), words), nullptr) << zorro_last_error();
  }

  TemporaryFolder folder;
  std::string file = folder.path("model.so");
};

} // namespace

TEST_F(DescriptorTest, tensors) {
  refuses([](auto &spec) { spec.entries[0].inputs[0].dims[1] = -8; }, "has the dimension -8");
  refuses([](auto &spec) { spec.entries[0].inputs[0].dims = {1 << 30, 1 << 30, 1 << 30}; },
          "overflows");
  refuses([](auto &spec) { spec.entries[0].outputs[0].dims.assign(9, 1); },
          "rank of at most 8 but tensor 'y' has 9");
  refuses([](auto &spec) { spec.entries[0].outputs[0].type = 8; }, "unknown type 8");
  refuses([](auto &spec) { spec.entries[0].inputs.push_back(spec.entries[0].inputs[0]); },
          "two inputs have the name 'x'");
}

TEST_F(DescriptorTest, indices) {
  refuses([](auto &spec) { spec.entries[0].launches[0].kernel = 2; }, "names kernel 2 of 2");
  refuses([](auto &spec) { spec.entries[0].weights = {1}; }, "names weight 1 of 1");
  refuses([](auto &spec) { spec.weights[0].size = 33; }, "lies outside the weights");
  refuses([](auto &spec) { spec.weights[0].offset = UINT64_MAX - 63; },
          "lies outside the weights");
  refuses([](auto &spec) { spec.weights[0].offset = 8; }, "multiple of 64");
}

TEST_F(DescriptorTest, names) {
  refuses([](auto &spec) { spec.entries[1].name = "fused"; }, "names of their own");
  refuses([](auto &spec) { spec.entries[1].name = ""; }, "names of their own");
  refuses([](auto &spec) { spec.entries.clear(); }, "at least one entry");
  refuses([](auto &spec) { spec.kernels[0].name[2] = 0; }, "end in its only zero");
}

TEST_F(DescriptorTest, kernels) {
  refuses([](auto &spec) { spec.kernels[0].threads = 1; },
          "kernel 'add_8' is for the CPU but has numbers for a GPU");
  auto onGpu = [&](auto change, const char *words) {
    refuses(
        [&](DescriptorSpec &spec) {
          spec.target = ZORRO_TARGET_CUDA;
          for (KernelSpec &kernel : spec.kernels) {
            kernel.scratchBytes = 0;
            kernel.threads = 128;
          }
          change(spec.kernels[1]);
        },
        words);
  };
  onGpu([](KernelSpec &kernel) { kernel.threads = 0; }, "'scale_8' has blocks of 0 threads");
  onGpu([](KernelSpec &kernel) { kernel.threads = 1025; }, "blocks of 1025 threads");
  onGpu([](KernelSpec &kernel) { kernel.sharedBytes = 1 << 21; }, "wants 2097152 bytes");
  onGpu([](KernelSpec &kernel) { kernel.words = 4096; }, "takes 4096 words and 0 tensor maps");
  onGpu([](KernelSpec &kernel) { kernel.maps = 1u << 31; }, "and 2147483648 tensor maps");
  onGpu([](KernelSpec &kernel) { kernel.scratchBytes = 8; }, "is for a GPU but has scratch");
  // And what is left then is that the code is none for a GPU.
  onGpu([](KernelSpec &) {}, "the code lacks a program for a GPU");
}

TEST_F(DescriptorTest, header) {
  Bytes good = encodeDescriptor(tinyDescriptor());
  auto with = [&](size_t field, uint32_t value) {
    Bytes bad = good;
    memcpy(bad.data() + field, &value, 4);
    return load(bad);
  };
  EXPECT_EQ(with(offsetof(zorro_descriptor, abi_version), 9), ZORRO_UNSUPPORTED);
  EXPECT_EQ(with(offsetof(zorro_descriptor, target), 2), ZORRO_UNSUPPORTED);
  // The kernels are those of a CPU.
  EXPECT_EQ(with(offsetof(zorro_descriptor, target), ZORRO_TARGET_CUDA), ZORRO_BAD_FILE);
  EXPECT_EQ(with(offsetof(zorro_descriptor, magic), 0), ZORRO_BAD_FILE);
  EXPECT_EQ(load({}), ZORRO_BAD_FILE);
  EXPECT_EQ(load(Bytes(sizeof(zorro_descriptor) - 1)), ZORRO_BAD_FILE);
}

// Every 32-bit word of the descriptor set to values that break sums and products. Some words may
// hold anything (sizes of work, say), so the only promise is: no crash, and a status.
TEST_F(DescriptorTest, everyWordMayLie) {
  Bytes good = encodeDescriptor(tinyDescriptor());
  ASSERT_EQ(load(good), ZORRO_OK) << zorro_last_error();
  int refused = 0;
  for (size_t at = 0; at + 4 <= good.size(); at += 4)
    for (uint32_t value : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu, uint32_t(good.size())}) {
      Bytes bad = good;
      memcpy(bad.data() + at, &value, 4);
      refused += load(bad) != ZORRO_OK;
    }
  EXPECT_GT(refused, 100);
}

// A descriptor whose entries all name the same large array must not grow in memory.
TEST_F(DescriptorTest, arraysMayNotOverlap) {
  DescriptorSpec spec = tinyDescriptor();
  spec.entries[0].launches.resize(1000, spec.entries[0].launches[0]);
  Bytes bytes = encodeDescriptor(spec);
  zorro_descriptor header;
  memcpy(&header, bytes.data(), sizeof(header));
  zorro_array large;
  memcpy(&large, bytes.data() + header.entries.offset + offsetof(zorro_entry_info, launches),
         sizeof(large));
  ASSERT_EQ(large.count, 1000u);
  for (int i = 1; i < 4; ++i)
    memcpy(bytes.data() + header.entries.offset + i * sizeof(zorro_entry_info) +
               offsetof(zorro_entry_info, launches),
           &large, sizeof(large));
  EXPECT_EQ(load(bytes), ZORRO_BAD_FILE);
  EXPECT_NE(strstr(zorro_last_error(), "overlap"), nullptr) << zorro_last_error();
}

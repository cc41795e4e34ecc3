//===- TinyArtefact.cpp - The artefact most tests use ---------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Must be kept in step with TinyCode.c.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/TinyArtefact.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

using namespace zorro::test;

DescriptorSpec zorro::test::tinyDescriptor() {
  DescriptorSpec spec;
  spec.compiler = "a hand-made test artefact";
  spec.source = "tiny.onnx";
  spec.sourceHash = "0123456789abcdef";
  spec.cpu = "x86-64";
  spec.assumptions = "none";
  spec.kernels = {{"add_8", "map", "it reads a weight", 40}, {"scale_8", "map", "it ends", 0}};
  spec.weights = {{"bias", 64, tinyColumns * 4}};
  TensorSpec x = {"x", "audio", ZORRO_F32, {tinyRows, tinyColumns}};
  TensorSpec y = {"y", "", ZORRO_F32, {tinyRows, tinyColumns}};
  EntrySpec fused = {"fused", {x}, {y}, {{0, "/add", 296, 2400}, {1, "/scale", 296, 2368}},
                     {0},     tinyElements * 4, 592};
  EntrySpec audio = {"audio", {x}, {y}, {{1, "/scale", 296, 2368}}, {}, 0, 296};
  EntrySpec broken = {"broken", {}, {}, {}, {}, 0, 0};
  EntrySpec empty = {"empty", {}, {}, {}, {}, 0, 0};
  spec.entries = {fused, audio, broken, empty};
  return spec;
}

Bytes zorro::test::tinyWeights() {
  Bytes weights(64 + tinyColumns * 4);
  for (int c = 0; c < tinyColumns; ++c) {
    float value = float(c);
    memcpy(weights.data() + 64 + c * 4, &value, 4);
  }
  return weights;
}

Bytes zorro::test::tinyCode(int factor) {
  return readBytes(ZORRO_TINY_CODE_PREFIX + std::to_string(factor) + ".so");
}

Bytes zorro::test::tinyArtefact(int factor) {
  return assembleArtefact(tinyCode(factor), tinyWeights(), encodeDescriptor(tinyDescriptor()));
}

DescriptorSpec zorro::test::tinyCudaDescriptor() {
  DescriptorSpec spec = tinyDescriptor();
  spec.target = ZORRO_TARGET_CUDA;
  spec.arch = "sm_90a";
  spec.kernels = {{"add_8", "map", "it reads a weight", 0, 32, 0, 3, 0},
                  {"scale_8", "map", "it ends", 0, 64, 100000, 3, 0},
                  {"mapped_8", "move", "it reads a tensor map", 0, 128, 0, 3, 1}};
  for (const char *name : {"mapped", "crooked", "nothing"}) {
    EntrySpec entry = spec.entries[1];
    entry.name = name;
    entry.launches = {{2, "/" + entry.name, 0, 2368}};
    spec.entries.push_back(entry);
  }
  return spec;
}

Bytes zorro::test::tinyCudaCode(const std::string &variant) {
  return readBytes(ZORRO_TINY_CODE_PREFIX "Cuda" + variant + ".so");
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "zorro-test-XXXXXX").string();
  if (!mkdtemp(name.data())) {
    perror("mkdtemp");
    abort();
  }
  folder = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

//===- LoadTest.cpp - Loading, describing, unloading ----------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Good artefacts in all the forms a file can have, and what loading leaves behind: nothing.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Zorro.hpp"
#include "runtime/Cpu/Features.h"
#include "test/runtime/TinyArtefact.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace zorro;
using namespace zorro::test;

extern "C" int zorroHeaderTestInC(void);

namespace {

class LoadTest : public ::testing::Test {
protected:
  TemporaryFolder folder;
  std::string file = folder.path("model.so");

  /// y[0][1] of entry "fused" for x = 1: (1 + 1) * factor.
  static float runFused(const Model &model) {
    Session session;
    EXPECT_EQ(session.create(model, "fused", 1), ZORRO_OK) << zorro_last_error();
    std::vector<float> x(tinyElements, 1), y(tinyElements);
    int64_t dims[] = {tinyRows, tinyColumns};
    zorro_tensor_view in = {x.data(), ZORRO_F32, 2, dims}, out = {y.data(), ZORRO_F32, 2, dims};
    EXPECT_EQ(session.run(&in, 1, &out, 1), ZORRO_OK) << zorro_last_error();
    return y[1];
  }
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

size_t openFiles() {
  size_t count = 0;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd"))
    count += !entry.path().empty();
  return count;
}

long residentPages() {
  long total = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  EXPECT_EQ(fscanf(file, "%ld %ld", &total, &resident), 2);
  fclose(file);
  return resident;
}

} // namespace

TEST(HeaderTest, worksFromC) { EXPECT_EQ(zorroHeaderTestInC(), 0); }

TEST_F(LoadTest, describesWhatTheFileHolds) {
  writeBytes(file, tinyArtefact());
  Model model;
  ASSERT_EQ(model.load(file.c_str()), ZORRO_OK) << zorro_last_error();
  const zorro_model_desc &desc = model.describe();
  EXPECT_STREQ(desc.compiler, "a hand-made test artefact");
  EXPECT_STREQ(desc.source, "tiny.onnx");
  EXPECT_STREQ(desc.cpu_features, "");
  EXPECT_EQ(desc.weight_bytes, tinyWeights().size());
  EXPECT_EQ(desc.code_bytes, tinyCode().size());
  ASSERT_EQ(desc.entry_count, 4u);
  ASSERT_EQ(desc.kernel_count, 2u);
  EXPECT_STREQ(desc.kernels[0].name, "add_8");
  EXPECT_EQ(desc.kernels[0].scratch_bytes, 40u);
  ASSERT_EQ(desc.weight_count, 1u);
  EXPECT_STREQ(desc.weights[0].name, "bias");
  EXPECT_EQ(desc.weights[0].bytes, 32u);
  const zorro_entry_desc &fused = desc.entries[0];
  EXPECT_STREQ(fused.name, "fused");
  ASSERT_EQ(fused.input_count, 1u);
  EXPECT_STREQ(fused.inputs[0].name, "x");
  EXPECT_STREQ(fused.inputs[0].modality, "audio");
  EXPECT_EQ(fused.inputs[0].rank, 2u);
  EXPECT_EQ(fused.inputs[0].dims[0], tinyRows);
  EXPECT_EQ(fused.inputs[0].dims[1], tinyColumns);
  EXPECT_EQ(fused.inputs[0].bytes, uint64_t(tinyElements) * 4);
  ASSERT_EQ(fused.launch_count, 2u);
  EXPECT_STREQ(fused.launches[1].source, "/scale");
  EXPECT_EQ(fused.scratch_bytes, 40u);
  EXPECT_EQ(fused.weight_count, 1u);
  EXPECT_EQ(fused.multiply_adds, 592u);
  EXPECT_EQ(runFused(model), 4.0f);
}

TEST_F(LoadTest, twoModelsWithTheSameSymbolsDoNotClash) {
  std::string other = folder.path("other.so");
  writeBytes(file, tinyArtefact(2));
  writeBytes(other, tinyArtefact(3));
  Model two, three;
  ASSERT_EQ(two.load(file.c_str()), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(three.load(other.c_str()), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(runFused(two), 4.0f);
  EXPECT_EQ(runFused(three), 6.0f);
}

// The dynamic linker remembers a library by every name it was opened by. A file number that comes
// again must not bring the old library with it.
TEST_F(LoadTest, aFileNumberUsedAgainLoadsTheNewFile) {
  std::string other = folder.path("other.so");
  writeBytes(file, tinyArtefact(2));
  writeBytes(other, tinyArtefact(3));
  Model kept, sameFile, different;
  ASSERT_EQ(kept.load(file.c_str()), ZORRO_OK);
  ASSERT_EQ(sameFile.load(file.c_str()), ZORRO_OK);
  sameFile = Model();
  ASSERT_EQ(different.load(other.c_str()), ZORRO_OK);
  EXPECT_EQ(runFused(different), 6.0f);
  EXPECT_EQ(runFused(kept), 4.0f);
}

TEST_F(LoadTest, aFileRenamedOverALoadedOneIsLoadedAnew) {
  writeBytes(file, tinyArtefact(2));
  Model before, after;
  ASSERT_EQ(before.load(file.c_str()), ZORRO_OK);
  writeBytes(folder.path("new"), tinyArtefact(3));
  ASSERT_EQ(rename(folder.path("new").c_str(), file.c_str()), 0);
  ASSERT_EQ(after.load(file.c_str()), ZORRO_OK);
  EXPECT_EQ(runFused(before), 4.0f);
  EXPECT_EQ(runFused(after), 6.0f);
}

TEST_F(LoadTest, findsAnArtefactBehindAProgram) {
  Bytes program(3 * ZORRO_PAGE, 'p'), artefact = tinyArtefact(3);
  program.insert(program.end(), artefact.begin(), artefact.end());
  writeBytes(file, program);
  EXPECT_EQ(zorro_has_artefact(file.c_str()), 1);
  Model model, second;
  ASSERT_EQ(model.load(file.c_str()), ZORRO_OK) << zorro_last_error();
  ASSERT_EQ(second.load(file.c_str()), ZORRO_OK) << zorro_last_error();
  EXPECT_EQ(runFused(model), 6.0f);
  EXPECT_EQ(runFused(second), 6.0f);
}

TEST_F(LoadTest, refusesAnAppendedArtefactOffThePage) {
  Bytes program(ZORRO_PAGE + 8, 'p'), artefact = tinyArtefact();
  program.insert(program.end(), artefact.begin(), artefact.end());
  writeBytes(file, program);
  Model model;
  EXPECT_EQ(model.load(file.c_str()), ZORRO_BAD_FILE);
  EXPECT_NE(strstr(zorro_last_error(), "multiple of 4096"), nullptr) << zorro_last_error();
}

TEST_F(LoadTest, worksWithoutWeights) {
  DescriptorSpec spec = tinyDescriptor();
  spec.weights.clear();
  for (EntrySpec &entry : spec.entries)
    entry.weights.clear();
  writeBytes(file, assembleArtefact(tinyCode(), {}, encodeDescriptor(spec)));
  Model model;
  ASSERT_EQ(model.load(file.c_str()), ZORRO_OK) << zorro_last_error();
  Session session;
  EXPECT_EQ(session.create(model, "audio"), ZORRO_OK);
}

TEST_F(LoadTest, verifiesManyChunksAndCanBeToldNotTo) {
  Bytes weights = tinyWeights();
  weights.resize(5 * ZORRO_WEIGHT_CHUNK + 100, 'w');
  Bytes artefact = assembleArtefact(tinyCode(), weights, encodeDescriptor(tinyDescriptor()));
  writeBytes(file, artefact);
  Model model;
  ASSERT_EQ(model.load(file.c_str()), ZORRO_OK) << zorro_last_error();
  model = Model();
  size_t weightsAt = (tinyCode().size() + ZORRO_PAGE - 1) / ZORRO_PAGE * ZORRO_PAGE;
  artefact[weightsAt + 4 * ZORRO_WEIGHT_CHUNK + 17] ^= 1;
  writeBytes(file, artefact);
  EXPECT_EQ(model.load(file.c_str()), ZORRO_BAD_FILE);
  EXPECT_NE(strstr(zorro_last_error(), "weight chunk 4 "), nullptr) << zorro_last_error();
  zorro_load_options options;
  zorro_load_options_init(&options);
  options.verify_weights = 0;
  EXPECT_EQ(model.load(file.c_str(), &options), ZORRO_OK) << zorro_last_error();
}

TEST_F(LoadTest, refusesWhatTheProcessorLacks) {
  DescriptorSpec spec = tinyDescriptor();
  spec.cpuFeatures = uint64_t(1) << ZORRO_CPU_SSE42 | uint64_t(1) << ZORRO_CPU_POPCNT;
  writeBytes(file, assembleArtefact(tinyCode(), tinyWeights(), encodeDescriptor(spec)));
  Model model;
  ASSERT_EQ(model.load(file.c_str()), ZORRO_OK) << zorro_last_error();
  EXPECT_STREQ(model.describe().cpu_features, "popcnt, sse4.2");
  setenv("ZORRO_CPU_MASK", "avx512f,popcnt", 1);
  EXPECT_EQ(model.load(file.c_str()), ZORRO_UNSUPPORTED);
  EXPECT_NE(strstr(zorro_last_error(), "lacks: popcnt"), nullptr) << zorro_last_error();
  unsetenv("ZORRO_CPU_MASK");
  EXPECT_EQ(model.load(file.c_str()), ZORRO_OK);
  // A feature that this runtime does not know cannot be promised.
  spec.cpuFeatures = uint64_t(1) << 60;
  writeBytes(file, assembleArtefact(tinyCode(), tinyWeights(), encodeDescriptor(spec)));
  EXPECT_EQ(model.load(file.c_str()), ZORRO_UNSUPPORTED);
}

// Every feature this machine has can be required, tiles (which need a permission) among them.
TEST_F(LoadTest, acceptsWhatTheProcessorHas) {
  DescriptorSpec spec = tinyDescriptor();
  spec.cpuFeatures = runtime::hostCpuFeatures();
  EXPECT_NE(spec.cpuFeatures, 0u);
  writeBytes(file, assembleArtefact(tinyCode(), tinyWeights(), encodeDescriptor(spec)));
  Model model;
  EXPECT_EQ(model.load(file.c_str()), ZORRO_OK) << zorro_last_error();
}

TEST_F(LoadTest, aThousandLoadsLeaveNothingBehind) {
  writeBytes(file, tinyArtefact());
  zorro_load_options options;
  zorro_load_options_init(&options);
  options.threads = 2;
  auto once = [&] {
    Model model;
    ASSERT_EQ(model.load(file.c_str(), &options), ZORRO_OK) << zorro_last_error();
    Session session;
    ASSERT_EQ(session.create(model, "fused"), ZORRO_OK) << zorro_last_error();
  };
  for (int i = 0; i < 50; ++i)
    once();
  size_t files = openFiles();
  long pages = residentPages();
  for (int i = 0; i < 1000; ++i)
    once();
  EXPECT_EQ(openFiles(), files);
  // 1 MiB in 1000 loads would be one kilobyte a load. Sanitizers keep freed memory for a while.
  if (!sanitized)
    EXPECT_LT(residentPages(), pages + 256);
}

TEST_F(LoadTest, aSessionKeepsItsModel) {
  writeBytes(file, tinyArtefact());
  Model model;
  Session session;
  ASSERT_EQ(model.load(file.c_str()), ZORRO_OK);
  ASSERT_EQ(session.create(model, "audio", 1), ZORRO_OK);
  model = Model();
  EXPECT_STREQ(session.entry().name, "audio");
  std::vector<float> x(tinyElements, 1), y(tinyElements);
  int64_t dims[] = {tinyRows, tinyColumns};
  zorro_tensor_view in = {x.data(), ZORRO_F32, 2, dims}, out = {y.data(), ZORRO_F32, 2, dims};
  EXPECT_EQ(session.run(&in, 1, &out, 1), ZORRO_OK);
  EXPECT_EQ(y[5], 1e-30f);
}

// What is in a file can be told by every runtime, and by one for GPUs without a device.
TEST_F(LoadTest, describesArtefactsForGpus) {
  writeBytes(file, assembleArtefact(tinyCudaCode(), tinyWeights(),
                                    encodeDescriptor(tinyCudaDescriptor())));
  zorro_load_options options;
  zorro_load_options_init(&options);
  options.device = ZORRO_NO_DEVICE;
  Model model;
  ASSERT_EQ(model.load(file.c_str(), &options), ZORRO_OK) << zorro_last_error();
  EXPECT_STREQ(model.describe().arch, "sm_90a");
#ifdef ZORRO_WITHOUT_CUDA
  EXPECT_EQ(model.load(file.c_str()), ZORRO_UNSUPPORTED);
  EXPECT_NE(strstr(zorro_last_error(), "without support for NVIDIA GPUs"), nullptr)
      << zorro_last_error();
#endif
}

TEST_F(LoadTest, refusesWrongArguments) {
  writeBytes(file, tinyArtefact());
  zorro_model *model;
  EXPECT_EQ(zorro_model_load(nullptr, nullptr, &model), ZORRO_INVALID);
  EXPECT_EQ(zorro_model_load(file.c_str(), nullptr, nullptr), ZORRO_INVALID);
  zorro_load_options options;
  zorro_load_options_init(&options);
  options.struct_size = 3;
  EXPECT_EQ(zorro_model_load(file.c_str(), &options, &model), ZORRO_INVALID);
  zorro_load_options_init(&options);
  options.threads = 1 << 20;
  EXPECT_EQ(zorro_model_load(file.c_str(), &options, &model), ZORRO_INVALID);
  EXPECT_EQ(model, nullptr);
  EXPECT_EQ(zorro_has_artefact(nullptr), 0);
  EXPECT_EQ(zorro_has_artefact(folder.path().c_str()), 0);
}

TEST_F(LoadTest, refusesWhatIsNotARegularFile) {
  Model model;
  EXPECT_EQ(model.load(folder.path().c_str()), ZORRO_BAD_FILE);
  EXPECT_EQ(model.load("/dev/zero"), ZORRO_BAD_FILE);
  std::string pipe = folder.path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(model.load(pipe.c_str()), ZORRO_BAD_FILE);
  writeBytes(file, {});
  EXPECT_EQ(model.load(file.c_str()), ZORRO_BAD_FILE);
}

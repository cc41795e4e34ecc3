//===- RunTest.cpp - The program zorro-run from outside ------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Exit codes, messages, and what is left in the folder.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/TinyArtefact.h"
#include "test/tools/zorro-run/Program.h"
#include "tools/npy/Npz.h"

#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>

using namespace zorro;
using namespace zorro::test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

class RunTest : public ::testing::Test {
protected:
  void SetUp() override {
    writeBytes(folder.path("tiny.so"), tinyArtefact());
    x = {ZORRO_F32, {tinyRows, tinyColumns}, std::vector<char>(tinyElements * 4)};
    setInput(1);
  }
  void setInput(float value) {
    for (int64_t i = 0; i < tinyElements; ++i)
      memcpy(x.data.data() + i * 4, &value, 4);
    ASSERT_FALSE(npy::writeNpy(folder.path("x.npy"), x));
    ASSERT_FALSE(npy::writeNpz(folder.path("x.npz"), {{"x", x}}));
  }
  ProgramResult run(std::vector<std::string> arguments,
                    const std::vector<std::string> &environment = {}) {
    return runProgram(ZORRO_RUN_PATH, arguments, folder.path(), environment);
  }
  void expect(const std::vector<std::string> &arguments, int code, const char *words) {
    ProgramResult result = run(arguments);
    EXPECT_EQ(result.exitCode, code) << result.errors;
    EXPECT_NE((result.output + result.errors).find(words), std::string::npos)
        << "expected: " << words << "\n"
        << result.output << result.errors;
  }
  static float firstOf(const npy::Array &array, size_t index) {
    float value;
    memcpy(&value, array.data.data() + index * 4, 4);
    return value;
  }

  TemporaryFolder folder;
  npy::Array x;
};

} // namespace

TEST_F(RunTest, printsASummary) {
  expect({"tiny.so", "--input=@x.npz"}, 0,
         "y: 37x8xf32  min 2  mean 9  max 16  [2, 4, 6, 8, 10, 12, ...]\n");
  expect({"tiny.so", "--input=@x.npy"}, 0, "mean 9");
  expect({"tiny.so", "--input=x=@x.npy", "--threads=2", "--no-verify"}, 0, "mean 9");
  expect({"tiny.so", "--input=x=37x8xf32=2"}, 0, "min 4 ");
  expect({"tiny.so", "--input=37x8xf32=2"}, 0, "min 4 ");
  expect({"tiny.so", "--function=audio", "--input=x=37x8xf32=2"}, 0, "mean 2e-30");
}

TEST_F(RunTest, writesOutputs) {
  expect({"tiny.so", "--input=@x.npz", "--output=@o.npz", "--output=y=@o.npy"}, 0, "");
  std::vector<npy::NamedArray> outputs;
  ASSERT_FALSE(npy::readNpz(folder.path("o.npz"), outputs));
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].name, "y");
  EXPECT_EQ(firstOf(outputs[0].array, 9), 4.0f);
  npy::Array single;
  ASSERT_FALSE(npy::readNpy(folder.path("o.npy"), single));
  EXPECT_EQ(single.data, outputs[0].array.data);
}

TEST_F(RunTest, comparesWithExpectedOutputs) {
  ASSERT_EQ(run({"tiny.so", "--input=@x.npz", "--output=@e.npz"}).exitCode, 0);
  expect({"tiny.so", "--input=@x.npz", "--expected_output=@e.npz"}, 0,
         "y: equal, largest difference 0");
  setInput(1.01f);
  expect({"tiny.so", "--input=@x.npz", "--expected_output=@e.npz"}, 5,
         "y: 296 of 296 elements differ, largest difference 0.02");
  expect({"tiny.so", "--input=@x.npz", "--expected_output=@e.npz", "--atol=0.1"}, 0, "y: equal");
  expect({"tiny.so", "--input=@x.npz", "--expected_output=@e.npz", "--rtol=0.1"}, 0, "y: equal");
  expect({"tiny.so", "--input=@x.npz", "--expected_output=z=@x.npy"}, 1,
         "entry 'fused' has no output 'z', expected y");
  npy::Array other{ZORRO_I32, {1}, std::vector<char>(4)};
  ASSERT_FALSE(npy::writeNpy(folder.path("i.npy"), other));
  expect({"tiny.so", "--input=@x.npz", "--expected_output=y=@i.npy"}, 5,
         "y: expected 1xi32 but got 37x8xf32");
}

TEST_F(RunTest, aNotANumberEqualsItself) {
  expect({"tiny.so", "--input=x=37x8xf32=nan", "--output=@n.npz"}, 0, "");
  expect({"tiny.so", "--input=x=37x8xf32=nan", "--expected_output=@n.npz"}, 0, "equal");
  expect({"tiny.so", "--input=x=37x8xf32=1", "--expected_output=@n.npz"}, 5,
         "at [0, 0] expected nan but got 2");
  expect({"tiny.so", "--input=x=37x8xf32=nan"}, 0, "NaN 296");
}

TEST_F(RunTest, namesWhatIsWrongWithInputs) {
  expect({"tiny.so"}, 1, "input 'x' (37x8xf32) of entry 'fused' is missing, expected x");
  expect({"tiny.so", "--input=z=37x8xf32=1"}, 1, "entry 'fused' has no input 'z', expected x");
  expect({"tiny.so", "--input=x=37x9xf32=1"}, 1,
         "expected 37x8xf32 for input 'x' of entry 'fused' but got 37x9xf32");
  expect({"tiny.so", "--input=@x.npz", "--input=x=@x.npy"}, 1, "input 'x' is given twice");
  expect({"tiny.so", "--input=x"}, 1, "but got 'x'");
  expect({"tiny.so", "--input=x=@missing.npy"}, 2, "cannot open 'missing.npy'");
  expect({"tiny.so", "--input=x=@tiny.so"}, 2, "expected a .npy array");
  expect({"tiny.so", "--input=@x.npz", "--output=z=@o.npy"}, 1, "has no output 'z'");
  expect({"tiny.so", "--input=@x.npz", "--function=video"}, 1,
         "expected one of the entries fused, audio, broken, empty but got 'video'");
  // Nothing of all this left a file behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 3);
}

TEST_F(RunTest, runsEachClip) {
  npy::Array clips{ZORRO_F32, {3 * tinyRows, tinyColumns}, {}};
  for (float value : {1.0f, 2.0f, 3.0f})
    for (int64_t i = 0; i < tinyElements; ++i) {
      const char *bytes = reinterpret_cast<const char *>(&value);
      clips.data.insert(clips.data.end(), bytes, bytes + 4);
    }
  ASSERT_FALSE(npy::writeNpz(folder.path("clips.npz"), {{"x", clips}}));
  expect({"tiny.so", "--input=@clips.npz"}, 1, "but got 111x8xf32");
  expect({"tiny.so", "--input=@clips.npz", "--each", "--output=@o.npz"}, 0, "");
  std::vector<npy::NamedArray> outputs;
  ASSERT_FALSE(npy::readNpz(folder.path("o.npz"), outputs));
  EXPECT_EQ(outputs[0].array.dims, (std::vector<int64_t>{3 * tinyRows, tinyColumns}));
  for (size_t clip = 0; clip < 3; ++clip)
    EXPECT_EQ(firstOf(outputs[0].array, clip * tinyElements), float(clip + 1) * 2);
}

TEST_F(RunTest, describes) {
  ProgramResult table = run({"tiny.so", "--describe"});
  EXPECT_EQ(table.exitCode, 0) << table.errors;
  for (const char *words : {"source       tiny.onnx", "entry fused", "input   x  37x8xf32",
                            "modality audio", "592 multiply-adds in 2 launches", "scale_8",
                            "it reads a weight", "32 B  bias"})
    EXPECT_NE(table.output.find(words), std::string::npos) << words << "\n" << table.output;
  ProgramResult json = run({"--describe=json", "tiny.so"});
  EXPECT_EQ(json.exitCode, 0) << json.errors;
  for (const char *words : {"\"source\": \"tiny.onnx\"", "\"name\": \"fused\"",
                            "\"multiply_adds\": 592", "\"modality\": \"audio\""})
    EXPECT_NE(json.output.find(words), std::string::npos) << words << "\n" << json.output;
  expect({"tiny.so", "--describe=xml"}, 1, "xml");
}

TEST_F(RunTest, writesATrace) {
  expect({"tiny.so", "--input=@x.npz", "--trace=t.json"}, 0, "");
  Bytes bytes = readBytes(folder.path("t.json"));
  std::string text(bytes.begin(), bytes.end());
  for (const char *words : {"\"traceEvents\"", "\"add_8\"", "\"/scale\"", "\"ph\": \"X\""})
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
}

TEST_F(RunTest, exitCodes) {
  expect({"--help"}, 0, "Exit codes");
  expect({"--version"}, 0, "zorro-run 0.");
  expect({}, 1, "MODEL");
  expect({"tiny.so", "--nonsense"}, 1, "nonsense");
  expect({"tiny.so", "--threads=0"}, 1, "threads");
  expect({"missing.so"}, 2, "cannot open 'missing.so'");
  expect({"x.npy"}, 2, "does not end in a footer");
  expect({"tiny.so", "--function=broken"}, 70, "stopped with code 70: launch 7 of 0");
  DescriptorSpec spec = tinyDescriptor();
  spec.entries[1].arenaBytes = uint64_t(1) << 60;
  spec.cpuFeatures = uint64_t(1) << ZORRO_CPU_SSE42;
  writeBytes(folder.path("tiny.so"),
             assembleArtefact(tinyCode(), tinyWeights(), encodeDescriptor(spec)));
  expect({"tiny.so", "--function=audio", "--input=@x.npz"}, 4, "cannot allocate");
  ProgramResult masked = run({"tiny.so", "--describe"}, {"ZORRO_CPU_MASK=sse4.2"});
  EXPECT_EQ(masked.exitCode, 3);
  EXPECT_NE(masked.errors.find("lacks: sse4.2"), std::string::npos) << masked.errors;
}

// With 100 MB in all: an arena, weights, an input, and threads that are too many.
TEST_F(RunTest, saysWhenMemoryRunsOut) {
  if (sanitized)
    GTEST_SKIP() << "sanitizers reserve more address space than the limit";
  auto refuses = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "tiny.so");
    ProgramResult result =
        runProgram(ZORRO_RUN_PATH, arguments, folder.path(), {}, size_t(100) << 20);
    EXPECT_EQ(result.exitCode, 4) << result.errors;
    EXPECT_NE(result.errors.find("error: "), std::string::npos) << result.errors;
  };
  refuses({"--input=@x.npz", "--threads=200"});
  refuses({"--input=x=99999999xf32=1", "--threads=1"});
  DescriptorSpec spec = tinyDescriptor();
  spec.entries[0].arenaBytes = 200 << 20;
  Bytes weights = tinyWeights();
  writeBytes(folder.path("tiny.so"), assembleArtefact(tinyCode(), weights, encodeDescriptor(spec)));
  refuses({"--input=@x.npz", "--threads=1"});
  weights.resize(200 << 20);
  writeBytes(folder.path("tiny.so"),
             assembleArtefact(tinyCode(), weights, encodeDescriptor(tinyDescriptor())));
  refuses({"--input=@x.npz", "--threads=1"});
}

TEST_F(RunTest, leavesNothingWhenItCannotWrite) {
  expect({"tiny.so", "--input=@x.npz", "--output=@no/such/o.npz"}, 2, "cannot create");
  expect({"tiny.so", "--input=@x.npz", "--output=@/dev/full"}, 2, "cannot write");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 3);
}

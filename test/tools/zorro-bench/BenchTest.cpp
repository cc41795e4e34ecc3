//===- BenchTest.cpp - The program zorro-bench from outside ---------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Which rows and counters there are; never how large they are.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/TinyArtefact.h"
#include "test/tools/zorro-run/Program.h"

#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

using namespace zorro::test;

namespace {

class BenchTest : public ::testing::Test {
protected:
  void SetUp() override { writeBytes(folder.path("tiny.so"), tinyArtefact()); }
  ProgramResult run(std::vector<std::string> arguments) {
    arguments.push_back("--benchmark_min_time=0.001");
    return runProgram(ZORRO_BENCH_PATH, arguments, folder.path());
  }
  TemporaryFolder folder;
};

} // namespace

TEST_F(BenchTest, givesARowForEachEntryAndKernel) {
  ProgramResult result = run({"tiny.so", "--threads=1,2", "--runs=3", "--benchmark_format=json",
                              "--benchmark_filter=^(fused|audio)"});
  ASSERT_EQ(result.exitCode, 0) << result.errors;
  auto rows = nlohmann::json::parse(result.output)["benchmarks"];
  std::set<std::string> names;
  for (const auto &row : rows) {
    std::string name = row["name"];
    names.insert(name.substr(0, name.find("/threads:")));
    EXPECT_GT(row["GF/s"], 0) << name;
    EXPECT_GT(row["GB/s"], 0) << name;
    EXPECT_GT(row["share"], 0) << name;
    EXPECT_GT(row["peak"], 0) << name;
    std::string label = row["label"]; // what bounds it: few operations on few bytes
    EXPECT_TRUE(label == "fma" || label == "L2") << label;
  }
  std::set<std::string> expected = {"fused",         "fused/add_8",   "fused/scale_8",
                                    "audio",         "audio/scale_8", "fused/kind:map",
                                    "audio/kind:map"};
  EXPECT_EQ(names, expected);
  EXPECT_EQ(rows.size(), 14u);
}

// Each roof in its unit; those that the processor lacks have no row.
TEST_F(BenchTest, measuresRoofs) {
  std::vector<std::string> arguments = {"tiny.so", "--threads=1", "--benchmark_format=json",
                                        "--benchmark_filter=^peak/"};
  setenv("ZORRO_CPU_MASK", "avx512bf16,amx_bf16", 1);
  ProgramResult result = run(arguments);
  unsetenv("ZORRO_CPU_MASK");
  ASSERT_EQ(result.exitCode, 0) << result.errors;
  std::map<std::string, nlohmann::json> rows;
  auto parsed = nlohmann::json::parse(result.output);
  for (const auto &row : parsed["benchmarks"]) {
    std::string name = row["name"];
    rows[name.substr(0, name.find('/', 5))] = row;
  }
  EXPECT_EQ(rows.size(), 4u);
  for (const char *name : {"peak/fma", "peak/L2", "peak/L3", "peak/memory"}) {
    ASSERT_TRUE(rows.count(name)) << name;
    bool isUnit = std::string(name) == "peak/fma";
    EXPECT_EQ(rows[name].contains("GF/s"), isUnit) << name;
    EXPECT_EQ(rows[name].contains("GB/s"), !isUnit) << name;
    EXPECT_GT(rows[name][isUnit ? "GF/s" : "GB/s"], 0) << name;
    EXPECT_FALSE(std::string(rows[name]["label"]).empty()) << name;
  }
}

TEST_F(BenchTest, repetitionsAreMeasuredAnew) {
  ProgramResult result =
      run({"tiny.so", "--threads=1", "--benchmark_format=json", "--benchmark_repetitions=3",
           "--benchmark_filter=^fused/add_8"});
  ASSERT_EQ(result.exitCode, 0) << result.errors;
  size_t repetitions = 0;
  auto rows = nlohmann::json::parse(result.output)["benchmarks"];
  for (const auto &row : rows)
    repetitions += row["run_type"] == "iteration";
  EXPECT_EQ(repetitions, 3u);
}

#ifdef ZORRO_STUB_DRIVER_PATH
// Entries with their copies, kernels by the device's clock; no peak that is the processor's.
TEST_F(BenchTest, measuresDevices) {
  setenv("ZORRO_CUDA_DRIVER", ZORRO_STUB_DRIVER_PATH, 1);
  setenv("ZORRO_STUB_DRIVER", "devices=2", 1);
  writeBytes(folder.path("gpu.so"), assembleArtefact(tinyCudaCode(), tinyWeights(),
                                                     encodeDescriptor(tinyCudaDescriptor())));
  ProgramResult result = run({"gpu.so", "--device=1", "--benchmark_format=json",
                              "--benchmark_filter=^(peak|fused|audio)"});
  ASSERT_EQ(result.exitCode, 0) << result.errors;
  auto parsed = nlohmann::json::parse(result.output);
  EXPECT_EQ(parsed["context"]["zorro_device"], "Stub GPU (9.0), a cubin for sm_90a");
  std::set<std::string> names;
  for (const auto &row : parsed["benchmarks"]) {
    std::string name = row["name"];
    names.insert(name.substr(0, name.find("/iterations:")));
    EXPECT_GT(row["GF/s"], 0) << name;
    EXPECT_FALSE(row.contains("share")) << name;
    if (name.find("_8") != std::string::npos)
      EXPECT_NEAR(double(row["real_time"]), 0.037, 0.001) << name;
  }
  std::set<std::string> expected = {"fused", "fused/add_8", "fused/scale_8", "audio",
                                    "audio/scale_8", "fused/kind:map", "audio/kind:map"};
  for (const std::string &name : expected) {
    bool found = false;
    for (const std::string &got : names)
      found |= got.rfind(name, 0) == 0;
    EXPECT_TRUE(found) << name;
  }
  EXPECT_EQ(names.size(), expected.size());
  EXPECT_EQ(run({"gpu.so", "--device=2"}).exitCode, 1);
  EXPECT_EQ(run({"gpu.so", "--device=x"}).exitCode, 1);
  EXPECT_EQ(run({"gpu.so", "--threads=2"}).exitCode, 1);
}
#endif

TEST_F(BenchTest, exitCodes) {
  EXPECT_EQ(run({}).exitCode, 1);
  EXPECT_EQ(run({"tiny.so", "--threads=0"}).exitCode, 1);
  EXPECT_EQ(run({"tiny.so", "--threads=1,"}).exitCode, 1);
  EXPECT_EQ(run({"tiny.so", "--runs=x"}).exitCode, 1);
  EXPECT_EQ(run({"tiny.so", "other.so"}).exitCode, 1);
  EXPECT_EQ(run({"missing.so"}).exitCode, 2);
  EXPECT_EQ(run({"tiny.so", "--threads=1", "--benchmark_filter=^broken"}).exitCode, 70);
}

//===- RunnerTest.cpp - A program that carries its model -----------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// zorro-runner with an artefact behind it, alone in a folder and without an environment.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/TinyArtefact.h"
#include "test/tools/zorro-run/Program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace zorro::test;

namespace {

class RunnerTest : public ::testing::Test {
protected:
  void SetUp() override {
    Bytes program = readBytes(ZORRO_RUNNER_PATH), artefact = tinyArtefact(3);
    program.resize((program.size() + ZORRO_PAGE - 1) / ZORRO_PAGE * ZORRO_PAGE);
    program.insert(program.end(), artefact.begin(), artefact.end());
    writeBytes(path, program);
    ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  }
  ProgramResult run(const std::vector<std::string> &arguments) {
    return runProgram(path, arguments, folder.path(), {"PATH=/nowhere"});
  }

  TemporaryFolder folder;
  std::string path = folder.path("model");
};

} // namespace

TEST_F(RunnerTest, runsAlone) {
  ProgramResult result = run({"--input=x=37x8xf32=1"});
  EXPECT_EQ(result.exitCode, 0) << result.errors;
  EXPECT_NE(result.output.find("min 3  mean 13.5  max 24"), std::string::npos) << result.output;
  EXPECT_EQ(run({"--describe"}).exitCode, 0);
}

TEST_F(RunnerTest, takesNoOtherModel) {
  writeBytes(folder.path("tiny.so"), tinyArtefact());
  EXPECT_EQ(run({"tiny.so", "--describe"}).exitCode, 1);
}

TEST_F(RunnerTest, refusesWhenItsModelIsDamaged) {
  Bytes program = readBytes(path);
  program[program.size() - 200] ^= 1;
  writeBytes(path, program);
  EXPECT_EQ(run({"--describe"}).exitCode, 2);
}

TEST(BareRunnerTest, behavesLikeZorroRun) {
  TemporaryFolder folder;
  writeBytes(folder.path("tiny.so"), tinyArtefact());
  EXPECT_EQ(runProgram(ZORRO_RUNNER_PATH, {"tiny.so", "--describe"}, folder.path()).exitCode, 0);
}

//===- Program.cpp - Runs a program and reads what it says -------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Output goes through files, so that the order of reading cannot block the program.
//
//===----------------------------------------------------------------------------------------===//

#include "test/tools/zorro-run/Program.h"

#include "test/runtime/TinyArtefact.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace zorro::test;

ProgramResult zorro::test::runProgram(const std::string &path,
                                      const std::vector<std::string> &arguments,
                                      const std::string &folder,
                                      const std::vector<std::string> &environment,
                                      size_t memoryLimit) {
  TemporaryFolder streams;
  std::string output = streams.path("output"), errors = streams.path("errors");
  std::vector<char *> argv = {const_cast<char *>(path.c_str())}, envp;
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  for (const std::string &variable : environment)
    envp.push_back(const_cast<char *>(variable.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_t child = fork();
  if (child == 0) {
    int mode = O_WRONLY | O_CREAT;
    bool ready = dup2(open(output.c_str(), mode, 0600), 1) == 1 &&
                 dup2(open(errors.c_str(), mode, 0600), 2) == 2 && chdir(folder.c_str()) == 0;
    rlimit limit = {memoryLimit, memoryLimit};
    if (ready && (memoryLimit == 0 || setrlimit(RLIMIT_AS, &limit) == 0))
      execve(path.c_str(), argv.data(), environment.empty() ? environ : envp.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  auto text = [](const std::string &file) {
    Bytes bytes = readBytes(file);
    return std::string(bytes.begin(), bytes.end());
  };
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text(output), text(errors)};
}

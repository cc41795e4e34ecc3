//===- Program.h - Runs a program and reads what it says ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// No shell: arguments go to the program as they are.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_TOOLS_ZORRO_RUN_PROGRAM_H
#define ZORRO_TEST_TOOLS_ZORRO_RUN_PROGRAM_H

#include <string>
#include <vector>

namespace zorro::test {

struct ProgramResult {
  int exitCode; // -1 if a signal ended it
  std::string output, errors;
};

/// Runs `path` with `arguments` in `folder`, with `environment` only ("NAME=value") unless empty,
/// and with at most `memoryLimit` bytes of address space unless 0.
ProgramResult runProgram(const std::string &path, const std::vector<std::string> &arguments,
                         const std::string &folder,
                         const std::vector<std::string> &environment = {},
                         size_t memoryLimit = 0);

} // namespace zorro::test

#endif // ZORRO_TEST_TOOLS_ZORRO_RUN_PROGRAM_H

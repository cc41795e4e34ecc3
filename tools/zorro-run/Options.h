//===- Options.h - The command line of zorro-run ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The spellings are those of iree-run-module where it has the same thing.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_OPTIONS_H
#define ZORRO_TOOLS_ZORRO_RUN_OPTIONS_H

#include "tools/npy/Npy.h"

#include <optional>
#include <string>
#include <vector>

namespace zorro::run {

using npy::Failure;
using npy::MaybeFailure;

struct Options {
  std::string model;
  std::string function; // empty: the default entry
  std::vector<std::string> inputs, outputs, expectedOutputs, present;
  std::optional<double> absoluteTolerance, relativeTolerance;
  std::string describe; // "", "table" or "json"
  std::string trace;    // a path, or empty
  uint32_t threads = 0;
  std::optional<int32_t> device; // ZORRO_NO_DEVICE for "cpu"
  bool verify = true;
  bool each = false;
  bool route = false, nanIsAbsent = false;
};

/// Gives the exit code if the program is to end here: 0 after --help, 1 after a mistake.
/// `embedded`: the model is known, and none may be named.
std::optional<int> parseOptions(int argc, char **argv, bool embedded, Options &options);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_OPTIONS_H

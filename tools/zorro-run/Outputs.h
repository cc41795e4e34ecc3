//===- Outputs.h - What is done with outputs ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Writes outputs to files, or prints a line on each.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_OUTPUTS_H
#define ZORRO_TOOLS_ZORRO_RUN_OUTPUTS_H

#include "tools/npy/Npz.h"

#include <cstdio>

namespace zorro::run {

/// A parsed --output: all outputs into a .npz, or one into a .npy.
struct OutputFile {
  std::string path;
  bool all = false;
  uint32_t index = 0; // unless all
};

/// Done before the run, so that a mistake costs no inference.
npy::MaybeFailure parseOutputs(const std::vector<std::string> &specs,
                               const zorro_entry_desc &entry, std::vector<OutputFile> &files);

npy::MaybeFailure writeOutputs(const std::vector<OutputFile> &files,
                               const std::vector<npy::NamedArray> &outputs);

/// Name, shape, smallest, mean and largest value, and the first values of each output.
void printOutputs(const std::vector<npy::NamedArray> &outputs, FILE *to);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_OUTPUTS_H

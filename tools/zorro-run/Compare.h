//===- Compare.h - Outputs against expected ones ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Tolerances are those of iree-run-module: |got - expected| <= atol + rtol * |expected|; NaN equals
// NaN, and integers have to be equal.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_COMPARE_H
#define ZORRO_TOOLS_ZORRO_RUN_COMPARE_H

#include "tools/npy/Npz.h"

#include <cstdio>
#include <optional>

namespace zorro::run {

struct Tolerances {
  std::optional<double> absolute, relative; // override the defaults
};

/// Reads --expected_output into arrays with names of outputs.
npy::MaybeFailure readExpected(const std::vector<std::string> &specs,
                               const zorro_entry_desc &entry,
                               std::vector<npy::NamedArray> &expected);

/// Prints one line per expected array; true if all agree.
bool compareOutputs(const std::vector<npy::NamedArray> &expected,
                    const std::vector<npy::NamedArray> &outputs, const Tolerances &tolerances,
                    FILE *to);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_COMPARE_H

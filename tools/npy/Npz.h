//===- Npz.h - Named arrays in one file --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// NumPy's .npz: a zip archive of .npy members, stored or deflated. Members are never unpacked to
// files; their names are only names.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_NPY_NPZ_H
#define ZORRO_TOOLS_NPY_NPZ_H

#include "tools/npy/Npy.h"

namespace zorro::npy {

struct NamedArray {
  std::string name; // without ".npy"
  Array array;
};

/// All arrays, in the order of the archive's directory. `limit` holds for their sum.
MaybeFailure readNpz(const std::string &path, std::vector<NamedArray> &arrays,
                     uint64_t limit = defaultLimit);

/// Stored, not deflated, like numpy.savez. The same arrays give the same bytes.
MaybeFailure writeNpz(const std::string &path, const std::vector<NamedArray> &arrays);

} // namespace zorro::npy

#endif // ZORRO_TOOLS_NPY_NPZ_H

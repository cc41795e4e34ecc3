//===- FileReplacement.h - Files that appear whole or not at all -----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Writes under a temporary name in the same folder and renames at the end, so that a failure or a
// kill leaves the old file, or none. Also the reading counterpart with a limit.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_NPY_FILEREPLACEMENT_H
#define ZORRO_TOOLS_NPY_FILEREPLACEMENT_H

#include "tools/npy/Npy.h"

namespace zorro::npy {

class FileReplacement {
public:
  explicit FileReplacement(const std::string &path);
  /// Without a finish() that succeeded, what was written is removed.
  ~FileReplacement();
  FileReplacement(const FileReplacement &) = delete;
  FileReplacement &operator=(const FileReplacement &) = delete;

  /// Errors are kept until finish().
  void write(const void *data, size_t size);
  MaybeFailure finish();

private:
  void fail(const char *action);

  std::string path, temporary;
  int file = -1;
  MaybeFailure failure;
};

/// All bytes of a regular file that has at most `limit`.
MaybeFailure readWhole(const std::string &path, uint64_t limit, std::vector<char> &bytes);

/// Opens a regular file for reading and gives its size; the caller closes `file`.
MaybeFailure openRegular(const std::string &path, int &file, uint64_t &size);

/// Reads exactly `size` bytes at `offset`.
MaybeFailure readExactly(int file, void *to, uint64_t size, uint64_t offset);

} // namespace zorro::npy

#endif // ZORRO_TOOLS_NPY_FILEREPLACEMENT_H

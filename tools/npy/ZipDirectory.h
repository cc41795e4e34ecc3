//===- ZipDirectory.h - What is in a zip archive -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The archive's directory with its 64-bit extensions, checked: every member lies in the file, and
// sizes are plausible for its compression.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_NPY_ZIPDIRECTORY_H
#define ZORRO_TOOLS_NPY_ZIPDIRECTORY_H

#include "tools/npy/Npy.h"

namespace zorro::npy {

struct ZipMember {
  std::string name;
  bool deflated = false; // else stored
  uint32_t crc = 0;
  uint64_t packedSize = 0, size = 0;
  uint64_t dataOffset = 0; // in the file
};

MaybeFailure readZipDirectory(int file, uint64_t fileSize, std::vector<ZipMember> &members);

} // namespace zorro::npy

#endif // ZORRO_TOOLS_NPY_ZIPDIRECTORY_H

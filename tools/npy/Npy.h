//===- Npy.h - Arrays in NumPy's file format ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One array, and its .npy form: little- or big-endian, C or Fortran order when read; little-endian
// and C order when written. Files are untrusted: nothing in them is believed or executed.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_NPY_NPY_H
#define ZORRO_TOOLS_NPY_NPY_H

#include "runtime/Core/Zorro.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zorro::npy {

/// A dense row-major array.
struct Array {
  uint32_t type = ZORRO_F32; // enum zorro_type
  std::vector<int64_t> dims;
  std::vector<char> data;

  int64_t elements() const;
};

struct Failure {
  zorro_status status;
  std::string message;
};

/// Empty means success.
using MaybeFailure = std::optional<Failure>;

/// What a file may unpack to, in bytes, unless the caller says otherwise.
constexpr uint64_t defaultLimit = uint64_t(16) << 30;

/// `file` is all of a .npy file. NumPy has no bfloat16; two-byte void elements ("V2", what the
/// ml_dtypes package writes) are taken as such.
MaybeFailure decodeNpy(std::vector<char> file, Array &array);

/// Everything before the data.
std::string npyHeader(const Array &array);

MaybeFailure readNpy(const std::string &path, Array &array, uint64_t limit = defaultLimit);
MaybeFailure writeNpy(const std::string &path, const Array &array);

/// "3x4xf32"
std::string shapeText(uint32_t type, const std::vector<int64_t> &dims);

/// The product of `dims` times `elementSize`; nothing if a dim is negative or it does not fit.
std::optional<uint64_t> denseBytes(const std::vector<int64_t> &dims, uint64_t elementSize);

} // namespace zorro::npy

#endif // ZORRO_TOOLS_NPY_NPY_H

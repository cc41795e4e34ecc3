//===- OutputFile.h - Files that appear whole or not at all ------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Written under a temporary name beside the target and renamed at the end.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_EMIT_OUTPUTFILE_H
#define ZORRO_LOWERING_EMIT_OUTPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace zorro {

/// Errors are kept until commit(), which reports the first; without a commit the file vanishes.
class OutputFile {
public:
  explicit OutputFile(llvm::StringRef path, bool executable = false);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;

  void write(llvm::ArrayRef<char> bytes);
  void writeText(llvm::StringRef text) { write(llvm::ArrayRef(text.data(), text.size())); }
  /// Appends a whole file.
  void copyFrom(llvm::StringRef path);
  /// Zeros up to a multiple of `alignment`.
  void padTo(uint64_t alignment);
  uint64_t tell() const { return position; }
  /// Flushes, gives the file its name, and reports what went wrong on the way.
  llvm::Error commit();

private:
  void flush();
  void fail(llvm::StringRef what, int error);

  std::string path, temporary, message;
  int descriptor = -1;
  uint64_t position = 0;
  std::vector<char> buffer;
};

} // namespace zorro

#endif // ZORRO_LOWERING_EMIT_OUTPUTFILE_H

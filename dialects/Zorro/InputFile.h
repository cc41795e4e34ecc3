//===- InputFile.h - Files that are read, never trusted ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reads by offset, never by mapping: a file that shrinks while it is read gives an error, not a
// signal. A file named by a model is opened so that no path and no link leads out of its folder.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_INPUTFILE_H
#define ZORRO_DIALECTS_ZORRO_INPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace zorro {

class InputFile {
public:
  /// Opens a file that the user named.
  static llvm::Expected<InputFile> open(llvm::StringRef path);
  /// Opens a file that a model named, relative to the model's folder. Refuses absolute paths, `..`,
  /// symbolic links anywhere below the folder, hard links, and what is not a regular file.
  static llvm::Expected<InputFile> openInside(llvm::StringRef folder, llvm::StringRef relative);

  InputFile(InputFile &&other) : descriptor(other.descriptor), size(other.size) {
    other.descriptor = -1;
  }
  InputFile &operator=(InputFile &&other) {
    std::swap(descriptor, other.descriptor);
    std::swap(size, other.size);
    return *this;
  }
  ~InputFile();

  /// Size in bytes when it was opened.
  uint64_t getSize() const { return size; }
  /// Whether `length` bytes at `offset` lie within the file.
  bool contains(uint64_t offset, uint64_t length) const {
    return length <= size && offset <= size - length;
  }
  /// Fills `out` from `offset` on.
  llvm::Error read(uint64_t offset, llvm::MutableArrayRef<char> out) const;

private:
  InputFile(int descriptor, uint64_t size) : descriptor(descriptor), size(size) {}
  static llvm::Expected<InputFile> adopt(int descriptor, llvm::StringRef name, bool single);

  int descriptor;
  uint64_t size;
};

} // namespace zorro

#endif // ZORRO_DIALECTS_ZORRO_INPUTFILE_H

//===- Artefact.h - The file: footer, parts, mapped weights ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Opens the file once, checks that its parts lie where the footer says and have the hashes it
// names, and maps the weights. Nothing of the file is executed here.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_ARTEFACT_H
#define ZORRO_RUNTIME_CORE_ARTEFACT_H

#include "runtime/Core/Error.h"

#include <memory>
#include <vector>

namespace zorro::runtime {

class Artefact {
public:
  Artefact() = default;
  ~Artefact();
  Artefact(const Artefact &) = delete;
  Artefact &operator=(const Artefact &) = delete;

  /// Opens `path`, checks footer, code and descriptor, maps the weights without reading them.
  MaybeError open(const std::string &path);

  /// Compares every chunk of the weights with its hash, on `threads` threads.
  MaybeError verifyWeights(unsigned threads) const;

  int descriptorOfFile() const { return file; }
  /// Where the artefact begins in the file; 0 unless it is appended to a program.
  uint64_t start() const { return startOffset; }
  uint64_t codeSize() const { return footer.code_size; }
  uint64_t codeHash() const { return footer.code_hash; }
  const std::vector<char> &descriptor() const { return descriptorBytes; }
  const char *weights() const { return weightBytes; }
  uint64_t weightsSize() const { return footer.weights_size; }

  static bool hasFooter(const char *path);

private:
  MaybeError readFooter(uint64_t fileSize);
  MaybeError checkLayout() const;
  MaybeError checkGap(uint64_t begin, uint64_t end, const char *before, const char *after) const;
  MaybeError checkCode() const;
  MaybeError checkElf() const;
  MaybeError readTables();
  MaybeError mapWeights();
  MaybeError readAt(void *to, uint64_t size, uint64_t offset) const;

  int file = -1;
  uint64_t startOffset = 0;
  zorro_footer footer{};
  std::vector<char> descriptorBytes;
  std::vector<uint64_t> chunkHashes;
  const char *weightBytes = nullptr; // mapped, if there are any
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_ARTEFACT_H

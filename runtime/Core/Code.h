//===- Code.h - The loaded machine code ------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Loads the ELF part of an artefact that has passed its checks, and unloads it.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_CODE_H
#define ZORRO_RUNTIME_CORE_CODE_H

#include "runtime/Core/Artefact.h"

namespace zorro::runtime {

class Code {
public:
  Code() = default;
  ~Code();
  Code(const Code &) = delete;
  Code &operator=(const Code &) = delete;

  /// `artefact` must outlive this object. The counts are those of the descriptor.
  MaybeError load(const Artefact &artefact, uint32_t entryCount, uint32_t kernelCount);

  zorro_entry_fn entry(uint32_t index) const { return table->entries[index]; }
  zorro_kernel_fn kernel(uint32_t index) const { return table->kernels[index]; }

private:
  MaybeError copyToMemory(const Artefact &artefact);
  MaybeError checkTable(uint32_t entryCount, uint32_t kernelCount) const;

  int memoryFile = -1; // holds the code of an artefact that is not a file of its own
  void *handle = nullptr;
  const zorro_code *table = nullptr;
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_CODE_H

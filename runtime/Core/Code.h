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

  /// `artefact` must outlive this object. What the code holds must be what `desc` says.
  MaybeError load(const Artefact &artefact, const zorro_model_desc &desc);

  zorro_entry_fn entry(uint32_t index) const { return table->entries[index]; }
  /// Only of code for a CPU.
  zorro_kernel_fn kernel(uint32_t index) const { return table->kernels[index]; }
  /// Programs for a GPU; none in code for a CPU.
  uint32_t imageCount() const { return table->image_count; }
  const zorro_image &image(uint32_t index) const { return table->images[index]; }

private:
  MaybeError copyToMemory(const Artefact &artefact);
  MaybeError checkTable(const zorro_model_desc &desc) const;
  MaybeError checkImages() const;

  int memoryFile = -1; // holds the code of an artefact that is not a file of its own
  void *handle = nullptr;
  const zorro_code *table = nullptr;
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_CODE_H

//===- Model.h - A loaded artefact -----------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// File, descriptor, code and device of one artefact, shared by the sessions made from it.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_MODEL_H
#define ZORRO_RUNTIME_CORE_MODEL_H

#include "runtime/Core/Artefact.h"
#include "runtime/Core/Backend.h"
#include "runtime/Core/Code.h"
#include "runtime/Core/Descriptor.h"

namespace zorro::runtime {

constexpr unsigned maxThreads = 1024;

struct Model {
  // Destroyed from the last to the first: the code before the file that it was loaded from.
  Artefact artefact;
  Descriptor descriptor;
  Code code;
  std::unique_ptr<Backend> backend; // null if the model was loaded without a device
  unsigned defaultThreads = 1;
  uint64_t maxArenaBytes = 0;

  MaybeError load(const std::string &path, const zorro_load_options &options);
  /// The entry to use for `name`, which may be null.
  MaybeError findEntry(const char *name, const zorro_entry_desc *&entry) const;

private:
  MaybeError openDevice(int32_t device);
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_MODEL_H

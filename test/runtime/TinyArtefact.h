//===- TinyArtefact.h - The artefact most tests use ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The descriptor and weights that go with TinyCode.c, and a folder for a test's files.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_RUNTIME_TINYARTEFACT_H
#define ZORRO_TEST_RUNTIME_TINYARTEFACT_H

#include "test/runtime/ArtefactBuilder.h"

namespace zorro::test {

constexpr int64_t tinyRows = 37, tinyColumns = 8, tinyElements = tinyRows * tinyColumns;

/// Entries "fused" (y = (x + bias) * factor), "audio" (y = x * 1e-30), "broken", "empty".
DescriptorSpec tinyDescriptor();
/// bias[c] = c, at offset 64.
Bytes tinyWeights();
/// `factor` is 2 or 3.
Bytes tinyCode(int factor = 2);
Bytes tinyArtefact(int factor = 2);

/// The same for a GPU, with the code of TinyCudaCode.c: entries "fused", "audio" (y = x * 3),
/// "broken", "empty", "mapped" (y[r] = x[r + 1]), "crooked", "nothing".
DescriptorSpec tinyCudaDescriptor();
/// `variant` is "", "Mistake", "Lacking" or "Ptx" (kernels of TinyKernels.ptx).
Bytes tinyCudaCode(const std::string &variant = "");

/// A folder of its own under the system's, removed with all that is in it.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string path(const std::string &name) const { return folder + "/" + name; }
  const std::string &path() const { return folder; }

private:
  std::string folder;
};

} // namespace zorro::test

#endif // ZORRO_TEST_RUNTIME_TINYARTEFACT_H

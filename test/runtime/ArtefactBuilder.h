//===- ArtefactBuilder.h - Writes artefacts for tests ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A second writer of the format of Abi.h, independent of the compiler's. In two steps, so that a
// test can spoil the descriptor and still give it a right hash.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_RUNTIME_ARTEFACTBUILDER_H
#define ZORRO_TEST_RUNTIME_ARTEFACTBUILDER_H

#include "runtime/Abi/Abi.h"

#include <cstddef>
#include <string>
#include <vector>

namespace zorro::test {

struct TensorSpec {
  std::string name, modality;
  uint32_t type;
  std::vector<int64_t> dims;
};

struct LaunchSpec {
  uint32_t kernel;
  std::string source;
  uint64_t multiplyAdds, bytes;
};

struct EntrySpec {
  std::string name;
  std::vector<TensorSpec> inputs, outputs;
  std::vector<LaunchSpec> launches;
  std::vector<uint32_t> weights;
  uint64_t arenaBytes = 0, multiplyAdds = 0;
};

struct KernelSpec {
  std::string name, kind, reason;
  uint64_t scratchBytes;
  uint32_t threads = 0, sharedBytes = 0, words = 0, maps = 0; // on a GPU
};

struct WeightSpec {
  std::string name;
  uint64_t offset, size;
};

struct DescriptorSpec {
  uint32_t target = ZORRO_TARGET_CPU;
  uint64_t cpuFeatures = 0;
  std::string compiler, source, sourceHash, cpu, arch, assumptions;
  std::vector<EntrySpec> entries;
  std::vector<KernelSpec> kernels;
  std::vector<WeightSpec> weights;
};

using Bytes = std::vector<char>;

Bytes encodeDescriptor(const DescriptorSpec &spec);

/// Code, weights, descriptor, chunk hashes, footer, with zeros between where the format wants
/// alignment.
Bytes assembleArtefact(const Bytes &code, const Bytes &weights, const Bytes &descriptor);

/// Sets the footer's hash after a test has changed the footer.
void sealFooter(Bytes &artefact);

Bytes readBytes(const std::string &path);
void writeBytes(const std::string &path, const Bytes &bytes);

} // namespace zorro::test

#endif // ZORRO_TEST_RUNTIME_ARTEFACTBUILDER_H

//===- Model.cpp - A loaded artefact --------------------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The order of the checks: cheap ones first, and no code of the artefact before all have passed.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Model.h"

#include "runtime/Cpu/Features.h"

#include <algorithm>

using namespace zorro::runtime;

MaybeError Model::load(const std::string &path, const zorro_load_options &options) {
  defaultThreads = options.threads ? options.threads : std::min(usableCores(), maxThreads);
  maxArenaBytes = options.max_arena_bytes;
  if (MaybeError error = artefact.open(path))
    return error;
  MaybeError error =
      descriptor.parse(artefact.descriptor(), artefact.codeSize(), artefact.weightsSize());
  if (!error)
    error = checkCpu();
  if (!error && options.verify_weights)
    error = artefact.verifyWeights(defaultThreads);
  if (!error)
    error = code.load(artefact, descriptor.model().entry_count, descriptor.model().kernel_count);
  if (error)
    error->message = "'" + path + "': " + error->message;
  return error;
}

MaybeError Model::checkCpu() const {
  uint64_t needed = descriptor.model().cpu_feature_bits;
  if (uint64_t missing = needed & ~hostCpuFeatures())
    return Error{ZORRO_UNSUPPORTED, "the code needs CPU features that this machine lacks: " +
                                        cpuFeatureNames(missing)};
  constexpr uint64_t tiles = uint64_t(1) << ZORRO_CPU_AMX_TILE;
  if ((needed & tiles) && !requestTilePermission())
    return Error{ZORRO_UNSUPPORTED, "the system does not allow the use of AMX tiles"};
  return std::nullopt;
}

MaybeError Model::findEntry(const char *name, const zorro_entry_desc *&entry) const {
  const zorro_model_desc &model = descriptor.model();
  if (!name && model.entry_count == 1)
    entry = &model.entries[0];
  else
    entry = descriptor.find(name ? name : "fused");
  if (entry)
    return std::nullopt;
  return invalid(name ? "expected one of the entries " + descriptor.entryNames() + " but got '" +
                            name + "'"
                      : "expected an entry to be named, one of " + descriptor.entryNames());
}

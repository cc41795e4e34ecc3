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

#include "runtime/Cpu/CpuBackend.h"
#include "runtime/Cpu/Features.h"
#ifdef ZORRO_CUDA
#include "runtime/Cuda/CudaBackend.h"
#endif

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
    error = checkCpu(descriptor.model());
  if (!error && options.verify_weights)
    error = artefact.verifyWeights(defaultThreads);
  if (!error)
    error = code.load(artefact, descriptor.model());
  if (!error)
    error = openDevice(options.device);
  if (error)
    error->message = "'" + path + "': " + error->message;
  return error;
}

MaybeError Model::openDevice(int32_t device) {
  bool onCpu = descriptor.model().target == ZORRO_TARGET_CPU;
  if (onCpu && device > 0)
    return invalid("expected no device for an artefact for the CPU but got number " +
                   std::to_string(device));
  if (onCpu) {
    backend = makeCpuBackend(*this);
    return std::nullopt;
  }
  if (device < 0)
    return std::nullopt;
#ifdef ZORRO_CUDA
  if (MaybeError error = openCudaBackend(*this, device, backend))
    return error;
  descriptor.setDevice(backend->deviceText());
  return std::nullopt;
#else
  return Error{ZORRO_UNSUPPORTED, "expected an artefact for the CPU: this runtime was built "
                                  "without support for NVIDIA GPUs (-DZORRO_CUDA=ON)"};
#endif
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

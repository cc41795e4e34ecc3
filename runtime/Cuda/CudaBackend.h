//===- CudaBackend.h - Runs on an NVIDIA GPU -------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A model on one device: its kernels, loaded once, and its weights, copied once. The driver is all
// that is needed.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CUDA_CUDABACKEND_H
#define ZORRO_RUNTIME_CUDA_CUDABACKEND_H

#include "runtime/Core/Backend.h"
#include "runtime/Cuda/Driver.h"

namespace zorro::runtime {

/// Brings `model`, which must outlive the backend, onto device `number`.
MaybeError openCudaBackend(const Model &model, int number, std::unique_ptr<Backend> &backend);

namespace cuda {

class CudaBackend final : public Backend {
public:
  CudaBackend(const Model &model, int number) : model(model), number(number) {}
  ~CudaBackend() override;
  MaybeError open();

  MaybeError createExecutor(const zorro_entry_desc &entry, unsigned threads,
                            std::unique_ptr<Executor> &executor) const override;
  std::string deviceText() const override { return description; }

  const Driver &calls() const { return *driver; }
  Context deviceContext() const { return context; }
  int deviceNumber() const { return number; }
  /// Of a kernel of the descriptor.
  Function function(uint32_t kernel) const { return functions[kernel]; }
  Address weightAddress() const { return weights.get(); }
  /// `what` the memory is for, in words.
  MaybeError allocate(uint64_t bytes, const std::string &what, OwnedMemory &memory) const;

private:
  MaybeError openDevice();
  MaybeError loadImage();
  MaybeError loadImage(const zorro_image &image, const std::string &architecture);
  MaybeError findFunctions();
  MaybeError findFunction(const zorro_kernel_desc &kernel, Function &function);
  MaybeError copyWeights();

  const Model &model;
  const int number;
  const Driver *driver = nullptr;
  Device device = 0;
  Context context = nullptr;
  int capability = 0; // 90 for 9.0
  std::string name, description;
  OwnedModule module;
  std::vector<Function> functions;
  OwnedMemory weights;
};

} // namespace cuda
} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CUDA_CUDABACKEND_H

//===- CudaExecutor.h - Runs of one entry on an NVIDIA GPU -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The entry is called once: its launches are recorded, with all addresses fixed, and become a CUDA
// graph. A run copies inputs to where the kernels read them, launches the graph, copies outputs.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CUDA_CUDAEXECUTOR_H
#define ZORRO_RUNTIME_CUDA_CUDAEXECUTOR_H

#include "runtime/Cuda/CudaBackend.h"

namespace zorro::runtime::cuda {

class CudaExecutor final : public Executor {
public:
  CudaExecutor(const Model &model, const zorro_entry_desc &entry, const CudaBackend &backend)
      : Executor(model, entry), backend(backend), driver(backend.calls()) {}
  ~CudaExecutor() override;
  MaybeError prepare();

  MaybeError run(const void *const *inputs, void *const *outputs) override;
  MaybeError runAsync(const void *const *inputs, void *const *outputs, void *stream) override;
  MaybeError setTrace(bool on) override;

protected:
  int32_t launch(uint32_t index, const int64_t *args, int64_t tasks) override;

private:
  struct Launch {
    uint32_t index; // within the entry
    uint32_t tasks;
    size_t parameterBytes;
    std::vector<EncodedMap> parameters; // for its alignment; words stand there first
  };

  MaybeError allocate();
  MaybeError makeGraph();
  MaybeError start(Launch &launch, Stream on) const;
  MaybeError enqueue(const void *const *inputs, void *const *outputs, Stream on);
  MaybeError launchAll(Stream on);
  MaybeError checkPlace(const char *what, const zorro_tensor_desc &desc, const void *data,
                        bool &onDevice) const;
  MaybeError copyInput(size_t i, const void *data, Stream on) const;
  MaybeError copyOutput(size_t i, void *data, Stream on) const;
  MaybeError readTrace();
  MaybeError makeEvent(unsigned flags, OwnedEvent &event) const;
  MaybeError runFault(Result result, const std::string &what) const;
  const zorro_kernel_desc &kernelOf(const Launch &launch) const;

  const CudaBackend &backend;
  const Driver &driver;
  OwnedMemory memory; // arena, inputs, outputs
  std::vector<Address> inputPlaces, outputPlaces;
  std::vector<Launch> launches;
  OwnedStream stream; // of runs that wait
  OwnedEvent done;    // behind the last run, which may be on another stream
  OwnedGraphExec graph;
  std::vector<OwnedEvent> marks; // of a traced run: its begin, and around the launches
};

} // namespace zorro::runtime::cuda

#endif // ZORRO_RUNTIME_CUDA_CUDAEXECUTOR_H

//===- Engine.h - What a stand-in for the driver computes with -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The stand-in knows contexts, streams, events, graphs and faults; what memory and kernels are, an
// engine says: a few kernels written in C++, or an interpreter of PTX.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_RUNTIME_STUB_ENGINE_H
#define ZORRO_TEST_RUNTIME_STUB_ENGINE_H

#include "runtime/Cuda/DriverTypes.h"

#include <memory>
#include <string>
#include <vector>

namespace zorro::test {

struct KernelLaunch {
  std::string kernel;
  unsigned blocks, threads, sharedBytes;
  std::vector<unsigned char> parameters;
};

/// An image on a device.
class StubModule {
public:
  virtual ~StubModule() = default;
  /// The largest block of the kernel, 0 if there is no such kernel.
  virtual int maxThreads(const std::string &kernel) const = 0;
  /// What went wrong, or "".
  virtual std::string run(const KernelLaunch &launch) = 0;
};

class StubEngine {
public:
  virtual ~StubEngine() = default;
  /// Device addresses, which are no addresses of the host. Fresh bytes are not zero.
  virtual uint64_t allocate(size_t bytes) = 0;
  virtual void release(uint64_t address) = 0;
  /// Where the bytes lie on the host, null if they are not inside one allocation.
  virtual char *host(uint64_t address, size_t bytes) = 0;
  /// Null with `result` and, for the JIT, a log if a device of this capability refuses the image.
  virtual std::unique_ptr<StubModule> load(const char *image, int capability,
                                           runtime::cuda::Result &result, std::string &log) = 0;
  virtual runtime::cuda::Result encodeTiled(runtime::cuda::EncodedMap &map, int type,
                                            uint32_t rank, uint64_t address, const uint64_t *dims,
                                            const uint64_t *strides, const uint32_t *box,
                                            const uint32_t *elementStrides, int swizzle) = 0;
};

/// The engine of this library.
std::unique_ptr<StubEngine> makeStubEngine();

} // namespace zorro::test

#endif // ZORRO_TEST_RUNTIME_STUB_ENGINE_H

//===- Interpreter.cpp - The stand-in with kernels in PTX -----------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// An engine that runs the PTX of real artefacts through test/Ptx, so that a compiled model goes all
// its way without a GPU. Cubins are refused, as by a driver that is older than their assembler.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cuda/Images.h"
#include "test/Ptx/Ptx.h"
#include "test/Ptx/TensorMap.h"
#include "test/runtime/Stub/Engine.h"

#include <cstring>

using namespace zorro::test;
using namespace zorro::runtime::cuda;

namespace {

class PtxModule final : public StubModule {
public:
  PtxModule(zorro::ptx::Memory &memory, zorro::ptx::Module module)
      : memory(memory), module(std::move(module)) {}

  int maxThreads(const std::string &name) const override {
    constexpr uint32_t most = 1024;
    const zorro::ptx::Kernel *kernel = module.kernel(name);
    if (!kernel)
      return 0;
    uint32_t said = kernel->maxThreads[0] * kernel->maxThreads[1] * kernel->maxThreads[2];
    return int(said ? said : most);
  }

  std::string run(const KernelLaunch &launch) override {
    // A driver takes the parameters' bytes on trust; here they must be those that are declared.
    uint32_t declared = module.kernel(launch.kernel)->paramBytes;
    if (declared != launch.parameters.size())
      return "kernel '" + launch.kernel + "' takes " + std::to_string(declared) +
             " bytes of parameters but got " + std::to_string(launch.parameters.size());
    zorro::ptx::Launch made;
    made.grid.x = launch.blocks;
    made.block.x = launch.threads;
    made.dynamicShared = launch.sharedBytes;
    made.params.assign(launch.parameters.begin(), launch.parameters.end());
    std::string error;
    zorro::ptx::run(module, launch.kernel, made, memory, error);
    return error;
  }

private:
  zorro::ptx::Memory &memory;
  zorro::ptx::Module module;
};

class PtxEngine final : public StubEngine {
public:
  uint64_t allocate(size_t bytes) override { return memory.allocate(bytes); }
  void release(uint64_t address) override { memory.free(address); }
  char *host(uint64_t address, size_t bytes) override {
    return reinterpret_cast<char *>(memory.data(address, bytes));
  }

  std::unique_ptr<StubModule> load(const char *image, int capability, Result &result,
                                   std::string &log) override {
    if (memcmp(image, "\x7f"
                      "ELF",
               4) == 0)
      return result = noBinaryForGpu, nullptr;
    zorro_image described = {ZORRO_IMAGE_PTX, 0, image, strlen(image) + 1};
    Architecture architecture = architectureOf(described, "");
    if (architecture.number == 0 || !fits(described, architecture, unsigned(capability))) {
      log = "the PTX is for " + architecture.text();
      return result = invalidPtx, nullptr;
    }
    std::optional<zorro::ptx::Module> parsed = zorro::ptx::Module::parse(image, log);
    if (!parsed)
      return result = invalidPtx, nullptr;
    return std::make_unique<PtxModule>(memory, std::move(*parsed));
  }

  Result encodeTiled(EncodedMap &map, int type, uint32_t rank, uint64_t address,
                     const uint64_t *dims, const uint64_t *strides, const uint32_t *box,
                     const uint32_t *elementStrides, int swizzle) override {
    zorro::ptx::TensorMap encoded;
    unsigned bytes = type == mapBF16 ? 2 : type == mapF32 ? 4 : 0;
    unsigned swizzleBytes = swizzle == mapSwizzleNone ? 0 : 16u << swizzle;
    std::string error =
        zorro::ptx::encodeTensorMap(encoded, address, bytes, rank, dims, strides, box,
                                    elementStrides, swizzleBytes, /*nanFill=*/false);
    if (!error.empty())
      return invalidValue;
    memcpy(map.bytes, &encoded, sizeof(map.bytes));
    return success;
  }

private:
  zorro::ptx::Memory memory;
};

} // namespace

std::unique_ptr<StubEngine> zorro::test::makeStubEngine() {
  return std::make_unique<PtxEngine>();
}

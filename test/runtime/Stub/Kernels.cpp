//===- Kernels.cpp - The stand-in's own kernels ---------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The engine of the plain stand-in: images only name kernels, which are those of TinyCudaCode.c
// written in C++. Memory lies at addresses that are none of the host's.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Stub/Engine.h"

#include <cstring>
#include <map>
#include <sstream>

using namespace zorro::test;
using namespace zorro::runtime::cuda;

namespace {

constexpr unsigned columns = 8;

class PlainEngine;

class PlainModule final : public StubModule {
public:
  PlainModule(PlainEngine &engine, std::string names) : engine(engine), names(std::move(names)) {}
  int maxThreads(const std::string &kernel) const override {
    return names.find(" " + kernel + " ") == names.npos ? 0 : 256;
  }
  std::string run(const KernelLaunch &launch) override;

private:
  std::string runRow(const KernelLaunch &launch, unsigned row);

  PlainEngine &engine;
  std::string names; // " add_8 scale_8 "
};

/// What the plain stand-in writes into a tensor map.
struct PlainMap {
  uint64_t magic, address, rowBytes, rows, stride;
};
constexpr uint64_t mapMagic = 0x5a4d4150;

class PlainEngine final : public StubEngine {
public:
  uint64_t allocate(size_t bytes) override {
    constexpr uint64_t spacing = uint64_t(1) << 40;
    uint64_t address = spacing * ++count;
    memory[address].assign(bytes, char(0xff));
    return address;
  }
  void release(uint64_t address) override { memory.erase(address); }
  char *host(uint64_t address, size_t bytes) override {
    auto after = memory.upper_bound(address);
    if (after == memory.begin())
      return nullptr;
    auto &[begin, data] = *--after;
    return address - begin <= data.size() && bytes <= data.size() - (address - begin)
               ? data.data() + (address - begin)
               : nullptr;
  }
  std::unique_ptr<StubModule> load(const char *image, int capability, Result &result,
                                   std::string &log) override;
  Result encodeTiled(EncodedMap &map, int type, uint32_t rank, uint64_t address,
                     const uint64_t *dims, const uint64_t *strides, const uint32_t *box,
                     const uint32_t *elementStrides, int swizzle) override;

private:
  std::map<uint64_t, std::vector<char>> memory;
  uint64_t count = 0;
};

} // namespace

/// "stub cubin sm_90a add_8 scale_8", or the same with "ptx" and without the "a".
std::unique_ptr<StubModule> PlainEngine::load(const char *image, int capability, Result &result,
                                              std::string &log) {
  std::istringstream words(image);
  std::string stub, kind, target, arch, names = " ";
  words >> stub >> kind;
  // PTX is recognised by a directive, which is all that is PTX about it.
  if (stub == "//" && kind == "stub")
    words >> target >> arch;
  else if (stub == "stub" && kind == "cubin")
    words >> arch;
  else
    return result = invalidImage, nullptr;
  int number = atoi(arch.c_str() + 3);
  bool ptx = stub == "//", specific = arch.back() == 'a';
  bool runs = specific ? number == capability
              : ptx    ? number <= capability
                       : number / 10 == capability / 10 && number <= capability;
  if (!runs)
    return result = ptx ? invalidPtx : noBinaryForGpu, nullptr;
  for (std::string name; words >> name;) {
    if (name == "mistake") {
      log = "ptxas application ptx input, line 7; fatal   : a mistake\nmore words";
      return result = invalidPtx, nullptr;
    }
    names += name + " ";
  }
  return std::make_unique<PlainModule>(*this, names);
}

Result PlainEngine::encodeTiled(EncodedMap &map, int type, uint32_t rank, uint64_t address,
                                const uint64_t *dims, const uint64_t *strides,
                                const uint32_t *box, const uint32_t *elementStrides,
                                int swizzle) {
  if (type != mapF32 || rank != 2 || box[0] != columns || box[1] != 1 ||
      elementStrides[0] != 1 || elementStrides[1] != 1 || swizzle != mapSwizzle32)
    return invalidValue;
  PlainMap plain = {mapMagic, address, dims[0] * 4, dims[1], strides[0]};
  memset(map.bytes, 0, sizeof(map.bytes));
  memcpy(map.bytes, &plain, sizeof(plain));
  return success;
}

std::string PlainModule::run(const KernelLaunch &launch) {
  std::string fault;
  for (unsigned row = 0; row < launch.blocks && fault.empty(); ++row)
    fault = runRow(launch, row);
  return fault;
}

std::string PlainModule::runRow(const KernelLaunch &launch, unsigned row) {
  auto expect = [&](size_t bytes, unsigned threads, unsigned sharedBytes) {
    return launch.parameters.size() == bytes && launch.threads == threads &&
           launch.sharedBytes == sharedBytes;
  };
  auto word = [&](size_t i) {
    uint64_t value;
    memcpy(&value, launch.parameters.data() + i * 8, 8);
    return value;
  };
  auto floats = [&](uint64_t address) {
    return reinterpret_cast<float *>(engine.host(address, columns * 4));
  };
  uint64_t at = row * columns * 4;
  if (launch.kernel == "add_8") {
    if (!expect(24, 32, 0))
      return "a wrong launch";
    float *in = floats(word(0) + at), *weight = floats(word(1)), *out = floats(word(2) + at);
    if (!in || !weight || !out)
      return "an address outside of any allocation";
    for (unsigned i = 0; i < columns; ++i)
      out[i] = in[i] + weight[i];
    return "";
  }
  if (launch.kernel == "scale_8") {
    if (!expect(24, 64, 100000))
      return "a wrong launch";
    float *in = floats(word(0) + at), *out = floats(word(1) + at), factor;
    uint32_t bits = uint32_t(word(2));
    memcpy(&factor, &bits, 4);
    if (!in || !out)
      return "an address outside of any allocation";
    for (unsigned i = 0; i < columns; ++i)
      out[i] = in[i] * factor;
    return "";
  }
  // Copies rows that a tensor map describes, behind three words.
  if (!expect(64 + 128, 128, 0))
    return "a wrong launch";
  PlainMap map;
  memcpy(&map, launch.parameters.data() + 64, sizeof(map));
  if (map.magic != mapMagic || map.rowBytes != columns * 4 || row >= map.rows)
    return "a wrong tensor map";
  float *in = floats(map.address + row * map.stride), *out = floats(word(1) + at);
  if (!in || !out)
    return "an address outside of any allocation";
  memcpy(out, in, columns * 4);
  return "";
}

std::unique_ptr<StubEngine> zorro::test::makeStubEngine() {
  return std::make_unique<PlainEngine>();
}

//===- Harness.cpp - Compile a GPU kernel and run its PTX on the host -------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "test/lowering/Gpu/Harness.h"

#include "lowering/Gpu/ToPtx.h"
#include "test/Ptx/TensorMap.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <tuple>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

//===----------------------------------------------------------------------------------------===//
// ptxas
//===----------------------------------------------------------------------------------------===//

std::string zorro::test::findPtxas() {
  if (const char *path = std::getenv("ZORRO_PTXAS"))
    return path;
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    return *found;
  SmallVector<std::string> places = {"/usr/local/cuda/bin"}; // where CUDA's installer puts it
  if (const char *home = std::getenv("CUDA_HOME"))
    places.insert(places.begin(), std::string(home) + "/bin");
  auto found = llvm::sys::findProgramByName("ptxas", {places[0], places.back()});
  return found ? *found : "";
}

/// The number before `unit`, or behind it if `behind`; 0 if it is not there.
static int64_t numberBefore(StringRef text, StringRef unit) {
  size_t at = text.find(unit);
  if (at == StringRef::npos)
    return 0;
  StringRef head = text.take_front(at).rtrim();
  int64_t number = 0;
  head.substr(head.find_last_not_of("0123456789") + 1).getAsInteger(10, number);
  return number;
}

bool GpuKernel::assemble() {
  std::string ptxas = findPtxas();
  if (ptxas.empty())
    return true;
  SmallString<128> input, output, log;
  if (llvm::sys::fs::createTemporaryFile("zorro-kernel", "ptx", input) ||
      llvm::sys::fs::createTemporaryFile("zorro-kernel", "cubin", output) ||
      llvm::sys::fs::createTemporaryFile("zorro-kernel", "log", log))
    return false;
  llvm::FileRemover removers[] = {llvm::FileRemover(input), llvm::FileRemover(output),
                                  llvm::FileRemover(log)};
  {
    std::error_code error;
    llvm::raw_fd_ostream stream(input, error);
    stream << ptx;
  }
  std::string arch = "-arch=" + target.arch;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
  int status = llvm::sys::ExecuteAndWait(ptxas, {ptxas, "-v", arch, input, "-o", output},
                                         std::nullopt, redirects);
  auto text = llvm::MemoryBuffer::getFile(log);
  StringRef said = text ? (*text)->getBuffer() : "";
  registers = numberBefore(said, " registers");
  stackBytes = numberBefore(said, " bytes stack frame");
  spillBytes = numberBefore(said, " bytes spill stores") + numberBefore(said, " bytes spill loads");
  // A remark C75xx says that products of warpgroups were put into sequence.
  if (status == 0 && !said.contains("(C75"))
    return true;
  std::fprintf(stderr, "%s\n%s\n", ptx.c_str(), said.str().c_str());
  return false;
}

//===----------------------------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------------------------===//

GpuKernel *GpuKernel::get(const std::string &text, const std::string &arch, Precision precision) {
  static std::map<std::tuple<std::string, std::string, Precision>, std::unique_ptr<GpuKernel>> made;
  std::unique_ptr<GpuKernel> &slot = made[{text, arch, precision}];
  if (slot)
    return slot.get();
  auto kernel = std::make_unique<GpuKernel>();
  auto fail = [&](const std::string &why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return nullptr;
  };
  std::string message;
  FailureOr<GpuTarget> target = GpuTarget::get(arch, &message);
  if (failed(target))
    return fail(message);
  GpuKernel &k = *kernel;
  k.target = *target;
  k.target.precision = precision;
  test::context().loadDialect<NVVM::NVVMDialect>();
  k.source = parseSourceString<ModuleOp>(text, &test::context());
  if (!k.source)
    return fail("the kernel's text was refused");
  k.kernel = *k.source->getOps<KernelOp>().begin();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&test::context()));
  auto builder = OpBuilder::atBlockEnd(module->getBody());
  FailureOr<LLVM::LLVMFuncOp> function = emitDeviceKernel(k.kernel, k.target, builder);
  if (failed(function))
    return fail("no emitter took the kernel");
  auto attribute = [&](StringRef name) {
    auto attr = (*function)->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  };
  k.threads = attribute(kThreadsAttr);
  k.shared = attribute(kSharedAttr);
  k.maps = attribute(kMapsAttr);
  if (failed(mlir::verify(*module)))
    return fail("the kernel's function does not verify");
  FailureOr<std::string> ptx = printPtx(*module, k.target);
  if (failed(ptx))
    return fail("no PTX");
  k.ptx = *ptx;
  if (!k.assemble())
    return fail("ptxas refused the kernel");
  std::string error;
  k.module = ptx::Module::parse(k.ptx, error);
  if (!k.module)
    return fail(k.ptx + "\n" + error);
  slot = std::move(kernel);
  return slot.get();
}

FailureOr<LaunchPlan> GpuKernel::plan(ArrayRef<Operand> inputs, const Operand &result,
                                      MaskAttr mask, float scale) {
  FloatAttr attr;
  if (kernel.getKind() == KernelKind::Attention)
    attr = FloatAttr::get(Float32Type::get(kernel.getContext()), scale);
  return planDeviceLaunch(kernel, target, inputs, result, mask, attr);
}

//===----------------------------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------------------------===//

/// What the runtime makes of a tensor map's words.
static std::string encodeMap(ArrayRef<int64_t> mapWords, ArrayRef<int64_t> words,
                             ptx::TensorMap &map) {
  zorro_tensor_map from;
  static_assert(sizeof(from) <= ZORRO_MAP_WORDS * 8);
  std::memcpy(&from, mapWords.data(), sizeof(from));
  uint64_t dims[ZORRO_MAP_RANK], strides[ZORRO_MAP_RANK] = {};
  uint32_t box[ZORRO_MAP_RANK], steps[ZORRO_MAP_RANK];
  if (from.rank < 1 || from.rank > ZORRO_MAP_RANK || from.word < 0 ||
      from.word >= int64_t(words.size()))
    return "a tensor map's words make no sense";
  for (int64_t i = 0; i < from.rank; ++i) {
    dims[i] = from.dims[i];
    if (i > 0)
      strides[i - 1] = from.strides[i];
    box[i] = from.box[i];
    steps[i] = 1;
  }
  unsigned bytes = from.type == ZORRO_BF16 ? 2 : 4;
  return ptx::encodeTensorMap(map, words[from.word] + from.byte_offset, bytes, from.rank, dims,
                              strides, box, steps, from.swizzle, /*nanFill=*/false);
}

std::optional<ptx::Statistics> GpuKernel::run(const LaunchPlan &plan, ArrayRef<uint64_t> addresses,
                                              ptx::Memory &memory,
                                              function_ref<void(ptx::Launch &)> adjust) {
  auto fail = [&](const std::string &why) -> std::optional<ptx::Statistics> {
    std::fprintf(stderr, "%s\n", why.c_str());
    return std::nullopt;
  };
  if (plan.tasks == 0)
    return ptx::Statistics();
  std::vector<int64_t> words(addresses.begin(), addresses.end());
  if (plan.table)
    words.push_back(memory.upload(std::vector<int64_t>(plan.table->begin(), plan.table->end())));
  ArrayRef<int64_t> scalars = plan.scalars;
  if (int64_t(scalars.size()) < maps * ZORRO_MAP_WORDS)
    return fail("the plan lacks the words of its tensor maps");
  ArrayRef<int64_t> mapWords = scalars.take_back(maps * ZORRO_MAP_WORDS);
  scalars = scalars.drop_back(mapWords.size());
  words.insert(words.end(), scalars.begin(), scalars.end());

  ptx::Launch launch;
  launch.grid.x = plan.tasks;
  launch.block.x = threads;
  launch.dynamicShared = shared;
  for (int64_t word : words)
    launch.add(word);
  for (int64_t i = 0; i < maps; ++i) {
    ptx::TensorMap map;
    std::string error =
        encodeMap(mapWords.slice(i * ZORRO_MAP_WORDS, ZORRO_MAP_WORDS), words, map);
    if (!error.empty())
      return fail(error);
    launch.add(map, 64);
  }
  const ptx::Kernel *code = module->kernel(kernel.getSymName());
  if (!code)
    return fail("the PTX has no kernel of this name");
  if (code->paramBytes != launch.params.size())
    return fail("the kernel takes " + std::to_string(code->paramBytes) +
                " bytes of parameters but the launch gives " +
                std::to_string(launch.params.size()));
  if (adjust)
    adjust(launch);
  std::string error;
  auto statistics = ptx::run(replacement ? *replacement : *module, kernel.getSymName(), launch,
                             memory, error);
  return statistics ? statistics : fail(error);
}

int64_t zorro::test::extent(const Operand &operand) {
  int64_t last = 1;
  for (auto [size, stride] : llvm::zip(operand.sizes, operand.strides)) {
    if (size == 0)
      return 0;
    last += (size - 1) * stride;
  }
  return last;
}

bool GpuKernel::run(ArrayRef<Operand> inputs, const Operand &result,
                    ArrayRef<const void *> pointers, void *out) {
  FailureOr<LaunchPlan> planned = plan(inputs, result);
  if (failed(planned))
    return false;
  auto bytesOf = [](const Operand &operand, Type type) {
    Type element = getElementTypeOrSelf(type);
    unsigned bits = element.isInteger(1) ? 8 : element.getIntOrFloatBitWidth();
    return size_t(extent(operand) * bits / 8);
  };
  ptx::Memory memory;
  SmallVector<uint64_t> addresses;
  for (auto [argument, input, pointer] :
       llvm::zip_equal(kernel.getInputArguments(), inputs, pointers)) {
    size_t bytes = bytesOf(input, argument.getType());
    addresses.push_back(memory.allocate(bytes));
    memory.write(addresses.back(), pointer, bytes);
    // A kernel reads what its operand names, and writes nothing there.
    memory.forbid(addresses.back());
    memory.allow(addresses.back(), bytes, ptx::kRead);
  }
  size_t bytes = bytesOf(result, kernel.getResultType());
  addresses.push_back(memory.allocate(bytes));
  memory.write(addresses.back(), out, bytes);
  if (!run(*planned, addresses, memory))
    return false;
  memory.read(addresses.back(), out, bytes);
  return true;
}

//===----------------------------------------------------------------------------------------===//
// bf16
//===----------------------------------------------------------------------------------------===//

uint16_t zorro::test::toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (value != value)
    return (bits >> 16) | 0x40;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

float zorro::test::fromBf16(uint16_t half) {
  uint32_t bits = uint32_t(half) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

std::vector<uint16_t> zorro::test::toBf16(ArrayRef<float> values) {
  std::vector<uint16_t> bits;
  for (float value : values)
    bits.push_back(toBf16(value));
  return bits;
}

std::vector<float> zorro::test::fromBf16(ArrayRef<uint16_t> bits) {
  std::vector<float> values;
  for (uint16_t half : bits)
    values.push_back(fromBf16(half));
  return values;
}

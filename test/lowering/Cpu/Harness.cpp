//===- Harness.cpp - Compile a kernel and call it ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Harness.h"

#include "lowering/Emit/Link.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"

#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <unistd.h>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

MLIRContext &zorro::test::context() {
  static MLIRContext *context = [] {
    auto *made = new MLIRContext();
    made->loadDialect<ZorroDialect, arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                      LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                      tensor::TensorDialect, vector::VectorDialect>();
    return made;
  }();
  return *context;
}

std::vector<std::string> zorro::test::targets() {
  std::vector<std::string> names = {"x86-64-v3"};
  FailureOr<CpuTarget> host = CpuTarget::get("native");
  if (succeeded(host) && host->avx512)
    names.push_back("x86-64-v4");
  return names;
}

std::vector<float> zorro::test::randoms(size_t count, float width, unsigned seed) {
  std::vector<float> values(count);
  uint64_t state = seed * 2654435761u + 12345;
  for (float &value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = (float(state >> 40) / (1 << 23) - 1) * width;
  }
  return values;
}

std::vector<float> zorro::test::pack(const std::vector<float> &matrix, int64_t k, int64_t n,
                                     const CpuTarget &target) {
  int64_t width = packWidth(target), panels = (n + width - 1) / width;
  std::vector<float> packed(panels * k * width, 0.0f);
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < n; ++j)
      packed[(j / width * k + i) * width + j % width] = matrix[i * n + j];
  return packed;
}

const zorro_code *zorro::test::load(ModuleOp module, const CpuTarget &target) {
  if (failed(lowerToLlvm(module, target)))
    return nullptr;
  auto objects = compileObjects(module, target);
  if (failed(objects))
    return nullptr;
  auto code = linkObjects(*objects, module.getLoc());
  if (failed(code))
    return nullptr;
  // Under a name of its own: the loader takes equal names for the same library.
  char path[] = "/tmp/zorro-kernels-XXXXXX";
  int file = mkstemp(path);
  if (file < 0 || write(file, code->data(), code->size()) != ssize_t(code->size()))
    return nullptr;
  close(file);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  unlink(path);
  if (!library) {
    std::fprintf(stderr, "%s\n", dlerror());
    return nullptr;
  }
  return static_cast<const zorro_code *>(dlsym(library, ZORRO_CODE_SYMBOL));
}

Operand Kernel::dense(ArrayRef<int64_t> sizes) {
  Operand operand;
  operand.sizes.assign(sizes.begin(), sizes.end());
  operand.strides.assign(sizes.size(), 1);
  for (size_t i = sizes.size(); i-- > 1;)
    operand.strides[i - 1] = operand.strides[i] * sizes[i];
  return operand;
}

Kernel *Kernel::get(const std::string &text, const std::string &name) {
  static std::map<std::pair<std::string, std::string>, std::unique_ptr<Kernel>> made;
  std::unique_ptr<Kernel> &slot = made[{text, name}];
  if (slot)
    return slot.get();
  auto kernel = std::make_unique<Kernel>();
  std::string message;
  FailureOr<CpuTarget> target = CpuTarget::get(name, &message);
  if (failed(target)) {
    std::fprintf(stderr, "%s\n", message.c_str());
    return nullptr;
  }
  kernel->target = *target;
  kernel->source = parseSourceString<ModuleOp>(text, &test::context());
  if (!kernel->source)
    return nullptr;
  kernel->kernel = *kernel->source->getOps<KernelOp>().begin();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&test::context()));
  auto builder = OpBuilder::atBlockEnd(module->getBody());
  FailureOr<func::FuncOp> function = emitKernel(kernel->kernel, *target, builder);
  if (failed(function))
    return nullptr;
  kernel->scratchBytes = getScratchBytes(*function);
  kernel->scratch.resize(kernel->scratchBytes + 2 * ZORRO_ALIGN);
  const zorro_code *code = load(*module, *target);
  if (!code || code->kernel_count != 1 || code->entry_count != 0)
    return nullptr;
  kernel->function = code->kernels[0];
  slot = std::move(kernel);
  return slot.get();
}

FailureOr<LaunchPlan> Kernel::plan(ArrayRef<Operand> inputs, const Operand &result, MaskAttr mask,
                                   float scale) {
  FloatAttr attr;
  if (kernel.getKind() == KernelKind::Attention)
    attr = FloatAttr::get(Float32Type::get(&context()), scale);
  return planLaunch(kernel, target, inputs, result, mask, attr);
}

MaskAttr Kernel::mask(const std::string &text) {
  return dyn_cast_or_null<MaskAttr>(parseAttribute("#zorro.mask<" + text + ">", &context()));
}

void Kernel::runRange(const LaunchPlan &plan, ArrayRef<const void *> pointers, int64_t begin,
                      int64_t end) {
  std::vector<int64_t> words;
  for (const void *pointer : pointers)
    words.push_back(reinterpret_cast<int64_t>(pointer));
  if (plan.table)
    words.push_back(reinterpret_cast<int64_t>(plan.table->data()));
  words.insert(words.end(), plan.scalars.begin(), plan.scalars.end());
  // Whatever an earlier call left in the scratch memory must not matter.
  char *base =
      scratch.data() + ZORRO_ALIGN - reinterpret_cast<uintptr_t>(scratch.data()) % ZORRO_ALIGN;
  std::memset(base, 0xff, scratchBytes);
  std::memset(base + scratchBytes, 0x5a, 32);
  function(words.data(), begin, end, base);
  for (int i = 0; i < 32; ++i)
    if (base[scratchBytes + i] != 0x5a) {
      std::fprintf(stderr, "wrote past the scratch memory\n");
      std::abort();
    }
}

void Kernel::run(const LaunchPlan &plan, ArrayRef<const void *> pointers, int64_t step) {
  for (int64_t task = 0; task < plan.tasks; task += step ? step : plan.tasks)
    runRange(plan, pointers, task, std::min(plan.tasks, task + (step ? step : plan.tasks)));
}

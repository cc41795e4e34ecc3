//===- Harness.h - Compile a GPU kernel and run its PTX on the host -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A zorro.kernel in text becomes PTX; ptxas, where there is one, must accept it; the interpreter of
// test/Ptx runs it, every access checked.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_LOWERING_GPU_HARNESS_H
#define ZORRO_TEST_LOWERING_GPU_HARNESS_H

#include "lowering/Gpu/Kernels.h"
#include "test/Ptx/Ptx.h"
#include "test/lowering/Cpu/Harness.h" // context, randoms, and the CPU's kernels to compare with

#include <optional>

namespace zorro::test {

/// One kernel, compiled for one GPU.
class GpuKernel {
public:
  /// The kernel in `text`; made once for equal arguments. Null after printing why: no emitter takes
  /// it, or ptxas or the interpreter refuses its PTX.
  static GpuKernel *get(const std::string &text, const std::string &arch = "sm_80",
                        Precision precision = Precision::Bf16);

  mlir::FailureOr<LaunchPlan> plan(llvm::ArrayRef<Operand> inputs, const Operand &result,
                                   MaskAttr mask = {}, float scale = 0);

  /// Runs a launch. `addresses`, in `memory`, are those of the inputs and of the result; the plan's
  /// table is uploaded. Nothing, after printing why, if the interpreter found a fault.
  /// `adjust` may change the launch: select blocks, declare what a block may touch.
  std::optional<ptx::Statistics>
  run(const LaunchPlan &plan, llvm::ArrayRef<uint64_t> addresses, ptx::Memory &memory,
      llvm::function_ref<void(ptx::Launch &)> adjust = nullptr);

  /// Plans and runs a launch over dense or strided host buffers, each uploaded up to the last
  /// element that its operand names, and reads the result's back into `out`. False after printing
  /// why.
  bool run(llvm::ArrayRef<Operand> inputs, const Operand &result,
           llvm::ArrayRef<const void *> pointers, void *out);

  GpuTarget target;
  KernelOp kernel;
  std::string ptx;
  int64_t threads = 0, shared = 0, maps = 0;
  /// What ptxas says; -1 where there is none.
  int64_t registers = -1, spillBytes = -1, stackBytes = -1;
  /// What runs instead of the kernel's own code, if a test has broken that.
  const ptx::Module *replacement = nullptr;

private:
  bool assemble();
  mlir::OwningOpRef<mlir::ModuleOp> source;
  std::optional<ptx::Module> module;
};

/// ptxas' path; empty where there is none. The variable ZORRO_PTXAS comes first.
std::string findPtxas();

/// Elements from the one at index zero to the last one that an operand names, both included.
int64_t extent(const Operand &operand);

/// To bf16, to nearest even, and back.
uint16_t toBf16(float value);
float fromBf16(uint16_t bits);
std::vector<uint16_t> toBf16(llvm::ArrayRef<float> values);
std::vector<float> fromBf16(llvm::ArrayRef<uint16_t> bits);

} // namespace zorro::test

#endif // ZORRO_TEST_LOWERING_GPU_HARNESS_H

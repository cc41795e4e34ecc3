//===- Harness.h - Compile a kernel and call it ---------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_LOWERING_CPU_HARNESS_H
#define ZORRO_TEST_LOWERING_CPU_HARNESS_H

#include "lowering/Cpu/Kernels.h"
#include "runtime/Abi/Abi.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>
#include <string>
#include <vector>

namespace zorro::test {

/// The names of the targets whose code runs on this machine.
std::vector<std::string> targets();

/// Values in [-width, width), the same in every run.
std::vector<float> randoms(size_t count, float width = 1, unsigned seed = 1);

/// A shared object in memory; gives its record, or null after printing why.
const zorro_code *load(mlir::ModuleOp module, const CpuTarget &target);

/// One kernel, compiled for one target.
class Kernel {
public:
  /// The kernel in `text`; made once for equal arguments. Null after printing why.
  static Kernel *get(const std::string &text, const std::string &target);

  /// A dense operand.
  static Operand dense(llvm::ArrayRef<int64_t> sizes);

  mlir::FailureOr<LaunchPlan> plan(llvm::ArrayRef<Operand> inputs, const Operand &result,
                                   MaskAttr mask = {}, float scale = 0);
  /// Runs all tasks, `step` at a time (all at once if 0).
  void run(const LaunchPlan &plan, llvm::ArrayRef<const void *> pointers, int64_t step = 0);
  /// Runs tasks [begin, end).
  void runRange(const LaunchPlan &plan, llvm::ArrayRef<const void *> pointers, int64_t begin,
                int64_t end);

  mlir::MLIRContext &context() { return *kernel->getContext(); }
  MaskAttr mask(const std::string &text);

  CpuTarget target;
  KernelOp kernel;
  int64_t scratchBytes = 0;

private:
  mlir::OwningOpRef<mlir::ModuleOp> source;
  zorro_kernel_fn function = nullptr;
  std::vector<char> scratch;
};

/// A matrix [k][n] packed for `target`.
std::vector<float> pack(const std::vector<float> &matrix, int64_t k, int64_t n,
                        const CpuTarget &target);

/// The context of all kernels, with every dialect that they are written in.
mlir::MLIRContext &context();

} // namespace zorro::test

#endif // ZORRO_TEST_LOWERING_CPU_HARNESS_H

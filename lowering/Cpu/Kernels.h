//===- Kernels.h - Kernels into code, calls into launches ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// From the `fused` phase to the `cpu` phase: a `zorro.kernel` becomes a function over memory, and a
// call of it a launch: argument words, tasks, and the work that they are.
//
// The argument words of a launch are, in order: for each input of the kernel and then for the
// result, the address of its element at index zero; the address of the table, where the plan has
// one; then the plan's scalars.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_KERNELS_H
#define ZORRO_LOWERING_CPU_KERNELS_H

#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace zorro {

/// Sizes of an operand and its strides in elements, one each per axis of the kernel's argument.
struct Operand {
  llvm::SmallVector<int64_t> sizes, strides;
};

/// What one call of a kernel passes to the runtime.
struct LaunchPlan {
  llvm::SmallVector<int64_t> scalars;
  std::optional<llvm::SmallVector<int64_t>> table; ///< attention: query blocks and key spans
  int64_t tasks = 0;
  int64_t multiplyAdds = 0; ///< of what is computed, in whole tiles, if nothing is padded
  int64_t bytes = 0;        ///< read and written, each operand once
};

/// The target that a pass' option names; an unknown name is a diagnostic on `op`.
mlir::FailureOr<CpuTarget> getTarget(mlir::Operation *op, llvm::StringRef name);

/// Columns of a packed panel: the width of `#zorro.pack` that a contraction's weight must have.
int64_t packWidth(const CpuTarget &target);

/// Writes the function of `kernel`, under the same name, at `builder`; `kernel` stays. The function
/// carries `zorro.scratch`: the bytes of scratch memory it needs.
mlir::FailureOr<mlir::func::FuncOp> emitKernel(KernelOp kernel, const CpuTarget &target,
                                               mlir::OpBuilder &builder);

/// The scratch memory of a function that emitKernel made, in bytes.
int64_t getScratchBytes(mlir::func::FuncOp kernel);

/// Plans a call of `kernel`. `inputs` are the call's inputs in order, without the destination of a
/// map, reduce or move kernel: that one is `result`. `mask` may be null: all keys are live.
mlir::FailureOr<LaunchPlan> planLaunch(KernelOp kernel, const CpuTarget &target,
                                       llvm::ArrayRef<Operand> inputs, const Operand &result,
                                       MaskAttr mask = {}, mlir::FloatAttr scale = {});

/// Converts a module in the `cpu` phase (kernel functions, entry functions with `zorro.entry`,
/// weights with `zorro.offset`, tables) into the LLVM dialect, in place. The module then defines
/// `zorro_code_v2`.
mlir::LogicalResult lowerToLlvm(mlir::ModuleOp module, const CpuTarget &target);

/// Marks a function of launches; its value is the entry's name in the artefact.
constexpr llvm::StringLiteral kEntryAttr = "zorro.entry";
/// Where a weight lies in the weight segment, in bytes (an integer attribute of zorro.weight).
constexpr llvm::StringLiteral kOffsetAttr = "zorro.offset";

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_KERNELS_H

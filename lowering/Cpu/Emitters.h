//===- Emitters.h - One emitter and one planner per kind of kernel ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Private to this folder. An emitter and the planner of the same kind agree on the order of the
// scalars; each pair stands in the files that carry the kind's name.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_EMITTERS_H
#define ZORRO_LOWERING_CPU_EMITTERS_H

#include "lowering/Cpu/Kernels.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace zorro {

using EmittedKernel = mlir::FailureOr<mlir::func::FuncOp>;

EmittedKernel emitContract(KernelOp kernel, const CpuTarget &target, mlir::OpBuilder &builder);
EmittedKernel emitAttention(KernelOp kernel, const CpuTarget &target, mlir::OpBuilder &builder);
EmittedKernel emitRow(KernelOp kernel, const CpuTarget &target, mlir::OpBuilder &builder);
EmittedKernel emitLoops(KernelOp kernel, const CpuTarget &target, mlir::OpBuilder &builder);

mlir::FailureOr<LaunchPlan> planContract(KernelOp kernel, const CpuTarget &target,
                                         llvm::ArrayRef<Operand> inputs, const Operand &result);
mlir::FailureOr<LaunchPlan> planAttention(KernelOp kernel, const CpuTarget &target,
                                          llvm::ArrayRef<Operand> inputs, const Operand &result,
                                          MaskAttr mask, mlir::FloatAttr scale);
mlir::FailureOr<LaunchPlan> planRow(KernelOp kernel, llvm::ArrayRef<Operand> inputs,
                                    const Operand &result);
mlir::FailureOr<LaunchPlan> planLoops(KernelOp kernel, llvm::ArrayRef<Operand> inputs,
                                      const Operand &result);

/// Rows under a batch axis: how contraction and row kernels see all operands but the weight.
struct RowStrides {
  int64_t batch = 0, row = 0;
};

/// The batch and row strides of an operand [batch, rows, columns] whose leading axes may be missing
/// or broadcast; failure, with a diagnostic at `kernel`, where its columns are not neighbours.
mlir::FailureOr<RowStrides> getRowStrides(KernelOp kernel, const Operand &operand);

/// Batches and rows of a result [batch, rows, columns]. Where every operand steps evenly over the
/// batches, they become one.
struct RowShape {
  int64_t batches = 1, rows = 1;
  void merge(llvm::MutableArrayRef<RowStrides> operands);
};

/// The batches and rows of a result.
RowShape getRowShape(const Operand &result);

/// The argument number of a kernel's tensor, extended from memory's type or not; -1 for what is
/// not an argument.
int64_t getArgument(mlir::Value value);

/// Bytes that an operand's elements occupy, each counted once.
int64_t countBytes(const Operand &operand, mlir::Type element);

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_EMITTERS_H

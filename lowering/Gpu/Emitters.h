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

#ifndef ZORRO_LOWERING_GPU_EMITTERS_H
#define ZORRO_LOWERING_GPU_EMITTERS_H

#include "lowering/Gpu/Kernels.h"

namespace zorro {

DeviceKernel emitDeviceContract(KernelOp kernel, const GpuTarget &target, mlir::OpBuilder &builder);
DeviceKernel emitDeviceAttention(KernelOp kernel, const GpuTarget &target,
                                 mlir::OpBuilder &builder);
DeviceKernel emitDeviceRow(KernelOp kernel, const GpuTarget &target, mlir::OpBuilder &builder);
DeviceKernel emitDeviceLoops(KernelOp kernel, const GpuTarget &target, mlir::OpBuilder &builder);

/// For kernels marked with `zorro.hopper`.
DeviceKernel emitHopperContract(KernelOp kernel, mlir::OpBuilder &builder);
DeviceKernel emitHopperAttention(KernelOp kernel, mlir::OpBuilder &builder);
mlir::FailureOr<LaunchPlan> planHopperAttention(KernelOp kernel, llvm::ArrayRef<Operand> inputs,
                                                const Operand &result, MaskAttr mask,
                                                mlir::FloatAttr scale);
mlir::FailureOr<LaunchPlan> planHopperContract(KernelOp kernel, llvm::ArrayRef<Operand> inputs,
                                               const Operand &result);

mlir::FailureOr<LaunchPlan> planDeviceContract(KernelOp kernel, const GpuTarget &target,
                                               llvm::ArrayRef<Operand> inputs,
                                               const Operand &result);
mlir::FailureOr<LaunchPlan> planDeviceAttention(KernelOp kernel, const GpuTarget &target,
                                                llvm::ArrayRef<Operand> inputs,
                                                const Operand &result, MaskAttr mask,
                                                mlir::FloatAttr scale);
mlir::FailureOr<LaunchPlan> planDeviceRow(KernelOp kernel, const GpuTarget &target,
                                          llvm::ArrayRef<Operand> inputs, const Operand &result);
mlir::FailureOr<LaunchPlan> planDeviceLoops(KernelOp kernel, const GpuTarget &target,
                                            llvm::ArrayRef<Operand> inputs, const Operand &result);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_EMITTERS_H

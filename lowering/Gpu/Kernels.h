//===- Kernels.h - Kernels into device code, calls into grids -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// From the `fused` phase to the `gpu` phase (docs/Gpu.md): a `zorro.kernel` becomes an `llvm.func`
// with `nvvm.kernel`, and a call of it a launch whose tasks are the blocks of a grid.
//
// The parameters of a kernel are, in order: for each input of the kernel and then for the result,
// the address of its element at index zero (`!llvm.ptr<1>`); the address of the table, where the
// plan has one; then the plan's scalars (`i64`), without those that describe tensor maps; then the
// tensor maps.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_KERNELS_H
#define ZORRO_LOWERING_GPU_KERNELS_H

#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Kernels.h" // Operand, LaunchPlan
#include "lowering/Gpu/Target.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace zorro {

/// Threads of a block, bytes of dynamic shared memory, and the number of tensor maps of a kernel
/// function (integer attributes).
constexpr llvm::StringLiteral kThreadsAttr = "zorro.threads";
constexpr llvm::StringLiteral kSharedAttr = "zorro.shared";
constexpr llvm::StringLiteral kMapsAttr = "zorro.maps";
/// Marks a kernel, and then its function, that is written for sm_90a alone (a unit attribute).
constexpr llvm::StringLiteral kHopperAttr = "zorro.hopper";

/// The architecture that a module of device functions is for (a string attribute of the module).
constexpr llvm::StringLiteral kArchAttr = "zorro.arch";

/// Columns of a contraction's packed weight [N, K] are filled to a multiple of kPackK, its rows to
/// a multiple of kPackN.
constexpr int64_t kPackN = 128, kPackK = 64;

/// The target that a pass' options name; an unknown name is a diagnostic on `op`.
mlir::FailureOr<GpuTarget> getGpuTarget(mlir::Operation *op, llvm::StringRef arch,
                                        llvm::StringRef precision);

using DeviceKernel = mlir::FailureOr<mlir::LLVM::LLVMFuncOp>;

/// Marks the kernels of a module in the `fused` phase that all their calls allow to be written for
/// sm_90a, and chooses their tiles (`schedule`). To be done once, before launches are planned: the
/// mark decides both how a kernel is written and how its calls are planned.
void chooseHopperKernels(mlir::ModuleOp module, const GpuTarget &target);

/// Chooses the tiles (`schedule`) of the other contractions, by the rows that their calls have. To
/// be done once, before launches are planned: else all tiles are large ones.
void chooseContractTiles(mlir::ModuleOp module, const GpuTarget &target);

/// Writes the function of `kernel`, under the same name, at `builder`; `kernel` stays.
DeviceKernel emitDeviceKernel(KernelOp kernel, const GpuTarget &target, mlir::OpBuilder &builder);

/// Plans a call of `kernel`; the arguments are those of planLaunch (lowering/Cpu/Kernels.h).
mlir::FailureOr<LaunchPlan> planDeviceLaunch(KernelOp kernel, const GpuTarget &target,
                                             llvm::ArrayRef<Operand> inputs, const Operand &result,
                                             MaskAttr mask = {}, mlir::FloatAttr scale = {});

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_KERNELS_H

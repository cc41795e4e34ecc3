//===- LaunchTarget.h - What planning asks of a device ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The device that launches are planned for: how a call of a kernel is split into tasks, and how a
// contraction's matrix lies in memory. All else about planning is the same for every device.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PLAN_LAUNCHTARGET_H
#define ZORRO_LOWERING_PLAN_LAUNCHTARGET_H

#include "lowering/Cpu/Kernels.h"
#include "lowering/Gpu/Target.h"

#include <memory>

namespace zorro {

/// How a contraction's matrix [K, N] lies in memory.
struct MatrixLayout {
  std::string suffix;                        ///< of the weight's name: "pack48"
  llvm::SmallVector<mlir::Attribute> recipe; ///< steps that make the layout of the matrix
  mlir::RankedTensorType type;               ///< what they give
};

class LaunchTarget {
public:
  virtual ~LaunchTarget() = default;

  /// Plans a call of `kernel`; the arguments are those of planLaunch (lowering/Cpu/Kernels.h).
  virtual mlir::FailureOr<LaunchPlan> plan(KernelOp kernel, llvm::ArrayRef<Operand> inputs,
                                           const Operand &result, MaskAttr mask,
                                           mlir::FloatAttr scale) const = 0;
  virtual MatrixLayout layOut(mlir::RankedTensorType matrix) const = 0;

  static std::unique_ptr<LaunchTarget> get(const CpuTarget &target);
  static std::unique_ptr<LaunchTarget> get(const GpuTarget &target);
};

} // namespace zorro

#endif // ZORRO_LOWERING_PLAN_LAUNCHTARGET_H

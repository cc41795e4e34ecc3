//===- LaunchTarget.cpp - CPUs and GPUs for planning --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Plan/LaunchTarget.h"

#include "lowering/Gpu/Kernels.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace zorro;

namespace {

/// Panels as wide as the register tile.
class CpuLaunches : public LaunchTarget {
public:
  explicit CpuLaunches(const CpuTarget &target) : target(target) {}

  FailureOr<LaunchPlan> plan(KernelOp kernel, ArrayRef<Operand> inputs, const Operand &result,
                             MaskAttr mask, FloatAttr scale) const override {
    return planLaunch(kernel, target, inputs, result, mask, scale);
  }

  MatrixLayout layOut(RankedTensorType matrix) const override {
    int64_t width = packWidth(target), rows = matrix.getDimSize(0);
    int64_t panels = llvm::divideCeil(matrix.getDimSize(1), width);
    return {("pack" + Twine(width)).str(),
            {PackStepAttr::get(matrix.getContext(), width)},
            matrix.clone({panels, rows, width})};
  }

private:
  CpuTarget target;
};

/// A row for every column of the matrix, in whole tiles.
class GpuLaunches : public LaunchTarget {
public:
  explicit GpuLaunches(const GpuTarget &target) : target(target) {}

  FailureOr<LaunchPlan> plan(KernelOp kernel, ArrayRef<Operand> inputs, const Operand &result,
                             MaskAttr mask, FloatAttr scale) const override {
    return planDeviceLaunch(kernel, target, inputs, result, mask, scale);
  }

  MatrixLayout layOut(RankedTensorType matrix) const override {
    MLIRContext *context = matrix.getContext();
    int64_t filled[] = {int64_t(llvm::alignTo(matrix.getDimSize(1), kPackN)),
                        int64_t(llvm::alignTo(matrix.getDimSize(0), kPackK))};
    return {("pack" + Twine(kPackN) + "x" + Twine(kPackK)).str(),
            {TransposeStepAttr::get(context, {1, 0}), FillStepAttr::get(context, filled)},
            matrix.clone(filled)};
  }

private:
  GpuTarget target;
};

} // namespace

std::unique_ptr<LaunchTarget> LaunchTarget::get(const CpuTarget &target) {
  return std::make_unique<CpuLaunches>(target);
}

std::unique_ptr<LaunchTarget> LaunchTarget::get(const GpuTarget &target) {
  return std::make_unique<GpuLaunches>(target);
}

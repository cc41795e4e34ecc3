//===- ChooseHopper.cpp - Which kernels are written for sm_90a ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A kernel is one function for all its calls, in all entries. So every call must allow what tensor
// maps ask of its operands, and the tile is the one that takes the least time over all of them.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Emitters.h"
#include "lowering/Gpu/HopperAttention.h"
#include "lowering/Gpu/HopperContract.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace zorro;

namespace {

/// What a call gives its kernel.
struct CallOperands {
  SmallVector<Operand> inputs;
  Operand result;
  SmallVector<int64_t> offsets; ///< in elements, of the inputs and of the result
};

} // namespace

static CallOperands describeCall(CallOp call, size_t count) {
  CallOperands all;
  for (Value input : call.getInputs().take_front(count)) {
    auto type = cast<RankedTensorType>(input.getType());
    Operand operand{SmallVector<int64_t>(type.getShape()), computeStrides(type.getShape())};
    int64_t offset = 0;
    if (auto view = input.getDefiningOp<ViewOp>()) {
      offset = view.getOffset();
      operand.strides.assign(view.getStrides().begin(), view.getStrides().end());
    }
    all.inputs.push_back(operand);
    all.offsets.push_back(offset);
  }
  auto shape = cast<RankedTensorType>(call.getShape());
  all.result = {SmallVector<int64_t>(shape.getShape()), SmallVector<int64_t>(call.getStrides())};
  all.offsets.push_back(call.getOffset());
  return all;
}

static void chooseContract(KernelOp kernel, ArrayRef<CallOp> calls) {
  std::string why;
  std::optional<HopperContract> shape = HopperContract::get(kernel, why);
  if (!shape)
    return;
  SmallVector<std::pair<int64_t, int64_t>> rows;
  for (CallOp call : calls) {
    CallOperands all = describeCall(call, kernel.getInputArguments().size());
    if (!shape->refuse(all.inputs, all.result, all.offsets).empty())
      return;
    SmallVector<RowStrides> strides;
    for (const Operand &operand : {all.inputs[shape->rows], all.result}) {
      FailureOr<RowStrides> found = getRowStrides(kernel, operand);
      if (failed(found))
        return;
      strides.push_back(*found);
    }
    RowShape here = getRowShape(all.result);
    here.merge(strides);
    if ((here.rows > 1 && !strides[0].row) || (here.batches > 1 && !strides[0].batch))
      return; // broadcast rows
    if (here.rows && here.batches)
      rows.push_back({here.batches, here.rows});
  }
  kernel->setAttr(kHopperAttr, UnitAttr::get(kernel.getContext()));
  if (kernel.getScheduleAttr())
    return;
  HopperTile tile = chooseHopperTile(shape->k, shape->n, rows);
  kernel.setScheduleAttr(ScheduleAttr::get(kernel.getContext(), {tile.rows(), tile.columns},
                                           64 * tile.heights, tile.stages));
}

static void chooseAttention(KernelOp kernel, ArrayRef<CallOp> calls) {
  std::string why;
  std::optional<HopperAttention> shape = HopperAttention::get(kernel, why);
  if (!shape)
    return;
  for (CallOp call : calls) {
    CallOperands all = describeCall(call, kernel.getInputArguments().size());
    if (!shape->refuse(all.inputs, all.result, all.offsets, call.getMaskAttr()).empty())
      return;
  }
  kernel->setAttr(kHopperAttr, UnitAttr::get(kernel.getContext()));
}

void zorro::chooseHopperKernels(ModuleOp module, const GpuTarget &target) {
  if (!target.hopper)
    return;
  DenseMap<StringRef, SmallVector<CallOp>> calls;
  module.walk([&](CallOp call) { calls[call.getCallee()].push_back(call); });
  for (auto kernel : module.getOps<KernelOp>()) {
    if (kernel->hasAttr(kHopperAttr))
      continue;
    if (kernel.getKind() == KernelKind::Contract)
      chooseContract(kernel, calls[kernel.getSymName()]);
    else if (kernel.getKind() == KernelKind::Attention)
      chooseAttention(kernel, calls[kernel.getSymName()]);
  }
}

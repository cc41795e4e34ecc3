//===- PlanLoops.cpp - Sizes and strides of a loop nest -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Loops.h"

#include "mlir/Dialect/Affine/Analysis/AffineStructures.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;

/// Elements of the result times steps of its reduction that make a task.
static constexpr int64_t kWorkPerTask = 8192;

namespace {
struct LoopsPlan {
  SmallVector<int64_t> sizes;
  SmallVector<SmallVector<int64_t>> strides; ///< per operand, per loop
};
} // namespace

/// Steps of an operand per step of each loop, for axes that are linear in the loops.
static FailureOr<SmallVector<int64_t>> getLoopStrides(KernelOp kernel, AffineMap map,
                                                      ArrayRef<int64_t> strides) {
  SmallVector<int64_t> result(map.getNumDims(), 0);
  for (auto [expr, stride] : llvm::zip(map.getResults(), strides)) {
    SmallVector<int64_t> flat;
    if (!expr.isPureAffine() ||
        failed(getFlattenedAffineExpr(expr, map.getNumDims(), map.getNumSymbols(), &flat)) ||
        flat.size() != map.getNumDims() + 1 || flat.back() != 0)
      return kernel.emitOpError() << "expected operands indexed by sums of loops but got "
                                  << AffineMapAttr::get(map);
    for (auto [sum, factor] : llvm::zip(result, flat))
      sum += factor * stride;
  }
  return result;
}

/// Joins loop `from` to loop `into` where every operand steps over both as over one.
static bool mergeLoop(LoopsPlan &plan, unsigned from, unsigned into) {
  bool fits = llvm::all_of(plan.strides, [&](ArrayRef<int64_t> strides) {
    return plan.sizes[into] == 1 || strides[from] == plan.sizes[into] * strides[into];
  });
  if (!fits)
    return false;
  if (plan.sizes[into] == 1)
    for (SmallVector<int64_t> &strides : plan.strides)
      strides[into] = strides[from];
  plan.sizes[into] *= std::exchange(plan.sizes[from], 1);
  return true;
}

static void mergeLoops(LoopsPlan &plan, ArrayRef<unsigned> loops) {
  for (size_t into = loops.size(); into-- > 1;)
    for (size_t from = into; from-- > 0;) {
      if (plan.sizes[loops[from]] == 1)
        continue;
      if (!mergeLoop(plan, loops[from], loops[into]))
        break;
    }
}

FailureOr<LaunchPlan> zorro::planLoops(KernelOp kernel, ArrayRef<Operand> inputs,
                                       const Operand &result) {
  FailureOr<LoopsShape> shape = LoopsShape::get(kernel);
  if (failed(shape))
    return failure();
  linalg::LinalgOp op = shape->op;
  LoopsPlan plan;
  plan.sizes.assign(shape->rank, -1);
  auto add = [&](OpOperand *operand, const Operand &geometry) -> LogicalResult {
    AffineMap map = op.getMatchingIndexingMap(operand);
    FailureOr<SmallVector<int64_t>> strides = getLoopStrides(kernel, map, geometry.strides);
    if (failed(strides))
      return failure();
    plan.strides.push_back(*strides);
    for (auto [expr, size] : llvm::zip(map.getResults(), geometry.sizes))
      if (auto loop = dyn_cast<AffineDimExpr>(expr)) {
        int64_t &known = plan.sizes[loop.getPosition()];
        if (known >= 0 && known != size)
          return kernel.emitOpError() << "expected " << known << " steps of loop "
                                      << loop.getPosition() << " but got " << size;
        known = size;
      }
    return success();
  };
  for (auto [operand, argument] : llvm::zip(op.getDpsInputOperands(), shape->inputs)) {
    Operand window;
    auto type = cast<RankedTensorType>(operand->get().getType());
    if (argument < 0) { // only its sizes matter
      if (!type.hasStaticShape())
        return kernel.emitOpError() << "expected a window of known size but got " << type;
      window.sizes.assign(type.getShape().begin(), type.getShape().end());
      window.strides.assign(type.getRank(), 0);
    }
    if (failed(add(operand, argument < 0 ? window : inputs[argument])))
      return failure();
  }
  if (failed(add(op.getDpsInitOperand(0), result)))
    return failure();
  if (llvm::is_contained(plan.sizes, -1))
    return kernel.emitOpError() << "expected an operand that gives the size of every loop";

  LaunchPlan launch;
  int64_t work = 1, steps = 1;
  for (int64_t size : plan.sizes)
    work *= size;
  // An index is of the loops as they are written.
  if (!op.hasIndexSemantics()) {
    SmallVector<unsigned> parallel = shape->outer;
    if (shape->inner)
      parallel.push_back(*shape->inner);
    mergeLoops(plan, parallel);
    mergeLoops(plan, shape->reductions);
  }
  for (unsigned loop : shape->reductions)
    steps *= plan.sizes[loop];
  int64_t length = shape->inner ? plan.sizes[*shape->inner] : 1;
  int64_t chunk =
      llvm::alignTo(std::max<int64_t>(kWorkPerTask / std::max<int64_t>(steps, 1), 1), 64);
  chunk = std::max<int64_t>(std::min(chunk, length), 1);
  int64_t chunks = llvm::divideCeil(length, chunk);
  launch.scalars.assign(plan.sizes);
  launch.scalars.append({chunk, chunks});
  for (ArrayRef<int64_t> strides : plan.strides)
    launch.scalars.append(strides.begin(), strides.end());
  for (int64_t argument : shape->gathered)
    launch.scalars.append(inputs[argument].strides);
  launch.tasks = chunks;
  for (unsigned loop : shape->outer)
    launch.tasks *= plan.sizes[loop];
  if (shape->isReduction() && !op.getBlock()->getOps<arith::MulFOp>().empty())
    launch.multiplyAdds = work;
  return launch;
}

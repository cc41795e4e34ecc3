//===- PlanLoops.cpp - Loop nests into grids ----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Emitters.h"
#include "lowering/Gpu/Loops.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace zorro;

/// Bytes of an element in memory.
static int64_t bytesOf(Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  return element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8u);
}

/// The operation that joins two partial results of a reduction of f32, if there is one: the value
/// so far is its operand and nothing else's.
static Operation *findCombiner(const LoopsShape &shape) {
  Block *body = linalg::LinalgOp(shape.op).getBlock();
  Value sofar = body->getArguments().back();
  Operation *last = body->getTerminator()->getOperand(0).getDefiningOp();
  bool joins = isa_and_present<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp,
                               arith::MaxNumFOp, arith::MinNumFOp>(last);
  if (!joins || !sofar.hasOneUse() || *sofar.user_begin() != last || !sofar.getType().isF32())
    return nullptr;
  return last;
}

FailureOr<DeviceLoopsShape> DeviceLoopsShape::get(KernelOp kernel) {
  FailureOr<LoopsShape> base = LoopsShape::get(kernel);
  if (failed(base))
    return failure();
  DeviceLoopsShape shape;
  static_cast<LoopsShape &>(shape) = *base;
  shape.parallel = shape.outer;
  if (shape.inner)
    shape.parallel.push_back(*shape.inner);
  if (shape.isReduction()) {
    shape.combiner = findCombiner(shape);
    return shape;
  }
  // Sixteen bytes of the widest operand. What the body gathers has no neighbours.
  int64_t widest = bytesOf(shape.op->getResult(0));
  for (Value input : shape.op.getDpsInputs())
    widest = std::max(widest, bytesOf(input));
  if (shape.gathered.empty() && shape.inner)
    shape.vector = std::max<int64_t>(16 / widest, 1);
  return shape;
}

int64_t zorro::divisorWord(int64_t size) {
  uint64_t divisor = std::max<int64_t>(size, 1);
  uint64_t shift = llvm::Log2_64_Ceil(divisor);
  uint64_t multiplier = ((uint64_t(1) << 32) * ((uint64_t(1) << shift) - divisor)) / divisor + 1;
  return int64_t(multiplier | shift << 32);
}

namespace {
/// The planner's view of the CPU plan's scalars.
struct LoopsWords {
  LoopsWords(const LoopsShape &shape, ArrayRef<int64_t> scalars) {
    sizes.assign(scalars.begin(), scalars.begin() + shape.rank);
    scalars = scalars.drop_front(shape.rank + 2);
    for (size_t i = 0; i <= shape.inputs.size(); ++i) {
      strides.emplace_back(scalars.take_front(shape.rank));
      scalars = scalars.drop_front(shape.rank);
    }
    gathered.assign(scalars.begin(), scalars.end());
  }
  SmallVector<int64_t> sizes, gathered;
  SmallVector<SmallVector<int64_t>> strides; ///< in elements; the result's last
};
} // namespace

/// Whether threads may take `shape.vector` neighbours at once, if addresses are aligned so.
static bool fitsVectors(const DeviceLoopsShape &shape, const LoopsWords &words) {
  if (shape.vector == 1)
    return false;
  unsigned inner = *shape.inner;
  bool alone = llvm::all_of(shape.outer, [&](unsigned loop) { return words.sizes[loop] == 1; });
  if (!alone && words.sizes[inner] % shape.vector)
    return false;
  for (auto [i, strides] : llvm::enumerate(words.strides)) {
    bool result = i + 1 == words.strides.size();
    if (strides[inner] != 1 && (result || strides[inner] != 0))
      return false;
    for (unsigned loop : shape.outer)
      if (words.sizes[loop] > 1 && strides[inner] == 1 && strides[loop] % shape.vector)
        return false;
  }
  return true;
}

FailureOr<LaunchPlan> zorro::planDeviceLoops(KernelOp kernel, const GpuTarget &target,
                                             ArrayRef<Operand> inputs, const Operand &result) {
  FailureOr<DeviceLoopsShape> shape = DeviceLoopsShape::get(kernel);
  if (failed(shape))
    return failure();
  FailureOr<LaunchPlan> cpu = planLoops(kernel, inputs, result);
  if (failed(cpu))
    return failure();
  LoopsWords words(*shape, cpu->scalars);

  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  int64_t count = 1, steps = 1;
  for (unsigned loop : shape->parallel)
    count *= words.sizes[loop];
  for (unsigned loop : shape->reductions)
    steps *= words.sizes[loop];
  if (count > most - kLoopThreads * 16 || steps > most - kLoopThreads)
    return kernel.emitOpError() << "limit: expected fewer than 2^31 elements but got " << count
                                << " of " << steps << " steps each";

  int64_t mode = DeviceLoopsShape::PerElement, perBlock = kLoopThreads;
  if (shape->combiner && steps >= kSplitSteps) {
    mode = DeviceLoopsShape::PerWarp;
    perBlock = kLoopThreads / kSplit;
  } else if (count >= 128 * kLoopThreads * shape->vector && fitsVectors(*shape, words)) {
    // With fewer elements there would be multiprocessors without a block.
    mode = DeviceLoopsShape::PerVector;
    perBlock = kLoopThreads * shape->vector;
  }

  LaunchPlan plan;
  plan.scalars = {count, mode};
  plan.scalars.append(words.sizes);
  for (int64_t size : words.sizes)
    plan.scalars.push_back(divisorWord(size));
  auto addStride = [&](int64_t stride, int64_t bytes, int64_t size) -> LogicalResult {
    if (size > 1 && stride * bytes > most)
      return kernel.emitOpError() << "limit: expected strides below 2 GiB but got "
                                  << stride * bytes << " bytes";
    plan.scalars.push_back(size > 1 ? stride * bytes : 0);
    return success();
  };
  for (auto [i, strides] : llvm::enumerate(words.strides)) {
    bool isResult = i == shape->inputs.size();
    auto argument = isResult ? kernel.getDestination()
                    : shape->inputs[i] < 0
                        ? BlockArgument()
                        : kernel.getBody().getArgument(shape->inputs[i]);
    int64_t bytes = argument ? bytesOf(argument) : 0; // a window has no memory
    for (auto [stride, size] : llvm::zip(strides, words.sizes))
      if (failed(addStride(stride, bytes, size)))
        return failure();
  }
  ArrayRef<int64_t> rest = words.gathered;
  for (int64_t argument : shape->gathered) {
    int64_t bytes = bytesOf(kernel.getBody().getArgument(argument));
    for (int64_t stride : rest.take_front(inputs[argument].strides.size()))
      plan.scalars.push_back(stride * bytes);
    rest = rest.drop_front(inputs[argument].strides.size());
  }
  plan.tasks = llvm::divideCeil(count, perBlock);
  plan.multiplyAdds = cpu->multiplyAdds;
  return plan;
}

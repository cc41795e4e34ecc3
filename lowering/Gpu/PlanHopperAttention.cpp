//===- PlanHopperAttention.cpp - Masks into runs of keys for sm_90a -----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Emitters.h"
#include "lowering/Cpu/Routes.h"
#include "lowering/Gpu/Hopper.h"
#include "lowering/Gpu/HopperAttention.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace zorro;

std::optional<HopperAttention> HopperAttention::get(KernelOp kernel, std::string &why) {
  HopperAttention shape;
  auto fail = [&](const Twine &what) {
    why = what.str();
    return std::nullopt;
  };
  shape.attention = dyn_cast<AttentionOp>(kernel.getRoot());
  AttentionOp op = shape.attention;
  if (!op)
    return fail("a zorro.attention as the root");
  if (op.getMask() || op.getPadding())
    return fail("an attention without padding, its mask at the call");
  Value operands[] = {op.getQ(), op.getK(), op.getV()};
  for (auto [i, operand] : llvm::enumerate(operands)) {
    BlockArgument argument = KernelOp::getArgument(operand);
    auto type = cast<RankedTensorType>(operand.getType());
    if (!argument || !getElementTypeOrSelf(argument.getType()).isBF16() || type.getRank() != 4)
      return fail("arguments [batch, heads, tokens, head size] in bf16");
    shape.arguments[i] = argument.getArgNumber();
    shape.headSize = type.getDimSize(3);
    if (shape.headSize != cast<RankedTensorType>(operands[0].getType()).getDimSize(3) ||
        (shape.headSize != 64 && shape.headSize != 128))
      return fail("heads of 64 or 128");
  }
  if (!kernel.getResultType().getElementType().isBF16())
    return fail("a result in bf16");
  if (kernel.getScheduleAttr())
    return fail("no schedule");
  return shape;
}

namespace {

/// Queries [begin, end) and the one run of keys that they see.
struct Run {
  int64_t begin, end, firstKey = 0, lastKey = 0;
};

} // namespace

/// The runs of a mask; nothing where some queries see several runs or a band.
static std::optional<SmallVector<Run>> getRuns(MaskAttr mask, int64_t queries, int64_t keys) {
  SmallVector<Run> runs;
  for (const Route &route : getRoutes(mask, queries, keys)) {
    Run run{route.begin, route.end};
    for (const RouteSpan &span : route.spans) {
      bool follows = run.firstKey == run.lastKey || span.begin == run.lastKey;
      if (span.isBand() || !follows)
        return std::nullopt;
      if (run.firstKey == run.lastKey)
        run.firstKey = span.begin;
      run.lastKey = span.end;
    }
    runs.push_back(run);
  }
  return runs;
}

static SmallVector<int64_t> getEnds(ArrayRef<Run> runs) {
  llvm::SmallSetVector<int64_t, 4> ends;
  for (const Run &run : runs)
    if (run.firstKey < run.lastKey)
      ends.insert(run.lastKey);
  return ends.takeVector();
}

std::string HopperAttention::refuse(ArrayRef<Operand> inputs, const Operand &result,
                                    ArrayRef<int64_t> offsets, MaskAttr mask) const {
  const Operand *operands[] = {&inputs[arguments[0]], &inputs[arguments[1]], &inputs[arguments[2]],
                               &result};
  int64_t starts[] = {offsets[arguments[0]], offsets[arguments[1]], offsets[arguments[2]],
                      offsets.back()};
  for (auto [operand, start] : llvm::zip(operands, starts)) {
    bool fits = start % 8 == 0 && operand->strides[3] == 1;
    for (int64_t axis = 0; axis < 3; ++axis)
      if (operand->sizes[axis] > 1)
        fits &= operand->strides[axis] % 8 == 0 && operand->strides[axis] > 0;
    if (!fits)
      return "heads at multiples of 16 bytes";
    if (operand->sizes[0] == 0 || operand->sizes[1] == 0 || operand->sizes[2] == 0)
      return "tokens";
  }
  int64_t queries = operands[0]->sizes[2], keys = operands[1]->sizes[2];
  if (mask && (mask.getQueries().getTotal() != queries || mask.getKeys().getTotal() != keys))
    return "a mask of " + std::to_string(queries) + " queries and " + std::to_string(keys) + " keys";
  std::optional<SmallVector<Run>> runs = getRuns(mask, queries, keys);
  if (!runs)
    return "queries that each see one run of keys";
  bool empty = llvm::any_of(*runs, [](const Run &run) { return run.firstKey == run.lastKey; });
  if (empty && mask && mask.getEmpty() == EmptyRow::Uniform)
    return "a key for every query";
  if (int64_t(getEnds(*runs).size()) > kEnds)
    return "runs of keys with at most " + std::to_string(kEnds) + " ends";
  return "";
}

FailureOr<LaunchPlan> zorro::planHopperAttention(KernelOp kernel, ArrayRef<Operand> inputs,
                                                 const Operand &result, MaskAttr mask,
                                                 FloatAttr scale) {
  std::string why;
  std::optional<HopperAttention> found = HopperAttention::get(kernel, why);
  if (found)
    why = found->refuse(inputs, result, SmallVector<int64_t>(inputs.size() + 1, 0), mask);
  if (!why.empty())
    return kernel.emitOpError() << "expected " << why;
  if (!scale)
    return kernel.emitOpError() << "expected a scale for a call of an attention kernel";
  float factor = scale.getValue().convertToDouble() * 1.4426950408889634074;
  if (!(factor > 0) || std::isinf(factor))
    return kernel.emitOpError() << "unsupported: a scale of " << scale.getValue().convertToDouble()
                                << " on a GPU; positive ones are there";
  using Shape = HopperAttention;
  const Shape &shape = *found;
  const Operand &q = inputs[shape.arguments[0]];
  int64_t batches = result.sizes[0], heads = result.sizes[1], queries = q.sizes[2];
  int64_t keys = inputs[shape.arguments[1]].sizes[2];
  SmallVector<Run> runs = *getRuns(mask, queries, keys);
  SmallVector<int64_t> ends = getEnds(runs);

  using Tile = std::array<int64_t, Shape::kTileWords>;
  SmallVector<Tile> tiles;
  LaunchPlan plan;
  for (const Run &run : runs)
    for (int64_t at = run.begin; at < run.end; at += Shape::kRows) {
      int64_t count = run.lastKey - run.firstKey;
      int64_t end = count ? llvm::find(ends, run.lastKey) - ends.begin() : 0;
      tiles.push_back({at, std::min(run.end - at, Shape::kRows), run.firstKey, count, end,
                       mask && mask.getEmpty() == EmptyRow::Zero});
      plan.multiplyAdds += 2 * Shape::kRows * int64_t(llvm::alignTo(count, Shape::kKeys)) *
                           shape.headSize * batches * heads;
    }
  llvm::stable_sort(tiles, [](const Tile &a, const Tile &b) {
    return a[Shape::kKeyCount] > b[Shape::kKeyCount];
  });
  plan.table.emplace();
  for (const Tile &tile : tiles)
    llvm::append_range(*plan.table, tile);
  plan.scalars = {heads, batches * heads, int64_t(llvm::bit_cast<uint32_t>(factor)),
                  result.strides[0], result.strides[1], result.strides[2]};
  // An axis of one has no stride of its own.
  auto map = [&](int64_t argument, int64_t tokens, int64_t rows) {
    const Operand &operand = inputs[argument];
    SmallVector<int64_t> strides;
    for (int64_t axis : {2, 1, 0})
      strides.push_back(operand.sizes[axis] > 1 ? operand.strides[axis] : shape.headSize);
    appendTensorMap(plan.scalars, argument,
                    {shape.headSize, tokens, operand.sizes[1], operand.sizes[0]}, strides,
                    {64, rows, 1, 1});
  };
  map(shape.arguments[0], queries, 64);
  ends.resize(Shape::kEnds, ends.empty() ? keys : ends.back());
  for (int64_t argument : {shape.arguments[1], shape.arguments[2]})
    for (int64_t end : ends)
      map(argument, end, Shape::kKeys);
  plan.tasks = batches * heads * int64_t(tiles.size());
  return plan;
}

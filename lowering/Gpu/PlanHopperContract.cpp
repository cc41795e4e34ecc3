//===- PlanHopperContract.cpp - Grids and tiles of contractions on sm_90a -----------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Emitters.h"
#include "lowering/Cpu/VectorBody.h"
#include "lowering/Gpu/Hopper.h"
#include "lowering/Gpu/HopperContract.h"

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------------------------===//

int64_t HopperTile::clocks(int64_t depth) const {
  // An H200 multiplies 2048 pairs of bf16 a clock and multiprocessor, and brings about 32 bytes
  // from the second-level cache; beginning and end of a tile take as long as some of its steps.
  int64_t tensor = rows() * columns * kDepth / 2048, copies = stageBytes() / 32;
  return llvm::divideCeil(depth, kDepth) * std::max(tensor, copies) + 1000 +
         rows() * columns / 32;
}

bool HopperTile::fits() const {
  if (consumers < 1 || consumers > 3 || heights < 1 || columns < 16 || columns > 256 ||
      columns % 16 || rows() > 256 || stages < 2)
    return false;
  // Registers of a thread: 168 on average with two consumers, 128 with three (docs/Gpu.md).
  int64_t sums = heights * columns / 2;
  return sums <= (consumers == 3 ? 96 : 128) &&
         1024 + stages * stageBytes() <= (int64_t(227) << 10);
}

static int64_t stagesFor(const HopperTile &tile) {
  // One consumer: two blocks share a multiprocessor.
  int64_t room = (tile.consumers == 1 ? 110 : 226) << 10;
  return std::clamp<int64_t>(room / tile.stageBytes(), 2, 6);
}

HopperTile zorro::chooseHopperTile(int64_t k, int64_t n,
                                   ArrayRef<std::pair<int64_t, int64_t>> calls) {
  constexpr int64_t processors = 132;
  HopperTile best;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (auto [consumers, heights] : {std::pair(2, 1), {2, 2}, {3, 1}, {1, 1}})
    for (int64_t columns : {64, 96, 128, 160, 192, 256}) {
      HopperTile tile{consumers, heights, columns, 2};
      tile.stages = stagesFor(tile);
      if (!tile.fits())
        continue;
      int64_t time = 0;
      for (auto [batches, rows] : calls) {
        int64_t tiles = batches * llvm::divideCeil(rows, tile.rows()) *
                        llvm::divideCeil(n, columns);
        time += llvm::divideCeil(tiles, processors) * tile.clocks(k);
      }
      if (time < least) {
        least = time;
        best = tile;
      }
    }
  if (calls.empty())
    best.stages = stagesFor(best = HopperTile());
  return best;
}

//===----------------------------------------------------------------------------------------===//
// Which contractions
//===----------------------------------------------------------------------------------------===//

static Type elementOf(KernelOp kernel, int64_t argument) {
  return getElementTypeOrSelf(kernel.getBody().getArgument(argument).getType());
}

std::optional<HopperContract> HopperContract::get(KernelOp kernel, std::string &why) {
  HopperContract shape;
  auto fail = [&](const Twine &what) {
    why = what.str();
    return std::nullopt;
  };
  shape.contract = dyn_cast<ContractOp>(kernel.getRoot());
  if (!shape.contract)
    return fail("a zorro.contract as the root");
  ContractOp contract = shape.contract;
  shape.rows = getArgument(contract.getA());
  shape.matrix = getArgument(contract.getB());
  if (shape.rows < 0 || shape.matrix < 0)
    return fail("arguments as operands of the contraction");
  if (!elementOf(kernel, shape.rows).isBF16() || !elementOf(kernel, shape.matrix).isBF16())
    return fail("rows and matrix in bf16");
  auto verifyElement = [](Type type) { return type.isBF16() || type.isF32(); };
  for (Value extra : contract.getExtras()) {
    int64_t argument = getArgument(extra);
    auto type = cast<RankedTensorType>(extra.getType());
    if (argument < 0 || type.getRank() < 1 || type.getRank() > 3 ||
        type.getShape().back() != contract.getN() || !verifyElement(elementOf(kernel, argument)))
      return fail("epilogue operands in bf16 or f32, with all columns and at most two axes of rows");
    shape.extras.push_back(argument);
  }
  if (!verifyElement(getElementTypeOrSelf(kernel.getResultType())))
    return fail("a result in bf16 or f32");
  if (contract.getType().getRank() > 3)
    return fail("at most two axes of rows");
  if (!contract.getEpilogue().empty() && !isLanewise(contract.getEpilogue().front()))
    return fail("an epilogue of element-wise operations only");
  shape.k = contract.getK();
  shape.n = contract.getN();
  if (shape.n % 8 || shape.k < 1)
    return fail("columns in eights but got " + Twine(shape.n));
  if (ScheduleAttr schedule = kernel.getScheduleAttr()) {
    // tile = [rows, columns] of a block, block = rows of a warpgroup, unroll = stages.
    ArrayRef<int64_t> tile = schedule.getTile();
    int64_t height = schedule.getBlock();
    if (tile.size() != 2 || height < 64 || height % 64 || tile[0] % height)
      return fail("a schedule with tiles of rows in blocks of 64");
    shape.tile = {tile[0] / height, height / 64, tile[1], schedule.getUnroll()};
  } else {
    shape.tile = chooseHopperTile(shape.k, shape.n, {});
  }
  if (!shape.tile.fits())
    return fail("a schedule that registers and shared memory hold");
  return shape;
}

std::string HopperContract::refuse(ArrayRef<Operand> inputs, const Operand &result,
                                   ArrayRef<int64_t> offsets) const {
  // Copies take rows and planes at multiples of 16 bytes, each a multiple of what lies inside it.
  auto steps = [](const Operand &operand, int64_t multiple, int64_t offset) {
    bool fits = offset % multiple == 0 &&
                (operand.strides.back() == 1 || operand.sizes.back() == 1);
    for (size_t i = 0; i + 1 < operand.sizes.size(); ++i)
      fits &= operand.sizes[i] <= 1 || operand.strides[i] % multiple == 0;
    return fits;
  };
  if (!steps(inputs[rows], 8, offsets[rows]))
    return "rows at multiples of 16 bytes";
  int64_t inner = k;
  for (size_t i = inputs[rows].sizes.size() - 1; i-- > 0;) {
    if (inputs[rows].sizes[i] <= 1)
      continue;
    int64_t stride = inputs[rows].strides[i];
    if (stride < inner || (inner != k && stride % inner))
      return "rows that do not overlap";
    inner = stride;
  }
  for (int64_t extra : extras)
    if (!steps(inputs[extra], 2, offsets[extra]))
      return "epilogue operands in pairs";
  if (!steps(result, 8, offsets.back()))
    return "rows of the result at multiples of 16 bytes";
  return "";
}

//===----------------------------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------------------------===//

FailureOr<LaunchPlan> zorro::planHopperContract(KernelOp kernel, ArrayRef<Operand> inputs,
                                                const Operand &result) {
  std::string why;
  std::optional<HopperContract> shape = HopperContract::get(kernel, why);
  if (!shape)
    return kernel.emitOpError() << "expected " << why;
  why = shape->refuse(inputs, result, SmallVector<int64_t>(inputs.size() + 1, 0));
  if (!why.empty())
    return kernel.emitOpError() << "expected " << why;
  SmallVector<RowStrides> strides;
  SmallVector<const Operand *> operands = {&inputs[shape->rows]};
  for (int64_t extra : shape->extras)
    operands.push_back(&inputs[extra]);
  operands.push_back(&result);
  for (const Operand *operand : operands) {
    FailureOr<RowStrides> found = getRowStrides(kernel, *operand);
    if (failed(found))
      return failure();
    strides.push_back(*found);
  }
  RowShape rows = getRowShape(result);
  rows.merge(strides);
  const HopperTile &tile = shape->tile;
  int64_t inBatch = llvm::divideCeil(rows.rows, tile.rows()), tiles = rows.batches * inBatch;

  LaunchPlan plan;
  plan.scalars = {tiles, inBatch, rows.rows};
  for (const RowStrides &s : ArrayRef(strides).drop_front())
    plan.scalars.append({s.batch, s.row});
  // An axis of one has no stride of its own. A matrix without rows is not launched.
  int64_t row = strides[0].row ? strides[0].row : int64_t(llvm::alignTo(shape->k, 8));
  int64_t batch = strides[0].batch ? strides[0].batch : row * std::max<int64_t>(rows.rows, 1);
  bool sameRows = !strides[0].row && rows.rows > 1, sameBatch = !strides[0].batch && rows.batches > 1;
  if (sameRows || sameBatch)
    return kernel.emitOpError() << "expected rows that are not broadcast";
  appendTensorMap(plan.scalars, shape->rows, {shape->k, rows.rows, rows.batches}, {row, batch},
                  {HopperTile::kDepth, tile.rows(), 1});
  int64_t fullK = llvm::alignTo(shape->k, kPackK), fullN = llvm::alignTo(shape->n, kPackN);
  appendTensorMap(plan.scalars, shape->matrix, {fullK, fullN}, {fullK},
                  {HopperTile::kDepth, tile.columns});
  plan.tasks = tiles * shape->columnTiles();
  plan.multiplyAdds =
      plan.tasks * tile.rows() * tile.columns * shape->depthTiles() * HopperTile::kDepth;
  return plan;
}

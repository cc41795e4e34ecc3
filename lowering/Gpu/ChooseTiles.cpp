//===- ChooseTiles.cpp - Tiles of portable contractions -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A kernel is one function for all its calls. Its tile is the one that takes the least time over
// all of them, by a model of one multiprocessor: what tensor cores, shared memory and the epilogue
// take for the tiles that fall to it. Bits do not depend on the choice.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Contract.h"

using namespace mlir;
using namespace zorro;

/// Multiprocessors of the largest GPU of each kind, as its data sheet says.
static int64_t countProcessors(const GpuTarget &target) {
  switch (target.capability) {
  case 80:
    return 108; // A100
  case 86:
    return 84; // RTX 3090
  case 89:
    return 142; // L40S
  case 90:
    return 132; // H100, H200
  case 100:
    return 148; // B200
  default:
    return 188; // RTX PRO 6000
  }
}

int64_t ContractTile::clocks(int64_t steps) const {
  // Of a step of 128 bytes: 2048 operations a clock; 128 bytes a clock from and to shared memory.
  int64_t products = rows * columns / 16;
  int64_t fragments = 4 * (warpRows() + warpColumns()), copies = rows + columns;
  int64_t epilogue = rows * columns / 8;
  return steps * std::max(products, fragments + copies) + epilogue;
}

ContractTile zorro::chooseContractTile(int64_t k, int64_t n, int64_t elementBytes,
                                       ArrayRef<int64_t> calls, const GpuTarget &target) {
  // A block's beginning and end, in which nothing is multiplied; more where it has no neighbours.
  constexpr int64_t latency = 1500;
  int64_t processors = countProcessors(target);
  int64_t steps = llvm::divideCeil(k * elementBytes, ContractTile::kRowBytes);
  ContractTile best;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (auto [rows, columns, stages] :
       {std::array<int64_t, 3>{128, 128, 3}, {128, 64, 3}, {64, 128, 3}, {64, 64, 4},
        {32, 128, 4}, {32, 64, 4}, {16, 128, 4}, {16, 64, 4}}) {
    ContractTile tile{rows, columns, stages};
    int64_t resident = std::max<int64_t>(target.sharedLimit() / (stages * tile.stageBytes()), 1);
    int64_t time = 0;
    for (int64_t m : calls) {
      int64_t tiles = llvm::divideCeil(m, rows) * llvm::divideCeil(n, columns);
      int64_t each = llvm::divideCeil(tiles, processors);
      int64_t work = each * tile.clocks(steps);
      time += (each == 1 ? work * 7 / 5 : work) + latency * llvm::divideCeil(each, resident);
    }
    if (time < least) {
      least = time;
      best = tile;
    }
  }
  return calls.empty() ? ContractTile() : best;
}

void zorro::chooseContractTiles(ModuleOp module, const GpuTarget &target) {
  llvm::StringMap<SmallVector<int64_t>> calls;
  module.walk([&](CallOp call) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(call.getShape()).getShape();
    int64_t rows = 1;
    for (int64_t size : shape.drop_back())
      rows *= size;
    if (rows > 0)
      calls[call.getCallee()].push_back(rows);
  });
  for (auto kernel : module.getOps<KernelOp>()) {
    auto contract = dyn_cast<ContractOp>(kernel.getRoot());
    if (!contract || kernel.getScheduleAttr() || kernel->hasAttr(kHopperAttr))
      continue;
    BlockArgument matrix = KernelOp::getArgument(contract.getB());
    auto found = calls.find(kernel.getSymName());
    if (!matrix || found == calls.end())
      continue;
    int64_t bytes = getElementTypeOrSelf(matrix.getType()).getIntOrFloatBitWidth() / 8;
    ContractTile tile =
        chooseContractTile(contract.getK(), contract.getN(), bytes, found->second, target);
    kernel.setScheduleAttr(ScheduleAttr::get(kernel.getContext(), {tile.rows, tile.columns},
                                             tile.stages, /*unroll=*/1));
  }
}

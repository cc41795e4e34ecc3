//===- HopperContract.cpp - Rows times a packed matrix on sm_90a --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One thread of the first warpgroup copies tiles of rows and of the matrix into a ring of stages;
// the other warpgroups multiply them, each its own rows by all columns of the tile. A stage has two
// barriers: full (its bytes are there) and empty (all warps have read it).
//
// Sums are taken in steps of 16 in order, so a row's bits do not depend on the tile. Rows and
// summands beyond the tensor are zero in shared memory, and are not stored. An epilogue's operands
// are read at the last row or column instead, where theirs would lie outside.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/HopperContract.h"

#include "lowering/Cpu/VectorMath.h"
#include "lowering/Gpu/Hopper.h"
#include "lowering/Gpu/ScalarBody.h"

using namespace mlir;
using namespace zorro;

namespace {

class HopperContractEmitter {
public:
  HopperContractEmitter(HopperEmitter &e, DeviceFrame &frame, const HopperContract &shape)
      : e(e), frame(frame), s(shape), tile(shape.tile) {}

  void emit();

private:
  static constexpr int64_t kBarrierBytes = 16; ///< of a stage: full, then empty

  void emitPlace();
  void emitProducer();
  void emitConsumer();
  DeviceValues emitProducts();
  /// Where each operand of the epilogue lies in this lane's two rows among `height`'s 64.
  DeviceValues findOperands(int64_t height);
  /// The epilogue of `sums`, which begin at column `done` of the tile.
  void emitEpilogue(ArrayRef<Value> operands, int64_t done, MutableArrayRef<Value> sums);
  Value loadPair(const DeviceFrame::Memory &memory, Value index);
  void storeDirectly(int64_t height, MutableArrayRef<Value> sums);
  void storeThroughShared(int64_t height, MutableArrayRef<Value> sums);

  Value full(const RingPlace &at) { return e.add(barriers, e.mul(at.stage, kBarrierBytes)); }
  Value empty(Value stage) { return e.add(barriers, e.add(e.mul(stage, kBarrierBytes), 8)); }
  int64_t threads() const { return HopperEmitter::kGroup * (tile.consumers + 1); }
  int64_t rowBytes() const { return tile.rows() * HopperEmitter::kRowBytes; }
  int64_t columnBytes() const { return tile.columns * HopperEmitter::kRowBytes; }
  /// Where row `row` of the batch lies in an operand whose strides are scalars `first` and
  /// `first + 1`, in elements (i64).
  Value rowIndex(int64_t first, Value row) {
    return e.add(e.mul(e.wide(batch), frame.scalars[first]),
                 e.mul(e.wide(row), frame.scalars[first + 1]));
  }
  /// The first row of this warp's 16 rows among `height`'s 64, in the batch.
  Value warpRow(int64_t height) {
    return e.add(e.add(firstRow, e.mul(consumer, 64 * tile.heights)),
                 e.add(e.mul(warp, 16), 64 * height));
  }

  HopperEmitter &e;
  DeviceFrame &frame;
  const HopperContract &s;
  const HopperTile &tile;
  Value barriers, rowTiles, columnTiles;      // in shared memory
  Value batch, firstRow, firstColumn, rows;   // of this block's tile
  Value group, consumer, warp, lane;
};

} // namespace

/// The tile of this block: columns go round within a band of rows, so that blocks that run at the
/// same time share both.
void HopperContractEmitter::emitPlace() {
  Value tiles = e.narrow(frame.scalars[0]), inBatch = e.narrow(frame.scalars[1]);
  rows = e.narrow(frame.scalars[2]);
  int64_t band = std::max<int64_t>(2048 / tile.rows(), 1);
  Value block = e.block(), row, column;
  if (s.columnTiles() == 1) {
    row = block;
    column = e.number(0);
  } else {
    Value first = e.mul(e.div(block, band * s.columnTiles()), band);
    Value height = e.min(e.sub(tiles, first), e.number(band));
    Value inner = e.rem(block, band * s.columnTiles());
    row = e.add(first, e.rem(inner, height));
    column = e.div(inner, height);
  }
  batch = e.div(row, inBatch);
  firstRow = e.mul(e.rem(row, inBatch), tile.rows());
  firstColumn = e.mul(column, tile.columns);
}

void HopperContractEmitter::emit() {
  barriers = e.address(frame.reserve(tile.stages * kBarrierBytes));
  rowTiles = e.address(frame.reserve(tile.stages * rowBytes()));
  columnTiles = e.address(frame.reserve(tile.stages * columnBytes()));
  Value thread = e.thread();
  group = e.uniform(e.shr(thread, 7));
  emitPlace();
  e.ifThen(e.eq(thread, 0), [&] {
    for (int64_t stage = 0; stage < tile.stages; ++stage) {
      e.initBarrier(e.add(barriers, stage * kBarrierBytes), 1);
      e.initBarrier(e.add(barriers, stage * kBarrierBytes + 8), 4 * tile.consumers);
    }
    e.fenceAsync();
  });
  e.barrier();
  // Registers go from the producer to the consumers. Two warpgroups have enough.
  bool moves = tile.consumers > 1;
  e.ifThen(
      e.eq(group, 0),
      [&] {
        if (moves)
          e.setRegisters(tile.consumers == 2 ? 40 : 32, /*increase=*/false);
        e.ifThen(e.eq(thread, 0), [&] { emitProducer(); });
      },
      [&] {
        if (moves)
          e.setRegisters(tile.consumers == 2 ? 232 : 160, /*increase=*/true);
        consumer = e.sub(group, 1);
        lane = e.lane();
        warp = e.bitAnd(e.warp(), 3);
        emitConsumer();
      });
}

void HopperContractEmitter::emitProducer() {
  e.loop(e.number(0), e.number(s.depthTiles()), e.number(1), {e.number(0), e.number(1)},
         [&](Value step, ValueRange args) {
           RingPlace at{args[0], args[1]};
           e.wait(empty(at.stage), at.parity);
           e.arriveExpecting(full(at), tile.stageBytes());
           Value depth = e.mul(step, HopperTile::kDepth);
           e.copyTile(e.add(rowTiles, e.mul(at.stage, rowBytes())), frame.maps[0],
                      {depth, firstRow, batch}, full(at));
           e.copyTile(e.add(columnTiles, e.mul(at.stage, columnBytes())), frame.maps[1],
                      {depth, firstColumn}, full(at));
           RingPlace next = at.next(e, tile.stages);
           return DeviceValues{next.stage, next.parity};
         });
}

/// The products of a stage run while those of the next one are issued; then the stage is free.
DeviceValues HopperContractEmitter::emitProducts() {
  int64_t sums = tile.columns / 2;
  // Registers that products add to must be written before they begin. Of a loop, constants are;
  // where one stage is all, LLVM would write them too late.
  DeviceValues init(tile.heights * sums, e.real(0));
  if (s.depthTiles() == 1)
    for (Value &zero : init)
      zero = e.assembly(e.f32, "mov.b32 $0, 0;", "=f", {}, /*effects=*/true);
  init.append({e.number(0), e.number(0), e.number(0)});
  Value left = e.describe(e.add(rowTiles, e.mul(consumer, 64 * tile.heights *
                                                              HopperEmitter::kRowBytes)));
  Value right = e.describe(columnTiles), leads = e.eq(lane, 0);
  DeviceValues results = e.loop(
      e.number(0), e.number(s.depthTiles()), e.number(1), init, [&](Value step, ValueRange args) {
        DeviceValues values(args.drop_back(3));
        RingPlace at{args[args.size() - 3], args[args.size() - 2]};
        Value last = args[args.size() - 1];
        e.wait(full(at), at.parity);
        auto of = [&](Value description, int64_t bytes) {
          return e.add(description, e.mul(e.wide(at.stage), bytes >> 4));
        };
        Value a = of(left, rowBytes()), b = of(right, columnBytes());
        e.beginProducts();
        for (int64_t inner = 0; inner < HopperTile::kDepth; inner += 16)
          for (int64_t h = 0; h < tile.heights; ++h) {
            auto part = MutableArrayRef<Value>(values).slice(h * sums, sums);
            int64_t down = h * 64 * HopperEmitter::kRowBytes;
            DeviceValues next = e.product(part, e.advance(a, down + 2 * inner),
                                          e.advance(b, 2 * inner), /*transposed=*/false,
                                          /*first=*/false);
            llvm::copy(next, part.begin());
          }
        e.commitProducts();
        e.waitProducts(1);
        Value others = e.cmp(arith::CmpIPredicate::ne, step, e.number(0));
        e.ifThen(e.both(leads, others), [&] { e.arrive(empty(last)); });
        RingPlace next = at.next(e, tile.stages);
        values.append({next.stage, next.parity, at.stage});
        return values;
      });
  e.waitProducts(0);
  return DeviceValues(ArrayRef(results).drop_back(3));
}

void HopperContractEmitter::emitConsumer() {
  DeviceValues values = emitProducts();
  int64_t sums = tile.columns / 2;
  bool through = frame.result.element.isBF16();
  // All warps of the group have multiplied: its rows of the ring become room for the result.
  if (through)
    e.meet(e.add(consumer, 1), HopperEmitter::kGroup);
  for (int64_t h = 0; h < tile.heights; ++h) {
    auto part = MutableArrayRef<Value>(values).slice(h * sums, sums);
    if (through)
      storeThroughShared(h, part);
    else
      storeDirectly(h, part);
  }
}

//===----------------------------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------------------------===//

Value HopperContractEmitter::loadPair(const DeviceFrame::Memory &memory, Value index) {
  bool narrow = memory.element.isBF16();
  Value address = e.at(memory.address, e.mul(index, narrow ? 2 : 4));
  Type pair = VectorType::get(2, memory.element);
  Value values = e.load(pair, address, narrow ? 4 : 8);
  return narrow ? Value(arith::ExtFOp::create(e, VectorType::get(2, e.f32), values)) : values;
}

DeviceValues HopperContractEmitter::findOperands(int64_t height) {
  Value row = e.add(warpRow(height), e.shr(lane, 2)), last = e.sub(rows, 1);
  DeviceValues found;
  for (int64_t half = 0; half < 2; ++half)
    for (size_t i = 0; i < s.extras.size(); ++i)
      found.push_back(rowIndex(3 + 2 * i, e.min(e.add(row, 8 * half), last)));
  return found;
}

void HopperContractEmitter::emitEpilogue(ArrayRef<Value> operands, int64_t done,
                                         MutableArrayRef<Value> sums) {
  ContractOp contract = s.contract;
  if (contract.getEpilogue().empty())
    return;
  Value column = e.add(e.add(firstColumn, e.shl(e.bitAnd(lane, 3), 1)), done);
  for (size_t i = 0; i < sums.size(); i += 4) {
    Value at = e.add(column, int64_t(2 * i));
    if (s.n % tile.columns)
      at = e.min(at, e.number(s.n - 2));
    at = e.wide(at);
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value> pairs;
      for (size_t k = 0; k < s.extras.size(); ++k)
        pairs.push_back(loadPair(frame.inputs[s.extras[k]],
                                 e.add(operands[half * s.extras.size() + k], at)));
      for (int64_t c = 0; c < 2; ++c) {
        Value &sum = sums[i + 2 * half + c];
        SmallVector<Value> arguments = {sum};
        for (Value pair : pairs)
          arguments.push_back(LLVM::ExtractElementOp::create(e, pair, e.number(c)));
        sum = emitScalarBody(e, contract.getEpilogue().front(), arguments);
      }
    }
  }
}

/// Four lanes hold eight neighbours: 32 bytes of f32.
void HopperContractEmitter::storeDirectly(int64_t height, MutableArrayRef<Value> sums) {
  DeviceValues operands = findOperands(height);
  Value row = e.add(warpRow(height), e.shr(lane, 2));
  Value column = e.add(firstColumn, e.shl(e.bitAnd(lane, 3), 1));
  Value inTensor[2], address[2];
  for (int64_t half = 0; half < 2; ++half) {
    Value mine = e.add(row, 8 * half);
    Value base = e.add(rowIndex(s.scalarCount() - 2, mine), e.wide(column));
    inTensor[half] = e.lt(mine, rows);
    address[half] = e.at(frame.result.address, e.mul(base, 4));
  }
  for (int64_t i = 0; i < int64_t(sums.size()); i += 4) {
    emitEpilogue(operands, 2 * i, sums.slice(i, 4));
    for (int64_t half = 0; half < 2; ++half) {
      Value stored = inTensor[half], pair = LLVM::UndefOp::create(e, VectorType::get(2, e.f32));
      if (s.n % tile.columns)
        stored = e.both(stored, e.lt(e.add(column, 2 * i), e.number(s.n)));
      for (int64_t c = 0; c < 2; ++c)
        pair = LLVM::InsertElementOp::create(e, pair, sums[i + 2 * half + c], e.number(c));
      e.ifThen(stored, [&] { e.store(pair, e.at(address[half], 8 * i), 8); });
    }
  }
}

/// 64 columns at a time: a warp's 16 rows lie where it read rows before, swizzled as they were, and
/// leave as 128 neighbouring bytes each.
void HopperContractEmitter::storeThroughShared(int64_t height, MutableArrayRef<Value> sums) {
  DeviceValues operands = findOperands(height);
  int64_t first = s.scalarCount() - 2;
  Value place = e.add(rowTiles, e.add(e.mul(e.add(e.mul(consumer, tile.heights), height),
                                            64 * HopperEmitter::kRowBytes),
                                      e.mul(warp, 16 * HopperEmitter::kRowBytes)));
  Value top = warpRow(height);
  for (int64_t done = 0, slot = 0; done < tile.columns; done += 64, ++slot) {
    int64_t width = std::min<int64_t>(tile.columns - done, 64);
    if (slot >= tile.stages)
      e.syncWarp();
    SmallVector<Value> registers;
    for (int64_t k = 0; k < width; k += 16) {
      auto part = sums.slice((done + k) / 2, 8);
      emitEpilogue(operands, done + k, part);
      for (int64_t i = 0; i < 8; i += 2)
        registers.push_back(e.packPair(part[i], part[i + 1]));
    }
    Value stage = e.add(place, slot % tile.stages * rowBytes());
    e.storeRows(stage, registers,
                [&](Value row, Value piece, llvm::function_ref<Value()> load) {
      Value mine = e.add(top, row), column = e.add(e.add(firstColumn, e.shl(piece, 3)), done);
      Value inTensor = e.lt(mine, rows);
      if (width < 64)
        inTensor = e.both(inTensor, e.lt(piece, e.number(width / 8)));
      if (s.n % tile.columns)
        inTensor = e.both(inTensor, e.lt(column, e.number(s.n)));
      e.ifThen(inTensor, [&] {
        Value to = e.add(rowIndex(first, mine), e.wide(column));
        e.store(load(), e.at(frame.result.address, e.mul(to, 2)), 16);
      });
    });
  }
}

DeviceKernel zorro::emitHopperContract(KernelOp kernel, OpBuilder &builder) {
  std::string why;
  std::optional<HopperContract> shape = HopperContract::get(kernel, why);
  if (!shape)
    return kernel.emitOpError() << "expected " << why;
  HopperEmitter e(kernel.getLoc(), kernel.getContext());
  DeviceFrame frame(e, builder, kernel, /*tables=*/0, shape->scalarCount(), /*maps=*/2);
  HopperContractEmitter(e, frame, *shape).emit();
  LLVM::LLVMFuncOp func =
      frame.close(HopperEmitter::kGroup * (shape->tile.consumers + 1));
  func->setAttr(kHopperAttr, builder.getUnitAttr());
  // Without it, ptxas does not move registers.
  func->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(1));
  if (failed(expandMath(func)))
    return failure();
  return func;
}

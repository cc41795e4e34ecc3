//===- Hopper.cpp - What sm_90a adds to the code of a kernel -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The NVVM dialect has no product with its left side in registers and no loop that waits for a
// barrier; for these and their like, instructions are asked for by their text.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Hopper.h"

using namespace mlir;
using namespace zorro;

Value HopperEmitter::uniform(Value value) {
  return NVVM::ShflOp::create(*this, value.getType(), number(-1), value, number(0), number(31),
                              NVVM::ShflKind::idx, UnitAttr());
}

//===----------------------------------------------------------------------------------------===//
// Barriers and copies
//===----------------------------------------------------------------------------------------===//

void HopperEmitter::initBarrier(Value barrier, int64_t arrivals) {
  assembly(Type(), "mbarrier.init.shared::cta.b64 [$0], $1;", "r,r,~{memory}",
           {barrier, number(arrivals)}, /*effects=*/true);
}

void HopperEmitter::fenceAsync() {
  assembly(Type(), "fence.proxy.async.shared::cta;", "~{memory}", {}, /*effects=*/true);
}

void HopperEmitter::arrive(Value barrier) {
  assembly(Type(), "mbarrier.arrive.shared::cta.b64 _, [$0];", "r,~{memory}", {barrier},
           /*effects=*/true);
}

void HopperEmitter::arriveExpecting(Value barrier, int64_t bytes) {
  assembly(Type(), "mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1;", "r,r,~{memory}",
           {barrier, number(bytes)}, /*effects=*/true);
}

void HopperEmitter::wait(Value barrier, Value parity) {
  assembly(Type(),
           "{\n.reg .pred p;\nzorro_wait_${:uid}:\n"
           "mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1;\n"
           "@!p bra zorro_wait_${:uid};\n}",
           "r,r,~{memory}", {barrier, parity}, /*effects=*/true);
}

void HopperEmitter::copyTile(Value target, Value map, ValueRange coordinates, Value barrier) {
  size_t rank = coordinates.size();
  std::string text = "cp.async.bulk.tensor." + std::to_string(rank) +
                     "d.shared::cluster.global.mbarrier::complete_tx::bytes [$0], [$1, {";
  std::string constraints = "r,l";
  for (size_t i = 0; i < rank; ++i) {
    text += (i ? ", $" : "$") + std::to_string(2 + i);
    constraints += ",r";
  }
  text += "}], [$" + std::to_string(2 + rank) + "];";
  SmallVector<Value> operands = {target, map};
  llvm::append_range(operands, coordinates);
  operands.push_back(barrier);
  assembly(Type(), text, constraints + ",r,~{memory}", operands, /*effects=*/true);
}

void HopperEmitter::setRegisters(int64_t count, bool increase) {
  NVVM::SetMaxRegisterOp::create(*this, uint32_t(count),
                                 increase ? NVVM::SetMaxRegisterAction::increase
                                          : NVVM::SetMaxRegisterAction::decrease);
}

void HopperEmitter::meet(Value id, int64_t threads) {
  assembly(Type(), "bar.sync $0, $1;", "r,r,~{memory}", {id, number(threads)}, /*effects=*/true);
}

void HopperEmitter::announce(Value id, int64_t threads) {
  assembly(Type(), "bar.arrive $0, $1;", "r,r,~{memory}", {id, number(threads)}, /*effects=*/true);
}

//===----------------------------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------------------------===//

/// The address in units of 16 bytes, bytes from eight rows to the next eight (1024) in the same
/// unit, the swizzle of 128 bytes (1).
static Value makeDescription(HopperEmitter &e, Value address, int64_t leadingBytes) {
  Value place = arith::ExtUIOp::create(e, e.i64, e.shr(e.bitAnd(address, 0x3ffff), 4));
  return e.bitOr(place, e.number(e.i64, int64_t(1) << 62 | int64_t(1024 >> 4) << 32 |
                                            (leadingBytes >> 4) << 16));
}

Value HopperEmitter::describe(Value address) {
  // Without a second tile beside the first, the leading offset says nothing.
  return makeDescription(*this, address, 16);
}

Value HopperEmitter::describeTransposed(Value address, int64_t tileBytes) {
  return makeDescription(*this, address, tileBytes);
}

void HopperEmitter::beginProducts() { NVVM::WgmmaFenceAlignedOp::create(*this); }
void HopperEmitter::commitProducts() { NVVM::WgmmaGroupSyncAlignedOp::create(*this); }
void HopperEmitter::waitProducts(int64_t pending) {
  NVVM::WgmmaWaitGroupSyncOp::create(*this, uint64_t(pending));
}

DeviceValues HopperEmitter::product(ValueRange sums, ValueRange left, Value right, bool transposed,
                                    bool first) {
  size_t count = sums.size(), next = 2 * count;
  bool registers = left.size() > 1;
  std::string outputs, ties, text;
  auto list = [&](size_t begin, size_t size) {
    std::string all = "{";
    for (size_t i = begin; i < begin + size; ++i)
      all += (i > begin ? ", $" : "$") + std::to_string(i);
    return all + "}";
  };
  for (size_t i = 0; i < count; ++i) {
    outputs += "=f,";
    ties += std::to_string(i) + ",";
  }
  text = "{\n.reg .pred p;\nsetp.ne.b32 p, " + std::string(first ? "0" : "1") + ", 0;\n" +
         "wgmma.mma_async.sync.aligned.m64n" + std::to_string(2 * count) +
         "k16.f32.bf16.bf16 " + list(0, count) + ", ";
  if (registers)
    text += list(next, 4) + ", $" + std::to_string(next + 4) + ", p, 1, 1";
  else
    text += "$" + std::to_string(next) + ", $" + std::to_string(next + 1) + ", p, 1, 1, 0";
  text += transposed ? ", 1;\n}" : ", 0;\n}";
  SmallVector<Type> types(count, f32);
  Type structure = LLVM::LLVMStructType::getLiteral(getContext(), types);
  SmallVector<Value> operands(sums);
  llvm::append_range(operands, left);
  operands.push_back(right);
  Value all = assembly(structure, text, outputs + ties + (registers ? "r,r,r,r,l" : "l,l"),
                       operands, /*effects=*/true);
  DeviceValues results;
  for (size_t i = 0; i < count; ++i)
    results.push_back(LLVM::ExtractValueOp::create(*this, all, ArrayRef<int64_t>{int64_t(i)}));
  return results;
}

Value HopperEmitter::packPair(Value low, Value high, bool ordered) {
  return assembly(i32, "cvt.rn.bf16x2.f32 $0, $2, $1;", "=r,f,f", {low, high}, ordered);
}

Value HopperEmitter::exp2(Value x) {
  return assembly(f32, "ex2.approx.ftz.f32 $0, $1;", "=f,f", {x}, /*effects=*/false);
}

void HopperEmitter::storeMatrices(Value address, ValueRange registers) {
  SmallVector<Value> operands = {address};
  llvm::append_range(operands, registers);
  assembly(Type(), "stmatrix.sync.aligned.m8n8.x4.shared.b16 [$0], {$1, $2, $3, $4};",
           "r,r,r,r,r,~{memory}", operands, /*effects=*/true);
}

void HopperEmitter::syncWarp() { NVVM::SyncWarpOp::create(*this, number(-1)); }

void HopperEmitter::storeRows(
    Value place, ValueRange registers,
    llvm::function_ref<void(Value, Value, llvm::function_ref<Value()>)> store) {
  Value lane = this->lane(), row = bitAnd(lane, 15), half = shr(lane, 4);
  Value written = add(place, mul(row, kRowBytes)), swizzle = bitAnd(row, 7);
  for (size_t k = 0; 4 * k < registers.size(); ++k) {
    Value piece = bitXor(add(half, int64_t(2 * k)), swizzle);
    storeMatrices(add(written, shl(piece, 4)), registers.slice(4 * k, 4));
  }
  syncWarp();
  Value piece = bitAnd(lane, 7);
  for (int64_t r = 0; r < 16; r += 4) {
    Value from = add(shr(lane, 3), r);
    store(from, piece, [&] {
      Value at = add(place, add(mul(from, kRowBytes), shl(bitXor(piece, bitAnd(from, 7)), 4)));
      return load(VectorType::get(4, i32), create<LLVM::IntToPtrOp>(shared, at), 16);
    });
  }
}

RingPlace RingPlace::next(DeviceEmitter &e, int64_t stages) const {
  Value after = e.add(stage, 1), around = e.eq(after, stages);
  return {e.select(around, e.number(0), after),
          e.select(around, e.bitXor(parity, 1), parity)};
}

void zorro::appendTensorMap(SmallVectorImpl<int64_t> &scalars, int64_t word, ArrayRef<int64_t> dims,
                            ArrayRef<int64_t> strides, ArrayRef<int64_t> box) {
  constexpr int64_t element = 2;
  zorro_tensor_map map = {};
  map.word = word;
  map.type = ZORRO_BF16;
  map.rank = dims.size();
  map.swizzle = HopperEmitter::kRowBytes;
  for (size_t i = 0; i < dims.size(); ++i) {
    map.dims[i] = dims[i];
    map.strides[i] = i ? strides[i - 1] * element : element;
    map.box[i] = box[i];
  }
  static_assert(sizeof(map) == ZORRO_MAP_WORDS * sizeof(int64_t), "a map is made of words");
  const int64_t *words = reinterpret_cast<const int64_t *>(&map);
  scalars.append(words, words + ZORRO_MAP_WORDS);
}

//===- TensorCore.cpp - Building blocks of kernels on tensor cores ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/TensorCore.h"

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------------------------===//

Value TensorCore::word(Value shared) { return LLVM::PtrToIntOp::create(e, e.i32, shared); }

Value TensorCore::pointer(Value word, int64_t bytes) {
  return e.at(LLVM::IntToPtrOp::create(e, e.shared, word), bytes);
}

Value TensorCore::swizzle(Value row, Value piece, int64_t rowBytes) {
  assert((rowBytes == 128 || rowBytes == 64) && "other rows need another permutation");
  Value key = rowBytes == 128 ? e.bitAnd(row, 7) : e.bitAnd(e.shr(row, 1), 3);
  return e.shl(e.bitXor(piece, key), 4);
}

//===----------------------------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------------------------===//

void TensorCore::copy(Value word, int64_t bytes, Value global, int64_t size, Value valid) {
  // Whole lines of 16 bytes go past the first-level cache: no warp reads them twice.
  auto cache = size == 16 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
  NVVM::CpAsyncOp::create(e, pointer(word, bytes), global, size, cache, valid);
}

void TensorCore::commit() { NVVM::CpAsyncCommitGroupOp::create(e); }
void TensorCore::wait(int64_t groups) { NVVM::CpAsyncWaitGroupOp::create(e, groups); }

//===----------------------------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------------------------===//

static Type fourOf(DeviceEmitter &e, Type type) {
  return LLVM::LLVMStructType::getLiteral(e.getContext(), {type, type, type, type});
}

static DeviceValues members(DeviceEmitter &e, Value record) {
  DeviceValues values;
  for (int64_t i = 0; i < 4; ++i)
    values.push_back(LLVM::ExtractValueOp::create(e, record, i));
  return values;
}

DeviceValues TensorCore::loadMatrices(Value word, int64_t bytes, bool transposed) {
  MLIRContext *context = e.getContext();
  auto shape = NVVM::LdStMatrixShapeAttr::get(context, 8, 8);
  auto layout = transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row;
  return members(e, NVVM::LdMatrixOp::create(e, fourOf(e, e.i32), pointer(word, bytes), 4, layout,
                                             shape, NVVM::LdStMatrixEltType::B16));
}

TensorCore::LanePlace TensorCore::rowsPlace() {
  Value lane = e.lane();
  return {e.bitAnd(lane, 15), e.shr(lane, 4)};
}

TensorCore::LanePlace TensorCore::columnsPlace() {
  Value lane = e.lane();
  Value row = e.add(e.bitAnd(lane, 7), e.shl(e.shr(lane, 4), 3));
  return {row, e.bitAnd(e.shr(lane, 3), 1)};
}

DeviceValues TensorCore::multiply(Precision precision, ValueRange rows, ValueRange columns,
                                  ValueRange sums) {
  bool half = precision == Precision::Bf16;
  assert((half || precision == Precision::Tf32) && "tensor cores do not multiply f32");
  NVVM::MMATypes type = half ? NVVM::MMATypes::bf16 : NVVM::MMATypes::tf32;
  return members(e, NVVM::MmaOp::create(
                        e, fourOf(e, e.f32), rows, columns, sums,
                        ArrayRef<int64_t>{16, 8, half ? 16 : 8}, std::nullopt, std::nullopt,
                        std::array{type, type},
                        std::array{NVVM::MMALayout::row, NVVM::MMALayout::col}));
}

//===----------------------------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------------------------===//

Value TensorCore::packBf16(Value low, Value high) {
  return e.assembly(e.i32, "cvt.rn.bf16x2.f32 $0, $2, $1;", "=r,f,f", {low, high},
                    /*effects=*/false);
}

std::pair<Value, Value> TensorCore::unpackBf16(Value pair) {
  auto real = [&](Value bits) -> Value { return arith::BitcastOp::create(e, e.f32, bits); };
  return {real(e.shl(pair, 16)), real(e.bitAnd(pair, -65536))};
}

Value TensorCore::roundTf32(Value bits) {
  return e.assembly(e.i32, "cvt.rna.tf32.f32 $0, $1;", "=r,r", {bits}, /*effects=*/false);
}

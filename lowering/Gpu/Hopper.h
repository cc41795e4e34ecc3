//===- Hopper.h - What sm_90a adds to the code of a kernel ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Tiles that the tensor memory accelerator copies through tensor maps, barriers in shared memory
// that count its bytes, products of warpgroups (128 threads), and registers moved between them.
//
// A tile in shared memory is rows of 128 bytes (64 bf16), its 16-byte chunks swizzled by the row:
// chunk c of row r lies at r * 128 + ((c ^ (r & 7)) << 4). Tiles begin at multiples of 1024 bytes.
// Addresses in shared memory are 32-bit integers here.
//
// An accumulator of a product of 64 rows and n columns is n / 2 numbers a thread: number i of lane
// l in warp w of the warpgroup stands in row 16 w + l / 4 + 8 (i / 2 % 2) and in column
// 8 (i / 4) + 2 (l % 4) + i % 2. Packed in pairs, numbers 8 k .. 8 k + 7 are the four registers of
// the left operand in step k of a product that follows.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_HOPPER_H
#define ZORRO_LOWERING_GPU_HOPPER_H

#include "lowering/Gpu/DeviceFrame.h"
#include "runtime/Abi/Abi.h"

namespace zorro {

class HopperEmitter : public DeviceEmitter {
public:
  using DeviceEmitter::DeviceEmitter;

  /// Threads of a warpgroup, bytes of a row of a tile and bf16 elements in it.
  static constexpr int64_t kGroup = 128, kRowBytes = 128, kRowSize = 64;

  /// The 32-bit address of a place in shared memory.
  Value address(Value pointer) { return create<mlir::LLVM::PtrToIntOp>(i32, pointer); }
  /// The same number in all lanes of the warp, said so that code may branch on it.
  Value uniform(Value value);

  // Barriers in shared memory, 8 bytes each.
  void initBarrier(Value barrier, int64_t arrivals);
  /// What the threads wrote to shared memory is seen by copies and products that follow.
  void fenceAsync();
  void arrive(Value barrier);
  /// Arrives, and says how many bytes copies will bring before the phase is over.
  void arriveExpecting(Value barrier, int64_t bytes);
  /// Waits until the phase of this parity is over.
  void wait(Value barrier, Value parity);

  /// Begins the copy of a box, innermost coordinate first; `barrier` counts its bytes.
  void copyTile(Value target, Value map, mlir::ValueRange coordinates, Value barrier);

  /// Registers of each thread of the warpgroup from here on, a multiple of 8.
  void setRegisters(int64_t count, bool increase);
  /// Barrier `id` of `threads` threads: meet there, or only say that one was there.
  void meet(Value id, int64_t threads);
  void announce(Value id, int64_t threads);

  // Products.

  /// Describes a tile: its rows are steps of the right-hand side's columns or the left-hand side's
  /// rows, its columns are summed over.
  Value describe(Value address);
  /// Describes a tile the other way round: its rows are summed over. More than 64 columns lie in
  /// further tiles, each `tileBytes` behind the last.
  Value describeTransposed(Value address, int64_t tileBytes);
  /// The tile `bytes` further on.
  Value advance(Value description, int64_t bytes) { return add(description, bytes >> 4); }
  void beginProducts();
  void commitProducts();
  /// Waits until at most `pending` committed groups of products run.
  void waitProducts(int64_t pending);
  /// sums += left * right over 16 steps, columns = 2 * sums; the left side is described, or in
  /// registers (four). `first` takes the sums as zero.
  DeviceValues product(mlir::ValueRange sums, mlir::ValueRange left, Value right, bool transposed,
                       bool first);

  /// Two f32 as bf16 in one register, the first in its low half. An ordered one stays where it is
  /// between waits and products.
  Value packPair(Value low, Value high, bool ordered = false);
  /// 2^x, subnormal results as zero.
  Value exp2(Value x);
  /// Four 8x8 matrices of 16-bit numbers: lane l gives the address of row l % 8 of matrix l / 8.
  void storeMatrices(Value address, mlir::ValueRange registers);
  void syncWarp();
  /// Brings 16 rows of `registers` / 4 * 16 bf16 columns (at most 64), as a product leaves them and
  /// packPair packs them, through the warp's 2048 bytes at `place` into pieces of 16 bytes: `store`
  /// is asked for row, piece in it, and how to load the piece.
  void storeRows(Value place, mlir::ValueRange registers,
                 llvm::function_ref<void(Value row, Value piece, llvm::function_ref<Value()> load)>
                     store);
};

/// A place in a ring of stages: the stage, and the parity of the phase that is waited for there.
struct RingPlace {
  mlir::Value stage, parity;

  /// The place that follows, in a ring of `stages`.
  RingPlace next(DeviceEmitter &e, int64_t stages) const;
};

/// Appends the words of a tensor map (ZORRO_MAP_WORDS) of bf16 to the scalars of a launch. Strides
/// and offset are in elements; `dims` and `box` go from the innermost axis outwards and `strides`
/// names those of the axes from 1 on.
void appendTensorMap(llvm::SmallVectorImpl<int64_t> &scalars, int64_t word,
                     llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<int64_t> strides,
                     llvm::ArrayRef<int64_t> box);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_HOPPER_H

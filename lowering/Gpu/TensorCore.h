//===- TensorCore.h - Building blocks of kernels on tensor cores --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What every GPU since sm_80 has: asynchronous copies into shared memory, fragments loaded from
// there, products of fragments. Addresses in shared memory are 32-bit words here; a part of an
// address that is known goes into the instruction.
//
// With g = lane / 4 and t = lane % 4, a fragment's registers hold, as (row, column):
//   rows, bf16 [16, 16]     (g, 2t..) (g+8, 2t..) (g, 2t+8..) (g+8, 2t+8..), two numbers each
//   rows, tf32 [16, 8]      (g, t) (g+8, t) (g, t+4) (g+8, t+4)
//   columns, bf16 [8, 16]   (g, 2t..) (g, 2t+8..)
//   columns, tf32 [8, 8]    (g, t) (g, t+4)
//   sums, f32 [16, 8]       (g, 2t) (g, 2t+1) (g+8, 2t) (g+8, 2t+1)
// In bytes bf16 and tf32 are the same: 16 rows, or 8 columns, of 32 bytes.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_TENSORCORE_H
#define ZORRO_LOWERING_GPU_TENSORCORE_H

#include "lowering/Gpu/DeviceFrame.h"

namespace zorro {

class TensorCore {
public:
  using Value = mlir::Value;

  explicit TensorCore(DeviceEmitter &e) : e(e) {}

  // Shared memory.

  /// The word of an address in shared memory (`!llvm.ptr<3>`), and the address of a word.
  Value word(Value shared);
  Value pointer(Value word, int64_t bytes = 0);

  /// Where the 16-byte piece `piece` of row `row` lies in a tile of rows of 128 or 64 bytes: in
  /// bytes from the row's begin. Pieces are permuted within a row so that neither a copy of rows
  /// nor the load of a fragment meets a bank twice. The permutation is an exclusive or: a step of
  /// 2^n pieces, from a piece whose bit n is not set, is an exclusive or with 16 · 2^n bytes.
  Value swizzle(Value row, Value piece, int64_t rowBytes = 128);

  // Asynchronous copies.

  /// Copies `size` (4, 8 or 16) bytes of global memory to word + bytes. Where `valid` is given,
  /// only so many are read and the rest becomes zero. Both addresses are multiples of `size`.
  void copy(Value word, int64_t bytes, Value global, int64_t size = 16, Value valid = nullptr);
  /// Ends a group of copies, which may be empty.
  void commit();
  /// Waits until at most `groups` groups of this thread are under way. Others see what was copied
  /// after a barrier.
  void wait(int64_t groups);

  // Fragments.

  /// Four matrices of 8 rows × 16 bytes from word + bytes: lane l gives the address of row l % 8
  /// of matrix l / 8 and gets of each matrix the 4 bytes l % 4 of row l / 4. Transposed, on 8 × 8
  /// numbers of 2 bytes: numbers 2t and 2t+1 of column g.
  DeviceValues loadMatrices(Value word, int64_t bytes = 0, bool transposed = false);
  /// The row and the half (of 32 bytes) whose address this lane gives, for one fragment of 16 rows
  /// (registers in order) or for two of 8 columns each (two registers each).
  struct LanePlace {
    Value row, half;
  };
  LanePlace rowsPlace();
  LanePlace columnsPlace();

  /// sums + rows · columns, with 4, 2 and 4 registers.
  DeviceValues multiply(Precision precision, mlir::ValueRange rows, mlir::ValueRange columns,
                        mlir::ValueRange sums);

  // Numbers.

  /// Two f32, rounded to bf16, in one register: `low` in the low half.
  Value packBf16(Value low, Value high);
  /// The two f32 of such a register.
  std::pair<Value, Value> unpackBf16(Value pair);
  /// The bits of an f32, given as such, of the nearest tf32; ties away from zero.
  Value roundTf32(Value bits);

private:
  DeviceEmitter &e;
};

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_TENSORCORE_H

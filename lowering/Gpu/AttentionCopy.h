//===- AttentionCopy.h - Rows of heads into shared memory ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_ATTENTIONCOPY_H
#define ZORRO_LOWERING_GPU_ATTENTIONCOPY_H

#include "lowering/Gpu/AttentionKeys.h"
#include "lowering/Gpu/TensorCore.h"

namespace zorro {

/// One head of q, k, v or the result.
struct HeadMemory {
  mlir::Value address;  ///< of its first token
  mlir::Value rowBytes; ///< from token to token, 32 bits
  mlir::Type element;   ///< bf16 or f32
  int64_t size = 0;     ///< numbers of a token
  /// Whether every row begins at a multiple of 16 bytes; of a pair of numbers, for the result.
  mlir::Value aligned;

  int64_t bytes() const { return element.isF32() ? 4 : 2; }
  mlir::Value row(DeviceEmitter &e, mlir::Value token) const {
    return e.at(address, e.mul(e.wide(token), e.wide(rowBytes)));
  }
};

/// Copies `rows` rows of a head to shared memory, in the precision's numbers, 16 bytes more than a
/// filled row apart: the row that `rowAt` names for each, or zeros where it names none, and zeros
/// behind the head. No other row is read. Copies are asynchronous where rows are aligned and hold
/// such numbers already.
void emitCopy(DeviceEmitter &e, TensorCore &core, const DeviceAttention &shape,
              const HeadMemory &head, mlir::Value word, int64_t rows,
              llvm::function_ref<AttentionKeys::Row(mlir::Value)> rowAt);

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_ATTENTIONCOPY_H

//===- Contract.h - What is fixed in a contraction's code ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_CONTRACT_H
#define ZORRO_LOWERING_CPU_CONTRACT_H

#include "lowering/Cpu/Emitters.h"

namespace zorro {

/// The static part of a contraction: what its function is made from and its planner must know.
///
/// Scalars of a launch: rows in all, rows of a batch, groups of panels; then batch and row stride of
/// the rows, of each epilogue operand and of the result.
struct ContractShape {
  ContractOp contract;
  mlir::Operation *norm = nullptr;  ///< of the rows, if any
  int64_t rows = -1, matrix = -1;   ///< argument numbers
  llvm::SmallVector<int64_t> extras;
  int64_t k = 0, n = 0, panels = 0;
  int64_t tileRows = 0, tileColumns = 0, unroll = 4;
  int64_t blockStrips = 1;          ///< strips of tileRows rows in a block

  int64_t scalarCount() const { return 3 + 2 * (2 + int64_t(extras.size())); }
  static mlir::FailureOr<ContractShape> get(KernelOp kernel, const CpuTarget &target);
};

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_CONTRACT_H

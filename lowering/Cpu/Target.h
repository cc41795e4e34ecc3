//===- Target.h - What a CPU can do ------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The CPU that code is made for, as a set of features: names are only aliases of sets, and `native`
// is what this machine reports.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_TARGET_H
#define ZORRO_LOWERING_CPU_TARGET_H

#include "mlir/Support/LLVM.h"

#include <string>

namespace zorro {

struct CpuTarget {
  std::string name;          ///< as asked for: "x86-64-v4", "native", …
  std::string triple;        ///< "x86_64-pc-linux-gnu"
  std::string cpu;           ///< always "x86-64": features say the rest
  std::string tuneCpu;       ///< a CPU of this feature set, for scheduling only
  std::string features;      ///< "+avx,+avx2,…"
  std::string dataLayout;    ///< LLVM's string for the triple
  unsigned lanes = 8;        ///< f32 values in a register
  bool avx512 = false;       ///< F, CD, BW, DQ and VL
  uint64_t abiFeatures = 0;  ///< bits of zorro_cpu_feature that the code requires

  /// Rows and columns of the contraction's register tile. The columns are the width of a weight's
  /// packed panel.
  int64_t tileRows() const { return avx512 ? 8 : 4; }
  int64_t tileColumns() const { return avx512 ? 48 : 24; }

  /// Any x86-64 machine: for code that only starts kernels elsewhere.
  static CpuTarget baseline();
  /// The target called x86-64-v3, x86-64-v4, znver4, sapphirerapids or native; a message otherwise.
  static mlir::FailureOr<CpuTarget> get(llvm::StringRef name, std::string *message = nullptr);
};

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_TARGET_H

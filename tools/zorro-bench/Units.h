//===- Units.h - Units that multiply and add, kept busy ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Loops that touch no memory: as fast as this processor multiplies and adds.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_BENCH_UNITS_H
#define ZORRO_TOOLS_ZORRO_BENCH_UNITS_H

#include "tools/zorro-bench/Roofs.h"

namespace zorro::bench {

struct Unit {
  const char *name; // "avx512f", "avx2", "sse2", "avx512bf16", "amx_bf16"
  /// Some 100 microseconds of work; returns its operations.
  int64_t (*turns)() = nullptr;
};

/// The unit behind a roof; without `turns` where the processor lacks it or the system forbids it.
Unit unitOf(Roof roof);

} // namespace zorro::bench

#endif // ZORRO_TOOLS_ZORRO_BENCH_UNITS_H

//===- Peak.h - What this machine can do at most ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The largest rate of f32 multiply-adds, measured with registers only: what a kernel's rate is a
// share of.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_BENCH_PEAK_H
#define ZORRO_TOOLS_ZORRO_BENCH_PEAK_H

#include "runtime/Cpu/ThreadPool.h"

namespace zorro::bench {

/// Floating-point operations per second (a multiply-add counts two) of all threads of `pool`
/// together, over some `seconds`.
double measurePeak(runtime::ThreadPool &pool, double seconds);

/// "avx512f", "avx2" or "sse2": the registers that measurePeak uses here.
const char *peakRegisters();

} // namespace zorro::bench

#endif // ZORRO_TOOLS_ZORRO_BENCH_PEAK_H

//===- FloatMode.h - Floating-point mode of a run --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Generated code runs with one fixed mode: round to nearest, no traps, subnormal numbers read and
// written as zero (a subnormal operand costs some 100 cycles on most machines).
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CPU_FLOATMODE_H
#define ZORRO_RUNTIME_CPU_FLOATMODE_H

#include <xmmintrin.h>

namespace zorro::runtime {

/// Sets the mode of the calling thread and, when it goes, the mode that was there before.
class FloatMode {
public:
  FloatMode() : previous(_mm_getcsr()) { _mm_setcsr(kernelMode); }
  ~FloatMode() { _mm_setcsr(previous); }
  FloatMode(const FloatMode &) = delete;
  FloatMode &operator=(const FloatMode &) = delete;

private:
  static constexpr unsigned maskAll = 0x1f80, flushToZero = 0x8000, denormalsAreZero = 0x0040;
  static constexpr unsigned kernelMode = maskAll | flushToZero | denormalsAreZero;
  unsigned previous;
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CPU_FLOATMODE_H

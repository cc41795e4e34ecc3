//===- Roofs.h - What this machine can do at most ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The rates that bound a kernel, measured on all threads of a pool at once: of the units that
// multiply and add, with registers only, and of reading the memory that feeds them.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_BENCH_ROOFS_H
#define ZORRO_TOOLS_ZORRO_BENCH_ROOFS_H

#include "runtime/Cpu/ThreadPool.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace zorro::bench {

enum class Roof {
  Fma,    ///< f32 multiply-adds in vector registers
  Dots,   ///< bf16 products, summed in pairs, in vector registers (vdpbf16ps)
  Tiles,  ///< bf16 products of tiles (AMX)
  L2,     ///< reading what lies in each core's second cache
  L3,     ///< reading what lies in the last cache
  Memory, ///< reading what no cache holds
};
constexpr size_t roofCount = 6;
constexpr Roof allRoofs[roofCount] = {Roof::Fma, Roof::Dots, Roof::Tiles,
                                      Roof::L2,  Roof::L3,   Roof::Memory};

/// "fma", "dots", "tiles", "L2", "L3", "memory".
const char *nameOf(Roof roof);
/// Whether its rate is in bytes, and not in operations.
constexpr bool isMemory(Roof roof) { return roof >= Roof::L2; }

/// Operations (a multiply-add counts two) or bytes per second, by roof; 0 where not measured.
struct Rates {
  std::array<double, roofCount> perSecond = {};
  double &operator[](Roof roof) { return perSecond[size_t(roof)]; }
  double operator[](Roof roof) const { return perSecond[size_t(roof)]; }
};
/// Of each the larger: what disturbs a probe only ever makes it slower.
Rates larger(const Rates &a, const Rates &b);

class Roofs {
public:
  /// Null if the system gives no more threads.
  static std::unique_ptr<Roofs> create(unsigned threads);

  /// Whether the processor has it and the system allows it.
  bool has(Roof roof) const;
  /// What it is measured with: "avx512f", "1.0 MB a thread".
  std::string describe(Roof roof) const;
  /// The rate of all threads together, over some `seconds`; 0 if there is no memory to read.
  double measure(Roof roof, double seconds);
  /// The fastest memory that can hold `bytes`, split over the threads.
  Roof memoryFor(double bytes) const;

private:
  explicit Roofs(std::unique_ptr<runtime::ThreadPool> pool);
  double measureThread(Roof roof, unsigned thread, double seconds);

  std::unique_ptr<runtime::ThreadPool> pool;
  struct Walk; // one thread's way through its memory
  struct Free {
    void operator()(Walk *walk) const;
  };
  std::array<size_t, roofCount> setBytes = {}; // of a thread, for roofs of memory
  std::vector<std::unique_ptr<Walk, Free>> walks; // by thread
  double l2Bytes, l3Bytes;                        // of a core, of all cores
};

} // namespace zorro::bench

#endif // ZORRO_TOOLS_ZORRO_BENCH_ROOFS_H

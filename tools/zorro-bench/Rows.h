//===- Rows.h - Google Benchmark's rows of an artefact ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// For one number of threads: "peak/<roof>", "<entry>", "<entry>/<kernel>", "<entry>/kind:<kind>",
// each with "/threads:N" behind it if there are several numbers.
//
// Counters: GF/s (twice the multiply-adds, on unmasked work) and GB/s (bytes that launches must
// touch); peak, of the roof that the row's label names, in the same units; share, the least time
// that the roofs allow, of the time that was measured. On a GPU there are no roofs.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_BENCH_ROWS_H
#define ZORRO_TOOLS_ZORRO_BENCH_ROWS_H

#include "tools/zorro-bench/Bound.h"
#include "tools/zorro-bench/KernelTimes.h"

#include <benchmark/benchmark.h>

namespace zorro::bench {

/// The rows of one number of threads. Registered rows point to it: it must outlive them.
class Rows {
public:
  /// Without `probe`, roofs are not measured.
  Rows(const Model &model, uint32_t threads, uint32_t runs, bool probe)
      : model(model), threads(threads), runs(runs), probes(probe) {}

  /// `suffix` ends every name.
  void registerAll(const std::string &suffix);
  /// Whether a row could not be measured.
  bool hasFailed() const { return failed; }

private:
  struct Entry;
  void registerEntry(Entry &entry, const std::string &suffix);
  void runRoof(benchmark::State &state, Roof roof);
  void runEntry(benchmark::State &state, Entry &entry);
  void runKernels(benchmark::State &state, Entry &entry, const std::vector<uint32_t> &kernels,
                  size_t repetition);
  /// The rates that a bound needs, each measured for some milliseconds.
  Rates measure(const Bound &bound);
  Roofs *getRoofs();
  Workload *workloadOf(Entry &entry);
  /// What launches of some kernels are bound by.
  Bound boundOf(const Entry &entry, const std::vector<uint32_t> &kernels);
  void fail(benchmark::State &state, const char *reason);

  const Model &model;
  const uint32_t threads, runs;
  const bool probes;
  bool failed = false;
  std::unique_ptr<Roofs> roofs;
  std::vector<std::shared_ptr<Entry>> entries;
};

} // namespace zorro::bench

#endif // ZORRO_TOOLS_ZORRO_BENCH_ROWS_H

//===- KernelTimes.h - How long each kernel of an entry takes ----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Per-kernel rows come from traces of whole runs: a kernel is timed where it stands, with the
// caches as its neighbours leave them. One recording serves the rows of all kernels.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_BENCH_KERNELTIMES_H
#define ZORRO_TOOLS_ZORRO_BENCH_KERNELTIMES_H

#include "runtime/Core/Zorro.hpp"

#include <string>
#include <vector>

namespace zorro::bench {

/// A session with inputs and outputs of its own, filled with small random numbers.
class Workload {
public:
  /// False, with zorro_last_error(), if the session cannot be made.
  bool create(const Model &model, const char *entry, uint32_t threads);
  zorro_status run();
  Session &session() { return owned; }

private:
  Session owned;
  std::vector<std::vector<uint64_t>> buffers;
  std::vector<zorro_tensor_view> inputs, outputs;
};

class KernelTimes {
public:
  /// Seconds spent in each kernel (by the model's index) in each of `runs` runs. Row k asks for
  /// repetition r with a counter of its own; a repetition that no row has asked for is measured.
  KernelTimes(const Model &model, uint32_t runs) : model(model), runs(runs) {}

  /// Null, with zorro_last_error(), if a run fails.
  const std::vector<std::vector<double>> *recording(Workload &workload, size_t repetition);

private:
  bool record(Workload &workload);

  const Model &model;
  uint32_t runs;
  std::vector<std::vector<std::vector<double>>> recordings; // [repetition][run][kernel]
};

} // namespace zorro::bench

#endif // ZORRO_TOOLS_ZORRO_BENCH_KERNELTIMES_H

//===- KernelTimes.h - How long each kernel of an entry takes ----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Per-kernel rows come from traces of whole runs: a kernel is timed where it stands, with the
// caches as its neighbours leave them. One recording serves the rows of all kernels. Between its
// runs stand probes of what the machine can do, for clocks change from minute to minute.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_BENCH_KERNELTIMES_H
#define ZORRO_TOOLS_ZORRO_BENCH_KERNELTIMES_H

#include "runtime/Core/Zorro.hpp"
#include "tools/zorro-bench/Roofs.h"

#include <functional>
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
  /// What the last run wrote.
  const std::vector<zorro_tensor_view> &results() const { return outputs; }

private:
  Session owned;
  std::vector<std::vector<uint64_t>> buffers;
  std::vector<zorro_tensor_view> inputs, outputs;
};

/// One run: the seconds spent in each kernel (by the model's index), and the rates measured before
/// and after it.
struct KernelRun {
  std::vector<double> seconds;
  Rates rates;
};

class KernelTimes {
public:
  /// Records `runs` runs for each repetition. Row k asks for repetition r with a counter of its
  /// own; a repetition that no row has asked for is measured.
  KernelTimes(const Model &model, uint32_t runs, std::function<Rates()> probe)
      : model(model), runs(runs), probe(std::move(probe)) {}

  /// Null, with zorro_last_error(), if a run fails.
  const std::vector<KernelRun> *recording(Workload &workload, size_t repetition);

private:
  bool record(Workload &workload);
  bool runOnce(Workload &workload, std::vector<double> &seconds);

  const Model &model;
  uint32_t runs;
  std::function<Rates()> probe;
  std::vector<std::vector<KernelRun>> recordings; // by repetition
};

/// Of runs that are shorter, probes would spoil the caches: one more goes before, unmeasured.
constexpr double shortRun = 0.05;

} // namespace zorro::bench

#endif // ZORRO_TOOLS_ZORRO_BENCH_KERNELTIMES_H

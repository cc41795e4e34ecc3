//===- Rows.cpp - Google Benchmark's rows of an artefact ---------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-bench/Rows.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

using namespace zorro;
using namespace zorro::bench;

static constexpr double probeSeconds = 0.008;
/// Between probes of an entry that takes less.
static constexpr double probeEvery = 0.1;

/// One entry. The session is made by the first row that needs it.
struct Rows::Entry {
  Entry(const zorro_entry_desc &desc) : desc(desc) {}

  const zorro_entry_desc &desc;
  std::unique_ptr<Workload> workload;
  std::unique_ptr<KernelTimes> times;
};

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

namespace {
/// Of rows: what was measured, beside the least that it could have been.
struct Measured {
  double seconds = 0, bound = 0, runs = 0;
  Rates rates; // the best seen

  void add(double spent, double count, const Bound &bounds, const Rates &beside) {
    seconds += spent;
    runs += count;
    bound += count * bounds.seconds(beside);
    rates = larger(rates, beside);
  }
  void report(benchmark::State &state, const Bound &bounds) const {
    double scale = seconds > 0 ? runs / seconds * 1e-9 : 0;
    state.counters["GF/s"] = bounds.operations * scale;
    state.counters["GB/s"] = bounds.bytes * scale;
    Roof limit = bounds.limit(rates);
    if (rates[limit] <= 0)
      return;
    state.SetLabel(nameOf(limit));
    state.counters["peak"] = rates[limit] * 1e-9;
    state.counters["share"] = seconds > 0 ? bound / seconds : 0;
  }
};
} // namespace

//===----------------------------------------------------------------------------------------===//
// What the rows share
//===----------------------------------------------------------------------------------------===//

/// Marks the row, and the program's exit code, as failed.
void Rows::fail(benchmark::State &state, const char *reason) {
  failed = true;
  state.SkipWithError(reason);
}

Roofs *Rows::getRoofs() {
  if (probes && !roofs)
    roofs = Roofs::create(threads);
  return roofs.get();
}

Workload *Rows::workloadOf(Entry &entry) {
  if (entry.workload)
    return entry.workload.get();
  auto made = std::make_unique<Workload>();
  if (!made->create(model, entry.desc.name, threads))
    return nullptr;
  entry.workload = std::move(made);
  return entry.workload.get();
}

Rates Rows::measure(const Bound &bound) {
  Rates rates;
  Roofs *roofs = getRoofs();
  if (!roofs)
    return rates;
  // The session's threads and those of the probes spin for a while after their work is done.
  auto settle = [this] {
    if (threads > 1)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  settle();
  for (Roof roof : allRoofs)
    if (bound.needs(roof) && roofs->has(roof))
      rates[roof] = roofs->measure(roof, probeSeconds);
  settle();
  return rates;
}

/// Results of one launch are read soon by another, but weights only once a run: until then all
/// other weights have passed through the caches.
Bound Rows::boundOf(const Entry &entry, const std::vector<uint32_t> &kernels) {
  Bound bound;
  Roofs *roofs = getRoofs();
  const zorro_model_desc &desc = model.describe();
  double weights = 0;
  for (uint32_t i = 0; i < entry.desc.weight_count; ++i)
    weights += double(desc.weights[entry.desc.weights[i]].bytes);
  for (uint32_t i = 0; i < entry.desc.launch_count; ++i) {
    const zorro_launch_desc &launch = entry.desc.launches[i];
    if (std::find(kernels.begin(), kernels.end(), launch.kernel) == kernels.end())
      continue;
    const zorro_kernel_desc &kernel = desc.kernels[launch.kernel];
    bool isContract = strcmp(kernel.kind, "contract") == 0;
    double reach = std::max(double(launch.bytes), isContract ? weights : 0);
    bound.add(launch, unitOf(kernel), roofs ? roofs->memoryFor(reach) : Roof::Memory);
  }
  return bound;
}

//===----------------------------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------------------------===//

void Rows::runRoof(benchmark::State &state, Roof roof) {
  Roofs *roofs = getRoofs();
  double best = 0;
  for (auto _ : state) {
    double rate = roofs ? roofs->measure(roof, 0.03) : 0;
    if (rate == 0)
      return fail(state, roofs ? "not enough memory" : "cannot start the threads");
    best = std::max(best, rate);
    state.SetIterationTime(1 / rate * 1e9); // of 10^9 operations or bytes
  }
  state.counters[isMemory(roof) ? "GB/s" : "GF/s"] = best * 1e-9;
  state.SetLabel(roofs ? roofs->describe(roof) : "");
}

/// Probes stand between stretches of runs, which are longer than a probe.
void Rows::runEntry(benchmark::State &state, Entry &entry) {
  Workload *workload = workloadOf(entry);
  if (!workload || workload->run() != ZORRO_OK)
    return fail(state, zorro_last_error());
  std::vector<uint32_t> all(model.describe().kernel_count);
  for (uint32_t i = 0; i < all.size(); ++i)
    all[i] = i;
  Bound bound = boundOf(entry, all);
  Measured measured;
  Rates before = measure(bound);
  double seconds = 0, count = 0;
  bool isFresh = true;
  auto endStretch = [&] {
    Rates after = measure(bound);
    measured.add(seconds, count, bound, larger(before, after));
    before = after;
    seconds = count = 0;
    isFresh = true;
  };
  double last = 0;
  for (auto _ : state) {
    if (isFresh && last < shortRun && workload->run() != ZORRO_OK)
      return fail(state, zorro_last_error());
    isFresh = false;
    double begin = now();
    if (workload->run() != ZORRO_OK)
      return fail(state, zorro_last_error());
    last = now() - begin;
    state.SetIterationTime(last);
    seconds += last;
    ++count;
    if (seconds > probeEvery)
      endStretch();
  }
  if (count)
    endStretch();
  measured.report(state, bound);
}

void Rows::runKernels(benchmark::State &state, Entry &entry, const std::vector<uint32_t> &kernels,
                      size_t repetition) {
  Workload *workload = workloadOf(entry);
  if (!entry.times) {
    std::vector<uint32_t> all(model.describe().kernel_count);
    for (uint32_t i = 0; i < all.size(); ++i)
      all[i] = i;
    entry.times = std::make_unique<KernelTimes>(
        model, runs, [this, bound = boundOf(entry, all)] { return measure(bound); });
  }
  const auto *recording = workload ? entry.times->recording(*workload, repetition) : nullptr;
  if (!recording)
    return fail(state, zorro_last_error());
  Bound bound = boundOf(entry, kernels);
  Measured measured;
  size_t at = 0;
  for (auto _ : state) {
    const KernelRun &run = (*recording)[at++ % recording->size()];
    double spent = 0;
    for (uint32_t kernel : kernels)
      spent += run.seconds[kernel];
    state.SetIterationTime(spent);
    measured.add(spent, 1, bound, run.rates);
  }
  measured.report(state, bound);
}

void Rows::registerEntry(Entry &entry, const std::string &suffix) {
  std::string name = entry.desc.name;
  benchmark::RegisterBenchmark((name + suffix).c_str(), [&](benchmark::State &state) {
    runEntry(state, entry);
  })->UseManualTime()->Unit(benchmark::kMillisecond);
  auto add = [&](const std::string &row, const std::vector<uint32_t> &kernels) {
    auto body = [this, &entry, kernels, repetition = size_t(0)](benchmark::State &state) mutable {
      runKernels(state, entry, kernels, repetition++);
    };
    benchmark::RegisterBenchmark((name + "/" + row + suffix).c_str(), body)
        ->UseManualTime()
        ->Iterations(runs)
        ->Unit(benchmark::kMillisecond);
  };
  const zorro_model_desc &desc = model.describe();
  std::map<std::string, std::vector<uint32_t>> byKind;
  for (uint32_t kernel = 0; kernel < desc.kernel_count; ++kernel) {
    bool used = false;
    for (uint32_t i = 0; i < entry.desc.launch_count; ++i)
      used |= entry.desc.launches[i].kernel == kernel;
    if (!used)
      continue;
    add(desc.kernels[kernel].name, {kernel});
    byKind[desc.kernels[kernel].kind].push_back(kernel);
  }
  for (const auto &[kind, kernels] : byKind)
    add("kind:" + kind, kernels);
}

void Rows::registerAll(const std::string &suffix) {
  for (Roof roof : allRoofs)
    if (probes && getRoofs() && getRoofs()->has(roof))
      benchmark::RegisterBenchmark((std::string("peak/") + nameOf(roof) + suffix).c_str(),
                                   [this, roof](benchmark::State &state) { runRoof(state, roof); })
          ->UseManualTime()
          ->Iterations(5)
          ->Unit(benchmark::kMillisecond);
  const zorro_model_desc &desc = model.describe();
  for (uint32_t i = 0; i < desc.entry_count; ++i) {
    entries.push_back(std::make_shared<Entry>(desc.entries[i]));
    registerEntry(*entries.back(), suffix);
  }
}

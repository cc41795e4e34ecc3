//===- BenchMain.cpp - Benchmarks an artefact --------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// zorro-bench MODEL.so [--threads=1,2] [--runs=5] [--no-verify] [Google Benchmark's flags]
//
// Rows: "peak", "<entry>", "<entry>/<kernel>", with "/threads:N" behind them if there are several
// counts. Counters: GF/s (twice the multiply-adds, on unmasked work), peak (the machine's, measured
// right before the row) and share (GF/s of that peak).
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cpu/Features.h"
#include "tools/zorro-bench/KernelTimes.h"
#include "tools/zorro-bench/Peak.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

using namespace zorro;
using namespace zorro::bench;

namespace {

struct Options {
  std::string model;
  std::vector<uint32_t> threads;
  uint32_t runs = 5, device = 0;
  bool verify = true;
};

/// Everything that the rows of one thread count share.
struct Lane {
  explicit Lane(const Model &model, uint32_t threads) : model(model), threads(threads) {}

  bool onGpu() const { return model.describe().target == ZORRO_TARGET_CUDA; }

  /// The machine's peak now, in operations per second; 0 on a GPU, where it is not measured.
  double peak() {
    if (onGpu())
      return 0;
    if (!pool)
      pool = runtime::ThreadPool::create(threads);
    return pool ? measurePeak(*pool, 0.03) : 0;
  }

  /// Marks the row, and the program's exit code, as failed.
  void fail(benchmark::State &state, const char *reason) {
    failed = true;
    state.SkipWithError(reason);
  }

  const Model &model;
  const uint32_t threads;
  std::unique_ptr<runtime::ThreadPool> pool;
  bool failed = false;
};

/// One entry at one thread count. The session is made by the first row that needs it.
struct EntryRows {
  EntryRows(Lane &lane, const zorro_entry_desc &entry, uint32_t runs)
      : lane(lane), entry(entry), times(lane.model, runs) {}

  Workload *workload() {
    if (!made)
      made = std::make_unique<Workload>();
    else
      return made.get();
    if (!made->create(lane.model, entry.name, lane.threads))
      made.reset();
    return made.get();
  }

  Lane &lane;
  const zorro_entry_desc &entry;
  KernelTimes times;
  std::unique_ptr<Workload> made;
};

void setCounters(benchmark::State &state, double operations, double seconds, double peak) {
  double rate = seconds > 0 ? operations / seconds : 0;
  state.counters["GF/s"] = rate * 1e-9;
  if (peak <= 0)
    return;
  state.counters["peak"] = peak * 1e-9;
  state.counters["share"] = rate / peak;
}

void runEntry(benchmark::State &state, EntryRows &rows) {
  double peak = rows.lane.peak(), seconds = 0;
  Workload *workload = rows.workload();
  if (!workload || workload->run() != ZORRO_OK)
    return rows.lane.fail(state, zorro_last_error());
  auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  for (auto _ : state) {
    double begin = now();
    if (workload->run() != ZORRO_OK)
      return rows.lane.fail(state, zorro_last_error());
    double spent = now() - begin;
    state.SetIterationTime(spent);
    seconds += spent;
  }
  setCounters(state, 2.0 * double(rows.entry.multiply_adds) * double(state.iterations()), seconds,
              peak);
}

void runKernel(benchmark::State &state, EntryRows &rows, uint32_t kernel, size_t &repetition) {
  double peak = rows.lane.peak(), seconds = 0, multiplyAdds = 0;
  Workload *workload = rows.workload();
  const auto *recording = workload ? rows.times.recording(*workload, repetition++) : nullptr;
  if (!recording)
    return rows.lane.fail(state, zorro_last_error());
  for (uint32_t i = 0; i < rows.entry.launch_count; ++i)
    if (rows.entry.launches[i].kernel == kernel)
      multiplyAdds += double(rows.entry.launches[i].multiply_adds);
  size_t run = 0;
  for (auto _ : state) {
    double spent = (*recording)[run++ % recording->size()][kernel];
    state.SetIterationTime(spent);
    seconds += spent;
  }
  setCounters(state, 2.0 * multiplyAdds * double(state.iterations()), seconds, peak);
}

void runPeak(benchmark::State &state, Lane &lane) {
  double best = 0;
  for (auto _ : state) {
    double rate = lane.peak();
    if (rate == 0)
      return lane.fail(state, "cannot start the threads");
    best = std::max(best, rate);
    state.SetIterationTime(1 / rate * 1e9); // of 10^9 operations
  }
  state.counters["GF/s"] = best * 1e-9;
  state.SetLabel(peakRegisters());
}

bool parseNumber(const char *text, uint32_t most, uint32_t &value, const char *&end) {
  char *stop;
  unsigned long parsed = strtoul(text, &stop, 10);
  end = stop;
  value = uint32_t(parsed);
  return stop != text && *text >= '0' && *text <= '9' && parsed >= 1 && parsed <= most;
}

/// What Google Benchmark has left of the command line.
bool parseOptions(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    const char *text = argv[i], *end = "";
    bool good = true;
    if (strncmp(text, "--threads=", 10) == 0) {
      for (end = text + 9; good && (*end == ',' || end == text + 9);) {
        uint32_t count;
        good = parseNumber(end + 1, 1024, count, end);
        options.threads.push_back(count);
      }
      good &= *end == 0;
    } else if (strncmp(text, "--runs=", 7) == 0) {
      good = parseNumber(text + 7, 1000000, options.runs, end) && *end == 0;
    } else if (strcmp(text, "--device=0") == 0) {
      options.device = 0;
    } else if (strncmp(text, "--device=", 9) == 0) {
      good = parseNumber(text + 9, 255, options.device, end) && *end == 0;
    } else if (strcmp(text, "--no-verify") == 0) {
      options.verify = false;
    } else if (text[0] != '-' && options.model.empty()) {
      options.model = text;
    } else {
      good = false;
    }
    if (!good) {
      fprintf(stderr, "zorro-bench: error: unexpected argument '%s'\n", text);
      return false;
    }
  }
  return true;
}

void registerRows(Lane &lane, EntryRows &rows, const std::string &suffix, uint32_t runs) {
  std::string name = rows.entry.name;
  benchmark::RegisterBenchmark((name + suffix).c_str(), [&rows](benchmark::State &state) {
    runEntry(state, rows);
  })->UseManualTime()->Unit(benchmark::kMillisecond);
  const zorro_model_desc &model = lane.model.describe();
  for (uint32_t kernel = 0; kernel < model.kernel_count; ++kernel) {
    bool used = false;
    for (uint32_t i = 0; i < rows.entry.launch_count; ++i)
      used |= rows.entry.launches[i].kernel == kernel;
    if (!used)
      continue;
    auto row = [&rows, kernel, repetition = size_t(0)](benchmark::State &state) mutable {
      runKernel(state, rows, kernel, repetition);
    };
    benchmark::RegisterBenchmark((name + "/" + model.kernels[kernel].name + suffix).c_str(), row)
        ->UseManualTime()
        ->Iterations(runs)
        ->Unit(benchmark::kMillisecond);
  }
}

int benchMain(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  Options options;
  if (!parseOptions(argc, argv, options))
    return ZORRO_INVALID;
  if (options.model.empty()) {
    fprintf(stderr, "usage: zorro-bench MODEL.so [--threads=1,2] [--runs=5] [--device=0] "
                    "[--no-verify] [--benchmark_filter=...] [--benchmark_format=json] ...\n");
    return ZORRO_INVALID;
  }
  zorro_load_options load;
  zorro_load_options_init(&load);
  load.verify_weights = options.verify;
  load.device = int32_t(options.device);
  Model model;
  if (zorro_status status = model.load(options.model.c_str(), &load)) {
    fprintf(stderr, "zorro-bench: error: %s\n", zorro_last_error());
    return status;
  }
  bool onGpu = model.describe().target == ZORRO_TARGET_CUDA;
  if (onGpu && !options.threads.empty()) {
    fprintf(stderr, "zorro-bench: error: expected no --threads for an artefact for a GPU\n");
    return ZORRO_INVALID;
  }
  if (options.threads.empty())
    options.threads = {onGpu ? 1 : runtime::usableCores()};
  std::vector<std::unique_ptr<Lane>> lanes;
  std::vector<std::unique_ptr<EntryRows>> rows;
  for (uint32_t threads : options.threads) {
    lanes.push_back(std::make_unique<Lane>(model, threads));
    Lane &lane = *lanes.back();
    std::string suffix = options.threads.size() > 1 ? "/threads:" + std::to_string(threads) : "";
    auto peak = [&lane](benchmark::State &state) { runPeak(state, lane); };
    if (!onGpu)
      benchmark::RegisterBenchmark(("peak" + suffix).c_str(), peak)
          ->UseManualTime()
          ->Iterations(10)
          ->Unit(benchmark::kMillisecond);
    const zorro_model_desc &desc = model.describe();
    for (uint32_t i = 0; i < desc.entry_count; ++i) {
      rows.push_back(std::make_unique<EntryRows>(lane, desc.entries[i], options.runs));
      registerRows(lane, *rows.back(), suffix, options.runs);
    }
  }
  const zorro_model_desc &desc = model.describe();
  benchmark::AddCustomContext("zorro_source", desc.source);
  benchmark::AddCustomContext("zorro_cpu", desc.cpu);
  if (onGpu)
    benchmark::AddCustomContext("zorro_device", desc.device);
  benchmark::AddCustomContext("zorro_compiler", desc.compiler);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  bool failed = std::any_of(lanes.begin(), lanes.end(), [](auto &lane) { return lane->failed; });
  return failed ? ZORRO_INTERNAL : 0;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return benchMain(argc, argv);
  } catch (const std::bad_alloc &) {
    fprintf(stderr, "zorro-bench: error: not enough memory\n");
    return ZORRO_LIMIT;
  }
}

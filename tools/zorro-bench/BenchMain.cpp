//===- BenchMain.cpp - Benchmarks an artefact --------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// zorro-bench MODEL.so [--threads=1,2] [--runs=5] [--no-verify] [Google Benchmark's flags]
//
// Rows.h says which rows and counters there are.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cpu/Features.h"
#include "tools/zorro-bench/Rows.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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
  std::vector<std::unique_ptr<Rows>> rows;
  for (uint32_t threads : options.threads) {
    rows.push_back(std::make_unique<Rows>(model, threads, options.runs, !onGpu));
    rows.back()->registerAll(
        options.threads.size() > 1 ? "/threads:" + std::to_string(threads) : "");
  }
  const zorro_model_desc &desc = model.describe();
  benchmark::AddCustomContext("zorro_source", desc.source);
  benchmark::AddCustomContext("zorro_source_hash", desc.source_hash);
  benchmark::AddCustomContext("zorro_cpu", desc.cpu);
  if (onGpu)
    benchmark::AddCustomContext("zorro_device", desc.device);
  benchmark::AddCustomContext("zorro_compiler", desc.compiler);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  bool failed = std::any_of(rows.begin(), rows.end(), [](auto &row) { return row->hasFailed(); });
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

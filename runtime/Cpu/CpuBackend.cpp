//===- CpuBackend.cpp - Runs on this machine's processor ------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Everything a run needs is allocated when the session is made; a run itself allocates nothing,
// except for trace records when tracing is on.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cpu/CpuBackend.h"

#include "runtime/Core/Model.h"
#include "runtime/Cpu/Features.h"
#include "runtime/Cpu/FloatMode.h"
#include "runtime/Cpu/ThreadPool.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

using namespace zorro::runtime;

namespace {

struct Free {
  void operator()(char *memory) const { free(memory); }
};
using Buffer = std::unique_ptr<char, Free>;

class CpuExecutor final : public Executor {
public:
  using Executor::Executor;
  MaybeError prepare(unsigned threads);
  MaybeError run(const void *const *inputs, void *const *outputs) override;
  MaybeError runAsync(const void *const *inputs, void *const *outputs, void *stream) override;
  unsigned threadCount() const override { return pool->size(); }

protected:
  int32_t launch(uint32_t index, const int64_t *args, int64_t tasks) override;

private:
  std::unique_ptr<ThreadPool> pool;
  Buffer arena;
  std::vector<Buffer> scratch; // one a thread, which is the first to touch it
  std::chrono::steady_clock::time_point runStart;
  bool traceIncomplete = false; // a record could not be stored
};

class CpuBackend final : public Backend {
public:
  explicit CpuBackend(const Model &model) : model(model) {}
  MaybeError createExecutor(const zorro_entry_desc &entry, unsigned threads,
                            std::unique_ptr<Executor> &executor) const override {
    auto made = std::make_unique<CpuExecutor>(model, entry);
    if (MaybeError error = made->prepare(threads))
      return error;
    executor = std::move(made);
    return std::nullopt;
  }

private:
  const Model &model;
};

} // namespace

static MaybeError allocate(uint64_t bytes, const char *what, Buffer &buffer) {
  // Large buffers begin on a huge page, which saves most of the page faults and TLB misses.
  constexpr uint64_t hugePage = uint64_t(2) << 20;
  uint64_t alignment = bytes >= hugePage ? hugePage : ZORRO_ALIGN;
  void *memory = nullptr;
  if (bytes > uint64_t(PTRDIFF_MAX) - hugePage ||
      posix_memalign(&memory, alignment, std::max<uint64_t>(bytes, ZORRO_ALIGN)) != 0)
    return Error{ZORRO_LIMIT, "cannot allocate " + std::to_string(bytes) + " bytes of " + what};
  if (bytes >= hugePage)
    madvise(memory, bytes, MADV_HUGEPAGE);
  buffer.reset(static_cast<char *>(memory));
  return std::nullopt;
}

MaybeError CpuExecutor::prepare(unsigned threads) {
  if (MaybeError error = allocate(entry.arena_bytes, "arena", arena))
    return error;
  scratch.resize(threads);
  for (Buffer &buffer : scratch)
    if (MaybeError error = allocate(entry.scratch_bytes, "scratch", buffer))
      return error;
  pool = ThreadPool::create(threads);
  if (!pool)
    return Error{ZORRO_LIMIT, "cannot start " + std::to_string(threads) + " threads"};
  return std::nullopt;
}

MaybeError CpuExecutor::run(const void *const *inputs, void *const *outputs) {
  records.clear();
  traceIncomplete = false;
  MaybeError error;
  {
    FloatMode mode;
    runStart = std::chrono::steady_clock::now();
    error = callEntry(arena.get(), model.artefact.weights(), inputs, outputs);
  }
  if (!error && traceIncomplete)
    error = Error{ZORRO_LIMIT,
                  "not enough memory for the trace of entry '" + std::string(entry.name) + "'"};
  return error;
}

MaybeError CpuExecutor::runAsync(const void *const *inputs, void *const *outputs, void *stream) {
  if (stream)
    return invalid("expected no stream for an artefact for the CPU");
  return run(inputs, outputs);
}

int32_t CpuExecutor::launch(uint32_t index, const int64_t *args, int64_t tasks) {
  struct Job {
    zorro_kernel_fn kernel;
    const int64_t *args;
    const std::vector<Buffer> &scratch;
  };
  Job job = {model.code.kernel(entry.launches[index].kernel), args, scratch};
  auto body = [](void *context, unsigned thread, int64_t begin, int64_t end) {
    auto &job = *static_cast<Job *>(context);
    job.kernel(job.args, begin, end, job.scratch[thread].get());
  };
  if (!tracing) {
    pool->run(body, &job, tasks);
    return 0;
  }
  auto begin = std::chrono::steady_clock::now();
  pool->run(body, &job, tasks);
  auto end = std::chrono::steady_clock::now();
  auto nanoseconds = [](auto span) {
    return uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(span).count());
  };
  try {
    records.push_back(
        record(index, tasks, nanoseconds(begin - runStart), nanoseconds(end - begin)));
  } catch (const std::bad_alloc &) {
    traceIncomplete = true;
  }
  return 0;
}

MaybeError zorro::runtime::checkCpu(const zorro_model_desc &model) {
  uint64_t needed = model.cpu_feature_bits;
  if (uint64_t missing = needed & ~hostCpuFeatures())
    return Error{ZORRO_UNSUPPORTED, "the code needs CPU features that this machine lacks: " +
                                        cpuFeatureNames(missing)};
  constexpr uint64_t tiles = uint64_t(1) << ZORRO_CPU_AMX_TILE;
  if ((needed & tiles) && !requestTilePermission())
    return Error{ZORRO_UNSUPPORTED, "the system does not allow the use of AMX tiles"};
  return std::nullopt;
}

std::unique_ptr<Backend> zorro::runtime::makeCpuBackend(const Model &model) {
  return std::make_unique<CpuBackend>(model);
}

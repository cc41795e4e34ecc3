//===- Backend.h - Where a model's entries run -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The seam between what is the same everywhere (files, descriptors, checks of tensors) and what a
// kind of device does its own way (memory, launches, times). A model has one backend, a session one
// executor.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_BACKEND_H
#define ZORRO_RUNTIME_CORE_BACKEND_H

#include "runtime/Core/Error.h"

#include <memory>
#include <vector>

namespace zorro::runtime {

struct Model;

/// Runs one entry. Called by one thread at a time; outlived by the model and the backend.
class Executor {
public:
  Executor(const Model &model, const zorro_entry_desc &entry);
  virtual ~Executor();
  Executor(const Executor &) = delete;
  Executor &operator=(const Executor &) = delete;

  /// The tensors' data, one pointer each, checked against the descriptor.
  virtual MaybeError run(const void *const *inputs, void *const *outputs) = 0;
  /// Returns when the run is enqueued on `stream`, or done where there are no streams.
  virtual MaybeError runAsync(const void *const *inputs, void *const *outputs, void *stream) = 0;
  virtual MaybeError setTrace(bool on);
  const std::vector<zorro_trace_record> &trace() const { return records; }
  virtual unsigned threadCount() const { return 1; }

protected:
  /// Calls the generated entry, whose launches come to `launch`.
  MaybeError callEntry(char *arena, const char *weights, const void *const *inputs,
                       void *const *outputs);
  /// Returns 0, or a status with `launchError` set. Must not throw: generated code has no unwind
  /// tables. `index` and `tasks` have been checked.
  virtual int32_t launch(uint32_t index, const int64_t *args, int64_t tasks) = 0;
  int32_t refuse(Error error);
  zorro_trace_record record(uint32_t index, int64_t tasks, uint64_t startNs,
                            uint64_t durationNs) const;

  const Model &model;
  const zorro_entry_desc &entry;
  bool tracing = false;
  std::vector<zorro_trace_record> records; // of the last run that was traced

private:
  static int32_t launchFromCode(zorro_frame *frame, uint32_t index, const int64_t *args,
                                int64_t tasks);

  MaybeError launchError; // why the entry was stopped
};

class Backend {
public:
  virtual ~Backend();
  /// `threads` is at least 1 and at most maxThreads.
  virtual MaybeError createExecutor(const zorro_entry_desc &entry, unsigned threads,
                                    std::unique_ptr<Executor> &executor) const = 0;
  /// "NVIDIA H200 (9.0), cubin for sm_90a"; empty for the CPU.
  virtual std::string deviceText() const { return ""; }
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_BACKEND_H

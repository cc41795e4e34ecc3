//===- Session.h - Memory and threads for runs of one entry ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Checks a run's tensors against the descriptor, calls the generated entry, and serves its
// launches.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_SESSION_H
#define ZORRO_RUNTIME_CORE_SESSION_H

#include "runtime/Core/Model.h"
#include "runtime/Cpu/ThreadPool.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>

namespace zorro::runtime {

class Session {
public:
  static MaybeError create(std::shared_ptr<const Model> model, const char *entryName,
                           uint32_t threads, std::unique_ptr<Session> &session);

  MaybeError run(const zorro_tensor_view *inputs, size_t inputCount,
                 const zorro_tensor_view *outputs, size_t outputCount);
  MaybeError setTrace(bool on);
  MaybeError trace(const zorro_trace_record *&records, size_t &count) const;

  const zorro_entry_desc &entryDesc() const { return *entry; }
  unsigned threadCount() const { return pool->size(); }

private:
  struct Free {
    void operator()(char *memory) const { free(memory); }
  };
  using Buffer = std::unique_ptr<char, Free>;
  class Turn;

  Session() = default;
  MaybeError checkTensors(const char *what, const zorro_tensor_desc *expected,
                          size_t expectedCount, const zorro_tensor_view *got,
                          size_t gotCount) const;
  MaybeError checkOverlap(const zorro_tensor_view *inputs, const zorro_tensor_view *outputs) const;
  static int32_t launch(zorro_frame *frame, uint32_t index, const int64_t *args, int64_t tasks);
  int32_t runLaunch(uint32_t index, const int64_t *args, int64_t tasks);
  static MaybeError allocate(uint64_t bytes, const char *what, Buffer &buffer);

  std::shared_ptr<const Model> model;
  const zorro_entry_desc *entry = nullptr;
  zorro_entry_fn entryCode = nullptr;
  std::unique_ptr<ThreadPool> pool;
  Buffer arena;
  std::vector<Buffer> scratch; // one a thread, which is the first to touch it
  std::vector<const void *> inputData;
  std::vector<void *> outputData;

  mutable std::atomic<bool> busy{false};
  bool tracing = false;
  bool traceIncomplete = false; // a record could not be stored
  std::chrono::steady_clock::time_point runStart;
  std::vector<zorro_trace_record> records;
  std::string launchFault; // what a launch was refused for
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_SESSION_H

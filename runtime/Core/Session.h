//===- Session.h - Runs of one entry ---------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Checks a run's tensors against the descriptor and hands them to the executor, one run at a time.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_SESSION_H
#define ZORRO_RUNTIME_CORE_SESSION_H

#include "runtime/Core/Model.h"

#include <atomic>

namespace zorro::runtime {

class Session {
public:
  static MaybeError create(std::shared_ptr<const Model> model, const char *entryName,
                           uint32_t threads, std::unique_ptr<Session> &session);

  MaybeError run(const zorro_tensor_view *inputs, size_t inputCount,
                 const zorro_tensor_view *outputs, size_t outputCount);
  /// See zorro_session_run_async.
  MaybeError runAsync(const zorro_tensor_view *inputs, size_t inputCount,
                      const zorro_tensor_view *outputs, size_t outputCount, void *stream);
  MaybeError setTrace(bool on);
  MaybeError trace(const zorro_trace_record *&records, size_t &count) const;

  const zorro_entry_desc &entryDesc() const { return *entry; }
  unsigned threadCount() const { return executor->threadCount(); }

private:
  class Turn;

  Session() = default;
  MaybeError takeTensors(const zorro_tensor_view *inputs, size_t inputCount,
                         const zorro_tensor_view *outputs, size_t outputCount);
  MaybeError checkTensors(const char *what, const zorro_tensor_desc *expected,
                          size_t expectedCount, const zorro_tensor_view *got,
                          size_t gotCount) const;
  MaybeError checkOverlap(const zorro_tensor_view *inputs, const zorro_tensor_view *outputs) const;

  std::shared_ptr<const Model> model; // outlives the executor
  const zorro_entry_desc *entry = nullptr;
  std::unique_ptr<Executor> executor;
  std::vector<const void *> inputData;
  std::vector<void *> outputData;
  mutable std::atomic<bool> busy{false};
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_SESSION_H

//===- Backend.cpp - Where a model's entries run --------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What executors of all kinds share: the call into generated code and the calls back from it.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Backend.h"

#include "runtime/Core/Model.h"

#include <new>

using namespace zorro::runtime;

Executor::Executor(const Model &model, const zorro_entry_desc &entry)
    : model(model), entry(entry) {}

Executor::~Executor() = default;
Backend::~Backend() = default;

MaybeError Executor::callEntry(char *arena, const char *weights, const void *const *inputs,
                               void *const *outputs) {
  launchError.reset();
  static const zorro_runtime_table table = {ZORRO_ABI_VERSION, 0, launchFromCode};
  zorro_frame frame = {&table, this, arena, weights, inputs, outputs};
  uint32_t number = uint32_t(&entry - model.descriptor.model().entries);
  int32_t result = model.code.entry(number)(&frame);
  if (result == 0)
    return std::nullopt;
  return Error{launchError ? launchError->status : ZORRO_INTERNAL,
               "entry '" + std::string(entry.name) + "' stopped with code " +
                   std::to_string(result) + (launchError ? ": " + launchError->message : "")};
}

int32_t Executor::launchFromCode(zorro_frame *frame, uint32_t index, const int64_t *args,
                                 int64_t tasks) {
  auto &self = *static_cast<Executor *>(frame->runtime);
  try {
    if (index >= self.entry.launch_count || tasks < 0)
      return self.refuse({ZORRO_INTERNAL, "launch " + std::to_string(index) + " of " +
                                              std::to_string(self.entry.launch_count) + " with " +
                                              std::to_string(tasks) + " tasks"});
    return self.launch(index, args, tasks);
  } catch (const std::bad_alloc &) {
    return ZORRO_LIMIT;
  }
}

int32_t Executor::refuse(Error error) {
  launchError = std::move(error);
  return launchError->status;
}

MaybeError Executor::setTrace(bool on) {
  tracing = on;
  records.clear();
  if (on)
    records.reserve(entry.launch_count);
  return std::nullopt;
}

zorro_trace_record Executor::record(uint32_t index, int64_t tasks, uint64_t startNs,
                                    uint64_t durationNs) const {
  uint32_t kernel = entry.launches[index].kernel;
  return {index, kernel, startNs, durationNs, tasks, model.descriptor.model().kernels[kernel].name,
          entry.launches[index].source};
}

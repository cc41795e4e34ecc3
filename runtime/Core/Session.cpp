//===- Session.cpp - Runs of one entry ------------------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What callers can do wrong is found here, before anything is written.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Session.h"

#include <algorithm>

using namespace zorro::runtime;

/// Holds the session for one call; a second caller gets a status instead of a race.
class Session::Turn {
public:
  explicit Turn(std::atomic<bool> &busy) : busy(busy), taken(!busy.exchange(true)) {}
  ~Turn() {
    if (taken)
      busy.store(false);
  }
  Turn(const Turn &) = delete;
  Turn &operator=(const Turn &) = delete;
  MaybeError refusal() const {
    if (taken)
      return std::nullopt;
    return Error{ZORRO_BUSY, "the session is in use by another thread"};
  }

private:
  std::atomic<bool> &busy;
  const bool taken;
};

MaybeError Session::create(std::shared_ptr<const Model> model, const char *entryName,
                           uint32_t threads, std::unique_ptr<Session> &session) {
  std::unique_ptr<Session> made(new Session);
  if (MaybeError error = model->findEntry(entryName, made->entry))
    return error;
  if (threads == 0)
    threads = model->defaultThreads;
  if (threads > maxThreads)
    return invalid("expected at most " + std::to_string(maxThreads) + " threads but got " +
                   std::to_string(threads));
  const zorro_entry_desc &entry = *made->entry;
  if (model->maxArenaBytes != 0 && entry.arena_bytes > model->maxArenaBytes)
    return Error{ZORRO_LIMIT, "entry '" + std::string(entry.name) + "' needs an arena of " +
                                  std::to_string(entry.arena_bytes) + " bytes but the limit is " +
                                  std::to_string(model->maxArenaBytes)};
  if (!model->backend)
    return invalid("expected a model with a device but this one was loaded to be described only");
  if (MaybeError error = model->backend->createExecutor(entry, threads, made->executor))
    return error;
  made->inputData.resize(entry.input_count);
  made->outputData.resize(entry.output_count);
  made->model = std::move(model);
  session = std::move(made);
  return std::nullopt;
}

MaybeError Session::checkTensors(const char *what, const zorro_tensor_desc *expected,
                                 size_t expectedCount, const zorro_tensor_view *got,
                                 size_t gotCount) const {
  auto where = [&](size_t i) {
    return std::string(what) + " '" + expected[i].name + "' of entry '" + entry->name + "'";
  };
  if (gotCount != expectedCount)
    return invalid("expected " + std::to_string(expectedCount) + " " + what + "s for entry '" +
                   entry->name + "' but got " + std::to_string(gotCount));
  if (gotCount != 0 && !got)
    return invalid(std::string("expected ") + what + "s but got a null pointer");
  for (size_t i = 0; i < expectedCount; ++i) {
    const zorro_tensor_desc &want = expected[i];
    const zorro_tensor_view &view = got[i];
    bool ranksMatch = view.rank == want.rank;
    if (ranksMatch && view.rank != 0 && !view.dims)
      return invalid("expected the dims of " + where(i) + " but got a null pointer");
    if (view.type != want.type || !ranksMatch ||
        !std::equal(want.dims, want.dims + want.rank, view.dims)) {
      // A rank beyond the limit may come with any pointer: only print what can be read.
      bool readable = view.rank <= ZORRO_MAX_RANK && (view.rank == 0 || view.dims);
      return invalid("expected " + shapeText(want.type, want.rank, want.dims) + " for " +
                     where(i) + " but got " +
                     (readable ? shapeText(view.type, view.rank, view.dims)
                               : "rank " + std::to_string(view.rank)));
    }
    if (!view.data && want.bytes != 0)
      return invalid("expected data for " + where(i) + " but got a null pointer");
    size_t alignment = zorro_type_size(want.type);
    if (reinterpret_cast<uintptr_t>(view.data) % alignment != 0)
      return invalid("expected the data of " + where(i) + " to be aligned to " +
                     std::to_string(alignment) + " bytes");
  }
  return std::nullopt;
}

MaybeError Session::checkOverlap(const zorro_tensor_view *inputs,
                                 const zorro_tensor_view *outputs) const {
  auto overlap = [](const zorro_tensor_view &a, uint64_t aBytes, const zorro_tensor_view &b,
                    uint64_t bBytes) {
    auto aBegin = reinterpret_cast<uintptr_t>(a.data), bBegin = reinterpret_cast<uintptr_t>(b.data);
    return aBytes != 0 && bBytes != 0 && aBegin < bBegin + bBytes && bBegin < aBegin + aBytes;
  };
  for (size_t o = 0; o < entry->output_count; ++o) {
    const zorro_tensor_desc &out = entry->outputs[o];
    for (size_t i = 0; i < entry->input_count; ++i)
      if (overlap(outputs[o], out.bytes, inputs[i], entry->inputs[i].bytes))
        return invalid("output '" + std::string(out.name) + "' overlaps input '" +
                       entry->inputs[i].name + "'");
    for (size_t other = 0; other < o; ++other)
      if (overlap(outputs[o], out.bytes, outputs[other], entry->outputs[other].bytes))
        return invalid("output '" + std::string(out.name) + "' overlaps output '" +
                       entry->outputs[other].name + "'");
  }
  return std::nullopt;
}

MaybeError Session::takeTensors(const zorro_tensor_view *inputs, size_t inputCount,
                                const zorro_tensor_view *outputs, size_t outputCount) {
  if (MaybeError error =
          checkTensors("input", entry->inputs, entry->input_count, inputs, inputCount))
    return error;
  if (MaybeError error =
          checkTensors("output", entry->outputs, entry->output_count, outputs, outputCount))
    return error;
  if (MaybeError error = checkOverlap(inputs, outputs))
    return error;
  for (size_t i = 0; i < inputCount; ++i)
    inputData[i] = inputs[i].data;
  for (size_t i = 0; i < outputCount; ++i)
    outputData[i] = outputs[i].data;
  return std::nullopt;
}

MaybeError Session::run(const zorro_tensor_view *inputs, size_t inputCount,
                        const zorro_tensor_view *outputs, size_t outputCount) {
  Turn turn(busy);
  if (MaybeError error = turn.refusal())
    return error;
  if (MaybeError error = takeTensors(inputs, inputCount, outputs, outputCount))
    return error;
  return executor->run(inputData.data(), outputData.data());
}

MaybeError Session::runAsync(const zorro_tensor_view *inputs, size_t inputCount,
                             const zorro_tensor_view *outputs, size_t outputCount, void *stream) {
  Turn turn(busy);
  if (MaybeError error = turn.refusal())
    return error;
  if (MaybeError error = takeTensors(inputs, inputCount, outputs, outputCount))
    return error;
  return executor->runAsync(inputData.data(), outputData.data(), stream);
}

MaybeError Session::setTrace(bool on) {
  Turn turn(busy);
  if (MaybeError error = turn.refusal())
    return error;
  return executor->setTrace(on);
}

MaybeError Session::trace(const zorro_trace_record *&first, size_t &count) const {
  Turn turn(busy);
  if (MaybeError error = turn.refusal())
    return error;
  first = executor->trace().data();
  count = executor->trace().size();
  return std::nullopt;
}

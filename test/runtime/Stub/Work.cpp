//===- Work.cpp - Streams, events, graphs and launches of the stand-in ------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What Streams.h does, behind the driver's functions.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Stub/State.h"

using namespace zorro::test;

//===-- Streams and events ------------------------------------------------------------------===//

Result cuStreamCreate(Stream *stream, unsigned flags) {
  ENTER(true);
  StubStream *made = self.add(self.streams);
  made->blocking = flags == streamDefault;
  self.queues.add(made);
  *stream = reinterpret_cast<Stream>(made);
  return success;
}

Result cuStreamDestroy_v2(Stream stream) {
  ENTER_TO_RELEASE();
  auto *known = reinterpret_cast<StubStream *>(stream);
  if (!self.knows(self.streams, known, __func__))
    return invalidHandle;
  if (known->capture)
    self.complain("a stream is destroyed while it records");
  self.queues.finish(*known);
  self.queues.remove(known);
  self.streams.erase(known);
  delete known;
  return success;
}

Result cuStreamSynchronize(Stream stream) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  if (!on)
    return invalidHandle;
  self.queues.finish(*on);
  return self.lost;
}

Result cuStreamWaitEvent(Stream stream, Event event, unsigned) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  auto *known = reinterpret_cast<StubEvent *>(event);
  if (!on || !self.knows(self.events, known, __func__))
    return invalidHandle;
  if (known->mark)
    self.queues.wait(*on, known->mark);
  return success;
}

Result cuEventCreate(Event *event, unsigned flags) {
  ENTER(true);
  StubEvent *made = self.add(self.events);
  made->timed = !(flags & eventDisableTiming);
  *event = reinterpret_cast<Event>(made);
  return success;
}

Result cuEventDestroy_v2(Event event) {
  ENTER_TO_RELEASE();
  auto *known = reinterpret_cast<StubEvent *>(event);
  if (!self.knows(self.events, known, __func__))
    return invalidHandle;
  self.events.erase(known);
  delete known;
  return success;
}

Result cuEventRecord(Event event, Stream stream) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  auto *known = reinterpret_cast<StubEvent *>(event);
  if (!on || !self.knows(self.events, known, __func__))
    return invalidHandle;
  known->mark = self.queues.mark(*on);
  return success;
}

Result cuEventSynchronize(Event event) {
  ENTER_TO_RELEASE();
  auto *known = reinterpret_cast<StubEvent *>(event);
  if (!self.knows(self.events, known, __func__))
    return invalidHandle;
  if (known->mark)
    self.queues.reach(*known->mark);
  return self.lost;
}

Result cuEventElapsedTime(float *milliseconds, Event from, Event to) {
  ENTER(true);
  auto *first = reinterpret_cast<StubEvent *>(from), *last = reinterpret_cast<StubEvent *>(to);
  if (!self.knows(self.events, first, __func__) || !self.knows(self.events, last, __func__) ||
      !first->timed || !last->timed || !first->mark || !last->mark)
    return invalidHandle;
  if (!first->mark->reached || !last->mark->reached)
    return notReady;
  *milliseconds = float((last->mark->microseconds - first->mark->microseconds) / 1000);
  return success;
}

//===-- Graphs and launches -----------------------------------------------------------------===//

Result cuStreamBeginCapture_v2(Stream stream, int) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  if (!on)
    return invalidHandle;
  if (on == &self.queues.ordinary || on->capture)
    return captureUnsupported;
  on->capture = self.add(self.graphs);
  return success;
}

Result cuStreamEndCapture(Stream stream, Graph *graph) {
  Stub &self = Stub::get();
  std::lock_guard<std::recursive_mutex> lock(self.mutex);
  Result entered = self.enter(__func__, true);
  StubStream *on = self.stream(stream, __func__);
  if (!on || !on->capture)
    return invalidHandle;
  StubGraph *recorded = std::exchange(on->capture, nullptr);
  *graph = reinterpret_cast<Graph>(entered ? nullptr : recorded);
  if (entered) { // a capture that went wrong ends all the same, without a graph
    self.graphs.erase(recorded);
    delete recorded;
  }
  return entered;
}

Result cuGraphDestroy(Graph graph) {
  ENTER_TO_RELEASE();
  auto *known = reinterpret_cast<StubGraph *>(graph);
  if (!self.knows(self.graphs, known, __func__))
    return invalidHandle;
  self.graphs.erase(known);
  delete known;
  return success;
}

Result cuGraphInstantiateWithFlags(GraphExec *exec, Graph graph, unsigned long long) {
  ENTER(true);
  auto *known = reinterpret_cast<StubGraph *>(graph);
  if (!self.knows(self.graphs, known, __func__))
    return invalidHandle;
  StubGraph *made = self.add(self.execs);
  *made = *known;
  *exec = reinterpret_cast<GraphExec>(made);
  return success;
}

Result cuGraphExecDestroy(GraphExec exec) {
  ENTER_TO_RELEASE();
  auto *known = reinterpret_cast<StubGraph *>(exec);
  if (!self.knows(self.execs, known, __func__))
    return invalidHandle;
  self.execs.erase(known);
  delete known;
  return success;
}

Result cuGraphLaunch(GraphExec exec, Stream stream) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  auto *known = reinterpret_cast<StubGraph *>(exec);
  if (!on || !self.knows(self.execs, known, __func__))
    return invalidHandle;
  ++self.graphLaunches;
  for (const StubLaunch &launch : known->launches)
    self.queues.enqueue(*on, [&self, launch] { self.runKernel(launch); });
  return success;
}

/// Fills `bytes` with the parameters that the `extra` of a launch gives.
static bool readExtra(void **extra, std::vector<unsigned char> &bytes) {
  const unsigned char *buffer = nullptr;
  size_t size = 0;
  for (; extra && uintptr_t(*extra) != launchEnd; extra += 2) {
    if (uintptr_t(*extra) == launchBuffer)
      buffer = static_cast<const unsigned char *>(extra[1]);
    else if (uintptr_t(*extra) == launchBufferSize)
      size = *static_cast<size_t *>(extra[1]);
    else
      return false;
  }
  if (size != 0 && !buffer)
    return false;
  bytes.assign(buffer, buffer + size);
  return true;
}

Result cuLaunchKernel(Function function, unsigned gridX, unsigned gridY, unsigned gridZ,
                      unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                      Stream stream, void **parameters, void **extra) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  if (!on)
    return invalidHandle;
  auto *known = reinterpret_cast<StubFunction *>(function);
  StubLaunch launch = {known->module, {known->name, gridX, blockX, sharedBytes, {}}};
  if (parameters || gridX == 0 || gridX > INT32_MAX || gridY != 1 || gridZ != 1 || blockX == 0 ||
      blockY != 1 || blockZ != 1 || sharedBytes > unsigned(known->sharedLimit) ||
      !readExtra(extra, launch.launch.parameters))
    return invalidValue;
  if (blockX > unsigned(known->module->maxThreads(known->name)))
    return launchOutOfResources;
  if (on->capture)
    on->capture->launches.push_back(std::move(launch));
  else
    self.queues.enqueue(*on, [&self, launch = std::move(launch)] { self.runKernel(launch); });
  return success;
}

Result cuTensorMapEncodeTiled(EncodedMap *map, int type, uint32_t rank, void *address,
                              const uint64_t *dims, const uint64_t *strides, const uint32_t *box,
                              const uint32_t *elementStrides, int interleave, int swizzle,
                              int promotion, int fill) {
  ENTER(true);
  if (uintptr_t(map) % 64 != 0 || interleave != mapInterleaveNone || promotion > mapPromotion256 ||
      fill != mapFillZero)
    return invalidValue;
  return self.engine->encodeTiled(*map, type, rank, uint64_t(uintptr_t(address)), dims, strides,
                                  box, elementStrides, swizzle);
}

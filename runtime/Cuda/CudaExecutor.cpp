//===- CudaExecutor.cpp - Runs of one entry on an NVIDIA GPU --------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The session's own stream is an ordinary one: what a caller enqueued on the default stream before
// a run is waited for. Capture happens on a stream beside it that the default stream knows nothing
// of, so that other threads may use theirs meanwhile.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cuda/CudaExecutor.h"

#include "runtime/Core/Model.h"
#include "runtime/Cuda/TensorMaps.h"

#include <algorithm>
#include <cstring>

using namespace zorro::runtime;
using namespace zorro::runtime::cuda;

static uint64_t alignTo(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

CudaExecutor::~CudaExecutor() {
  Current current(driver, backend.deviceContext());
  // A run on a caller's stream may still be under way.
  if (done)
    driver.eventSynchronize(done.get());
  marks.clear();
  graph.reset();
  done.reset();
  stream.reset();
  memory.reset();
}

MaybeError CudaExecutor::prepare() {
  Current current(driver, backend.deviceContext());
  if (MaybeError error = current.error())
    return error;
  if (MaybeError error = allocate())
    return error;
  Stream made = nullptr;
  if (MaybeError error =
          driver.fault(driver.streamCreate(&made, streamDefault), "create a stream"))
    return error;
  stream = OwnedStream(driver, made);
  if (MaybeError error = makeEvent(eventDisableTiming, done))
    return error;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  for (Address place : inputPlaces)
    inputs.push_back(reinterpret_cast<const void *>(place));
  for (Address place : outputPlaces)
    outputs.push_back(reinterpret_cast<void *>(place));
  if (MaybeError error = callEntry(reinterpret_cast<char *>(memory.get()),
                                   reinterpret_cast<const char *>(backend.weightAddress()),
                                   inputs.data(), outputs.data()))
    return error;
  return makeGraph();
}

MaybeError CudaExecutor::allocate() {
  constexpr uint64_t alignment = 256, limit = uint64_t(1) << 62;
  uint64_t end = 0;
  bool fits = true;
  auto place = [&](uint64_t bytes) {
    uint64_t at = end;
    fits = fits && bytes < limit - end;
    if (fits)
      end += alignTo(bytes, alignment);
    return at;
  };
  place(entry.arena_bytes);
  for (uint32_t i = 0; i < entry.input_count; ++i)
    inputPlaces.push_back(place(entry.inputs[i].bytes));
  for (uint32_t i = 0; i < entry.output_count; ++i)
    outputPlaces.push_back(place(entry.outputs[i].bytes));
  std::string what = "the arena and the tensors of entry '" + std::string(entry.name) + "'";
  if (!fits)
    return Error{ZORRO_LIMIT, "cannot allocate more than " + std::to_string(limit) +
                                  " bytes for " + what};
  if (MaybeError error = backend.allocate(std::max(end, alignment), what, memory))
    return error;
  for (std::vector<Address> *places : {&inputPlaces, &outputPlaces})
    for (Address &at : *places)
      at += memory.get();
  return std::nullopt;
}

int32_t CudaExecutor::launch(uint32_t index, const int64_t *args, int64_t tasks) {
  const zorro_kernel_desc &kernel =
      model.descriptor.model().kernels[entry.launches[index].kernel];
  auto refused = [&](Error error) {
    error.message = "kernel '" + std::string(kernel.name) + "': " + error.message;
    return refuse(std::move(error));
  };
  if (tasks > INT32_MAX)
    return refused({ZORRO_UNSUPPORTED, "a grid of " + std::to_string(tasks) + " blocks"});
  Launch made = {index, uint32_t(tasks), kernel.words * sizeof(int64_t), {}};
  constexpr size_t mapAlignment = 64; // within the parameters
  size_t mapsAt = alignTo(made.parameterBytes, mapAlignment);
  if (kernel.maps != 0)
    made.parameterBytes = mapsAt + kernel.maps * sizeof(EncodedMap);
  made.parameters.resize(alignTo(made.parameterBytes, sizeof(EncodedMap)) / sizeof(EncodedMap));
  char *bytes = reinterpret_cast<char *>(made.parameters.data());
  if (kernel.words != 0)
    memcpy(bytes, args, kernel.words * sizeof(int64_t));
  // A launch of nothing may have tensors of nothing, which no map can describe.
  for (uint32_t i = 0; i < kernel.maps && tasks != 0; ++i) {
    zorro_tensor_map map;
    memcpy(&map, args + kernel.words + i * ZORRO_MAP_WORDS, sizeof(map));
    EncodedMap encoded;
    if (MaybeError error = encodeMap(driver, map, args, kernel.words, encoded))
      return refused(std::move(*error));
    memcpy(bytes + mapsAt + i * sizeof(encoded), &encoded, sizeof(encoded));
  }
  launches.push_back(std::move(made));
  return 0;
}

const zorro_kernel_desc &CudaExecutor::kernelOf(const Launch &launch) const {
  return model.descriptor.model().kernels[entry.launches[launch.index].kernel];
}

MaybeError CudaExecutor::start(Launch &launch, Stream on) const {
  if (launch.tasks == 0) // which the device would refuse
    return std::nullopt;
  void *extra[] = {reinterpret_cast<void *>(launchBuffer), launch.parameters.data(),
                   reinterpret_cast<void *>(launchBufferSize), &launch.parameterBytes,
                   reinterpret_cast<void *>(launchEnd)};
  const zorro_kernel_desc &kernel = kernelOf(launch);
  Result result = driver.launch(backend.function(entry.launches[launch.index].kernel),
                                launch.tasks, 1, 1, kernel.threads, 1, 1, kernel.shared_bytes, on,
                                nullptr, launch.parameterBytes ? extra : nullptr);
  return driver.fault(result, "launch kernel '" + std::string(kernel.name) + "' in " +
                                  std::to_string(launch.tasks) + " blocks of " +
                                  std::to_string(kernel.threads) + " threads with " +
                                  std::to_string(kernel.shared_bytes) +
                                  " bytes of shared memory");
}

MaybeError CudaExecutor::makeGraph() {
  if (std::all_of(launches.begin(), launches.end(),
                  [](const Launch &launch) { return launch.tasks == 0; }))
    return std::nullopt;
  Stream made = nullptr;
  if (MaybeError error =
          driver.fault(driver.streamCreate(&made, streamNonBlocking), "create a stream"))
    return error;
  OwnedStream beside(driver, made);
  if (MaybeError error =
          driver.fault(driver.captureBegin(made, captureRelaxed), "record the launches"))
    return error;
  MaybeError error;
  for (Launch &launch : launches)
    if (!error)
      error = start(launch, made);
  // Whatever happened, the capture has to end.
  Graph captured = nullptr;
  Result result = driver.captureEnd(made, &captured);
  OwnedGraph recorded(driver, captured);
  if (!error)
    error = driver.fault(result, "record the launches");
  GraphExec exec = nullptr;
  if (!error)
    error = driver.fault(driver.graphInstantiate(&exec, captured, 0),
                         "make a graph of " + std::to_string(launches.size()) + " launches");
  if (!error)
    graph = OwnedGraphExec(driver, exec);
  return error;
}

/// Faults of kernels show in whatever call comes next.
MaybeError CudaExecutor::runFault(Result result, const std::string &what) const {
  constexpr int firstOfKernels = 700, endOfKernels = 800;
  if (result < firstOfKernels || result >= endOfKernels)
    return driver.fault(result, what);
  std::string place = launches.size() == 1
                          ? "in kernel '" + std::string(kernelOf(launches[0]).name) + "'"
                          : "in one of its " + std::to_string(launches.size()) + " launches";
  return Error{ZORRO_INTERNAL, "entry '" + std::string(entry.name) + "' ended with " +
                                   driver.text(result) + " " + place};
}

/// Finds out where a caller's tensor lies.
MaybeError CudaExecutor::checkPlace(const char *what, const zorro_tensor_desc &desc,
                                    const void *data, bool &onDevice) const {
  auto address = Address(reinterpret_cast<uintptr_t>(data));
  unsigned type = 0, managed = 0;
  int number = 0;
  // Memory that the driver does not know is the host's.
  onDevice = driver.pointerAttribute(&type, pointerMemoryType, address) == success &&
             type == memoryDevice;
  if (!onDevice)
    return std::nullopt;
  Result result = driver.pointerAttribute(&managed, pointerIsManaged, address);
  if (result == success)
    result = driver.pointerAttribute(&number, pointerDevice, address);
  if (result == success && !managed && number != backend.deviceNumber())
    return invalid("expected the data of " + std::string(what) + " '" + desc.name +
                   "' on device " + std::to_string(backend.deviceNumber()) +
                   " but it is on device " + std::to_string(number));
  return driver.fault(result, "find out where " + std::string(what) + " '" + desc.name + "' lies");
}

MaybeError CudaExecutor::copyInput(size_t i, const void *data, Stream on) const {
  const zorro_tensor_desc &desc = entry.inputs[i];
  bool onDevice;
  if (desc.bytes == 0)
    return std::nullopt;
  if (MaybeError error = checkPlace("input", desc, data, onDevice))
    return error;
  Result result = onDevice ? driver.copyAsync(inputPlaces[i],
                                              Address(reinterpret_cast<uintptr_t>(data)),
                                              desc.bytes, on)
                           : driver.copyInAsync(inputPlaces[i], data, desc.bytes, on);
  return driver.fault(result, "copy input '" + std::string(desc.name) + "' to the device");
}

MaybeError CudaExecutor::copyOutput(size_t i, void *data, Stream on) const {
  const zorro_tensor_desc &desc = entry.outputs[i];
  bool onDevice;
  if (desc.bytes == 0)
    return std::nullopt;
  if (MaybeError error = checkPlace("output", desc, data, onDevice))
    return error;
  Result result = onDevice ? driver.copyAsync(Address(reinterpret_cast<uintptr_t>(data)),
                                              outputPlaces[i], desc.bytes, on)
                           : driver.copyOutAsync(data, outputPlaces[i], desc.bytes, on);
  return runFault(result, "copy output '" + std::string(desc.name) + "' from the device");
}

MaybeError CudaExecutor::launchAll(Stream on) {
  if (!tracing) {
    if (!graph)
      return std::nullopt;
    return driver.fault(driver.graphLaunch(graph.get(), on),
                        "launch the graph of entry '" + std::string(entry.name) + "'");
  }
  for (size_t i = 0; i <= launches.size(); ++i) {
    if (i != 0)
      if (MaybeError error = start(launches[i - 1], on))
        return error;
    if (MaybeError error = driver.fault(driver.eventRecord(marks[i + 1].get(), on),
                                        "record an event of the trace"))
      return error;
  }
  return std::nullopt;
}

MaybeError CudaExecutor::enqueue(const void *const *inputs, void *const *outputs, Stream on) {
  // The run before has the same memory and may be on another stream.
  if (MaybeError error = driver.fault(driver.streamWait(on, done.get(), 0), "wait for a run"))
    return error;
  if (tracing)
    if (MaybeError error = driver.fault(driver.eventRecord(marks[0].get(), on),
                                        "record an event of the trace"))
      return error;
  MaybeError error;
  for (uint32_t i = 0; i < entry.input_count && !error; ++i)
    error = copyInput(i, inputs[i], on);
  if (!error)
    error = launchAll(on);
  for (uint32_t i = 0; i < entry.output_count && !error; ++i)
    error = copyOutput(i, outputs[i], on);
  // After an error, too: what has been enqueued uses the session's memory.
  MaybeError marked = driver.fault(driver.eventRecord(done.get(), on), "mark the end of a run");
  return error ? error : marked;
}

MaybeError CudaExecutor::run(const void *const *inputs, void *const *outputs) {
  Current current(driver, backend.deviceContext());
  if (MaybeError error = current.error())
    return error;
  records.clear();
  MaybeError error = enqueue(inputs, outputs, stream.get());
  // Nothing of the caller's may be in use on return.
  Result result = driver.streamSynchronize(stream.get());
  if (!error)
    error = runFault(result, "wait for entry '" + std::string(entry.name) + "'");
  if (!error && tracing)
    error = readTrace();
  return error;
}

MaybeError CudaExecutor::runAsync(const void *const *inputs, void *const *outputs, void *on) {
  if (tracing)
    return invalid("expected no trace of a run that is not waited for");
  Current current(driver, backend.deviceContext());
  if (MaybeError error = current.error())
    return error;
  records.clear();
  return enqueue(inputs, outputs, static_cast<Stream>(on));
}

MaybeError CudaExecutor::makeEvent(unsigned flags, OwnedEvent &event) const {
  Event made = nullptr;
  if (MaybeError error = driver.fault(driver.eventCreate(&made, flags), "create an event"))
    return error;
  event = OwnedEvent(driver, made);
  return std::nullopt;
}

MaybeError CudaExecutor::setTrace(bool on) {
  Current current(driver, backend.deviceContext());
  if (MaybeError error = current.error())
    return error;
  tracing = false;
  records.clear();
  marks.clear();
  if (!on)
    return std::nullopt;
  marks.resize(launches.size() + 2);
  for (OwnedEvent &mark : marks)
    if (MaybeError error = makeEvent(eventDefault, mark))
      return error;
  return Executor::setTrace(true);
}

MaybeError CudaExecutor::readTrace() {
  uint64_t last = 0;
  for (size_t i = 0; i <= launches.size(); ++i) {
    float milliseconds = 0;
    if (MaybeError error = driver.fault(
            driver.eventElapsed(&milliseconds, marks[0].get(), marks[i + 1].get()),
            "read a time of the trace"))
      return error;
    // The device's clock is coarse: no time may go backwards.
    uint64_t now = std::max(last, uint64_t(std::max(milliseconds, 0.0f) * 1e6));
    if (i != 0)
      records.push_back(record(launches[i - 1].index, launches[i - 1].tasks, last, now - last));
    last = now;
  }
  return std::nullopt;
}

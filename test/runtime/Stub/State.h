//===- State.h - What the stand-in for the driver knows -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The state behind all functions, and how each of them begins.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_RUNTIME_STUB_STATE_H
#define ZORRO_TEST_RUNTIME_STUB_STATE_H

#include "test/runtime/Stub/Streams.h"

#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <utility>

// Only files that define the driver's functions see this header, and they are global.
using namespace zorro::runtime::cuda;

// Definitions must be those that the runtime calls.
#define STUB_API extern "C" __attribute__((visibility("default")))
#define ZORRO_DRIVER_CALL(name, symbol, parameters) STUB_API Result symbol parameters;
#include "runtime/Cuda/DriverCalls.def"

namespace zorro::runtime::cuda {
struct ContextHandle {
  int device;
};
} // namespace zorro::runtime::cuda

namespace zorro::test {

constexpr Result unknownError = 999;

struct Allocation {
  size_t bytes;
  int device;
};

/// The driver of this process.
class Stub {
public:
  static Stub &get();

  Stub();

  void configure(const char *settings);
  uint64_t count(const std::string &what);

  /// To be called first by every function: faults that were asked for, a device that is lost.
  Result enter(const char *call, bool needsContext);
  void complain(const std::string &what) {
    ++wrong;
    if (complaint.empty())
      complaint = what;
  }
  /// Whether `handle` is live; complains if not.
  template <typename Handle>
  bool knows(const std::set<Handle *> &live, Handle *handle, const char *call) {
    if (live.count(handle))
      return true;
    complain(std::string(call) + ": unknown handle");
    return false;
  }
  StubStream *stream(Stream handle, const char *call);
  void runKernel(const StubLaunch &launch);
  /// Copies between the device and the host; either may fault the device.
  void copy(void *to, const void *from, size_t bytes) {
    if (!to || !from)
      lost = illegalAddress;
    else if (!lost)
      memcpy(to, from, bytes);
  }
  template <typename Made>
  Made *add(std::set<Made *> &live) {
    ++made;
    return *live.insert(new Made()).first;
  }
  size_t live() const {
    return modules.size() + memory.size() + hostMemory.size() + streams.size() + events.size() +
           graphs.size() + execs.size() + retained.size();
  }

  std::recursive_mutex mutex;
  std::unique_ptr<StubEngine> engine;
  int devices, version, capability, sharedLimit;
  size_t memoryBytes;
  std::string failingCall;
  uint64_t failingNumber, faultingKernel;

  std::map<std::string, uint64_t> calls;
  uint64_t made, wrong, kernels, graphLaunches;
  std::string complaint;
  Result lost; // what the device faulted with
  bool started;

  std::multiset<int> retained;
  ContextHandle contexts[16];
  std::set<StubModule *> modules;
  std::map<std::pair<StubModule *, std::string>, std::unique_ptr<StubFunction>> functions;
  std::map<uint64_t, Allocation> memory;
  std::map<char *, size_t> hostMemory;
  std::set<StubStream *> streams;
  std::set<StubEvent *> events;
  std::set<StubGraph *> graphs, execs;
  Streams queues;
};

/// The contexts of the calling thread.
extern thread_local std::vector<ContextHandle *> contextStack;

} // namespace zorro::test

#define ENTER(needsContext)                                                                        \
  Stub &self = zorro::test::Stub::get();                                                           \
  std::lock_guard<std::recursive_mutex> lock(self.mutex);                                          \
  if (Result entered = self.enter(__func__, needsContext))                                         \
  return entered

/// For functions that give something back: they do it on a lost device, too.
#define ENTER_TO_RELEASE()                                                                         \
  Stub &self = zorro::test::Stub::get();                                                           \
  std::lock_guard<std::recursive_mutex> lock(self.mutex);                                          \
  if (Result entered = self.enter(__func__, true); entered && entered != self.lost)                \
  return entered

#endif // ZORRO_TEST_RUNTIME_STUB_STATE_H

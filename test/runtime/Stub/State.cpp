//===- State.cpp - What the stand-in for the driver knows -------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Settings, counts, faults, and the calls of tests.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Stub/State.h"

#include "test/runtime/Stub/Control.h"

#include <cstdio>
#include <cstdlib>

using namespace zorro::test;

thread_local std::vector<ContextHandle *> zorro::test::contextStack;

Stub &Stub::get() {
  static auto *made = new Stub; // lives to the end: other libraries may still call
  return *made;
}

Stub::Stub() : engine(makeStubEngine()) {
  const char *settings = getenv("ZORRO_STUB_DRIVER");
  configure(settings ? settings : "");
}

void Stub::configure(const char *settings) {
  if (live() != 0)
    complain("configured while something is live");
  devices = 1;
  version = 13000;
  capability = 90;
  memoryBytes = size_t(1) << 30;
  sharedLimit = 232448;
  failingCall.clear();
  failingNumber = faultingKernel = 0;
  calls.clear();
  made = wrong = kernels = graphLaunches = 0;
  complaint.clear();
  lost = success;
  started = false;
  std::string text = settings;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    std::string item = text.substr(at, end - at);
    at = end + 1;
    size_t equals = std::min(item.find('='), item.size());
    std::string name = item.substr(0, equals);
    std::string value = equals < item.size() ? item.substr(equals + 1) : "";
    long long number = atoll(value.c_str());
    if (name == "devices")
      devices = int(number);
    else if (name == "driver")
      version = int(number);
    else if (name == "arch")
      capability = int(number);
    else if (name == "memory")
      memoryBytes = size_t(number);
    else if (name == "shared")
      sharedLimit = int(number);
    else if (name == "fault")
      faultingKernel = uint64_t(number);
    else if (name == "fail") {
      size_t colon = std::min(value.find(':'), value.size());
      failingCall = value.substr(0, colon);
      failingNumber = colon < value.size() ? uint64_t(atoll(value.c_str() + colon + 1)) : 1;
    } else
      complain("unknown setting '" + item + "'");
  }
}

uint64_t Stub::count(const std::string &what) {
  if (what == "live")
    return live();
  if (what == "wrong")
    return wrong;
  if (what == "made")
    return made;
  if (what == "kernels")
    return kernels;
  if (what == "graphs")
    return graphLaunches;
  uint64_t sum = 0;
  if (what == "bytes")
    for (const auto &entry : memory)
      sum += entry.second.bytes;
  else if (what == "calls")
    for (const auto &entry : calls)
      sum += entry.second;
  else if (what.rfind("calls:", 0) == 0)
    sum = calls.count(what.substr(6)) ? calls[what.substr(6)] : 0;
  else
    complain("unknown count '" + what + "'");
  return sum;
}

Result Stub::enter(const char *call, bool needsContext) {
  uint64_t number = ++calls[call];
  if (needsContext && !started)
    return notInitialized;
  if (needsContext && contextStack.empty()) {
    complain(std::string(call) + ": no context is current");
    return invalidContext;
  }
  if (failingCall == call && number == failingNumber)
    return strstr(call, "Alloc") ? Result(outOfMemory) : unknownError;
  return needsContext ? lost : Result(success);
}

StubStream *Stub::stream(Stream handle, const char *call) {
  if (!handle)
    return &queues.ordinary;
  auto *known = reinterpret_cast<StubStream *>(handle);
  return knows(streams, known, call) ? known : nullptr;
}

void Stub::runKernel(const StubLaunch &launch) {
  if (lost)
    return;
  queues.advance(launch.launch.blocks);
  if (++kernels == faultingKernel) {
    lost = illegalAddress;
    return;
  }
  std::string fault = launch.module->run(launch.launch);
  if (fault.empty())
    return;
  lost = illegalAddress;
  complain(launch.launch.kernel + ": " + fault);
  fprintf(stderr, "stub driver: %s\n", fault.c_str());
}

STUB_API void stubConfigure(const char *settings) {
  std::lock_guard<std::recursive_mutex> lock(Stub::get().mutex);
  Stub::get().configure(settings);
}

STUB_API uint64_t stubCount(const char *what) {
  std::lock_guard<std::recursive_mutex> lock(Stub::get().mutex);
  return Stub::get().count(what);
}

STUB_API const char *stubComplaint(void) { return Stub::get().complaint.c_str(); }

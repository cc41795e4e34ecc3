//===- Memory.cpp - Memory and copies of the stand-in -----------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What is page-locked is copied late, everything else before the call returns, as a driver does.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Stub/State.h"

#include <cstdlib>

using namespace zorro::test;

Result cuMemGetInfo_v2(size_t *free, size_t *total) {
  ENTER(true);
  *total = self.memoryBytes;
  *free = self.memoryBytes - size_t(self.count("bytes"));
  return success;
}

Result cuMemAlloc_v2(Address *address, size_t bytes) {
  ENTER(true);
  if (bytes == 0)
    return invalidValue;
  if (bytes > self.memoryBytes - size_t(self.count("bytes")))
    return outOfMemory;
  ++self.made;
  *address = self.engine->allocate(bytes);
  self.memory[*address] = {bytes, contextStack.back()->device};
  return success;
}

Result cuMemFree_v2(Address address) {
  ENTER_TO_RELEASE();
  if (!self.memory.erase(address)) {
    self.complain("memory is freed that was not allocated");
    return invalidValue;
  }
  if (!self.queues.idle())
    self.complain("memory is freed while work is under way");
  self.engine->release(address);
  return success;
}

// Not used by the runtime: for tests of callers that have page-locked memory.
STUB_API Result cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  ENTER(true);
  ++self.made;
  char *allocated = static_cast<char *>(malloc(bytes));
  self.hostMemory[allocated] = bytes;
  *memory = allocated;
  return success;
}

STUB_API Result cuMemFreeHost(void *memory) {
  ENTER_TO_RELEASE();
  if (!self.hostMemory.erase(static_cast<char *>(memory)))
    return invalidValue;
  free(memory);
  return success;
}

static bool pageLocked(Stub &self, const void *data) {
  for (const auto &[begin, bytes] : self.hostMemory)
    if (data >= begin && data < begin + bytes)
      return true;
  return false;
}

Result cuPointerGetAttribute(void *value, int attribute, Address pointer) {
  ENTER(true);
  auto after = self.memory.upper_bound(pointer);
  bool onDevice = after != self.memory.begin();
  if (onDevice) {
    --after;
    onDevice = pointer < after->first + after->second.bytes;
  }
  if (!onDevice && !pageLocked(self, reinterpret_cast<void *>(uintptr_t(pointer))))
    return invalidValue;
  switch (attribute) {
  case pointerMemoryType:
    *static_cast<unsigned *>(value) = onDevice ? memoryDevice : memoryHost;
    return success;
  case pointerIsManaged:
    *static_cast<unsigned *>(value) = 0;
    return success;
  case pointerDevice:
    *static_cast<int *>(value) = onDevice ? after->second.device : 0;
    return success;
  }
  return invalidValue;
}

Result cuMemcpyHtoD_v2(Address to, const void *from, size_t bytes) {
  ENTER(true);
  self.queues.finish(self.queues.ordinary);
  self.copy(self.engine->host(to, bytes), from, bytes);
  return self.lost;
}

Result cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, Stream stream) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  if (!on)
    return invalidHandle;
  if (pageLocked(self, from)) {
    self.queues.enqueue(*on, [&self, to, from, bytes] {
      self.copy(self.engine->host(to, bytes), from, bytes);
    });
    return success;
  }
  // Ordinary memory is read before the call returns.
  std::vector<char> kept(static_cast<const char *>(from), static_cast<const char *>(from) + bytes);
  self.queues.enqueue(*on, [&self, to, kept = std::move(kept)] {
    self.copy(self.engine->host(to, kept.size()), kept.data(), kept.size());
  });
  return success;
}

Result cuMemcpyDtoHAsync_v2(void *to, Address from, size_t bytes, Stream stream) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  if (!on)
    return invalidHandle;
  self.queues.enqueue(*on, [&self, to, from, bytes] {
    self.copy(to, self.engine->host(from, bytes), bytes);
  });
  if (!pageLocked(self, to))
    self.queues.finish(*on);
  return self.lost;
}

Result cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, Stream stream) {
  ENTER(true);
  StubStream *on = self.stream(stream, __func__);
  if (!on)
    return invalidHandle;
  self.queues.enqueue(*on, [&self, to, from, bytes] {
    self.copy(self.engine->host(to, bytes), self.engine->host(from, bytes), bytes);
  });
  return success;
}

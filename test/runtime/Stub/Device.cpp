//===- Device.cpp - Devices and modules of the stand-in ---------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The driver's functions as far as the runtime uses them, with the driver's refusals. Stricter than
// a driver where that finds mistakes: every call wants a context, and what is given back may not be
// in use.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Stub/State.h"

#include <cstdio>

using namespace zorro::test;

//===-- The device --------------------------------------------------------------------------===//

Result cuInit(unsigned) {
  ENTER(false);
  if (self.devices == 0)
    return noDevice;
  self.started = true;
  return success;
}

Result cuDriverGetVersion(int *version) {
  ENTER(false);
  *version = self.version;
  return success;
}

Result cuGetErrorName(Result result, const char **name) {
  static const std::map<Result, const char *> names = {
      {invalidValue, "CUDA_ERROR_INVALID_VALUE"},
      {outOfMemory, "CUDA_ERROR_OUT_OF_MEMORY"},
      {noBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
      {invalidPtx, "CUDA_ERROR_INVALID_PTX"},
      {illegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {launchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
      {unknownError, "CUDA_ERROR_UNKNOWN"}};
  auto found = names.find(result);
  *name = found == names.end() ? nullptr : found->second;
  return found == names.end() ? invalidValue : success;
}

Result cuGetErrorString(Result result, const char **text) {
  *text = result == illegalAddress ? "an illegal memory access was encountered" : "stub";
  return success;
}

Result cuDeviceGetCount(int *count) {
  ENTER(false);
  *count = self.devices;
  return success;
}

Result cuDeviceGet(Device *device, int number) {
  ENTER(false);
  *device = number;
  return number >= 0 && number < self.devices ? success : invalidDevice;
}

Result cuDeviceGetName(char *name, int size, Device) {
  ENTER(false);
  snprintf(name, size_t(size), "Stub GPU");
  return success;
}

Result cuDeviceGetAttribute(int *value, int attribute, Device) {
  ENTER(false);
  switch (attribute) {
  case computeCapabilityMajor:
    *value = self.capability / 10;
    return success;
  case computeCapabilityMinor:
    *value = self.capability % 10;
    return success;
  case maxSharedBytesOptIn:
    *value = self.sharedLimit;
    return success;
  }
  return invalidValue;
}

Result cuDevicePrimaryCtxRetain(Context *context, Device device) {
  ENTER(false);
  if (device < 0 || device >= self.devices)
    return invalidDevice;
  ++self.made;
  self.retained.insert(device);
  self.contexts[device].device = device;
  *context = &self.contexts[device];
  return success;
}

Result cuDevicePrimaryCtxRelease_v2(Device device) {
  ENTER(false);
  auto found = self.retained.find(device);
  if (found == self.retained.end()) {
    self.complain("a primary context is released that was not retained");
    return invalidContext;
  }
  self.retained.erase(found);
  return success;
}

Result cuCtxPushCurrent_v2(Context context) {
  ENTER(false);
  if (!context || !self.retained.count(context->device)) {
    self.complain("a context is pushed that nobody retains");
    return invalidContext;
  }
  contextStack.push_back(context);
  return success;
}

Result cuCtxPopCurrent_v2(Context *context) {
  ENTER(false);
  if (contextStack.empty()) {
    self.complain("a context is popped from an empty stack");
    return invalidContext;
  }
  *context = contextStack.back();
  contextStack.pop_back();
  return success;
}

//===-- Modules -----------------------------------------------------------------------------===//

Result cuModuleLoadDataEx(Module *module, const void *image, unsigned options, int *names,
                          void **values) {
  ENTER(true);
  Result result = invalidImage;
  std::string log;
  auto loaded =
      self.engine->load(static_cast<const char *>(image), self.capability, result, log);
  char *buffer = nullptr;
  size_t bytes = 0;
  for (unsigned i = 0; i < options; ++i) {
    if (names[i] == jitErrorLog)
      buffer = static_cast<char *>(values[i]);
    else if (names[i] == jitErrorLogBytes)
      bytes = size_t(reinterpret_cast<uintptr_t>(values[i]));
    else
      return invalidValue;
  }
  if (!loaded) {
    if (buffer && bytes != 0)
      snprintf(buffer, bytes, "%s", log.c_str());
    return result;
  }
  ++self.made;
  self.modules.insert(loaded.get());
  *module = reinterpret_cast<Module>(loaded.release());
  return success;
}

Result cuModuleUnload(Module module) {
  ENTER_TO_RELEASE();
  auto *known = reinterpret_cast<StubModule *>(module);
  if (!self.knows(self.modules, known, __func__))
    return invalidHandle;
  if (!self.queues.idle())
    self.complain("a module is unloaded while work is under way");
  for (auto entry = self.functions.begin(); entry != self.functions.end();)
    entry = entry->first.first == known ? self.functions.erase(entry) : std::next(entry);
  self.modules.erase(known);
  delete known;
  return success;
}

Result cuModuleGetFunction(Function *function, Module module, const char *name) {
  ENTER(true);
  auto *known = reinterpret_cast<StubModule *>(module);
  if (!self.knows(self.modules, known, __func__))
    return invalidHandle;
  if (known->maxThreads(name) == 0)
    return notFound;
  auto &made = self.functions[{known, name}];
  if (!made)
    made.reset(new StubFunction{known, name});
  *function = reinterpret_cast<Function>(made.get());
  return success;
}

Result cuFuncGetAttribute(int *value, int attribute, Function function) {
  ENTER(true);
  auto *known = reinterpret_cast<StubFunction *>(function);
  if (attribute != functionMaxThreads)
    return invalidValue;
  *value = known->module->maxThreads(known->name);
  return success;
}

Result cuFuncSetAttribute(Function function, int attribute, int value) {
  ENTER(true);
  if (attribute != functionMaxDynamicSharedBytes || value < 0 || value > self.sharedLimit)
    return invalidValue;
  reinterpret_cast<StubFunction *>(function)->sharedLimit = value;
  return success;
}

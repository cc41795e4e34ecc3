//===- Driver.cpp - NVIDIA's driver, opened at run time -------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The library stays open to the end of the process: drivers start threads and register handlers
// that must not lose their code.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cuda/Driver.h"

#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <mutex>

using namespace zorro::runtime;
using namespace zorro::runtime::cuda;

// The first driver that encodes tensor maps. 12000 is how the driver spells 12.0.
static constexpr int oldestDriver = 12000;

static Error unsupported(std::string message) { return {ZORRO_UNSUPPORTED, std::move(message)}; }

static std::string versionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

static Error tooOld(int version) {
  return unsupported("expected a driver for CUDA " + versionText(oldestDriver) +
                     " or later but this one is for " + versionText(version));
}

MaybeError Driver::open(const Driver *&driver) {
  static std::mutex mutex;
  static std::unique_ptr<const Driver> opened;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!opened) {
      std::unique_ptr<Driver> made(new Driver);
      if (MaybeError error = made->load())
        return error;
      opened = std::move(made);
    }
  }
  driver = opened.get();
  return driver->start();
}

MaybeError Driver::load() {
  const char *asked = secure_getenv("ZORRO_CUDA_DRIVER");
  std::string path = asked && *asked ? asked : "libcuda.so.1";
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return unsupported("cannot open NVIDIA's driver '" + path +
                       "': " + (reason ? reason : "no reason given"));
  }
  const char *missing = nullptr;
#define ZORRO_DRIVER_CALL(name, symbol, parameters)                                                \
  name = reinterpret_cast<decltype(name)>(dlsym(library, #symbol));                                \
  if (!name && !missing)                                                                           \
    missing = #symbol;
#include "runtime/Cuda/DriverCalls.def"
  if (!missing)
    return std::nullopt;
  // An old driver lacks what came later: its age says more than a name.
  int version = oldestDriver;
  if (driverVersion)
    driverVersion(&version);
  dlclose(library);
  if (version < oldestDriver)
    return tooOld(version);
  return unsupported("NVIDIA's driver '" + path + "' lacks the function " + missing);
}

MaybeError Driver::start() const {
  Result result = init(0);
  int version = 0, devices = 0;
  if (result == success || result == noDevice)
    if (driverVersion(&version) == success && version < oldestDriver)
      return tooOld(version);
  if (result == success)
    result = deviceCount(&devices);
  if (result == noDevice || (result == success && devices == 0))
    return unsupported("the driver sees no NVIDIA GPU");
  if (result != success)
    return unsupported("NVIDIA's driver does not start: " + text(result));
  return std::nullopt;
}

std::string Driver::text(Result result) const {
  const char *name = nullptr, *words = nullptr;
  if (errorName(result, &name) != success || !name)
    return "error " + std::to_string(result);
  if (errorText(result, &words) != success || !words)
    return name;
  return std::string(name) + " (" + words + ")";
}

MaybeError Driver::fault(Result result, const std::string &what) const {
  if (result == success)
    return std::nullopt;
  return Error{result == outOfMemory ? ZORRO_LIMIT : ZORRO_INTERNAL,
               "cannot " + what + ": " + text(result)};
}

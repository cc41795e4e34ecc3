//===- Driver.h - NVIDIA's driver, opened at run time ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// libcuda.so.1 as a table of functions, and owners of the handles they give out. Nothing here
// throws; results are the driver's own numbers, which `fault` turns into sentences.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CUDA_DRIVER_H
#define ZORRO_RUNTIME_CUDA_DRIVER_H

#include "runtime/Core/Error.h"
#include "runtime/Cuda/DriverTypes.h"

#include <utility>

namespace zorro::runtime::cuda {

class Driver {
public:
  /// Opens the driver once per process (a failure is not remembered), and asks it whether it is
  /// recent enough and sees a device.
  static MaybeError open(const Driver *&driver);

  /// "CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)".
  std::string text(Result result) const;
  /// ZORRO_LIMIT if memory ran out, else ZORRO_INTERNAL; "cannot " + what + the driver's words.
  MaybeError fault(Result result, const std::string &what) const;

#define ZORRO_DRIVER_CALL(name, symbol, parameters) Result(*name) parameters = nullptr;
#include "runtime/Cuda/DriverCalls.def"

private:
  Driver() = default;
  MaybeError load();
  MaybeError start() const;
};

/// A handle that is given back by `destroy` when it goes. A context must be current then.
template <typename Handle, Result (*Driver::*destroy)(Handle)>
class Owned {
public:
  Owned() = default;
  Owned(const Driver &driver, Handle handle) : driver(&driver), handle(handle) {}
  Owned(Owned &&other) noexcept
      : driver(other.driver), handle(std::exchange(other.handle, Handle())) {}
  Owned &operator=(Owned &&other) noexcept {
    if (this == &other)
      return *this;
    reset();
    driver = other.driver;
    handle = std::exchange(other.handle, Handle());
    return *this;
  }
  ~Owned() { reset(); }
  void reset() {
    if (handle)
      (driver->*destroy)(std::exchange(handle, Handle()));
  }
  Handle get() const { return handle; }
  explicit operator bool() const { return bool(handle); }

private:
  const Driver *driver = nullptr;
  Handle handle = Handle();
};

using OwnedModule = Owned<Module, &Driver::moduleUnload>;
using OwnedMemory = Owned<Address, &Driver::memoryFree>;
using OwnedStream = Owned<Stream, &Driver::streamDestroy>;
using OwnedEvent = Owned<Event, &Driver::eventDestroy>;
using OwnedGraph = Owned<Graph, &Driver::graphDestroy>;
using OwnedGraphExec = Owned<GraphExec, &Driver::graphExecDestroy>;

/// Makes a context current for the calling thread, and the one before it again when it goes.
class Current {
public:
  Current(const Driver &driver, Context context)
      : driver(driver), result(driver.contextPush(context)) {}
  ~Current() {
    Context ignored;
    if (result == success)
      driver.contextPop(&ignored);
  }
  Current(const Current &) = delete;
  Current &operator=(const Current &) = delete;
  MaybeError error() const { return driver.fault(result, "use the device's context"); }

private:
  const Driver &driver;
  const Result result;
};

} // namespace zorro::runtime::cuda

#endif // ZORRO_RUNTIME_CUDA_DRIVER_H

//===- CudaBackend.cpp - Runs on an NVIDIA GPU ----------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What can be wrong with a device and an artefact is found here, before any launch, in sentences
// of our own where the driver has only a number.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cuda/CudaBackend.h"

#include "runtime/Core/Model.h"
#include "runtime/Cuda/CudaExecutor.h"
#include "runtime/Cuda/Images.h"

#include <algorithm>

using namespace zorro::runtime;
using namespace zorro::runtime::cuda;

MaybeError zorro::runtime::openCudaBackend(const Model &model, int number,
                                           std::unique_ptr<Backend> &backend) {
  auto made = std::make_unique<CudaBackend>(model, number);
  if (MaybeError error = made->open())
    return error;
  backend = std::move(made);
  return std::nullopt;
}

CudaBackend::~CudaBackend() {
  if (!context)
    return;
  {
    Current current(*driver, context);
    weights.reset();
    module.reset();
  }
  driver->primaryRelease(device);
}

MaybeError CudaBackend::open() {
  if (MaybeError error = Driver::open(driver))
    return error;
  if (MaybeError error = openDevice())
    return error;
  Current current(*driver, context);
  if (MaybeError error = current.error())
    return error;
  if (MaybeError error = loadImage())
    return error;
  if (MaybeError error = findFunctions())
    return error;
  return copyWeights();
}

MaybeError CudaBackend::openDevice() {
  int count = 0, major = 0, minor = 0;
  if (MaybeError error = driver->fault(driver->deviceCount(&count), "count the devices"))
    return error;
  if (number >= count)
    return Error{ZORRO_INVALID, "expected a device from 0 to " + std::to_string(count - 1) +
                                    " but got number " + std::to_string(number)};
  char text[256] = "";
  Result result = driver->deviceGet(&device, number);
  if (result == success)
    result = driver->deviceName(text, sizeof(text) - 1, device);
  if (result == success)
    result = driver->deviceAttribute(&major, computeCapabilityMajor, device);
  if (result == success)
    result = driver->deviceAttribute(&minor, computeCapabilityMinor, device);
  if (result == success)
    result = driver->primaryRetain(&context, device);
  name = text;
  capability = major * 10 + minor;
  return driver->fault(result, "use device " + std::to_string(number));
}

MaybeError CudaBackend::loadImage() {
  const char *named = model.descriptor.model().arch;
  std::string has, deviceArch = "sm_" + std::to_string(capability);
  MaybeError firstError;
  for (uint32_t i = 0; i < model.code.imageCount(); ++i) {
    const zorro_image &image = model.code.image(i);
    Architecture architecture = architectureOf(image, named);
    std::string text = (image.kind == ZORRO_IMAGE_CUBIN ? "a cubin for " : "PTX for ") +
                       architecture.text();
    has += (has.empty() ? "" : ", ") + text;
    if (!fits(image, architecture, unsigned(capability)))
      continue;
    MaybeError error = loadImage(image, text);
    if (!error) {
      description = name + " (" + std::to_string(capability / 10) + "." +
                    std::to_string(capability % 10) + "), " + text;
      return std::nullopt;
    }
    // An older driver may refuse the cubin of a newer assembler and still compile the PTX.
    if (!firstError)
      firstError = std::move(error);
  }
  if (firstError)
    return firstError;
  return Error{ZORRO_UNSUPPORTED, "expected kernels for device " + std::to_string(number) + " (" +
                                      name + ", " + deviceArch + ") but the artefact has " + has};
}

MaybeError CudaBackend::loadImage(const zorro_image &image, const std::string &text) {
  char log[4096] = "";
  int options[] = {jitErrorLog, jitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(uintptr_t(sizeof(log) - 1))};
  Module loaded = nullptr;
  Result result = driver->moduleLoad(&loaded, image.data, 2, options, values);
  if (result == success) {
    module = OwnedModule(*driver, loaded);
    return std::nullopt;
  }
  if (result == outOfMemory)
    return driver->fault(result, "load the kernels");
  std::string line(log, std::find(log, log + sizeof(log) - 1, '\n'));
  line.resize(line.find('\0') == line.npos ? line.size() : line.find('\0'));
  return Error{ZORRO_UNSUPPORTED, "the driver refuses " + text + ": " + driver->text(result) +
                                      (line.empty() ? "" : ": " + line)};
}

MaybeError CudaBackend::findFunctions() {
  const zorro_model_desc &desc = model.descriptor.model();
  functions.resize(desc.kernel_count);
  for (uint32_t i = 0; i < desc.kernel_count; ++i)
    if (MaybeError error = findFunction(desc.kernels[i], functions[i])) {
      error->message = "kernel '" + std::string(desc.kernels[i].name) + "': " + error->message;
      return error;
    }
  return std::nullopt;
}

MaybeError CudaBackend::findFunction(const zorro_kernel_desc &kernel, Function &function) {
  // More than this has to be asked for.
  constexpr uint32_t commonSharedBytes = 48 * 1024;
  Result result = driver->moduleFunction(&function, module.get(), kernel.name);
  if (result == notFound)
    return badFile("the loaded program does not hold it");
  int limit = 0;
  if (result == success)
    result = driver->functionGet(&limit, functionMaxThreads, function);
  if (result == success && kernel.threads > uint32_t(std::max(limit, 0)))
    return Error{ZORRO_UNSUPPORTED, "it needs blocks of " + std::to_string(kernel.threads) +
                                        " threads but the device takes " + std::to_string(limit)};
  if (result == success && kernel.shared_bytes > commonSharedBytes) {
    result = driver->deviceAttribute(&limit, maxSharedBytesOptIn, device);
    if (result == success && kernel.shared_bytes > uint32_t(std::max(limit, 0)))
      return Error{ZORRO_UNSUPPORTED, "it needs " + std::to_string(kernel.shared_bytes) +
                                          " bytes of shared memory but the device has " +
                                          std::to_string(limit)};
    if (result == success)
      result = driver->functionSet(function, functionMaxDynamicSharedBytes,
                                   int(kernel.shared_bytes));
  }
  return driver->fault(result, "set it up");
}

MaybeError CudaBackend::allocate(uint64_t bytes, const std::string &what,
                                 OwnedMemory &memory) const {
  Address address = 0;
  Result result = driver->memoryAllocate(&address, bytes);
  if (result == success) {
    memory = OwnedMemory(*driver, address);
    return std::nullopt;
  }
  size_t free = 0, total = 0;
  if (result != outOfMemory || driver->memoryInfo(&free, &total) != success)
    return driver->fault(result, "allocate " + std::to_string(bytes) + " bytes on device " +
                                     std::to_string(number) + " for " + what);
  return Error{ZORRO_LIMIT, "cannot allocate " + std::to_string(bytes) + " bytes on device " +
                                std::to_string(number) + " for " + what + ": " +
                                std::to_string(free) + " of its " + std::to_string(total) +
                                " bytes are free"};
}

MaybeError CudaBackend::copyWeights() {
  uint64_t bytes = model.artefact.weightsSize();
  // Generated code may add to the address even if there is nothing behind it.
  if (MaybeError error = allocate(std::max<uint64_t>(bytes, 1), "the weights", weights))
    return error;
  if (bytes == 0)
    return std::nullopt;
  return driver->fault(driver->copyIn(weights.get(), model.artefact.weights(), bytes),
                       "copy the weights to the device");
}

MaybeError CudaBackend::createExecutor(const zorro_entry_desc &entry, unsigned,
                                       std::unique_ptr<Executor> &executor) const {
  auto made = std::make_unique<CudaExecutor>(model, entry, *this);
  if (MaybeError error = made->prepare())
    return error;
  executor = std::move(made);
  return std::nullopt;
}

//===- DriverTypes.h - The part of CUDA's driver interface in use ----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Handles and numbers as the driver's binary interface has them, so that no toolkit is needed to
// build. Where there is one, a test compares them with its cuda.h.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CUDA_DRIVERTYPES_H
#define ZORRO_RUNTIME_CUDA_DRIVERTYPES_H

#include <cstddef>
#include <cstdint>

namespace zorro::runtime::cuda {

using Result = int;
using Device = int;
using Address = unsigned long long;
using Context = struct ContextHandle *;
using Module = struct ModuleHandle *;
using Function = struct FunctionHandle *;
using Stream = struct StreamHandle *;
using Event = struct EventHandle *;
using Graph = struct GraphHandle *;
using GraphExec = struct GraphExecHandle *;

/// A tensor map as kernels take it; what is in it is the driver's business. CUDA 12 aligned it to
/// 64, CUDA 13 aligns it to 128.
struct alignas(128) EncodedMap {
  unsigned char bytes[128];
};

enum ResultCode : int {
  success = 0,
  invalidValue = 1,
  outOfMemory = 2,
  notInitialized = 3,
  stubLibrary = 34,
  noDevice = 100,
  invalidDevice = 101,
  invalidImage = 200,
  invalidContext = 201,
  noBinaryForGpu = 209,
  invalidPtx = 218,
  jitCompilerNotFound = 221,
  unsupportedPtxVersion = 222,
  jitDisabled = 223,
  invalidHandle = 400,
  notFound = 500,
  notReady = 600,
  illegalAddress = 700,
  launchOutOfResources = 701,
  launchFailed = 719,
  captureUnsupported = 900,
};

enum DeviceAttribute : int {
  computeCapabilityMajor = 75,
  computeCapabilityMinor = 76,
  maxSharedBytesOptIn = 97,
};

enum FunctionAttribute : int {
  functionMaxThreads = 0,
  functionMaxDynamicSharedBytes = 8,
};

enum PointerAttribute : int { pointerMemoryType = 2, pointerIsManaged = 8, pointerDevice = 9 };
enum MemoryType : unsigned { memoryHost = 1, memoryDevice = 2 };

enum JitOption : int { jitErrorLog = 5, jitErrorLogBytes = 6 };

enum StreamFlag : unsigned { streamDefault = 0, streamNonBlocking = 1 };
enum EventFlag : unsigned { eventDefault = 0, eventDisableTiming = 2 };
enum CaptureMode : int { captureRelaxed = 2 };

/// Keys of the `extra` argument of a launch.
constexpr uintptr_t launchEnd = 0, launchBuffer = 1, launchBufferSize = 2;

enum MapType : int { mapF32 = 7, mapBF16 = 9 };
enum MapInterleave : int { mapInterleaveNone = 0 };
enum MapSwizzle : int { mapSwizzleNone = 0, mapSwizzle32 = 1, mapSwizzle64 = 2, mapSwizzle128 = 3 };
enum MapPromotion : int { mapPromotion256 = 3 };
enum MapFill : int { mapFillZero = 0 };

} // namespace zorro::runtime::cuda

#endif // ZORRO_RUNTIME_CUDA_DRIVERTYPES_H

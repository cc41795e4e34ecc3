//===- DriverTypesTest.cpp - Our declarations against the toolkit's -------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Compiled to something only where a toolkit is installed: then every number and every parameter
// that the runtime passes is compared with cuda.h.
//
//===----------------------------------------------------------------------------------------===//

#ifdef ZORRO_CUDA_HEADER

#include ZORRO_CUDA_HEADER

#include "runtime/Cuda/DriverTypes.h"

#include <type_traits>

namespace ours = zorro::runtime::cuda;

#define SAME(own, theirs) static_assert(int(ours::own) == int(theirs), #theirs)
SAME(success, CUDA_SUCCESS);
SAME(invalidValue, CUDA_ERROR_INVALID_VALUE);
SAME(outOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
SAME(notInitialized, CUDA_ERROR_NOT_INITIALIZED);
SAME(noDevice, CUDA_ERROR_NO_DEVICE);
SAME(invalidDevice, CUDA_ERROR_INVALID_DEVICE);
SAME(invalidImage, CUDA_ERROR_INVALID_IMAGE);
SAME(invalidContext, CUDA_ERROR_INVALID_CONTEXT);
SAME(noBinaryForGpu, CUDA_ERROR_NO_BINARY_FOR_GPU);
SAME(invalidPtx, CUDA_ERROR_INVALID_PTX);
SAME(invalidHandle, CUDA_ERROR_INVALID_HANDLE);
SAME(notFound, CUDA_ERROR_NOT_FOUND);
SAME(notReady, CUDA_ERROR_NOT_READY);
SAME(illegalAddress, CUDA_ERROR_ILLEGAL_ADDRESS);
SAME(launchOutOfResources, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
SAME(captureUnsupported, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
SAME(computeCapabilityMajor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME(computeCapabilityMinor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME(maxSharedBytesOptIn, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME(functionMaxThreads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME(functionMaxDynamicSharedBytes, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
SAME(pointerMemoryType, CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
SAME(pointerIsManaged, CU_POINTER_ATTRIBUTE_IS_MANAGED);
SAME(pointerDevice, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL);
SAME(memoryHost, CU_MEMORYTYPE_HOST);
SAME(memoryDevice, CU_MEMORYTYPE_DEVICE);
SAME(jitErrorLog, CU_JIT_ERROR_LOG_BUFFER);
SAME(jitErrorLogBytes, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
SAME(streamDefault, CU_STREAM_DEFAULT);
SAME(streamNonBlocking, CU_STREAM_NON_BLOCKING);
SAME(eventDefault, CU_EVENT_DEFAULT);
SAME(eventDisableTiming, CU_EVENT_DISABLE_TIMING);
SAME(captureRelaxed, CU_STREAM_CAPTURE_MODE_RELAXED);
SAME(launchEnd, CU_LAUNCH_PARAM_END_AS_INT);
SAME(launchBuffer, CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT);
SAME(launchBufferSize, CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT);
SAME(mapF32, CU_TENSOR_MAP_DATA_TYPE_FLOAT32);
SAME(mapBF16, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
SAME(mapInterleaveNone, CU_TENSOR_MAP_INTERLEAVE_NONE);
SAME(mapSwizzleNone, CU_TENSOR_MAP_SWIZZLE_NONE);
SAME(mapSwizzle32, CU_TENSOR_MAP_SWIZZLE_32B);
SAME(mapSwizzle64, CU_TENSOR_MAP_SWIZZLE_64B);
SAME(mapSwizzle128, CU_TENSOR_MAP_SWIZZLE_128B);
SAME(mapPromotion256, CU_TENSOR_MAP_L2_PROMOTION_L2_256B);
SAME(mapFillZero, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
static_assert(sizeof(ours::EncodedMap) == sizeof(CUtensorMap) &&
                  alignof(ours::EncodedMap) >= alignof(CUtensorMap),
              "a tensor map's size");

namespace {

/// The same call if parameters agree one by one in kind and size: handles are pointers to types of
/// our own, enumerations are ints.
template <typename Own, typename Theirs>
constexpr bool alike() {
  if constexpr (std::is_pointer_v<Own> || std::is_pointer_v<Theirs>)
    return std::is_pointer_v<Own> && std::is_pointer_v<Theirs>;
  else
    return sizeof(Own) == sizeof(Theirs);
}
template <typename Own, typename Theirs>
struct SameCall : std::false_type {};
template <typename OwnResult, typename... Own, typename TheirResult, typename... Theirs>
struct SameCall<OwnResult(Own...), TheirResult(Theirs...)> {
  static constexpr bool check() {
    if constexpr (sizeof...(Own) != sizeof...(Theirs))
      return false;
    else
      return (alike<Own, Theirs>() && ...);
  }
  static constexpr bool value = check();
};

} // namespace

// The header declares the versions that our symbols name. (It takes cuEventElapsedTime for a second
// version with the same parameters, which drivers before 12.8 lack.)
namespace zorro::runtime::cuda {
#define ZORRO_DRIVER_CALL(name, symbol, parameters)                                                \
  using name##Call = Result parameters;                                                            \
  static_assert(SameCall<name##Call, decltype(::symbol)>::value, #symbol);
#include "runtime/Cuda/DriverCalls.def"
} // namespace zorro::runtime::cuda

#endif // ZORRO_CUDA_HEADER

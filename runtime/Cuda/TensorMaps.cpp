//===- TensorMaps.cpp - Tensor maps of launches ---------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The driver answers a wrong map with one number for all reasons, so the reasons are looked for
// here.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cuda/TensorMaps.h"

using namespace zorro::runtime;
using namespace zorro::runtime::cuda;

/// What the driver would refuse about `map`, or "".
static std::string mistake(const zorro_tensor_map &map, uint32_t words, int64_t elementBytes) {
  auto axis = [](int64_t i) { return " of axis " + std::to_string(i); };
  if (map.word < 0 || map.word >= int64_t(words))
    return "its address is word " + std::to_string(map.word) + " of " + std::to_string(words);
  if (elementBytes == 0)
    return "type " + std::to_string(map.type);
  if (map.rank < 2 || map.rank > ZORRO_MAP_RANK)
    return "rank " + std::to_string(map.rank);
  if (map.swizzle != 0 && map.swizzle != 32 && map.swizzle != 64 && map.swizzle != 128)
    return "swizzle " + std::to_string(map.swizzle);
  for (int64_t i = 0; i < map.rank; ++i) {
    if (map.dims[i] < 1 || map.dims[i] > int64_t(UINT32_MAX) + 1)
      return "size " + std::to_string(map.dims[i]) + axis(i);
    if (map.box[i] < 1 || map.box[i] > 256)
      return "box " + std::to_string(map.box[i]) + axis(i);
    if (i == 0 ? map.strides[i] != elementBytes
               : map.strides[i] < 16 || map.strides[i] % 16 != 0 ||
                     map.strides[i] >= int64_t(1) << 40)
      return "stride " + std::to_string(map.strides[i]) + axis(i);
  }
  int64_t row = map.box[0] * elementBytes;
  if (row % 16 != 0 || (map.swizzle != 0 && row > map.swizzle))
    return "a box of " + std::to_string(row) + " bytes along axis 0";
  return "";
}

MaybeError zorro::runtime::cuda::encodeMap(const Driver &driver, const zorro_tensor_map &map,
                                           const int64_t *words, uint32_t count,
                                           EncodedMap &encoded) {
  int64_t elementBytes = map.type == ZORRO_BF16 ? 2 : map.type == ZORRO_F32 ? 4 : 0;
  if (std::string what = mistake(map, count, elementBytes); !what.empty())
    return Error{ZORRO_INTERNAL, "a tensor map has " + what};
  uint64_t address = uint64_t(words[map.word]) + uint64_t(map.byte_offset);
  if (address % 16 != 0)
    return Error{ZORRO_INTERNAL, "a tensor map begins " + std::to_string(address % 16) +
                                     " bytes behind a multiple of 16"};
  uint64_t dims[ZORRO_MAP_RANK], strides[ZORRO_MAP_RANK];
  uint32_t box[ZORRO_MAP_RANK], steps[ZORRO_MAP_RANK];
  for (int64_t i = 0; i < map.rank; ++i) {
    dims[i] = uint64_t(map.dims[i]);
    box[i] = uint32_t(map.box[i]);
    steps[i] = 1;
    if (i != 0) // the driver knows the innermost one
      strides[i - 1] = uint64_t(map.strides[i]);
  }
  int swizzle = map.swizzle == 128  ? mapSwizzle128
                : map.swizzle == 64 ? mapSwizzle64
                : map.swizzle == 32 ? mapSwizzle32
                                    : mapSwizzleNone;
  Result result =
      driver.encodeTiled(&encoded, map.type == ZORRO_BF16 ? mapBF16 : mapF32, uint32_t(map.rank),
                         reinterpret_cast<void *>(address), dims, strides, box, steps,
                         mapInterleaveNone, swizzle, mapPromotion256, mapFillZero);
  return driver.fault(result, "encode a tensor map");
}

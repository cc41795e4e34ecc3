//===- TensorMap.cpp - The refusals of cuTensorMapEncodeTiled -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "TensorMap.h"

#include <cstring>

namespace zorro::ptx {

std::string encodeTensorMap(TensorMap &map, uint64_t base, unsigned elementBytes, unsigned rank,
                            const uint64_t *dims, const uint64_t *strides, const uint32_t *box,
                            const uint32_t *elementStrides, unsigned swizzle, bool nanFill) {
  auto number = [](uint64_t value) { return std::to_string(value); };
  if (rank < 1 || rank > 5)
    return "expected a rank of 1 to 5 but got " + number(rank);
  if (elementBytes != 1 && elementBytes != 2 && elementBytes != 4 && elementBytes != 8)
    return "expected elements of 1, 2, 4 or 8 bytes but got " + number(elementBytes);
  if (!base || base % 16)
    return "expected a base aligned to 16 bytes";
  if (swizzle != 0 && swizzle != 32 && swizzle != 64 && swizzle != 128)
    return "expected a swizzle of 0, 32, 64 or 128 bytes but got " + number(swizzle);
  std::memset(&map, 0, sizeof map);
  map.magic = TensorMap::kMagic;
  map.elementBytes = uint8_t(elementBytes);
  map.rank = uint8_t(rank);
  map.swizzle = uint8_t(swizzle);
  map.nanFill = nanFill;
  map.base = base;
  for (unsigned i = 0; i < 5; ++i) {
    map.dims[i] = 1;
    map.box[i] = 1;
    map.elementStrides[i] = 1;
  }
  for (unsigned i = 0; i < rank; ++i) {
    if (dims[i] < 1 || dims[i] > uint64_t(1) << 32)
      return "expected a dimension of 1 to 2^32 but got " + number(dims[i]);
    if (box[i] < 1 || box[i] > 256)
      return "expected a box of 1 to 256 elements but got " + number(box[i]);
    if (elementStrides[i] < 1 || elementStrides[i] > 8)
      return "expected an element stride of 1 to 8 but got " + number(elementStrides[i]);
    map.dims[i] = uint32_t(dims[i] - 1) + 1; // 2^32 becomes 0: no real tensor here is that long
    map.box[i] = uint16_t(box[i]);
    map.elementStrides[i] = uint16_t(elementStrides[i]);
    if (!map.dims[i])
      return "expected a dimension below 2^32";
  }
  for (unsigned i = 0; i + 1 < rank; ++i) {
    if (strides[i] % 16 || !strides[i] || strides[i] >= uint64_t(1) << 36)
      return "expected a stride that is a multiple of 16 below 2^36 but got " + number(strides[i]);
    map.strides[i] = uint32_t(strides[i] / 16);
  }
  uint64_t inner = uint64_t(box[0]) * elementBytes;
  if (inner % 16)
    return "expected an inner box of a multiple of 16 bytes but got " + number(inner);
  if (swizzle && inner > swizzle)
    return "expected an inner box of at most " + number(swizzle) +
           " bytes for its swizzle but got " + number(inner);
  return "";
}

} // namespace zorro::ptx

//===- TensorMap.h - What a tensor map says, in the interpreter's encoding --*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The driver's CUtensorMap is 128 opaque bytes. Here they are this struct; a stand-in for the
// driver fills it in cuTensorMapEncodeTiled, with the same arguments and the same refusals.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_TENSORMAP_H
#define ZORRO_TEST_PTX_TENSORMAP_H

#include <cstdint>
#include <string>
#include <type_traits>

namespace zorro::ptx {

struct TensorMap {
  static constexpr uint32_t kMagic = 0x50414d5a;
  uint32_t magic;
  uint8_t elementBytes;
  uint8_t rank;
  /// 0, 32, 64 or 128 bytes.
  uint8_t swizzle;
  uint8_t nanFill;
  uint64_t base;
  /// Elements in each dimension, the innermost (contiguous) one first.
  uint32_t dims[5];
  /// Elements of a tile.
  uint16_t box[5];
  uint16_t elementStrides[5];
  /// Bytes from one index of dimension i + 1 to the next, in units of 16.
  uint32_t strides[4];
  uint8_t unused[56];
};
static_assert(sizeof(TensorMap) == 128 && std::is_trivially_copyable_v<TensorMap>,
              "a tensor map is 128 bytes");

/// Fills `map` as cuTensorMapEncodeTiled does: `dims`, `box` and `elementStrides` have `rank`
/// entries, `strides` (bytes) rank - 1. The message is empty unless the driver would refuse.
std::string encodeTensorMap(TensorMap &map, uint64_t base, unsigned elementBytes, unsigned rank,
                            const uint64_t *dims, const uint64_t *strides, const uint32_t *box,
                            const uint32_t *elementStrides, unsigned swizzle, bool nanFill);

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_TENSORMAP_H

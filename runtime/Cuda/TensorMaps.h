//===- TensorMaps.h - Tensor maps of launches ------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Turns a tensor map as generated code describes it into the form that kernels take.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CUDA_TENSORMAPS_H
#define ZORRO_RUNTIME_CUDA_TENSORMAPS_H

#include "runtime/Cuda/Driver.h"

namespace zorro::runtime::cuda {

/// `words` are the launch's argument words, `count` of them before the descriptions of maps.
MaybeError encodeMap(const Driver &driver, const zorro_tensor_map &map, const int64_t *words,
                     uint32_t count, EncodedMap &encoded);

} // namespace zorro::runtime::cuda

#endif // ZORRO_RUNTIME_CUDA_TENSORMAPS_H

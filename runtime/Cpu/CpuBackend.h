//===- CpuBackend.h - Runs on this machine's processor ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Kernels are functions; a launch splits its tasks over the threads of a pool.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CPU_CPUBACKEND_H
#define ZORRO_RUNTIME_CPU_CPUBACKEND_H

#include "runtime/Core/Backend.h"

namespace zorro::runtime {

/// Checks that the processor has what the code of `model` requires.
MaybeError checkCpu(const zorro_model_desc &model);

/// `model` must outlive the backend.
std::unique_ptr<Backend> makeCpuBackend(const Model &model);

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CPU_CPUBACKEND_H

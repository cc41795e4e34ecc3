//===- Features.h - What this machine's processor can do -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The features of enum zorro_cpu_feature that the processor has and the system lets a program use,
// their names, and the permission that Linux wants asked before tile registers are touched.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CPU_FEATURES_H
#define ZORRO_RUNTIME_CPU_FEATURES_H

#include <cstdint>
#include <string>

namespace zorro::runtime {

/// The feature bits of this machine, less those that the environment variable ZORRO_CPU_MASK names
/// (a list with commas: "avx512f,amx_tile"). Names that are not known are ignored.
uint64_t hostCpuFeatures();

/// "avx512f, amx_tile": the names of `features` in the order of their bits. A bit without a name
/// is given as "bit 40".
std::string cpuFeatureNames(uint64_t features);

/// Asks the system for the right to use tile registers, for the whole process.
bool requestTilePermission();

/// The number of cores this process may run on, at least 1.
unsigned usableCores();

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CPU_FEATURES_H

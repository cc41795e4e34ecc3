//===- Target.cpp - Feature sets of CPUs -------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Target.h"

#include "runtime/Abi/Abi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace zorro;

/// LLVM's name of every feature that generated code may use, with its bit in the descriptor. A
/// feature without a bit is never asked for: the runtime could not check it.
static const std::pair<const char *, int> kFeatures[] = {
    {"avx", ZORRO_CPU_AVX},           {"avx2", ZORRO_CPU_AVX2},
    {"fma", ZORRO_CPU_FMA},           {"f16c", ZORRO_CPU_F16C},
    {"bmi", ZORRO_CPU_BMI},           {"bmi2", ZORRO_CPU_BMI2},
    {"lzcnt", ZORRO_CPU_LZCNT},       {"popcnt", ZORRO_CPU_POPCNT},
    {"sse4.2", ZORRO_CPU_SSE42},      {"movbe", ZORRO_CPU_MOVBE},
    {"avx512f", ZORRO_CPU_AVX512F},   {"avx512cd", ZORRO_CPU_AVX512CD},
    {"avx512bw", ZORRO_CPU_AVX512BW}, {"avx512dq", ZORRO_CPU_AVX512DQ},
    {"avx512vl", ZORRO_CPU_AVX512VL}, {"avx512vnni", ZORRO_CPU_AVX512VNNI},
    {"avx512bf16", ZORRO_CPU_AVX512BF16}};

static constexpr uint64_t bit(int feature) { return uint64_t(1) << feature; }

static constexpr uint64_t kV3 =
    bit(ZORRO_CPU_AVX) | bit(ZORRO_CPU_AVX2) | bit(ZORRO_CPU_FMA) | bit(ZORRO_CPU_F16C) |
    bit(ZORRO_CPU_BMI) | bit(ZORRO_CPU_BMI2) | bit(ZORRO_CPU_LZCNT) | bit(ZORRO_CPU_POPCNT) |
    bit(ZORRO_CPU_SSE42) | bit(ZORRO_CPU_MOVBE);
static constexpr uint64_t kV4 = kV3 | bit(ZORRO_CPU_AVX512F) | bit(ZORRO_CPU_AVX512CD) |
                                bit(ZORRO_CPU_AVX512BW) | bit(ZORRO_CPU_AVX512DQ) |
                                bit(ZORRO_CPU_AVX512VL);
static constexpr uint64_t kBf16 =
    kV4 | bit(ZORRO_CPU_AVX512VNNI) | bit(ZORRO_CPU_AVX512BF16);

static uint64_t hostFeatures() {
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  uint64_t bits = 0;
  for (auto [name, index] : kFeatures)
    if (host.lookup(name))
      bits |= bit(index);
  // Part of AVX-512 alone is of no use here, and would only narrow where the code runs.
  return (bits & kV4) == kV4 ? bits : bits & kV3;
}

CpuTarget CpuTarget::baseline() {
  CpuTarget target;
  target.name = target.cpu = target.tuneCpu = "x86-64";
  target.triple = "x86_64-pc-linux-gnu";
  target.dataLayout =
      "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128";
  return target;
}

FailureOr<CpuTarget> CpuTarget::get(StringRef name, std::string *message) {
  auto fail = [&](const Twine &text) -> FailureOr<CpuTarget> {
    if (message)
      *message = text.str();
    return failure();
  };
  uint64_t bits = llvm::StringSwitch<uint64_t>(name)
                      .Case("x86-64-v3", kV3)
                      .Case("x86-64-v4", kV4)
                      .Cases({"znver4", "sapphirerapids"}, kBf16)
                      .Case("native", hostFeatures())
                      .Default(0);
  if (!bits && name != "native")
    return fail("expected x86-64-v3, x86-64-v4, znver4, sapphirerapids or native but got '" + name +
                "'");
  if ((bits & kV3) != kV3)
    return fail("expected a machine with at least the features of x86-64-v3");

  CpuTarget target = baseline();
  target.name = name.str();
  target.avx512 = (bits & kV4) == kV4;
  target.lanes = target.avx512 ? 16 : 8;
  target.abiFeatures = bits;
  // Chosen from the set, so that equal sets give equal code under any name.
  bool bf16 = bits & bit(ZORRO_CPU_AVX512BF16);
  target.tuneCpu = !target.avx512 ? "znver3" : bf16 ? "znver4" : "skylake-avx512";
  for (auto [feature, index] : kFeatures)
    if (bits & bit(index))
      target.features += (target.features.empty() ? "+" : ",+") + std::string(feature);
  return target;
}

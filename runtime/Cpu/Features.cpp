//===- Features.cpp - What this machine's processor can do ----------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// cpuid says what the processor can do, xgetbv which registers the system saves. Both are needed:
// a virtual machine may show AVX-512 and not save its registers.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cpu/Features.h"

#include "runtime/Abi/Abi.h"

#include <cpuid.h>
#include <cstdlib>
#include <sched.h>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

using namespace zorro::runtime;

namespace {

struct FeatureName {
  unsigned bit;
  const char *name;
};

constexpr FeatureName featureNames[] = {
    {ZORRO_CPU_AVX, "avx"},
    {ZORRO_CPU_AVX2, "avx2"},
    {ZORRO_CPU_FMA, "fma"},
    {ZORRO_CPU_F16C, "f16c"},
    {ZORRO_CPU_BMI, "bmi"},
    {ZORRO_CPU_BMI2, "bmi2"},
    {ZORRO_CPU_LZCNT, "lzcnt"},
    {ZORRO_CPU_POPCNT, "popcnt"},
    {ZORRO_CPU_SSE42, "sse4.2"},
    {ZORRO_CPU_MOVBE, "movbe"},
    {ZORRO_CPU_AVX512F, "avx512f"},
    {ZORRO_CPU_AVX512CD, "avx512cd"},
    {ZORRO_CPU_AVX512BW, "avx512bw"},
    {ZORRO_CPU_AVX512DQ, "avx512dq"},
    {ZORRO_CPU_AVX512VL, "avx512vl"},
    {ZORRO_CPU_AVX512VNNI, "avx512vnni"},
    {ZORRO_CPU_AVX512BF16, "avx512bf16"},
    {ZORRO_CPU_AMX_TILE, "amx_tile"},
    {ZORRO_CPU_AMX_BF16, "amx_bf16"},
};

// Register sets of XCR0 that the system must save before code may use them.
constexpr uint64_t savesYmm = 0x6;
constexpr uint64_t savesZmm = savesYmm | 0xe0;
constexpr uint64_t savesTiles = 0x60000;

uint64_t savedRegisters() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t(high) << 32) | low;
}

uint64_t detect() {
  unsigned a, b, c, d;
  uint64_t features = 0;
  auto add = [&](unsigned word, unsigned bit, unsigned feature) {
    if (word >> bit & 1)
      features |= uint64_t(1) << feature;
  };
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return 0;
  uint64_t saved = (c >> 27 & 1) ? savedRegisters() : 0;
  bool ymm = (saved & savesYmm) == savesYmm;
  bool zmm = (saved & savesZmm) == savesZmm;
  bool tiles = (saved & savesTiles) == savesTiles;
  add(c, 20, ZORRO_CPU_SSE42);
  add(c, 22, ZORRO_CPU_MOVBE);
  add(c, 23, ZORRO_CPU_POPCNT);
  if (ymm) {
    add(c, 28, ZORRO_CPU_AVX);
    add(c, 12, ZORRO_CPU_FMA);
    add(c, 29, ZORRO_CPU_F16C);
  }
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    add(b, 3, ZORRO_CPU_BMI);
    add(b, 8, ZORRO_CPU_BMI2);
    if (ymm)
      add(b, 5, ZORRO_CPU_AVX2);
    if (zmm) {
      add(b, 16, ZORRO_CPU_AVX512F);
      add(b, 17, ZORRO_CPU_AVX512DQ);
      add(b, 28, ZORRO_CPU_AVX512CD);
      add(b, 30, ZORRO_CPU_AVX512BW);
      add(b, 31, ZORRO_CPU_AVX512VL);
      add(c, 11, ZORRO_CPU_AVX512VNNI);
    }
    if (tiles) {
      add(d, 24, ZORRO_CPU_AMX_TILE);
      add(d, 22, ZORRO_CPU_AMX_BF16);
    }
    unsigned subleaves = a;
    if (zmm && subleaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
      add(a, 5, ZORRO_CPU_AVX512BF16);
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    add(c, 5, ZORRO_CPU_LZCNT);
  return features;
}

uint64_t maskedFeatures() {
  const char *text = getenv("ZORRO_CPU_MASK");
  uint64_t masked = 0;
  for (std::string_view rest = text ? text : ""; !rest.empty();) {
    std::string_view name = rest.substr(0, rest.find(','));
    rest.remove_prefix(name.size() == rest.size() ? name.size() : name.size() + 1);
    for (const FeatureName &feature : featureNames)
      if (name == feature.name)
        masked |= uint64_t(1) << feature.bit;
  }
  return masked;
}

} // namespace

uint64_t zorro::runtime::hostCpuFeatures() {
  static const uint64_t detected = detect();
  return detected & ~maskedFeatures();
}

std::string zorro::runtime::cpuFeatureNames(uint64_t features) {
  std::string names;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (!(features >> bit & 1))
      continue;
    if (!names.empty())
      names += ", ";
    std::string name = "bit " + std::to_string(bit);
    for (const FeatureName &feature : featureNames)
      if (feature.bit == bit)
        name = feature.name;
    names += name;
  }
  return names;
}

bool zorro::runtime::requestTilePermission() {
  constexpr int requestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
  constexpr int tileData = 18;              // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

unsigned zorro::runtime::usableCores() {
  // A fixed cpu_set_t holds 1024 cores; a larger machine makes the call fail, and the count of
  // cores that are online is then the better answer.
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
    return unsigned(CPU_COUNT(&set));
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? unsigned(online) : 1;
}

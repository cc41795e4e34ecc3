//===- Units.cpp - Units that multiply and add, kept busy --------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Enough independent chains to cover the latency of an FMA on both ports (4 cycles x 2, rounded up
// to what the register file holds). Chosen by what the processor can do, not by how this file is
// compiled.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-bench/Units.h"

#include "runtime/Abi/Abi.h"
#include "runtime/Cpu/Features.h"

#include <immintrin.h>
#include <utility>

using namespace zorro;
using namespace zorro::bench;

static constexpr int64_t innerTurns = 20000;

/// One multiply-add of a chain; the empty assembly keeps its history unknown, so that it is not
/// folded away.
__attribute__((target("avx512f"))) static inline void stepAvx512(__m512 &sum, __m512 factor,
                                                                 __m512 addend) {
  sum = _mm512_fmadd_ps(sum, factor, addend);
  __asm__ volatile("" : "+v"(sum));
}

template <size_t... chain>
__attribute__((target("avx512f"))) static int64_t turnsAvx512(std::index_sequence<chain...>) {
  __m512 factor = _mm512_set1_ps(0.999f), addend = _mm512_set1_ps(0.001f);
  __m512 sums[] = {(void(chain), addend)...};
  for (int64_t turn = 0; turn < innerTurns; ++turn)
    (stepAvx512(sums[chain], factor, addend), ...);
  return innerTurns * int64_t(sizeof...(chain)) * 16 * 2;
}

__attribute__((target("avx2,fma"))) static inline void stepAvx2(__m256 &sum, __m256 factor,
                                                                __m256 addend) {
  sum = _mm256_fmadd_ps(sum, factor, addend);
  __asm__ volatile("" : "+x"(sum));
}

template <size_t... chain>
__attribute__((target("avx2,fma"))) static int64_t turnsAvx2(std::index_sequence<chain...>) {
  __m256 factor = _mm256_set1_ps(0.999f), addend = _mm256_set1_ps(0.001f);
  __m256 sums[] = {(void(chain), addend)...};
  for (int64_t turn = 0; turn < innerTurns; ++turn)
    (stepAvx2(sums[chain], factor, addend), ...);
  return innerTurns * int64_t(sizeof...(chain)) * 8 * 2;
}

static inline void stepSse2(__m128 &sum, __m128 factor, __m128 addend) {
  sum = _mm_add_ps(_mm_mul_ps(sum, factor), addend);
  __asm__ volatile("" : "+x"(sum));
}

template <size_t... chain>
static int64_t turnsSse2(std::index_sequence<chain...>) {
  __m128 factor = _mm_set1_ps(0.999f), addend = _mm_set1_ps(0.001f);
  __m128 sums[] = {(void(chain), addend)...};
  for (int64_t turn = 0; turn < innerTurns; ++turn)
    (stepSse2(sums[chain], factor, addend), ...);
  return innerTurns * int64_t(sizeof...(chain)) * 4 * 2;
}

/// Pairs of bf16 numbers, all 1: sums grow, and no number is denormal.
__attribute__((target("avx512f,avx512bf16"))) static inline void stepDots(__m512 &sum, __m512bh a,
                                                                          __m512bh b) {
  sum = _mm512_dpbf16_ps(sum, a, b);
  __asm__ volatile("" : "+v"(sum));
}

template <size_t... chain>
__attribute__((target("avx512f,avx512bf16"))) static int64_t
turnsDots(std::index_sequence<chain...>) {
  __m512bh a = (__m512bh)_mm512_set1_epi32(0x3f6e3f51), b = (__m512bh)_mm512_set1_epi32(0xbf193eb7);
  __m512 sums[] = {(void(chain), _mm512_set1_ps(0.001f))...};
  for (int64_t turn = 0; turn < innerTurns; ++turn)
    (stepDots(sums[chain], a, b), ...);
  return innerTurns * int64_t(sizeof...(chain)) * 32 * 2;
}

/// Two by two tiles of sums. Numbers differ from each other: with equal ones the unit takes less
/// power, and on some machines the clock is higher.
__attribute__((target("amx-tile,amx-bf16"))) static int64_t turnsTiles() {
  constexpr int tileRows = 16, rowBytes = 64, tileTurns = 1500;
  struct alignas(64) Configuration {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t columnBytes[16] = {};
    uint8_t rows[16] = {};
  } configuration;
  for (int tile = 0; tile < 8; ++tile) {
    configuration.columnBytes[tile] = rowBytes;
    configuration.rows[tile] = tileRows;
  }
  alignas(64) uint16_t numbers[4][tileRows * rowBytes / 2];
  uint32_t seed = 1;
  for (auto &tile : numbers)
    for (uint16_t &number : tile) {
      seed = seed * 1664525 + 1013904223;
      // A sign, an exponent of -1 to -4, seven bits of fraction.
      number = uint16_t((seed >> 31) << 15 | (123 + (seed >> 24 & 3)) << 7 | (seed >> 16 & 127));
    }
  _tile_loadconfig(&configuration);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, numbers[0], rowBytes);
  _tile_loadd(5, numbers[1], rowBytes);
  _tile_loadd(6, numbers[2], rowBytes);
  _tile_loadd(7, numbers[3], rowBytes);
  for (int turn = 0; turn < tileTurns; ++turn) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return int64_t(tileTurns) * 4 * 16 * 16 * 32 * 2;
}

Unit bench::unitOf(Roof roof) {
  uint64_t features = runtime::hostCpuFeatures();
  auto has = [features](unsigned bit) { return (features >> bit & 1) != 0; };
  switch (roof) {
  case Roof::Fma:
    if (has(ZORRO_CPU_AVX512F))
      return {"avx512f", [] { return turnsAvx512(std::make_index_sequence<24>()); }};
    if (has(ZORRO_CPU_AVX2) && has(ZORRO_CPU_FMA))
      return {"avx2", [] { return turnsAvx2(std::make_index_sequence<12>()); }};
    return {"sse2", [] { return turnsSse2(std::make_index_sequence<12>()); }};
  case Roof::Dots:
    if (has(ZORRO_CPU_AVX512F) && has(ZORRO_CPU_AVX512BF16))
      return {"avx512bf16", [] { return turnsDots(std::make_index_sequence<24>()); }};
    return {"avx512bf16"};
  case Roof::Tiles:
    if (has(ZORRO_CPU_AMX_TILE) && has(ZORRO_CPU_AMX_BF16) && runtime::requestTilePermission())
      return {"amx_bf16", turnsTiles};
    return {"amx_bf16"};
  default:
    return {""};
  }
}

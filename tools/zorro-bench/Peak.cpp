//===- Peak.cpp - What this machine can do at most ---------------------------------------===//
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

#include "tools/zorro-bench/Peak.h"

#include "runtime/Abi/Abi.h"
#include "runtime/Cpu/Features.h"

#include <chrono>
#include <immintrin.h>
#include <utility>
#include <vector>

using namespace zorro;

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

namespace {
struct Kind {
  const char *name;
  int64_t (*turns)();
};
} // namespace

static Kind chooseKind() {
  uint64_t features = runtime::hostCpuFeatures();
  auto has = [features](unsigned bit) { return (features >> bit & 1) != 0; };
  if (has(ZORRO_CPU_AVX512F))
    return {"avx512f", [] { return turnsAvx512(std::make_index_sequence<24>()); }};
  if (has(ZORRO_CPU_AVX2) && has(ZORRO_CPU_FMA))
    return {"avx2", [] { return turnsAvx2(std::make_index_sequence<12>()); }};
  return {"sse2", [] { return turnsSse2(std::make_index_sequence<12>()); }};
}

const char *bench::peakRegisters() { return chooseKind().name; }

double bench::measurePeak(runtime::ThreadPool &pool, double seconds) {
  using Clock = std::chrono::steady_clock;
  struct alignas(64) Share {
    int64_t operations = 0;
  };
  struct Job {
    Kind kind;
    Clock::time_point end;
    std::vector<Share> shares;
  } job = {chooseKind(), {}, std::vector<Share>(pool.size())};
  auto begin = Clock::now();
  job.end = begin + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(seconds));
  pool.run(
      [](void *context, unsigned thread, int64_t, int64_t) {
        auto &job = *static_cast<Job *>(context);
        int64_t operations = 0;
        do
          operations += job.kind.turns();
        while (Clock::now() < job.end);
        job.shares[thread].operations = operations;
      },
      &job, pool.size());
  std::chrono::duration<double> spent = Clock::now() - begin;
  int64_t operations = 0;
  for (const Share &share : job.shares)
    operations += share.operations;
  return double(operations) / spent.count();
}

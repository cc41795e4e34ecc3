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
#include <vector>

using namespace zorro;

static constexpr int64_t innerTurns = 20000;

// Keeps a value in a register and its history unknown, so that no chain is folded away.
#define KEEP(value) __asm__ volatile("" : "+v"(value))
#define KEEP_SSE(value) __asm__ volatile("" : "+x"(value))

template <size_t chains> __attribute__((target("avx512f"))) static int64_t turnsAvx512() {
  __m512 sums[chains], factor = _mm512_set1_ps(0.999f), addend = _mm512_set1_ps(0.001f);
  for (__m512 &sum : sums)
    sum = addend;
  for (int64_t turn = 0; turn < innerTurns; ++turn)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < chains; ++i) {
      sums[i] = _mm512_fmadd_ps(sums[i], factor, addend);
      KEEP(sums[i]);
    }
  return innerTurns * int64_t(chains) * 16 * 2;
}

template <size_t chains> __attribute__((target("avx2,fma"))) static int64_t turnsAvx2() {
  __m256 sums[chains], factor = _mm256_set1_ps(0.999f), addend = _mm256_set1_ps(0.001f);
  for (__m256 &sum : sums)
    sum = addend;
  for (int64_t turn = 0; turn < innerTurns; ++turn)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < chains; ++i) {
      sums[i] = _mm256_fmadd_ps(sums[i], factor, addend);
      KEEP_SSE(sums[i]);
    }
  return innerTurns * int64_t(chains) * 8 * 2;
}

template <size_t chains> static int64_t turnsSse2() {
  __m128 sums[chains], factor = _mm_set1_ps(0.999f), addend = _mm_set1_ps(0.001f);
  for (__m128 &sum : sums)
    sum = addend;
  for (int64_t turn = 0; turn < innerTurns; ++turn)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < chains; ++i) {
      sums[i] = _mm_add_ps(_mm_mul_ps(sums[i], factor), addend);
      KEEP_SSE(sums[i]);
    }
  return innerTurns * int64_t(chains) * 4 * 2;
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
    return {"avx512f", turnsAvx512<24>};
  if (has(ZORRO_CPU_AVX2) && has(ZORRO_CPU_FMA))
    return {"avx2", turnsAvx2<12>};
  return {"sse2", turnsSse2<12>};
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

//===- Roofs.cpp - What this machine can do at most --------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every thread reads memory of its own, all of it in turn: half of its second cache, a part of the
// last cache, or far more than a thread's share of that.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-bench/Roofs.h"

#include "tools/zorro-bench/Units.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <emmintrin.h>
#include <immintrin.h>
#include <unistd.h>

using namespace zorro;
using namespace zorro::bench;

using Clock = std::chrono::steady_clock;

const char *bench::nameOf(Roof roof) {
  constexpr const char *names[roofCount] = {"fma", "dots", "tiles", "L2", "L3", "memory"};
  return names[size_t(roof)];
}

Rates bench::larger(const Rates &a, const Rates &b) {
  Rates result;
  for (Roof roof : allRoofs)
    result[roof] = std::max(a[roof], b[roof]);
  return result;
}

//===----------------------------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------------------------===//

static constexpr size_t pieceBytes = 1 << 14;

__attribute__((target("avx512f"))) static void readAvx512(const char *from) {
  for (const char *at = from; at != from + pieceBytes; at += 4 * 64) {
    __m512 a = _mm512_load_ps(at), b = _mm512_load_ps(at + 64);
    __m512 c = _mm512_load_ps(at + 128), d = _mm512_load_ps(at + 192);
    __asm__ volatile("" : : "v"(a), "v"(b), "v"(c), "v"(d));
  }
}

__attribute__((target("avx"))) static void readAvx(const char *from) {
  auto load = [](const char *at) __attribute__((target("avx"))) {
    return _mm256_load_ps(reinterpret_cast<const float *>(at));
  };
  for (const char *at = from; at != from + pieceBytes; at += 4 * 32) {
    __m256 a = load(at), b = load(at + 32), c = load(at + 64), d = load(at + 96);
    __asm__ volatile("" : : "x"(a), "x"(b), "x"(c), "x"(d));
  }
}

static void readSse2(const char *from) {
  auto load = [](const char *at) { return _mm_load_ps(reinterpret_cast<const float *>(at)); };
  for (const char *at = from; at != from + pieceBytes; at += 4 * 16) {
    __m128 a = load(at), b = load(at + 16), c = load(at + 32), d = load(at + 48);
    __asm__ volatile("" : : "x"(a), "x"(b), "x"(c), "x"(d));
  }
}

static void (*chooseRead())(const char *) {
  std::string widest = unitOf(Roof::Fma).name;
  return widest == "avx512f" ? readAvx512 : widest == "avx2" ? readAvx : readSse2;
}

/// Round and round through the first `size` bytes of a buffer.
struct Roofs::Walk {
  char *memory = nullptr;
  size_t at = 0;
  void (*read)(const char *) = chooseRead();

  ~Walk() { free(memory); }
  /// By the thread that reads it, so that it lies near.
  bool allocate(size_t bytes) {
    if (memory)
      return true;
    memory = static_cast<char *>(aligned_alloc(64, bytes));
    if (memory)
      memset(memory, 1, bytes);
    return memory != nullptr;
  }
  int64_t go(size_t pieces, size_t size) {
    for (size_t i = 0; i < pieces; ++i) {
      read(memory + at);
      at = at + pieceBytes >= size ? 0 : at + pieceBytes;
    }
    return int64_t(pieces * pieceBytes);
  }
};

void Roofs::Free::operator()(Walk *walk) const { delete walk; }

//===----------------------------------------------------------------------------------------===//
// Roofs
//===----------------------------------------------------------------------------------------===//

/// What the system says of a cache, or `otherwise`.
static double cacheBytes(int name, double otherwise) {
  long bytes = sysconf(name);
  return bytes > 0 ? double(bytes) : otherwise;
}

Roofs::Roofs(std::unique_ptr<runtime::ThreadPool> pool) : pool(std::move(pool)) {
  l2Bytes = cacheBytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20);
  l3Bytes = std::max(cacheBytes(_SC_LEVEL3_CACHE_SIZE, 0), l2Bytes);
  auto whole = [](double bytes) { return size_t(bytes) / pieceBytes * pieceBytes; };
  // A cache may be shared with others (so are virtual machines' last ones): parts of it will do.
  setBytes[size_t(Roof::L2)] = std::max(whole(l2Bytes / 2), pieceBytes);
  setBytes[size_t(Roof::L3)] =
      whole(std::clamp(l3Bytes / 4 / this->pool->size(), l2Bytes, 8 * l2Bytes));
  setBytes[size_t(Roof::Memory)] = whole(std::clamp(l3Bytes * 2, 64e6, 128e6));
}

std::unique_ptr<Roofs> Roofs::create(unsigned threads) {
  auto pool = runtime::ThreadPool::create(threads);
  return pool ? std::unique_ptr<Roofs>(new Roofs(std::move(pool))) : nullptr;
}

bool Roofs::has(Roof roof) const { return isMemory(roof) || unitOf(roof).turns; }

std::string Roofs::describe(Roof roof) const {
  if (!isMemory(roof))
    return unitOf(roof).name;
  char text[64];
  snprintf(text, sizeof(text), "reads %.1f MB a thread", double(setBytes[size_t(roof)]) * 1e-6);
  return text;
}

Roof Roofs::memoryFor(double bytes) const {
  if (bytes <= l2Bytes * pool->size())
    return Roof::L2;
  return bytes <= l3Bytes ? Roof::L3 : Roof::Memory;
}

/// What `work` returns, per second, over some `seconds`.
template <typename Work>
static double rateOf(double seconds, Work work) {
  auto begin = Clock::now(), now = begin;
  auto length = std::chrono::duration<double>(seconds);
  int64_t done = 0;
  do {
    done += work();
    now = Clock::now();
  } while (now - begin < length);
  return double(done) / std::chrono::duration<double>(now - begin).count();
}

double Roofs::measureThread(Roof roof, unsigned thread, double seconds) {
  if (!isMemory(roof))
    return rateOf(seconds, unitOf(roof).turns);
  Walk &walk = *walks[thread];
  if (!walk.allocate(setBytes[size_t(Roof::Memory)]))
    return 0;
  // A cache is filled first; of memory the next part is read, wherever the last probe ended.
  size_t size = setBytes[size_t(roof)];
  if (roof != Roof::Memory) {
    walk.at = 0;
    walk.go(size / pieceBytes, size);
  }
  return rateOf(seconds, [&] { return walk.go(8, size); });
}

double Roofs::measure(Roof roof, double seconds) {
  struct alignas(64) Share {
    double rate = 0;
  };
  struct Job {
    Roofs *roofs;
    Roof roof;
    double seconds;
    std::vector<Share> shares;
  } job = {this, roof, seconds, std::vector<Share>(pool->size())};
  while (walks.size() < pool->size())
    walks.emplace_back(new Walk);
  pool->run(
      [](void *context, unsigned thread, int64_t, int64_t) {
        auto &job = *static_cast<Job *>(context);
        job.shares[thread].rate = job.roofs->measureThread(job.roof, thread, job.seconds);
      },
      &job, pool->size());
  double rate = 0;
  for (const Share &share : job.shares) {
    if (share.rate == 0)
      return 0;
    rate += share.rate;
  }
  return rate;
}

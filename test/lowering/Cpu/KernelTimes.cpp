//===- KernelTimes.cpp - Kernels beside the machine's peak ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// zorro-kernel-times [TARGET]: the kernels of a ViT-B with streams of 512, 16 and 784 tokens, each
// on one thread between two register-only probes; the median over quiet samples, as a ratio.
//
//===----------------------------------------------------------------------------------------===//

#include "Harness.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>

using namespace zorro;
using namespace zorro::test;

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// GFLOP/s of fused multiply-adds on registers.
__attribute__((target("avx512f"))) static double probe512() {
  typedef float Wide __attribute__((vector_size(64)));
  Wide a[12], x, y;
  for (int i = 0; i < 16; ++i)
    x[i] = 0.999f, y[i] = 1e-3f;
  for (Wide &v : a)
    v = x;
  const int64_t n = 100000;
  double start = now();
  for (int64_t i = 0; i < n; ++i)
    for (Wide &v : a) {
      v = v * x + y;
      asm volatile("" : "+v"(v));
    }
  return n * 12 * 32 / (now() - start) / 1e9;
}

__attribute__((target("avx2,fma"))) static double probe256() {
  typedef float Wide __attribute__((vector_size(32)));
  Wide a[12], x, y;
  for (int i = 0; i < 8; ++i)
    x[i] = 0.999f, y[i] = 1e-3f;
  for (Wide &v : a)
    v = x;
  const int64_t n = 200000;
  double start = now();
  for (int64_t i = 0; i < n; ++i)
    for (Wide &v : a) {
      v = v * x + y;
      asm volatile("" : "+x"(v));
    }
  return n * 12 * 16 / (now() - start) / 1e9;
}

static void measure(const char *name, bool wide, double work, const std::function<void()> &body) {
  struct Sample {
    double ratio, ms, rate;
  };
  std::vector<Sample> samples;
  body();
  double begin = now();
  while (now() - begin < 1.5 || samples.size() < 5) {
    double before = wide ? probe512() : probe256(), start = now();
    body();
    double seconds = now() - start, after = wide ? probe512() : probe256();
    samples.push_back({work / seconds / 1e9 / std::max(before, after), seconds * 1e3,
                       work / seconds / 1e9});
  }
  std::sort(samples.begin(), samples.end(),
            [](const Sample &a, const Sample &b) { return a.ratio < b.ratio; });
  const Sample &middle = samples[samples.size() / 2], &best = samples.back();
  std::printf("%-34s ratio %.3f (best %.3f)  %8.3f ms  %7.1f GF/s  %zu samples\n", name,
              middle.ratio, best.ratio, middle.ms, middle.rate, samples.size());
}

static std::string contract(int64_t k, int64_t n, bool gelu) {
  std::string x = "tensor<?x?x" + std::to_string(k) + "xf32>",
              y = "tensor<?x?x" + std::to_string(n) + "xf32>";
  std::string w = "tensor<" + std::to_string(k) + "x" + std::to_string(n) + "xf32>",
              b = "tensor<" + std::to_string(n) + "xf32>";
  return "zorro.kernel @k contract because \"time\" {\n^bb0(%x: " + x + ", %w: " + w +
         ", %b: " + b +
         "):\n%y = zorro.contract %x, %w (%b) {\n^bb1(%a: f32, %c: f32):\n%0 = arith.addf %a, %c : "
         "f32\n" +
         (gelu ? "%1 = zorro.gelu %0 erf : f32\nzorro.yield %1 : f32\n"
               : "zorro.yield %0 : f32\n") +
         "} : " + x + ", " + w + " (" + b + ") -> " + y + "\nzorro.yield %y : " + y + "\n}";
}

/// Attention of head size 64, with key blocks of the given size.
static std::string attention(const std::string &block, const std::string &target) {
  bool wide = CpuTarget::get(target)->avx512;
  std::string schedule = "schedule <tile = " + std::string(wide ? "[8, 48]" : "[4, 24]") +
                         ", block = " + block + ", unroll = 4>";
  std::string type = "tensor<?x?x?x64xf32>";
  return "zorro.kernel @k attention because \"time\" " + (block.empty() ? "" : schedule) +
         "{\n^bb0(%q: " + type + ", %k: " + type + ", %v: " + type +
         "):\n%o = zorro.attention %q, %k, %v scale 1.0 : " + type + ", " + type + ", " + type +
         " -> " + type + "\nzorro.yield %o : " + type + "\n}";
}

int main(int argc, char **argv) {
  std::string name = argc > 1 ? argv[1] : "native";
  struct {
    int64_t m, k, n;
    bool gelu;
  } shapes[] = {{1312, 768, 2304, false}, {1312, 768, 768, false}, {1312, 768, 3072, true},
                {1312, 3072, 768, false}, {512, 768, 2304, false}, {128, 768, 768, false},
                {1, 768, 527, false}};
  for (auto &s : shapes) {
    Kernel *kernel = Kernel::get(contract(s.k, s.n, s.gelu), name);
    if (!kernel)
      return 1;
    std::vector<float> x = randoms(s.m * s.k), y(s.m * s.n), b = randoms(s.n);
    std::vector<float> w = pack(randoms(s.k * s.n, 1, 2), s.k, s.n, kernel->target);
    auto plan = kernel->plan({Kernel::dense({1, s.m, s.k}), Kernel::dense({s.k, s.n}),
                              Kernel::dense({s.n})}, Kernel::dense({1, s.m, s.n}));
    std::string label = "contract " + std::to_string(s.m) + "x" + std::to_string(s.k) + "x" +
                        std::to_string(s.n) + (s.gelu ? " gelu" : "");
    measure(label.c_str(), kernel->target.avx512, 2.0 * s.m * s.k * s.n, [&] {
      kernel->run(*plan, {x.data(), w.data(), b.data(), y.data()});
    });
  }

  // Attention where the joint product leaves q, k and v, and with every head on its own.
  int64_t t = 1312, row = 2304;
  std::vector<float> qkv = randoms(t * row, 2), o(t * 768);
  Operand joint{{1, 12, t, 64}, {t * row, 64, row, 1}}, dense = Kernel::dense({1, 12, t, 64});
  Operand result{{1, 12, t, 64}, {t * 768, 64, 768, 1}};
  for (const char *block : {"", "32", "64", "128"})
    for (bool separate : {false, true}) {
      Kernel *kernel = Kernel::get(attention(block, name), name);
      if (!kernel)
        return 1;
      MaskAttr mask = kernel->mask(
          "audio: 512 -> [audio], fusion: 16 -> [all], video: 784 -> [video] "
          "over audio: 512, fusion: 16, video: 784 empty nan");
      const Operand &head = separate ? dense : joint;
      int64_t step = separate ? t * 768 : 768;
      auto plan = kernel->plan({head, head, head}, result, mask, 0.125f);
      std::string label = std::string("attention ") + (separate ? "heads" : "joint rows") +
                          (*block ? std::string(", block ") + block : "");
      measure(label.c_str(), kernel->target.avx512, 4.0 * 64 * 12 * mask.getLivePairs(), [&] {
        kernel->run(*plan, {qkv.data(), qkv.data() + step, qkv.data() + 2 * step, o.data()});
      });
    }
  return 0;
}

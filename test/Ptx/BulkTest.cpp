//===- BulkTest.cpp - Barriers in memory, tiles of tensors, wgmma ---------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Floats.h"
#include "TensorMap.h"
#include "TestKernel.h"

#include <random>

using namespace zorro::ptx;
using namespace zorro::ptx::test;

namespace {

void replaceAll(std::string &text, const std::string &what, const std::string &by) {
  size_t at = text.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  for (; at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

std::string without(std::string text, const std::string &what) {
  replaceAll(text, what, "");
  return text;
}

/// A kernel with a tensor map, an output and a number as parameters.
std::string mapKernel(const std::string &body) {
  return ".version 8.3 .target sm_90a .address_size 64 .extern .shared .align 1024 .b8 smem[]; "
         ".visible .entry k(.param .align 64 .b8 map[128], "
         ".param .b64 out, .param .b32 n) .maxntid 384 { .reg .pred %p<40>; .reg .b32 %r<400>; "
         ".reg .b64 %rd<80>; "
         ".reg .f32 %f<400>; " +
         body + "}";
}

Outcome runMap(const std::string &text, Memory &memory, const TensorMap &map, uint64_t out,
               uint32_t n, uint32_t threads, uint32_t shared) {
  Outcome outcome;
  std::optional<Module> module = Module::parse(text, outcome.error);
  if (!module)
    return outcome;
  Launch launch;
  launch.block = {threads, 1, 1};
  launch.dynamicShared = shared;
  launch.add(map, 64).add(out).add(n);
  outcome.statistics = run(*module, "k", launch, memory, outcome.error);
  return outcome;
}

TensorMap mapOf(uint64_t base, unsigned elementBytes, std::vector<uint64_t> dims,
                std::vector<uint32_t> box, unsigned swizzle) {
  TensorMap map;
  std::vector<uint64_t> strides;
  uint64_t bytes = elementBytes;
  for (size_t i = 0; i + 1 < dims.size(); ++i)
    strides.push_back(bytes *= dims[i]);
  std::vector<uint32_t> ones(dims.size(), 1);
  EXPECT_EQ(encodeTensorMap(map, base, elementBytes, unsigned(dims.size()), dims.data(),
                            strides.data(), box.data(), ones.data(), swizzle, false),
            "");
  return map;
}

/// %r40: smem. A barrier at smem for one arrival, then a tile at smem + 1024, then all words out.
const std::string kPrologue =
    "mov.b32 %r40, smem; mov.u32 %r1, %tid.x; ld.param.b64 %rd1, [out]; ld.param.b32 %r41, [n];\n"
    "mov.b64 %rd2, map; cvta.param.u64 %rd3, %rd2; setp.eq.u32 %p1, %r1, 0; add.s32 %r42, %r40, "
    "1024;\n"
    "@%p1 mbarrier.init.shared::cta.b64 [%r40], 1;\n@%p1 "
    "fence.mbarrier_init.release.cluster;\nbar.sync 0;\n";
const std::string kExpect = "@%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], %r41;\n";
const std::string kWait = "{\n.reg .pred done;\n$L__wait: mbarrier.try_wait.parity.shared::cta.b64 "
                          "done, [%r40], 0;\n@!done bra $L__wait;\n}\n";
std::string copyOut(unsigned words, unsigned threads) {
  std::string text;
  for (unsigned i = 0; i < words; i += threads)
    text += "shl.b32 %r50, %r1, 2; add.s32 %r51, %r42, %r50; ld.shared.b32 %r52, [%r51+" +
            std::to_string(4 * i) +
            "];\n"
            "mul.wide.u32 %rd10, %r1, 4; add.s64 %rd11, %rd1, %rd10; st.global.b32 [%rd11+" +
            std::to_string(4 * i) + "], %r52;\n";
  return text;
}

std::vector<uint16_t> counting(size_t count) {
  std::vector<uint16_t> numbers(count);
  for (size_t i = 0; i < count; ++i)
    numbers[i] = uint16_t(i + 1);
  return numbers;
}

const std::string kLoad2d =
    "mov.b32 %r43, 0; mov.b32 %r44, 5;\n"
    "@%p1 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r42], "
    "[%rd3, {%r43, %r44}], [%r40];\n";

TEST(Bulk, LoadsASwizzledTile) {
  for (unsigned swizzle : {0u, 32u, 64u, 128u}) {
    Memory memory;
    unsigned width = swizzle ? swizzle / 2 : 64; // numbers of a row of the tile
    // 12 rows of 80 numbers; the tile is 16 rows from row 5: the last 9 do not exist.
    uint64_t from = memory.upload(counting(12 * 80)), to = memory.allocate(16 * width * 2);
    TensorMap map = mapOf(from, 2, {80, 12}, {width, 16}, swizzle);
    Outcome outcome = runMap(
        mapKernel(kPrologue + kExpect + kLoad2d + kWait + copyOut(16 * width / 2, 64) + "ret;"),
        memory, map, to, 16 * width * 2, 64, 1024 + 16 * width * 2);
    ASSERT_TRUE(outcome.statistics) << outcome.error;
    std::vector<uint16_t> tile = memory.download<uint16_t>(to, 16 * width);
    for (unsigned row = 0; row < 16; ++row)
      for (unsigned column = 0; column < width; ++column) {
        unsigned chunk = column / 8, pitch = width * 2;
        // 16-byte chunks change places by the row: of 128 bytes, by r % 8; of 64, r / 2 % 4; of 32,
        // r / 4 % 2.
        unsigned mixed = swizzle == 128  ? chunk ^ (row % 8)
                         : swizzle == 64 ? chunk ^ (row / 2 % 4)
                         : swizzle == 32 ? chunk ^ (row / 4 % 2)
                                         : chunk;
        EXPECT_EQ(tile[(row * pitch + mixed * 16) / 2 + column % 8],
                  row + 5 < 12 ? (row + 5) * 80 + column + 1 : 0)
            << swizzle << " " << row << " " << column;
      }
  }
}

TEST(Bulk, NegativeCoordinatesAndThreeDimensions) {
  Memory memory;
  uint64_t from = memory.upload(counting(3 * 4 * 16)), to = memory.allocate(3 * 4 * 8 * 2);
  TensorMap map = mapOf(from, 2, {16, 4, 3}, {8, 4, 3}, 0);
  std::string load =
      "mov.b32 %r43, -3; mov.b32 %r44, 2; mov.b32 %r45, 1;\n"
      "@%p1 cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%r42], [%rd3, {%r43, %r44, %r45}], [%r40];\n";
  ASSERT_EQ(runMap(mapKernel(kPrologue + kExpect + load + kWait + copyOut(48, 48) + "ret;"), memory,
                   map, to, 192, 48, 1024 + 192)
                .error,
            "");
  std::vector<uint16_t> tile = memory.download<uint16_t>(to, 96);
  for (int z = 0; z < 3; ++z)
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 8; ++x) {
        bool inside = x - 3 >= 0 && y + 2 < 4 && z + 1 < 3;
        EXPECT_EQ(tile[size_t((z * 4 + y) * 8 + x)],
                  inside ? ((z + 1) * 4 + y + 2) * 16 + x - 3 + 1 : 0);
      }
}

TEST(Bulk, FaultsOfALoad) {
  Memory memory;
  uint64_t from = memory.upload(counting(12 * 64)), to = memory.allocate(2048);
  TensorMap map = mapOf(from, 2, {64, 12}, {64, 16}, 128);
  std::string out = copyOut(512, 64) + "ret;";
  auto outcome = [&](const std::string &body, uint32_t bytes = 2048) {
    return runMap(mapKernel(body), memory, map, to, bytes, 64, 1024 + 2048);
  };
  EXPECT_EQ(outcome(kPrologue + kExpect + kLoad2d + kWait + out).error, "");
  // Nobody waits.
  EXPECT_TRUE(says(outcome(kPrologue + kExpect + kLoad2d + out), "reads"));
  // The wrong number of bytes: the phase never ends.
  EXPECT_TRUE(says(outcome(kPrologue + kExpect + kLoad2d + kWait + out, 2064), "deadlock"));
  EXPECT_TRUE(says(outcome(kPrologue + kExpect + kLoad2d + kWait + out, 2032), "deadlock"));
  EXPECT_TRUE(says(outcome(kPrologue + kExpect + kLoad2d + kWait + out, 2064),
                   "waits for a phase of a barrier"));
  // No arrival; two of them.
  EXPECT_TRUE(says(outcome(kPrologue + kLoad2d + kWait + out), "deadlock"));
  // Not initialised; not waited for whom it was initialised by.
  EXPECT_TRUE(says(outcome(without(kPrologue, "@%p1 mbarrier.init.shared::cta.b64 [%r40], 1;") +
                           kExpect + kLoad2d + kWait + out),
                   "none was initialised"));
  EXPECT_TRUE(says(outcome(without(kPrologue, "bar.sync 0;") + kExpect + kLoad2d + kWait + out),
                   "without having waited"));
  // The target is not aligned, or too close to the end.
  std::string shifted = kLoad2d;
  replaceAll(shifted, "[%r42]", "[%r42+16]");
  EXPECT_TRUE(says(outcome(kPrologue + kExpect + shifted + kWait + out), "multiple of 128"));
  replaceAll(shifted, "[%r42+16]", "[%r42+128]");
  EXPECT_TRUE(says(outcome(kPrologue + kExpect + shifted + kWait + out), "beyond shared memory"));
  // A warp that waited cannot wait for another one.
  std::string one = kWait;
  EXPECT_TRUE(
      says(outcome(kPrologue + kExpect + kLoad2d +
                   "setp.gt.u32 %p2, %r1, 31; @%p2 bra $L__skip;\n" + kWait + "$L__skip:\n" + out),
           "reads"));
}

TEST(Bulk, OverwritingAStageThatIsStillRead) {
  Memory memory;
  uint64_t from = memory.upload(counting(32 * 64)), to = memory.allocate(2048);
  TensorMap map = mapOf(from, 2, {64, 32}, {64, 16}, 128);
  // Warp 1 reads what warp 0 loads; a second barrier says that it is done, then warp 0 loads again.
  std::string body =
      kPrologue +
      "@%p1 mbarrier.init.shared::cta.b64 [%r40+8], 32;\nbar.sync 1;\nmov.b32 %r43, 0; mov.b32 "
      "%r44, 0;\n"
      "setp.gt.u32 %p2, %r1, 31; @%p2 bra $L__reader;\n@!%p1 ret;\n"
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 2048;\n"
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r42], [%rd3, "
      "{%r43, %r44}], [%r40];\n"
      "$L__free: mbarrier.try_wait.parity.shared::cta.b64 %p3, [%r40+8], 0;\n@!%p3 bra $L__free;\n"
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 2048;\n"
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r42], [%rd3, "
      "{%r43, %r44}], [%r40];\nret;\n"
      "$L__reader:\n" +
      kWait + copyOut(32, 32) +
      "mbarrier.arrive.shared::cta.b64 _, [%r40+8];\n"
      "$L__again: mbarrier.try_wait.parity.shared::cta.b64 %p3, [%r40], 1;\n@!%p3 bra "
      "$L__again;\nret;\n";
  EXPECT_EQ(runMap(mapKernel(body), memory, map, to, 0, 64, 3072).error, "");
  // Freed before it was read.
  std::string early = without(body, "mbarrier.arrive.shared::cta.b64 _, [%r40+8];\n");
  replaceAll(early, "$L__reader:\n" + kWait,
             "$L__reader:\n" + kWait + "mbarrier.arrive.shared::cta.b64 _, [%r40+8];\n");
  EXPECT_FALSE(runMap(mapKernel(early), memory, map, to, 0, 64, 3072).statistics);
  // Not waited for at all; never freed.
  EXPECT_FALSE(runMap(mapKernel(without(body, "@!%p3 bra $L__free;")), memory, map, to, 0, 64, 3072)
                   .error.empty());
  EXPECT_TRUE(
      says(runMap(mapKernel(without(body, "mbarrier.arrive.shared::cta.b64 _, [%r40+8];\n")),
                  memory, map, to, 0, 64, 3072),
           "deadlock"));
}

TEST(Bulk, StoresATile) {
  Memory memory;
  uint64_t to = memory.allocate(12 * 128);
  memory.fill(to, 0, 12 * 128);
  TensorMap map = mapOf(to, 2, {64, 12}, {64, 16}, 128);
  std::string fill;
  for (unsigned i = 0; i < 512; i += 64)
    fill += "add.s32 %r53, %r1, " + std::to_string(i + 1) +
            "; shl.b32 %r50, %r1, 2; add.s32 %r51, %r42, %r50; st.shared.b32 [%r51+" +
            std::to_string(4 * i) + "], %r53;\n";
  std::string store =
      "mov.b32 %r43, 0; mov.b32 %r44, 2;\n@%p1 "
      "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd3, {%r43, %r44}], [%r42];\n";
  std::string end = "@%p1 cp.async.bulk.commit_group;\n@%p1 cp.async.bulk.wait_group.read 0;\n";
  std::string fence = "fence.proxy.async.shared::cta;\nbar.sync 0;\n";
  auto outcome = [&](const std::string &body) {
    return runMap(mapKernel(kPrologue + body + "ret;"), memory, map, to, 0, 64, 3072);
  };
  ASSERT_EQ(outcome(fill + fence + store + end).error, "");
  std::vector<uint32_t> out = memory.download<uint32_t>(to, 12 * 32);
  for (unsigned row = 0; row < 12; ++row)
    for (unsigned word = 0; word < 32; ++word) {
      unsigned from = row - 2; // rows 12 and on of the tile do not exist
      unsigned chunk = (word / 4) ^ (from % 8);
      EXPECT_EQ(out[row * 32 + word], row < 2 ? 0 : from * 32 + chunk * 4 + word % 4 + 1);
    }
  EXPECT_TRUE(says(outcome(fill + "bar.sync 0;\n" + store + end), "fence.proxy.async"));
  EXPECT_TRUE(says(outcome(fill + fence + store), "still reads shared memory"));
  EXPECT_TRUE(says(outcome(fill + fence + store +
                           "@%p1 cp.async.bulk.commit_group;\n@%p1 st.shared.b32 [%r42], %r1;\n"),
                   "source of a bulk copy"));
  EXPECT_EQ(outcome(fill + fence + store + end + "@%p1 st.shared.b32 [%r42], %r1;\n").error, "");
}

TEST(Bulk, MapsThatADriverRefuses) {
  TensorMap map;
  uint64_t dims[2] = {64, 12}, strides[1] = {128}, odd[1] = {120};
  uint32_t box[2] = {64, 16}, large[2] = {64, 257}, wide[2] = {128, 16}, ones[2] = {1, 1};
  EXPECT_EQ(encodeTensorMap(map, 4096, 2, 2, dims, strides, box, ones, 128, false), "");
  EXPECT_NE(encodeTensorMap(map, 4100, 2, 2, dims, strides, box, ones, 128, false), "");
  EXPECT_NE(encodeTensorMap(map, 4096, 2, 2, dims, odd, box, ones, 128, false), "");
  EXPECT_NE(encodeTensorMap(map, 4096, 2, 2, dims, strides, large, ones, 128, false), "");
  EXPECT_NE(encodeTensorMap(map, 4096, 2, 2, dims, strides, wide, ones, 128, false), "");
  EXPECT_NE(encodeTensorMap(map, 4096, 2, 2, dims, strides, box, ones, 96, false), "");
  EXPECT_NE(encodeTensorMap(map, 4096, 2, 6, dims, strides, box, ones, 128, false), "");
}

// Products of warpgroups: a is 64 x 16, b is 32 x 16 (or 16 x 32), at smem + 1024 and + 9216.

constexpr unsigned kN = 32;

struct Layout {
  unsigned swizzle; ///< bytes, 0 for none
  bool transposed;
  unsigned leading, stride; ///< bytes
  /// Where number (row, k) lies, unmixed: rows of 8 by 16 bytes, or atoms of a swizzle's width.
  unsigned at(unsigned row, unsigned k) const {
    unsigned width = swizzle / 2;
    if (!swizzle)
      return transposed ? row / 8 * stride + k / 8 * leading + k % 8 * 16 + row % 8 * 2
                        : row / 8 * stride + k / 8 * leading + row % 8 * 16 + k % 8 * 2;
    return transposed ? row / width * leading + k / 8 * stride + k % 8 * swizzle + row % width * 2
                      : row / 8 * stride + row % 8 * swizzle + k * 2;
  }
  uint64_t descriptor(unsigned address) const {
    uint64_t code = swizzle == 128 ? 1 : swizzle == 64 ? 2 : swizzle == 32 ? 3 : 0;
    return code << 62 | uint64_t(stride / 16) << 32 | uint64_t(leading / 16) << 16 | address / 16;
  }
};

unsigned mixed(unsigned address, unsigned swizzle) {
  unsigned rows = swizzle == 128 ? 7 : swizzle == 64 ? 3 : swizzle == 32 ? 1 : 0;
  return address ^ (address / 128 & rows) * 16;
}

std::string warpgroupText(const Layout &a, const Layout &b, bool registers,
                          const std::string &extra = "") {
  std::string text = "mov.b32 %r40, smem; mov.u32 %r1, %tid.x; ld.param.b64 %rd1, [p0]; "
                     "ld.param.b64 %rd2, [p1];\n";
  // Shared memory as the test laid it out: 16 KB, 128 bytes a thread.
  text += "shl.b32 %r2, %r1, 7; add.s32 %r3, %r40, %r2; mul.wide.u32 %rd3, %r1, 128; add.s64 %rd4, "
          "%rd1, %rd3;\n";
  for (unsigned i = 0; i < 8; ++i)
    text += "ld.global.v4.b32 {%r10, %r11, %r12, %r13}, [%rd4+" + std::to_string(16 * i) +
            "]; st.shared.v4.b32 [%r3+" + std::to_string(16 * i) + "], {%r10, %r11, %r12, %r13};\n";
  text += "fence.proxy.async.shared::cta;\nbar.sync 0;\n";
  std::string sums;
  for (unsigned i = 0; i < kN / 2; ++i) {
    text += "mov.b32 %f" + std::to_string(i) + ", 0f3F800000;\n";
    sums += (i ? ", %f" : "%f") + std::to_string(i);
  }
  // Fragments of a, 16 bytes a thread, lie behind the 16 KB.
  text += "add.s64 %rd5, %rd1, 16384; mul.wide.u32 %rd6, %r1, 16; add.s64 %rd7, %rd5, %rd6; "
          "ld.global.v4.b32 {%r20, %r21, %r22, %r23}, [%rd7];\n";
  text += "mov.b64 %rd10, " + std::to_string(a.descriptor(1024 + 1024)) + "; mov.b64 %rd11, " +
          std::to_string(b.descriptor(1024 + 9216)) + ";\n";
  text += "setp.ne.b32 %p1, %r40, "
          "0;\nwgmma.fence.sync.aligned;\nwgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {" +
          sums + "}, " + (registers ? "{%r20, %r21, %r22, %r23}" : "%rd10") +
          ", %rd11, %p1, 1, 1, " +
          (registers      ? ""
           : a.transposed ? "1, "
                          : "0, ") +
          (b.transposed ? "1" : "0") + ";\nwgmma.commit_group.sync.aligned;\n" + extra +
          "wgmma.wait_group.sync.aligned 0;\n";
  text += "mul.wide.u32 %rd8, %r1, " + std::to_string(2 * kN) + "; add.s64 %rd9, %rd2, %rd8;\n";
  for (unsigned i = 0; i < kN / 2; ++i)
    text += "st.global.f32 [%rd9+" + std::to_string(4 * i) + "], %f" + std::to_string(i) + ";\n";
  return kernel(text + "ret;");
}

struct Problem {
  float a[64][16], b[kN][16];
  std::vector<uint8_t> bytes;
  Problem(const Layout &la, const Layout &lb) : bytes(16384 + 2048, 0xFF) {
    std::mt19937 random(7);
    auto put = [&](unsigned at, float x) {
      uint16_t bits = toBf16(x);
      std::memcpy(&bytes[at], &bits, 2);
    };
    for (unsigned m = 0; m < 64; ++m)
      for (unsigned k = 0; k < 16; ++k)
        put(mixed(1024 + la.at(m, k), la.swizzle), a[m][k] = float(int(random() % 17) - 8) / 8);
    for (unsigned n = 0; n < kN; ++n)
      for (unsigned k = 0; k < 16; ++k)
        put(mixed(9216 + lb.at(n, k), lb.swizzle), b[n][k] = float(int(random() % 17) - 8) / 8);
    for (unsigned thread = 0; thread < 128; ++thread)
      for (unsigned i = 0; i < 8; ++i) {
        unsigned row = 16 * (thread / 32) + thread % 32 / 4 + 8 * (i / 2 % 2),
                 k = 2 * (thread % 4) + i % 2 + 8 * (i / 4);
        put(16384 + 16 * thread + 2 * i, a[row][k]);
      }
  }
  void check(const std::string &text, const std::string &what) {
    Memory memory;
    uint64_t from = memory.upload(bytes), to = memory.allocate(128 * kN * 2);
    Outcome outcome = runText(text, memory, {from, to}, {128, 1, 1}, 16384);
    ASSERT_TRUE(outcome.statistics) << what << ": " << outcome.error;
    std::vector<float> d = memory.download<float>(to, 128 * kN / 2);
    for (unsigned thread = 0; thread < 128; ++thread)
      for (unsigned i = 0; i < kN / 2; ++i) {
        unsigned row = 16 * (thread / 32) + thread % 32 / 4 + 8 * (i / 2 % 2),
                 column = 8 * (i / 4) + 2 * (thread % 4) + i % 2;
        float sum = 1;
        for (unsigned k = 0; k < 16; ++k)
          sum += a[row][k] * b[column][k];
        ASSERT_EQ(d[thread * kN / 2 + i], sum) << what << " " << row << " " << column;
      }
  }
};

const Layout kPlain{0, false, 128, 256}, kPlainAcross{0, true, 2048, 128};
const Layout k128{128, false, 16, 1024}, k64{64, false, 16, 512}, k32{32, false, 16, 256};
const Layout k128Across{128, true, 2048, 1024}, k64Across{64, true, 1024, 512},
    k32Across{32, true, 512, 256};

TEST(Warpgroup, ReadsEveryLayout) {
  const Layout layouts[] = {kPlain, k128, k64, k32, kPlainAcross, k128Across, k64Across, k32Across};
  for (const Layout &a : layouts)
    for (const Layout &b : layouts) {
      std::string what = std::to_string(a.swizzle) + (a.transposed ? "T " : " ") +
                         std::to_string(b.swizzle) + (b.transposed ? "T" : "");
      Problem(a, b).check(warpgroupText(a, b, false), what);
    }
}

TEST(Warpgroup, TakesARegistersOperand) {
  for (const Layout &b : {k128, k64Across})
    Problem(k128, b).check(warpgroupText(k128, b, true), "registers");
}

TEST(Warpgroup, Faults) {
  Memory memory;
  Problem problem(k128, k128);
  uint64_t from = memory.upload(problem.bytes), to = memory.allocate(128 * kN * 2);
  auto outcome = [&](const std::string &text) {
    return runText(text, memory, {from, to}, {128, 1, 1}, 16384);
  };
  std::string good = warpgroupText(k128, k128, false);
  EXPECT_EQ(outcome(good).error, "");
  EXPECT_TRUE(
      says(outcome(without(good, "wgmma.wait_group.sync.aligned 0;")), "product in flight"));
  EXPECT_TRUE(
      says(outcome(without(good, "wgmma.commit_group.sync.aligned;")), "product in flight"));
  EXPECT_TRUE(
      says(outcome(without(good, "wgmma.fence.sync.aligned;")), "since the last wgmma.fence"));
  EXPECT_TRUE(says(outcome(without(good, "fence.proxy.async.shared::cta;")), "fence.proxy.async"));
  EXPECT_FALSE(outcome(without(good, "bar.sync 0;")).statistics);
  EXPECT_TRUE(says(outcome(warpgroupText(k128, k128, false, "mov.b32 %f3, 0f00000000;\n")),
                   "writes a register that a product in flight uses"));
  EXPECT_TRUE(says(outcome(warpgroupText(k128, k128, false, "add.f32 %f40, %f3, %f3;\n")),
                   "reads a register that a product in flight"));
  EXPECT_TRUE(says(outcome(warpgroupText(k128, k128, true, "mov.b32 %r21, 0;\n")),
                   "writes a register that a product in flight uses"));
  EXPECT_EQ(outcome(warpgroupText(k128, k128, true, "mov.b32 %r30, %r21;\n")).error, "");
  // Another warp, or the same, overwrites what the product reads.
  EXPECT_FALSE(outcome(warpgroupText(k128, k128, false, "st.shared.b32 [%r3], %r1;\n")).statistics);
  // Half a warpgroup.
  EXPECT_TRUE(says(runText(good, memory, {from, to}, {64, 1, 1}, 16384), "part of its warpgroup"));
}

TEST(Warpgroup, RegisterCounts) {
  Memory memory;
  EXPECT_EQ(
      runText(
          kernel("setmaxnreg.inc.sync.aligned.u32 240; setmaxnreg.dec.sync.aligned.u32 24; ret;"),
          memory, {0, 0})
          .error,
      "");
  EXPECT_TRUE(says(runText(kernel("setmaxnreg.inc.sync.aligned.u32 236; ret;"), memory, {0, 0}),
                   "multiple of 8"));
  EXPECT_TRUE(says(runText(kernel("wgmma.mma_async.sync.aligned.m64n12k16.f32.bf16.bf16 {%f1}, "
                                  "%rd1, %rd2, 1, 1, 1, 0, 0;"),
                           memory, {0, 0}),
                   "multiple of 8"));
}

} // namespace

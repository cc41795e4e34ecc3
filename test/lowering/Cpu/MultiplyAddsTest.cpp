//===- MultiplyAddsTest.cpp - Generated code does the work that was planned -*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every multiply-add of the two products is made to count itself as it runs. What is counted must
// be what the plan says: the live work, rounded up to tiles, and nothing of what a mask drops.
//
//===----------------------------------------------------------------------------------------===//

#include "AttentionCalls.h"

#include "lowering/Emit/Link.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include "gtest/gtest.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

namespace {

/// A word at an address that generated code can name.
int64_t *counter() {
  static void *const wanted = reinterpret_cast<void *>(0x2000'0000'0000);
  static int64_t *const word = static_cast<int64_t *>(
      mmap(wanted, 4096, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
  return word;
}

/// Makes every multiply-add whose addend is no constant (those are polynomials) add its lanes to
/// the counter.
void countMultiplyAdds(ModuleOp module) {
  SmallVector<Operation *> found;
  module.walk([&](Operation *op) {
    if (isa<LLVM::FMAOp, LLVM::FMulAddOp>(op) && isa<VectorType>(op->getResult(0).getType()) &&
        !op->getOperand(2).getDefiningOp<LLVM::ConstantOp>())
      found.push_back(op);
  });
  for (Operation *op : found) {
    OpBuilder b(op);
    Location loc = op->getLoc();
    auto constant = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(b, loc, b.getI64Type(), b.getI64IntegerAttr(value));
    };
    Value address = LLVM::IntToPtrOp::create(
        b, loc, LLVM::LLVMPointerType::get(b.getContext()),
        constant(reinterpret_cast<int64_t>(counter())));
    Value old = LLVM::LoadOp::create(b, loc, b.getI64Type(), address);
    int64_t lanes = cast<VectorType>(op->getResult(0).getType()).getNumElements();
    Value sum = LLVM::AddOp::create(b, loc, old, constant(lanes));
    LLVM::StoreOp::create(b, loc, sum, address);
  }
}

/// Multiply-adds that one launch of `kernel` does.
int64_t countOf(KernelOp kernel, const CpuTarget &target, const LaunchPlan &plan,
                ArrayRef<const void *> pointers) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context()));
  auto builder = OpBuilder::atBlockEnd(module->getBody());
  auto function = emitKernel(kernel, target, builder);
  EXPECT_TRUE(succeeded(function));
  std::vector<char> scratch(getScratchBytes(*function) + 2 * ZORRO_ALIGN);
  EXPECT_TRUE(succeeded(lowerToLlvm(*module, target)));
  countMultiplyAdds(*module);
  auto objects = compileObjects(*module, target);
  auto code = linkObjects(*objects, module->getLoc());
  char path[] = "/tmp/zorro-count-XXXXXX";
  int file = mkstemp(path);
  EXPECT_EQ(write(file, code->data(), code->size()), ssize_t(code->size()));
  close(file);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  unlink(path);
  if (!library)
    return -1;
  auto *record = static_cast<const zorro_code *>(dlsym(library, ZORRO_CODE_SYMBOL));

  std::vector<int64_t> words;
  for (const void *pointer : pointers)
    words.push_back(reinterpret_cast<int64_t>(pointer));
  if (plan.table)
    words.push_back(reinterpret_cast<int64_t>(plan.table->data()));
  words.insert(words.end(), plan.scalars.begin(), plan.scalars.end());
  char *aligned = scratch.data() + ZORRO_ALIGN -
                  reinterpret_cast<uintptr_t>(scratch.data()) % ZORRO_ALIGN;
  *counter() = 0;
  record->kernels[0](words.data(), 0, plan.tasks, aligned);
  int64_t counted = *counter();
  dlclose(library);
  return counted;
}

class MultiplyAdds : public testing::TestWithParam<std::string> {};

TEST_P(MultiplyAdds, OfAContractionAreItsTiles) {
  const char *text = R"(
    zorro.kernel @k contract because "" {
    ^bb0(%x: tensor<?x?x24xf32>, %w: tensor<24x50xf32>):
      %y = zorro.contract %x, %w : tensor<?x?x24xf32>, tensor<24x50xf32> -> tensor<?x?x50xf32>
      zorro.yield %y : tensor<?x?x50xf32>
    })";
  Kernel *kernel = Kernel::get(text, GetParam());
  ASSERT_TRUE(kernel);
  for (int64_t rows : {1, 7, 8, 9, 100}) {
    auto plan = kernel->plan({Kernel::dense({1, rows, 24}), Kernel::dense({24, 50})},
                             Kernel::dense({1, rows, 50}));
    ASSERT_TRUE(succeeded(plan));
    std::vector<float> x = randoms(rows * 24), y(rows * 50);
    std::vector<float> w = pack(randoms(24 * 50), 24, 50, kernel->target);
    int64_t counted =
        countOf(kernel->kernel, kernel->target, *plan, {x.data(), w.data(), y.data()});
    EXPECT_EQ(counted, plan->multiplyAdds);
    // Less than one tile over in either direction.
    int64_t strips = (rows + kernel->target.tileRows() - 1) / kernel->target.tileRows();
    int64_t panels = (50 + kernel->target.tileColumns() - 1) / kernel->target.tileColumns();
    EXPECT_EQ(counted,
              strips * kernel->target.tileRows() * panels * kernel->target.tileColumns() * 24);
  }
}

TEST_P(MultiplyAdds, OfAttentionAreItsLiveBlocks) {
  const char *text = R"(
    zorro.kernel @k attention because "" {
    ^bb0(%q: tensor<?x?x?x16xf32>, %k: tensor<?x?x?x16xf32>, %v: tensor<?x?x?x16xf32>):
      %o = zorro.attention %q, %k, %v scale 1.0 : tensor<?x?x?x16xf32>, tensor<?x?x?x16xf32>, tensor<?x?x?x16xf32> -> tensor<?x?x?x16xf32>
      zorro.yield %o : tensor<?x?x?x16xf32>
    })";
  Kernel *kernel = Kernel::get(text, GetParam());
  ASSERT_TRUE(kernel);
  Operand all = Kernel::dense({1, 2, 144, 16});
  std::vector<float> x = randoms(2 * 144 * 16), y(x.size());
  auto count = [&](MaskAttr mask) {
    auto plan = kernel->plan({all, all, all}, all, mask, 0.25);
    EXPECT_TRUE(succeeded(plan));
    int64_t counted = countOf(kernel->kernel, kernel->target, *plan,
                              {x.data(), x.data(), x.data(), y.data()});
    EXPECT_EQ(counted, plan->multiplyAdds);
    return counted;
  };
  // 48 queries are whole blocks for every target, and every interval whole tiles of keys: what is
  // left is exactly the live pairs.
  MaskAttr mask = kernel->mask("a: 48 -> [a], f: 48 -> [all], v: 48 -> [v] "
                               "over a: 48, f: 48, v: 48 empty nan");
  int64_t dense = count(MaskAttr()), masked = count(mask);
  EXPECT_EQ(dense, 2 * 144 * 144 * 2 * 16);
  EXPECT_EQ(masked, 2 * mask.getLivePairs() * 2 * 16);
}

/// Scores and values of `mask`, a block of queries and a tile of keys taken whole.
int64_t liveTiles(MaskAttr mask, const CpuTarget &target, int64_t headSize) {
  int64_t products = 0, block = 3 * target.lanes, tile = target.avx512 ? 16 : 8;
  for (unsigned s = 0; s < mask.getQueries().getCount(); ++s) {
    int64_t size = mask.getQueries().getSizes()[s], whole = size / block * block;
    int64_t rest = size - whole;
    int64_t lanes = whole + (rest > 2 * target.lanes ? block : llvm::alignTo(rest, target.lanes));
    products += lanes * llvm::alignTo(mask.getLiveKeys(s, 0), tile);
  }
  return products * 2 * headSize;
}

/// Four modalities and eleven groups of fusion tokens: three in ten pairs are live.
TEST_P(MultiplyAdds, OfFourModalitiesAreTheirLiveBlocks) {
  auto mask = [&](Kernel *kernel, bool absent) {
    // Fusion tokens f, eight for every set of modalities, see these and themselves.
    const char *names[] = {"a", "b", "c", "d"};
    const char *sets[] = {"01", "02", "03", "12", "13", "23", "012", "013", "023", "123", "0123"};
    auto seen = [&](char modality) -> std::string {
      if (absent && modality == '1')
        return "";
      return std::string(names[modality - '0']) +
             (absent && modality == '2' ? " keys(0, 300)" : "");
    };
    std::string rows, over = "a: 800, b: 198, c: 800, d: 662";
    const int sizes[] = {800, 198, 800, 662};
    auto addRow = [&](const std::string &name, int size, ArrayRef<std::string> keys) {
      rows += (rows.empty() ? "" : ", ") + name + ": " + std::to_string(size) + " -> [" +
              llvm::join(llvm::make_filter_range(keys, [](auto &k) { return !k.empty(); }), ", ") +
              "]";
    };
    for (char m = '0'; m < '4'; ++m)
      addRow(names[m - '0'], sizes[m - '0'], {seen(m)});
    for (const char *set : sets) {
      std::vector<std::string> keys;
      for (const char *m = set; *m; ++m)
        keys.push_back(seen(*m));
      keys.push_back(std::string("f") + set);
      addRow(keys.back(), 8, keys);
      over += ", " + keys.back() + ": 8";
    }
    return kernel->mask(rows + " over " + over + " empty zero");
  };
  auto count = [&](bool padded, MaskAttr mask, int64_t &planned) -> int64_t {
    Kernel *kernel = Kernel::get(attentionText(64, 64, padded), GetParam());
    Call call{1, 1, 2548, 2548, 64, 64};
    Data data(call);
    std::vector<Operand> inputs = {data.qs, data.ks, data.vs};
    std::vector<const void *> pointers = {data.qp, data.kp, data.vp};
    std::vector<char> keep(2548, 1);
    std::fill_n(keep.begin() + 800, 198, 0);        // b is absent
    std::fill_n(keep.begin() + 800 + 198 + 300, 500, 0); // c is short
    if (padded) {
      inputs.push_back(Kernel::dense({1, 2548}));
      pointers.push_back(keep.data());
    }
    pointers.push_back(data.o.data());
    auto plan = kernel->plan(inputs, data.os, mask, 0.125);
    EXPECT_TRUE(succeeded(plan));
    planned = plan->multiplyAdds;
    return countOf(kernel->kernel, kernel->target, *plan, pointers);
  };
  Kernel *kernel = Kernel::get(attentionText(64, 64), GetParam());
  ASSERT_TRUE(kernel);
  MaskAttr whole = mask(kernel, /*absent=*/false), absent = mask(kernel, /*absent=*/true);
  ASSERT_TRUE(whole && absent);
  EXPECT_EQ(whole.getKeys().getTotal(), 2548);
  int64_t planned, live = count(/*padded=*/false, whole, planned);
  EXPECT_EQ(live, planned);
  EXPECT_LE(live, liveTiles(whole, kernel->target, 64));
  EXPECT_GE(live, whole.getLivePairs() * 2 * 64);
  EXPECT_LE(live, 0.32 * 2548 * 2548 * 2 * 64);

  // Padding does the work of the mask that lacks these keys, to the multiply-add.
  int64_t unpadded, fewer, padded = count(/*padded=*/true, whole, unpadded);
  EXPECT_EQ(unpadded, planned);
  EXPECT_EQ(padded, count(/*padded=*/false, absent, fewer));
  EXPECT_EQ(padded, fewer);
  EXPECT_LE(padded, liveTiles(absent, kernel->target, 64));
}

/// A band costs what some query of a block sees, block by block.
TEST_P(MultiplyAdds, OfBandsAreTheirBlocks) {
  Kernel *kernel = Kernel::get(attentionText(16, 16), GetParam());
  ASSERT_TRUE(kernel);
  Call call{1, 2, 480, 480, 16, 16};
  Data data(call);
  auto count = [&](const char *text) {
    auto plan = kernel->plan({data.qs, data.ks, data.vs}, data.os, kernel->mask(text), 0.25);
    EXPECT_TRUE(succeeded(plan));
    int64_t counted = countOf(kernel->kernel, kernel->target, *plan,
                              {data.qp, data.kp, data.vp, data.o.data()});
    EXPECT_EQ(counted, plan->multiplyAdds);
    return counted;
  };
  int64_t block = 3 * kernel->target.lanes, blocks = 480 / block;
  // Keys up to each block's last query; blocks are whole tiles.
  EXPECT_EQ(count("t: 480 -> [t causal] over t: 480 empty nan"),
            2 * block * block * (blocks * (blocks + 1) / 2) * 2 * 16);
  EXPECT_EQ(count("t: 480 -> [t same] over t: 480 empty nan"), 2 * 480 * block * 2 * 16);
  count("t: 480 -> [t band(-70, 11)] over t: 480 empty nan");
  count("t: 471 -> [t band(-70, 11)], u: 9 -> [t causal, u] over t: 471, u: 9 empty nan");
}

INSTANTIATE_TEST_SUITE_P(Cpu, MultiplyAdds, testing::ValuesIn(targets()));

} // namespace

//===- MultiplyAddsTest.cpp - Generated code does the work that was planned -------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every multiply-add of the two products is made to count itself as it runs. What is counted must be
// what the plan says: the live work, rounded up to tiles, and nothing of what a mask drops.
//
//===----------------------------------------------------------------------------------------===//

#include "Harness.h"

#include "lowering/Emit/Link.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/STLExtras.h"

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

/// Makes every multiply-add whose addend is no constant (those are polynomials) add its lanes to the
/// counter.
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
    int64_t counted = countOf(kernel->kernel, kernel->target, *plan, {x.data(), w.data(), y.data()});
    EXPECT_EQ(counted, plan->multiplyAdds);
    // Less than one tile over in either direction.
    int64_t strips = (rows + kernel->target.tileRows() - 1) / kernel->target.tileRows();
    int64_t panels = (50 + kernel->target.tileColumns() - 1) / kernel->target.tileColumns();
    EXPECT_EQ(counted, strips * kernel->target.tileRows() * panels * kernel->target.tileColumns() * 24);
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

INSTANTIATE_TEST_SUITE_P(Cpu, MultiplyAdds, testing::ValuesIn(targets()));

} // namespace

//===- WorkTest.cpp - Work and layers --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Work.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::report;

static Work sumOf(StringRef function) {
  MLIRContext context;
  context
      .loadDialect<ZorroDialect, arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect>();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(function, &context);
  Work work;
  if (module)
    module->walk([&](Operation *op) { work += workOf(op); });
  return work;
}

TEST(Work, Contraction) {
  Work work =
      sumOf(R"(func.func @f(%a: tensor<2x5x3xf32>, %b: tensor<3x4xf32>) -> tensor<2x5x4xf32> {
    %0 = zorro.contract %a, %b : tensor<2x5x3xf32>, tensor<3x4xf32> -> tensor<2x5x4xf32>
    return %0 : tensor<2x5x4xf32>
  })");
  EXPECT_EQ(work.live, 2u * 5 * 3 * 4);
  EXPECT_EQ(work.dense, work.live);
}

TEST(Work, AttentionWithAndWithoutItsMask) {
  Work work = sumOf(R"(
    func.func @f(%q: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x5xf32>) -> tensor<1x2x6x5xf32> {
    %0 = zorro.attention %q, %q, %v mask #zorro.mask<a: 4 -> [a causal], f: 2 -> [all] over a: 4, f: 2 empty nan>
        scale 1.0 : tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x5xf32> -> tensor<1x2x6x5xf32>
    return %0 : tensor<1x2x6x5xf32>
  })");
  EXPECT_EQ(work.live, 2u * (10 + 12) * (8 + 5));
  EXPECT_EQ(work.dense, 2u * 36 * (8 + 5));
}

TEST(Work, SumsOfProductsOnly) {
  constexpr const char *text = R"(
  #ij = affine_map<(i, j) -> (i, j)>
  #i = affine_map<(i, j) -> (i)>
  func.func @f(%%a: tensor<6x7xf32>, %%b: tensor<6xf32>) -> tensor<6xf32> {
    %%0 = linalg.generic {indexing_maps = [#ij, #i], iterator_types = ["parallel", "reduction"]}
        ins(%%a : tensor<6x7xf32>) outs(%%b : tensor<6xf32>) {
    ^bb0(%%x: f32, %%sum: f32):
      %%1 = arith.%s %%x, %%x : f32
      %%2 = arith.addf %%1, %%sum : f32
      linalg.yield %%2 : f32
    } -> tensor<6xf32>
    return %%0 : tensor<6xf32>
  })";
  char products[1024], maxima[1024];
  snprintf(products, sizeof(products), text, "mulf");
  snprintf(maxima, sizeof(maxima), text, "maximumf");
  EXPECT_EQ(sumOf(products).live, 42u);
  EXPECT_EQ(sumOf(maxima).live, 0u);
}

TEST(Work, Saturates) {
  Work work{~uint64_t(0) - 1, 5};
  work += Work{7, 7};
  EXPECT_EQ(work.live, ~uint64_t(0));
  EXPECT_EQ(work.dense, 12u);
}

TEST(Layers, OfNodes) {
  EXPECT_EQ(scopeOfNode("/blocks.0/attn/MatMul"), "/blocks.0");
  EXPECT_EQ(scopeOfNode("/encoder/layer.11/attention/self/Softmax"), "/encoder/layer.11");
  EXPECT_EQ(scopeOfNode("model/layers/3/mlp/Gelu"), "model/layers/3");
  EXPECT_EQ(scopeOfNode("/pool/Softmax"), "/pool");
  EXPECT_EQ(scopeOfNode("/MatMul"), "");
  EXPECT_EQ(scopeOfNode("node_MatMul_67"), "");
  EXPECT_EQ(scopeOfNode(""), "");
  EXPECT_EQ(scopeOfNode("/"), "");
  EXPECT_EQ(scopeOfNode("//"), "");
}

TEST(Layers, OfWeights) {
  EXPECT_EQ(scopeOfWeight("blocks.0.n1.weight"), "blocks.0");
  EXPECT_EQ(scopeOfWeight("vit.encoder.layer.10.output.dense.bias"), "vit.encoder.layer.10");
  EXPECT_EQ(scopeOfWeight("head.weight"), "head");
  EXPECT_EQ(scopeOfWeight("val_17"), "");
  EXPECT_EQ(scopeOfWeight(""), "");
}

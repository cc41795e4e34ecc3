//===- ClassifyWeights.cpp - Note where the fills of weights lie ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/WeightFile.h"
#include "passes/Analysis/Passes.h"
#include "passes/Analysis/Rules.h"

namespace zorro {
#define GEN_PASS_DEF_CLASSIFYWEIGHTS
#include "passes/Analysis/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

namespace {
/// Of larger weights no table of numbers is made.
constexpr int64_t kMaxElements = int64_t(1) << 26;

struct ClassifyWeights : zorro::impl::ClassifyWeightsBase<ClassifyWeights> {
  using ClassifyWeightsBase::ClassifyWeightsBase;

  void runOnOperation() override {
    WeightReader reader(folder);
    for (auto weight : getOperation().getOps<WeightOp>()) {
      auto type = cast<RankedTensorType>(weight.getStored());
      if (!weight.getFills() || weight.getValueAttr() || weight->hasAttr(kClassesAttr) ||
          !isFloat(elementOf(type)) || type.getNumElements() > kMaxElements)
        continue;
      llvm::Expected<DenseElementsAttr> stored = reader.readStored(weight);
      if (!stored) {
        weight.emitError() << llvm::toString(stored.takeError());
        return signalPassFailure();
      }
      std::optional<GridValue> grid = constantGrid(*stored, type);
      if (!grid)
        continue;
      weight->setAttr(kClassesAttr, noteClasses(*grid, &getContext()));
      ++numClassified;
    }
  }
};
} // namespace

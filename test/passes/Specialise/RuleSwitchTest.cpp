//===- RuleSwitchTest.cpp - No rule of the analysis is missed unnoticed -----------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Takes out one rule after the other (RuleSwitch.h) and lets the random functions find the wrong
// claims that follow.
//
//===----------------------------------------------------------------------------------------===//

#include "ClaimCheck.h"
#include "RandomFunction.h"

#include "dialects/Zorro/Zorro.h"
#include "passes/Analysis/RuleSwitch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

Rule zorro::ruleOff = Rule::None;

namespace {
struct RuleCase {
  Rule rule;
  const char *name, *text;
};

class RuleSwitches : public ::testing::TestWithParam<RuleCase> {
protected:
  RuleSwitches() {
    context.loadDialect<ZorroDialect, arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                        math::MathDialect, tensor::TensorDialect>();
  }
  ~RuleSwitches() override { ruleOff = Rule::None; }

  /// The first function with a wrong claim, or `limit`.
  unsigned findFault(unsigned limit) {
    for (unsigned seed = 0; seed != limit; ++seed) {
      std::mt19937 engine(seed);
      OwningOpRef<ModuleOp> module =
          parseSourceString<ModuleOp>(writeRandomFunction(seed), &context);
      ClaimCheck claims;
      claims.run(module->lookupSymbol<func::FuncOp>("main"), engine);
      if (claims.faults())
        return seed;
    }
    return limit;
  }

  MLIRContext context;
};

TEST_P(RuleSwitches, IsMissed) {
  constexpr unsigned kFunctions = 400;
  ruleOff = GetParam().rule;
  unsigned found = findFault(kFunctions);
  std::printf("%s: without \"%s\" function %u is wrong\n", GetParam().name, GetParam().text, found);
  EXPECT_LT(found, kFunctions) << GetParam().text;
}

const RuleCase kRules[] = {
#define RULE(name, text) {Rule::name, #name, text},
    ZORRO_RULES(RULE)
#undef RULE
};

INSTANTIATE_TEST_SUITE_P(Rules, RuleSwitches, ::testing::ValuesIn(kRules),
                         [](const auto &info) { return std::string(info.param.name); });
} // namespace

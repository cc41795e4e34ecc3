//===- RandomGraphTest.cpp - Claims and cuts against numbers ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Random functions of the zorro phase: streams, masks of every kind, moves, joins, padding. Every
// element of every value is compared under changes of one input: what changes must be claimed, what
// is claimed to be known must be so. Then each modality is cut out, and must give the same numbers.
//
//===----------------------------------------------------------------------------------------===//

#include "ClaimCheck.h"
#include "RandomFunction.h"

#include "dialects/Zorro/Zorro.h"
#include "passes/Analysis/StreamDependence.h"
#include "passes/Specialise/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

namespace {

class RandomGraphs : public ::testing::Test {
protected:
  RandomGraphs() {
    context.loadDialect<ZorroDialect, arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                        math::MathDialect, tensor::TensorDialect>();
    context.getDiagEngine().registerHandler([](Diagnostic &) { return success(); });
  }

  /// Each modality that can be cut out gives what the whole function gives; so do the outputs of an
  /// entry without a modality that never needed it.
  void checkCut(const std::string &text, const std::string &entry, std::mt19937 &engine,
                bool absent = false) {
    OwningOpRef<ModuleOp> whole = parseSourceString<ModuleOp>(text, &context);
    OwningOpRef<ModuleOp> cut = whole->clone();
    PassManager pm(&context);
    SpecialiseOptions options;
    (absent ? options.absent : options.entries) = {entry};
    pm.addPass(createSpecialise(options));
    std::string refusal;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        refusal = diagnostic.str();
      return success();
    });
    if (failed(pm.run(*cut))) {
      EXPECT_TRUE(StringRef(refusal).starts_with("refused: ")) << refusal << "\n" << text;
      return;
    }
    ++cuts;
    auto main = whole->lookupSymbol<func::FuncOp>("main");
    auto func = cut->lookupSymbol<func::FuncOp>((absent ? "without_" : "") + entry);
    StreamDependence before(main);
    std::vector<Numbers> inputs, fewer;
    for (Type type : main.getArgumentTypes())
      inputs.push_back(randomNumbers(type, engine));
    auto nameOf = [](DictionaryAttr attrs) { return attrs.get(kNameAttr); };
    for (unsigned i = 0; i != func.getNumArguments(); ++i)
      for (unsigned j = 0; j != main.getNumArguments(); ++j)
        if (nameOf(func.getArgAttrDict(i)) == nameOf(main.getArgAttrDict(j)))
          fewer.push_back(inputs[j]);
    std::vector<Numbers> expected = resultsOf(main, interpret(main, inputs));
    std::vector<Numbers> got = resultsOf(func, interpret(func, fewer));
    for (unsigned i = 0; i != func.getNumResults(); ++i)
      for (unsigned j = 0; j != main.getNumResults(); ++j) {
        if (nameOf(func.getResultAttrDict(i)) != nameOf(main.getResultAttrDict(j)))
          continue;
        bool changed = absent && llvm::any_of(before.dependsOn(j), [&](unsigned input) {
                         return before.getInputs()[input] == entry;
                       });
        if (changed)
          continue;
        ++keptOutputs;
        ASSERT_EQ(got[i].size(), expected[j].size());
        for (size_t e = 0; e != got[i].size(); ++e)
          ASSERT_TRUE(isSame(got[i][e], expected[j][e]))
              << got[i][e] << " instead of " << expected[j][e] << " in " << text;
      }
  }

  MLIRContext context;
  ClaimCheck claims;
  unsigned cuts = 0, keptOutputs = 0;
};

TEST_F(RandomGraphs, ClaimsCoverAndCutsAgree) {
  const char *wanted = std::getenv("ZORRO_RANDOM_GRAPHS");
  unsigned graphs = wanted ? std::atoi(wanted) : 150;
  for (unsigned seed = 0; seed != graphs; ++seed) {
    SCOPED_TRACE("graph " + std::to_string(seed));
    std::mt19937 engine(seed);
    std::string text = writeRandomFunction(seed);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    auto main = module->lookupSymbol<func::FuncOp>("main");
    EXPECT_TRUE(StreamDependence(main).getUndescribed().empty());
    claims.run(main, engine);
    ASSERT_EQ(claims.unclaimed, 0u) << text;
    ASSERT_EQ(claims.wrongConstants, 0u) << text;
    ASSERT_EQ(claims.hiddenNaNs, 0u) << text;
    for (const char *entry : {"fused", "a", "b", "a+p", "b+p"})
      checkCut(text, entry, engine);
    for (const char *entry : {"a", "b"})
      checkCut(text, entry, engine, /*absent=*/true);
    if (HasFatalFailure())
      return;
  }
  // The test would prove nothing if everything were claimed, or nothing ever cut.
  std::printf("%zu elements, %zu claimed, %zu of them seen to change, %zu live runs; %u cuts, %u outputs\n",
              claims.elements, claims.claimed, claims.seen, claims.liveRuns, cuts, keptOutputs);
  EXPECT_GT(claims.seen * 2, claims.claimed);
  EXPECT_GT(claims.liveRuns, graphs);
  EXPECT_GT(cuts, graphs);
}

} // namespace

//===- PrintStreams.cpp - Passes that print the analysis --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Explain.h"
#include "passes/Analysis/Passes.h"
#include "passes/Analysis/Reasons.h"
#include "passes/Analysis/StreamDependence.h"

#include "dialects/Zorro/Zorro.h"

namespace zorro {
#define GEN_PASS_DEF_PRINTSTREAMS
#define GEN_PASS_DEF_EXPLAIN
#include "passes/Analysis/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

namespace {
struct PrintStreams : zorro::impl::PrintStreamsBase<PrintStreams> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    markAllAnalysesPreserved();
    if (func.isDeclaration())
      return;
    auto &streams = getAnalysis<StreamDependence>();
    raw_ostream &os = llvm::outs();
    os << "@" << func.getName() << "\n";
    for (Operation &op : func.front().without_terminator())
      for (Value result : op.getResults()) {
        os << "  " << op.getName();
        if (std::string name = nodeName(op.getLoc()); !name.empty())
          os << " \"" << name << "\"";
        os << ": ";
        streams.get(result).print(os, streams.getInputs());
        os << "\n";
      }
    for (Operation *op : streams.getUndescribed())
      os << "  joined everything: " << op->getName() << "\n";
  }
};

struct Explain : zorro::impl::ExplainBase<Explain> {
  using ExplainBase::ExplainBase;
  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (!getOperation().isDeclaration())
      printExplanation(getOperation(), llvm::outs(), json);
  }
};
} // namespace

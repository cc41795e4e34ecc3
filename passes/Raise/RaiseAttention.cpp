//===- RaiseAttention.cpp - Recognise attention on onnx nodes -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Before anything is decomposed: afterwards a mask is one more element-wise operand.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/AttentionOperator.h"
#include "passes/Raise/AttentionPattern.h"
#include "passes/Raise/AttentionVariants.h"
#include "passes/Raise/Passes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

namespace zorro {
#define GEN_PASS_DEF_RAISEATTENTION
#include "passes/Raise/Passes.h.inc"
} // namespace zorro

/// Where what was assumed about fills is written down.
static void record(ModuleOp module, ArrayRef<std::string> assumptions) {
  if (assumptions.empty())
    return;
  SmallVector<Attribute> all;
  if (auto known = module->getAttrOfType<ArrayAttr>(kAssumptionsAttr))
    all.assign(known.begin(), known.end());
  for (const std::string &assumption : assumptions) {
    auto text = StringAttr::get(module.getContext(), assumption);
    if (!llvm::is_contained(all, text))
      all.push_back(text);
  }
  module->setAttr(kAssumptionsAttr, ArrayAttr::get(module.getContext(), all));
}

namespace {
struct RaiseAttentionPass : zorro::impl::RaiseAttentionBase<RaiseAttentionPass> {
  using RaiseAttentionBase::RaiseAttentionBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Constants constants(module, folder);
    AttentionVariants variants(constants, [&](NodeOp node, const Twine &reason) {
      ++numDense;
      remark(node, reason);
    });
    for (auto function : module.getOps<func::FuncOp>())
      variants.rewrite(function);
    eraseUnused(module); // weights are looked at by how many use them
    SmallVector<NodeOp> softmaxes, attentions;
    module.walk([&](NodeOp node) {
      if (node.is("Softmax"))
        softmaxes.push_back(node);
      else if (node.is("Attention"))
        attentions.push_back(node);
    });
    SmallVector<std::string> assumptions;
    OpBuilder builder(&getContext());
    for (NodeOp node : attentions) {
      AttentionOperator attention(node, constants, assumeFiniteFill, assumptions);
      switch (attention.raise(builder)) {
      case AttentionOperator::Raised:
        ++numRaised;
        numMasked += attention.isMasked();
        break;
      case AttentionOperator::Decomposed:
        ++numDense;
        remark(node, attention.getReason());
        break;
      case AttentionOperator::Unsupported: // the operator table says so
        break;
      }
    }
    for (NodeOp node : softmaxes)
      raise(node, constants, builder, assumptions);
    record(module, assumptions);
    eraseUnused(module);
    // Results of whose shapes no schema speaks have theirs now.
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        function.setFunctionType(FunctionType::get(
            &getContext(), function.getArgumentTypes(),
            function.getBody().front().getTerminator()->getOperandTypes()));
  }

  static void eraseUnused(ModuleOp module) {
    for (auto function : module.getOps<func::FuncOp>()) {
      IRRewriter rewriter(module.getContext());
      (void)runRegionDCE(rewriter, function->getRegions());
    }
  }

  void raise(NodeOp softmax, Constants &constants, OpBuilder &builder,
             SmallVectorImpl<std::string> &assumptions) {
    AttentionPattern pattern(softmax, constants);
    bool matches = pattern.match();
    if (!matches) {
      if (!pattern.getReason().empty()) {
        ++numDense;
        remark(softmax, pattern.getReason());
      }
      return;
    }
    MaskAttr mask;
    if (pattern.isMasked()) {
      FailureOr<MaskAttr> read = pattern.getTable().build(&getContext(), pattern.getNanRows(),
                                                          assumeFiniteFill, assumptions);
      if (failed(read)) {
        ++numDense;
        remark(softmax, "its mask: " + pattern.getTable().getReason());
        return;
      }
      mask = *read;
    }
    pattern.replace(builder, mask);
    ++numRaised;
    numMasked += bool(mask);
  }

  void remark(NodeOp node, const Twine &reason) {
    node.emitRemark() << "attention at node '" << node.getNodeName() << "' is left dense: "
                      << reason;
  }
};
} // namespace

//===- RaiseOperators.cpp - From onnx nodes to the zorro phase ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Chains that stand for one operator first, then node by node in order. What cannot be raised is
// gathered and reported once.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Chains.h"
#include "passes/Raise/FusedOperators.h"
#include "passes/Raise/OperatorTable.h"
#include "passes/Raise/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/RegionUtils.h"

#include <map>
#include <set>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

namespace zorro {
#define GEN_PASS_DEF_RAISEOPERATORS
#include "passes/Raise/Passes.h.inc"
} // namespace zorro

/// What all operators need: static shapes and element types that the zorro phase computes with.
static std::string findTypeFault(NodeOp node) {
  auto fault = [](Type type) -> std::string {
    if (isa<NoneType>(type))
      return {};
    auto tensor = dyn_cast<RankedTensorType>(type);
    std::string text;
    llvm::raw_string_ostream os(text);
    if (!tensor)
      os << "on a value of type " << type;
    else if (!tensor.hasStaticShape())
      os << "on a value of an unknown shape";
    else if (!tensor.getElementType().isSignlessInteger() &&
             !isa<Float32Type, Float64Type, Float16Type, BFloat16Type>(tensor.getElementType()))
      os << "on elements of type " << tensor.getElementType();
    return text;
  };
  for (Type type : node->getOperandTypes())
    if (std::string text = fault(type); !text.empty())
      return text;
  for (Value result : node->getResults())
    if (!result.use_empty())
      if (std::string text = fault(result.getType()); !text.empty())
        return text;
  return {};
}

/// Masks that no attention took, and other tables of few different numbers, become constants: the
/// analysis knows the numbers of a constant, but of a weight only that it has some.
static void inlineMasks(func::FuncOp function, Constants &constants) {
  constexpr int64_t mostElements = 1 << 22;
  constexpr size_t mostNumbers = 4;
  SmallVector<WeightRefOp> refs(function.getOps<WeightRefOp>());
  for (WeightRefOp ref : refs) {
    auto type = cast<RankedTensorType>(ref.getType());
    bool feedsMap = llvm::any_of(ref->getUsers(), [](Operation *user) {
      auto node = dyn_cast<NodeOp>(user);
      return node && (node.is("Add") || node.is("And") || node.is("Mul") || node.is("Not") ||
                      node.is("Or") || node.is("Sub") || node.is("Where") || node.is("Cast"));
    });
    if (type.getRank() < 2 || type.getNumElements() > mostElements || !feedsMap)
      continue;
    DenseElementsAttr numbers = constants.get(ref);
    std::set<double> different;
    for (double number : numbers ? toDoubles(numbers) : std::vector<double>())
      if (different.insert(number).second && different.size() > mostNumbers)
        break;
    if (different.empty() || different.size() > mostNumbers)
      continue;
    OpBuilder builder(ref);
    auto constant = arith::ConstantOp::create(builder, ref.getLoc(), numbers);
    ref.replaceAllUsesWith(constant.getResult());
    ref.erase();
  }
}

namespace {
struct RaiseOperatorsPass : zorro::impl::RaiseOperatorsBase<RaiseOperatorsPass> {
  using RaiseOperatorsBase::RaiseOperatorsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Constants constants(module, folder);
    Raiser raiser(module, constants);
    for (auto function : module.getOps<func::FuncOp>()) {
      SmallVector<NodeOp> nodes;
      recogniseChains(function, constants);
      inlineMasks(function, constants);
      function.walk<WalkOrder::PreOrder>([&](NodeOp node) {
        nodes.push_back(node);
        return WalkResult::skip(); // subgraphs are the node's own matter
      });
      for (NodeOp node : nodes)
        if (!node.use_empty() && !raiser.isRetired(node))
          raise(raiser, node);
      if (faults.empty())
        for (NodeOp node : llvm::reverse(nodes))
          if (node.use_empty())
            node.erase();
    }
    if (!faults.empty()) {
      report();
      return signalPassFailure();
    }
    for (auto function : module.getOps<func::FuncOp>())
      makeEmptyConstant(function);
    for (auto function : module.getOps<func::FuncOp>()) {
      IRRewriter rewriter(&getContext());
      (void)runRegionDCE(rewriter, function->getRegions());
      eraseDeadOps(function);
    }
    eraseUnusedWeights(module);
    module->setAttr(kPhaseAttr, StringAttr::get(&getContext(), "zorro"));
  }

  void raise(Raiser &raiser, NodeOp node) {
    bool known = false;
    const OperatorRow *row = findRow(node, known);
    if (!row)
      return blame(node, known ? "in this version" : "");
    // No schema gives a fused operator's results types: its handler knows what is wrong.
    std::string typeFault = findFusedRow(node) ? "" : findTypeFault(node);
    if (!typeFault.empty())
      return blame(node, typeFault);
    raiser.start(node);
    Operation *before = node->getPrevNode();
    if (failed(row->handler(raiser, node)))
      return blame(node, raiser.getReason());
    if (std::string fault = findContradiction(before, node); !fault.empty())
      blame(node, "on operands that do not fit together (" + fault + ")");
  }

  static bool isEmpty(Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getNumElements() == 0;
  }

  /// What the verifiers say of the operations between `before` and `node`, which was raised to
  /// them: no schema checks all that operands promise each other.
  static std::string findContradiction(Operation *before, NodeOp node) {
    std::string fault;
    ScopedDiagnosticHandler handler(node.getContext(), [&](Diagnostic &diagnostic) {
      if (fault.empty())
        fault = diagnostic.str();
      return success();
    });
    Operation *op = before ? before->getNextNode() : &node->getBlock()->front();
    for (; op != node && fault.empty(); op = op->getNextNode())
      // What is empty becomes a constant, whatever its verifier says of it.
      if (!isa<NodeOp>(op) && llvm::none_of(op->getResultTypes(), isEmpty) &&
          failed(verify(op)) && fault.empty())
        fault = op->getName().getStringRef().str();
    return fault;
  }

  void blame(NodeOp node, const std::string &reason) {
    std::string name = node.getDomain().empty() || node.getDomain() == "ai.onnx"
                           ? node.getOpType().str()
                           : (node.getDomain() + "." + node.getOpType()).str();
    std::string fault = name + " (version " + std::to_string(node.getSinceVersion()) + ")";
    if (!reason.empty())
      fault += " " + reason;
    faults[fault].push_back(node.getNodeName());
  }

  void report() {
    constexpr size_t shown = 3;
    InFlightDiagnostic diag = emitError(getOperation().getLoc()) << "unsupported: ";
    llvm::interleave(
        faults,
        [&](auto &fault) {
          auto &[what, nodes] = fault;
          diag << what << ": " << nodes.size() << (nodes.size() == 1 ? " node (" : " nodes (");
          for (size_t i = 0; i < std::min(nodes.size(), shown); ++i)
            diag << (i ? ", '" : "'") << nodes[i] << "'";
          diag << (nodes.size() > shown ? ", …)" : ")");
        },
        [&] { diag << "; "; });
  }

  /// A tensor without elements is known, whatever computes it: later phases need no case for it.
  static void makeEmptyConstant(func::FuncOp function) {
    Block &entry = function.getBody().front();
    SmallVector<Value> empty;
    auto collect = [&](ValueRange values) {
      for (Value value : values)
        if (isEmpty(value.getType()) && !value.use_empty())
          empty.push_back(value);
    };
    collect(entry.getArguments());
    for (Operation &op : entry)
      if (!isa<arith::ConstantOp, tensor::EmptyOp>(op))
        collect(op.getResults());
    OpBuilder builder = OpBuilder::atBlockBegin(&entry);
    for (Value value : empty) {
      auto attr = DenseElementsAttr::get(cast<RankedTensorType>(value.getType()),
                                         ArrayRef<Attribute>());
      value.replaceAllUsesWith(arith::ConstantOp::create(builder, value.getLoc(), attr));
    }
  }

  static void eraseDeadOps(func::FuncOp function) {
    SmallVector<Operation *> ops;
    function.walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (op->getParentOp() == function && isOpTriviallyDead(op))
        op->erase();
  }

  static void eraseUnusedWeights(ModuleOp module) {
    llvm::DenseSet<Attribute> used;
    module.walk([&](WeightRefOp ref) { used.insert(ref.getWeightAttr().getAttr()); });
    for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>()))
      if (!used.contains(weight.getSymNameAttr()))
        weight.erase();
  }

  std::map<std::string, std::vector<std::string>> faults; // sorted: the same text every time
};
} // namespace

//===- Unraise.cpp - Every operation as nodes of ONNX -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Goes through each function from first to last; the families write.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/Families.h"
#include "passes/Unraise/Passes.h"
#include "dialects/Onnx/Import/ShapeInference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace zorro {
#define GEN_PASS_DEF_UNRAISE
#include "passes/Unraise/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;

Value zorro::unraise::refuse(Operation *op, const Twine &reason) {
  InFlightDiagnostic error = op->emitError("unsupported: ")
                             << op->getName() << " cannot be written as ONNX";
  if (!reason.isTriviallyEmpty())
    error << " (" << reason << ")";
  return {};
}

int64_t zorro::chooseOpset(ModuleOp module, int64_t wanted) {
  if (wanted)
    return wanted;
  auto opsets = module->getAttrOfType<DictionaryAttr>("zorro.opset");
  auto source = opsets ? opsets.getAs<IntegerAttr>("ai.onnx") : IntegerAttr();
  return source && source.getInt() >= kOldestOpset ? source.getInt() : 17;
}

/// Whether `op` only says what reductions start from, which they read themselves.
static bool isStart(Operation *op) {
  return isa<linalg::FillOp>(op) && llvm::all_of(op->getUses(), [](OpOperand &use) {
           auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
           return generic && generic.isDpsInit(&use) && generic.getNumReductionLoops();
         });
}

namespace {
struct Unraise : zorro::impl::UnraiseBase<Unraise> {
  using UnraiseBase::UnraiseBase;

  void runOnOperation() override {
    int64_t version = chooseOpset(getOperation(), opset);
    if (version < kOldestOpset || version > onnx::newestOpset()) {
      getOperation().emitError() << "usage: expected an opset between " << kOldestOpset << " and "
                                 << onnx::newestOpset() << " but got " << version;
      return signalPassFailure();
    }
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (failed(writeFunction(func, version)))
        return signalPassFailure();
    Builder builder(&getContext());
    NamedAttrList opsets(getOperation()->getAttrOfType<DictionaryAttr>("zorro.opset"));
    opsets.set("ai.onnx", builder.getI64IntegerAttr(version));
    getOperation()->setAttr("zorro.opset", opsets.getDictionary(&getContext()));
  }

  LogicalResult writeFunction(func::FuncOp func, int64_t version) {
    if (func.isExternal() || !func.getBody().hasOneBlock())
      return func.emitError() << "unsupported: a function of several blocks";
    NodeWriter writer(&getContext(), version);
    bool liveRows = getOperation()->hasAttr(kAssumeLiveRowsAttr);
    bool failed = false;
    SmallVector<Operation *> ops;
    for (Operation &op : func.getBody().front())
      ops.push_back(&op);
    for (Operation *op : ops) {
      if (isa<onnx::NodeOp, WeightRefOp, func::ReturnOp, tensor::EmptyOp>(op) ||
          op->hasTrait<OpTrait::ConstantLike>() || isOpTriviallyDead(op) || isStart(op))
        continue;
      writer.start(op);
      Value result = write(writer, op, liveRows);
      if (!result) {
        failed = true;
        continue;
      }
      assert(result.getType() == op->getResult(0).getType() && "a node gives what it stands for");
      op->getResult(0).replaceAllUsesWith(result);
    }
    if (failed)
      return failure();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(func.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
    for (Operation &op : func.getBody().front())
      numNodes += isa<onnx::NodeOp>(op);
    return success();
  }

  Value write(NodeWriter &writer, Operation *op, bool liveRows) {
    if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()) ||
        !cast<RankedTensorType>(op->getResult(0).getType()).hasStaticShape())
      return refuse(op, "without one result of static shape");
    if (cast<RankedTensorType>(op->getResult(0).getType()).getNumElements() == 0 && !writer.has(14))
      return refuse(op, "on empty tensors before opset 14");
    if (auto attention = dyn_cast<AttentionOp>(op)) {
      int64_t groups = 0;
      Value result = writeAttention(writer, attention, liveRows, groups);
      numGroups += groups;
      return result;
    }
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      return writeLoops(writer, generic);
    if (isa<ContractOp, LayerNormOp, RMSNormOp, SoftmaxOp, GeluOp>(op))
      return writeNamed(writer, op);
    return writeMove(writer, op);
  }
};
} // namespace

//===- SetPrecision.cpp - What memory holds between kernels ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/StreamLabel.h"
#include "passes/Fuse/Passes.h"
#include "passes/Fuse/StoragePlan.h"
#include "passes/Fuse/StorageVariants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace zorro {
#define GEN_PASS_DEF_SETPRECISION
#include "passes/Fuse/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

static bool isF32(Value value) { return getElementTypeOrSelf(value).isF32(); }

namespace {

/// Weights of which products read bf16 numbers: one symbol for every weight, in all functions.
class RoundedWeights {
public:
  RoundedWeights(ModuleOp module, SymbolTable &symbols);

  /// The name of the rounded `weight`: its own, unless something else reads it.
  StringAttr get(StringAttr weight);
  unsigned getCount() const { return rounded.size(); }

private:
  SymbolTable &symbols;
  llvm::DenseSet<StringAttr> shared; // read by more than products
  llvm::DenseMap<StringAttr, StringAttr> rounded;
};

/// Rewrites one function.
class FunctionRounder {
public:
  FunctionRounder(func::FuncOp func, SymbolTable &symbols, StorageVariants &variants,
                  RoundedWeights &weights)
      : func(func), symbols(symbols), variants(variants), weights(weights), plan(func, symbols),
        bf16(BFloat16Type::get(func.getContext())) {}

  void run();
  unsigned getTensors() const { return tensors; }
  unsigned getCopies() const { return copies; }

private:
  void visit(CallOp call);
  /// What `input`, a factor in f32, is as bf16.
  Value round(Value input, CallOp reader);
  Value roundStorage(Value storage, CallOp reader);

  func::FuncOp func;
  SymbolTable &symbols;
  StorageVariants &variants;
  RoundedWeights &weights;
  StoragePlan plan;
  Type bf16;
  llvm::DenseMap<Value, Value> roundedStorage;
  unsigned tensors = 0, copies = 0;
};

} // namespace

//===----------------------------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------------------------===//

RoundedWeights::RoundedWeights(ModuleOp module, SymbolTable &symbols) : symbols(symbols) {
  auto visitUses = [&](StringAttr weight, Value value) {
    for (OpOperand &use : value.getUses()) {
      auto call = dyn_cast<CallOp>(use.getOwner());
      auto kernel = call ? symbols.lookup<KernelOp>(call.getCallee()) : KernelOp();
      if (isa<ViewOp>(use.getOwner()))
        continue; // its readers count
      bool isInput = call && use.getOperandNumber() < call.getInputs().size();
      if (!isInput || !isFactor(kernel, use.getOperandNumber()))
        shared.insert(weight);
    }
  };
  module.walk([&](WeightRefOp ref) { visitUses(ref.getWeightAttr().getAttr(), ref); });
  module.walk([&](ViewOp view) {
    if (auto ref = view.getSource().getDefiningOp<WeightRefOp>())
      visitUses(ref.getWeightAttr().getAttr(), view);
  });
}

StringAttr RoundedWeights::get(StringAttr name) {
  auto [known, isNew] = rounded.try_emplace(name, name);
  if (!isNew)
    return known->second;
  auto weight = symbols.lookup<WeightOp>(name);
  if (shared.contains(name)) {
    OpBuilder at(weight->getContext());
    at.setInsertionPointAfter(weight);
    weight = cast<WeightOp>(at.clone(*weight));
    weight.setSymName((name.getValue() + ".bf16").str());
    symbols.insert(weight);
  }
  MLIRContext *context = weight->getContext();
  Type element = BFloat16Type::get(context);
  SmallVector<Attribute> recipe;
  if (weight.getRecipeAttr())
    llvm::append_range(recipe, weight.getRecipeAttr());
  recipe.push_back(RoundStepAttr::get(context, element));
  weight.setRecipeAttr(ArrayAttr::get(context, recipe));
  weight.setType(weight.getTensorType().clone(element));
  return rounded[name] = weight.getSymNameAttr();
}

//===----------------------------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------------------------===//

/// The whole of a tensor of f32, rounded once for all its readers: where it is a weight when the
/// artefact is written, else by a copy.
Value FunctionRounder::roundStorage(Value storage, CallOp reader) {
  Value &rounded = roundedStorage[storage];
  if (rounded)
    return rounded;
  Location loc = reader.getLoc();
  auto type = cast<RankedTensorType>(storage.getType());
  RankedTensorType narrow = type.clone(bf16);
  OpBuilder b(func.getContext());
  b.setInsertionPointAfterValue(storage);
  if (auto ref = storage.getDefiningOp<WeightRefOp>())
    return rounded = WeightRefOp::create(b, ref.getLoc(), narrow,
                                         weights.get(ref.getWeightAttr().getAttr()));
  ++copies;
  int64_t one[] = {1}, count[] = {type.getNumElements()};
  Value flat = storage;
  if (type.getRank() != 1)
    flat = ViewOp::create(b, loc, type.clone(count), storage, 0, one);
  Value into = tensor::EmptyOp::create(b, loc, type.getShape(), bf16);
  auto copy = CallOp::create(b, loc, narrow, variants.getRound(loc).getSymName(), flat, into,
                             narrow.clone(count), 0, one, MaskAttr(), FloatAttr());
  Operation *source = storage.getDefiningOp();
  if (Attribute streams = (source ? source : reader.getOperation())->getAttr(kStreamsAttr))
    copy->setAttr(kStreamsAttr, streams);
  return rounded = copy;
}

Value FunctionRounder::round(Value input, CallOp reader) {
  Value rounded = roundStorage(storageOf(input), reader);
  auto view = input.getDefiningOp<ViewOp>();
  if (!view)
    return rounded;
  OpBuilder b(view);
  b.setInsertionPoint(reader);
  auto type = cast<RankedTensorType>(view.getType()).clone(bf16);
  return ViewOp::create(b, view.getLoc(), type, rounded, view.getOffset(), view.getStrides());
}

void FunctionRounder::visit(CallOp call) {
  auto kernel = symbols.lookup<KernelOp>(call.getCallee());
  for (OpOperand &input : call.getInputsMutable())
    if (isFactor(kernel, input.getOperandNumber()) && isF32(input.get()))
      input.set(round(input.get(), call));
  if (plan.isNarrow(call) && isF32(call.getResult())) {
    auto narrow = [&](Type type) { return cast<RankedTensorType>(type).clone(bf16); };
    RankedTensorType type = narrow(call.getType());
    if (call.getInto().getDefiningOp<tensor::EmptyOp>()) {
      OpBuilder b(call);
      call.getIntoMutable().assign(
          tensor::EmptyOp::create(b, call.getLoc(), type.getShape(), bf16).getResult());
    }
    call.getResult().setType(type);
    call.setShape(narrow(call.getShape()));
    ++tensors;
  }
  SmallVector<Type> elements;
  for (Value input : call.getInputs())
    elements.push_back(getElementTypeOrSelf(input));
  KernelOp variant = variants.get(kernel, elements, getElementTypeOrSelf(call.getType()));
  call.setCallee(variant.getSymName());
}

void FunctionRounder::run() {
  Block &body = func.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(body)) {
    // A window on what was rounded before.
    if (auto view = dyn_cast<ViewOp>(op); view && isF32(view) && !isF32(view.getSource()))
      view.getResult().setType(cast<RankedTensorType>(view.getType()).clone(bf16));
    if (auto call = dyn_cast<CallOp>(op))
      visit(call);
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isa<ViewOp, tensor::EmptyOp, WeightRefOp>(op) && op.use_empty())
      op.erase();
}

//===----------------------------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------------------------===//

namespace {
struct SetPrecision : zorro::impl::SetPrecisionBase<SetPrecision> {
  using SetPrecisionBase::SetPrecisionBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (storage != "f32" && storage != "bf16") {
      module.emitError() << "usage: expected storage f32 or bf16 but got '" << storage << "'";
      return signalPassFailure();
    }
    if (storage == "f32")
      return;
    SymbolTable symbols(module);
    StorageVariants variants(module);
    RoundedWeights weights(module, symbols);
    for (auto func : module.getOps<func::FuncOp>()) {
      FunctionRounder rounder(func, symbols, variants, weights);
      rounder.run();
      numTensors += rounder.getTensors();
      numCopies += rounder.getCopies();
    }
    numWeights = weights.getCount();
    for (KernelOp kernel : variants.getReplaced())
      if (kernel.symbolKnownUseEmpty(module))
        kernel.erase();
  }
};
} // namespace

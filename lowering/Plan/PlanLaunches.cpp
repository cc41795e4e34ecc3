//===- PlanLaunches.cpp - Calls into launches, tensors into places ----------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Plan/Passes.h"

#include "dialects/Zorro/WeightFile.h"
#include "dialects/Zorro/Zorro.h"
#include "lowering/Gpu/Kernels.h"
#include "lowering/Plan/Arena.h"
#include "lowering/Plan/LaunchTarget.h"
#include "passes/Analysis/StreamLabel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/StringSet.h"

namespace zorro {
#define GEN_PASS_DEF_PLANLAUNCHES
#include "lowering/Plan/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

namespace {

/// Where a tensor lies, before the arena is planned.
struct Storage {
  PlaceKind kind;
  int64_t index = 0;        // input, output, or number of the buffer in the arena
  FlatSymbolRefAttr symbol; // weight
};

/// Plans the launches of one function.
class FunctionPlanner {
public:
  FunctionPlanner(func::FuncOp func, const LaunchTarget &target, SymbolTable &symbols)
      : func(func), target(target), symbols(symbols), builder(func.getContext()) {}

  /// Replaces the function by its launches.
  LogicalResult run();
  int64_t getArenaBytes() const { return arena.bytes; }
  int64_t getLaunches() const { return launches.size(); }

private:
  struct Use {
    Storage storage;
    int64_t byteOffset;
  };
  struct PlannedLaunch {
    CallOp call;
    SmallVector<Use> uses;
    LaunchPlan plan;
  };

  void separate();
  LogicalResult place();
  LogicalResult plan(CallOp call);
  Storage storageOf(Value value);
  /// Notes that the launch being planned touches `storage`.
  void touch(const Storage &storage);
  PlaceAttr placeOf(const Use &use);
  FlatSymbolRefAttr packed(FlatSymbolRefAttr weight);
  FlatSymbolRefAttr tableOf(ArrayRef<int64_t> words, Location loc);
  ArrayAttr describe(TypeRange types, function_ref<DictionaryAttr(unsigned)> attrsOf);

  func::FuncOp func;
  const LaunchTarget &target;
  SymbolTable &symbols;
  OpBuilder builder;
  DenseMap<Value, Storage> storages; // of results of calls
  SmallVector<ArenaBuffer> buffers;
  SmallVector<PlannedLaunch> launches;
  ArenaPlan arena;
};

int64_t bytesOfTensor(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * bytesPerElement(tensor.getElementType());
}

/// What a call writes into is read by nothing else. Where it is (two equal fills became one), the
/// call that makes it is repeated.
void FunctionPlanner::separate() {
  for (CallOp call : llvm::to_vector(func.getOps<CallOp>())) {
    auto into = call.getInto().getDefiningOp<CallOp>();
    while (into && !into->hasOneUse()) {
      OpBuilder at(call);
      auto again = cast<CallOp>(at.clone(*into));
      call.getIntoMutable().assign(again);
      call = again;
      into = call.getInto().getDefiningOp<CallOp>();
    }
  }
}

/// Results share the memory of what they were written into: returned ones are outputs, all others
/// lie in the arena. A call into a tensor.empty starts a buffer of its own; equal tensor.empty
/// operations may have been merged, so they tell nothing.
LogicalResult FunctionPlanner::place() {
  auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  auto root = [](Value value) {
    while (auto into = value.getDefiningOp<CallOp>().getInto().getDefiningOp<CallOp>())
      value = into;
    return value;
  };
  DenseMap<Value, int64_t> outputs;
  for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
    if (!value.getDefiningOp<CallOp>() || !outputs.try_emplace(root(value), i).second)
      return ret.emitOpError() << "expected result " << i << " to be a tensor written by a call";
  }
  DenseMap<Value, Storage> byRoot;
  for (auto call : func.getOps<CallOp>()) {
    Value base = root(call);
    if (!base.getDefiningOp<CallOp>().getInto().getDefiningOp<tensor::EmptyOp>())
      return call.emitOpError() << "expected to write into a tensor.empty";
    auto [it, isNew] = byRoot.try_emplace(base);
    if (isNew) {
      if (auto output = outputs.find(base); output != outputs.end()) {
        it->second = {PlaceKind::Output, output->second, {}};
      } else {
        it->second = {PlaceKind::Arena, int64_t(buffers.size()), {}};
        buffers.push_back({bytesOfTensor(call.getType()), -1, -1});
      }
    }
    storages[call] = it->second;
  }
  return success();
}

Storage FunctionPlanner::storageOf(Value value) {
  if (auto arg = dyn_cast<BlockArgument>(value))
    return {PlaceKind::Input, arg.getArgNumber(), {}};
  if (auto weight = value.getDefiningOp<WeightRefOp>())
    return {PlaceKind::Weight, 0, weight.getWeightAttr()};
  return storages.lookup(value);
}

void FunctionPlanner::touch(const Storage &storage) {
  if (storage.kind != PlaceKind::Arena)
    return;
  ArenaBuffer &buffer = buffers[storage.index];
  int64_t now = launches.size();
  buffer.first = buffer.first < 0 ? now : buffer.first;
  buffer.last = now;
}

/// A contraction's matrix lies as the target reads it best.
FlatSymbolRefAttr FunctionPlanner::packed(FlatSymbolRefAttr ref) {
  auto weight = symbols.lookup<WeightOp>(ref.getValue());
  MatrixLayout layout = target.layOut(weight.getTensorType());
  std::string name = (weight.getSymName() + "." + layout.suffix).str();
  if (!symbols.lookup(name)) {
    SmallVector<Attribute> recipe;
    if (weight.getRecipeAttr())
      llvm::append_range(recipe, weight.getRecipeAttr());
    llvm::append_range(recipe, layout.recipe);
    OpBuilder at(weight);
    auto copy = cast<WeightOp>(at.clone(*weight));
    copy.setSymName(name);
    copy.setType(layout.type);
    copy.setRecipeAttr(builder.getArrayAttr(recipe));
    symbols.insert(copy);
  }
  return FlatSymbolRefAttr::get(builder.getContext(), name);
}

LogicalResult FunctionPlanner::plan(CallOp call) {
  auto kernel = symbols.lookup<KernelOp>(call.getCallee());
  Value matrix;
  if (auto contract = dyn_cast<ContractOp>(kernel.getRoot()))
    matrix = KernelOp::getArgument(contract.getB());

  SmallVector<Use> uses;
  SmallVector<Operand> operands;
  for (auto [arg, input] : llvm::zip(kernel.getInputArguments(), call.getInputs())) {
    Operand operand;
    auto type = cast<RankedTensorType>(input.getType());
    operand.sizes.assign(type.getShape().begin(), type.getShape().end());
    operand.strides = computeStrides(type.getShape());
    Value source = input;
    int64_t offset = 0;
    if (auto view = input.getDefiningOp<ViewOp>()) {
      source = view.getSource();
      offset = view.getOffset();
      operand.strides.assign(view.getStrides().begin(), view.getStrides().end());
    }
    Storage storage = storageOf(source);
    if (arg == matrix)
      storage.symbol = packed(storage.symbol);
    touch(storage);
    uses.push_back({storage, offset * bytesPerElement(type.getElementType())});
    operands.push_back(operand);
  }
  Operand result;
  auto shape = cast<RankedTensorType>(call.getShape());
  result.sizes.assign(shape.getShape().begin(), shape.getShape().end());
  result.strides.assign(call.getStrides().begin(), call.getStrides().end());
  touch(storages.lookup(call));
  uses.push_back({storages.lookup(call),
                  int64_t(call.getOffset()) * bytesPerElement(shape.getElementType())});

  auto plan = target.plan(kernel, operands, result, call.getMaskAttr(), call.getScaleAttr());
  if (failed(plan)) // what does not fit was said
    return failure();
  launches.push_back({call, uses, *plan});
  return success();
}

PlaceAttr FunctionPlanner::placeOf(const Use &use) {
  const Storage &at = use.storage;
  bool inArena = at.kind == PlaceKind::Arena;
  return PlaceAttr::get(builder.getContext(), at.kind, inArena ? 0 : at.index, at.symbol,
                        use.byteOffset + (inArena ? arena.offsets[at.index] : 0));
}

/// The symbol of a table with these words: layers with equal masks share one.
FlatSymbolRefAttr FunctionPlanner::tableOf(ArrayRef<int64_t> words, Location loc) {
  auto module = func->getParentOfType<ModuleOp>();
  unsigned count = 0;
  for (auto table : module.getOps<TableOp>()) {
    if (table.getValues() == words)
      return FlatSymbolRefAttr::get(table.getSymNameAttr());
    ++count;
  }
  OpBuilder at(*module.getOps<func::FuncOp>().begin());
  auto table = TableOp::create(at, loc, ("routes_" + Twine(count)).str(), words);
  return FlatSymbolRefAttr::get(symbols.insert(table));
}

ArrayAttr FunctionPlanner::describe(TypeRange types,
                                    function_ref<DictionaryAttr(unsigned)> attrsOf) {
  SmallVector<Attribute> list;
  for (auto [i, type] : llvm::enumerate(types)) {
    DictionaryAttr attrs = attrsOf(i);
    auto text = [&](StringRef key) {
      auto attr = attrs ? attrs.getAs<StringAttr>(key) : StringAttr();
      return attr ? attr : builder.getStringAttr("");
    };
    StringAttr name = text(kNameAttr), modality = text(kModalityAttr);
    list.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("modality", modality.empty() ? name : modality),
         builder.getNamedAttr("name", name),
         builder.getNamedAttr("type", TypeAttr::get(type))}));
  }
  return builder.getArrayAttr(list);
}

LogicalResult FunctionPlanner::run() {
  separate();
  if (failed(place()))
    return failure();
  for (auto call : func.getOps<CallOp>())
    if (failed(plan(call)))
      return failure();
  arena = planArena(buffers);

  builder.setInsertionPoint(func);
  auto entry = func::FuncOp::create(builder, func.getLoc(), func.getSymName(),
                                    builder.getFunctionType({}, {}));
  entry->setAttr(kEntryAttr, func.getSymNameAttr());
  entry->setAttr(kArenaAttr, builder.getI64IntegerAttr(arena.bytes));
  entry->setAttr(kArenaBoundAttr, builder.getI64IntegerAttr(arena.lowerBound));
  entry->setAttr(kInputsAttr, describe(func.getArgumentTypes(), [&](unsigned i) {
                   return func.getArgAttrDict(i);
                 }));
  entry->setAttr(kOutputsAttr, describe(func.getResultTypes(), [&](unsigned i) {
                   return func.getResultAttrDict(i);
                 }));
  Block *body = entry.addEntryBlock();
  builder.setInsertionPointToStart(body);
  for (PlannedLaunch &launch : launches) {
    SmallVector<Attribute> places;
    for (const Use &use : launch.uses)
      places.push_back(placeOf(use));
    if (launch.plan.table) {
      places.push_back(PlaceAttr::get(builder.getContext(), PlaceKind::Table, 0,
                                      tableOf(*launch.plan.table, launch.call.getLoc()), 0));
    }
    auto planned = LaunchOp::create(
        builder, launch.call.getLoc(), launch.call.getCalleeAttr(),
        builder.getI64IntegerAttr(launch.plan.tasks), builder.getArrayAttr(places),
        builder.getDenseI64ArrayAttr(launch.plan.scalars),
        builder.getI64IntegerAttr(launch.plan.multiplyAdds),
        builder.getI64IntegerAttr(launch.plan.bytes));
    if (Attribute streams = launch.call->getAttr(kStreamsAttr))
      planned->setAttr(kStreamsAttr, streams);
  }
  func::ReturnOp::create(builder, func.getLoc());
  symbols.erase(func);
  return success();
}

struct PlanLaunches : zorro::impl::PlanLaunchesBase<PlanLaunches> {
  using PlanLaunchesBase::PlanLaunchesBase;

  std::unique_ptr<LaunchTarget> getLaunchTarget() {
    if (device == "cuda") {
      FailureOr<GpuTarget> target = getGpuTarget(getOperation(), arch, precision);
      if (failed(target))
        return nullptr;
      // By their calls, which vanish here.
      chooseHopperKernels(getOperation(), *target);
      chooseContractTiles(getOperation(), *target);
      return LaunchTarget::get(*target);
    }
    if (device != "cpu") {
      getOperation().emitError() << "expected cpu or cuda but got '" << device << "'";
      return nullptr;
    }
    FailureOr<CpuTarget> target = getTarget(getOperation(), cpu);
    return failed(target) ? nullptr : LaunchTarget::get(*target);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::unique_ptr<LaunchTarget> target = getLaunchTarget();
    if (!target)
      return signalPassFailure();
    SymbolTable symbols(module);
    for (auto func : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      FunctionPlanner planner(func, *target, symbols);
      if (failed(planner.run()))
        return signalPassFailure();
      numLaunches += planner.getLaunches();
      numArenaBytes = std::max<uint64_t>(numArenaBytes, planner.getArenaBytes());
    }
    llvm::StringSet<> used;
    module.walk([&](LaunchOp launch) {
      for (auto place : launch.getPlaces().getAsRange<PlaceAttr>())
        if (place.getKind() == PlaceKind::Weight)
          used.insert(place.getSymbol().getValue());
    });
    for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>()))
      if (!used.contains(weight.getSymName()))
        weight.erase();
  }
};
} // namespace

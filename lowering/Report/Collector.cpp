//===- Collector.cpp - What every phase tells ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Collector.h"

#include "lowering/Cpu/Kernels.h"
#include "lowering/Report/Work.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::report;

template <typename Facts>
static Facts &findOrAdd(std::vector<Facts> &list, llvm::StringRef name) {
  for (Facts &facts : list)
    if (facts.name == name)
      return facts;
  list.emplace_back();
  list.back().name = name.str();
  return list.back();
}

EntryFacts &Report::getEntry(llvm::StringRef name) { return findOrAdd(entries, name); }
KernelFacts &Report::getKernel(llvm::StringRef name) { return findOrAdd(kernels, name); }

void Collector::collect(ModuleOp module) {
  collectModule(module);
  if (report.phase == "zorro")
    collectStreams(module);
  else if (report.phase == "special")
    collectEntries(module);
  else if (report.phase == "fused")
    collectCalls(module);
  else if (report.phase == "cpu" || report.phase == "gpu")
    collectLaunches(module);
}

void Collector::collectModule(ModuleOp module) {
  auto text = [&](llvm::StringRef name) {
    auto attr = module->getAttrOfType<StringAttr>(name);
    return attr ? attr.str() : std::string();
  };
  report.phase = text(kPhaseAttr);
  report.model = text("zorro.source");
  report.hash = text("zorro.source_hash");
  report.assumptions.clear();
  if (auto list = module->getAttrOfType<ArrayAttr>(kAssumptionsAttr))
    for (auto sentence : list.getAsRange<StringAttr>())
      report.assumptions.push_back(sentence.str());
}

//===----------------------------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------------------------===//

void Collector::noteMask(MaskAttr mask, llvm::StringRef function, std::string node, bool padded) {
  if (!mask) {
    if (function == "main")
      report.unmasked.push_back(std::move(node));
    return;
  }
  auto known = llvm::find_if(report.masks, [&](const MaskFacts &m) { return m.mask == mask; });
  if (known == report.masks.end()) {
    report.masks.push_back({mask, {}, {}});
    known = std::prev(report.masks.end());
  }
  known->users[function.str()].push_back(std::move(node));
  if (padded)
    ++known->padded[function.str()];
}

void Collector::collectMasks(func::FuncOp func) {
  func.walk([&](AttentionOp op) {
    noteMask(op.getMaskAttr(), func.getName(), softmaxAt(op.getLoc()), bool(op.getPadding()));
  });
}

//===----------------------------------------------------------------------------------------===//
// Phase fused
//===----------------------------------------------------------------------------------------===//

static void noteTensors(func::FuncOp func, EntryFacts &entry) {
  auto fill = [](TensorFacts &facts, Type type, DictionaryAttr attrs) {
    auto text = [&](llvm::StringRef key) {
      auto attr = attrs ? attrs.getAs<StringAttr>(key) : StringAttr();
      return attr ? attr.str() : std::string();
    };
    facts = {text(kNameAttr), text(kModalityAttr), formatType(type)};
    if (facts.modality.empty())
      facts.modality = facts.name;
  };
  entry.inputs.resize(func.getNumArguments());
  for (auto [i, facts] : llvm::enumerate(entry.inputs))
    fill(facts, func.getArgumentTypes()[i], func.getArgAttrDict(i));
  entry.outputs.resize(func.getNumResults());
  for (auto [i, facts] : llvm::enumerate(entry.outputs))
    fill(facts, func.getResultTypes()[i], func.getResultAttrDict(i));
}

static bool hasPadding(KernelOp kernel) {
  auto attention = dyn_cast<AttentionOp>(kernel.getRoot());
  return attention && attention.getPadding();
}

void Collector::collectCalls(ModuleOp module) {
  SymbolTable symbols(module);
  for (auto kernel : module.getOps<KernelOp>()) {
    KernelFacts &facts = report.getKernel(kernel.getSymName());
    facts.kind = stringifyKernelKind(kernel.getKind()).str();
    facts.because = kernel.getBecause().str();
  }
  bool seenMasks = llvm::any_of(report.masks, [](const MaskFacts &m) { return !m.users.empty(); });
  for (auto func : module.getOps<func::FuncOp>()) {
    EntryFacts &entry = report.getEntry(func.getName());
    noteTensors(func, entry);
    std::string layer = "(before the first layer)";
    for (auto call : func.getOps<CallOp>()) {
      auto kernel = symbols.lookup<KernelOp>(call.getCallee());
      KernelFacts &facts = report.getKernel(call.getCallee());
      Work work = workOf(call, kernel);
      layer = layerOf(call, layer);
      auto known = llvm::find_if(entry.layers, [&](auto &l) { return l.name == layer; });
      if (known == entry.layers.end()) {
        entry.layers.push_back({layer, {}, 0});
        known = std::prev(entry.layers.end());
      }
      known->work += work;
      ++known->launches;
      ++entry.calls;
      entry.workByKind[facts.kind] += work.live;
      facts.work[entry.name] += work.live;
      ++facts.calls[entry.name];
      ++facts.shapes[formatType(call.getShape())];
      for (std::string &node : nodesAt(call.getLoc()))
        if (!llvm::is_contained(facts.nodes, node))
          facts.nodes.push_back(std::move(node));
      if (!seenMasks && isa<AttentionOp>(kernel.getRoot()))
        noteMask(call.getMaskAttr(), func.getName(), softmaxAt(call.getLoc()),
                 hasPadding(kernel));
    }
  }
}

//===----------------------------------------------------------------------------------------===//
// Phases cpu and gpu
//===----------------------------------------------------------------------------------------===//

static uint64_t bytesOfWeight(WeightOp weight) {
  RankedTensorType type = weight.getTensorType();
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

void Collector::collectLaunches(ModuleOp module) {
  SymbolTable symbols(module);
  for (auto func : module.getOps<func::FuncOp>())
    if (auto kind = func->getAttrOfType<StringAttr>(kKindAttr)) {
      KernelFacts &facts = report.getKernel(func.getSymName());
      facts.kind = kind.str();
      if (auto because = func->getAttrOfType<StringAttr>(kBecauseAttr))
        facts.because = because.str();
      facts.scratchBytes = getScratchBytes(func);
    }
  // Kernels of a GPU are variants of those that were fused, which stand in the report already.
  if (report.kernels.empty())
    for (auto func : module.getOps<LLVM::LLVMFuncOp>())
      if (auto kind = func->getAttrOfType<StringAttr>(kKindAttr)) {
        KernelFacts &facts = report.getKernel(func.getSymName());
        facts.kind = kind.str();
        if (auto because = func->getAttrOfType<StringAttr>(kBecauseAttr))
          facts.because = because.str();
      }
  for (auto func : module.getOps<func::FuncOp>()) {
    auto arena = func->getAttrOfType<IntegerAttr>(kArenaAttr);
    if (!arena)
      continue;
    EntryFacts &entry = report.getEntry(func.getSymName());
    entry.planned = true;
    entry.arenaBytes = arena.getInt();
    if (auto bound = func->getAttrOfType<IntegerAttr>(kArenaBoundAttr))
      entry.arenaBound = bound.getInt();
    llvm::DenseSet<StringAttr> used;
    bool seenCalls = entry.calls != 0;
    for (auto launch : func.getOps<LaunchOp>()) {
      entry.computed += launch.getMultiplyAdds();
      for (auto place : launch.getPlaces().getAsRange<PlaceAttr>())
        if (place.getKind() == PlaceKind::Weight &&
            used.insert(place.getSymbol().getAttr()).second) {
          ++entry.packedWeights;
          entry.packedBytes += bytesOfWeight(symbols.lookup<WeightOp>(place.getSymbol().getAttr()));
        }
      if (!seenCalls) { // a dump of this phase: what launches say is all there is
        ++entry.calls;
        ++report.getKernel(launch.getKernel()).calls[entry.name];
      }
    }
    auto describe = [](ArrayAttr list, std::vector<TensorFacts> &facts) {
      facts.clear();
      for (auto tensor : list.getAsRange<DictionaryAttr>())
        facts.push_back({tensor.getAs<StringAttr>("name").str(),
                         tensor.getAs<StringAttr>("modality").str(),
                         formatType(tensor.getAs<TypeAttr>("type").getValue())});
    };
    describe(func->getAttrOfType<ArrayAttr>(kInputsAttr), entry.inputs);
    describe(func->getAttrOfType<ArrayAttr>(kOutputsAttr), entry.outputs);
  }
}

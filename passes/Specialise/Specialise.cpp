//===- Specialise.cpp - Cut out a function for each wanted set of modalities ------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Reasons.h"
#include "passes/Analysis/StreamDependence.h"
#include "passes/Specialise/Narrow.h"
#include "passes/Specialise/Passes.h"

#include "llvm/ADT/SetVector.h"

namespace zorro {
#define GEN_PASS_DEF_SPECIALISE
#include "passes/Specialise/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

namespace {
struct Specialise : zorro::impl::SpecialiseBase<Specialise> {
  using SpecialiseBase::SpecialiseBase;

  void runOnOperation() override;

private:
  FailureOr<SmallVector<unsigned>> chooseOutputs(const StreamDependence &streams, StringRef entry,
                                                 uint64_t allowed);
  FailureOr<uint64_t> parseEntry(const StreamDependence &streams, StringRef entry);
  /// Says which input outside `allowed` the output needs, and why.
  void refuse(const StreamDependence &streams, StringRef entry, unsigned output, uint64_t allowed);
  LogicalResult verifyClaims(const StreamDependence &before, func::FuncOp func,
                             ArrayRef<unsigned> outputs);
  void eraseDeadWeights();
};
} // namespace

/// Inputs of the modalities that an entry names; all of them for `fused`.
FailureOr<uint64_t> Specialise::parseEntry(const StreamDependence &streams, StringRef entry) {
  if (entry == "fused")
    return ~uint64_t(0);
  llvm::SetVector<StringRef> there(streams.getModalities().begin(), streams.getModalities().end());
  SmallVector<StringRef> names;
  entry.split(names, '+');
  uint64_t allowed = 0;
  for (StringRef name : names) {
    if (!there.contains(name.trim())) {
      std::string known = llvm::join(there, ", ");
      streams.getFunction()->emitError()
          << "usage: expected 'fused' or a modality of the model (" << known << ") but got '"
          << name << "'";
      return failure();
    }
    for (auto [i, modality] : llvm::enumerate(streams.getModalities()))
      if (modality == name.trim())
        allowed |= StreamDependence::bitOf(i);
  }
  return allowed;
}

void Specialise::refuse(const StreamDependence &streams, StringRef entry, unsigned output,
                        uint64_t allowed) {
  for (unsigned input : streams.dependsOn(output)) {
    if (allowed & StreamDependence::bitOf(input))
      continue;
    Chain chain = findChain(streams, output, input);
    func::FuncOp func = streams.getFunction();
    InFlightDiagnostic diag = func.emitError()
                              << "refused: '" << streams.getOutputs()[output] << "' needs '"
                              << streams.getInputs()[input] << "' and cannot be cut free for '"
                              << entry << "': " << explainChain(streams, chain, input);
    diag.attachNote() << "the chain: " << llvm::join(nodesOf(chain), " <- ");
    return;
  }
}

FailureOr<SmallVector<unsigned>> Specialise::chooseOutputs(const StreamDependence &streams,
                                                           StringRef entry, uint64_t allowed) {
  SmallVector<unsigned> outputs;
  for (const std::string &name : keep)
    if (!llvm::is_contained(streams.getOutputs(), name)) {
      streams.getFunction()->emitError()
          << "usage: expected one of the outputs " << llvm::join(streams.getOutputs(), ", ")
          << " to keep but got '" << name << "'";
      return failure();
    }
  bool any = false;
  std::optional<unsigned> blocked;
  for (auto [i, name] : llvm::enumerate(streams.getOutputs())) {
    bool named = llvm::is_contained(keep, name);
    if (!keep.empty() && !named)
      continue;
    uint64_t taint = streams.getTaint(i);
    if ((taint & ~allowed) == 0) {
      outputs.push_back(i);
      any |= taint != 0 || entry == "fused" || named;
      continue;
    }
    if (named) {
      refuse(streams, entry, i, allowed);
      return failure();
    }
    // The output that one would expect to be free is the one to speak of.
    auto isNamed = [&](unsigned output) {
      return StringRef(streams.getOutputs()[output]).contains(entry);
    };
    if ((taint & allowed) && (!blocked || (isNamed(i) && !isNamed(*blocked))))
      blocked = i;
  }
  if (any)
    return outputs;
  if (blocked) {
    refuse(streams, entry, *blocked, allowed);
    return failure();
  }
  streams.getFunction()->emitError() << "refused: no output depends on '" << entry << "'";
  return failure();
}

/// The proof and the cut check each other: what is claimed of the function that was cut out is what
/// was claimed of those outputs before.
LogicalResult Specialise::verifyClaims(const StreamDependence &before, func::FuncOp func,
                                       ArrayRef<unsigned> outputs) {
  StreamDependence after(func);
  for (auto [i, output] : llvm::enumerate(outputs)) {
    llvm::SetVector<StringRef> was, is;
    for (unsigned input : before.dependsOn(output))
      was.insert(before.getInputs()[input]);
    for (unsigned input : after.dependsOn(i))
      is.insert(after.getInputs()[input]);
    if (was != is)
      return func.emitError() << "internal error: '" << before.getOutputs()[output]
                              << "' was claimed to depend on {" << llvm::join(was, ", ")
                              << "} but depends on {" << llvm::join(is, ", ")
                              << "} after it was cut out for @" << func.getName();
  }
  return success();
}

void Specialise::eraseDeadWeights() {
  llvm::DenseSet<StringAttr> used;
  getOperation().walk([&](WeightRefOp ref) { used.insert(ref.getWeightAttr().getAttr()); });
  for (auto weight : llvm::make_early_inc_range(getOperation().getOps<WeightOp>()))
    if (!used.contains(weight.getSymNameAttr())) {
      weight.erase();
      ++numWeights;
    }
}

void Specialise::runOnOperation() {
  ModuleOp module = getOperation();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto phase = module->getAttrOfType<StringAttr>(kPhaseAttr);
  if (!main) {
    if (phase && phase.getValue() == "special")
      return;
    module.emitError() << "expected a function @main to specialise";
    return signalPassFailure();
  }
  SmallVector<std::string> wanted(entries.begin(), entries.end());
  if (wanted.empty())
    wanted = {"fused"};
  {
    StreamDependence streams(main);
    for (const std::string &entry : wanted) {
      // A weight gives way to an entry point of the same name.
      if (auto weight = dyn_cast_or_null<WeightOp>(module.lookupSymbol(entry)))
        if (failed(SymbolTable(module).rename(weight, entry + ".weight")))
          return signalPassFailure();
      if (module.lookupSymbol(entry)) {
        main.emitError() << "usage: expected distinct entry points but got '" << entry << "' twice";
        return signalPassFailure();
      }
      FailureOr<uint64_t> allowed = parseEntry(streams, entry);
      if (failed(allowed))
        return signalPassFailure();
      FailureOr<SmallVector<unsigned>> outputs = chooseOutputs(streams, entry, *allowed);
      if (failed(outputs))
        return signalPassFailure();
      NarrowCounts counts;
      func::FuncOp func = narrowFunction(streams, entry, *outputs, ~*allowed, counts);
      numDead += counts.dead;
      numNarrowed += counts.narrowed;
      if (failed(verifyClaims(streams, func, *outputs)))
        return signalPassFailure();
    }
  }
  main.erase();
  eraseDeadWeights();
  module->setAttr(kPhaseAttr, StringAttr::get(&getContext(), "special"));
}

//===- Specialise.cpp - Cut out a function for each wanted set of modalities ------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Reasons.h"
#include "passes/Analysis/StreamDependence.h"
#include "passes/Specialise/Absent.h"
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
  /// A function to make.
  struct Entry {
    std::string name;
    uint64_t allowed;   // inputs that it may depend on
    bool masked;        // tokens of the other inputs are masked out first
    bool isWhole() const { return name == "fused" && !masked; }
  };

  FailureOr<uint64_t> parseModalities(const StreamDependence &streams, StringRef text,
                                      StringRef others);
  FailureOr<SmallVector<Entry>> parseEntries(const StreamDependence &streams);
  FailureOr<SmallVector<unsigned>> chooseOutputs(const StreamDependence &streams,
                                                 const Entry &entry);
  LogicalResult makeEntry(const StreamDependence &whole, const Entry &entry);
  LogicalResult cutOut(const StreamDependence &streams, const Entry &entry,
                       ArrayRef<unsigned> outputs);
  /// Says which input outside `allowed` the output needs, and why.
  void refuse(const StreamDependence &streams, const Entry &entry, unsigned output);
  void noteChanges(const StreamDependence &whole, const StreamDependence &masked,
                   const Entry &entry, ArrayRef<unsigned> outputs);
  LogicalResult verifyClaims(const StreamDependence &before, func::FuncOp func,
                             ArrayRef<unsigned> outputs);
  void eraseDeadWeights();
};
} // namespace

/// Inputs of the modalities in a list joined by '+'; `others` is what else may stand there.
FailureOr<uint64_t> Specialise::parseModalities(const StreamDependence &streams, StringRef text,
                                                StringRef others) {
  llvm::SetVector<StringRef> there(streams.getModalities().begin(), streams.getModalities().end());
  SmallVector<StringRef> names;
  text.split(names, '+');
  uint64_t inputs = 0;
  unsigned shared = 0; // from the 64th on inputs share a bit, and cannot be told apart
  for (StringRef name : names) {
    if (!there.contains(name.trim())) {
      std::string known = llvm::join(there, ", ");
      streams.getFunction()->emitError()
          << "usage: expected " << others << "a modality of the model (" << known
          << ") but got '" << name << "'";
      return failure();
    }
    for (auto [i, modality] : llvm::enumerate(streams.getModalities()))
      if (modality == name.trim()) {
        inputs |= StreamDependence::bitOf(i);
        shared += i >= 63;
      }
  }
  size_t count = streams.getInputs().size();
  if (count > 64 && shared && shared != count - 63) {
    streams.getFunction()->emitError()
        << "limit: expected at most 64 inputs to tell '" << text << "' apart but got " << count;
    return failure();
  }
  return inputs;
}

FailureOr<SmallVector<Specialise::Entry>>
Specialise::parseEntries(const StreamDependence &streams) {
  constexpr uint64_t all = ~uint64_t(0);
  SmallVector<Entry> wanted;
  for (const std::string &name : entries) {
    uint64_t allowed = all;
    if (name != "fused") {
      FailureOr<uint64_t> inputs = parseModalities(streams, name, "'fused' or ");
      if (failed(inputs))
        return failure();
      allowed = *inputs;
    }
    wanted.push_back({name, allowed, false});
  }
  for (const std::string &name : absent) {
    FailureOr<uint64_t> inputs = parseModalities(streams, name, "");
    if (failed(inputs))
      return failure();
    wanted.push_back({"without_" + name, ~*inputs, true});
  }
  if (wanted.empty())
    wanted.push_back({"fused", all, false});
  return wanted;
}

void Specialise::refuse(const StreamDependence &streams, const Entry &entry, unsigned output) {
  for (unsigned input : streams.dependsOn(output)) {
    if (entry.allowed & StreamDependence::bitOf(input))
      continue;
    Chain chain = findChain(streams, output, input);
    func::FuncOp func = streams.getFunction();
    InFlightDiagnostic diag = func.emitError()
                              << "refused: '" << streams.getOutputs()[output] << "' needs '"
                              << streams.getInputs()[input] << "' and cannot be cut free for '"
                              << entry.name << "': " << explainChain(streams, chain, input);
    if (!(streams.underPromise().getTaint(output) & ~entry.allowed))
      diag << "; it needs it only where padding leaves a row without a key: --assume-live-rows "
              "promises that this never happens";
    diag.attachNote() << "the chain: " << llvm::join(nodesOf(chain), " <- ");
    return;
  }
}

FailureOr<SmallVector<unsigned>> Specialise::chooseOutputs(const StreamDependence &streams,
                                                           const Entry &entry) {
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
    if ((taint & ~entry.allowed) == 0) {
      outputs.push_back(i);
      any |= taint != 0 || entry.isWhole() || named;
      continue;
    }
    if (named) {
      refuse(streams, entry, i);
      return failure();
    }
    // The output that one would expect to be free is the one to speak of.
    auto isNamed = [&](unsigned output) {
      return StringRef(streams.getOutputs()[output]).contains(entry.name);
    };
    if ((taint & entry.allowed) && (!blocked || (isNamed(i) && !isNamed(*blocked))))
      blocked = i;
  }
  if (any)
    return outputs;
  if (blocked) {
    refuse(streams, entry, *blocked);
    return failure();
  }
  InFlightDiagnostic diag = streams.getFunction()->emitError();
  if (entry.masked)
    diag << "refused: no output is left for '" << entry.name << "'";
  else
    diag << "refused: no output depends on '" << entry.name << "'";
  return failure();
}

/// The proof and the cut check each other: what is claimed of the function that was cut out is what
/// was claimed of those outputs before.
LogicalResult Specialise::verifyClaims(const StreamDependence &before, func::FuncOp func,
                                       ArrayRef<unsigned> outputs) {
  StreamDependence after(func);
  bool isRefined = false;
  before.getFunction().walk([&](AttentionOp op) {
    isRefined |= op.getPadding() || (op.getMaskAttr() && !op.getMaskAttr().isBlockTable());
  });
  for (auto [i, output] : llvm::enumerate(outputs)) {
    llvm::SetVector<StringRef> was, is;
    for (unsigned input : before.dependsOn(output))
      was.insert(before.getInputs()[input]);
    for (unsigned input : after.dependsOn(i))
      is.insert(after.getInputs()[input]);
    // Fewer rows of a band may be found to see fewer keys.
    bool fewer = isRefined && llvm::all_of(is, [&](StringRef name) { return was.contains(name); });
    if (was != is && !fewer)
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

/// Cuts a chosen function out of `streams`' function, and checks it.
LogicalResult Specialise::cutOut(const StreamDependence &streams, const Entry &entry,
                                 ArrayRef<unsigned> outputs) {
  NarrowCounts counts;
  func::FuncOp func = narrowFunction(streams, entry.name, outputs, ~entry.allowed,
                                     entry.isWhole() && keep.empty(), counts);
  numDead += counts.dead;
  numNarrowed += counts.narrowed;
  return verifyClaims(streams, func, outputs);
}

/// Says what an absent modality does to the outputs: on standard error, and among what the
/// artefact assumes.
void Specialise::noteChanges(const StreamDependence &whole, const StreamDependence &masked,
                             const Entry &entry, ArrayRef<unsigned> outputs) {
  SmallVector<StringRef> changed;
  for (unsigned output : outputs)
    if (whole.getTaint(output) & ~entry.allowed)
      changed.push_back(whole.getOutputs()[output]);
  std::string names = changed.empty() ? "no output" : llvm::join(changed, ", ");
  std::string note = "@" + entry.name + " masks out the tokens of absent inputs, as padding " +
                     "would; this changes " + names;
  SmallVector<Attribute> assumptions;
  if (auto known = getOperation()->getAttrOfType<ArrayAttr>(kAssumptionsAttr))
    assumptions.assign(known.begin(), known.end());
  assumptions.push_back(StringAttr::get(&getContext(), note));
  getOperation()->setAttr(kAssumptionsAttr, ArrayAttr::get(&getContext(), assumptions));
  func::FuncOp func = whole.getFunction();
  func.emitWarning() << note;
  for (unsigned output = 0; output != whole.getOutputs().size(); ++output) {
    if (llvm::is_contained(outputs, output) || !keep.empty())
      continue;
    for (unsigned input : masked.dependsOn(output))
      if (!(entry.allowed & StreamDependence::bitOf(input))) {
        Chain chain = findChain(masked, output, input);
        // Of what is absent alone, nobody expects it.
        bool expected = masked.getTaint(output) & entry.allowed;
        InFlightDiagnostic diag = expected ? func.emitWarning() : func.emitRemark();
        diag << "@" << entry.name << " does not give '" << whole.getOutputs()[output]
             << "': it needs '" << whole.getInputs()[input]
             << "': " << explainChain(masked, chain, input);
        break;
      }
  }
}

LogicalResult Specialise::makeEntry(const StreamDependence &streams, const Entry &entry) {
  ModuleOp module = getOperation();
  func::FuncOp main = streams.getFunction();
  // A weight gives way to an entry point of the same name.
  if (auto weight = dyn_cast_or_null<WeightOp>(module.lookupSymbol(entry.name)))
    if (failed(SymbolTable(module).rename(weight, entry.name + ".weight")))
      return failure();
  if (module.lookupSymbol(entry.name))
    return main.emitError() << "usage: expected distinct entry points but got '" << entry.name
                            << "' twice";
  if (!entry.masked) {
    FailureOr<SmallVector<unsigned>> outputs = chooseOutputs(streams, entry);
    return failed(outputs) ? failure() : cutOut(streams, entry, *outputs);
  }
  OpBuilder builder(main);
  auto masked = cast<func::FuncOp>(builder.clone(*main));
  masked.setName(entry.name + ".masked");
  maskAbsent(masked, ~entry.allowed);
  StreamDependence present(masked);
  FailureOr<SmallVector<unsigned>> outputs = chooseOutputs(present, entry);
  if (failed(outputs) || failed(cutOut(present, entry, *outputs)))
    return failure();
  noteChanges(streams, present, entry, *outputs);
  masked.erase();
  return success();
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
  {
    StreamDependence streams(main);
    FailureOr<SmallVector<Entry>> wanted = parseEntries(streams);
    if (failed(wanted))
      return signalPassFailure();
    for (const Entry &entry : *wanted)
      if (failed(makeEntry(streams, entry)))
        return signalPassFailure();
  }
  main.erase();
  eraseDeadWeights();
  module->setAttr(kPhaseAttr, StringAttr::get(&getContext(), "special"));
}

//===- CollectStreams.cpp - What phases zorro and special tell -------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Collector.h"

#include "lowering/Report/Work.h"
#include "passes/Analysis/Explain.h"
#include "passes/Analysis/Reasons.h"
#include "passes/Specialise/Needs.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::report;

/// Reasons beyond this many are not looked for: the page would not show them.
static constexpr size_t kMaxReasons = 400;
static constexpr size_t kMaxParts = 64;

//===----------------------------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------------------------===//

/// "[0, 0…31]": the indices of a cell, one range per axis.
static std::string formatBox(ArrayRef<IndexRange> box) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleaveComma(box, os, [&](IndexRange range) {
    os << range.begin;
    if (range.end - range.begin > 1)
      os << "…" << range.end - 1;
  });
  os << "]";
  return text;
}

static std::vector<PartFacts> partsOf(const StreamDependence &streams, unsigned output) {
  std::vector<PartFacts> parts;
  const GridValue &grid = streams.get(streams.getOutput(output));
  if (grid.getCells().size() < 2 || grid.getCells().size() > kMaxParts)
    return parts;
  for (auto [c, cell] : llvm::enumerate(grid.getCells())) {
    PartFacts part{formatBox(grid.getBox(c)), {}};
    for (unsigned i = 0, e = streams.getInputs().size(); i != e; ++i)
      if (cell.taint & StreamDependence::bitOf(i))
        part.inputs.push_back(i);
    parts.push_back(std::move(part));
  }
  return parts;
}

static StreamFacts describeStreams(const StreamDependence &streams) {
  StreamFacts facts;
  func::FuncOp func = streams.getFunction();
  for (auto [i, name] : llvm::enumerate(streams.getInputs()))
    facts.inputs.push_back(
        {name, streams.getModalities()[i], formatType(func.getArgumentTypes()[i])});
  size_t reasons = 0;
  for (auto [o, name] : llvm::enumerate(streams.getOutputs())) {
    OutputFacts output;
    output.tensor = {name, "", formatType(func.getResultTypes()[o])};
    output.parts = partsOf(streams, o);
    SmallVector<unsigned> conditional = streams.conditionalOn(o);
    for (unsigned i : streams.dependsOn(o)) {
      DependenceFacts depends;
      depends.input = i;
      depends.conditional = llvm::is_contained(conditional, i);
      if (reasons++ < kMaxReasons) {
        Reason reason = findReason(streams, o, i);
        depends.why = reason.text;
        SmallVector<std::string> nodes = nodesOf(reason.chain);
        depends.nodes.assign(nodes.begin(), nodes.end());
      }
      output.depends.push_back(std::move(depends));
    }
    facts.outputs.push_back(std::move(output));
  }
  for (unsigned i : streams.getUnused())
    facts.notes.push_back("input '" + streams.getInputs()[i] +
                          "' is dead: no output depends on its values; " +
                          explainDead(streams, i));
  llvm::append_range(facts.notes, listBoundAxes(func));
  for (const std::string &op : listUndescribed(streams))
    facts.notes.push_back("no rule describes " + op +
                          ": its results are taken to need all that it reads");
  llvm::append_range(facts.assumptions, listAssumptions(func));
  return facts;
}

//===----------------------------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------------------------===//

static bool isWork(Operation *op) {
  return op->getNumResults() && !op->hasTrait<OpTrait::ConstantLike>() && !isa<WeightRefOp>(op);
}

static SizeFacts sizeOf(func::FuncOp func) {
  SizeFacts size;
  SymbolTable symbols(func->getParentOfType<ModuleOp>());
  llvm::SmallSetVector<StringAttr, 32> weights;
  for (Operation &op : func.front()) {
    size.operations += isWork(&op);
    size.work += workOf(&op);
    if (auto ref = dyn_cast<WeightRefOp>(op))
      weights.insert(ref.getWeightAttr().getAttr());
  }
  size.weights = weights.size();
  for (StringAttr name : weights) {
    RankedTensorType type = symbols.lookup<WeightOp>(name).getTensorType();
    size.weightBytes +=
        type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  }
  return size;
}

void Collector::collectStreams(ModuleOp module) {
  source = module.clone();
  auto main = source->lookupSymbol<func::FuncOp>("main");
  if (!main)
    return;
  streams = std::make_unique<StreamDependence>(main);
  report.streams = describeStreams(*streams);
  report.source = sizeOf(main);
  collectMasks(main);
}

//===----------------------------------------------------------------------------------------===//
// What an entry point kept
//===----------------------------------------------------------------------------------------===//

/// Adds the tokens that `window` keeps on an axis that `names` divides.
static void keepTokens(std::vector<std::pair<StreamsAttr, Intervals>> &sequences, StreamsAttr names,
                       const Window *window, unsigned axis) {
  auto known = llvm::find_if(sequences, [&](const auto &s) { return s.first == names; });
  if (known == sequences.end()) {
    sequences.push_back({names, {}});
    known = std::prev(sequences.end());
  }
  if (window)
    known->second = uniteIntervals(known->second, window->axes[axis]);
}

void Collector::compareWithSource(func::FuncOp func, EntryFacts &entry) {
  SmallVector<unsigned> outputs;
  for (unsigned i = 0, e = func.getNumResults(); i != e; ++i) {
    auto name = func.getResultAttrOfType<StringAttr>(i, kNameAttr);
    auto all = streams->getOutputs();
    auto known = llvm::find_if(all, [&](const std::string &o) { return name && o == name; });
    if (known == all.end())
      return;
    outputs.push_back(known - all.begin());
  }
  Needs needs(*streams, outputs);
  std::vector<std::pair<StreamsAttr, Intervals>> sequences;
  for (Operation &op : streams->getFunction().getOps()) {
    if (auto join = dyn_cast<JoinOp>(op))
      keepTokens(sequences, join.getStreams(), needs.get(join), join.getAxis());
    if (auto attention = dyn_cast<AttentionOp>(op))
      if (auto mask = attention.getMaskAttr()) {
        keepTokens(sequences, mask.getKeys(), needs.get(attention.getK()), 2);
        keepTokens(sequences, mask.getQueries(), needs.get(attention), 2);
      }
    if (!isWork(&op))
      continue;
    const Window *kept = nullptr;
    for (Value result : op.getResults())
      if (const Window *window = needs.get(result))
        kept = window;
    auto type = dyn_cast<RankedTensorType>(op.getResult(0).getType());
    if (!kept)
      ++entry.dead;
    else if (type && ArrayRef<int64_t>(kept->getShape()) != type.getShape())
      ++entry.narrowed;
  }
  for (auto &[names, kept] : sequences) {
    SequenceFacts facts{names, {}};
    for (unsigned i = 0, e = names.getCount(); i != e; ++i) {
      int64_t begin = names.getBegin(i);
      facts.kept.push_back(countOf(cutInterval(kept, {begin, begin + names.getSizes()[i]})));
    }
    entry.sequences.push_back(std::move(facts));
  }
}

//===----------------------------------------------------------------------------------------===//
// Work by stream
//===----------------------------------------------------------------------------------------===//

namespace {
/// Divides the work of a function's operations among streams: rows of a sequence that a join or a
/// mask names belong to its streams, all others to the inputs that they are made of.
class StreamWork {
public:
  explicit StreamWork(func::FuncOp func) : streams(func) {
    for (Operation &op : func.front()) {
      if (auto join = dyn_cast<JoinOp>(op))
        names[join.getStreams().getTotal()] = join.getStreams();
      if (auto attention = dyn_cast<AttentionOp>(op))
        if (auto mask = attention.getMaskAttr()) {
          names.try_emplace(mask.getKeys().getTotal(), mask.getKeys());
          names.try_emplace(mask.getQueries().getTotal(), mask.getQueries());
        }
    }
    for (Operation &op : func.front())
      if (uint64_t work = workOf(&op).live)
        add(&op, work);
  }
  std::vector<std::pair<std::string, uint64_t>> take() { return std::move(parts); }

private:
  void add(Operation *op, uint64_t work) {
    auto attention = dyn_cast<AttentionOp>(op);
    if (attention && attention.getMaskAttr())
      return addAttention(attention.getMaskAttr(), work);
    Value result = op->getResult(0);
    ArrayRef<int64_t> shape = cast<RankedTensorType>(result.getType()).getShape();
    if (isa<ContractOp>(op) && shape.size() > 1)
      if (auto it = names.find(shape[shape.size() - 2]); it != names.end()) {
        for (auto [name, size] : llvm::zip(it->second.getNames(), it->second.getSizes()))
          put(name.str(), double(work) * size / it->first);
        return;
      }
    const GridValue &grid = streams.get(result);
    double elements = cast<RankedTensorType>(result.getType()).getNumElements();
    for (auto [c, cell] : llvm::enumerate(grid.getCells())) {
      double share = 1 / elements;
      for (IndexRange range : grid.getBox(c))
        share *= range.end - range.begin;
      put(nameInputs(cell.taint), work * share);
    }
  }

  void addAttention(MaskAttr mask, uint64_t work) {
    StreamsAttr queries = mask.getQueries();
    double all = mask.getLivePairs();
    for (unsigned s = 0; s != queries.getCount(); ++s) {
      int64_t live = 0;
      for (int64_t i = 0; i != queries.getSizes()[s]; ++i)
        live += mask.getLiveKeys(s, i);
      put(queries.getNames()[s].str(), work * (live / all));
    }
  }

  std::string nameInputs(uint64_t taint) {
    llvm::SetVector<StringRef> modalities;
    for (auto [i, modality] : llvm::enumerate(streams.getModalities()))
      if (taint & StreamDependence::bitOf(i))
        modalities.insert(modality);
    if (modalities.empty())
      return "no input";
    return modalities.size() <= 3 ? llvm::join(modalities, " + ") : "several inputs";
  }

  void put(std::string name, double work) {
    auto known = llvm::find_if(parts, [&](const auto &part) { return part.first == name; });
    if (known == parts.end()) {
      parts.push_back({std::move(name), 0});
      known = std::prev(parts.end());
    }
    known->second += std::llround(work);
  }

  StreamDependence streams;
  std::map<int64_t, StreamsAttr> names; // by tokens
  std::vector<std::pair<std::string, uint64_t>> parts;
};
} // namespace

void Collector::collectEntries(ModuleOp module) {
  for (auto func : module.getOps<func::FuncOp>()) {
    EntryFacts &entry = report.getEntry(func.getName());
    entry.size = sizeOf(func);
    entry.workByStream = StreamWork(func).take();
    collectMasks(func);
    if (streams)
      compareWithSource(func, entry);
  }
}

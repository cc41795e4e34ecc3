//===- Reasons.cpp - Why an output depends on an input ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Reasons.h"

#include "passes/Analysis/Rules.h"

#include "llvm/ADT/SetVector.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace zorro;

static void collectNames(Location loc, llvm::SetVector<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    names.insert(name.getName());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    collectNames(call.getCallee(), names);
  }
}

static SmallVector<StringRef> namesIn(Location loc) {
  llvm::SetVector<StringRef> names;
  collectNames(loc, names);
  return names.takeVector();
}

std::string zorro::nodeName(Location loc) { return llvm::join(namesIn(loc), " + "); }

//===----------------------------------------------------------------------------------------===//
// The chain
//===----------------------------------------------------------------------------------------===//

Chain zorro::findChain(const StreamDependence &streams, unsigned output, unsigned input) {
  using Key = std::pair<void *, size_t>;
  uint64_t bit = StreamDependence::bitOf(input);
  Value from = streams.getOutput(output);
  Value to = func::FuncOp(streams.getFunction()).getArgument(input);
  std::vector<StreamDependence::CellRef> queue;
  std::vector<int> parent;
  std::map<Key, bool> seen;
  auto push = [&](StreamDependence::CellRef ref, int via) {
    if (seen.emplace(Key{ref.value.getAsOpaquePointer(), ref.cell}, true).second) {
      queue.push_back(ref);
      parent.push_back(via);
    }
  };
  for (auto [i, cell] : llvm::enumerate(streams.getFine(from).getCells()))
    if (cell.taint & bit)
      push({from, i}, -1);
  for (size_t at = 0; at != queue.size(); ++at) {
    StreamDependence::CellRef ref = queue[at];
    if (ref.value == to) {
      Chain chain;
      for (int i = at; i >= 0; i = parent[i])
        chain.insert(chain.begin(), queue[i]);
      return chain;
    }
    // Of chains of equal length, the one that leaves the mixed streams first.
    ArrayRef<StreamDependence::CellRef> reads = streams.relate(ref.value, ref.cell, bit);
    SmallVector<std::pair<int, size_t>> order;
    for (auto [i, read] : llvm::enumerate(reads))
      order.push_back(
          {llvm::popcount(streams.getFine(read.value).getCells()[read.cell].taint), i});
    llvm::sort(order);
    for (auto [inputs, i] : order)
      push(reads[i], at);
  }
  return {};
}

SmallVector<std::string> zorro::nodesOf(const Chain &chain) {
  SmallVector<std::string> names;
  for (const auto &ref : chain)
    if (Operation *op = ref.value.getDefiningOp())
      for (StringRef name : namesIn(op->getLoc()))
        if (!llvm::is_contained(names, name))
          names.push_back(name.str());
  return names;
}

//===----------------------------------------------------------------------------------------===//
// The sentence
//===----------------------------------------------------------------------------------------===//

/// "node /a/b", or "zorro.softmax" where the operation has no name. Of the nodes that became one
/// attention, the softmax is what one looks for.
static std::string nameStep(Operation *op) {
  SmallVector<StringRef> names = namesIn(op->getLoc());
  if (names.empty())
    return op->getName().getStringRef().str();
  for (StringRef name : names)
    if (name.contains_insensitive("softmax"))
      return "node " + name.str();
  return "node " + names.front().str();
}

static std::string printRange(IndexRange range) {
  return range.end - range.begin == 1
             ? std::to_string(range.begin)
             : std::to_string(range.begin) + "…" + std::to_string(range.end - 1);
}

static std::string printRows(IndexRange rows) {
  return (rows.end - rows.begin == 1 ? "row " : "rows ") + printRange(rows);
}

/// " (audio)" where the tokens are whole segments of `streams`.
static std::string printSegments(StreamsAttr streams, IndexRange range) {
  std::string names;
  int64_t covered = 0;
  for (unsigned i = 0; i != streams.getCount(); ++i) {
    int64_t begin = streams.getBegin(i), end = begin + streams.getSizes()[i];
    if (begin < range.end && range.begin < end) {
      names += (names.empty() ? "" : ", ") + streams.getNames()[i].str();
      covered += std::min(end, range.end) - std::max(begin, range.begin);
    }
  }
  return covered == range.end - range.begin ? " (" + names + ")" : "";
}

static std::string printEmptyRow(Operation *op, IndexRange rows, const std::string &names,
                                 int64_t tokens) {
  bool one = rows.end - rows.begin == 1;
  return nameStep(op) + ": " + printRows(rows) + names + (one ? " has" : " have") +
         " no live key and a finite fill, so " + (one ? "it averages" : "they average") + " all " +
         std::to_string(tokens) + " tokens";
}

/// `crosses`: the row and what it reads have different names.
static std::string explainAttention(AttentionOp op, IndexRange rows, IndexRange keys,
                                    bool &crosses) {
  MaskAttr mask = op.getMaskAttr();
  std::string rowNames, keyNames;
  if (mask) {
    rowNames = printSegments(mask.getQueries(), rows);
    unsigned segment = 0;
    StreamsAttr queries = mask.getQueries();
    while (queries.getBegin(segment) + queries.getSizes()[segment] <= rows.begin)
      ++segment;
    if (mask.isEmptyRow(segment))
      return printEmptyRow(op, rows, rowNames, mask.getKeys().getTotal());
    // Only what the row sees of the keys is the reason; none of it, where the row reads itself as
    // a query.
    bool sees = false;
    for (auto [begin, end] : mask.getIntervals(segment))
      if (begin < keys.end && keys.begin < end) {
        keys = {std::max(begin, keys.begin), std::min(end, keys.end)};
        sees = true;
        break;
      }
    if (!sees)
      return "";
    keyNames = printSegments(mask.getKeys(), keys);
  }
  crosses = rowNames != keyNames;
  bool one = rows.end - rows.begin == 1;
  return nameStep(op) + ": " + printRows(rows) + rowNames + (one ? " attends " : " attend ") +
         printRange(keys) + keyNames;
}

/// The softmax that `value` comes from by moves and casts alone.
static SoftmaxOp findSoftmax(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto softmax = dyn_cast<SoftmaxOp>(op))
      return softmax;
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp, tensor::CastOp,
             linalg::TransposeOp>(op) &&
        !(isa<linalg::GenericOp>(op) && cast<linalg::GenericOp>(op).getNumDpsInputs() == 1))
      return {};
    value = op->getOperand(0);
  }
  return {};
}

/// A product that mixes because a softmax row was empty: that row is the reason.
static std::string explainProduct(const StreamDependence &streams, linalg::LinalgOp op,
                                  ArrayRef<IndexRange> box) {
  if (op.getNumReductionLoops() == 0 || box.size() < 2)
    return "";
  IndexRange rows = box[box.size() - 2];
  for (Value operand : op.getDpsInputs()) {
    SoftmaxOp softmax = findSoftmax(operand);
    if (!softmax)
      continue;
    const GridValue &grid = streams.get(softmax.getResult());
    int64_t tokens = grid.getShape().back();
    double share = roundTo(1.0 / tokens, grid.getElement());
    for (size_t i = 0; i != grid.getCells().size(); ++i) {
      SmallVector<IndexRange, 4> row = grid.getBox(i);
      if (tokens > 1 && grid.getCells()[i].isKnown(share) && row.back() == IndexRange{0, tokens} &&
          row.size() >= 2 && row[row.size() - 2].begin <= rows.begin &&
          rows.end <= row[row.size() - 2].end)
        return printEmptyRow(softmax, rows, "", tokens);
    }
  }
  return "";
}

std::string zorro::explainChain(const StreamDependence &streams, const Chain &chain,
                                unsigned input) {
  const std::string &name = streams.getInputs()[input];
  // A step mixes where what is read knows less than what is made of it.
  Operation *anyMixing = nullptr;
  std::string sentence, other, before; // `before` leads to where they mix
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    Operation *op = chain[i].value.getDefiningOp();
    const GridValue &grid = streams.getFine(chain[i].value);
    const GridValue &next = streams.getFine(chain[i + 1].value);
    const Cell &cell = grid.getCells()[chain[i].cell], &read = next.getCells()[chain[i + 1].cell];
    bool mixes = (cell.taint & ~read.taint) != 0;
    SmallVector<IndexRange, 4> box = grid.getBox(chain[i].cell);
    std::string step;
    if (auto attention = dyn_cast<AttentionOp>(op);
        attention && llvm::is_contained({attention.getK(), attention.getV()}, chain[i + 1].value)) {
      bool crosses = false;
      step = explainAttention(attention, box[2], next.getBox(chain[i + 1].cell)[2], crosses);
      other = other.empty() ? step : other;
      if (crosses && !mixes && sentence.empty())
        before += step + "; ";
    } else if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      step = explainProduct(streams, structured, box);
    }
    // An empty row is what one wants to hear of, wherever it stands.
    if (StringRef(step).contains("no live key"))
      return step;
    if (mixes && !anyMixing)
      anyMixing = op;
    if (mixes && sentence.empty())
      sentence = step.empty() ? step : before + step;
  }
  if (!sentence.empty())
    return sentence;
  if (anyMixing)
    return nameStep(anyMixing) + " joins it with other inputs";
  if (!other.empty())
    return other;
  SmallVector<std::string> nodes = nodesOf(chain);
  if (nodes.empty())
    return "it is made of " + name;
  if (nodes.size() > 4) // the ends tell enough
    nodes.erase(nodes.begin() + 2, nodes.end() - 2);
  return "through " + llvm::join(nodes, ", ");
}

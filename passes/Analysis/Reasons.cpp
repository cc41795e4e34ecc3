//===- Reasons.cpp - Why an output depends on an input ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Reasons.h"

#include "passes/Analysis/Rules.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

#include <optional>

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
  using Key = std::pair<void *, uint64_t>;
  uint64_t bit = StreamDependence::bitOf(input);
  Value from = streams.getOutput(output);
  Value to = func::FuncOp(streams.getFunction()).getArgument(input);
  std::vector<StreamDependence::CellRef> queue;
  std::vector<int> parent;
  llvm::DenseSet<Key> seen;
  auto push = [&](StreamDependence::CellRef ref, int via) {
    if (seen.insert({ref.value.getAsOpaquePointer(), ref.cell}).second) {
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
        chain.push_back(queue[i]);
      std::reverse(chain.begin(), chain.end());
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
  llvm::SetVector<StringRef> names;
  for (const auto &ref : chain)
    if (Operation *op = ref.value.getDefiningOp())
      collectNames(op->getLoc(), names);
  SmallVector<std::string> list;
  for (StringRef name : names)
    list.push_back(name.str());
  return list;
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

/// Of `keys`, the first that the rows may see; nothing where they see none.
static std::optional<IndexRange> findSeen(MaskAttr mask, unsigned segment, IndexRange rows,
                                          IndexRange keys) {
  for (const KeySpan &span : mask.getSpans(segment)) {
    IndexRange seen = {std::max(span.beginFor(rows.begin), keys.begin),
                       std::min(span.endFor(rows.end - 1), keys.end)};
    if (seen.begin < seen.end)
      return seen;
  }
  return std::nullopt;
}

/// `crosses`: the row and what it reads have different names. A learned query is named after what it
/// sees; one that sees nothing is named after the output.
static std::string explainAttention(AttentionOp op, IndexRange rows, IndexRange keys,
                                    StringRef output, bool &crosses) {
  MaskAttr mask = op.getMaskAttr();
  std::string rowNames, keyNames;
  if (mask) {
    rowNames = printSegments(mask.getQueries(), rows);
    unsigned segment = MaskAttr::segmentOf(mask.getQueries(), rows.begin);
    if (mask.getEmpty() == EmptyRow::Uniform &&
        mask.getLiveKeys(segment, rows.begin - mask.getQueries().getBegin(segment)) == 0) {
      if (!llvm::is_contained(mask.getKeys().getNames(), mask.getQueries().getNames()[segment]))
        rowNames = (" (of '" + output + "')").str();
      return printEmptyRow(op, rows, rowNames, mask.getKeys().getTotal());
    }
    // Only what the row sees of the keys is the reason; none of it, where the row reads itself as
    // a query.
    std::optional<IndexRange> seen = findSeen(mask, segment, rows, keys);
    if (!seen)
      return "";
    keys = *seen;
    keyNames = printSegments(mask.getKeys(), keys);
  }
  crosses = rowNames != keyNames;
  bool one = rows.end - rows.begin == 1;
  return nameStep(op) + ": " + printRows(rows) + rowNames + (one ? " attends " : " attend ") +
         printRange(keys) + keyNames;
}

/// Which of the keys a row attends is for the padding to say.
static std::string explainPadding(AttentionOp op, IndexRange rows, const std::string &name) {
  MaskAttr mask = op.getMaskAttr();
  bool one = rows.end - rows.begin == 1;
  return nameStep(op) + ": " + printRows(rows) +
         (mask ? printSegments(mask.getQueries(), rows) : "") + (one ? " attends" : " attend") +
         " the keys that '" + name + "' leaves";
}

/// A mean or the like over an axis on which inputs lie side by side.
static std::string explainStatistic(Operation *op, Value read) {
  SmallVector<int64_t> axes;
  if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
    if (structured.getNumReductionLoops() == 0 || structured.getNumDpsInputs() != 1)
      return "";
    AffineMap map = structured.getIndexingMapsArray().front();
    SmallVector<utils::IteratorType> iterators = structured.getIteratorTypesArray();
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr);
          dim && iterators[dim.getPosition()] == utils::IteratorType::reduction)
        axes.push_back(axis);
  } else if (isa<LayerNormOp, RMSNormOp>(op)) {
    axes.push_back(shapeOf(read.getType()).size() - 1);
  }
  if (axes.empty())
    return "";
  std::string list;
  for (int64_t axis : axes)
    list += (list.empty() ? "" : ", ") + std::to_string(axis);
  return nameStep(op) + " takes a statistic over " + (axes.size() == 1 ? "axis " : "axes ") + list +
         ", so it joins it with other inputs";
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
  StringRef output;
  for (auto [i, known] : llvm::enumerate(streams.getOutputs()))
    if (output.empty() && !chain.empty() && streams.getOutput(i) == chain.front().value)
      output = known;
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
      step = explainAttention(attention, box[2], next.getBox(chain[i + 1].cell)[2], output,
                              crosses);
      other = other.empty() ? step : other;
      if (crosses && !mixes && sentence.empty())
        before += step + "; ";
    } else if (attention && chain[i + 1].value == attention.getPadding()) {
      step = explainPadding(attention, box[2], name);
      other = other.empty() ? step : other;
    } else if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      step = explainProduct(streams, structured, box);
    }
    if (step.empty() && mixes)
      step = explainStatistic(op, chain[i + 1].value);
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

//===----------------------------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------------------------===//

static std::string quoteInputs(const StreamDependence &streams, uint64_t taint) {
  std::string names;
  for (auto [i, name] : llvm::enumerate(streams.getInputs()))
    if (taint & StreamDependence::bitOf(i))
      names += (names.empty() ? "'" : ", '") + name + "'";
  return names.empty() ? "padding" : names;
}

/// Inputs that decide which scores of a softmax are dead: of the booleans on the way to it, or of
/// what a fill first appears in.
static uint64_t findPadding(const StreamDependence &streams, Value scores) {
  uint64_t chosen = 0, added = 0;
  llvm::SetVector<Operation *> seen;
  if (Operation *def = scores.getDefiningOp())
    seen.insert(def);
  constexpr size_t kFarthest = 64;
  for (size_t i = 0; i != seen.size() && i != kFarthest; ++i) {
    bool holds = false, reads = false;
    for (Value result : seen[i]->getResults())
      for (const Cell &cell : streams.get(result).getCells())
        holds |= !cell.isKnown() && (cell.flags & (kFill | kInfinite));
    for (Value operand : readValues(seen[i])) {
      if (!hasGrid(operand.getType()))
        continue;
      const GridValue &grid = streams.get(operand);
      bool fills = llvm::any_of(grid.getCells(), [](const Cell &cell) {
        return !cell.isKnown() && (cell.flags & (kFill | kInfinite));
      });
      reads |= fills;
      if (holds && grid.getElement() == Element::Boolean)
        chosen |= grid.getTaint();
      if (Operation *def = operand.getDefiningOp(); fills && def)
        seen.insert(def);
    }
    if (holds && !reads)
      for (Value operand : readValues(seen[i]))
        if (hasGrid(operand.getType()))
          added |= streams.get(operand).getTaint();
  }
  return chosen ? chosen : added;
}

std::string zorro::explainCondition(const StreamDependence &streams, const Chain &chain,
                                    unsigned input) {
  uint64_t bit = StreamDependence::bitOf(input);
  const StreamDependence &promised = streams.underPromise();
  for (const auto &ref : llvm::reverse(chain)) {
    SmallVector<IndexRange, 4> box = streams.getFine(ref.value).getBox(ref.cell);
    Operation *op = ref.value.getDefiningOp();
    if (!op || (promised.get(ref.value).joinBox(box).taint & bit))
      continue;
    // The first step that the promise stops.
    SoftmaxOp softmax = dyn_cast<SoftmaxOp>(op);
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      for (Value operand : structured.getDpsInputs())
        if (SoftmaxOp found = findSoftmax(operand))
          softmax = found;
    if (auto attention = dyn_cast<AttentionOp>(op); attention && attention.getPadding()) {
      MaskAttr mask = attention.getMaskAttr();
      EmptyRow empty = mask ? mask.getEmpty() : EmptyRow::Nan;
      IndexRange rows = box[2];
      bool one = rows.end - rows.begin == 1;
      std::string gives = empty == EmptyRow::Nan    ? (one ? " is NaN" : " are NaN")
                          : empty == EmptyRow::Zero ? (one ? " is 0" : " are 0")
                                                    : (one ? " averages all " : " average all ");
      if (empty == EmptyRow::Uniform)
        gives += std::to_string(shapeOf(attention.getK().getType())[2]) + " tokens";
      uint64_t padding = streams.get(attention.getPadding()).getTaint();
      return nameStep(op) + ": " + printRows(rows) +
             (mask ? printSegments(mask.getQueries(), rows) : "") + gives + " where " +
             quoteInputs(streams, padding) + " leaves " + (one ? "it" : "them") + " no key";
    }
    if (softmax && box.size() >= 2) {
      IndexRange rows = box[box.size() - 2];
      bool one = rows.end - rows.begin == 1;
      return nameStep(softmax) + ": " + printRows(rows) +
             (one ? " averages all " : " average all ") +
             std::to_string(shapeOf(softmax.getX().getType()).back()) + " tokens where " +
             quoteInputs(streams, findPadding(streams, softmax.getX())) + " leaves " +
             (one ? "it" : "them") + " no key";
    }
    return nameStep(op) + ": only where padding leaves a row no key";
  }
  return "";
}

Reason zorro::findReason(const StreamDependence &streams, unsigned output, unsigned input) {
  Reason reason;
  reason.conditional = streams.getConditionalTaint(output) & StreamDependence::bitOf(input);
  // What holds in any case is shown by a chain that holds in any case.
  const StreamDependence &from = reason.conditional ? streams : streams.underPromise();
  reason.chain = findChain(from, output, input);
  reason.text = reason.conditional ? explainCondition(streams, reason.chain, input)
                                   : explainChain(from, reason.chain, input);
  return reason;
}

//===- NameStreams.cpp - Names for segments, joins for concatenations --------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every origin of tokens collects the cuts that masks and slices make in it, then gets its names,
// then masks, concatenations and slices are written with them.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Passes.h"
#include "passes/Raise/TokenAxis.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <set>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

namespace zorro {
#define GEN_PASS_DEF_NAMESTREAMS
#include "passes/Raise/Passes.h.inc"
} // namespace zorro

/// Slices that would cut a sequence into more segments than this are left as they are.
constexpr size_t kMaxSegments = 64;

namespace {
/// Which function arguments a value is computed from.
class Dependence {
public:
  const llvm::SetVector<BlockArgument> &of(Value value) {
    auto found = known.find(value);
    if (found != known.end())
      return *found->second;
    auto set = std::make_unique<llvm::SetVector<BlockArgument>>();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      set->insert(argument);
    } else {
      Operation *op = value.getDefiningOp();
      llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
      getUsedValuesDefinedAbove(op->getRegions(), read);
      for (Value operand : read)
        set->insert(of(operand).begin(), of(operand).end());
    }
    return *(known[value] = std::move(set));
  }

private:
  llvm::DenseMap<Value, std::unique_ptr<llvm::SetVector<BlockArgument>>> known;
};

/// One sequence of tokens.
struct Sequence {
  int64_t axis = 0, size = 0;
  std::set<int64_t> cuts; // first tokens of segments
  StreamsAttr streams;
};

class StreamNamer {
public:
  explicit StreamNamer(func::FuncOp function) : function(function) {}

  void run() {
    function.walk([&](AttentionOp op) {
      if (op.getMaskAttr())
        masked.push_back(op);
    });
    collectCuts();
    if (sequences.empty())
      return;
    for (auto &[op, sequence] : sequences)
      name(op, sequence);
    SmallVector<std::pair<tensor::ExtractSliceOp, Sequence *>> found = slices;
    for (auto [slice, sequence] : found)
      take(slice, *sequence);
    for (auto &[op, sequence] : sequences)
      if (auto concat = dyn_cast<tensor::ConcatOp>(op))
        join(concat, sequence);
  }

private:
  Sequence *sequenceOf(TokenOrigin origin, bool create) {
    if (!origin)
      return nullptr;
    if (!create) {
      auto found = sequences.find(origin.op);
      return found == sequences.end() ? nullptr : &found->second;
    }
    Sequence &sequence = sequences[origin.op];
    sequence.axis = origin.axis;
    sequence.size =
        cast<RankedTensorType>(origin.op->getResult(0).getType()).getDimSize(origin.axis);
    sequence.cuts.insert(0);
    return &sequence;
  }

  void collectCuts();
  void name(Operation *op, Sequence &sequence);
  std::string nameOfPart(Operation *op, Sequence &sequence, int64_t begin, int64_t end);
  std::string nameOfQuery(MaskAttr mask, int64_t row);
  std::string nameOfInputs(ArrayRef<BlockArgument> arguments);
  void rewriteMask(AttentionOp op);
  void join(tensor::ConcatOp concat, Sequence &sequence);
  void take(tensor::ExtractSliceOp slice, Sequence &sequence);

  func::FuncOp function;
  TokenAxes axes;
  Dependence dependence;
  SmallVector<AttentionOp> masked;
  llvm::MapVector<Operation *, Sequence> sequences; // by what lays them out, in program order
  SmallVector<std::pair<tensor::ExtractSliceOp, Sequence *>> slices;
};
} // namespace

/// The one axis along which `slice` takes a window, or -1.
static int64_t slicedAxis(tensor::ExtractSliceOp slice) {
  if (slice.getSourceType().getRank() != slice.getType().getRank() || !slice.hasUnitStride() ||
      llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic))
    return -1;
  int64_t axis = -1;
  for (int64_t i = 0; i < slice.getType().getRank(); ++i)
    if (slice.getType().getDimSize(i) != slice.getSourceType().getDimSize(i)) {
      if (axis >= 0)
        return -1;
      axis = i;
    }
  return axis;
}

void StreamNamer::collectCuts() {
  for (AttentionOp op : masked) {
    // Keys first: queries may be named after them.
    std::pair<TokenOrigin, StreamsAttr> sides[] = {
        {axes.find(op.getK(), 2), op.getMaskAttr().getKeys()},
        {axes.find(op.getResult(), 2), op.getMaskAttr().getQueries()}};
    for (auto &[origin, streams] : sides)
      if (Sequence *sequence = sequenceOf(origin, true); sequence)
        for (unsigned i = 0; i < streams.getCount(); ++i)
          sequence->cuts.insert(streams.getBegin(i));
  }
  SmallVector<tensor::ExtractSliceOp> candidates;
  function.walk([&](tensor::ExtractSliceOp slice) { candidates.push_back(slice); });
  for (tensor::ExtractSliceOp slice : candidates) {
    int64_t axis = slicedAxis(slice);
    Sequence *sequence =
        axis < 0 ? nullptr : sequenceOf(axes.find(slice.getSource(), axis), false);
    if (!sequence)
      continue;
    int64_t begin = slice.getStaticOffset(axis), end = begin + slice.getType().getDimSize(axis);
    if (sequence->cuts.size() + 2 > kMaxSegments &&
        !(sequence->cuts.count(begin) && (end == sequence->size || sequence->cuts.count(end))))
      continue;
    sequence->cuts.insert(begin);
    if (end != sequence->size)
      sequence->cuts.insert(end);
    slices.push_back({slice, sequence});
  }
  // MapVector keeps its elements in one array: pointers into it are taken again now that it is
  // complete.
  for (auto &[slice, sequence] : slices)
    sequence = sequenceOf(axes.find(slice.getSource(), slicedAxis(slice)), false);
}

//===----------------------------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------------------------===//

std::string StreamNamer::nameOfInputs(ArrayRef<BlockArgument> arguments) {
  if (arguments.empty())
    return "fusion"; // learned tokens
  std::set<std::string> names;
  for (BlockArgument argument : arguments) {
    unsigned i = argument.getArgNumber();
    auto modality = function.getArgAttrOfType<StringAttr>(i, kModalityAttr);
    auto input = function.getArgAttrOfType<StringAttr>(i, kNameAttr);
    names.insert(modality ? modality.str() : input ? input.str() : "input" + std::to_string(i));
  }
  return llvm::join(names, "_");
}

/// Tokens [begin, end) of a concatenation or a join.
std::string StreamNamer::nameOfPart(Operation *op, Sequence &sequence, int64_t begin,
                                    int64_t end) {
  llvm::SetVector<BlockArgument> inputs;
  int64_t at = 0;
  for (Value part : op->getOperands()) {
    int64_t next = at + cast<RankedTensorType>(part.getType()).getDimSize(sequence.axis);
    if (at < end && begin < next)
      inputs.insert(dependence.of(part).begin(), dependence.of(part).end());
    at = next;
  }
  return nameOfInputs(inputs.getArrayRef());
}

/// A learned query, by what it sees.
std::string StreamNamer::nameOfQuery(MaskAttr mask, int64_t row) {
  unsigned q = 0;
  while (q + 1 < mask.getQueries().getCount() && mask.getQueries().getBegin(q + 1) <= row)
    ++q;
  SmallVector<StringRef> seen;
  for (unsigned k = 0; k < mask.getKeys().getCount(); ++k)
    if (mask.isLive(q, k))
      seen.push_back(mask.getKeys().getNames()[k].getValue());
  if (seen.empty())
    return "none";
  if (seen.size() > 1 && seen.size() == mask.getKeys().getCount())
    return "global";
  return llvm::join(seen, "_");
}

void StreamNamer::name(Operation *op, Sequence &sequence) {
  auto attention = dyn_cast<AttentionOp>(op);
  if (attention) // its keys have their names by now
    rewriteMask(attention);
  SmallVector<int64_t> begins(sequence.cuts.begin(), sequence.cuts.end()), sizes;
  SmallVector<std::string> names;
  llvm::StringMap<unsigned> uses, given;
  auto join = dyn_cast<JoinOp>(op);
  for (auto [i, begin] : llvm::enumerate(begins)) {
    int64_t end = i + 1 < begins.size() ? begins[i + 1] : sequence.size;
    sizes.push_back(end - begin);
    names.push_back(attention && attention.getMaskAttr()
                        ? nameOfQuery(attention.getMaskAttr(), begin)
                        : nameOfPart(op, sequence, begin, end));
    ++uses[names.back()];
  }
  if (join && join.getStreams().getSizes() == ArrayRef(sizes)) {
    sequence.streams = join.getStreams();
  } else {
    SmallVector<StringAttr> attrs;
    llvm::StringSet<> taken;
    for (std::string name : names) {
      if (uses[name] > 1)
        name += std::to_string(given[name]++);
      while (!taken.insert(name).second) // "fusion0" may be an input's name
        name += "_";
      attrs.push_back(StringAttr::get(op->getContext(), name));
    }
    sequence.streams = StreamsAttr::get(op->getContext(), attrs, sizes);
  }
  for (AttentionOp other : masked)
    if (axes.find(other.getK(), 2).op == op || axes.find(other.getResult(), 2).op == op)
      rewriteMask(other);
}

/// The segment of `streams` that token `token` lies in.
static unsigned segmentOf(StreamsAttr streams, int64_t token) {
  unsigned i = 0;
  while (i + 1 < streams.getCount() && streams.getBegin(i + 1) <= token)
    ++i;
  return i;
}

/// What the queries and keys of a part of an entry's block see: `firstQuery` and `firstKey` are
/// counted from the block's beginning.
static EntryAttr partOf(EntryAttr entry, int64_t firstQuery, int64_t queries, int64_t firstKey,
                        int64_t keys) {
  MLIRContext *context = entry.getContext();
  if (entry.isBand()) {
    int64_t shift = firstQuery - firstKey;
    int64_t low = entry.hasLowLimit() ? entry.getLow() + shift : -EntryAttr::kFar;
    int64_t high = entry.hasHighLimit() ? entry.getHigh() + shift : EntryAttr::kFar;
    // The distances in the part go from 1 - queries to keys - 1.
    if (low > keys - 1 || high < 1 - queries)
      return EntryAttr::getNone(context);
    low = low <= 1 - queries ? -EntryAttr::kFar : low;
    high = high >= keys - 1 ? EntryAttr::kFar : high;
    return low == -EntryAttr::kFar && high == EntryAttr::kFar
               ? EntryAttr::getAll(context)
               : EntryAttr::getBand(context, low, high);
  }
  SmallVector<int64_t> bounds;
  for (size_t i = 0; i < entry.getBounds().size(); i += 2) {
    int64_t begin = std::max<int64_t>(entry.getBounds()[i] - firstKey, 0);
    int64_t end = std::min(entry.getBounds()[i + 1] - firstKey, keys);
    if (begin < end)
      bounds.append({begin, end});
  }
  if (entry.getBounds().empty())
    return entry;
  if (bounds.empty())
    return EntryAttr::getNone(context);
  return bounds[0] == 0 && bounds[1] == keys ? EntryAttr::getAll(context)
                                             : EntryAttr::getRanges(context, bounds);
}

/// Writes the mask over the segments that its sequences have got so far, which are finer.
void StreamNamer::rewriteMask(AttentionOp op) {
  MaskAttr mask = op.getMaskAttr();
  if (!mask)
    return;
  auto streamsOf = [&](TokenOrigin origin, StreamsAttr otherwise) {
    Sequence *sequence = sequenceOf(origin, false);
    return sequence && sequence->streams ? sequence->streams : otherwise;
  };
  StreamsAttr queries = streamsOf(axes.find(op.getResult(), 2), mask.getQueries());
  StreamsAttr keys = streamsOf(axes.find(op.getK(), 2), mask.getKeys());
  SmallVector<EntryAttr> entries;
  for (unsigned q = 0; q < queries.getCount(); ++q)
    for (unsigned k = 0; k < keys.getCount(); ++k) {
      unsigned row = segmentOf(mask.getQueries(), queries.getBegin(q));
      unsigned column = segmentOf(mask.getKeys(), keys.getBegin(k));
      entries.push_back(partOf(mask.getEntry(row, column),
                               queries.getBegin(q) - mask.getQueries().getBegin(row),
                               queries.getSizes()[q],
                               keys.getBegin(k) - mask.getKeys().getBegin(column),
                               keys.getSizes()[k]));
    }
  op.setMaskAttr(MaskAttr::get(op.getContext(), queries, keys, entries, mask.getEmpty()));
}

//===----------------------------------------------------------------------------------------===//
// Joins and takes
//===----------------------------------------------------------------------------------------===//

/// Tokens [begin, end) of `part` along `axis`.
static Value window(OpBuilder &builder, Location loc, Value part, int64_t axis, int64_t begin,
                    int64_t end) {
  auto type = cast<RankedTensorType>(part.getType());
  if (begin == 0 && end == type.getDimSize(axis))
    return part;
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)), sizes;
  SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = end - begin;
  for (int64_t size : shape)
    sizes.push_back(builder.getIndexAttr(size));
  offsets[axis] = builder.getIndexAttr(begin);
  return tensor::ExtractSliceOp::create(builder, loc, type.clone(shape), part, offsets, sizes,
                                        strides);
}

void StreamNamer::join(tensor::ConcatOp concat, Sequence &sequence) {
  OpBuilder builder(concat);
  SmallVector<Value> parts;
  for (unsigned i = 0; i < sequence.streams.getCount(); ++i) {
    int64_t begin = sequence.streams.getBegin(i), end = begin + sequence.streams.getSizes()[i];
    SmallVector<Value> pieces;
    int64_t at = 0;
    for (Value piece : concat.getInputs()) {
      int64_t next = at + cast<RankedTensorType>(piece.getType()).getDimSize(sequence.axis);
      if (at < end && begin < next)
        pieces.push_back(window(builder, concat.getLoc(), piece, sequence.axis,
                                std::max(begin - at, int64_t(0)), std::min(end, next) - at));
      at = next;
    }
    parts.push_back(pieces.size() == 1 ? pieces.front()
                                       : tensor::ConcatOp::create(builder, concat.getLoc(),
                                                                  sequence.axis, pieces));
  }
  Value joined = JoinOp::create(builder, concat.getLoc(), concat.getType(), parts,
                                builder.getI64IntegerAttr(sequence.axis), sequence.streams);
  concat.getResult().replaceAllUsesWith(joined);
  concat.erase();
}

void StreamNamer::take(tensor::ExtractSliceOp slice, Sequence &sequence) {
  int64_t axis = slicedAxis(slice), begin = slice.getStaticOffset(axis);
  unsigned first = segmentOf(sequence.streams, begin);
  unsigned last = segmentOf(sequence.streams, begin + slice.getType().getDimSize(axis) - 1);
  OpBuilder builder(slice);
  Value taken = TakeOp::create(
      builder, slice.getLoc(), slice.getType(), slice.getSource(), builder.getI64IntegerAttr(first),
      builder.getI64IntegerAttr(last - first + 1), builder.getI64IntegerAttr(axis),
      sequence.streams);
  slice.getResult().replaceAllUsesWith(taken);
  slice.erase();
}

namespace {
struct NameStreamsPass : zorro::impl::NameStreamsBase<NameStreamsPass> {
  using NameStreamsBase::NameStreamsBase;
  void runOnOperation() override { StreamNamer(getOperation()).run(); }
};
} // namespace

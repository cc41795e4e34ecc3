//===- AttentionOperator.cpp - The Attention operator of opset 23 on ----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Three-dimensional operands carry their heads in the last axis; fewer heads of keys than of
// queries are repeated. Causal masks and windows are bands that the past moves to the right.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/AttentionOperator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

static Value inputOf(NodeOp node, unsigned i) {
  return i < node.getInputCount() ? node.getInput(i) : Value();
}

std::string AttentionOperator::findUnsupported(NodeOp node) {
  for (unsigned i = 0; i < 3; ++i) {
    RankedTensorType type = node.getInput(i) ? staticType(node.getInput(i)) : RankedTensorType();
    if (!type || !isa<FloatType>(type.getElementType()) ||
        (type.getRank() != 3 && type.getRank() != 4))
      return "on other than three or four axes of floats";
    if (type.getRank() == 3) {
      int64_t heads = node.getInt(i ? "kv_num_heads" : "q_num_heads", 0);
      if (heads <= 0 || type.getDimSize(2) % heads)
        return "without a number of heads that divides " + std::to_string(type.getDimSize(2));
    }
  }
  // [batch, heads, tokens, head size] of an input.
  auto shapeOf = [&](unsigned i) {
    ArrayRef<int64_t> shape = staticType(node.getInput(i)).getShape();
    if (shape.size() == 4)
      return SmallVector<int64_t>(shape);
    int64_t heads = node.getInt(i ? "kv_num_heads" : "q_num_heads", 0);
    return SmallVector<int64_t>({shape[0], heads, shape[1], shape[2] / heads});
  };
  SmallVector<int64_t> q = shapeOf(0), k = shapeOf(1), v = shapeOf(2);
  if (k[2] != v[2] || q[3] != k[3])
    return "on queries, keys and values whose shapes do not fit together";
  if (q[0] != k[0] || q[0] != v[0])
    return "on queries, keys and values of different batches";
  if (k[1] <= 0 || v[1] <= 0 || q[1] % k[1] || k[1] != v[1])
    return "with " + std::to_string(k[1]) + " and " + std::to_string(v[1]) +
           " heads of keys and values for " + std::to_string(q[1]) + " of queries";
  if (bool(inputOf(node, 4)) != bool(inputOf(node, 5)))
    return "with only one of past_key and past_value";
  for (unsigned i : {4, 5})
    if (Value past = inputOf(node, i)) {
      RankedTensorType type = staticType(past);
      ArrayRef<int64_t> own = i == 4 ? k : v;
      if (!type || type.getRank() != 4 || type.getDimSize(0) != own[0] ||
          type.getDimSize(1) != own[1] || type.getDimSize(3) != own[3] ||
          type.getDimSize(2) != staticType(inputOf(node, 4)).getDimSize(2))
        return "with a past that does not fit its keys and values";
    }
  if (Value lengths = inputOf(node, 6)) {
    RankedTensorType type = staticType(lengths);
    if (inputOf(node, 4))
      return "with both past_key and nonpad_kv_seqlen";
    if (!type || type.getRank() != 1 || type.getDimSize(0) != q[0])
      return "with other than one nonpad_kv_seqlen per batch entry";
  }
  for (StringRef side : {"left_window_size", "right_window_size"})
    if (node.getInt(side, -1) < -1)
      return "with " + side.str() + " " + std::to_string(node.getInt(side, -1));
  int64_t mode = node.getInt("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return "with qk_matmul_output_mode " + std::to_string(mode);
  if (Value mask = inputOf(node, 3)) {
    RankedTensorType type = staticType(mask);
    int64_t keys = k[2];
    if (Value past = inputOf(node, 4))
      keys += staticType(past).getDimSize(2);
    int64_t wanted[] = {q[0], q[1], q[2], keys};
    bool fits = type && type.getRank() <= 4 && type.getRank() > 0;
    for (int64_t axis = 0; fits && axis < type.getRank(); ++axis) {
      int64_t size = type.getDimSize(axis), full = wanted[4 - type.getRank() + axis];
      bool isLast = axis + 1 == type.getRank();
      fits = size == 1 || size == full || (isLast && size < full); // a short one is filled up
    }
    if (!fits)
      return "with a mask that does not broadcast to its scores";
  }
  return {};
}

/// Heads of a last axis as an axis of their own.
static Value toHeads(NodeBuilder &nodes, Location loc, Value value, int64_t heads) {
  RankedTensorType type = staticType(value);
  if (type.getRank() == 4)
    return value;
  ArrayRef<int64_t> shape = type.getShape();
  value = nodes.reshape(loc, value, {shape[0], shape[1], heads, shape[2] / heads});
  return nodes.transpose(loc, value, {0, 2, 1, 3});
}

static Value repeatHeads(NodeBuilder &nodes, Location loc, Value value, int64_t heads) {
  ArrayRef<int64_t> shape = staticType(value).getShape();
  if (shape[1] == heads)
    return value;
  int64_t times = heads / shape[1], batch = shape[0], few = shape[1], n = shape[2], d = shape[3];
  value = nodes.reshape(loc, value, {batch, few, 1, n, d});
  value = nodes.expand(loc, value, {batch, few, times, n, d});
  return nodes.reshape(loc, value, {batch, heads, n, d});
}

void AttentionOperator::findOperands(NodeBuilder &nodes) {
  Location loc = node.getLoc();
  int64_t few = node.getInt("kv_num_heads", 0);
  terms.q = toHeads(nodes, loc, node.getInput(0), node.getInt("q_num_heads", 0));
  Value *keys[] = {&terms.k, &terms.v};
  for (unsigned i : {0, 1}) {
    Value value = toHeads(nodes, loc, node.getInput(i + 1), few);
    if (Value past = inputOf(node, i + 4))
      value = nodes.concat(loc, 2, {past, value});
    if (node->getNumResults() > i + 1)
      node->getResult(i + 1).replaceAllUsesWith(value);
    *keys[i] = repeatHeads(nodes, loc, value, staticType(terms.q).getDimSize(1));
  }
}

void AttentionOperator::findPositions(NodeBuilder &nodes) {
  Location loc = node.getLoc();
  int64_t left = node.getInt("left_window_size", -1), right = node.getInt("right_window_size", -1);
  if (node.getInt("is_causal", 0))
    right = 0;
  if (right >= 0)
    terms.band.high = right;
  if (left >= 0)
    terms.band.low = -left;
  auto move = [&](int64_t offset) {
    if (terms.band.high < Band::kFar)
      terms.band.high += offset;
    if (terms.band.low > -Band::kFar)
      terms.band.low += offset;
  };
  if (Value past = inputOf(node, 4))
    move(staticType(past).getDimSize(2));
  terms.lengths = inputOf(node, 6);
  if (terms.lengths && terms.band.isLimited()) {
    // The last query stands at the last key that is there.
    auto length = constants.getSplat(terms.lengths);
    if (length)
      return move(int64_t(*length) - terms.getQueries());
    int64_t batch = staticType(terms.lengths).getDimSize(0);
    Type i64 = nodes.builder.getI64Type();
    Value lengths = nodes.convert(loc, terms.lengths, i64);
    auto type = RankedTensorType::get({batch}, i64);
    Value queries = nodes.integers(loc, terms.getQueries());
    terms.offset = nodes.reshape(loc, nodes.make(loc, "Sub", 14, type, {lengths, queries}),
                                 {batch, 1, 1, 1});
  }
}

/// A mask whose last axis is short drops the keys beyond it.
Value AttentionOperator::widenMask(NodeBuilder &nodes, Value mask) {
  RankedTensorType type = staticType(mask);
  SmallVector<int64_t> shape(type.getShape());
  int64_t width = shape.back(), missing = terms.getKeys() - width;
  // One column may as well stand for all: ONNX pads it, but only from version 24 on.
  if (missing == 0 || (width == 1 && node.getSinceVersion() < 24))
    return mask;
  double fill = type.getElementType().isInteger() ? 0 : -std::numeric_limits<double>::infinity();
  DenseElementsAttr attr = constants.get(mask);
  shape.back() = terms.getKeys();
  OpBuilder &b = nodes.builder;
  auto splat = [&](RankedTensorType of) -> DenseElementsAttr {
    if (auto floats = dyn_cast<FloatType>(of.getElementType()))
      return DenseElementsAttr::get(of, FloatAttr::get(floats, fill).getValue());
    return DenseElementsAttr::get(of, b.getZeroAttr(of.getElementType()));
  };
  if (attr) {
    SmallVector<Attribute> cells;
    auto old = attr.getValues<Attribute>();
    Attribute dropped = *splat(RankedTensorType::get({1}, type.getElementType()))
                             .getValues<Attribute>()
                             .begin();
    for (int64_t i = 0, e = type.clone(shape).getNumElements(); i < e; ++i) {
      int64_t row = i / shape.back(), column = i % shape.back();
      cells.push_back(column < width ? old[row * width + column] : dropped);
    }
    return arith::ConstantOp::create(b, node.getLoc(),
                                     DenseElementsAttr::get(type.clone(shape), cells));
  }
  shape.back() = missing;
  Value rest = arith::ConstantOp::create(b, node.getLoc(), splat(type.clone(shape)));
  return nodes.concat(node.getLoc(), type.getRank() - 1, {mask, rest});
}

bool AttentionOperator::isExpressible() {
  auto refuse = [&](const Twine &why) {
    reason = why.str();
    return false;
  };
  if (getElementTypeOrSelf(terms.q).getIntOrFloatBitWidth() > 32)
    return refuse("its elements are of type f64");
  if (terms.softcap != 0)
    return refuse("its scores are capped (softcap)");
  if (node->getNumResults() > 3 && !node->getResult(3).use_empty())
    return refuse("its scores are an output, too");
  if (terms.offset)
    return refuse("the offset of its band comes from nonpad_kv_seqlen at run time");
  if (terms.lengths && terms.mask && !getElementTypeOrSelf(terms.mask).isInteger(1))
    return refuse("a float mask and nonpad_kv_seqlen together leave different empty rows");
  return true;
}

bool AttentionOperator::findMask(MLIRContext *context, int64_t queries, int64_t keys,
                                 MaskAttr &mask) {
  ArrayRef<int64_t> shape = staticType(terms.q).getShape();
  table.emplace(RankedTensorType::get({shape[0], shape[1], queries, keys},
                                      staticType(terms.q).getElementType()),
                constants);
  if (terms.band.isLimited())
    table->attendBand(terms.band.low, terms.band.high);
  if (Value input = terms.mask) {
    if (getElementTypeOrSelf(input).isInteger(1))
      table->attend(input, node.getNodeName());
    else
      table->add(input, getElementTypeOrSelf(input), node.getNodeName());
  }
  if (!table->isTouched())
    return true;
  FailureOr<MaskAttr> read = table->build(context, NanRows::Zero, weakFills, assumptions);
  if (failed(read)) {
    reason = "its mask: " + table->getReason();
    return false;
  }
  mask = *read;
  masked = bool(mask);
  return true;
}

/// The mask with zeros for a query that padding leaves without a key; without one, all tokens.
static MaskAttr withZeros(MLIRContext *context, MaskAttr mask, int64_t queries, int64_t keys) {
  if (mask)
    return MaskAttr::get(context, mask.getQueries(), mask.getKeys(), mask.getEntries(),
                         EmptyRow::Zero);
  auto all = [&](int64_t tokens) {
    return StreamsAttr::get(context, ArrayRef(StringAttr::get(context, "s0")), ArrayRef(tokens));
  };
  return MaskAttr::get(context, all(queries), all(keys), ArrayRef<bool>(true), EmptyRow::Zero);
}

Value AttentionOperator::makeAttention(NodeBuilder &nodes, MaskAttr mask) {
  OpBuilder &b = nodes.builder;
  Location loc = node.getLoc();
  Type element = getElementTypeOrSelf(terms.q), f32 = b.getF32Type();
  Value padding = table ? table->makePadding(nodes, loc) : Value();
  if (terms.lengths) {
    Value below = keysBelow(nodes, loc, terms.lengths, terms.getKeys());
    padding = padding ? nodes.make(loc, "And", 7, below.getType(), {below, padding}) : below;
    mask = withZeros(b.getContext(), mask, terms.getQueries(), terms.getKeys());
  }
  SmallVector<int64_t> shape(staticType(terms.q).getShape());
  shape[3] = staticType(terms.v).getDimSize(3);
  Value result = AttentionOp::create(
      b, loc, RankedTensorType::get(shape, f32), nodes.convert(loc, terms.q, f32),
      nodes.convert(loc, terms.k, f32), nodes.convert(loc, terms.v, f32), padding, mask,
      b.getF32FloatAttr(float(terms.scale)));
  return nodes.convert(loc, result, element);
}

Value AttentionOperator::fromHeads(NodeBuilder &nodes, Value value) {
  if (staticType(node.getInput(0)).getRank() == 4)
    return value;
  SmallVector<int64_t> shape(staticType(value).getShape());
  value = nodes.transpose(node.getLoc(), value, {0, 2, 1, 3});
  return nodes.reshape(node.getLoc(), value, {shape[0], shape[2], shape[1] * shape[3]});
}

AttentionOperator::Outcome AttentionOperator::raise(OpBuilder &builder) {
  if (!findUnsupported(node).empty())
    return Unsupported;
  builder.setInsertionPoint(node);
  NodeBuilder nodes(builder);
  findOperands(nodes);
  int64_t size = staticType(terms.q).getDimSize(3);
  terms.scale = node.getFloat("scale", float(1 / std::sqrt(double(size))));
  terms.softcap = node.getFloat("softcap", 0);
  findPositions(nodes);
  if (Value mask = inputOf(node, 3))
    terms.mask = widenMask(nodes, mask);
  MaskAttr mask;
  bool known = isExpressible() &&
               findMask(builder.getContext(), terms.getQueries(), terms.getKeys(), mask);
  Value result;
  if (known) {
    result = makeAttention(nodes, mask);
  } else {
    AttentionParts parts = defineAttention(nodes, node.getLoc(), terms);
    result = parts.result;
    Value further[] = {parts.scores, parts.capped, parts.masked, parts.weights};
    if (node->getNumResults() > 3)
      node->getResult(3).replaceAllUsesWith(further[node.getInt("qk_matmul_output_mode", 0)]);
  }
  node->getResult(0).replaceAllUsesWith(fromHeads(nodes, result));
  return known ? Raised : Decomposed;
}

//===- FusedAttention.cpp - Attention as ONNX Runtime fuses it --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Written out again as products, additions and a softmax, which recognition then reads like those
// of any exporter. A padded key's score is added mask_filter_value, a finite number: what that
// leaves of a row without other keys is kept.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/AttentionDefinition.h"
#include "passes/Raise/FusedOperators.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

namespace {
/// What both operators end in. Operands are [batch, heads, tokens, head size].
struct FusedAttention {
  Value q, k, v;
  int64_t past = 0;
  Value padding, bias; // of keys, in the forms that the operators take; added to the scores
};
} // namespace

/// [batch, tokens, heads · size] or [batch, tokens, heads, size] with the heads in front.
static Value toHeads(Expansion &e, Value value, int64_t heads) {
  auto type = value ? staticType(value) : RankedTensorType();
  if (!type)
    return {};
  ArrayRef<int64_t> shape = type.getShape();
  if (shape.size() == 3 && heads > 0 && shape[2] % heads == 0)
    value = e.reshape(value, {shape[0], shape[1], heads, shape[2] / heads});
  else if (shape.size() != 4 || shape[2] != heads)
    return {};
  return e.transpose(value, {0, 2, 1, 3});
}

static Value countUp(Expansion &e, int64_t count) {
  SmallVector<int64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return e.nodes.integers(e.loc, numbers);
}

/// [batch, 1, 1 or queries, keys], true where the key is there; null with a reason.
static Value findPresent(Expansion &e, Value padding, int64_t batch, int64_t queries,
                         int64_t keys) {
  RankedTensorType type = staticType(padding);
  ArrayRef<int64_t> shape = type.getShape();
  if (!type.getElementType().isInteger()) {
    e.refuse("with a mask of floats");
    return {};
  }
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value zero = arith::ConstantOp::create(
      e.nodes.builder, e.loc,
      DenseElementsAttr::get(scalar, e.nodes.builder.getZeroAttr(type.getElementType())));
  if (shape.size() == 2 && shape[0] == batch && shape[1] == keys)
    return e.reshape(e.make("Greater", {padding, zero}), {batch, 1, 1, keys});
  if (shape.size() == 3 && shape[0] == batch && shape[1] == queries && shape[2] == keys)
    return e.reshape(e.make("Greater", {padding, zero}), {batch, 1, queries, keys});
  if (shape.size() == 1 && (shape[0] == batch || shape[0] == 2 * batch)) {
    // Where each sequence ends and, behind these, where each begins.
    auto bound = [&](int64_t from) {
      return e.reshape(e.toIndex(e.slice(padding, 0, from, from + batch)), {batch, 1, 1, 1});
    };
    Value present = e.make("Less", {countUp(e, keys), bound(0)});
    if (shape[0] == 2 * batch)
      present =
          e.make("And", {present, e.make("GreaterOrEqual", {countUp(e, keys), bound(batch)})});
    return present;
  }
  std::string text;
  llvm::raw_string_ostream(text) << type;
  e.refuse("with a mask of type " + text);
  return {};
}

static bool finish(Expansion &e, const FusedAttention &parts, unsigned scoresOutput) {
  if (!parts.q || !parts.k || !parts.v)
    return e.refuse("on operands that do not fit together");
  RankedTensorType q = staticType(parts.q), k = staticType(parts.k), v = staticType(parts.v);
  int64_t batch = q.getDimSize(0), queries = q.getDimSize(2), keys = k.getDimSize(2);
  if (k.getDimSize(0) != batch || v.getDimSize(0) != batch || k.getDimSize(1) != q.getDimSize(1) ||
      v.getDimSize(1) != q.getDimSize(1) || v.getDimSize(2) != keys)
    return e.refuse("on operands that do not fit together");
  Value scores = e.make("MatMul", {parts.q, e.transpose(parts.k, {0, 1, 3, 2})});
  double scale = e.node.getFloat("scale", 0);
  scores = e.scaled(scores, scale != 0 ? scale : 1 / std::sqrt(double(q.getDimSize(3))));
  if (!scores)
    return false;
  Type wanted = scores.getType();
  if (parts.bias)
    scores = e.add(scores, parts.bias);
  if (parts.padding) {
    Value present = findPresent(e, parts.padding, batch, queries, keys);
    double fill = e.node.getFloat("mask_filter_value", -10000.0f);
    scores = e.add(scores, e.make("Where", {present, e.scalarLike(scores, 0),
                                            e.scalarLike(scores, fill)}));
  }
  if (e.node.getInt("unidirectional", 0)) {
    // ONNX Runtime lets the last query see what lies beyond, on some devices.
    if (keys != parts.past + queries)
      return e.refuse("unidirectional, with " + Twine(keys) + " keys for " +
                      Twine(parts.past + queries) + " positions");
    Band band;
    band.high = parts.past;
    Value seen = arith::ConstantOp::create(
        e.nodes.builder, e.loc, bandMask(e.node.getContext(), queries, keys, band));
    scores = e.make("Where", {seen, scores,
                              e.scalarLike(scores, -double(std::numeric_limits<float>::max()))});
  }
  if (!scores || scores.getType() != wanted)
    return e.refuse("with a mask that does not broadcast to its scores");
  Value weights = e.make("Softmax", scores, e.integer("axis", -1));
  Value result = e.transpose(e.make("MatMul", {weights, parts.v}), {0, 2, 1, 3});
  if (e.wants(scoresOutput))
    e.give(scoresOutput, scores);
  e.give(0, e.reshape(result, {batch, queries, q.getDimSize(1) * v.getDimSize(3)}));
  return true;
}

/// Part `i` of `count` along an axis, which is dropped.
static Value partOf(Expansion &e, Value packed, int64_t axis, int64_t i) {
  if (!packed)
    return {};
  SmallVector<int64_t> shape(staticType(packed).getShape());
  shape.erase(shape.begin() + axis);
  return e.reshape(e.slice(packed, axis, i, i + 1), shape);
}

static bool expandMultiHead(Expansion &e) {
  int64_t heads = e.node.getInt("num_heads", 0);
  if (heads <= 0)
    return e.refuse("without a number of heads");
  for (unsigned i : {8, 9})
    if (e.input(i))
      return e.refuse(i == 8 ? "with past_sequence_length (shared buffers)"
                             : "with cache_indirection");
  Value q = e.input(0), k = e.input(1), v = e.input(2);
  RankedTensorType first = staticType(q);
  if (!k && first.getRank() == 5 && first.getDimSize(3) == 3) {
    Value packed = q;
    q = partOf(e, packed, 3, 0), k = partOf(e, packed, 3, 1), v = partOf(e, packed, 3, 2);
  } else if (k && !v && staticType(k).getRank() == 5 && staticType(k).getDimSize(3) == 2) {
    Value packed = k;
    k = partOf(e, packed, 3, 0), v = partOf(e, packed, 3, 1);
  }
  if (!q || !k || !v)
    return e.refuse("without keys and values");
  // Keys and values of four axes come from elsewhere, with their heads in front already.
  bool ready = staticType(k).getRank() == 4 && e.input(1) && e.input(2);
  FusedAttention parts;
  auto biased = [&](Value value, int64_t begin, Value &to) {
    Value rows = value;
    RankedTensorType type = staticType(value);
    int64_t width = type.getRank() == 3 ? type.getDimSize(2) : heads * type.getShape().back();
    if (Value bias = e.input(3)) {
      int64_t total = staticType(bias).getDimSize(0);
      if (begin + width > total)
        return int64_t(-1);
      rows = e.reshape(rows, {type.getDimSize(0), type.getDimSize(1), width});
      rows = e.add(rows, e.slice(bias, 0, begin, begin + width));
    }
    to = toHeads(e, rows, heads);
    return begin + width;
  };
  int64_t end = biased(q, 0, parts.q);
  if (ready) {
    if (e.input(6))
      return e.refuse("with a past behind keys of four axes");
    parts.k = k, parts.v = v;
  } else {
    end = end < 0 ? end : biased(k, end, parts.k);
    end = end < 0 ? end : biased(v, end, parts.v);
  }
  if (end < 0)
    return e.refuse("with a bias that does not fit its operands");
  if (bool(e.input(6)) != bool(e.input(7)))
    return e.refuse("with only one of past_key and past_value");
  if (Value past = e.input(6); past && parts.k && parts.v) {
    NamedAttribute axis[] = {e.integer("axis", 2)};
    if (staticType(past).getRank() != 4)
      return e.refuse("with a past that does not fit its keys");
    parts.past = staticType(past).getDimSize(2);
    parts.k = e.make("Concat", {past, parts.k}, axis);
    parts.v = e.make("Concat", {e.input(7), parts.v}, axis);
  }
  parts.padding = e.input(4);
  parts.bias = e.input(5);
  if (e.wants(1))
    e.give(1, parts.k);
  if (e.wants(2))
    e.give(2, parts.v);
  return finish(e, parts, 3);
}

/// One product makes queries, keys and values.
static bool expandMerged(Expansion &e) {
  int64_t heads = e.node.getInt("num_heads", 0);
  if (heads <= 0)
    return e.refuse("without a number of heads");
  if (e.node.getInt("do_rotary", 0))
    return e.refuse("with do_rotary");
  if (e.node.getInt("past_present_share_buffer", 0) || e.input(6))
    return e.refuse("with a past that shares its buffer");
  Value x = e.make("MatMul", {e.input(0), e.input(1)});
  if (e.input(2))
    x = e.add(x, e.input(2));
  if (!x || staticType(x).getRank() != 3)
    return e.refuse("on operands that do not fit together");
  int64_t width = staticType(x).getDimSize(2);
  SmallVector<int64_t> sizes = {width / 3, width / 3, width / 3};
  if (auto given = e.node.getInts("qkv_hidden_sizes"))
    sizes.assign(given->begin(), given->end());
  if (sizes.size() != 3 || sizes[0] + sizes[1] + sizes[2] != width ||
      llvm::any_of(sizes, [](int64_t size) { return size <= 0; }))
    return e.refuse("with qkv_hidden_sizes that do not fit its weights");
  FusedAttention parts;
  parts.q = toHeads(e, e.slice(x, 2, 0, sizes[0]), heads);
  parts.k = toHeads(e, e.slice(x, 2, sizes[0], sizes[0] + sizes[1]), heads);
  parts.v = toHeads(e, e.slice(x, 2, sizes[0] + sizes[1], width), heads);
  if (Value past = e.input(4)) {
    if (staticType(past).getRank() != 5 || staticType(past).getDimSize(0) != 2)
      return e.refuse("with a past that does not fit its keys");
    NamedAttribute axis[] = {e.integer("axis", 2)};
    parts.past = staticType(past).getDimSize(3);
    parts.k = e.make("Concat", {partOf(e, past, 0, 0), parts.k}, axis);
    parts.v = e.make("Concat", {partOf(e, past, 0, 1), parts.v}, axis);
  }
  parts.padding = e.input(3);
  parts.bias = e.input(5);
  if (e.wants(1)) {
    auto outer = [&](Value value) {
      if (!value)
        return value;
      SmallVector<int64_t> shape(staticType(value).getShape());
      shape.insert(shape.begin(), 1);
      return e.reshape(value, shape);
    };
    e.give(1, e.make("Concat", {outer(parts.k), outer(parts.v)}, e.integer("axis", 0)));
  }
  return finish(e, parts, 2);
}

static bool refusePacked(Expansion &e) {
  return e.refuse("on sequences packed without their padding");
}

ArrayRef<FusedRow> zorro::raise::fusedAttentionRows() {
  static const FusedRow rows[] = {
      {"Attention", "com.microsoft", expandMerged,
       "as MultiHeadAttention; without rotation and shared buffers"},
      {"MultiHeadAttention", "com.microsoft", expandMultiHead,
       "products and a softmax, which become zorro.attention; without shared buffers"},
      {"PackedAttention", "com.microsoft", refusePacked, "nothing: not supported"},
      {"PackedMultiHeadAttention", "com.microsoft", refusePacked, "nothing: not supported"},
  };
  return rows;
}

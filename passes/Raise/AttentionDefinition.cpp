//===- AttentionDefinition.cpp - The nodes that define attention ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What zorro.attention cannot say is computed densely, as ONNX defines it. A softmax_precision
// beyond f32 is no more than a wish: softmaxes of floats up to f32 are computed in f32.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/AttentionDefinition.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <numeric>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

DenseElementsAttr zorro::raise::bandMask(MLIRContext *context, int64_t queries, int64_t keys,
                                         Band band) {
  SmallVector<bool> cells;
  cells.reserve(queries * keys);
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j)
      cells.push_back(band.low <= j - i && j - i <= band.high);
  auto type = RankedTensorType::get({queries, keys}, IntegerType::get(context, 1));
  return DenseElementsAttr::get(type, cells);
}

/// 0, 1, …, as a tensor of `shape`, which has one axis that is not 1.
static Value countUp(NodeBuilder &nodes, Location loc, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, nodes.builder.getI64Type());
  SmallVector<int64_t> numbers(type.getNumElements());
  std::iota(numbers.begin(), numbers.end(), 0);
  return arith::ConstantOp::create(nodes.builder, loc,
                                   DenseElementsAttr::get(type, ArrayRef(numbers)));
}

Value zorro::raise::keysBelow(NodeBuilder &nodes, Location loc, Value lengths, int64_t keys) {
  int64_t batch = staticType(lengths).getDimSize(0);
  lengths = nodes.convert(loc, lengths, nodes.builder.getI64Type());
  lengths = nodes.reshape(loc, lengths, {batch, 1});
  auto type = RankedTensorType::get({batch, keys}, nodes.builder.getI1Type());
  return nodes.make(loc, "Less", 13, type, {countUp(nodes, loc, {1, keys}), lengths});
}

/// The band moved by each batch entry's own offset: [batch, 1, queries, keys].
static Value movedBand(NodeBuilder &nodes, Location loc, const AttentionTerms &terms) {
  OpBuilder &b = nodes.builder;
  int64_t batch = staticType(terms.offset).getDimSize(0);
  int64_t queries = terms.getQueries(), keys = terms.getKeys();
  auto rows = RankedTensorType::get({batch, 1, queries, 1}, b.getI64Type());
  auto cells = RankedTensorType::get({batch, 1, queries, keys}, b.getI1Type());
  auto number = [&](int64_t n) {
    auto type = RankedTensorType::get({}, b.getI64Type());
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, ArrayRef(n)));
  };
  Value row =
      nodes.make(loc, "Add", 14, rows, {countUp(nodes, loc, {1, 1, queries, 1}), terms.offset});
  Value column = countUp(nodes, loc, {1, 1, 1, keys}), seen;
  auto limit = [&](StringRef compare, int64_t distance) {
    Value end = nodes.make(loc, "Add", 14, rows, {row, number(distance)});
    Value fits = nodes.make(loc, compare, 16, cells, {column, end});
    seen = seen ? nodes.make(loc, "And", 7, cells, {seen, fits}) : fits;
  };
  if (terms.band.high < Band::kFar)
    limit("LessOrEqual", terms.band.high);
  if (terms.band.low > -Band::kFar)
    limit("GreaterOrEqual", terms.band.low);
  return seen;
}

AttentionParts zorro::raise::defineAttention(NodeBuilder &nodes, Location loc,
                                             const AttentionTerms &terms) {
  OpBuilder &b = nodes.builder;
  Type element = staticType(terms.q).getElementType();
  SmallVector<int64_t> shape(staticType(terms.q).getShape());
  shape[3] = terms.getKeys();
  auto type = RankedTensorType::get(shape, element);
  auto bools = RankedTensorType::get(shape, b.getI1Type());
  Value lowest = nodes.scalar(loc, element, -std::numeric_limits<double>::infinity());
  auto keep = [&](Value condition, Value scores) {
    return nodes.make(loc, "Where", 16, type, {condition, scores, lowest});
  };
  AttentionParts parts;
  Value scores = nodes.make(loc, "MatMul", 13, type,
                            {terms.q, nodes.transpose(loc, terms.k, {0, 1, 3, 2})});
  scores = nodes.make(loc, "Mul", 14, type, {scores, nodes.scalar(loc, element, terms.scale)});
  parts.scores = scores;
  if (terms.softcap != 0) {
    Value cap = nodes.scalar(loc, element, terms.softcap);
    scores = nodes.make(loc, "Div", 14, type, {scores, cap});
    scores = nodes.make(loc, "Tanh", 13, type, scores);
    scores = nodes.make(loc, "Mul", 14, type, {scores, cap});
  }
  parts.capped = scores;
  bool isMasked = terms.band.isLimited() || terms.mask || terms.lengths;
  if (terms.band.isLimited() && terms.offset)
    scores = keep(movedBand(nodes, loc, terms), scores);
  else if (terms.band.isLimited())
    scores = keep(arith::ConstantOp::create(b, loc, bandMask(b.getContext(), terms.getQueries(),
                                                             terms.getKeys(), terms.band)),
                  scores);
  if (terms.mask && getElementTypeOrSelf(terms.mask).isInteger(1))
    scores = keep(terms.mask, scores);
  else if (terms.mask)
    scores = nodes.make(loc, "Add", 14, type, {scores, nodes.convert(loc, terms.mask, element)});
  if (terms.lengths) {
    Value present = keysBelow(nodes, loc, terms.lengths, terms.getKeys());
    int64_t batch = staticType(present).getDimSize(0);
    scores = keep(nodes.reshape(loc, present, {batch, 1, 1, terms.getKeys()}), scores);
  }
  parts.masked = scores;
  Value weights = nodes.make(loc, "Softmax", 13, scores.getType(), scores,
                             b.getNamedAttr("axis", b.getI64IntegerAttr(-1)));
  if (isMasked) {
    Value isNan = nodes.make(loc, "IsNaN", 13, bools, weights);
    weights = nodes.make(loc, "Where", 16, type, {isNan, nodes.scalar(loc, element, 0), weights});
  }
  parts.weights = weights;
  shape[3] = staticType(terms.v).getDimSize(3);
  parts.result =
      nodes.make(loc, "MatMul", 13, RankedTensorType::get(shape, element), {weights, terms.v});
  return parts;
}

//===- AttentionOperator.cpp - The Attention operator of opset 23 on ----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Three-dimensional operands carry their heads in the last axis; fewer heads of keys than of
// queries are repeated.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/AttentionOperator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

/// What of the operator the zorro phase has no attention for.
static std::string findFurther(NodeOp node) {
  static constexpr const char *inputs[] = {"Q", "K", "V", "attn_mask", "past_key", "past_value",
                                           "nonpad_kv_seqlen"};
  for (unsigned i = 4; i < node.getInputCount(); ++i)
    if (node.getInput(i))
      return std::string("with ") + (i < 7 ? inputs[i] : "more inputs");
  for (unsigned i = 1; i < node->getNumResults(); ++i)
    if (!node->getResult(i).use_empty())
      return "with output " + std::to_string(i);
  if (node.getFloat("softcap", 0) != 0)
    return "with softcap";
  for (StringRef side : {"left_window_size", "right_window_size"})
    if (node.getInt(side, -1) != -1)
      return "with " + side.str();
  return {};
}

bool AttentionOperator::isPlain(NodeOp node) {
  return findFurther(node).empty() &&
         llvm::all_of(llvm::drop_begin(node->getResultTypes()), llvm::IsaPred<NoneType>);
}

std::string AttentionOperator::findUnsupported(NodeOp node) {
  if (std::string further = findFurther(node); !further.empty())
    return further;
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
  auto axisOf = [&](unsigned input, unsigned fromEnd) {
    RankedTensorType type = staticType(node.getInput(input));
    return type.getDimSize(type.getRank() - 1 - fromEnd);
  };
  // With heads in the last axis their sizes are compared once they are apart.
  bool apart = llvm::all_of(ArrayRef<unsigned>({0, 1}), [&](unsigned input) {
    return staticType(node.getInput(input)).getRank() == 4;
  });
  if (axisOf(1, 1) != axisOf(2, 1) || (apart && axisOf(0, 0) != axisOf(1, 0)))
    return "on queries, keys and values whose shapes do not fit together";
  for (unsigned i : {1, 2})
    if (staticType(node.getInput(i)).getDimSize(0) != staticType(node.getInput(0)).getDimSize(0))
      return "on queries, keys and values of different batches";
  return {};
}

Value AttentionOperator::toHeads(NodeBuilder &nodes, Value value, int64_t heads) {
  RankedTensorType type = staticType(value);
  if (type.getRank() == 4)
    return value;
  ArrayRef<int64_t> shape = type.getShape();
  value = nodes.reshape(node.getLoc(), value, {shape[0], shape[1], heads, shape[2] / heads});
  return nodes.transpose(node.getLoc(), value, {0, 2, 1, 3});
}

Value AttentionOperator::repeatHeads(NodeBuilder &nodes, Value value, int64_t heads) {
  ArrayRef<int64_t> shape = staticType(value).getShape();
  if (shape[1] == heads)
    return value;
  int64_t times = heads / shape[1], batch = shape[0], few = shape[1], n = shape[2], d = shape[3];
  Location loc = node.getLoc();
  value = nodes.reshape(loc, value, {batch, few, 1, n, d});
  value = nodes.expand(loc, value, {batch, few, times, n, d});
  return nodes.reshape(loc, value, {batch, heads, n, d});
}

/// true where query i sees key j: j <= i.
static DenseElementsAttr causalMask(MLIRContext *context, int64_t queries, int64_t keys) {
  SmallVector<bool> cells;
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j)
      cells.push_back(j <= i);
  auto type = RankedTensorType::get({queries, keys}, IntegerType::get(context, 1));
  return DenseElementsAttr::get(type, cells);
}

bool AttentionOperator::findMask(MLIRContext *context, int64_t queries, int64_t keys,
                                 MaskAttr &mask) {
  MaskTable table(queries, keys);
  if (node.getInt("is_causal", 0))
    table.attend(causalMask(context, queries, keys));
  if (Value input = node.getInput(3)) {
    DenseElementsAttr attr = constants.get(input);
    if (!attr) {
      reason = Constants::isConstant(input) ? "its mask cannot be read: " + constants.error
                                            : "its mask is computed at run time";
      return false;
    }
    bool follows = attr.getElementType().isInteger(1) ? table.attend(attr) : table.add(attr);
    if (!follows) {
      reason = "its mask: " + table.getReason();
      return false;
    }
  }
  masked = table.isTouched();
  if (!masked)
    return true;
  mask = table.build(context, NanRows::Zero, weakFills, assumptions);
  if (!mask)
    reason = "its mask: " + table.getReason();
  return bool(mask);
}

Value AttentionOperator::decompose(NodeBuilder &nodes, Value q, Value k, Value v, double scale) {
  Location loc = node.getLoc();
  OpBuilder &b = nodes.builder;
  RankedTensorType type = staticType(q);
  Type element = type.getElementType();
  SmallVector<int64_t> shape(type.getShape());
  shape[3] = staticType(k).getDimSize(2);
  auto scoresType = RankedTensorType::get(shape, element);
  auto boolsType = RankedTensorType::get(shape, b.getI1Type());
  Value scores = nodes.make(loc, "MatMul", 13, scoresType,
                            {q, nodes.transpose(loc, k, {0, 1, 3, 2})});
  scores = nodes.make(loc, "Mul", 14, scoresType, {scores, nodes.scalar(loc, element, scale)});
  Value lowest = nodes.scalar(loc, element, -std::numeric_limits<double>::infinity());
  if (node.getInt("is_causal", 0)) {
    Value causal =
        arith::ConstantOp::create(b, loc, causalMask(b.getContext(), shape[2], shape[3]));
    scores = nodes.make(loc, "Where", 16, scoresType, {causal, scores, lowest});
  }
  Value mask = node.getInput(3);
  if (mask && getElementTypeOrSelf(mask).isInteger(1))
    scores = nodes.make(loc, "Where", 16, scoresType, {mask, scores, lowest});
  else if (mask)
    scores = nodes.make(loc, "Add", 14, scoresType, {scores, mask});
  Value weights = nodes.make(loc, "Softmax", 13, scoresType, scores,
                             b.getNamedAttr("axis", b.getI64IntegerAttr(-1)));
  if (mask) {
    Value isNan = nodes.make(loc, "IsNaN", 13, boolsType, weights);
    weights = nodes.make(loc, "Where", 16, scoresType,
                         {isNan, nodes.scalar(loc, element, 0), weights});
  }
  shape[3] = staticType(v).getDimSize(3);
  return nodes.make(loc, "MatMul", 13, RankedTensorType::get(shape, element), {weights, v});
}

AttentionOperator::Outcome AttentionOperator::raise(OpBuilder &builder) {
  if (!findUnsupported(node).empty())
    return Unsupported;
  builder.setInsertionPoint(node);
  NodeBuilder nodes(builder);
  Location loc = node.getLoc();
  int64_t heads = node.getInt("q_num_heads", 0), few = node.getInt("kv_num_heads", 0);
  bool flat = staticType(node.getInput(0)).getRank() == 3;
  Value q = toHeads(nodes, node.getInput(0), heads), k = toHeads(nodes, node.getInput(1), few);
  Value v = toHeads(nodes, node.getInput(2), few);
  heads = staticType(q).getDimSize(1);
  int64_t size = staticType(q).getDimSize(3);
  if (heads % staticType(k).getDimSize(1) || heads % staticType(v).getDimSize(1))
    return Unsupported;
  k = repeatHeads(nodes, k, heads);
  v = repeatHeads(nodes, v, heads);
  double scale = node.getFloat("scale", float(1 / std::sqrt(double(size))));
  MaskAttr mask;
  Type element = staticType(q).getElementType(), f32 = builder.getF32Type();
  bool known = element.getIntOrFloatBitWidth() <= 32;
  if (!known)
    reason = "its elements are of type f64";
  known = known && findMask(builder.getContext(), staticType(q).getDimSize(2),
                            staticType(k).getDimSize(2), mask);
  Value result;
  if (known) {
    SmallVector<int64_t> shape(staticType(q).getShape());
    shape[3] = staticType(v).getDimSize(3);
    result = AttentionOp::create(builder, loc, RankedTensorType::get(shape, f32),
                                 nodes.convert(loc, q, f32), nodes.convert(loc, k, f32),
                                 nodes.convert(loc, v, f32), Value(), mask,
                                 builder.getF32FloatAttr(float(scale)));
    result = nodes.convert(loc, result, element);
  } else {
    result = decompose(nodes, q, k, v, scale);
  }
  if (flat) {
    ArrayRef<int64_t> shape = staticType(result).getShape();
    int64_t batch = shape[0], rows = shape[2], width = shape[1] * shape[3];
    result = nodes.transpose(loc, result, {0, 2, 1, 3});
    result = nodes.reshape(loc, result, {batch, rows, width});
  }
  node->getResult(0).replaceAllUsesWith(result);
  return known ? Raised : Decomposed;
}

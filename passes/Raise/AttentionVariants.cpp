//===- AttentionVariants.cpp - Other ways to write a softmax over scores ----------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One walk in order, one node at a time; what a rewriting leaves unused is erased at the end of the
// pass.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/AttentionVariants.h"

#include "passes/Raise/MaskSteps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void AttentionVariants::replace(NodeOp node, Value value) {
  node->getResult(0).replaceAllUsesWith(value);
}

void AttentionVariants::rewrite(func::FuncOp function) {
  SmallVector<NodeOp> nodes;
  function.walk([&](NodeOp node) { nodes.push_back(node); });
  for (NodeOp node : nodes) {
    if (node->getNumResults() == 0 || node->getResult(0).use_empty())
      continue;
    (void)(dropDropout(node) || rewriteLogSoftmax(node) || rewriteQuotient(node) ||
           rewriteRepair(node) || dropInfinityRepair(node) || rewriteTransposed(node) ||
           moveReshape(node));
  }
}

bool AttentionVariants::dropDropout(NodeOp node) {
  if (!node.is("Dropout") ||
      llvm::any_of(llvm::drop_begin(node->getResults()), [](Value r) { return !r.use_empty(); }))
    return false;
  Value training = node.getInputCount() > 2 ? node.getInput(2) : Value();
  if (node.getSinceVersion() < 7 || (training && constants.getSplat(training) != 0.0) ||
      node.getInput(0).getType() != node->getResult(0).getType())
    return false;
  replace(node, node.getInput(0));
  return true;
}

/// exp(log(softmax(x)))
bool AttentionVariants::rewriteLogSoftmax(NodeOp node) {
  auto logarithm = node.is("Exp") ? definedBy(node.getInput(0), "LogSoftmax") : NodeOp();
  if (!logarithm)
    return false;
  OpBuilder builder(node);
  replace(node, NodeBuilder(builder).make(logarithm.getLoc(), "Softmax",
                                          logarithm.getSinceVersion(), node->getResult(0).getType(),
                                          logarithm.getInput(0), logarithm.getAttrs().getValue()));
  return true;
}

//===----------------------------------------------------------------------------------------===//
// Exp, ReduceSum, Div
//===----------------------------------------------------------------------------------------===//

int64_t AttentionVariants::axisOf(NodeOp reduction) {
  auto type = staticType(reduction.getInput(0));
  std::optional<SmallVector<int64_t>> axes;
  if (auto given = reduction.getInts("axes"))
    axes.emplace(*given);
  else if (reduction.getInputCount() > 1 && reduction.getInput(1))
    axes = constants.getIntegers(reduction.getInput(1));
  if (!type || reduction.getInt("keepdims", 1) != 1 || !axes || axes->size() != 1)
    return -1;
  return axes->front() < 0 ? axes->front() + type.getRank() : axes->front();
}

Value AttentionVariants::asCondition(NodeBuilder &nodes, Value factor) {
  auto isBool = [](Value value) {
    auto type = staticType(value);
    return type && type.getElementType().isInteger(1);
  };
  if (auto cast = definedBy(factor, "Cast"))
    return isBool(cast.getInput(0)) ? cast.getInput(0) : Value();
  if (!Constants::isConstant(factor))
    return {};
  DenseElementsAttr attr = constants.get(factor);
  if (!attr)
    return {};
  SmallVector<bool> bits;
  for (double number : toDoubles(attr)) {
    if (number != 0 && number != 1)
      return {};
    bits.push_back(number == 1);
  }
  auto type = RankedTensorType::get(attr.getType().getShape(), nodes.builder.getI1Type());
  return arith::ConstantOp::create(nodes.builder, factor.getLoc(),
                                   DenseElementsAttr::get(type, bits));
}

bool AttentionVariants::matchExponentials(Value value, Exponentials &found) {
  auto node = value.getDefiningOp<NodeOp>();
  if (!node)
    return false;
  OpBuilder builder(node);
  NodeBuilder nodes(builder);
  if (node.is("Mul")) {
    for (unsigned i : {0, 1})
      if (definedBy(node.getInput(i), "Exp") &&
          node.getInput(i).getType() == node->getResult(0).getType())
        if (Value condition = asCondition(nodes, node.getInput(1 - i))) {
          found.condition = condition;
          node = definedBy(node.getInput(i), "Exp");
          break;
        }
  } else if (node.is("Where") && constants.getSplat(node.getInput(2)) == 0.0 &&
             definedBy(node.getInput(1), "Exp") &&
             node.getInput(1).getType() == node->getResult(0).getType()) {
    found.condition = node.getInput(0);
    node = definedBy(node.getInput(1), "Exp");
  }
  if (!node.is("Exp"))
    return false;
  found.scores = node.getInput(0);
  if (auto difference = definedBy(found.scores, "Sub"))
    if (auto maximum = definedBy(difference.getInput(1), "ReduceMax"))
      if (maximum.getInput(0) == difference.getInput(0)) {
        found.scores = difference.getInput(0);
        found.maximum = maximum;
      }
  return true;
}

bool AttentionVariants::isProduct(Value scores, bool masked) {
  while (auto node = scores.getDefiningOp<NodeOp>()) {
    if (node.is("MatMul") || node.is("Einsum"))
      return true;
    bool scales = node.is("Mul") || node.is("Div");
    if (scales && constants.getSplat(node.getInput(1)))
      scores = node.getInput(0);
    else if (node.is("Mul") && constants.getSplat(node.getInput(0)))
      scores = node.getInput(1);
    else if (masked && node.is("Where") && constants.getSplat(node.getInput(2)) == -kInfinity)
      scores = node.getInput(1);
    else if (masked && node.is("Where") && constants.getSplat(node.getInput(1)) == -kInfinity)
      scores = node.getInput(2);
    else
      return false;
  }
  return false;
}

bool AttentionVariants::rewriteQuotient(NodeOp node) {
  Value above, below;
  if (node.is("Div")) {
    above = node.getInput(0), below = node.getInput(1);
  } else if (node.is("Mul")) {
    for (unsigned i : {0, 1})
      if (auto reciprocal = definedBy(node.getInput(i), "Reciprocal"))
        above = node.getInput(1 - i), below = reciprocal.getInput(0);
  }
  Exponentials found;
  if (!above || above.getType() != node->getResult(0).getType() || !staticType(above))
    return false;
  // What stands below first: most quotients are none of ours.
  auto sum = below.getDefiningOp<NodeOp>();
  bool bounded = sum && (sum.is("Add") || sum.is("Max") || sum.is("Clip"));
  if (bounded)
    sum = definedBy(sum.getInput(sum.getInputCount() > 1 && sum.is("Add") &&
                                         Constants::isConstant(sum.getInput(0))
                                     ? 1
                                     : 0),
                    "ReduceSum");
  if (!sum || !sum.is("ReduceSum") || sum.getInput(0) != above)
    return false;
  int64_t axis = axisOf(sum);
  if (axis < 0 || !matchExponentials(above, found) || (found.maximum && axisOf(found.maximum) != axis))
    return false;
  if (bounded) {
    remark(node, "its sum of exponentials is kept above zero by node '" +
                     below.getDefiningOp<NodeOp>().getNodeName() + "'");
    return false;
  }
  // Without a maximum subtracted a row of finite fills would give NaN, but a Softmax their mean.
  if (!found.maximum && !isProduct(found.scores, true)) {
    remark(node, "no maximum is subtracted from its scores, whose masks may be finite");
    return false;
  }
  OpBuilder builder(node);
  NodeBuilder nodes(builder);
  Location loc = node.getLoc();
  auto type = staticType(above);
  Value scores = found.scores;
  if (found.condition)
    scores = nodes.make(loc, "Where", 16, type,
                        {found.condition, scores,
                         nodes.scalar(loc, type.getElementType(), -kInfinity)});
  replace(node, nodes.make(loc, "Softmax", 13, type, scores,
                           builder.getNamedAttr("axis", builder.getI64IntegerAttr(axis))));
  return true;
}

//===----------------------------------------------------------------------------------------===//
// Repairs of NaN
//===----------------------------------------------------------------------------------------===//

/// Where(Not(IsNaN(p)), p, 0) with its branches changed over.
bool AttentionVariants::rewriteRepair(NodeOp node) {
  auto inverted = node.is("Where") ? definedBy(node.getInput(0), "Not") : NodeOp();
  if (!inverted || !definedBy(inverted.getInput(0), "IsNaN"))
    return false;
  OpBuilder builder(node);
  replace(node, NodeBuilder(builder).make(
                    node.getLoc(), "Where", 16, node->getResult(0).getType(),
                    {inverted.getInput(0), node.getInput(2), node.getInput(1)}));
  return true;
}

/// Whether `value` is a softmax, possibly cast or repaired: never infinite.
bool AttentionVariants::isWeights(Value value) {
  while (auto node = skipCasts(value).getDefiningOp<NodeOp>()) {
    if (node.is("Softmax"))
      return true;
    if (!node.is("Where") || !definedBy(node.getInput(0), "IsNaN"))
      return false;
    std::optional<double> fill = constants.getSplat(node.getInput(1));
    if (!fill || std::isinf(*fill))
      return false;
    value = node.getInput(2);
  }
  return false;
}

/// Where(IsInf(p) and more, any, p), as nan_to_num is exported: weights are never infinite.
bool AttentionVariants::dropInfinityRepair(NodeOp node) {
  if (!node.is("Where") || node.getInput(2).getType() != node->getResult(0).getType() ||
      !isWeights(node.getInput(2)))
    return false;
  auto isNever = [&](Value condition) {
    auto cast = definedBy(condition, "Cast"); // of a bool to a bool
    if (cast && cast.getInput(0).getType() == condition.getType())
      condition = cast.getInput(0);
    auto isInf = definedBy(condition, "IsInf");
    return isInf && isWeights(isInf.getInput(0));
  };
  auto both = definedBy(node.getInput(0), "And");
  if (!isNever(node.getInput(0)) &&
      !(both && (isNever(both.getInput(0)) || isNever(both.getInput(1)))))
    return false;
  replace(node, node.getInput(2));
  return true;
}

//===----------------------------------------------------------------------------------------===//
// Softmax over another axis
//===----------------------------------------------------------------------------------------===//

/// A softmax between two transpositions that undo each other.
bool AttentionVariants::rewriteTransposed(NodeOp node) {
  auto softmax = node.is("Transpose") ? definedBy(node.getInput(0), "Softmax") : NodeOp();
  auto first = softmax ? definedBy(softmax.getInput(0), "Transpose") : NodeOp();
  auto type = staticType(node->getResult(0));
  // Before opset 13 a softmax takes all axes from its own on.
  if (!first || !type || softmax.getSinceVersion() < 13 || first.getInput(0).getType() != type)
    return false;
  SmallVector<int64_t> there = permutationOf(first), back = permutationOf(node);
  for (size_t i = 0; i < there.size(); ++i)
    if (there[back[i]] != int64_t(i))
      return false;
  int64_t axis = softmax.getInt("axis", -1);
  axis = there[axis < 0 ? axis + type.getRank() : axis];
  if (axis != type.getRank() - 1)
    return false;
  OpBuilder builder(node);
  replace(node, NodeBuilder(builder).make(
                    softmax.getLoc(), "Softmax", 13, type, first.getInput(0),
                    builder.getNamedAttr("axis", builder.getI64IntegerAttr(-1))));
  return true;
}

//===----------------------------------------------------------------------------------------===//
// Reshapes of batch and heads
//===----------------------------------------------------------------------------------------===//

/// `scores`, a product with scales, under other leading axes; null where a step is in the way.
Value AttentionVariants::reshapedScores(NodeBuilder &nodes, Value scores, ArrayRef<int64_t> shape) {
  auto node = scores.getDefiningOp<NodeOp>();
  auto type = staticType(scores);
  if (!node || !type || !scores.hasOneUse())
    return {};
  nodes.builder.setInsertionPoint(node);
  Location loc = node.getLoc();
  if (node.is("Mul") || node.is("Div")) {
    unsigned known = constants.getSplat(node.getInput(1)) ? 1 : 0;
    if (known == 0 && (node.is("Div") || !constants.getSplat(node.getInput(0))))
      return {};
    Value factor = node.getInput(known);
    if (staticType(factor).getNumElements() != 1 || node.getInput(1 - known).getType() != type)
      return {};
    Value inner = reshapedScores(nodes, node.getInput(1 - known), shape);
    if (!inner)
      return {};
    nodes.builder.setInsertionPoint(node);
    factor = nodes.reshape(loc, factor, {});
    SmallVector<Value> inputs = {inner, factor};
    if (known == 0)
      std::swap(inputs[0], inputs[1]);
    return nodes.make(loc, node.getOpType(), node.getSinceVersion(), type.clone(shape), inputs);
  }
  if (!node.is("MatMul"))
    return {};
  SmallVector<Value> operands;
  for (unsigned i : {0, 1}) {
    auto operand = staticType(node.getInput(i));
    if (!operand || operand.getRank() < 2 ||
        operand.getShape().drop_back(2) != type.getShape().drop_back(2))
      return {};
    SmallVector<int64_t> wanted(shape.drop_back(2));
    llvm::append_range(wanted, operand.getShape().take_back(2));
    operands.push_back(nodes.reshape(loc, node.getInput(i), wanted));
  }
  return nodes.make(loc, "MatMul", 13, type.clone(shape), operands);
}

/// Scores and weights lie under [batch, heads] or under batch · heads; a Reshape between the two moves
/// to the operands.
bool AttentionVariants::moveReshape(NodeOp node) {
  // weights, reshaped, times values
  if (node.is("MatMul")) {
    auto reshape = definedBy(node.getInput(0), "Reshape");
    auto values = staticType(node.getInput(1)), flat = staticType(node.getInput(0));
    auto wide = reshape ? staticType(reshape.getInput(0)) : RankedTensorType();
    if (!wide || !flat || !values || wide.getRank() < 3 || flat.getRank() < 3 ||
        wide.getShape().take_back(2) != flat.getShape().take_back(2) ||
        values.getRank() != flat.getRank() ||
        values.getShape().drop_back(2) != flat.getShape().drop_back(2))
      return false;
    // Only behind a softmax, or its repair.
    auto before = reshape.getInput(0).getDefiningOp<NodeOp>();
    if (!before || !(before.is("Softmax") || before.is("Where") || before.is("Cast")))
      return false;
    OpBuilder builder(node);
    NodeBuilder nodes(builder);
    SmallVector<int64_t> shape(wide.getShape().drop_back(2)), result = shape;
    llvm::append_range(shape, values.getShape().take_back(2));
    Value v = nodes.reshape(node.getLoc(), node.getInput(1), shape);
    result.push_back(wide.getShape()[wide.getRank() - 2]);
    result.push_back(shape.back());
    auto type = staticType(node->getResult(0));
    Value product = nodes.make(node.getLoc(), "MatMul", 13, type.clone(result),
                               {reshape.getInput(0), v});
    replace(node, nodes.reshape(node.getLoc(), product, type.getShape()));
    return true;
  }
  if (node.is("Softmax")) { // of reshaped scores
    auto reshape = definedBy(node.getInput(0), "Reshape");
    auto wide = reshape ? staticType(reshape.getInput(0)) : RankedTensorType();
    auto flat = staticType(node.getInput(0));
    int64_t axis = node.getInt("axis", node.getSinceVersion() < 13 ? 1 : -1);
    if (!wide || !flat || wide.getRank() < 3 || flat.getRank() < 3 ||
        wide.getShape().take_back(2) != flat.getShape().take_back(2) ||
        (axis != -1 && axis != flat.getRank() - 1))
      return false;
    OpBuilder builder(node);
    NodeBuilder nodes(builder);
    Value weights = nodes.make(node.getLoc(), "Softmax", 13, wide, reshape.getInput(0),
                               builder.getNamedAttr("axis", builder.getI64IntegerAttr(-1)));
    replace(node, nodes.reshape(node.getLoc(), weights, flat.getShape()));
    return true;
  }
  if (!node.is("Reshape"))
    return false;
  auto from = staticType(node.getInput(0)), to = staticType(node->getResult(0));
  if (!from || !to || from.getRank() < 3 || to.getRank() < 3 || from == to ||
      from.getShape().take_back(2) != to.getShape().take_back(2))
    return false;
  auto before = node.getInput(0).getDefiningOp<NodeOp>();
  if (!before || !(before.is("MatMul") || before.is("Mul") || before.is("Div")))
    return false;
  // Keys, queries and values are reshaped everywhere: only what a softmax reads is meant.
  auto leadsToSoftmax = [](Value value) {
    for (unsigned depth = 0; depth < 8 && value.hasOneUse(); ++depth) {
      auto user = dyn_cast<NodeOp>(*value.user_begin());
      if (user && user.is("Softmax"))
        return true;
      if (!user || !(user.is("Add") || user.is("Where") || user.is("Mul") || user.is("Div") ||
                     user.is("Cast") || user.is("Reshape")))
        return false;
      value = user->getResult(0);
    }
    return false;
  };
  if (!leadsToSoftmax(node->getResult(0)))
    return false;
  OpBuilder builder(node);
  NodeBuilder nodes(builder);
  Value moved = reshapedScores(nodes, node.getInput(0), to.getShape());
  if (!moved)
    return false;
  replace(node, moved);
  return true;
}

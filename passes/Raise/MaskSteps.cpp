//===- MaskSteps.cpp - What stands between scores and softmax ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Found backwards from the softmax, replayed forwards from the product.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskSteps.h"
#include "passes/Raise/MaskRows.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

bool MaskSteps::refuse(const Twine &why) {
  if (reason.empty())
    reason = why.str();
  return false;
}

Value zorro::raise::skipCasts(Value value) {
  while (auto node = value.getDefiningOp<NodeOp>()) {
    bool keeps = node.is("Identity") || (node.is("Dropout") && node.getInputs().size() == 1);
    if (node.is("Cast"))
      keeps = isa<FloatType>(getElementTypeOrSelf(node.getInput(0))) &&
              isa<FloatType>(getElementTypeOrSelf(node->getResult(0)));
    if (!keeps)
      break;
    value = node.getInput(0);
  }
  return value;
}

bool zorro::raise::isProduct(NodeOp node) {
  if (!node || node.getInputs().size() != 2)
    return false;
  return node.is("MatMul") || node.is("Einsum");
}

bool MaskSteps::selects() const {
  return llvm::any_of(steps, [](const MaskStep &step) { return step.kind == MaskStep::Select; });
}

bool zorro::raise::isScores(NodeOp node) {
  return isProduct(node) &&
         (!Constants::isConstant(node.getInput(1)) ||
          (node.is("Einsum") && !Constants::isConstant(node.getInput(0))));
}

/// Whether `value` is the product of queries and keys, with or without steps on it.
static bool leadsToProduct(Value value, unsigned depth = 0) {
  auto node = skipCasts(value).getDefiningOp<NodeOp>();
  if (!node || depth > 16)
    return false;
  if (isProduct(node))
    return isScores(node);
  if (!node.is("Add") && !node.is("Sub") && !node.is("Mul") && !node.is("Div") &&
      !node.is("Where") && !node.is("Tanh"))
    return false;
  for (unsigned i = node.is("Where") ? 1 : 0; i < node.getInputs().size(); ++i)
    if (leadsToProduct(node.getInput(i), depth + 1))
      return true;
  return false;
}

/// Whether `node` subtracts each row's largest score, which its softmax does not see.
static bool subtractsMaximum(NodeOp node, Constants &constants) {
  auto largest = node.is("Sub") ? node.getInput(1).getDefiningOp<NodeOp>() : NodeOp();
  if (!largest || !largest.is("ReduceMax") || largest.getInput(0) != node.getInput(0) ||
      largest.getInt("keepdims", 1) != 1)
    return false;
  SmallVector<int64_t> axes;
  if (Value given = largest.getInput(1))
    axes = constants.getIntegers(given).value_or(axes);
  else if (auto given = largest.getInts("axes"))
    axes.assign(given->begin(), given->end());
  int64_t rank = cast<RankedTensorType>(node->getResult(0).getType()).getRank();
  return axes.size() == 1 && (axes[0] == -1 || axes[0] == rank - 1);
}

bool MaskSteps::match(NodeOp node, Value &next) {
  MaskRows &rows = constants.getRows();
  auto splat = [&](unsigned i) {
    auto known = constants.getSplat(node.getInput(i));
    return known || !rows.isConstant(node.getInput(i)) ? known : rows.getSplat(node.getInput(i));
  };
  MaskStep step = {MaskStep::Scale, {}, true, 1, node.getNodeName(),
                   getElementTypeOrSelf(node->getResult(0))};
  if (subtractsMaximum(node, constants)) {
    next = node.getInput(0);
  } else if (node.is("Mul") || node.is("Div")) {
    auto second = splat(1), first = node.is("Mul") && !second ? splat(0) : std::nullopt;
    auto factor = second ? second : first;
    if (!factor || *factor == 0)
      return false;
    step.number = node.is("Div") ? 1 / *factor : *factor;
    next = node.getInput(second ? 0 : 1);
  } else if (node.is("Add") || node.is("Sub")) {
    Value left = node.getInput(0), right = node.getInput(1);
    bool leftKnown = rows.isConstant(left), rightKnown = rows.isConstant(right);
    if (leftKnown && rightKnown)
      return false;
    bool leftLeads = !leftKnown && (rightKnown || leadsToProduct(left));
    bool rightLeads = !rightKnown && (leftKnown || leadsToProduct(right));
    if (leftLeads && rightLeads)
      return refuse("the mask added by node '" + node.getNodeName() + "' is computed at run time");
    if (leftLeads == rightLeads || (node.is("Sub") && rightLeads))
      return false;
    step.kind = node.is("Add") ? MaskStep::Add : MaskStep::Subtract;
    step.value = leftLeads ? right : left;
    next = leftLeads ? left : right;
  } else if (node.is("Where")) {
    auto first = splat(1), second = splat(2);
    if (!first && !second)
      return false;
    next = node.getInput(first ? 2 : 1);
    step.kind = MaskStep::Select;
    step.value = node.getInput(0);
    if (!rows.isConstant(step.value) && !leadsToProduct(next))
      return false;
    step.keep = !first;
    step.number = first ? *first : *second;
  } else {
    return false;
  }
  steps.push_back(step);
  return true;
}

void MaskSteps::replay(MaskTable &table, double &scale) const {
  for (const MaskStep &step : llvm::reverse(steps)) {
    switch (step.kind) {
    case MaskStep::Add:
      table.add(step.value, step.element, step.node);
      break;
    case MaskStep::Subtract:
      table.subtract(step.value, step.element, step.node);
      break;
    case MaskStep::Select:
      table.select(step.value, step.keep, step.number, step.element, step.node);
      break;
    case MaskStep::Scale:
      scale *= step.number;
      table.scale(step.number, step.element, step.node);
      break;
    }
  }
}

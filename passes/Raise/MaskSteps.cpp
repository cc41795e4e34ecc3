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

bool MaskSteps::match(NodeOp node, Value &next) {
  auto isKnown = [&](unsigned i) { return Constants::isConstant(node.getInput(i)); };
  auto looksLikeScores = [&](Value value) {
    auto inner = skipCasts(value).getDefiningOp<NodeOp>();
    return inner && (isProduct(inner) || inner.is("Mul") || inner.is("Div") || inner.is("Add") ||
                     inner.is("Where"));
  };
  MaskStep step = {MaskStep::Scale, {}, true, 1, node.getNodeName()};
  if (node.is("Mul") || node.is("Div")) {
    bool second = isKnown(1);
    if (!second && (node.is("Div") || !isKnown(0)))
      return false;
    auto factor = constants.getSplat(node.getInput(second ? 1 : 0));
    if (!factor || *factor == 0)
      return false;
    step.number = node.is("Div") ? 1 / *factor : *factor;
    next = node.getInput(second ? 0 : 1);
  } else if (node.is("Add")) {
    if (!isKnown(0) && !isKnown(1)) {
      if (isProduct(skipCasts(node.getInput(0)).getDefiningOp<NodeOp>()) ||
          isProduct(skipCasts(node.getInput(1)).getDefiningOp<NodeOp>()))
        refuse("the mask added by node '" + node.getNodeName() + "' is computed at run time");
      return false;
    }
    unsigned known = isKnown(1) ? 1 : 0;
    step.kind = MaskStep::Add;
    step.constant = node.getInput(known);
    next = node.getInput(1 - known);
  } else if (node.is("Where")) {
    auto first = constants.getSplat(node.getInput(1)), second = constants.getSplat(node.getInput(2));
    if (!first && !second)
      return false;
    next = node.getInput(first ? 2 : 1);
    if (!isKnown(0)) {
      if (looksLikeScores(next))
        refuse("the mask of node '" + node.getNodeName() + "' is computed at run time");
      return false;
    }
    step.kind = MaskStep::Select;
    step.constant = node.getInput(0);
    step.keep = !first;
    step.number = first ? *first : *second;
  } else {
    return false;
  }
  steps.push_back(step);
  return true;
}

bool MaskSteps::replay(MaskTable &table, double &scale) {
  for (const MaskStep &step : llvm::reverse(steps)) {
    if (step.kind == MaskStep::Scale) {
      if (step.number < 0 && table.isTouched())
        return refuse("node '" + step.node + "' turns the mask's sign");
      scale *= step.number;
      table.scale(step.number);
      continue;
    }
    DenseElementsAttr attr = constants.get(step.constant);
    if (!attr)
      return refuse("the mask of node '" + step.node + "' cannot be read: " + constants.error);
    bool follows = step.kind == MaskStep::Add ? table.add(attr)
                                              : table.select(attr, step.keep, step.number);
    if (!follows)
      return refuse("node '" + step.node + "': " + table.getReason());
  }
  return true;
}

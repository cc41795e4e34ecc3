//===- Chains.cpp - Chains of nodes that stand for one operator --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Products are matched as sets of factors, since every exporter multiplies in another order.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Chains.h"
#include "passes/Raise/NodeBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

namespace {
class ChainFinder {
public:
  explicit ChainFinder(Constants &constants) : constants(constants) {}

  /// The operand of an Erf- or Tanh-GELU whose last product is `node`, and which it is.
  Value findGelu(NodeOp node, bool &isTanh);
  /// (x - mean(x)) / sqrt(mean((x - mean(x))²) + eps) over the last axis, ending in a division.
  Value findNormalisation(NodeOp node, double &epsilon);

private:
  std::optional<double> number(Value value) { return constants.getSplat(value); }
  /// Flattens products: constants are multiplied up, other factors are listed.
  void collectFactors(Value value, double &constant, SmallVectorImpl<Value> &factors, int depth);
  /// `value` as x + constant.
  Value matchAdd(Value value, double &constant);
  /// `value` as constant · x (or x / constant).
  Value matchScaled(Value value, double &constant);
  /// Whether `value` is the mean of the result over the last axis, kept as an axis of one.
  Value matchMean(Value value);
  bool isTanhArgument(Value value, Value x);

  Constants &constants;
};
} // namespace

static bool isClose(double a, double b) { return std::abs(a - b) <= 1e-3 * std::abs(b); }

void ChainFinder::collectFactors(Value value, double &constant, SmallVectorImpl<Value> &factors,
                                 int depth) {
  if (auto known = number(value)) {
    constant *= *known;
    return;
  }
  auto node = definedBy(value, "Mul");
  if (node && depth < 3 && (depth == 0 || node->hasOneUse())) {
    collectFactors(node.getInput(0), constant, factors, depth + 1);
    collectFactors(node.getInput(1), constant, factors, depth + 1);
    return;
  }
  auto quotient = definedBy(value, "Div");
  if (quotient && depth < 3 && quotient->hasOneUse())
    if (auto known = number(quotient.getInput(1))) {
      constant /= *known;
      return collectFactors(quotient.getInput(0), constant, factors, depth + 1);
    }
  factors.push_back(value);
}

Value ChainFinder::matchAdd(Value value, double &constant) {
  auto node = definedBy(value, "Add");
  if (!node)
    return {};
  for (unsigned i : {0, 1})
    if (auto known = number(node.getInput(i))) {
      constant = *known;
      return node.getInput(1 - i);
    }
  return {};
}

Value ChainFinder::matchScaled(Value value, double &constant) {
  double factor = 1;
  SmallVector<Value> factors;
  auto node = value.getDefiningOp<NodeOp>();
  if (!node || !(node.is("Mul") || node.is("Div")))
    return {};
  if (auto known = number(node.getInput(1)))
    factor = node.is("Div") ? 1 / *known : *known, factors.push_back(node.getInput(0));
  else if (auto first = number(node.getInput(0)); first && node.is("Mul"))
    factor = *first, factors.push_back(node.getInput(1));
  else
    return {};
  constant = factor;
  return factors.front();
}

/// √(2/π) · (x + 0.044715 · x³)
bool ChainFinder::isTanhArgument(Value value, Value x) {
  double outer = 0, inner = 0;
  Value sum = matchScaled(value, outer);
  if (!sum || !isClose(outer, std::sqrt(2 / M_PI)))
    return false;
  auto add = definedBy(sum, "Add");
  if (!add)
    return false;
  Value cubic = add.getInput(0) == x   ? add.getInput(1)
                : add.getInput(1) == x ? add.getInput(0)
                                       : Value();
  if (!cubic)
    return false;
  inner = 1;
  SmallVector<Value> factors;
  collectFactors(cubic, inner, factors, 0);
  if (!isClose(inner, 0.044715))
    return false;
  if (factors.size() == 1)
    if (auto power = definedBy(factors.front(), "Pow"))
      return power.getInput(0) == x && number(power.getInput(1)) == 3.0;
  if (factors.size() == 2) // x · x² as Pow
    for (unsigned i : {0, 1})
      if (auto power = definedBy(factors[i], "Pow"))
        return factors[1 - i] == x && power.getInput(0) == x && number(power.getInput(1)) == 2.0;
  return factors.size() == 3 && llvm::all_of(factors, [&](Value f) { return f == x; });
}

Value ChainFinder::findGelu(NodeOp node, bool &isTanh) {
  if (!node.is("Mul"))
    return {};
  double constant = 1;
  SmallVector<Value> factors;
  collectFactors(node->getResult(0), constant, factors, 0);
  if (factors.size() != 2 || !isClose(constant, 0.5))
    return {};
  for (unsigned i : {0, 1}) {
    Value x = factors[i];
    double one = 0, scale = 0;
    Value bent = matchAdd(factors[1 - i], one);
    if (!bent || one != 1 || x.getType() != node->getResult(0).getType())
      continue;
    if (auto erf = definedBy(bent, "Erf"))
      if (matchScaled(erf.getInput(0), scale) == x && isClose(scale, M_SQRT1_2)) {
        isTanh = false;
        return x;
      }
    if (auto tanh = definedBy(bent, "Tanh"))
      if (isTanhArgument(tanh.getInput(0), x)) {
        isTanh = true;
        return x;
      }
  }
  return {};
}

Value ChainFinder::matchMean(Value value) {
  auto mean = definedBy(value, "ReduceMean");
  if (!mean || mean.getInt("keepdims", 1) != 1)
    return {};
  auto type = staticType(mean.getInput(0));
  std::optional<SmallVector<int64_t>> axes;
  if (auto given = mean.getInts("axes"))
    axes.emplace(*given);
  else if (Value input = mean.getInput(1))
    axes = constants.getIntegers(input);
  if (!type || !axes || axes->size() != 1 ||
      (axes->front() != -1 && axes->front() != type.getRank() - 1))
    return {};
  return mean.getInput(0);
}

Value ChainFinder::findNormalisation(NodeOp node, double &epsilon) {
  if (!node.is("Div"))
    return {};
  auto centred = definedBy(node.getInput(0), "Sub");
  auto root = definedBy(node.getInput(1), "Sqrt");
  if (!centred || !root || matchMean(centred.getInput(1)) != centred.getInput(0))
    return {};
  Value variance = matchAdd(root.getInput(0), epsilon);
  Value square = variance ? matchMean(variance) : Value();
  if (!square)
    return {};
  // Some exporters compute the difference twice.
  auto isCentred = [&](Value value) {
    auto other = definedBy(value, "Sub");
    return other && other.getInput(0) == centred.getInput(0) &&
           matchMean(other.getInput(1)) == centred.getInput(0);
  };
  if (auto power = definedBy(square, "Pow")) {
    if (!isCentred(power.getInput(0)) || number(power.getInput(1)) != 2.0)
      return {};
  } else if (auto product = definedBy(square, "Mul")) {
    if (!isCentred(product.getInput(0)) || product.getInput(0) != product.getInput(1))
      return {};
  } else {
    return {};
  }
  return centred.getInput(0);
}

/// `value`'s only reader if that is `name` with a vector of the last axis, which `vector` becomes.
static NodeOp readerWithVector(Value value, StringRef name, Value &vector) {
  if (!value.hasOneUse())
    return {};
  auto node = dyn_cast<NodeOp>(*value.user_begin());
  auto type = staticType(value);
  if (!node || !node.is(name) || !type || node->getResult(0).getType() != type)
    return {};
  vector = node.getInput(node.getInput(0) == value ? 1 : 0);
  auto shape = staticType(vector);
  if (!shape || !Constants::isConstant(vector) || shape.getRank() != 1 ||
      shape.getDimSize(0) != type.getShape().back())
    return {};
  return node;
}

static void replaceNormalisation(NodeOp div, Value x, double epsilon) {
  Value scale, bias;
  NodeOp last = div;
  if (NodeOp mul = readerWithVector(div->getResult(0), "Mul", scale))
    last = mul;
  if (last != div)
    if (NodeOp add = readerWithVector(last->getResult(0), "Add", bias))
      last = add;
  OpBuilder builder(last);
  NodeBuilder nodes(builder);
  Location loc = FusedLoc::get(builder.getContext(), {div.getLoc(), last.getLoc()});
  auto type = staticType(x);
  if (!scale) { // the operator wants one
    auto vector = RankedTensorType::get({type.getShape().back()}, type.getElementType());
    auto ones = DenseElementsAttr::get(
        vector, Attribute(FloatAttr::get(type.getElementType(), 1)));
    scale = arith::ConstantOp::create(builder, loc, ones);
  }
  SmallVector<Value> inputs = {x, scale};
  if (bias && last != div)
    inputs.push_back(bias);
  NamedAttribute attrs[] = {
      builder.getNamedAttr("axis", builder.getI64IntegerAttr(-1)),
      builder.getNamedAttr("epsilon", builder.getF32FloatAttr(float(epsilon)))};
  Value result = nodes.make(loc, "LayerNormalization", 17, type, inputs, attrs);
  last->getResult(0).replaceAllUsesWith(result);
}

void zorro::raise::recogniseChains(func::FuncOp function, Constants &constants) {
  ChainFinder finder(constants);
  SmallVector<NodeOp> nodes;
  function.walk([&](NodeOp node) { nodes.push_back(node); });
  for (NodeOp node : nodes) {
    bool isTanh = false;
    double epsilon = 0;
    if (Value x = finder.findGelu(node, isTanh)) {
      OpBuilder builder(node);
      StringAttr approximate = builder.getStringAttr(isTanh ? "tanh" : "none");
      Value gelu = NodeBuilder(builder).make(node.getLoc(), "Gelu", 20, x.getType(), x,
                                             builder.getNamedAttr("approximate", approximate));
      node->getResult(0).replaceAllUsesWith(gelu);
    } else if (Value y = finder.findNormalisation(node, epsilon)) {
      replaceNormalisation(node, y, epsilon);
    }
  }
}

//===- AttentionPattern.cpp - Attention as exporters write it -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The walk starts at the softmax: backwards over masks and scales to the product, which a stack of
// steps remembers in reverse, then forwards to the values.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/AttentionPattern.h"
#include "passes/Raise/Equation.h"
#include "passes/Raise/Raiser.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

bool AttentionPattern::refuse(const Twine &why) {
  if (reason.empty())
    reason = why.str();
  return false;
}

bool AttentionPattern::match() {
  if (matchScores() && matchProduct() && matchValues())
    return true;
  if (reason.empty() && stop != softmax && looksLikeAttention(softmax))
    refuse("node '" + stop.getNodeName() + "' (" + stop.getOpType() +
           ") on its scores is not understood");
  else if (reason.empty() && looksLikeAttention(softmax))
    refuse("its softmax is not one over keys alone");
  return false;
}

/// Whether `node` moves elements or changes each on its own.
static bool isLight(NodeOp node) {
  static const llvm::StringSet<> kLight = {
      "Abs",      "Add",   "Cast", "CastLike", "Clip",      "Concat", "Div",     "Dropout",
      "Exp",      "Expand", "Flatten", "Identity", "Log",  "Max",    "Min",     "Mul",
      "Neg",      "Pow",   "Relu", "Reshape",  "Sigmoid",   "Slice",  "Softplus", "Split",
      "Squeeze",  "Sub",   "Sum",  "Tanh",     "Transpose", "Unsqueeze", "Where"};
  return node.getDomain().empty() && kLight.contains(node.getOpType());
}

/// A product of two values, light nodes, `softmax`, light nodes, and a product again.
bool AttentionPattern::looksLikeAttention(NodeOp softmax) {
  constexpr unsigned kMaxNodes = 64;
  llvm::SetVector<Operation *> found;
  found.insert(softmax);
  bool behind = false, ahead = false;
  for (unsigned i = 0; i < found.size() && found.size() < kMaxNodes && !ahead; ++i)
    for (Operation *user : found[i]->getUsers()) {
      auto node = dyn_cast<NodeOp>(user);
      ahead |= isProduct(node);
      if (node && isLight(node))
        found.insert(node);
    }
  found.clear();
  found.insert(softmax);
  for (unsigned i = 0; i < found.size() && found.size() < kMaxNodes && ahead && !behind; ++i)
    for (Value input : found[i]->getOperands()) {
      auto node = input.getDefiningOp<NodeOp>();
      behind |= isScores(node);
      if (node && isLight(node))
        found.insert(node);
    }
  return ahead && behind;
}

//===----------------------------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------------------------===//

bool AttentionPattern::matchScores() {
  stop = softmax;
  RankedTensorType type = staticType(softmax->getResult(0));
  if (!type || type.getRank() < 2 || !isa<FloatType>(type.getElementType()))
    return false;
  int64_t axis = softmax.getInt("axis", softmax.getSinceVersion() < 13 ? 1 : -1);
  if (axis != -1 && axis != type.getRank() - 1)
    return false;
  Value value = softmax.getInput(0);
  while (true) {
    value = skipCasts(value);
    auto node = value.getDefiningOp<NodeOp>();
    if (isProduct(node)) {
      product = node;
      break;
    }
    if (node)
      stop = node;
    if (!node || !steps.match(node, value)) {
      // A mask over something else than a product is worth a word; a plain softmax is not.
      if (!steps.getReason().empty())
        refuse(steps.getReason());
      else if (steps.selects())
        refuse("no product of queries and keys under the mask");
      return false;
    }
    locations.push_back(node.getLoc());
  }
  if (staticType(product->getResult(0)) &&
      cast<ShapedType>(product->getResult(0).getType()).getShape() != type.getShape())
    return refuse("the mask broadcasts the scores");
  return true;
}

//===----------------------------------------------------------------------------------------===//
// Queries and keys
//===----------------------------------------------------------------------------------------===//


constexpr int64_t kRepeats = -1; // the operand is the same along this axis

/// Where each of `wanted` stands in `labels`; a leading one of them may not, and the operand repeats.
/// Empty where the two do not fit.
static SmallVector<int64_t> positions(StringRef labels, StringRef wanted, size_t leading = 0) {
  SmallVector<int64_t> perm;
  size_t found = 0;
  for (auto [i, label] : llvm::enumerate(wanted)) {
    size_t at = labels.find(label);
    if (at == StringRef::npos && i >= leading)
      return {};
    perm.push_back(at == StringRef::npos ? kRepeats : int64_t(at));
    found += at != StringRef::npos;
  }
  return found == labels.size() ? perm : SmallVector<int64_t>();
}

bool AttentionPattern::matchProduct() {
  auto a = staticType(product.getInput(0)), b = staticType(product.getInput(1));
  auto scores = staticType(product->getResult(0));
  if (!a || !b || !scores)
    return refuse("shapes are not static");
  if (product.is("MatMul")) {
    if (a.getRank() < 2 || b.getRank() < 2)
      return false;
    q = {product.getInput(0), identityPermutation(a.getRank())};
    k = {product.getInput(1), identityPermutation(b.getRank())};
    std::swap(k.perm[b.getRank() - 1], k.perm[b.getRank() - 2]);
  } else {
    auto equation = Equation::of(product);
    if (!equation || equation->output.size() < 2)
      return false;
    StringRef out = equation->output;
    char i = out[out.size() - 2], j = out.back();
    bool swapped = !StringRef(equation->inputs[0]).contains(i);
    StringRef left = equation->inputs[swapped ? 1 : 0], right = equation->inputs[swapped ? 0 : 1];
    std::string summed;
    for (char label : left)
      if (!out.contains(label))
        summed += label;
    std::string leading = out.drop_back(2).str();
    if (summed.size() != 1 || left.contains(j) || right.contains(i))
      return refuse("the equation of node '" + product.getNodeName() + "' is no product of rows");
    q = {product.getInput(swapped ? 1 : 0), positions(left, leading + i + summed, leading.size())};
    k = {product.getInput(swapped ? 0 : 1), positions(right, leading + j + summed, leading.size())};
    if (q.perm.empty() || k.perm.empty())
      return refuse("the equation of node '" + product.getNodeName() + "' is no product of rows");
  }
  // The softmax of a linear layer is not attention, unless there is a mask.
  if (Constants::isConstant(k.value) && !steps.selects())
    return false;
  auto type = cast<RankedTensorType>(product->getResult(0).getType());
  table.emplace(type, constants);
  steps.replay(*table, scale);
  peelScale(q.value);
  peelKeys();
  return true;
}

void AttentionPattern::peelScale(Value &value) {
  while (auto node = value.getDefiningOp<NodeOp>()) {
    if (node.is("Identity")) {
      value = node.getInput(0);
      continue;
    }
    if (!node.is("Mul") && !node.is("Div"))
      return;
    unsigned known = Constants::isConstant(node.getInput(1)) ? 1 : 0;
    if (known == 0 && (node.is("Div") || !Constants::isConstant(node.getInput(0))))
      return;
    auto factor = constants.getSplat(node.getInput(known));
    Value scaled = node.getInput(1 - known);
    if (!factor || *factor == 0 || scaled.getType() != node->getResult(0).getType())
      return;
    scale *= node.is("Div") ? 1 / *factor : *factor;
    locations.push_back(node.getLoc());
    value = scaled;
  }
}

/// Looks for the keys behind the transposition that makes columns of them.
void AttentionPattern::peelKeys() {
  peelScale(k.value);
  int64_t rank = k.perm.size();
  if (auto transpose = definedBy(k.value, "Transpose")) {
    SmallVector<int64_t> inner = permutationOf(transpose), perm;
    for (int64_t axis : k.perm)
      perm.push_back(axis == kRepeats ? kRepeats : inner[axis]);
    k = {transpose.getInput(0), perm};
    return peelScale(k.value);
  }
  // Reshape to three axes, transpose, reshape back: the older way to write a batched transpose.
  SmallVector<int64_t> swap = identityPermutation(rank);
  std::swap(swap[rank - 1], swap[rank - 2]);
  auto outer = definedBy(k.value, "Reshape");
  auto transpose = outer ? definedBy(outer.getInput(0), "Transpose") : NodeOp();
  auto inner = transpose ? definedBy(transpose.getInput(0), "Reshape") : NodeOp();
  if (!inner || k.perm != swap || permutationOf(transpose) != SmallVector<int64_t>({0, 2, 1}))
    return;
  auto from = staticType(inner.getInput(0)), to = staticType(k.value);
  auto flat = staticType(inner->getResult(0));
  if (!from || !flat || from.getRank() != rank || flat.getRank() != 3)
    return;
  SmallVector<int64_t> shape(from.getShape());
  std::swap(shape[rank - 1], shape[rank - 2]);
  if (to.getShape() != ArrayRef(shape) || flat.getDimSize(1) != from.getDimSize(rank - 2) ||
      flat.getDimSize(2) != from.getDimSize(rank - 1))
    return;
  k = {inner.getInput(0), identityPermutation(rank)};
  peelScale(k.value);
}

//===----------------------------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------------------------===//

/// False where something else asks for NaN.
bool AttentionPattern::matchRepair(Value weights, NodeOp &repair) {
  for (Operation *user : weights.getUsers()) {
    auto isNan = dyn_cast<NodeOp>(user);
    if (!isNan || !isNan.is("IsNaN") || !isNan->hasOneUse())
      continue;
    auto where = dyn_cast<NodeOp>(*isNan->user_begin());
    if (!where || !where.is("Where") || where.getInput(0) != isNan->getResult(0) ||
        where.getInput(2) != weights || constants.getSplat(where.getInput(1)) != 0.0 ||
        std::distance(weights.user_begin(), weights.user_end()) != 2)
      return refuse("node '" + isNan.getNodeName() + "' asks for NaN in an unknown way");
    repair = where;
  }
  return true;
}

/// Whether `node` sets weights to zero, or multiplies them by what may be zeros and ones.
bool AttentionPattern::matchZeroing(NodeOp node, Value weights) {
  if (node->getNumResults() != 1 || node->getResult(0).getType() != weights.getType())
    return false;
  if (node.is("Mul")) {
    table->zeroWeights(node.getInput(node.getInput(0) == weights ? 1 : 0), true, true,
                       node.getNodeName());
    return true;
  }
  if (!node.is("Where") || node.getInput(0) == weights)
    return false;
  unsigned at = node.getInput(1) == weights ? 1 : 2;
  if (constants.getSplat(node.getInput(3 - at)) != 0.0)
    return false;
  table->zeroWeights(node.getInput(0), at == 1, false, node.getNodeName());
  return true;
}

bool AttentionPattern::matchValues() {
  Value weights = softmax->getResult(0);
  locations.push_back(softmax.getLoc());
  NodeOp node;
  while (true) {
    // Where(IsNaN(p), 0, p)
    NodeOp repair;
    if (!matchRepair(weights, repair))
      return false;
    if (repair) {
      nanRows = NanRows::Zero;
      locations.push_back(repair.getLoc());
      weights = repair->getResult(0);
      continue;
    }
    if (!weights.hasOneUse())
      return refuse("its weights are used more than once");
    node = dyn_cast<NodeOp>(*weights.user_begin());
    if (!node)
      break;
    bool keeps = (node.is("Cast") || node.is("Identity") || node.is("Dropout")) &&
                 skipCasts(node->getResult(0)) != node->getResult(0);
    if (!keeps && !matchZeroing(node, weights))
      break;
    if (!keeps)
      locations.push_back(node.getLoc());
    weights = node->getResult(0);
  }
  if (!isProduct(node))
    return refuse("its weights do not multiply values");
  unsigned at = node.getInput(0) == weights ? 0 : 1;
  auto p = staticType(weights), x = staticType(node.getInput(1 - at));
  auto result = staticType(node->getResult(0));
  if (!x || !result)
    return refuse("shapes are not static");
  if (node.is("MatMul")) {
    if (at != 0 || x.getRank() < 2)
      return refuse("its weights do not multiply values from the left");
    v = {node.getInput(1), identityPermutation(x.getRank())};
    resultPerm = identityPermutation(result.getRank());
    if (result.getRank() != p.getRank())
      return refuse("the values have more axes than the weights");
  } else {
    auto equation = Equation::of(node);
    if (!equation)
      return refuse("the equation of node '" + node.getNodeName() + "' is not understood");
    StringRef left = equation->inputs[at], right = equation->inputs[1 - at];
    StringRef out = equation->output;
    char i = left[left.size() - 2], j = left.back();
    std::string leading = left.drop_back(2).str(), size;
    for (char label : right)
      if (!left.contains(label))
        size += label;
    if (size.size() != 1 || right.contains(i) || out.contains(j))
      return refuse("the equation of node '" + node.getNodeName() + "' is no product by values");
    v = {node.getInput(1 - at), positions(right, leading + j + size, leading.size())};
    resultPerm = positions(leading + i + size, out);
    if (v.perm.empty() || resultPerm.empty())
      return refuse("the equation of node '" + node.getNodeName() + "' is no product by values");
  }
  Type element = getElementTypeOrSelf(q.value);
  for (Value value : {k.value, v.value, Value(node->getResult(0))})
    if (getElementTypeOrSelf(value) != element)
      return refuse("queries, keys and values have different types");
  if (element.getIntOrFloatBitWidth() > 32)
    return refuse("its elements are of type f64");
  locations.push_back(product.getLoc());
  locations.push_back(node.getLoc());
  last = node;
  return true;
}

//===----------------------------------------------------------------------------------------===//
// Replacement
//===----------------------------------------------------------------------------------------===//

/// [batch, heads] of any number of leading axes; a single one is the batch only where `batched`.
static SmallVector<int64_t> batchAndHeads(ArrayRef<int64_t> leading, bool batched) {
  batched = !leading.empty() && (batched || leading.size() > 1);
  int64_t heads = 1;
  for (int64_t size : leading.drop_front(batched ? 1 : 0))
    heads *= size;
  return {batched ? leading.front() : 1, heads};
}

Value AttentionPattern::toHeads(NodeBuilder &nodes, Location loc, const Operand &operand,
                                ArrayRef<int64_t> leading) {
  SmallVector<int64_t> perm(operand.perm), ones;
  llvm::erase(perm, kRepeats);
  Value value = nodes.transpose(loc, operand.value, perm);
  for (size_t i = 0, axis = 0; i < operand.perm.size(); ++i)
    ones.push_back(operand.perm[i] == kRepeats ? 1 : staticType(value).getDimSize(axis++));
  value = nodes.reshape(loc, value, ones);
  SmallVector<int64_t> shape(leading), tail;
  tail.assign(staticType(value).getShape().take_back(2).begin(),
              staticType(value).getShape().end());
  shape.append(tail);
  if (staticType(value).getShape().drop_back(2) != leading)
    value = nodes.expand(loc, value, shape);
  shape = batchAndHeads(leading, table->isBatched());
  shape.append(tail);
  return nodes.reshape(loc, value, shape);
}

void AttentionPattern::replace(OpBuilder &builder, MaskAttr mask) {
  builder.setInsertionPoint(last);
  NodeBuilder nodes(builder);
  // The product first: a reader of a trace finds the node that starts the attention.
  llvm::SmallVector<Location> parts = {product.getLoc(), softmax.getLoc(), last.getLoc()};
  Location loc = FusedLoc::get(builder.getContext(), parts);
  auto scores = cast<RankedTensorType>(product->getResult(0).getType());
  ArrayRef<int64_t> leading = scores.getShape().drop_back(2);
  // Narrower floats are computed with as f32.
  auto operand = [&](const Operand &of) {
    return nodes.convert(loc, toHeads(nodes, loc, of, leading), builder.getF32Type());
  };
  Value padding = table->makePadding(nodes, loc);
  Value queries = operand(q), keys = operand(k), values = operand(v);
  SmallVector<int64_t> shape(staticType(queries).getShape());
  shape.back() = staticType(values).getShape().back();
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  Value result = AttentionOp::create(builder, loc, type, queries, keys, values, padding, mask,
                                     builder.getF32FloatAttr(float(scale)));
  SmallVector<int64_t> wide(leading);
  wide.append(shape.end() - 2, shape.end());
  result = nodes.convert(loc, result, getElementTypeOrSelf(last->getResult(0)));
  result = nodes.reshape(loc, result, wide);
  result = nodes.transpose(loc, result, resultPerm);
  last->getResult(0).replaceAllUsesWith(result);
}

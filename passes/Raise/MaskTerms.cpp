//===- MaskTerms.cpp - What of a mask is known at run time only -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The walk goes from the mask towards the inputs, as long as nodes keep every key where it is, and
// stops as deep as it can: what lies above a term may hold constants that belong into the table.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskTerms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cmath>
#include <set>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

constexpr size_t kMaxNumbers = 4;
constexpr int64_t kMaxChoices = 16;
/// Constants whose numbers are listed.
constexpr int64_t kMaxListed = 1 << 16;

bool MaskTerms::refuse(const Twine &why) {
  reason = why.str();
  return false;
}

//===----------------------------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------------------------===//

static bool insert(SmallVectorImpl<double> &numbers, double number) {
  for (double known : numbers)
    if (known == number || (known != known && number != number))
      return true;
  numbers.push_back(number);
  return numbers.size() <= kMaxNumbers;
}

/// The numbers that the elements of `value` may be, if they are few.
std::optional<SmallVector<double>> MaskTerms::numbersOf(Value value) {
  RankedTensorType type = staticType(value);
  auto number = type ? NumberType::of(type.getElementType()) : std::nullopt;
  if (!number)
    return std::nullopt;
  SmallVector<double> numbers;
  if (rows.isConstant(value)) {
    if (auto splat = rows.getSplat(value))
      return SmallVector<double>{*splat};
    if (type.getNumElements() <= kMaxListed && type.getNumElements() > 0) {
      int64_t rank = type.getRank(), width = rank ? type.getShape().back() : 1;
      SmallVector<int64_t> index(rank, 0);
      for (int64_t i = 0; i < type.getNumElements(); i += width) {
        int64_t rest = i / width;
        for (int64_t axis = rank - 1; axis-- > 0; rest /= type.getDimSize(axis))
          index[axis] = rest % type.getDimSize(axis);
        RunsPtr row = rows.read(value, index, rank - 1);
        if (!row)
          return std::nullopt;
        for (const Run &run : row->list())
          if (run.step != 0 || !insert(numbers, run.value))
            return std::nullopt;
      }
      return numbers;
    }
  }
  auto node = value.getDefiningOp<NodeOp>();
  auto unite = [&](ValueRange values) {
    for (Value operand : values) {
      auto of = numbersOf(operand);
      if (!of)
        return false;
      for (double one : *of)
        if (!insert(numbers, one))
          return false;
    }
    return true;
  };
  std::optional<SmallVector<double>> found;
  if (auto op = MaskRows::elementOpOf(node)) {
    unsigned operands = node.is("CastLike") ? 1 : node.getInputs().size();
    SmallVector<SmallVector<double>> sets;
    for (unsigned i = 0; i < operands && operands <= 3; ++i) {
      auto of = numbersOf(node.getInput(i));
      if (!of)
        break;
      sets.push_back(*of);
    }
    auto from =
        NumberType::of(getElementTypeOrSelf(node.getInput(*op == ElementOp::Where ? 1 : 0)));
    bool known = sets.size() == operands && from && (operands < 3 || *op == ElementOp::Where);
    sets.resize(3, {0});
    for (double a : sets[0])
      for (double b : sets[1])
        for (double c : sets[2]) {
          double x[3] = {a, b, c}, result = 0;
          known = known && apply(*op, x, *from, *number, result) && insert(numbers, result);
        }
    if (known)
      found = numbers;
  } else if (node && node.is("Concat")) {
    if (unite(node.getInputs()))
      found = numbers;
  } else if (node && (node.is("Identity") || node.is("Expand") || node.is("Tile") ||
                      node.is("Reshape") || node.is("Unsqueeze") || node.is("Squeeze") ||
                      node.is("Flatten") || node.is("Transpose") || node.is("Slice") ||
                      node.is("Gather") || node.is("GatherElements") || node.is("GatherND") ||
                      node.is("Split"))) {
    if (unite(node.getInput(0)))
      found = numbers;
  } else if (node && (node.is("Trilu") || (node.is("Pad") && !node.getInput(2)))) {
    if (unite(node.getInput(0)) && insert(numbers, 0))
      found = numbers;
  } else if (node && node.is("Pad")) {
    if (unite({node.getInput(0), node.getInput(2)}))
      found = numbers;
  } else if (node && (node.is("ScatterND") || node.is("ScatterElements")) &&
             node.getString("reduction", "none") == "none") {
    if (unite({node.getInput(0), node.getInput(2)}))
      found = numbers;
  }
  if (found)
    return found;
  if (number->kind == NumberType::Bool)
    return SmallVector<double>{0, 1};
  auto argument = dyn_cast<BlockArgument>(value);
  if (assumes && argument && !number->isFloat()) {
    auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto name = function ? function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kNameAttr)
                         : StringAttr();
    std::string text = "input '" +
                       (name ? name.str() : "input" + std::to_string(argument.getArgNumber())) +
                       "' holds 0 and 1 only";
    if (!llvm::is_contained(assumptions, text))
      assumptions.push_back(text);
    return SmallVector<double>{0, 1};
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------------------------===//
// Terms
//===----------------------------------------------------------------------------------------===//

bool MaskTerms::find(Value mask) {
  auto type = staticType(mask);
  size_t rank = scores.size();
  if (!type || type.getRank() > int64_t(rank))
    return refuse("it does not broadcast to the scores");
  Roles roles(rank, Role::Head);
  roles[rank - 1] = Role::Key;
  roles[rank - 2] = Role::Query;
  if (rank > 2)
    roles[0] = Role::Batch;
  roles.erase(roles.begin(), roles.begin() + (rank - type.getRank()));
  size_t known = terms.size();
  for (bool assume : {false, true}) {
    assumes = assume;
    if (descend(mask, roles))
      return countChoices() <= kMaxChoices ||
             refuse("it depends on " + Twine(terms.size()) + " values known at run time only");
    terms.truncate(known);
  }
  return false;
}

/// Makes `value` a term.
bool MaskTerms::take(Value value, const Roles &roles) {
  for (const MaskTerm &term : terms)
    if (term.value == value)
      return true;
  RankedTensorType type = staticType(value);
  MaskTerm term;
  term.value = value;
  for (auto [axis, role] : llvm::enumerate(roles)) {
    if (type.getDimSize(axis) == 1)
      continue;
    if (role != Role::Batch && role != Role::Key)
      return refuse(Twine("it varies over ") + (role == Role::Query ? "queries" : "heads") +
                    " at run time");
    int64_t &own = role == Role::Batch ? term.batchAxis : term.keyAxis;
    if (own >= 0)
      return refuse("it varies over two axes that become one");
    own = int64_t(axis);
  }
  auto numbers = numbersOf(value);
  if (!numbers)
    return refuse("its numbers are computed at run time");
  term.numbers = *numbers;
  terms.push_back(term);
  return true;
}

bool MaskTerms::descend(Value value, const Roles &roles) {
  if (rows.isConstant(value))
    return true;
  if (!staticType(value))
    return refuse("its shape is not static");
  size_t known = terms.size();
  if (auto node = value.getDefiningOp<NodeOp>(); node && descendInto(node, roles))
    return true;
  std::string deeper = reason;
  terms.truncate(known);
  if (take(value, roles))
    return true;
  // What is wrong with the deepest value says most, unless it only ends there.
  if (!deeper.empty() && deeper.find("computed") == std::string::npos)
    reason = deeper;
  return false;
}

/// Goes on with the operands of a node that keeps every key where it is.
bool MaskTerms::descendInto(NodeOp node, const Roles &roles) {
  RankedTensorType type = staticType(node->getResult(0));
  if (MaskRows::elementOpOf(node)) {
    unsigned operands = node.is("CastLike") ? 1 : node.getInputs().size(), open = 0;
    for (unsigned i = 0; i < operands; ++i)
      open += !rows.isConstant(node.getInput(i));
    // Several terms that meet before they meet a query are one: less to choose from.
    bool narrow = true;
    for (auto [axis, role] : llvm::enumerate(roles))
      narrow &= type.getDimSize(axis) == 1 || role == Role::Batch || role == Role::Key;
    if (open > 1 && narrow && open == operands && numbersOf(node->getResult(0)))
      return false;
    for (unsigned i = 0; i < operands; ++i) {
      RankedTensorType of = staticType(node.getInput(i));
      if (!of || of.getRank() > type.getRank())
        return refuse("its shape is not static");
      Roles own(roles.end() - of.getRank(), roles.end());
      if (!descend(node.getInput(i), own))
        return false;
    }
    return true;
  }
  RankedTensorType from =
      node.getInputs().empty() ? RankedTensorType() : staticType(node.getInput(0));
  if (!from)
    return false;
  Roles own;
  if (node.is("Identity")) {
    own = roles;
  } else if (node.is("Expand")) {
    if (from.getRank() > type.getRank())
      return false;
    own.assign(roles.end() - from.getRank(), roles.end());
  } else if (node.is("Transpose")) {
    SmallVector<int64_t> perm = permutationOf(node);
    own.resize(from.getRank());
    for (auto [axis, source] : llvm::enumerate(perm))
      own[source] = roles[axis];
  } else if (node.is("Reshape") || node.is("Unsqueeze") || node.is("Squeeze") ||
             node.is("Flatten")) {
    // Only where axes of size 1 come and go, or batch and heads become one axis or two.
    own.assign(from.getRank(), Role::Head);
    int64_t at = 0, rank = type.getRank();
    for (int64_t axis = 0; axis < from.getRank(); ++axis) {
      if (from.getDimSize(axis) == 1)
        continue;
      while (at < rank && type.getDimSize(at) == 1)
        ++at;
      if (at == rank)
        return false;
      int64_t size = from.getDimSize(axis), wanted = type.getDimSize(at);
      if (wanted == size) {
        own[axis] = roles[at++];
      } else if (roles[at] == Role::Batch && at + 1 < rank && roles[at + 1] == Role::Head &&
                 wanted * type.getDimSize(at + 1) == size) {
        own[axis] = Role::BatchHead;
        at += 2;
      } else if (roles[at] == Role::BatchHead && axis + 1 < from.getRank() && size == scores[0] &&
                 from.getDimSize(axis + 1) == scores[1] && scores[0] * scores[1] == wanted) {
        own[axis++] = Role::Batch; // the axis behind it is that of heads
        ++at;
      } else {
        return false;
      }
    }
    while (at < rank && type.getDimSize(at) == 1)
      ++at;
    if (at != rank)
      return false;
  } else {
    return false;
  }
  return descend(node.getInput(0), own);
}

int64_t MaskTerms::countChoices() const {
  int64_t choices = 1;
  for (const MaskTerm &term : terms)
    choices = std::min<int64_t>(choices * int64_t(term.numbers.size()), 1 << 20);
  return choices;
}

double MaskTerms::numberOf(int64_t choice, size_t term) const {
  for (size_t i = 0; i < term; ++i)
    choice /= int64_t(terms[i].numbers.size());
  return terms[term].numbers[choice % int64_t(terms[term].numbers.size())];
}

//===----------------------------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------------------------===//

/// A term as [batch or 1, keys or 1].
Value MaskTerms::toKeys(NodeBuilder &nodes, Location loc, const MaskTerm &term) const {
  RankedTensorType type = staticType(term.value);
  Value value = term.value;
  if (term.batchAxis > term.keyAxis && term.keyAxis >= 0) {
    SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
    std::swap(perm[term.batchAxis], perm[term.keyAxis]);
    value = nodes.transpose(loc, value, perm);
  }
  return nodes.reshape(loc, value,
                       {term.batchAxis < 0 ? 1 : type.getDimSize(term.batchAxis),
                        term.keyAxis < 0 ? 1 : type.getDimSize(term.keyAxis)});
}

namespace {
/// Logic on tensors that broadcast to [batch or 1, keys]; null stands for true everywhere.
struct Logic {
  NodeBuilder &nodes;
  Location loc;

  RankedTensorType join(Value a, Value b) const {
    auto left = staticType(a).getShape(), right = staticType(b).getShape();
    return RankedTensorType::get({std::max(left[0], right[0]), std::max(left[1], right[1])},
                                 nodes.builder.getI1Type());
  }
  Value both(Value a, Value b) const {
    return !a ? b : !b ? a : nodes.make(loc, "And", 7, join(a, b), {a, b});
  }
  Value either(Value a, Value b) const { return nodes.make(loc, "Or", 7, join(a, b), {a, b}); }
  Value isNot(Value a) const { return nodes.make(loc, "Not", 1, a.getType(), a); }
  Value equals(Value a, double number) const {
    Type element = staticType(a).getElementType();
    if (element.isInteger(1))
      return number != 0 ? a : isNot(a);
    auto type = RankedTensorType::get(staticType(a).getShape(), nodes.builder.getI1Type());
    if (isa<FloatType>(element))
      return nodes.make(loc, "Equal", 13, type, {a, nodes.scalar(loc, element, number)});
    auto scalar = RankedTensorType::get({}, element);
    Value constant = arith::ConstantOp::create(
        nodes.builder, loc,
        DenseElementsAttr::get(scalar, APInt(element.getIntOrFloatBitWidth(), int64_t(number),
                                             /*isSigned=*/true)));
    return nodes.make(loc, "Equal", 13, type, {a, constant});
  }
  /// A constant vector over keys; null where all of it is true.
  Value keys(ArrayRef<uint8_t> kept) const {
    if (!llvm::is_contained(kept, 0))
      return {};
    SmallVector<bool> bools(kept.begin(), kept.end());
    auto type = RankedTensorType::get({1, int64_t(kept.size())}, nodes.builder.getI1Type());
    return arith::ConstantOp::create(nodes.builder, loc, DenseElementsAttr::get(type, bools));
  }
};
} // namespace

/// What does not matter becomes what the rest is, so that fewer vectors are needed.
static void settle(std::vector<uint8_t> &kept) {
  bool some = llvm::is_contained(kept, 1), none = llvm::is_contained(kept, 0);
  for (uint8_t &one : kept)
    if (one == 2)
      one = some || !none;
}

Value MaskTerms::makeKeep(NodeBuilder &nodes, Location loc,
                          ArrayRef<std::vector<uint8_t>> kept) const {
  Logic logic = {nodes, loc};
  int64_t keys = scores.back();
  // Whether the terms decide on their own: kept = AND over terms of what their number keeps.
  SmallVector<SmallVector<std::vector<uint8_t>>> own(terms.size());
  for (auto [t, term] : llvm::enumerate(terms))
    own[t].assign(term.numbers.size(), std::vector<uint8_t>(keys, 2));
  auto digit = [&](int64_t choice, size_t term) {
    for (size_t i = 0; i < term; ++i)
      choice /= int64_t(terms[i].numbers.size());
    return size_t(choice % int64_t(terms[term].numbers.size()));
  };
  for (auto [choice, row] : llvm::enumerate(kept))
    for (size_t t = 0; t < terms.size(); ++t)
      for (int64_t k = 0; k < keys; ++k) {
        uint8_t &one = own[t][digit(choice, t)][k];
        if (row[k] != 2)
          one = one == 2 ? row[k] : uint8_t(one | row[k]);
      }
  for (auto &numbers : own)
    for (auto &row : numbers)
      settle(row);
  bool apart = true;
  for (auto [choice, row] : llvm::enumerate(kept))
    for (int64_t k = 0; k < keys && apart; ++k) {
      uint8_t all = 1;
      for (size_t t = 0; t < terms.size(); ++t)
        all &= own[t][digit(choice, t)][k];
      apart = row[k] == 2 || row[k] == all;
    }
  Value result;
  SmallVector<Value> values;
  for (const MaskTerm &term : terms)
    values.push_back(toKeys(nodes, loc, term));
  auto anyOf = [&](ArrayRef<Value> parts) {
    Value any;
    for (Value part : parts)
      any = any ? logic.either(any, part) : part;
    return any;
  };
  if (apart) {
    for (auto [t, term] : llvm::enumerate(terms)) {
      if (llvm::none_of(own[t], [](const auto &row) { return llvm::is_contained(row, 0); }))
        continue; // it keeps all, whatever it is
      SmallVector<Value> parts;
      for (auto [n, number] : llvm::enumerate(term.numbers))
        if (llvm::is_contained(own[t][n], 1))
          parts.push_back(logic.both(logic.equals(values[t], number), logic.keys(own[t][n])));
      if (!parts.empty())
        result = logic.both(result, anyOf(parts));
    }
  } else {
    SmallVector<Value> parts;
    for (auto [choice, row] : llvm::enumerate(kept)) {
      std::vector<uint8_t> settled = row;
      settle(settled);
      if (!llvm::is_contained(settled, 1))
        continue;
      Value part = logic.keys(settled);
      for (size_t t = 0; t < terms.size(); ++t)
        part = logic.both(part, logic.equals(values[t], numberOf(choice, t)));
      parts.push_back(part);
    }
    result = anyOf(parts);
  }
  if (!result)
    return {};
  int64_t batch = staticType(result).getDimSize(0);
  return nodes.expand(loc, result, {batch, keys});
}

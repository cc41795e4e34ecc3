//===- MaskRows.cpp - Tensors evaluated row by row --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Each value keeps the last row that was asked of it, with the indices that matter: an operand that
// does not change from row to row is evaluated once.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskRows.h"
#include "passes/Raise/NodeBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

std::nullptr_t MaskRows::refuse(const Twine &why) {
  if (reason.empty())
    reason = why.str();
  return nullptr;
}

std::optional<ElementOp> MaskRows::elementOpOf(NodeOp node) {
  static const llvm::StringMap<ElementOp> ops = {
      {"Add", ElementOp::Add},
      {"Sum", ElementOp::Add},
      {"Sub", ElementOp::Sub},
      {"Mul", ElementOp::Mul},
      {"Div", ElementOp::Div},
      {"Min", ElementOp::Min},
      {"Max", ElementOp::Max},
      {"And", ElementOp::BitAnd},
      {"Or", ElementOp::BitOr},
      {"Xor", ElementOp::BitXor},
      {"BitwiseAnd", ElementOp::BitAnd},
      {"BitwiseOr", ElementOp::BitOr},
      {"BitwiseXor", ElementOp::BitXor},
      {"BitwiseNot", ElementOp::BitNot},
      {"Not", ElementOp::Not},
      {"Equal", ElementOp::Equal},
      {"Less", ElementOp::Less},
      {"LessOrEqual", ElementOp::LessOrEqual},
      {"Greater", ElementOp::Greater},
      {"GreaterOrEqual", ElementOp::GreaterOrEqual},
      {"Neg", ElementOp::Neg},
      {"Abs", ElementOp::Abs},
      {"Floor", ElementOp::Floor},
      {"Ceil", ElementOp::Ceil},
      {"Sign", ElementOp::Sign},
      {"IsNaN", ElementOp::IsNaN},
      {"Cast", ElementOp::Cast},
      {"CastLike", ElementOp::Cast},
      {"Where", ElementOp::Where}};
  if (!node || !node.getDomain().empty() || node->getNumResults() != 1)
    return std::nullopt;
  if (node.is("Mod"))
    return node.getInt("fmod", 0) ? ElementOp::FMod : ElementOp::Mod;
  if (node.is("IsInf") && node.getInt("detect_negative", 1) && node.getInt("detect_positive", 1))
    return ElementOp::IsInf;
  auto found = ops.find(node.getOpType());
  // Versions that broadcast by an attribute mean something else.
  if (found == ops.end() || node.getNodeAttr("broadcast") || node.getNodeAttr("axis") ||
      node.getNodeAttr("consumed_inputs"))
    return std::nullopt;
  return found->second;
}

bool MaskRows::reads(NodeOp node) {
  static const llvm::StringSet<> moves = {
      "Identity",  "Expand",          "Tile",     "Reshape", "Unsqueeze",      "Squeeze",
      "Flatten",   "Transpose",       "Slice",    "Gather",  "GatherElements", "GatherND",
      "Concat",    "Split",           "Pad",      "Trilu",   "Range",          "EyeLike",
      "ScatterND", "ConstantOfShape", "CumSum",   "OneHot",  "ScatterElements", "MatMul"};
  return node && node.getDomain().empty() &&
         (elementOpOf(node) || moves.contains(node.getOpType()));
}

//===----------------------------------------------------------------------------------------===//
// What is known
//===----------------------------------------------------------------------------------------===//

void MaskRows::bind(Value value, double number) {
  auto [found, isNew] = bound.try_emplace(value, number);
  found->second = number;
  ++epoch;
  if (!isNew)
    return;
  // What was not known may be now.
  forgetOpen();
}

void MaskRows::unbind() {
  if (bound.empty())
    return;
  bound.clear();
  ++epoch;
  forgetOpen();
}

void MaskRows::forgetOpen() {
  SmallVector<Value> open;
  for (auto &[value, info] : infos)
    if (!info->constant)
      open.push_back(value);
  for (Value value : open)
    infos.erase(value);
}

const MaskRows::Info &MaskRows::infoOf(Value value) {
  auto found = infos.find(value);
  if (found != infos.end())
    return *found->second;
  auto info = std::make_unique<Info>();
  describe(value, *info);
  return *(infos[value] = std::move(info));
}

void MaskRows::describe(Value value, Info &info) {
  info.type = staticType(value);
  auto number = info.type ? NumberType::of(info.type.getElementType()) : std::nullopt;
  if (!number) {
    info.why = "a value of another kind than numbers of static shape";
    return;
  }
  info.number = *number;
  for (int64_t size : info.type.getShape())
    info.varying.push_back(size != 1);
  if (bound.count(value)) {
    info.known = true;
    llvm::fill(info.varying, false);
    return;
  }
  if (Constants::isConstant(value)) {
    info.known = info.constant = true;
    auto constant = value.getDefiningOp<arith::ConstantOp>();
    auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
    if (constant && !dense) {
      info.known = info.constant = false;
      info.why = "a constant of another kind than numbers";
    } else if (dense && dense.isSplat()) {
      llvm::fill(info.varying, false);
    }
    return;
  }
  auto node = value.getDefiningOp<NodeOp>();
  if (!node) {
    info.why = "a value that is known at run time only";
    return;
  }
  if (!reads(node)) {
    info.why = "node '" + node.getNodeName() + "' (" + node.getOpType().str() + ")";
    return;
  }
  // All operands first, then what is particular to the operator.
  info.constant = true;
  for (Value operand : node.getInputs()) {
    const Info &of = infoOf(operand);
    info.constant &= of.constant;
    if (!of.known) {
      info.why = of.why;
      info.constant = false;
      return;
    }
  }
  info.known = describeNode(node, cast<OpResult>(value).getResultNumber(), info);
  if (!info.known) {
    info.constant = false;
    if (info.why.empty())
      info.why = "node '" + node.getNodeName() + "' (" + node.getOpType().str() + ")";
  }
}

bool MaskRows::describeNode(NodeOp node, unsigned result, Info &info) {
  if (!elementOpOf(node))
    return describeMove(node, result, info);
  int64_t rank = info.type.getRank();
  llvm::fill(info.varying, false);
  unsigned operands = node.is("CastLike") ? 1 : node.getInputs().size();
  if (node.getInputs().size() != node.getInputCount() || operands == 0)
    return false;
  Type element;
  for (unsigned i = 0; i < operands; ++i) {
    const Info &of = infoOf(node.getInput(i));
    int64_t lead = rank - of.type.getRank();
    if (lead < 0)
      return false;
    if (!(node.is("Where") && i == 0)) {
      if (element && element != of.type.getElementType())
        return false;
      element = of.type.getElementType();
    }
    for (int64_t axis = 0; axis < of.type.getRank(); ++axis) {
      int64_t size = of.type.getDimSize(axis);
      if (size != 1 && size != info.type.getDimSize(axis + lead))
        return false;
      if (of.varying[axis])
        info.varying[axis + lead] = true;
    }
  }
  return true;
}

bool MaskRows::isKnown(Value value) {
  const Info &info = infoOf(value);
  if (!info.known)
    reason = info.why;
  return info.known;
}

bool MaskRows::isConstant(Value value) { return infoOf(value).constant; }

ArrayRef<bool> MaskRows::getVarying(Value value) { return infoOf(value).varying; }

std::optional<SmallVector<int64_t>> MaskRows::integersOf(Value value) {
  if (auto known = constants.getIntegers(value))
    return known;
  return std::nullopt;
}

std::optional<double> MaskRows::getSplat(Value value) {
  if (!isKnown(value) || llvm::is_contained(getVarying(value), true))
    return std::nullopt;
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getNumElements() == 0)
    return std::nullopt;
  return element(value, SmallVector<int64_t>(type.getRank(), 0));
}

//===----------------------------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------------------------===//

RunsPtr MaskRows::read(Value value, ArrayRef<int64_t> index, int64_t axis) {
  const Info &info = infoOf(value);
  if (!info.known)
    return refuse(info.why);
  int64_t rank = info.type.getRank();
  if (axis < 0 && rank > 0) {
    auto number = element(value, index);
    return number ? std::make_shared<const Runs>(1, *number) : nullptr;
  }
  SmallVector<int64_t> at(index);
  for (int64_t i = 0; i < rank; ++i)
    if (i == axis || !info.varying[i])
      at[i] = 0;
  Memo &memo = memos[{value, axis}];
  if (memo.runs && memo.index == at && (info.constant || memo.epoch == epoch))
    return memo.runs;
  RunsPtr runs;
  if (auto number = bound.find(value); number != bound.end())
    runs = std::make_shared<const Runs>(axis < 0 ? 1 : info.type.getDimSize(axis), number->second);
  else
    runs = compute(value, at, axis);
  if (!runs)
    return nullptr;
  // The map may have grown meanwhile.
  Memo &kept = memos[{value, axis}];
  kept.index = at;
  kept.runs = runs;
  kept.epoch = epoch;
  return runs;
}

std::optional<double> MaskRows::element(Value value, ArrayRef<int64_t> index) {
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  RunsPtr runs = read(value, index, rank - 1);
  if (!runs || runs->size() == 0)
    return std::nullopt;
  return runs->at(rank == 0 ? 0 : index[rank - 1]);
}

RunsPtr MaskRows::compute(Value value, ArrayRef<int64_t> index, int64_t axis) {
  const Info &info = infoOf(value);
  if (Constants::isConstant(value)) {
    auto &leaf = leaves[value];
    if (!leaf)
      leaf = std::make_unique<MaskLeaf>(value, info.number, constants);
    auto runs = std::make_shared<Runs>();
    int64_t base = 0, stride = 1, span = 1, count = axis < 0 ? 1 : info.type.getDimSize(axis);
    for (int64_t i = info.type.getRank(); i-- > 0;) {
      base += index[i] * span;
      if (i == axis)
        stride = span;
      span *= info.type.getDimSize(i);
    }
    if (!leaf->read(base, stride, count, *runs))
      return refuse(leaf->getReason());
    return runs;
  }
  auto node = value.getDefiningOp<NodeOp>();
  if (auto op = elementOpOf(node))
    return computeElements(node, *op, info, index, axis);
  return computeMove(node, cast<OpResult>(value).getResultNumber(), info, index, axis);
}

/// Row `axis` of `value` as it is repeated to `rank` axes.
RunsPtr MaskRows::readBroadcast(Value value, int64_t rank, ArrayRef<int64_t> index, int64_t axis) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t lead = rank - type.getRank(), own = axis - lead;
  SmallVector<int64_t> at;
  for (int64_t i = 0; i < type.getRank(); ++i)
    at.push_back(type.getDimSize(i) == 1 ? 0 : index[i + lead]);
  return read(value, at, own < 0 || type.getDimSize(own) == 1 ? -1 : own);
}

RunsPtr MaskRows::computeElements(NodeOp node, ElementOp op, const Info &info,
                                  ArrayRef<int64_t> index, int64_t axis) {
  unsigned operands = node.is("CastLike") ? 1 : node.getInputs().size();
  SmallVector<RunsPtr> rows;
  for (unsigned i = 0; i < operands; ++i) {
    rows.push_back(readBroadcast(node.getInput(i), info.type.getRank(), index, axis));
    if (!rows.back())
      return nullptr;
  }
  // Variadic operators may have a single operand.
  if (operands == 1 && (node.is("Min") || node.is("Max") || node.is("Sum")))
    return rows[0];
  NumberType from = infoOf(node.getInput(op == ElementOp::Where ? 1 : 0)).number;
  NumberType to = info.number;
  auto fail = [&] {
    return refuse("node '" + node.getNodeName() + "' (" + node.getOpType() +
                  ") gives numbers that are not exact");
  };
  auto out = std::make_shared<Runs>();
  if (operands <= 2 || op == ElementOp::Where) {
    SmallVector<const Runs *> list;
    for (const RunsPtr &row : rows)
      list.push_back(row.get());
    if (!combine(op, list, from, to, *out))
      return fail();
  } else {
    RunsPtr sum = rows[0];
    for (const RunsPtr &row : llvm::drop_begin(rows)) {
      auto next = std::make_shared<Runs>();
      if (!combine(op, {sum.get(), row.get()}, from, to, *next))
        return fail();
      sum = next;
    }
    return sum;
  }
  return out;
}

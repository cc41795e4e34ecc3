//===- FusedOperators.cpp - Operators that ONNX Runtime's optimiser writes --------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Finding the row, and what all expansions build with.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FusedOperators.h"

#include "dialects/Onnx/Import/ShapeInference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

// Expansions are written in the operators of this opset.
constexpr int64_t kOpset = 23;

bool Expansion::refuse(const Twine &why) {
  if (reason.empty())
    reason = why.str();
  return false;
}

void Expansion::give(unsigned i, Value value) {
  if (!value)
    refuse("on operands that do not fit together");
  else if (i < node->getNumResults())
    results.push_back({i, value});
}

Value Expansion::make(StringRef name, ValueRange inputs, ArrayRef<NamedAttribute> attrs) {
  if (llvm::is_contained(inputs, Value()))
    return {};
  Type unknown = onnx::UnknownType::get(node.getContext());
  Value result =
      nodes.make(loc, name, onnx::findSinceVersion(name, "", kOpset), unknown, inputs, attrs);
  auto made = result.getDefiningOp<NodeOp>();
  auto constantOf = [&](unsigned i) {
    DenseElementsAttr attr;
    return matchPattern(made.getInput(i), m_Constant(&attr)) ? attr : DenseElementsAttr();
  };
  SmallVector<Type> types;
  std::string why;
  if (failed(onnx::inferResultTypes(made, constantOf, types, why))) {
    refuse("on operands that do not fit together (" + why + ")");
    return {};
  }
  result.setType(types.front());
  if (!staticType(result)) {
    refuse("on operands of unknown shapes");
    return {};
  }
  return result;
}

Value Expansion::scalarLike(Value value, double number) {
  return value ? nodes.scalar(loc, getElementTypeOrSelf(value), number) : value;
}

Value Expansion::toIndex(Value value) {
  constexpr int64_t kInt64 = 7; // of TensorProto.DataType
  return value && getElementTypeOrSelf(value).isInteger(64)
             ? value
             : make("Cast", value, integer("to", kInt64));
}

Value Expansion::scaled(Value value, double factor) {
  return factor == 1 ? value : make("Mul", {value, scalarLike(value, factor)});
}

Value Expansion::slice(Value value, int64_t axis, int64_t begin, int64_t end) {
  return make("Slice", {value, nodes.integers(loc, begin), nodes.integers(loc, end),
                        nodes.integers(loc, axis)});
}

NamedAttribute Expansion::integer(StringRef name, int64_t number) {
  return nodes.builder.getNamedAttr(name, nodes.builder.getI64IntegerAttr(number));
}

NamedAttribute Expansion::real(StringRef name, double number) {
  return nodes.builder.getNamedAttr(name, nodes.builder.getF32FloatAttr(float(number)));
}

SmallVector<const FusedRow *> zorro::raise::allFusedRows() {
  SmallVector<const FusedRow *> rows;
  for (ArrayRef<FusedRow> family : {fusedAttentionRows(), fusedNormRows(), fusedProductRows()})
    for (const FusedRow &row : family)
      rows.push_back(&row);
  return rows;
}

const FusedRow *zorro::raise::findFusedRow(NodeOp node) {
  StringRef domain = node.getDomain() == "ai.onnx" ? "" : node.getDomain();
  if (domain.empty() && node.getSinceVersion() != 0)
    return nullptr;
  for (const FusedRow *row : allFusedRows())
    if (row->name == node.getOpType() && row->domain == domain)
      return row;
  return nullptr;
}

bool zorro::raise::expandFused(OpBuilder &builder, NodeOp node, std::string &reason) {
  const FusedRow *row = findFusedRow(node);
  if (!row)
    return false;
  for (Value input : node.getInputs())
    if (!staticType(input)) {
      reason = "on operands of unknown shapes";
      return false;
    }
  builder.setInsertionPoint(node);
  Expansion expansion(builder, node);
  bool expands = row->expand(expansion) && expansion.reason.empty();
  for (unsigned i = 0; expands && i < node->getNumResults(); ++i)
    if (expansion.wants(i) && llvm::none_of(expansion.results,
                                            [&](auto &result) { return result.first == i; }))
      expands = expansion.refuse("with output " + Twine(i));
  reason = expansion.reason;
  if (!expands)
    return false;
  for (auto [i, value] : expansion.results)
    node->getResult(i).replaceAllUsesWith(value);
  return true;
}

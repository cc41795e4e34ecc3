//===- Contract.cpp - Matrix products ----------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A product by a weight is a zorro.contract; one of two computed operands is a reduction.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Equation.h"
#include "passes/Raise/OperatorTable.h"
#include "passes/Raise/Windows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static RankedTensorType resultType(NodeOp node) { return typeOf(node->getResult(0)); }

/// Two operands on which a contraction's rules can be laid: labels as in Einsum.
static Value product(Raiser &raiser, RankedTensorType type, ValueRange operands,
                     ArrayRef<std::string> labels, StringRef out);

/// operands[0] by the constant operands[1]: rows of what they share, columns of the rest.
static Value productByWeight(Raiser &raiser, Value a, Value w,
                             StringRef left, StringRef right, StringRef out) {
  std::string rows, summed, columns;
  for (char c : left)
    (right.contains(c) ? summed : rows) += c;
  for (char c : right)
    if (!left.contains(c))
      columns += c;
  // Columns in the order of the result, so that it needs no transposition.
  llvm::sort(columns, [&](char x, char y) { return out.find(x) < out.find(y); });
  auto permuted = [&](Value value, StringRef from, const std::string &to) {
    SmallVector<int64_t> perm;
    for (char c : to)
      perm.push_back(from.find(c));
    return raiser.transpose(value, perm);
  };
  Value x = permuted(a, left, rows + summed), m = permuted(w, right, summed + columns);
  ArrayRef<int64_t> rowShape = typeOf(x).getShape().take_front(rows.size());
  ArrayRef<int64_t> columnShape = typeOf(m).getShape().take_back(columns.size());
  int64_t k = productOf(typeOf(m).getShape().drop_back(columns.size()));
  SmallVector<int64_t> flat(rowShape), full(rowShape);
  flat.push_back(k);
  full.append(columnShape.begin(), columnShape.end());
  int64_t n = productOf(columnShape);
  Value y = raiser.contract(raiser.reshape(x, flat), raiser.reshape(m, {k, n}));
  return permuted(raiser.reshape(y, full), rows + columns, out.str());
}

static Value product(Raiser &raiser, RankedTensorType type, ValueRange operands,
                     ArrayRef<std::string> labels, StringRef out) {
  if (operands.size() == 2 && type.getElementType().isF32()) {
    StringRef left = labels[0], right = labels[1];
    // Every character is a row, a column or summed over; one of a batch is in all three.
    bool isMatrix = true, shares = false;
    for (char c : left)
      if (right.contains(c)) {
        shares = true;
        isMatrix &= !out.contains(c) &&
                    typeOf(operands[0]).getDimSize(left.find(c)) ==
                        typeOf(operands[1]).getDimSize(right.find(c));
      } else {
        isMatrix &= out.contains(c);
      }
    for (char c : right)
      isMatrix &= left.contains(c) || out.contains(c);
    if (isMatrix && shares) {
      if (Constants::isConstant(operands[1]))
        return productByWeight(raiser, operands[0], operands[1], left, right, out);
      if (Constants::isConstant(operands[0]))
        return productByWeight(raiser, operands[1], operands[0], right, left, out);
    }
  }
  std::string loops = out.str();
  for (const std::string &input : labels)
    for (char c : input)
      if (loops.find(c) == std::string::npos)
        loops += c;
  llvm::StringMap<int64_t> sizes;
  for (auto [input, operand] : llvm::zip(labels, operands))
    for (auto [axis, c] : llvm::enumerate(input)) {
      int64_t &size = sizes[StringRef(&c, 1)];
      size = std::max(size, typeOf(operand).getDimSize(axis));
    }
  SmallVector<AffineMap> maps;
  for (auto [input, operand] : llvm::zip(labels, operands)) {
    SmallVector<AffineExpr> exprs;
    for (auto [axis, c] : llvm::enumerate(input)) {
      bool repeats = typeOf(operand).getDimSize(axis) == 1 && sizes[StringRef(&c, 1)] != 1;
      exprs.push_back(repeats ? raiser.builder.getAffineConstantExpr(0)
                              : raiser.builder.getAffineDimExpr(loops.find(c)));
    }
    maps.push_back(AffineMap::get(loops.size(), 0, exprs, raiser.builder.getContext()));
  }
  return raiser.sumOfProducts(type, operands, maps, loops.size());
}

static LogicalResult raiseMatMul(Raiser &raiser, NodeOp node) {
  Value a = node.getInput(0), b = node.getInput(1);
  int64_t leftRank = typeOf(a).getRank(), rightRank = typeOf(b).getRank();
  if (leftRank == 0 || rightRank == 0)
    return raiser.unsupported(node, "on scalars");
  // A weight under leading axes of one is a matrix.
  ArrayRef<int64_t> shape = typeOf(b).getShape();
  if (Constants::isConstant(b) && rightRank > 2 && leftRank >= rightRank &&
      productOf(shape.drop_back(2)) == 1) {
    b = raiser.reshape(b, shape.take_back(2));
    rightRank = 2;
  }
  int64_t batch = std::max<int64_t>({leftRank - 2, rightRank - 2, 0});
  auto leading = [&](int64_t rank) {
    std::string labels;
    for (int64_t i = std::max<int64_t>(rank - 2, 0); i-- > 0;)
      labels += char('A' + i);
    return labels;
  };
  std::string out = leading(batch + 2);
  std::string left = leftRank == 1 ? "k" : leading(leftRank) + "mk";
  std::string right = rightRank == 1 ? "k" : leading(rightRank) + "kn";
  if (leftRank > 1)
    out += 'm';
  if (rightRank > 1)
    out += 'n';
  return raiser.replace(node, product(raiser, resultType(node), {a, b}, {left, right}, out));
}

static LogicalResult raiseEinsum(Raiser &raiser, NodeOp node) {
  auto equation = Equation::of(node);
  if (!equation)
    return raiser.unsupported(node, "with equation '" + node.getString("equation", "") + "'");
  SmallVector<Value> operands(node.getInputs());
  if (operands.size() == 1) { // a permutation, if nothing is summed
    if (equation->inputs[0].size() == equation->output.size()) {
      SmallVector<int64_t> perm;
      for (char c : equation->output)
        perm.push_back(equation->inputs[0].find(c));
      return raiser.replace(node, raiser.transpose(operands[0], perm));
    }
  }
  return raiser.replace(node, product(raiser, resultType(node), operands, equation->inputs,
                                      equation->output));
}

/// y · factor, where the factor is not 1.
static Value scaled(Raiser &raiser, Value y, double factor) {
  if (factor == 1)
    return y;
  return raiser.map(typeOf(y), y, [&](OpBuilder &b, Location l, ValueRange args) -> Value {
    return arith::MulFOp::create(b, l, args[0],
                                 scalarConstant(b, l, args[0].getType(), factor));
  });
}

static LogicalResult raiseGemm(Raiser &raiser, NodeOp node) {
  if (!isa<FloatType>(resultType(node).getElementType()))
    return raiser.unsupported(node, "on integers");
  std::string left = node.getInt("transA", 0) ? "km" : "mk";
  std::string right = node.getInt("transB", 0) ? "nk" : "kn";
  Value y = product(raiser, resultType(node), {node.getInput(0), node.getInput(1)}, {left, right},
                    "mn");
  y = scaled(raiser, y, node.getFloat("alpha", 1));
  if (Value c = node.getInput(2))
    y = addBias(raiser, y, scaled(raiser, c, node.getFloat("beta", 1)));
  return raiser.replace(node, y);
}

ArrayRef<OperatorRow> zorro::raise::contractRows() {
  static const OperatorRow rows[] = {
      {"Conv", "", 1, kNewest, raiseConv, "zorro.contract of patches; else a loop over windows"},
      {"Einsum", "", 12, kNewest, raiseEinsum, "zorro.contract by a weight; else a loop"},
      {"Gemm", "", 7, kNewest, raiseGemm, "zorro.contract and map"},
      {"MatMul", "", 1, kNewest, raiseMatMul, "zorro.contract by a weight; else a loop"},
  };
  return rows;
}

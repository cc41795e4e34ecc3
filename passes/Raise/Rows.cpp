//===- Rows.cpp - Normalisation and softmax ----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Rows are the last axis; another axis is brought there and back.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/OperatorTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Calls `rows` on `x` with the axes from `axis` on as one, and gives the result x's shape.
static Value onRowsFrom(Raiser &raiser, Value x, int64_t axis, function_ref<Value(Value)> rows) {
  RankedTensorType type = typeOf(x);
  SmallVector<int64_t> flat(type.getShape().take_front(axis));
  flat.push_back(productOf(type.getShape().drop_front(axis)));
  return raiser.reshape(rows(raiser.reshape(x, flat)), type.getShape());
}

/// A vector of a row's length from a scale or bias that broadcasts to the normalised axes; null
/// where it does not.
static Value rowVector(Raiser &raiser, Value vector, ArrayRef<int64_t> axes) {
  ArrayRef<int64_t> shape = typeOf(vector).getShape();
  while (shape.size() > axes.size() && shape.front() == 1)
    shape = shape.drop_front();
  if (shape.size() > axes.size())
    return {};
  if (productOf(shape) != productOf(axes)) {
    for (auto [size, wanted] : llvm::zip(shape, axes.take_back(shape.size())))
      if (size != 1 && size != wanted)
        return {};
    vector = raiser.broadcast(raiser.reshape(vector, shape), axes);
  }
  return raiser.reshape(vector, {productOf(axes)});
}

/// The outputs Mean and InvStdDev of a normalisation of the axes from `axis` on.
static void addMoments(Raiser &raiser, NodeOp node, Value x, int64_t axis) {
  RankedTensorType type = typeOf(x);
  Type element = type.getElementType();
  double count = productOf(type.getShape().drop_front(axis));
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(axis, type.getRank()));
  SmallVector<int64_t> kept(type.getShape());
  std::fill(kept.begin() + axis, kept.end(), 1);
  auto mean = [&](Value value) {
    Value sum = raiser.reduce(value, axes, scalarAttr(element, 0),
                              [](OpBuilder &b, Location l, ValueRange args) -> Value {
                                return arith::AddFOp::create(b, l, args[0], args[1]);
                              });
    sum = raiser.reshape(sum, kept);
    return raiser.map(typeOf(sum), sum, [&](OpBuilder &b, Location l, ValueRange args) -> Value {
      return arith::DivFOp::create(b, l, args[0], scalarConstant(b, l, element, count));
    });
  };
  Value centre = mean(x);
  Value squares =
      raiser.map(type, {x, centre}, [](OpBuilder &b, Location l, ValueRange args) -> Value {
        Value difference = arith::SubFOp::create(b, l, args[0], args[1]);
        return arith::MulFOp::create(b, l, difference, difference);
      });
  Value variance = mean(squares);
  double epsilon = node.getFloat("epsilon", 1e-5f);
  Value inverse = raiser.map(
      typeOf(variance), variance, [&](OpBuilder &b, Location l, ValueRange args) -> Value {
        Value sum = arith::AddFOp::create(b, l, args[0], scalarConstant(b, l, element, epsilon));
        Value one = scalarConstant(b, l, element, 1);
        return arith::DivFOp::create(b, l, one, math::SqrtOp::create(b, l, sum));
      });
  Value moments[] = {centre, inverse};
  for (auto [result, moment] : llvm::zip(node->getResults().drop_front(), moments))
    if (!result.use_empty())
      result.replaceAllUsesWith(raiser.convert(moment, getElementTypeOrSelf(result)));
}

enum class Norm { Layer, Rms };

template <Norm norm>
static LogicalResult raiseNormalisation(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  RankedTensorType type = typeOf(x);
  bool hasMoments = llvm::any_of(node->getResults().drop_front(),
                                 [](Value result) { return !result.use_empty(); });
  if (hasMoments && norm == Norm::Rms)
    return raiser.unsupported(node, "with further outputs");
  Type element = type.getElementType(), f32 = raiser.builder.getF32Type();
  if (!element.isF32() && !isNarrowFloat(element))
    return raiser.unsupported(node, "on elements other than f32, f16 and bf16");
  int64_t axis = node.getInt("axis", -1);
  if (axis < 0)
    axis += type.getRank();
  if (axis < 0 || axis >= type.getRank())
    return raiser.unsupported(node, "with axis " + Twine(node.getInt("axis", -1)));
  ArrayRef<int64_t> axes = type.getShape().drop_front(axis);
  Value vectors[2];
  for (unsigned i : {0, 1})
    if (Value given = node.getInput(i + 1)) {
      if (getElementTypeOrSelf(given) != type.getElementType())
        return raiser.unsupported(node, "with a scale of another type");
      vectors[i] = rowVector(raiser, given, axes);
      if (!vectors[i])
        return raiser.unsupported(node, "with a scale that differs between rows");
      vectors[i] = raiser.convert(vectors[i], f32);
    }
  if (norm == Norm::Rms && vectors[1])
    return raiser.unsupported(node, "with a bias");
  FloatAttr epsilon = raiser.builder.getF32FloatAttr(node.getFloat("epsilon", 1e-5f));
  x = raiser.convert(x, f32);
  if (hasMoments)
    addMoments(raiser, node, x, axis);
  Value y = onRowsFrom(raiser, x, axis, [&](Value rows) -> Value {
    if (norm == Norm::Layer)
      return LayerNormOp::create(raiser.builder, raiser.loc, rows.getType(), rows, vectors[0],
                                 vectors[1], epsilon);
    return RMSNormOp::create(raiser.builder, raiser.loc, rows.getType(), rows, vectors[0], epsilon);
  });
  node->getResult(0).replaceAllUsesWith(raiser.convert(y, element));
  return success();
}

/// `x` with `axis` and the last axis changed over.
static Value swapWithLast(Raiser &raiser, Value x, int64_t axis) {
  SmallVector<int64_t> perm = identityPermutation(typeOf(x).getRank());
  std::swap(perm[axis], perm.back());
  return raiser.transpose(x, perm);
}

/// x - max(x) - log(sum(exp(x - max(x)))): log(softmax(x)) would lose small probabilities. Without
/// the logarithm the quotient of the exponentials.
static Value softmaxByLoops(Raiser &raiser, Value x, bool logarithm) {
  RankedTensorType type = typeOf(x);
  Type element = type.getElementType();
  int64_t last = type.getRank() - 1;
  SmallVector<int64_t> column(type.getShape());
  column.back() = 1;
  auto fold = [&](Value value, double init, bool isMax) {
    Value folded = raiser.reduce(
        value, last, scalarAttr(element, init), [&](OpBuilder &b, Location l, ValueRange args) {
          return isMax ? Value(arith::MaximumFOp::create(b, l, args[0], args[1]))
                       : Value(arith::AddFOp::create(b, l, args[0], args[1]));
        });
    return raiser.reshape(folded, column);
  };
  auto minus = [&](Value a, Value b) {
    return raiser.map(type, {a, b}, [](OpBuilder &b, Location l, ValueRange args) -> Value {
      return arith::SubFOp::create(b, l, args[0], args[1]);
    });
  };
  Value shifted = minus(x, fold(x, -std::numeric_limits<double>::infinity(), true));
  Value exps = raiser.map(type, shifted, [](OpBuilder &b, Location l, ValueRange args) -> Value {
    return math::ExpOp::create(b, l, args[0]);
  });
  Value sums = fold(exps, 0, false);
  if (!logarithm)
    return raiser.map(type, {exps, sums}, [](OpBuilder &b, Location l, ValueRange args) -> Value {
      return arith::DivFOp::create(b, l, args[0], args[1]);
    });
  Value logs = raiser.map(typeOf(sums), sums,
                          [](OpBuilder &b, Location l, ValueRange args) -> Value {
                            return math::LogOp::create(b, l, args[0]);
                          });
  return minus(shifted, logs);
}

static Value softmaxOfRows(Raiser &raiser, NodeOp node, Value x) {
  Type element = typeOf(x).getElementType();
  if (isNarrowFloat(element))
    return raiser.convert(
        softmaxOfRows(raiser, node, raiser.convert(x, raiser.builder.getF32Type())), element);
  bool logarithm = node.getOpType() == "LogSoftmax";
  if (logarithm || !element.isF32())
    return softmaxByLoops(raiser, x, logarithm);
  return SoftmaxOp::create(raiser.builder, raiser.loc, x.getType(), x);
}

static LogicalResult raiseSoftmax(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  RankedTensorType type = typeOf(x);
  bool flattens = node.getSinceVersion() < 13; // all axes from `axis` on are one row
  int64_t axis = node.getInt("axis", flattens ? 1 : -1);
  if (axis < 0)
    axis += type.getRank();
  if (type.getRank() == 0 || axis < 0 || axis >= type.getRank())
    return raiser.unsupported(node, "with axis " + Twine(axis));
  if (flattens)
    return raiser.replace(node, onRowsFrom(raiser, x, axis, [&](Value rows) {
                            return softmaxOfRows(raiser, node, rows);
                          }));
  Value y = softmaxOfRows(raiser, node, swapWithLast(raiser, x, axis));
  return raiser.replace(node, swapWithLast(raiser, y, axis));
}

ArrayRef<OperatorRow> zorro::raise::rowRows() {
  static const OperatorRow rows[] = {
      {"LayerNormalization", "", 1, kNewest, raiseNormalisation<Norm::Layer>,
       "zorro.layer_norm; row reductions for Mean and InvStdDev"},
      {"LogSoftmax", "", 1, kNewest, raiseSoftmax, "row reductions and maps"},
      {"RMSNormalization", "", 23, kNewest, raiseNormalisation<Norm::Rms>, "zorro.rms_norm"},
      {"SimplifiedLayerNormalization", "", 1, kNewest, raiseNormalisation<Norm::Rms>,
       "zorro.rms_norm"},
      {"Softmax", "", 1, kNewest, raiseSoftmax, "zorro.softmax"},
  };
  return rows;
}

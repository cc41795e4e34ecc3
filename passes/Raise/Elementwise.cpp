//===- Elementwise.cpp - Arithmetic, comparisons, logic, casts ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Each is one linalg.generic whose body is the operator on scalars.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/OperatorTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

static RankedTensorType resultType(NodeOp node) {
  return cast<RankedTensorType>(node->getResult(0).getType());
}

static bool isFloat(NodeOp node, unsigned i = 0) {
  return isa<FloatType>(getElementTypeOrSelf(node.getInput(i)));
}

//===----------------------------------------------------------------------------------------===//
// One float or integer operation
//===----------------------------------------------------------------------------------------===//

template <typename FloatOp>
static LogicalResult floatUnary(Raiser &raiser, NodeOp node) {
  if (!isFloat(node))
    return raiser.unsupported(node, "on integers");
  return raiser.replace(node, raiser.map(resultType(node), node.getInputs(),
                                         [](OpBuilder &b, Location l, ValueRange args) -> Value {
                                           return FloatOp::create(b, l, args[0]);
                                         }));
}

/// Of two or more operands: Add, Mul, Min, Max, Sum fold from the left.
template <typename FloatOp, typename IntOp>
static LogicalResult folded(Raiser &raiser, NodeOp node) {
  bool real = isFloat(node);
  if (!real && getElementTypeOrSelf(node.getInput(0)).isInteger(1))
    return raiser.unsupported(node, "on bools");
  return raiser.replace(
      node, raiser.map(resultType(node), node.getInputs(),
                       [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                         Value so = args[0];
                         for (Value next : args.drop_front())
                           so = real ? Value(FloatOp::create(b, l, so, next))
                                     : Value(IntOp::create(b, l, so, next));
                         return so;
                       }));
}

static LogicalResult raiseMean(Raiser &raiser, NodeOp node) {
  return raiser.replace(
      node, raiser.map(resultType(node), node.getInputs(),
                       [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                         Value sum = args[0];
                         for (Value next : args.drop_front())
                           sum = arith::AddFOp::create(b, l, sum, next);
                         return arith::DivFOp::create(
                             b, l, sum, scalarConstant(b, l, sum.getType(), args.size()));
                       }));
}

static LogicalResult raiseNeg(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.map(resultType(node), node.getInputs(),
                                         [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                                           if (isFloat(node))
                                             return arith::NegFOp::create(b, l, args[0]);
                                           Value zero =
                                               scalarConstant(b, l, args[0].getType(), 0);
                                           return arith::SubIOp::create(b, l, zero, args[0]);
                                         }));
}

static LogicalResult raiseAbs(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.map(resultType(node), node.getInputs(),
                                         [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                                           if (isFloat(node))
                                             return math::AbsFOp::create(b, l, args[0]);
                                           return math::AbsIOp::create(b, l, args[0]);
                                         }));
}

static LogicalResult raiseReciprocal(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.map(resultType(node), node.getInputs(),
                                         [](OpBuilder &b, Location l, ValueRange args) -> Value {
                                           Value one = scalarConstant(b, l, args[0].getType(), 1);
                                           return arith::DivFOp::create(b, l, one, args[0]);
                                         }));
}

static LogicalResult raiseSign(Raiser &raiser, NodeOp node) {
  if (!isFloat(node))
    return raiser.unsupported(node, "on integers");
  return raiser.replace(
      node, raiser.map(resultType(node), node.getInputs(),
                       [](OpBuilder &b, Location l, ValueRange args) -> Value {
                         Type type = args[0].getType();
                         Value zero = scalarConstant(b, l, type, 0);
                         Value one = scalarConstant(b, l, type, 1);
                         Value unit = math::CopySignOp::create(b, l, one, args[0]);
                         Value isZero = arith::CmpFOp::create(b, l, arith::CmpFPredicate::OEQ,
                                                              args[0], zero);
                         return arith::SelectOp::create(b, l, isZero, zero, unit);
                       }));
}

/// Powers that occur in models are products and roots; a general one is math.powf.
static LogicalResult raisePow(Raiser &raiser, NodeOp node) {
  if (!isFloat(node))
    return raiser.unsupported(node, "on integers");
  std::optional<double> exponent = raiser.constants.getSplat(node.getInput(1));
  Type element = getElementTypeOrSelf(node.getInput(0));
  if (!exponent && getElementTypeOrSelf(node.getInput(1)) != element)
    return raiser.unsupported(node, "with an exponent of another type");
  SmallVector<Value> inputs = {node.getInput(0)};
  if (!exponent)
    inputs.push_back(node.getInput(1));
  else if (resultType(node) != node.getInput(0).getType())
    return raiser.unsupported(node, "with an exponent of more axes than the base");
  return raiser.replace(
      node,
      raiser.map(resultType(node), inputs, [&](OpBuilder &b, Location l, ValueRange args) -> Value {
        Value x = args[0];
        if (!exponent)
          return math::PowFOp::create(b, l, x, args[1]);
        Value one = scalarConstant(b, l, element, 1);
        if (*exponent == 1)
          return x;
        if (*exponent == 2)
          return arith::MulFOp::create(b, l, x, x);
        if (*exponent == 3)
          return arith::MulFOp::create(b, l, arith::MulFOp::create(b, l, x, x), x);
        if (*exponent == 0.5)
          return math::SqrtOp::create(b, l, x);
        if (*exponent == -0.5)
          return arith::DivFOp::create(b, l, one, math::SqrtOp::create(b, l, x));
        if (*exponent == -1)
          return arith::DivFOp::create(b, l, one, x);
        return math::PowFOp::create(b, l, x, scalarConstant(b, l, element, *exponent));
      }));
}

/// The remainder of f64 numbers that hold f32 ones, with the sign of x, exactly: a quotient is
/// rounded to 53 bits, but what it leaves needs fewer bits than f64 has, and six steps of 53 bits
/// are more than lie between the largest and the smallest f32.
static Value exactRemainder(OpBuilder &b, Location l, Value x, Value y) {
  Value rest = x, zero = scalarConstant(b, l, x.getType(), 0);
  for (int step = 0; step < 6; ++step) {
    Value quotient = math::TruncOp::create(b, l, arith::DivFOp::create(b, l, rest, y));
    rest = math::FmaOp::create(b, l, arith::NegFOp::create(b, l, quotient), y, rest);
  }
  Value size = math::AbsFOp::create(b, l, y);
  // A quotient rounded up leaves a rest on the other side of zero.
  Value sided = math::CopySignOp::create(b, l, size, x);
  Value other = arith::CmpFOp::create(b, l, arith::CmpFPredicate::OLT,
                                      arith::MulFOp::create(b, l, rest, sided), zero);
  rest = arith::SelectOp::create(b, l, other, arith::AddFOp::create(b, l, rest, sided), rest);
  rest = math::CopySignOp::create(b, l, rest, x);
  Value infinity = scalarConstant(b, l, x.getType(), std::numeric_limits<double>::infinity());
  Value keeps = arith::AndIOp::create(
      b, l, arith::CmpFOp::create(b, l, arith::CmpFPredicate::OEQ, size, infinity),
      arith::CmpFOp::create(b, l, arith::CmpFPredicate::ONE, math::AbsFOp::create(b, l, x),
                            infinity));
  return arith::SelectOp::create(b, l, keeps, x, rest);
}

static Value castScalar(OpBuilder &b, Location l, Value x, Type to);

static LogicalResult raiseMod(Raiser &raiser, NodeOp node) {
  bool likeC = node.getInt("fmod", 0);
  if (isFloat(node) && !likeC)
    return raiser.unsupported(node, "of floats without fmod");
  if (getElementTypeOrSelf(node.getInput(0)).isF64())
    return raiser.unsupported(node, "on elements of type f64");
  return raiser.replace(
      node, raiser.map(resultType(node), node.getInputs(),
                       [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                         if (isFloat(node)) {
                           Type wide = b.getF64Type();
                           Value rest = exactRemainder(
                               b, l, arith::ExtFOp::create(b, l, wide, args[0]),
                               arith::ExtFOp::create(b, l, wide, args[1]));
                           return castScalar(b, l, rest, args[0].getType());
                         }
                         Value rest = arith::RemSIOp::create(b, l, args[0], args[1]);
                         if (likeC)
                           return rest;
                         // The result has the divisor's sign.
                         Value zero = scalarConstant(b, l, args[0].getType(), 0);
                         Value mixed = arith::XOrIOp::create(b, l, rest, args[1]);
                         Value differs = arith::CmpIOp::create(b, l, arith::CmpIPredicate::slt,
                                                               mixed, zero);
                         Value some = arith::CmpIOp::create(b, l, arith::CmpIPredicate::ne, rest,
                                                            zero);
                         Value shifted = arith::AddIOp::create(b, l, rest, args[1]);
                         Value shift = arith::AndIOp::create(b, l, differs, some);
                         return arith::SelectOp::create(b, l, shift, shifted, rest);
                       }));
}

//===----------------------------------------------------------------------------------------===//
// Comparisons, logic, selection
//===----------------------------------------------------------------------------------------===//

template <arith::CmpFPredicate real, arith::CmpIPredicate integer>
static LogicalResult compared(Raiser &raiser, NodeOp node) {
  bool isBool = getElementTypeOrSelf(node.getInput(0)).isInteger(1);
  if (isBool && integer != arith::CmpIPredicate::eq)
    return raiser.unsupported(node, "on bools");
  return raiser.replace(
      node, raiser.map(resultType(node), node.getInputs(),
                       [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                         if (isFloat(node))
                           return arith::CmpFOp::create(b, l, real, args[0], args[1]);
                         return arith::CmpIOp::create(b, l, integer, args[0], args[1]);
                       }));
}

template <typename LogicOp>
static LogicalResult logical(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.map(resultType(node), node.getInputs(),
                                         [](OpBuilder &b, Location l, ValueRange args) -> Value {
                                           return LogicOp::create(b, l, args[0], args[1]);
                                         }));
}

static LogicalResult raiseNot(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.map(resultType(node), node.getInputs(),
                                         [](OpBuilder &b, Location l, ValueRange args) -> Value {
                                           Value ones =
                                               scalarConstant(b, l, args[0].getType(), -1);
                                           return arith::XOrIOp::create(b, l, args[0], ones);
                                         }));
}

static LogicalResult raiseWhere(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, raiser.map(resultType(node), node.getInputs(),
                                         [](OpBuilder &b, Location l, ValueRange args) -> Value {
                                           return arith::SelectOp::create(b, l, args[0], args[1],
                                                                          args[2]);
                                         }));
}

static LogicalResult raiseIsNaN(Raiser &raiser, NodeOp node) {
  return raiser.replace(
      node, raiser.map(resultType(node), node.getInputs(),
                       [](OpBuilder &b, Location l, ValueRange args) -> Value {
                         return arith::CmpFOp::create(b, l, arith::CmpFPredicate::UNO, args[0],
                                                      args[0]);
                       }));
}

static LogicalResult raiseIsInf(Raiser &raiser, NodeOp node) {
  bool positive = node.getInt("detect_positive", 1), negative = node.getInt("detect_negative", 1);
  return raiser.replace(
      node, raiser.map(resultType(node), node.getInputs(),
                       [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                         Value x = args[0];
                         Type type = x.getType();
                         double inf = std::numeric_limits<double>::infinity();
                         if (!positive && !negative)
                           return scalarConstant(b, l, b.getI1Type(), 0);
                         if (positive && negative)
                           x = math::AbsFOp::create(b, l, x);
                         Value bound = scalarConstant(b, l, type, positive ? inf : -inf);
                         return arith::CmpFOp::create(b, l, arith::CmpFPredicate::OEQ, x, bound);
                       }));
}

//===----------------------------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------------------------===//

/// x as f32, rounded to odd where it is inexact: what is rounded once more comes out as if it had
/// been rounded once.
static Value roundToOdd(OpBuilder &b, Location l, Value x) {
  Value near = arith::TruncFOp::create(b, l, b.getF32Type(), x);
  Value back = arith::ExtFOp::create(b, l, x.getType(), near);
  Type bits = b.getI32Type();
  Value number = arith::BitcastOp::create(b, l, bits, near);
  Value one = scalarConstant(b, l, bits, 1), minus = scalarConstant(b, l, bits, -1);
  Value isEven = arith::CmpIOp::create(b, l, arith::CmpIPredicate::eq,
                                       arith::AndIOp::create(b, l, number, one),
                                       scalarConstant(b, l, bits, 0));
  Value inexact = arith::CmpFOp::create(b, l, arith::CmpFPredicate::ONE, back, x);
  Value away = arith::CmpFOp::create(b, l, arith::CmpFPredicate::OGT,
                                     math::AbsFOp::create(b, l, back),
                                     math::AbsFOp::create(b, l, x));
  Value step = arith::SelectOp::create(b, l, away, minus, one);
  Value odd = arith::AddIOp::create(b, l, number, step);
  odd = arith::SelectOp::create(b, l, arith::AndIOp::create(b, l, inexact, isEven), odd, number);
  return arith::BitcastOp::create(b, l, b.getF32Type(), odd);
}

static Value castScalar(OpBuilder &b, Location l, Value x, Type to) {
  Type from = x.getType();
  if (from == to)
    return x;
  unsigned width = from.getIntOrFloatBitWidth(), wanted = to.getIntOrFloatBitWidth();
  if (to.isInteger(1)) {
    Value zero = scalarConstant(b, l, from, 0);
    if (isa<FloatType>(from))
      return arith::CmpFOp::create(b, l, arith::CmpFPredicate::UNE, x, zero);
    return arith::CmpIOp::create(b, l, arith::CmpIPredicate::ne, x, zero);
  }
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    if (width == wanted) { // f16 and bf16 have no common order
      x = arith::ExtFOp::create(b, l, b.getF32Type(), x);
      width = 32;
    }
    if (width == 64 && wanted == 16) // no instruction does it at once
      x = roundToOdd(b, l, x);
    return width < wanted ? Value(arith::ExtFOp::create(b, l, to, x))
                          : Value(arith::TruncFOp::create(b, l, to, x));
  }
  if (isa<FloatType>(to))
    return from.isInteger(1) ? Value(arith::UIToFPOp::create(b, l, to, x))
                             : Value(arith::SIToFPOp::create(b, l, to, x));
  if (isa<FloatType>(from))
    return arith::FPToSIOp::create(b, l, to, x);
  if (from.isInteger(1))
    return arith::ExtUIOp::create(b, l, to, x);
  return width < wanted ? Value(arith::ExtSIOp::create(b, l, to, x))
                        : Value(arith::TruncIOp::create(b, l, to, x));
}

static LogicalResult raiseCast(Raiser &raiser, NodeOp node) {
  if (resultType(node) == node.getInput(0).getType())
    return raiser.replace(node, node.getInput(0));
  return raiser.replace(
      node, raiser.map(resultType(node), node.getInput(0),
                       [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                         return castScalar(b, l, args[0], resultType(node).getElementType());
                       }));
}

static LogicalResult raiseIdentity(Raiser &raiser, NodeOp node) {
  return raiser.replace(node, node.getInput(0));
}

/// At inference Dropout hands its input on; a mask is not computed.
static LogicalResult raiseDropout(Raiser &raiser, NodeOp node) {
  if (node->getNumResults() > 1 && !node->getResult(1).use_empty())
    return raiser.unsupported(node, "with output 1");
  if (Value training = node.getInput(2))
    if (raiser.constants.getSplat(training) != 0.0)
      return raiser.unsupported(node, "in training mode");
  return raiser.replace(node, node.getInput(0));
}

ArrayRef<OperatorRow> zorro::raise::elementwiseRows() {
  using P = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  static const OperatorRow rows[] = {
      {"Abs", "", 6, kNewest, raiseAbs, "map"},
      {"Add", "", 7, kNewest, folded<arith::AddFOp, arith::AddIOp>, "map"},
      {"And", "", 7, kNewest, logical<arith::AndIOp>, "map"},
      {"BitwiseAnd", "", 18, kNewest, logical<arith::AndIOp>, "map"},
      {"BitwiseNot", "", 18, kNewest, raiseNot, "map"},
      {"BitwiseOr", "", 18, kNewest, logical<arith::OrIOp>, "map"},
      {"BitwiseXor", "", 18, kNewest, logical<arith::XOrIOp>, "map"},
      {"Cast", "", 6, kNewest, raiseCast, "map"},
      {"CastLike", "", 15, kNewest, raiseCast, "map"},
      {"Ceil", "", 6, kNewest, floatUnary<math::CeilOp>, "map"},
      {"Cos", "", 7, kNewest, floatUnary<math::CosOp>, "map"},
      {"Div", "", 7, kNewest, folded<arith::DivFOp, arith::DivSIOp>, "map"},
      {"Dropout", "", 7, kNewest, raiseDropout, "nothing; inference only"},
      {"Equal", "", 7, kNewest, compared<P::OEQ, I::eq>, "map"},
      {"Erf", "", 9, kNewest, floatUnary<math::ErfOp>, "map"},
      {"Exp", "", 6, kNewest, floatUnary<math::ExpOp>, "map"},
      {"Floor", "", 6, kNewest, floatUnary<math::FloorOp>, "map"},
      {"Greater", "", 7, kNewest, compared<P::OGT, I::sgt>, "map"},
      {"GreaterOrEqual", "", 12, kNewest, compared<P::OGE, I::sge>, "map"},
      {"Identity", "", 1, kNewest, raiseIdentity, "nothing"},
      {"IsInf", "", 10, kNewest, raiseIsInf, "map"},
      {"IsNaN", "", 9, kNewest, raiseIsNaN, "map"},
      {"Less", "", 7, kNewest, compared<P::OLT, I::slt>, "map"},
      {"LessOrEqual", "", 12, kNewest, compared<P::OLE, I::sle>, "map"},
      {"Log", "", 6, kNewest, floatUnary<math::LogOp>, "map"},
      {"Max", "", 8, kNewest, folded<arith::MaximumFOp, arith::MaxSIOp>, "map"},
      {"Mean", "", 8, kNewest, raiseMean, "map"},
      {"Min", "", 8, kNewest, folded<arith::MinimumFOp, arith::MinSIOp>, "map"},
      {"Mod", "", 10, kNewest, raiseMod, "map; f32, f16 and bf16 with fmod, integers"},
      {"Mul", "", 7, kNewest, folded<arith::MulFOp, arith::MulIOp>, "map"},
      {"Neg", "", 6, kNewest, raiseNeg, "map"},
      {"Not", "", 1, kNewest, raiseNot, "map"},
      {"Or", "", 7, kNewest, logical<arith::OrIOp>, "map"},
      {"Pow", "", 7, kNewest, raisePow, "map; bases are floats"},
      {"Reciprocal", "", 6, kNewest, raiseReciprocal, "map"},
      {"Round", "", 11, kNewest, floatUnary<math::RoundEvenOp>, "map"},
      {"Sign", "", 9, kNewest, raiseSign, "map; floats"},
      {"Sin", "", 7, kNewest, floatUnary<math::SinOp>, "map"},
      {"Sqrt", "", 6, kNewest, floatUnary<math::SqrtOp>, "map"},
      {"Sub", "", 7, kNewest, folded<arith::SubFOp, arith::SubIOp>, "map"},
      {"Sum", "", 8, kNewest, folded<arith::AddFOp, arith::AddIOp>, "map"},
      {"Tanh", "", 6, kNewest, floatUnary<math::TanhOp>, "map"},
      {"Where", "", 9, kNewest, raiseWhere, "map"},
      {"Xor", "", 7, kNewest, logical<arith::XOrIOp>, "map"},
  };
  return rows;
}

//===- ScalarBody.cpp - Scalar code as nodes on tensors -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Formulas that an operator has a name for are found again; all else goes operation by operation.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/ScalarBody.h"

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;

/// Positions are 64-bit integers in ONNX.
static Type elementOf(Type scalar) {
  return isa<IndexType>(scalar) ? IntegerType::get(scalar.getContext(), 64) : scalar;
}

static bool isNumber(Value value, double number) {
  FloatAttr attr;
  return matchPattern(value, m_Constant(&attr)) && attr.getValueAsDouble() == number;
}

Value ScalarBody::get(Value scalar) {
  auto found = tensors.find(scalar);
  if (found != tensors.end())
    return found->second;
  TypedAttr number;
  Value tensor;
  if (matchPattern(scalar, m_Constant(&number))) {
    if (isa<IndexType>(number.getType()))
      number = writer.builder.getI64IntegerAttr(cast<IntegerAttr>(number).getInt());
    tensor = writer.scalar(number);
  } else if (Operation *op = scalar.getDefiningOp()) {
    tensor = write(op);
    if (!tensor && !fault)
      fault = op;
  }
  if (tensor)
    tensors[scalar] = tensor;
  return tensor;
}

//===----------------------------------------------------------------------------------------===//
// Formulas with a name
//===----------------------------------------------------------------------------------------===//

/// x of 1 / (1 + exp(-x)).
static Value matchSigmoid(arith::DivFOp div) {
  auto sum = div.getRhs().getDefiningOp<arith::AddFOp>();
  if (!isNumber(div.getLhs(), 1) || !sum)
    return {};
  bool first = isNumber(sum.getLhs(), 1);
  if (!first && !isNumber(sum.getRhs(), 1))
    return {};
  auto exp = (first ? sum.getRhs() : sum.getLhs()).getDefiningOp<math::ExpOp>();
  auto neg = exp ? exp.getOperand().getDefiningOp<arith::NegFOp>() : arith::NegFOp();
  return neg ? neg.getOperand() : Value();
}

/// x of x == 0 ? 0 : copysign(1, x).
static Value matchSign(arith::SelectOp select) {
  auto sign = select.getFalseValue().getDefiningOp<math::CopySignOp>();
  auto zero = select.getCondition().getDefiningOp<arith::CmpFOp>();
  if (!sign || !zero || !isNumber(sign.getLhs(), 1) || !isNumber(select.getTrueValue(), 0) ||
      zero.getPredicate() != arith::CmpFPredicate::OEQ || zero.getLhs() != sign.getRhs() ||
      !isNumber(zero.getRhs(), 0))
    return {};
  return sign.getRhs();
}

/// x and y of the remainder that has y's sign: r + y where r = x rem y is not 0 and has the other
/// sign, else r.
static arith::RemSIOp matchFloorMod(arith::SelectOp select) {
  auto rest = select.getFalseValue().getDefiningOp<arith::RemSIOp>();
  auto shifted = select.getTrueValue().getDefiningOp<arith::AddIOp>();
  auto both = select.getCondition().getDefiningOp<arith::AndIOp>();
  if (!rest || !shifted || !both || shifted.getLhs() != rest.getResult() ||
      shifted.getRhs() != rest.getRhs())
    return {};
  auto differs = both.getLhs().getDefiningOp<arith::CmpIOp>();
  auto some = both.getRhs().getDefiningOp<arith::CmpIOp>();
  auto mixed = differs ? differs.getLhs().getDefiningOp<arith::XOrIOp>() : arith::XOrIOp();
  bool matches = mixed && mixed.getLhs() == rest.getResult() && mixed.getRhs() == rest.getRhs() &&
                 differs.getPredicate() == arith::CmpIPredicate::slt &&
                 matchPattern(differs.getRhs(), m_Zero()) && some &&
                 some.getPredicate() == arith::CmpIPredicate::ne &&
                 some.getLhs() == rest.getResult() && matchPattern(some.getRhs(), m_Zero());
  return matches ? rest : arith::RemSIOp();
}

Value ScalarBody::writeMod(Operation *rest, bool likeC) {
  Value x = get(rest->getOperand(0)), y = get(rest->getOperand(1));
  if (!x || !y)
    return {};
  SmallVector<int64_t> shape = broadcastShape(typeOf(x).getShape(), typeOf(y).getShape());
  return writer.node("Mod", typeOf(x).clone(shape), {x, y}, writer.attr("fmod", likeC));
}

Value ScalarBody::writeKnown(Operation *op) {
  auto named = [&](StringRef name, Value x) {
    Value tensor = x ? get(x) : Value();
    return tensor ? writer.unary(name, tensor) : Value();
  };
  if (auto div = dyn_cast<arith::DivFOp>(op)) {
    if (Value x = matchSigmoid(div))
      return named("Sigmoid", x);
    return isNumber(div.getLhs(), 1) ? named("Reciprocal", div.getRhs()) : Value();
  }
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    if (arith::RemSIOp rest = matchFloorMod(select))
      return writeMod(rest, false);
    return named("Sign", matchSign(select));
  }
  if (isa<arith::RemSIOp>(op)) // the sign of x, as in C
    return writeMod(op, true);
  if (auto max = dyn_cast<arith::MaximumFOp>(op))
    return isNumber(max.getRhs(), 0)   ? named("Relu", max.getLhs())
           : isNumber(max.getLhs(), 0) ? named("Relu", max.getRhs())
                                       : Value();
  if (auto log = dyn_cast<math::Log1pOp>(op)) {
    auto exp = log.getOperand().getDefiningOp<math::ExpOp>();
    return exp ? named("Softplus", exp.getOperand()) : Value();
  }
  if (auto flip = dyn_cast<arith::XOrIOp>(op)) {
    APInt ones;
    if (!matchPattern(flip.getRhs(), m_ConstantInt(&ones)) || !ones.isAllOnes())
      return {};
    bool isBool = flip.getType().isInteger(1);
    return isBool || writer.has(18) ? named(isBool ? "Not" : "BitwiseNot", flip.getLhs()) : Value();
  }
  return {};
}

//===----------------------------------------------------------------------------------------===//
// Operation by operation
//===----------------------------------------------------------------------------------------===//

static StringRef nameOfUnary(Operation *op) {
  return StringSwitch<StringRef>(op->getName().getStringRef())
      .Case("arith.negf", "Neg")
      .Cases({"math.absf", "math.absi"}, "Abs")
      .Case("math.ceil", "Ceil")
      .Case("math.cos", "Cos")
      .Case("math.erf", "Erf")
      .Case("math.exp", "Exp")
      .Case("math.floor", "Floor")
      .Case("math.log", "Log")
      .Case("math.roundeven", "Round")
      .Case("math.sin", "Sin")
      .Case("math.sqrt", "Sqrt")
      .Case("math.tanh", "Tanh")
      .Default("");
}

static StringRef nameOfBinary(Operation *op, bool hasBitwise) {
  bool isBool = op->getNumResults() && op->getResult(0).getType().isInteger(1);
  auto bits = [&](StringRef logical, StringRef bitwise) {
    return isBool ? logical : hasBitwise ? bitwise : StringRef();
  };
  return StringSwitch<StringRef>(op->getName().getStringRef())
      .Cases({"arith.addf", "arith.addi"}, "Add")
      .Cases({"arith.subf", "arith.subi"}, "Sub")
      .Cases({"arith.mulf", "arith.muli"}, "Mul")
      .Cases({"arith.divf", "arith.divsi"}, "Div")
      .Cases({"arith.maximumf", "arith.maxsi"}, "Max")
      .Cases({"arith.minimumf", "arith.minsi"}, "Min")
      .Case("math.powf", "Pow")
      .Case("arith.andi", bits("And", "BitwiseAnd"))
      .Case("arith.ori", bits("Or", "BitwiseOr"))
      .Case("arith.xori", bits("Xor", "BitwiseXor"))
      .Default("");
}

Value ScalarBody::writeCompare(Operation *op, Value x, Value y) {
  Type boolean = writer.builder.getI1Type();
  auto test = [&](StringRef name) { return writer.binary(name, x, y, boolean); };
  auto inverse = [&](Value value) { return writer.unary("Not", value); };
  auto either = [&](Value a, Value b) { return writer.binary("Or", a, b); };
  auto isNan = [&](Value value) {
    return writer.node("IsNaN", typeOf(value).clone(boolean), value);
  };
  if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    using P = arith::CmpIPredicate;
    switch (compare.getPredicate()) {
    case P::eq:
      return test("Equal");
    case P::ne:
      return inverse(test("Equal"));
    case P::slt:
      return test("Less");
    case P::sle:
      return test("LessOrEqual");
    case P::sgt:
      return test("Greater");
    case P::sge:
      return test("GreaterOrEqual");
    default:
      return {};
    }
  }
  using P = arith::CmpFPredicate;
  auto unordered = [&] {
    return x == y ? isNan(x) : either(isNan(x), isNan(y));
  };
  auto differs = [&] { return either(test("Less"), test("Greater")); };
  switch (cast<arith::CmpFOp>(op).getPredicate()) {
  case P::OEQ:
    return test("Equal");
  case P::OGT:
    return test("Greater");
  case P::OGE:
    return test("GreaterOrEqual");
  case P::OLT:
    return test("Less");
  case P::OLE:
    return test("LessOrEqual");
  case P::ONE:
    return differs();
  case P::ORD:
    return inverse(unordered());
  case P::UEQ:
    return inverse(differs());
  case P::UGT:
    return inverse(test("LessOrEqual"));
  case P::UGE:
    return inverse(test("Less"));
  case P::ULT:
    return inverse(test("GreaterOrEqual"));
  case P::ULE:
    return inverse(test("Greater"));
  case P::UNE:
    return inverse(test("Equal"));
  case P::UNO:
    return unordered();
  default:
    return {};
  }
}

static bool isCast(Operation *op) {
  // A bool is 0 or 1 however it is extended; other unsigned readings do not occur.
  if (isa<arith::ExtUIOp, arith::UIToFPOp>(op))
    return op->getOperand(0).getType().isInteger(1);
  if (auto cut = dyn_cast<arith::TruncIOp>(op))
    return !cut.getType().isInteger(1); // ONNX asks whether it is zero, MLIR for the last bit
  if (isa<arith::ExtSIOp, arith::SIToFPOp>(op))
    return !op->getOperand(0).getType().isInteger(1);
  return isa<arith::ExtFOp, arith::TruncFOp, arith::FPToSIOp, arith::IndexCastOp>(op);
}

Value ScalarBody::write(Operation *op) {
  if (op->getNumResults() != 1)
    return {};
  if (Value tensor = writeKnown(op))
    return tensor;
  if (fault)
    return {};
  if (isa<tensor::ExtractOp>(op))
    return writeExtract(op);
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    int64_t size = loops[index.getDim()];
    SmallVector<int64_t> shape(loops.size() - index.getDim(), 1);
    shape[0] = size;
    auto type = RankedTensorType::get(shape, writer.builder.getI64Type());
    auto numbers = llvm::to_vector(llvm::seq<int64_t>(0, size));
    return writer.constant(DenseElementsAttr::get(type, ArrayRef(numbers)));
  }
  SmallVector<Value> inputs;
  for (Value operand : op->getOperands()) {
    inputs.push_back(get(operand));
    if (!inputs.back())
      return {};
  }
  if (auto gelu = dyn_cast<GeluOp>(op))
    return writeGelu(writer, inputs[0], gelu.getKind() == GeluKind::Tanh);
  if (isa<arith::CmpFOp, arith::CmpIOp>(op))
    return writeCompare(op, inputs[0], inputs[1]);
  if (isa<arith::SelectOp>(op))
    return writer.select(inputs[0], inputs[1], inputs[2]);
  if (isCast(op))
    return writer.cast(inputs[0], elementOf(op->getResult(0).getType()));
  if (StringRef name = nameOfUnary(op); !name.empty())
    return writer.unary(name, inputs[0]);
  if (StringRef name = nameOfBinary(op, writer.has(18)); !name.empty())
    return writer.binary(name, inputs[0], inputs[1]);
  return {};
}

/// An element of a tensor at computed positions. Gather where one position is computed and all
/// others are the loops' own; GatherND else.
Value ScalarBody::writeExtract(Operation *op) {
  auto extract = cast<tensor::ExtractOp>(op);
  Value data = extract.getTensor();
  int64_t rank = typeOf(data).getRank(), depth = loops.size();
  SmallVector<int64_t> computed;
  for (auto [axis, index] : llvm::enumerate(extract.getIndices()))
    if (!index.getDefiningOp<linalg::IndexOp>())
      computed.push_back(axis);
  if (computed.size() == 1) {
    int64_t axis = computed.front(), width = depth - rank + 1;
    bool isGather = width >= 0;
    for (auto [i, index] : llvm::enumerate(extract.getIndices())) {
      auto loop = index.getDefiningOp<linalg::IndexOp>();
      int64_t wanted = int64_t(i) < axis ? int64_t(i) : int64_t(i) + width - 1;
      isGather &= int64_t(i) == axis || (loop && int64_t(loop.getDim()) == wanted &&
                                         loops[wanted] == typeOf(data).getDimSize(i));
    }
    Value at = get(extract.getIndices()[axis]);
    if (!at)
      return {};
    // The positions must not vary along the loops that walk the data.
    SmallVector<int64_t> shape(depth - typeOf(at).getRank(), 1), positions;
    llvm::append_range(shape, typeOf(at).getShape());
    for (int64_t i = 0; i < depth; ++i)
      if (i >= axis && i < axis + width)
        positions.push_back(loops[i]);
      else
        isGather &= shape[i] == 1;
    if (isGather) {
      SmallVector<int64_t> inner(shape.begin() + axis, shape.begin() + axis + width);
      Value table = writer.expand(writer.reshape(at, inner), positions);
      return writer.node("Gather", typeOf(data).clone(loops), {data, table},
                         writer.attr("axis", axis));
    }
  }
  SmallVector<int64_t> column(loops);
  column.push_back(1);
  SmallVector<Value> columns;
  for (Value index : extract.getIndices()) {
    Value at = get(index);
    if (!at)
      return {};
    columns.push_back(writer.reshape(writer.expand(at, loops), column));
  }
  if (columns.empty())
    return data;
  return writer.node("GatherND", typeOf(data).clone(loops),
                     {data, writer.concat(depth, columns)});
}

Value zorro::unraise::writeGelu(NodeWriter &writer, Value x, bool tanh) {
  Type element = typeOf(x).getElementType();
  if (writer.has(20)) {
    StringAttr kind = writer.builder.getStringAttr(tanh ? "tanh" : "none");
    return writer.node("Gelu", typeOf(x), x, writer.builder.getNamedAttr("approximate", kind));
  }
  auto number = [&](double n) { return writer.scalar(element, n); };
  auto mul = [&](Value a, Value b) { return writer.binary("Mul", a, b); };
  auto add = [&](Value a, Value b) { return writer.binary("Add", a, b); };
  if (!tanh) {
    Value bent = writer.unary("Erf", writer.binary("Div", x, number(std::sqrt(2.0))));
    return mul(mul(x, add(bent, number(1))), number(0.5));
  }
  Value cube = mul(mul(x, x), x);
  Value inner = mul(add(x, mul(cube, number(0.044715))), number(std::sqrt(2 / M_PI)));
  return mul(mul(x, number(0.5)), add(writer.unary("Tanh", inner), number(1)));
}

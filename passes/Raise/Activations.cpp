//===- Activations.cpp - Activation functions --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// GELU is an operation of its own; the others are formulas in the body of a map.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/OperatorTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

namespace {
/// Scalar formulas on floats, written as they are read.
struct Formula {
  OpBuilder &b;
  Location l;
  Type type;

  Value number(double n) { return scalarConstant(b, l, type, n); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, l, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, l, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, l, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, l, x, y); }
  Value max(Value x, Value y) { return arith::MaximumFOp::create(b, l, x, y); }
  Value min(Value x, Value y) { return arith::MinimumFOp::create(b, l, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(b, l, x); }
  Value exp(Value x) { return math::ExpOp::create(b, l, x); }
  Value isBelow(Value x, Value y) {
    return arith::CmpFOp::create(b, l, arith::CmpFPredicate::OLT, x, y);
  }
  Value select(Value c, Value x, Value y) { return arith::SelectOp::create(b, l, c, x, y); }
  Value sigmoid(Value x) { return div(number(1), add(number(1), exp(neg(x)))); }
  /// max(x, 0) + log(1 + exp(-|x|)): no overflow.
  Value softplus(Value x) {
    Value tail = exp(neg(math::AbsFOp::create(b, l, x)));
    return add(max(x, number(0)), math::Log1pOp::create(b, l, tail));
  }
};
} // namespace

static LogicalResult mapFormula(Raiser &raiser, NodeOp node,
                                function_ref<Value(Formula &, ValueRange)> formula) {
  auto type = cast<RankedTensorType>(node->getResult(0).getType());
  if (!isa<FloatType>(type.getElementType()))
    return raiser.unsupported(node, "on integers");
  return raiser.replace(node, raiser.map(type, node.getInputs(),
                                         [&](OpBuilder &b, Location l, ValueRange args) {
                                           Formula f = {b, l, type.getElementType()};
                                           return formula(f, args);
                                         }));
}

static LogicalResult raiseGelu(Raiser &raiser, NodeOp node) {
  StringRef approximate = node.getString("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return raiser.unsupported(node, "with approximate='" + approximate + "'");
  GeluKind kind = approximate == "none" ? GeluKind::Erf : GeluKind::Tanh;
  Value x = node.getInput(0);
  return raiser.replace(node, GeluOp::create(raiser.builder, raiser.loc, x.getType(), x, kind));
}

static LogicalResult raiseRelu(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node,
                    [](Formula &f, ValueRange args) { return f.max(args[0], f.number(0)); });
}

static LogicalResult raiseLeakyRelu(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [&](Formula &f, ValueRange args) {
    Value low = f.mul(args[0], f.number(node.getFloat("alpha", 0.01f)));
    return f.select(f.isBelow(args[0], f.number(0)), low, args[0]);
  });
}

static LogicalResult raisePRelu(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [](Formula &f, ValueRange args) {
    return f.select(f.isBelow(args[0], f.number(0)), f.mul(args[0], args[1]), args[0]);
  });
}

static LogicalResult raiseElu(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [&](Formula &f, ValueRange args) {
    Value low = f.mul(f.number(node.getFloat("alpha", 1)), f.sub(f.exp(args[0]), f.number(1)));
    return f.select(f.isBelow(args[0], f.number(0)), low, args[0]);
  });
}

static LogicalResult raiseSelu(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [&](Formula &f, ValueRange args) {
    Value alpha = f.number(node.getFloat("alpha", 1.67326319217681884765625f));
    Value low = f.mul(alpha, f.sub(f.exp(args[0]), f.number(1)));
    Value bent = f.select(f.isBelow(f.number(0), args[0]), args[0], low);
    return f.mul(f.number(node.getFloat("gamma", 1.05070102214813232421875f)), bent);
  });
}

static LogicalResult raiseThresholdedRelu(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [&](Formula &f, ValueRange args) {
    Value above = f.isBelow(f.number(node.getFloat("alpha", 1)), args[0]);
    return f.select(above, args[0], f.number(0));
  });
}

static LogicalResult raiseSigmoid(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [](Formula &f, ValueRange args) { return f.sigmoid(args[0]); });
}

static LogicalResult raiseSwish(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [&](Formula &f, ValueRange args) {
    float alpha = node.getFloat("alpha", 1);
    Value x = alpha == 1 ? args[0] : f.mul(args[0], f.number(alpha));
    return f.mul(args[0], f.sigmoid(x));
  });
}

static LogicalResult raiseHardSigmoid(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [&](Formula &f, ValueRange args) {
    Value line = f.add(f.mul(args[0], f.number(node.getFloat("alpha", 0.2f))),
                       f.number(node.getFloat("beta", 0.5f)));
    return f.max(f.number(0), f.min(f.number(1), line));
  });
}

static LogicalResult raiseHardSwish(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [](Formula &f, ValueRange args) {
    Value line = f.add(f.mul(args[0], f.number(1.0 / 6)), f.number(0.5));
    return f.mul(args[0], f.max(f.number(0), f.min(f.number(1), line)));
  });
}

static LogicalResult raiseSoftplus(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [](Formula &f, ValueRange args) { return f.softplus(args[0]); });
}

static LogicalResult raiseSoftsign(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [](Formula &f, ValueRange args) {
    Value size = math::AbsFOp::create(f.b, f.l, args[0]);
    return f.div(args[0], f.add(f.number(1), size));
  });
}

static LogicalResult raiseMish(Raiser &raiser, NodeOp node) {
  return mapFormula(raiser, node, [](Formula &f, ValueRange args) {
    Value bent = math::TanhOp::create(f.b, f.l, f.softplus(args[0]));
    return f.mul(args[0], bent);
  });
}

/// Bounds are attributes up to version 6, optional inputs since 11.
static LogicalResult raiseClip(Raiser &raiser, NodeOp node) {
  auto type = cast<RankedTensorType>(node->getResult(0).getType());
  Type element = type.getElementType();
  auto scalar = RankedTensorType::get({}, element);
  Value low = node.getInput(1), high = node.getInput(2);
  if (node.getNodeAttr("min"))
    low = raiser.constant(scalar, node.getFloat("min", 0));
  if (node.getNodeAttr("max"))
    high = raiser.constant(scalar, node.getFloat("max", 0));
  SmallVector<Value> inputs = {node.getInput(0)};
  for (Value bound : {low, high})
    if (bound)
      inputs.push_back(bound);
  bool real = isa<FloatType>(element);
  return raiser.replace(
      node, raiser.map(type, inputs, [&](OpBuilder &b, Location l, ValueRange args) {
        Value x = args[0];
        if (low)
          x = real ? Value(arith::MaximumFOp::create(b, l, x, args[1]))
                   : Value(arith::MaxSIOp::create(b, l, x, args[1]));
        if (high)
          x = real ? Value(arith::MinimumFOp::create(b, l, x, args.back()))
                   : Value(arith::MinSIOp::create(b, l, x, args.back()));
        return x;
      }));
}

ArrayRef<OperatorRow> zorro::raise::activationRows() {
  static const OperatorRow rows[] = {
      {"Clip", "", 6, kNewest, raiseClip, "map"},
      {"Elu", "", 6, kNewest, raiseElu, "map"},
      {"Gelu", "", 20, kNewest, raiseGelu, "zorro.gelu"},
      {"HardSigmoid", "", 6, kNewest, raiseHardSigmoid, "map"},
      {"HardSwish", "", 14, kNewest, raiseHardSwish, "map"},
      {"LeakyRelu", "", 6, kNewest, raiseLeakyRelu, "map"},
      {"Mish", "", 18, kNewest, raiseMish, "map"},
      {"PRelu", "", 9, kNewest, raisePRelu, "map"},
      {"Relu", "", 6, kNewest, raiseRelu, "map; floats"},
      {"Selu", "", 6, kNewest, raiseSelu, "map"},
      {"Sigmoid", "", 6, kNewest, raiseSigmoid, "map"},
      {"Softplus", "", 1, kNewest, raiseSoftplus, "map"},
      {"Softsign", "", 1, kNewest, raiseSoftsign, "map"},
      {"Swish", "", 24, kNewest, raiseSwish, "map"},
      {"ThresholdedRelu", "", 10, kNewest, raiseThresholdedRelu, "map"},
  };
  return rows;
}

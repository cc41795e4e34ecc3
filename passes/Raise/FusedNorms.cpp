//===- FusedNorms.cpp - Normalisations with what stands before them ---------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A residual sum or the sum of embeddings, then a layer normalisation. Mean and InvStdDev, which
// only training reads, are refused.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FusedOperators.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

static Value layerNorm(Expansion &e, Value x, Value scale, Value bias, double epsilon) {
  if (!x || !scale)
    return {};
  SmallVector<Value> inputs = {x, scale};
  if (bias)
    inputs.push_back(bias);
  NamedAttribute attrs[] = {e.integer("axis", -1), e.real("epsilon", epsilon)};
  return e.make("LayerNormalization", inputs, attrs);
}

static Value rmsNorm(Expansion &e, Value x, Value scale, int64_t axis, double epsilon) {
  NamedAttribute attrs[] = {e.integer("axis", axis), e.real("epsilon", epsilon)};
  return e.make("RMSNormalization", {x, scale}, attrs);
}

template <bool hasMean>
static bool expandSkip(Expansion &e) {
  // (input, skip, gamma, beta, bias); without a mean there is no beta.
  Value x = e.input(0), bias = e.input(hasMean ? 4 : 3);
  Value sum = e.add(x, e.input(1));
  if (sum && bias)
    sum = e.add(sum, bias);
  if (!sum || sum.getType() != x.getType())
    return e.refuse("on operands that do not fit together");
  double epsilon = e.node.getFloat("epsilon", 1e-12f);
  e.give(0, hasMean ? layerNorm(e, sum, e.input(2), e.input(3), epsilon)
                    : rmsNorm(e, sum, e.input(2), -1, epsilon));
  e.give(3, sum);
  return true;
}

/// Both are registered in ai.onnx, long before ONNX had them.
static bool expandSimplified(Expansion &e) {
  e.give(0, rmsNorm(e, e.input(0), e.input(1), e.node.getInt("axis", -1),
                    e.node.getFloat("epsilon", 1e-5f)));
  return true;
}

static bool expandLayerNorm(Expansion &e) {
  SmallVector<Value> inputs = {e.input(0), e.input(1)};
  if (e.input(2))
    inputs.push_back(e.input(2));
  NamedAttribute attrs[] = {e.integer("axis", e.node.getInt("axis", -1)),
                            e.real("epsilon", e.node.getFloat("epsilon", 1e-5f))};
  e.give(0, e.make("LayerNormalization", inputs, attrs));
  return true;
}

static bool expandEmbedding(Expansion &e) {
  Value ids = e.input(0), segments = e.input(1), positions = e.input(8);
  auto type = ids ? staticType(ids) : RankedTensorType();
  auto table = e.input(3) ? staticType(e.input(3)) : RankedTensorType();
  if (!type || type.getRank() != 2 || !table || table.getRank() != 2 || !e.input(2) ||
      type.getDimSize(1) > table.getDimSize(0))
    return e.refuse("on operands that do not fit together");
  NamedAttribute axis[] = {e.integer("axis", 0)};
  Value sum = e.make("Gather", {e.input(2), ids}, axis);
  Value position = positions ? e.make("Gather", {e.input(3), positions}, axis)
                             : e.slice(e.input(3), 0, 0, type.getDimSize(1));
  sum = e.add(sum, position);
  if (segments && e.input(4))
    sum = e.add(sum, e.make("Gather", {e.input(4), segments}, axis));
  e.give(0, layerNorm(e, sum, e.input(5), e.input(6), e.node.getFloat("epsilon", 1e-12f)));
  if (e.wants(1)) {
    // How many ones the mask holds.
    constexpr int64_t kInt32 = 6; // of TensorProto.DataType
    auto constant = [&](ArrayRef<int64_t> shape, int32_t number) -> Value {
      auto all = RankedTensorType::get(shape, e.nodes.builder.getI32Type());
      return arith::ConstantOp::create(e.nodes.builder, e.loc, DenseElementsAttr::get(all, number));
    };
    if (Value mask = e.input(7)) {
      Value ones =
          e.make("Cast", e.make("Equal", {mask, constant({}, 1)}), e.integer("to", kInt32));
      e.give(1, e.make("ReduceSum", {ones, e.nodes.integers(e.loc, 1)}, e.integer("keepdims", 0)));
    } else {
      e.give(1, constant({type.getDimSize(0)}, 0));
    }
  }
  if (e.wants(2))
    e.give(2, sum);
  return true;
}

ArrayRef<FusedRow> zorro::raise::fusedNormRows() {
  static const FusedRow rows[] = {
      {"EmbedLayerNormalization", "com.microsoft", expandEmbedding,
       "Gather, Add, LayerNormalization"},
      {"LayerNormalization", "", expandLayerNorm, "LayerNormalization, before opset 17"},
      {"SimplifiedLayerNormalization", "", expandSimplified, "RMSNormalization"},
      {"SimplifiedLayerNormalization", "com.microsoft", expandSimplified, "RMSNormalization"},
      {"SkipLayerNormalization", "com.microsoft", expandSkip<true>, "Add, LayerNormalization"},
      {"SkipSimplifiedLayerNormalization", "com.microsoft", expandSkip<false>,
       "Add, RMSNormalization"},
  };
  return rows;
}

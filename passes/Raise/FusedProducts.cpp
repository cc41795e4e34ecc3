//===- FusedProducts.cpp - Products and what stands around them -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Transpositions and scales in front of a product, biases and activations behind one.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FusedOperators.h"

#include <numeric>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

/// An operand of FusedMatMul; `batch` moves its first axis behind the batch axes, then `last` swaps
/// the last two.
static Value transposed(Expansion &e, Value value, bool last, bool batch) {
  auto type = value ? staticType(value) : RankedTensorType();
  if (!type || (!last && !batch) || type.getRank() < 2)
    return value;
  int64_t rank = type.getRank();
  SmallVector<int64_t> perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  if (batch)
    std::rotate(perm.begin(), perm.begin() + 1, perm.end() - 1);
  if (last)
    std::swap(perm[rank - 1], perm[rank - 2]);
  return e.transpose(value, perm);
}

static bool expandMatMul(Expansion &e) {
  Value a = transposed(e, e.input(0), e.node.getInt("transA", 0), e.node.getInt("transBatchA", 0));
  Value b = transposed(e, e.input(1), e.node.getInt("transB", 0), e.node.getInt("transBatchB", 0));
  e.give(0, e.scaled(e.make("MatMul", {a, b}), e.node.getFloat("alpha", 1)));
  return true;
}

/// The activation that a node names; its numbers come first to last from `number`.
static Value activated(Expansion &e, Value x, function_ref<double(unsigned, double)> number) {
  StringRef kind = e.node.getString("activation", "");
  if (kind.empty() || !x)
    return x;
  if (kind == "Relu" || kind == "Tanh" || kind == "Sigmoid" || kind == "Softplus" ||
      kind == "Softsign")
    return e.make(kind, x);
  if (kind == "LeakyRelu")
    return e.make(kind, x, e.real("alpha", number(0, 0.01)));
  if (kind == "Elu")
    return e.make(kind, x, e.real("alpha", number(0, 1)));
  if (kind == "HardSigmoid") {
    NamedAttribute attrs[] = {e.real("alpha", number(0, 0.2)), e.real("beta", number(1, 0.5))};
    return e.make(kind, x, attrs);
  }
  constexpr double far = std::numeric_limits<float>::max();
  if (kind == "Clip")
    return e.make(kind, {x, e.scalarLike(x, number(0, -far)), e.scalarLike(x, number(1, far))});
  e.refuse("with the activation '" + kind + "'");
  return {};
}

/// The node's attributes without those that fusion added.
static SmallVector<NamedAttribute> ownAttributes(Expansion &e) {
  SmallVector<NamedAttribute> attrs;
  for (NamedAttribute attr : e.node.getAttrs())
    if (!attr.getName().getValue().starts_with("activation"))
      attrs.push_back(attr);
  return attrs;
}

static bool expandGemm(Expansion &e) {
  SmallVector<Value> inputs = {e.input(0), e.input(1)};
  if (e.input(2))
    inputs.push_back(e.input(2));
  auto number = [&](unsigned i, double otherwise) -> double {
    static constexpr const char *names[] = {"activation_alpha", "activation_beta"};
    return e.node.getNodeAttr(names[i]) ? e.node.getFloat(names[i], 0) : otherwise;
  };
  e.give(0, activated(e, e.make("Gemm", inputs, ownAttributes(e)), number));
  return true;
}

static bool expandConv(Expansion &e) {
  SmallVector<Value> inputs = {e.input(0), e.input(1)};
  if (e.input(2))
    inputs.push_back(e.input(2));
  auto params = dyn_cast_or_null<DenseF32ArrayAttr>(e.node.getNodeAttr("activation_params"));
  auto number = [&](unsigned i, double otherwise) -> double {
    return params && i < params.size() ? params[i] : otherwise;
  };
  Value y = e.make("Conv", inputs, ownAttributes(e));
  if (e.input(3))
    y = e.add(y, e.input(3));
  e.give(0, activated(e, y, number));
  return true;
}

static Value gelu(Expansion &e, Value x, StringRef approximate) {
  return e.make("Gelu", x,
                e.nodes.builder.getNamedAttr("approximate",
                                             e.nodes.builder.getStringAttr(approximate)));
}

static bool expandGelu(Expansion &e) {
  Value x = e.input(0);
  if (e.input(1))
    x = e.add(x, e.input(1));
  e.give(0, gelu(e, x, e.node.getOpType() == "FastGelu" ? "tanh" : "none"));
  return true;
}

static bool expandQuickGelu(Expansion &e) {
  Value x = e.input(0);
  Value gate = e.make("Sigmoid", e.scaled(x, e.node.getFloat("alpha", 1.702f)));
  e.give(0, e.make("Mul", {x, gate}));
  return true;
}

/// The left half times the gelu of the right one.
static bool expandSplitGelu(Expansion &e) {
  Value sum = e.add(e.input(0), e.input(1));
  if (!sum)
    return e.refuse("on operands that do not fit together");
  RankedTensorType type = staticType(sum);
  int64_t axis = type.getRank() - 1, width = type.getShape().back();
  Value left = e.slice(sum, axis, 0, width / 2), right = e.slice(sum, axis, width / 2, width);
  e.give(0, e.make("Mul", {left, gelu(e, right, "none")}));
  return true;
}

static bool expandBiasAdd(Expansion &e) {
  e.give(0, e.add(e.add(e.input(0), e.input(1)), e.input(2)));
  return true;
}

ArrayRef<FusedRow> zorro::raise::fusedProductRows() {
  static const FusedRow rows[] = {
      {"BiasAdd", "com.microsoft", expandBiasAdd, "Add, Add"},
      {"BiasGelu", "com.microsoft", expandGelu, "Add, Gelu"},
      {"BiasSplitGelu", "com.microsoft", expandSplitGelu, "Add, Slice, Gelu, Mul"},
      {"FastGelu", "com.microsoft", expandGelu, "Add, Gelu (tanh)"},
      {"FusedConv", "com.microsoft", expandConv, "Conv, Add, an activation"},
      {"FusedGemm", "com.microsoft", expandGemm, "Gemm, an activation"},
      {"FusedMatMul", "com.microsoft", expandMatMul, "Transpose, MatMul, Mul"},
      {"Gelu", "com.microsoft", expandGelu, "Gelu"},
      {"QuickGelu", "com.microsoft", expandQuickGelu, "Sigmoid, Mul"},
      {"TransposeMatMul", "com.microsoft", expandMatMul, "Transpose, MatMul, Mul"},
  };
  return rows;
}

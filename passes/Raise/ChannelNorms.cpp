//===- ChannelNorms.cpp - Normalisation per channel --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Batch, group and instance normalisation of [batch, channels, ...]: scale and bias belong to
// channels, not to places in a row.
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

/// A vector with an entry per channel as it broadcasts to an image of `rank` axes.
static Value asColumn(Raiser &raiser, Value vector, int64_t rank) {
  SmallVector<int64_t> shape(rank - 1, 1);
  shape[0] = typeOf(vector).getNumElements();
  return raiser.reshape(vector, shape);
}

/// x · scale + bias, both per channel.
static Value scaleChannels(Raiser &raiser, Value x, Value scale, Value bias) {
  int64_t rank = typeOf(x).getRank();
  return raiser.map(typeOf(x), {x, asColumn(raiser, scale, rank), asColumn(raiser, bias, rank)},
                    [](OpBuilder &b, Location l, ValueRange args) -> Value {
                      Value scaled = arith::MulFOp::create(b, l, args[0], args[1]);
                      return arith::AddFOp::create(b, l, scaled, args[2]);
                    });
}

/// Why the operands do not fit; empty where they do.
static std::string findFault(NodeOp node, unsigned vectors, int64_t length) {
  RankedTensorType type = typeOf(node.getInput(0));
  if (!isa<FloatType>(type.getElementType()) || type.getRank() < 2)
    return "on anything but floats of at least two axes";
  for (unsigned i = 1; i <= vectors; ++i) {
    auto vector = typeOf(node.getInput(i));
    if (vector.getElementType() != type.getElementType())
      return "with a scale of another type";
    if (vector.getNumElements() != length)
      return "with a scale of " + std::to_string(vector.getNumElements()) + " numbers for " +
             std::to_string(length);
  }
  return {};
}

/// By statistics of the training: (x - mean) / sqrt(var + epsilon) · scale + bias.
static LogicalResult raiseBatchNorm(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  if (node.getInt("training_mode", 0))
    return raiser.unsupported(node, "in training mode");
  for (unsigned i = 1; i < node->getNumResults(); ++i)
    if (!node->getResult(i).use_empty())
      return raiser.unsupported(node, "with output " + Twine(i));
  RankedTensorType type = typeOf(x);
  if (std::string fault = findFault(node, 4, type.getRank() > 1 ? type.getDimSize(1) : 0);
      !fault.empty())
    return raiser.unsupported(node, fault);
  double epsilon = node.getFloat("epsilon", 1e-5f);
  Value vectors[] = {node.getInput(1), node.getInput(2), node.getInput(3), node.getInput(4)};
  RankedTensorType vector = typeOf(vectors[0]);
  // A square root per channel instead of one per element.
  Value scale = raiser.map(vector, {vectors[0], vectors[3]},
                           [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                             Value small = scalarConstant(b, l, args[1].getType(), epsilon);
                             Value var = arith::AddFOp::create(b, l, args[1], small);
                             return arith::DivFOp::create(b, l, args[0],
                                                          math::SqrtOp::create(b, l, var));
                           });
  Value bias = raiser.map(vector, {vectors[1], vectors[2], scale},
                          [](OpBuilder &b, Location l, ValueRange args) -> Value {
                            Value moved = arith::MulFOp::create(b, l, args[1], args[2]);
                            return arith::SubFOp::create(b, l, args[0], moved);
                          });
  node->getResult(0).replaceAllUsesWith(scaleChannels(raiser, x, scale, bias));
  return success();
}

/// By statistics of each sample's groups of channels; a group per channel is instance
/// normalisation.
static LogicalResult raiseGroups(Raiser &raiser, NodeOp node, int64_t groups, bool perGroup) {
  Value x = node.getInput(0);
  RankedTensorType type = typeOf(x);
  int64_t channels = type.getDimSize(1);
  if (groups < 1 || channels % groups)
    return raiser.unsupported(node, "with " + Twine(groups) + " groups of " + Twine(channels) +
                                        " channels");
  if (std::string fault = findFault(node, 2, perGroup ? groups : channels); !fault.empty())
    return raiser.unsupported(node, fault);
  Value scale = node.getInput(1), bias = node.getInput(2);
  if (perGroup) {
    auto spread = [&](Value vector) {
      Value wide = raiser.broadcast(raiser.reshape(vector, {groups, 1}),
                                    {groups, channels / groups});
      return raiser.reshape(wide, {channels});
    };
    scale = spread(scale);
    bias = spread(bias);
  }
  int64_t batch = type.getDimSize(0);
  Value rows = raiser.reshape(x, {batch, groups, productOf(type.getShape()) / (batch * groups)});
  FloatAttr epsilon = raiser.builder.getF32FloatAttr(node.getFloat("epsilon", 1e-5f));
  Value y = LayerNormOp::create(raiser.builder, raiser.loc, rows.getType(), rows, Value(), Value(),
                                epsilon);
  y = scaleChannels(raiser, raiser.reshape(y, type.getShape()), scale, bias);
  node->getResult(0).replaceAllUsesWith(y);
  return success();
}

static LogicalResult raiseGroupNorm(Raiser &raiser, NodeOp node) {
  if (typeOf(node.getInput(0)).getRank() < 2)
    return raiser.unsupported(node, "on fewer than two axes");
  return raiseGroups(raiser, node, node.getInt("num_groups", 0), node.getSinceVersion() < 21);
}

static LogicalResult raiseInstanceNorm(Raiser &raiser, NodeOp node) {
  RankedTensorType type = typeOf(node.getInput(0));
  if (type.getRank() < 2)
    return raiser.unsupported(node, "on fewer than two axes");
  return raiseGroups(raiser, node, type.getDimSize(1), false);
}

ArrayRef<OperatorRow> zorro::raise::channelNormRows() {
  static const OperatorRow rows[] = {
      {"BatchNormalization", "", 7, kNewest, raiseBatchNorm, "map; inference only"},
      {"GroupNormalization", "", 18, kNewest, raiseGroupNorm, "zorro.layer_norm of groups, map"},
      {"InstanceNormalization", "", 6, kNewest, raiseInstanceNorm,
       "zorro.layer_norm of channels, map"},
  };
  return rows;
}

//===- Products.cpp - Sums of products ---------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Two operands whose loops are rows, columns, batch and sum are a MatMul; windows are a Conv; all
// other products along loops are an Einsum.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Unraise/Families.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::unraise;
using onnx::NodeOp;

/// Whether the body adds the product of all inputs, each taken once, to what was summed so far.
static bool isProductSum(linalg::GenericOp op) {
  Block *body = op.getBody();
  Operation *add = body->getTerminator()->getOperand(0).getDefiningOp();
  Value soFar = body->getArguments().back();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add) || !soFar.hasOneUse())
    return false;
  bool first = add->getOperand(0) == soFar;
  if (!first && add->getOperand(1) != soFar)
    return false;
  // The factors, from the last product back.
  SmallVector<Value> left = {add->getOperand(first ? 1 : 0)}, factors;
  while (!left.empty()) {
    Value value = left.pop_back_val();
    if (isa_and_nonnull<arith::MulFOp, arith::MulIOp>(value.getDefiningOp()))
      left.append({value.getDefiningOp()->getOperand(1), value.getDefiningOp()->getOperand(0)});
    else
      factors.push_back(value);
  }
  llvm::SmallPtrSet<Value, 4> distinct(factors.begin(), factors.end());
  return factors.size() >= 2 && distinct.size() == factors.size() &&
         factors.size() == op.getDpsInputs().size() &&
         llvm::all_of(factors, [&](Value f) {
           return isa<BlockArgument>(f) && f.getParentBlock() == body;
         });
}

static bool startsAtZero(linalg::GenericOp op) {
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  return fill && (matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) ||
                  matchPattern(fill.getInputs()[0], m_Zero()));
}

/// The loops that a map names, in order; nothing where it does more than name them.
static std::optional<SmallVector<int64_t>> loopsOf(AffineMap map) {
  SmallVector<int64_t> loops;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || llvm::is_contained(loops, int64_t(dim.getPosition())))
      return std::nullopt;
    loops.push_back(dim.getPosition());
  }
  return loops;
}

//===----------------------------------------------------------------------------------------===//
// MatMul and Einsum
//===----------------------------------------------------------------------------------------===//

namespace {
/// An operand and the loop that each of its axes follows.
struct Factor {
  Value value;
  SmallVector<int64_t> loops;
};
} // namespace

/// An operand without the axes that are read at one place; null where it is read otherwise.
static bool readFactor(NodeWriter &writer, Value value, AffineMap map, Factor &factor) {
  SmallVector<int64_t> kept;
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    int64_t size = typeOf(value).getDimSize(axis);
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      factor.loops.push_back(dim.getPosition());
      kept.push_back(size);
    } else if (!isa<AffineConstantExpr>(expr) || size != 1) {
      return false;
    }
  }
  factor.value = writer.reshape(value, kept);
  return true;
}

static Value writeEinsum(NodeWriter &writer, ArrayRef<Factor> factors, ArrayRef<int64_t> out,
                         RankedTensorType result) {
  auto labels = [](ArrayRef<int64_t> loops) {
    std::string text;
    for (int64_t loop : loops)
      text += char('a' + loop);
    return text;
  };
  std::string equation;
  SmallVector<Value> inputs;
  for (const Factor &factor : factors) {
    equation += (equation.empty() ? "" : ",") + labels(factor.loops);
    inputs.push_back(factor.value);
  }
  equation += "->" + labels(out);
  return writer.node("Einsum", result, inputs,
                     writer.builder.getNamedAttr("equation",
                                                 writer.builder.getStringAttr(equation)));
}

/// `factor` with its axes in the order of `loops`.
static Value inOrder(NodeWriter &writer, const Factor &factor, ArrayRef<int64_t> loops) {
  SmallVector<int64_t> perm;
  for (int64_t loop : loops)
    perm.push_back(llvm::find(factor.loops, loop) - factor.loops.begin());
  return writer.transpose(factor.value, perm);
}

static Value writeMatMul(NodeWriter &writer, const Factor &left, const Factor &right,
                         ArrayRef<int64_t> out, ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> batch, rows, columns, summed;
  for (int64_t loop : out) {
    bool inLeft = llvm::is_contained(left.loops, loop);
    bool inRight = llvm::is_contained(right.loops, loop);
    if (!inLeft && !inRight)
      return {};
    (inLeft && inRight ? batch : inLeft ? rows : columns).push_back(loop);
  }
  for (int64_t loop : left.loops)
    if (!llvm::is_contained(out, loop))
      summed.push_back(loop);
  auto sumsAll = [&](const Factor &factor) {
    return llvm::all_of(summed, [&](int64_t l) { return llvm::is_contained(factor.loops, l); });
  };
  if (!sumsAll(right) || left.loops.size() != batch.size() + rows.size() + summed.size() ||
      right.loops.size() != batch.size() + columns.size() + summed.size())
    return {};
  auto sizesOf = [&](ArrayRef<int64_t> loops) {
    return llvm::map_to_vector(loops, [&](int64_t loop) { return sizes[loop]; });
  };
  auto joined = [](std::initializer_list<ArrayRef<int64_t>> lists) {
    SmallVector<int64_t> all;
    for (ArrayRef<int64_t> list : lists)
      llvm::append_range(all, list);
    return all;
  };
  int64_t m = productOf(sizesOf(rows)), n = productOf(sizesOf(columns));
  int64_t k = productOf(sizesOf(summed));
  Value a = inOrder(writer, left, joined({batch, rows, summed}));
  Value b = inOrder(writer, right, joined({batch, summed, columns}));
  a = writer.reshape(a, joined({sizesOf(batch), {m, k}}));
  b = writer.reshape(b, joined({sizesOf(batch), {k, n}}));
  SmallVector<int64_t> order = joined({batch, rows, columns}), perm;
  Value y = writer.reshape(writer.matmul(a, b), sizesOf(order));
  for (int64_t loop : out)
    perm.push_back(llvm::find(order, loop) - order.begin());
  return perm.empty() ? y : writer.transpose(y, perm);
}

//===----------------------------------------------------------------------------------------===//
// Conv
//===----------------------------------------------------------------------------------------===//

namespace {
/// stride · output + dilation · window
struct WindowExpr {
  int64_t output = -1, window = -1, stride = 1, dilation = 1;
};
} // namespace

/// Reads the position on a spatial axis; `isWindow` tells loops over the window from the others.
static std::optional<WindowExpr> readWindow(AffineExpr expr,
                                            function_ref<bool(int64_t)> isWindow) {
  WindowExpr read;
  SmallVector<AffineExpr> terms = {expr};
  while (!terms.empty()) {
    AffineExpr term = terms.pop_back_val();
    auto binary = dyn_cast<AffineBinaryOpExpr>(term);
    if (binary && binary.getKind() == AffineExprKind::Add) {
      terms.append({binary.getLHS(), binary.getRHS()});
      continue;
    }
    int64_t factor = 1;
    if (binary && binary.getKind() == AffineExprKind::Mul) {
      auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
      if (!constant)
        return std::nullopt;
      factor = constant.getValue();
      term = binary.getLHS();
    }
    auto dim = dyn_cast<AffineDimExpr>(term);
    if (!dim)
      return std::nullopt;
    bool inWindow = isWindow(dim.getPosition());
    int64_t &loop = inWindow ? read.window : read.output;
    if (loop >= 0)
      return std::nullopt;
    loop = dim.getPosition();
    (inWindow ? read.dilation : read.stride) = factor;
  }
  return read;
}

/// A Pad of spatial axes with zeros goes into the operator.
static Value takePads(Value image, SmallVectorImpl<int64_t> &pads) {
  NodeOp pad = madeBy(image, "Pad");
  int64_t rank = typeOf(image).getRank();
  auto margins = pad ? integersOf(pad.getInput(1)) : std::nullopt;
  if (!margins || !matchPattern(pad.getInput(2), m_AnyZeroFloat()) || (*margins)[0] ||
      (*margins)[1] || (*margins)[rank] || (*margins)[rank + 1])
    return image;
  for (int64_t i = 2; i < rank; ++i) {
    pads[i - 2] = (*margins)[i];
    pads[i - 2 + rank - 2] = (*margins)[rank + i];
  }
  return pad.getInput(0);
}

/// Loops: batch, (group,) output channel, output position…, channel, window position…
static Value writeConv(NodeWriter &writer, linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  Value image = op.getDpsInputs()[0], weight = op.getDpsInputs()[1];
  RankedTensorType result = typeOf(op->getResult(0));
  auto out = loopsOf(maps[2]), read = loopsOf(maps[1]);
  int64_t spatial = int64_t(op.getNumReductionLoops()) - 1, outputs = result.getRank();
  bool grouped = outputs == spatial + 3;
  if (!out || !read || spatial < 1 || (!grouped && outputs != spatial + 2) ||
      int64_t(read->size()) != spatial + 2 + grouped || typeOf(image).getRank() != outputs ||
      !llvm::is_sorted(*out) || out->back() != outputs - 1)
    return {};
  int64_t channel = outputs, position = 2 + grouped;
  SmallVector<int64_t> wanted;
  if (grouped)
    wanted.push_back(1);
  wanted.append({position - 1, channel});
  for (int64_t i = 0; i < spatial; ++i)
    wanted.push_back(channel + 1 + i);
  if (*read != wanted)
    return {};
  SmallVector<int64_t> lead = {0}, strides, dilations, kernel, pads(2 * spatial, 0);
  if (grouped)
    lead.push_back(1);
  lead.push_back(channel);
  for (auto [axis, loop] : llvm::enumerate(lead)) {
    auto dim = dyn_cast<AffineDimExpr>(maps[0].getResult(axis));
    if (!dim || int64_t(dim.getPosition()) != loop)
      return {};
  }
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  for (int64_t i = 0; i < spatial; ++i) {
    auto window = readWindow(maps[0].getResult(position + i),
                             [&](int64_t loop) { return loop > channel; });
    if (!window || window->output != position + i || window->window != channel + 1 + i)
      return {};
    strides.push_back(window->stride);
    dilations.push_back(window->dilation);
    kernel.push_back(loops[channel + 1 + i]);
  }
  int64_t groups = grouped ? loops[1] : 1;
  auto merged = [&](Value value, int64_t axis) {
    SmallVector<int64_t> shape(typeOf(value).getShape());
    shape[axis] *= shape[axis + 1];
    shape.erase(shape.begin() + axis + 1);
    return writer.reshape(value, shape);
  };
  SmallVector<int64_t> shape(result.getShape());
  if (grouped) {
    image = merged(image, 1);
    weight = merged(weight, 0);
    shape[1] *= shape[2];
    shape.erase(shape.begin() + 2);
  }
  image = takePads(image, pads);
  Value y = writer.node("Conv", result.clone(shape), {image, weight},
                        {writer.attr("dilations", dilations), writer.attr("group", groups),
                         writer.attr("kernel_shape", kernel), writer.attr("pads", pads),
                         writer.attr("strides", strides)});
  return writer.reshape(y, result.getShape());
}

Value zorro::unraise::writeProduct(NodeWriter &writer, linalg::GenericOp op) {
  if (!op.getNumReductionLoops() || !isProductSum(op) || !startsAtZero(op))
    return {};
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto out = loopsOf(maps.back());
  if (!out)
    return {};
  if (!llvm::all_of(ArrayRef(maps).drop_back(), [](AffineMap map) {
        return llvm::all_of(map.getResults(), [](AffineExpr e) {
          return isa<AffineDimExpr, AffineConstantExpr>(e);
        });
      }))
    return op.getDpsInputs().size() == 2 ? writeConv(writer, op) : Value();
  SmallVector<Factor> factors;
  for (auto [input, map] : llvm::zip(op.getDpsInputs(), maps))
    if (!readFactor(writer, input, map, factors.emplace_back()))
      return {};
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  auto isDistinct = [](const Factor &factor) {
    llvm::SmallDenseSet<int64_t> seen(factor.loops.begin(), factor.loops.end());
    return seen.size() == factor.loops.size();
  };
  if (factors.size() == 2 && isDistinct(factors[0]) && isDistinct(factors[1]))
    if (Value y = writeMatMul(writer, factors[0], factors[1], *out, loops))
      return y;
  // Every axis of the result must be named, and 26 letters are what there is.
  bool named = llvm::all_of(*out, [&](int64_t loop) {
    return llvm::any_of(factors,
                        [&](const Factor &f) { return llvm::is_contained(f.loops, loop); });
  });
  if (!named || loops.size() > 26)
    return {};
  return writeEinsum(writer, factors, *out, typeOf(op->getResult(0)));
}

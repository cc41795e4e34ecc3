//===- Windows.cpp - Convolutions --------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A convolution whose windows tile the image is a contraction of patches, and stays token-major as
// long as the graph lets it; any other is a loop over windows.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Windows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

Value zorro::raise::addBias(Raiser &raiser, Value y, Value bias) {
  return raiser.map(typeOf(y), {y, bias}, [](OpBuilder &b, Location l, ValueRange args) -> Value {
    return arith::AddFOp::create(b, l, args[0], args[1]);
  });
}

bool Window::tiles(ArrayRef<int64_t> spatial) const {
  for (auto [i, size] : llvm::enumerate(spatial))
    if (kernel[i] != strides[i] || dilations[i] != 1 || before[i] || after[i] || size % kernel[i])
      return false;
  return groups == 1;
}

LogicalResult zorro::raise::readWindow(Raiser &raiser, NodeOp node, ArrayRef<int64_t> kernel,
                                       Window &window) {
  ArrayRef<int64_t> image = typeOf(node.getInput(0)).getShape().drop_front(2);
  ArrayRef<int64_t> result = typeOf(node->getResult(0)).getShape().drop_front(2);
  window.kernel.assign(kernel.begin(), kernel.end());
  size_t rank = image.size();
  window.groups = node.getInt("group", 1);
  auto read = [&](StringRef name, size_t count, int64_t otherwise) {
    auto given = node.getInts(name);
    return given && given->size() == count ? SmallVector<int64_t>(*given)
                                           : SmallVector<int64_t>(count, otherwise);
  };
  window.strides = read("strides", rank, 1);
  window.dilations = read("dilations", rank, 1);
  SmallVector<int64_t> pads = read("pads", 2 * rank, 0);
  window.before.assign(pads.begin(), pads.begin() + rank);
  window.after.assign(pads.begin() + rank, pads.end());
  StringRef automatic = node.getString("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    for (size_t i = 0; i < rank; ++i) {
      int64_t span = (window.kernel[i] - 1) * window.dilations[i] + 1;
      int64_t total = std::max<int64_t>((result[i] - 1) * window.strides[i] + span - image[i], 0);
      window.before[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      window.after[i] = total - window.before[i];
    }
  } else if (automatic != "NOTSET" && automatic != "VALID") {
    return raiser.unsupported(node, "with auto_pad='" + automatic + "'");
  }
  for (int64_t pad : llvm::concat<int64_t>(window.before, window.after))
    if (pad < 0)
      return raiser.unsupported(node, "with negative pads");
  return success();
}

/// The node that reads `value` alone, if it is `name`.
static NodeOp onlyReader(Value value, StringRef name) {
  if (!value.hasOneUse())
    return {};
  auto node = dyn_cast<NodeOp>(*value.user_begin());
  return node && node.is(name) && node.getInput(0) == value ? node : NodeOp();
}

/// The node behind a convolution that has its tokens in rows: [B, C, ...] -> [B, T, C].
static NodeOp findTokenMajorReader(NodeOp conv, ArrayRef<int64_t> tokens) {
  Value image = conv->getResult(0);
  for (StringRef flat : {"Reshape", "Flatten"})
    if (NodeOp reshape = onlyReader(image, flat)) {
      auto type = staticType(reshape->getResult(0));
      NodeOp transpose = onlyReader(reshape->getResult(0), "Transpose");
      if (type && transpose && type.getShape() == ArrayRef({tokens[0], tokens[2], tokens[1]}) &&
          permutationOf(transpose) == SmallVector<int64_t>({0, 2, 1}))
        return transpose;
    }
  return {};
}

static Value raisePatches(Raiser &raiser, NodeOp node, const Window &window) {
  RankedTensorType image = typeOf(node.getInput(0)), result = typeOf(node->getResult(0));
  int64_t batch = image.getDimSize(0), channels = image.getDimSize(1);
  int64_t outputs = result.getDimSize(1);
  // [B, C, (n, k)...] -> [B, n..., C, k...] -> [B, T, C · k...]
  SmallVector<int64_t> split = {batch, channels}, perm = {0}, inner = {1};
  int64_t tokens = 1, depth = channels;
  for (unsigned i = 0; i < window.rank(); ++i) {
    int64_t count = image.getDimSize(i + 2) / window.kernel[i];
    perm.push_back(split.size());
    split.push_back(count);
    inner.push_back(split.size());
    split.push_back(window.kernel[i]);
    tokens *= count;
    depth *= window.kernel[i];
  }
  perm.append(inner);
  Value patches = raiser.reshape(node.getInput(0), split);
  patches = raiser.reshape(raiser.transpose(patches, perm), {batch, tokens, depth});
  Value weight = raiser.reshape(node.getInput(1), {outputs, depth});
  Value y = raiser.contract(patches, raiser.transpose(weight, {1, 0}));
  if (Value bias = node.getInput(2))
    y = addBias(raiser, y, bias);
  if (NodeOp reader = findTokenMajorReader(node, {batch, tokens, outputs})) {
    reader->getResult(0).replaceAllUsesWith(y);
    raiser.retire(reader.getInput(0).getDefiningOp());
    return {};
  }
  return raiser.reshape(raiser.transpose(y, {0, 2, 1}), result.getShape());
}

Value zorro::raise::padImage(Raiser &raiser, Value image, const Window &window, double fill) {
  RankedTensorType type = typeOf(image);
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<OpFoldResult> low(2, raiser.builder.getIndexAttr(0)), high(low);
  bool any = false;
  for (unsigned i = 0; i < window.rank(); ++i) {
    low.push_back(raiser.builder.getIndexAttr(window.before[i]));
    high.push_back(raiser.builder.getIndexAttr(window.after[i]));
    shape[i + 2] += window.before[i] + window.after[i];
    any |= window.before[i] || window.after[i];
  }
  if (!any)
    return image;
  Value filler = scalarConstant(raiser.builder, raiser.loc, type.getElementType(), fill);
  return tensor::PadOp::create(raiser.builder, raiser.loc, type.clone(shape), image, low, high,
                               filler);
}

/// Loops: batch, (group,) output channel, output position..., channel, window position...
static Value raiseWindows(Raiser &raiser, NodeOp node, const Window &window) {
  OpBuilder &b = raiser.builder;
  Value image = padImage(raiser, node.getInput(0), window, 0), weight = node.getInput(1);
  RankedTensorType result = typeOf(node->getResult(0));
  bool grouped = window.groups != 1;
  SmallVector<int64_t> shape(result.getShape());
  if (grouped) {
    auto split = [&](Value value, unsigned axis) {
      SmallVector<int64_t> sizes(typeOf(value).getShape());
      sizes[axis] /= window.groups;
      sizes.insert(sizes.begin() + axis, window.groups);
      return raiser.reshape(value, sizes);
    };
    image = split(image, 1);
    weight = split(weight, 0);
    shape[1] /= window.groups;
    shape.insert(shape.begin() + 1, window.groups);
  }
  unsigned rank = window.rank(), position = grouped ? 3 : 2, channel = position + rank;
  unsigned loops = channel + 1 + rank;
  auto dim = [&](unsigned i) { return b.getAffineDimExpr(i); };
  SmallVector<AffineExpr> reads = {dim(0)}, weights;
  if (grouped) {
    reads.push_back(dim(1));
    weights.push_back(dim(1));
  }
  reads.push_back(dim(channel));
  weights.append({dim(position - 1), dim(channel)});
  for (unsigned i = 0; i < rank; ++i) {
    reads.push_back(dim(position + i) * window.strides[i] +
                    dim(channel + 1 + i) * window.dilations[i]);
    weights.push_back(dim(channel + 1 + i));
  }
  AffineMap maps[] = {AffineMap::get(loops, 0, reads, b.getContext()),
                      AffineMap::get(loops, 0, weights, b.getContext())};
  Value y = raiser.sumOfProducts(result.clone(shape), {image, raiser.asWeight(weight)}, maps,
                                 loops);
  y = raiser.reshape(y, result.getShape());
  if (Value bias = node.getInput(2)) {
    SmallVector<int64_t> column(rank + 1, 1);
    column[0] = result.getDimSize(1);
    y = addBias(raiser, y, raiser.reshape(bias, column));
  }
  return y;
}

LogicalResult zorro::raise::raiseConv(Raiser &raiser, NodeOp node) {
  Window window;
  if (failed(readWindow(raiser, node, typeOf(node.getInput(1)).getShape().drop_front(2), window)))
    return failure();
  ArrayRef<int64_t> image = typeOf(node.getInput(0)).getShape().drop_front(2);
  if (!window.tiles(image) || !Constants::isConstant(node.getInput(1)) ||
      !typeOf(node.getInput(0)).getElementType().isF32())
    return raiser.replace(node, raiseWindows(raiser, node, window));
  Value y = raisePatches(raiser, node, window);
  return y ? raiser.replace(node, y) : success();
}

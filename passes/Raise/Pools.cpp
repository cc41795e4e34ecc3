//===- Pools.cpp - Poolings --------------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A pooling folds one spatial axis after the other: where its windows tile the axis, the axis is
// split and reduced; elsewhere one map reads the window's positions as strided slices.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/OperatorTable.h"
#include "passes/Raise/Windows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static Value foldScalars(bool isMax, OpBuilder &b, Location l, Value x, Value so) {
  return isMax ? Value(arith::MaximumFOp::create(b, l, x, so))
               : Value(arith::AddFOp::create(b, l, x, so));
}

/// Folds the windows of spatial axis `i` of a padded image into `count` positions.
static Value foldAxis(Raiser &raiser, Value x, const Window &window, unsigned i, int64_t count,
                      bool isMax, double start) {
  RankedTensorType type = typeOf(x);
  int64_t axis = i + 2, kernel = window.kernel[i], stride = window.strides[i];
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = count;
  auto body = [&](OpBuilder &b, Location l, ValueRange args) {
    Value sum = args[0];
    for (Value arg : args.drop_front())
      sum = foldScalars(isMax, b, l, arg, sum);
    return sum;
  };
  if (kernel == stride && window.dilations[i] == 1 && type.getDimSize(axis) == count * kernel) {
    SmallVector<int64_t> split(shape);
    split.insert(split.begin() + axis + 1, kernel);
    return raiser.reduce(raiser.reshape(x, split), axis + 1,
                         scalarAttr(type.getElementType(), start), body);
  }
  SmallVector<Value> slices;
  SmallVector<int64_t> offsets(type.getRank(), 0), strides(type.getRank(), 1);
  strides[axis] = stride;
  for (int64_t k = 0; k < kernel; ++k) {
    offsets[axis] = k * window.dilations[i];
    slices.push_back(raiser.slice(x, offsets, shape, strides));
  }
  return raiser.map(type.clone(shape), slices, body);
}

/// How many of the positions under each window an average counts.
static Value countPositions(Raiser &raiser, RankedTensorType result, const Window &window,
                            ArrayRef<int64_t> image, bool withPads) {
  ArrayRef<int64_t> sizes = result.getShape().drop_front(2);
  SmallVector<float> counts = {1};
  for (unsigned i = 0; i < window.rank(); ++i) {
    int64_t first = withPads ? 0 : window.before[i];
    int64_t end = window.before[i] + image[i] + (withPads ? window.after[i] : 0);
    SmallVector<float> product;
    for (float outer : counts)
      for (int64_t position = 0; position < sizes[i]; ++position) {
        int64_t hits = 0;
        for (int64_t k = 0; k < window.kernel[i]; ++k) {
          int64_t at = position * window.strides[i] + k * window.dilations[i];
          hits += at >= first && at < end;
        }
        product.push_back(outer * hits);
      }
    counts = product;
  }
  auto type = RankedTensorType::get(sizes, raiser.builder.getF32Type());
  return raiser.constant(llvm::all_equal(counts) ? DenseElementsAttr::get(type, counts.front())
                                                 : DenseElementsAttr::get(type, ArrayRef(counts)));
}

template <bool isMax>
static LogicalResult raisePool(Raiser &raiser, NodeOp node) {
  Value x = node.getInput(0);
  RankedTensorType type = typeOf(x), result = typeOf(node->getResult(0));
  if (!type.getElementType().isF32())
    return raiser.unsupported(node, "on elements other than f32");
  if (node->getNumResults() > 1 && !node->getResult(1).use_empty())
    return raiser.unsupported(node, "with the output Indices");
  auto kernel = node.getInts("kernel_shape");
  if (!kernel || int64_t(kernel->size()) != type.getRank() - 2)
    return raiser.unsupported(node, "without a kernel_shape of the image's rank");
  Window window;
  if (failed(readWindow(raiser, node, *kernel, window)))
    return failure();
  ArrayRef<int64_t> image = type.getShape().drop_front(2), sizes = result.getShape().drop_front(2);
  bool withPads = node.getInt("count_include_pad", 0);
  Value counts;
  if (!isMax)
    counts = countPositions(raiser, result, window, image, withPads);
  // With ceil_mode the last window may end behind the margin.
  for (unsigned i = 0; i < window.rank(); ++i) {
    int64_t end = (sizes[i] - 1) * window.strides[i] + (window.kernel[i] - 1) * window.dilations[i];
    window.after[i] = std::max(window.after[i], end + 1 - window.before[i] - image[i]);
  }
  double start = isMax ? -std::numeric_limits<double>::infinity() : 0;
  x = padImage(raiser, x, window, start);
  for (unsigned i = 0; i < window.rank(); ++i)
    x = foldAxis(raiser, x, window, i, sizes[i], isMax, start);
  if (!isMax)
    x = raiser.map(result, {x, counts}, [](OpBuilder &b, Location l, ValueRange args) -> Value {
      return arith::DivFOp::create(b, l, args[0], args[1]);
    });
  return raiser.replace(node, x);
}

ArrayRef<OperatorRow> zorro::raise::poolRows() {
  static const OperatorRow rows[] = {
      {"AveragePool", "", 1, kNewest, raisePool<false>, "reductions or maps of slices; f32"},
      {"MaxPool", "", 1, kNewest, raisePool<true>,
       "reductions or maps of slices; f32, without the output Indices"},
  };
  return rows;
}

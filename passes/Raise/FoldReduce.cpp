//===- FoldReduce.cpp - Reductions and running sums on constants --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Elements are taken in order, in the type of the tensor.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTable.h"

#include <limits>

using namespace mlir;
using namespace zorro;
using namespace zorro::fold;

namespace {

struct Sum {
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return T(uint64_t(a) + uint64_t(b));
    else
      return a + b;
  }
  template <typename T>
  static T start() {
    return 0;
  }
};
struct Product {
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return T(uint64_t(a) * uint64_t(b));
    else
      return a * b;
  }
  template <typename T>
  static T start() {
    return 1;
  }
};
struct Smallest {
  template <typename T>
  static T apply(T a, T b) {
    return a != a || a < b ? a : b;
  }
  template <typename T>
  static T start() {
    return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::max();
  }
};
struct Largest {
  template <typename T>
  static T apply(T a, T b) {
    return a != a || a > b ? a : b;
  }
  template <typename T>
  static T start() {
    return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  }
};

template <typename Op>
bool reduce(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  RankedTensorType type = call.resultType();
  if (!call.has(0) || !type || isHalf(call.in(0).element))
    return false;
  const HostTensor &source = call.in(0);
  int64_t rank = int64_t(source.shape.size());
  auto axes = call.integers("axes", 1);
  if (!axes || axes->empty()) {
    if (op.getInt("noop_with_empty_axes", 0)) {
      results.push_back(source);
      return true;
    }
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  }
  // The result's strides on the source's axes; reduced ones stand still.
  llvm::SmallVector<int64_t> kept = source.shape;
  for (int64_t given : *axes) {
    auto axis = normaliseAxis(given, rank);
    if (!axis)
      return false;
    kept[*axis] = 1;
  }
  llvm::SmallVector<int64_t> strides = stridesOf(kept), own = stridesOf(source.shape);
  if (countOf(kept) != type.getNumElements())
    return false;
  HostTensor result(source.element, type.getShape());
  bool known = dispatch(source.element, [&](auto tag) {
    using T = decltype(tag);
    T *to = result.data<T>();
    std::fill(to, to + result.count(), Op::template start<T>());
    for (int64_t i = 0, e = source.count(); i < e; ++i) {
      int64_t at = 0;
      for (int64_t axis = 0; axis < rank; ++axis)
        at += kept[axis] == 1 ? 0 : i / own[axis] % source.shape[axis] * strides[axis];
      to[at] = Op::apply(to[at], source.data<T>()[i]);
    }
    return true;
  });
  results.push_back(std::move(result));
  return known;
}

bool evaluateCumSum(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  auto axes = call.has(1) ? integersOf(call.in(1)) : std::nullopt;
  if (!call.has(0) || !axes || axes->size() != 1 || isBool(call.in(0).element))
    return false;
  const HostTensor &source = call.in(0);
  auto axis = normaliseAxis(axes->front(), int64_t(source.shape.size()));
  if (!axis)
    return false;
  bool exclusive = op.getInt("exclusive", 0), reverse = op.getInt("reverse", 0);
  HostTensor result(source.element, source.shape);
  int64_t size = source.shape[*axis], stride = stridesOf(source.shape)[*axis];
  bool known = dispatch(source.element, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t line = 0, e = size ? source.count() / size : 0; line < e; ++line) {
      int64_t base = line / stride * stride * size + line % stride;
      T sum = 0;
      for (int64_t i = 0; i < size; ++i) {
        int64_t at = base + (reverse ? size - 1 - i : i) * stride;
        T next = Sum::apply(sum, source.data<T>()[at]);
        result.data<T>()[at] = exclusive ? sum : next;
        sum = next;
      }
    }
    return true;
  });
  results.push_back(std::move(result));
  return known;
}

} // namespace

llvm::ArrayRef<FoldRow> fold::reduceRows() {
  static const FoldRow rows[] = {
      {"ReduceSum", reduce<Sum>},      {"ReduceProd", reduce<Product>},
      {"ReduceMin", reduce<Smallest>}, {"ReduceMax", reduce<Largest>},
      {"CumSum", evaluateCumSum},
  };
  return rows;
}

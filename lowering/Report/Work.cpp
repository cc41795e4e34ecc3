//===- Work.cpp - Multiply-adds and layers ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Work.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::report;

static uint64_t product(std::initializer_list<int64_t> factors) {
  uint64_t result = 1;
  for (int64_t factor : factors)
    result = llvm::SaturatingMultiply(result, uint64_t(factor));
  return result;
}

static int64_t elementsOf(Type type) { return cast<RankedTensorType>(type).getNumElements(); }

static Work plain(uint64_t multiplyAdds) { return {multiplyAdds, multiplyAdds}; }

/// q, k and v are [batch, heads, tokens, head size].
static Work workOfAttention(Type q, Type k, Type v, MaskAttr mask) {
  auto queries = cast<RankedTensorType>(q).getShape(), keys = cast<RankedTensorType>(k).getShape();
  int64_t size = queries[3] + cast<RankedTensorType>(v).getDimSize(3);
  int64_t all = queries[2] * keys[2];
  return {product({queries[0], queries[1], mask ? mask.getLivePairs() : all, size}),
          product({queries[0], queries[1], all, size})};
}

/// Whether a body multiplies and adds up: what a contraction that has no name of its own does.
static bool multipliesAndAdds(linalg::LinalgOp op) {
  Region &body = op->getRegion(0);
  return op.getNumReductionLoops() && !body.getOps<arith::MulFOp>().empty() &&
         !body.getOps<arith::AddFOp>().empty();
}

Work report::workOf(Operation *op) {
  if (auto contract = dyn_cast<ContractOp>(op))
    return plain(product({elementsOf(contract.getType()), contract.getK()}));
  if (auto attention = dyn_cast<AttentionOp>(op))
    return workOfAttention(attention.getQ().getType(), attention.getK().getType(),
                           attention.getV().getType(), attention.getMaskAttr());
  auto loops = dyn_cast<linalg::LinalgOp>(op);
  if (!loops || !multipliesAndAdds(loops))
    return {};
  uint64_t steps = 1;
  for (int64_t size : loops.getStaticLoopRanges()) {
    if (ShapedType::isDynamic(size))
      return {};
    steps = llvm::SaturatingMultiply(steps, uint64_t(size));
  }
  return plain(steps);
}

Work report::workOf(CallOp call, KernelOp kernel) {
  Operation *root = kernel.getRoot();
  auto typeOf = [&](Value argument) {
    return call.getInputs()[cast<BlockArgument>(argument).getArgNumber()].getType();
  };
  if (auto contract = dyn_cast<ContractOp>(root))
    return plain(product({elementsOf(call.getShape()), contract.getK()}));
  if (auto attention = dyn_cast<AttentionOp>(root))
    return workOfAttention(typeOf(attention.getQ()), typeOf(attention.getK()),
                           typeOf(attention.getV()), call.getMaskAttr());
  auto loops = dyn_cast<linalg::LinalgOp>(root);
  if (!loops || !multipliesAndAdds(loops))
    return {};
  // A window over the whole loop nest has an axis for every loop.
  for (auto input : call.getInputs())
    if (cast<RankedTensorType>(input.getType()).getRank() == loops.getNumLoops())
      return plain(elementsOf(input.getType()));
  return {};
}

//===----------------------------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------------------------===//

std::vector<std::string> report::nodesAt(Location loc) {
  std::vector<std::string> names;
  loc->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner))
      if (!llvm::is_contained(names, name.getName().getValue()))
        names.push_back(name.getName().str());
    return WalkResult::advance();
  });
  return names;
}

std::string report::softmaxAt(Location loc) {
  std::vector<std::string> names = nodesAt(loc);
  for (const std::string &name : names)
    if (StringRef(name).contains_insensitive("softmax"))
      return name;
  return names.empty() ? "" : names.front();
}

static bool isNumber(StringRef text) { return !text.empty() && llvm::all_of(text, llvm::isDigit); }

/// "layer.0" or "3": a part of a path that counts.
static bool isNumbered(StringRef part) {
  return isNumber(part.rsplit('.').second) || isNumber(part);
}

StringRef report::scopeOfNode(StringRef node) {
  StringRef path = node.take_front(node.contains('/') ? node.rfind('/') : 0);
  if (path.trim('/').empty())
    return "";
  size_t begin = path.starts_with("/") ? 1 : 0;
  for (size_t at = begin; at <= path.size();) {
    size_t end = std::min(path.find('/', at), path.size());
    if (isNumbered(path.slice(at, end)))
      return path.take_front(end);
    at = end + 1;
  }
  return path.take_front(path.find('/', begin));
}

StringRef report::scopeOfWeight(StringRef weight) {
  for (size_t at = 0; at < weight.size();) {
    size_t end = weight.find('.', at);
    if (end == StringRef::npos)
      break;
    if (isNumber(weight.slice(at, end)))
      return weight.take_front(end);
    at = end + 1;
  }
  size_t dot = weight.find('.');
  return dot == StringRef::npos ? "" : weight.take_front(dot);
}

std::string report::layerOf(CallOp call, StringRef before) {
  for (const std::string &node : nodesAt(call.getLoc()))
    if (StringRef scope = scopeOfNode(node); !scope.empty())
      return scope.str();
  for (Value input : call.getInputs()) {
    if (auto view = input.getDefiningOp<ViewOp>())
      input = view.getSource();
    if (auto weight = input.getDefiningOp<WeightRefOp>())
      if (StringRef scope = scopeOfWeight(weight.getWeight()); !scope.empty())
        return scope.str();
  }
  return before.str();
}

std::string report::formatType(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    llvm::interleave(
        tensor.getShape(), os,
        [&](int64_t size) { ShapedType::isDynamic(size) ? os << "?" : os << size; }, "×");
    os << (tensor.getRank() ? " " : "") << tensor.getElementType();
  } else {
    os << type;
  }
  return text;
}

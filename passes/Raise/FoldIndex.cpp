//===- FoldIndex.cpp - Operators that index, on constants ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every index is checked against its axis: one that lies outside leaves the node as it is.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTable.h"

#include <cstring>

using namespace mlir;
using namespace zorro;
using namespace zorro::fold;

namespace {

bool evaluateGather(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  auto indices = call.has(1) ? integersOf(call.in(1)) : std::nullopt;
  if (!call.has(0) || !indices)
    return false;
  const HostTensor &source = call.in(0);
  auto axis = normaliseAxis(op.getInt("axis", 0), int64_t(source.shape.size()));
  if (!axis)
    return false;
  llvm::SmallVector<int64_t> shape(llvm::ArrayRef(source.shape).take_front(*axis));
  int64_t outer = countOf(shape), size = source.shape[*axis];
  llvm::append_range(shape, call.in(1).shape);
  auto rest = llvm::ArrayRef(source.shape).drop_front(*axis + 1);
  llvm::append_range(shape, rest);
  RankedTensorType type = call.resultType();
  if (!type || type.getShape() != llvm::ArrayRef(shape))
    return false;
  HostTensor result(source.element, shape);
  int64_t run = countOf(rest) * source.elementBytes();
  char *to = result.bytes.data();
  for (int64_t row = 0; row < outer; ++row)
    for (int64_t given : *indices) {
      auto index = normaliseAxis(given, size);
      if (!index)
        return false;
      std::memcpy(to, source.bytes.data() + (row * size + *index) * run, run);
      to += run;
    }
  results.push_back(std::move(result));
  return true;
}

bool evaluateGatherElements(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  auto indices = call.has(1) ? integersOf(call.in(1)) : std::nullopt;
  if (!call.has(0) || !indices || call.in(0).shape.size() != call.in(1).shape.size())
    return false;
  const HostTensor &source = call.in(0);
  llvm::ArrayRef<int64_t> shape = call.in(1).shape;
  auto axis = normaliseAxis(op.getInt("axis", 0), int64_t(shape.size()));
  if (!axis)
    return false;
  for (size_t a = 0; a < shape.size(); ++a)
    if (a != size_t(*axis) && shape[a] > source.shape[a])
      return false;
  HostTensor result(source.element, shape);
  llvm::SmallVector<int64_t> strides = stridesOf(source.shape), own = stridesOf(shape);
  for (int64_t i = 0, e = result.count(); i < e; ++i) {
    auto index = normaliseAxis((*indices)[i], source.shape[*axis]);
    if (!index)
      return false;
    int64_t from = 0;
    for (size_t a = 0; a < shape.size(); ++a)
      from += (a == size_t(*axis) ? *index : i / own[a] % shape[a]) * strides[a];
    std::memcpy(result.at(i), source.at(from), result.elementBytes());
  }
  results.push_back(std::move(result));
  return true;
}

// Offsets, in elements, of the slices that the last axis of an index tensor names after
// `batch` leading axes; nothing where an index lies outside.
std::optional<llvm::SmallVector<int64_t>> sliceOffsets(const HostTensor &source,
                                                       const HostTensor &indexTensor,
                                                       int64_t batch) {
  auto indices = integersOf(indexTensor);
  if (!indices || indexTensor.shape.empty())
    return std::nullopt;
  int64_t depth = indexTensor.shape.back(), rank = int64_t(source.shape.size());
  if (depth < 1 || batch < 0 || batch >= int64_t(indexTensor.shape.size()) ||
      depth > rank - batch)
    return std::nullopt;
  for (int64_t a = 0; a < batch; ++a)
    if (source.shape[a] != indexTensor.shape[a])
      return std::nullopt;
  llvm::SmallVector<int64_t> offsets, strides = stridesOf(source.shape);
  int64_t rows = int64_t(indices->size()) / depth;
  int64_t batches = countOf(llvm::ArrayRef(source.shape).take_front(batch));
  int64_t batchSize = countOf(llvm::ArrayRef(source.shape).drop_front(batch));
  for (int64_t row = 0; row < rows; ++row) {
    int64_t offset = batches ? row / (rows / batches) * batchSize : 0;
    for (int64_t k = 0; k < depth; ++k) {
      auto index = normaliseAxis((*indices)[row * depth + k], source.shape[batch + k]);
      if (!index)
        return std::nullopt;
      offset += *index * strides[batch + k];
    }
    offsets.push_back(offset);
  }
  return offsets;
}

bool evaluateGatherND(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  if (!call.has(0) || !call.has(1))
    return false;
  const HostTensor &source = call.in(0);
  int64_t batch = op.getInt("batch_dims", 0);
  auto offsets = sliceOffsets(source, call.in(1), batch);
  RankedTensorType type = call.resultType();
  if (!offsets || !type)
    return false;
  auto rest = llvm::ArrayRef(source.shape).drop_front(batch + call.in(1).shape.back());
  int64_t run = countOf(rest) * source.elementBytes();
  HostTensor result(source.element, type.getShape());
  if (int64_t(result.bytes.size()) != int64_t(offsets->size()) * run)
    return false;
  for (auto [i, offset] : llvm::enumerate(*offsets))
    std::memcpy(result.bytes.data() + i * run, source.at(offset), run);
  results.push_back(std::move(result));
  return true;
}

bool evaluateScatterND(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  if (!call.has(0) || !call.has(1) || !call.has(2) ||
      op.getString("reduction", "none") != "none" || call.in(2).element != call.in(0).element)
    return false;
  HostTensor result = call.in(0);
  auto offsets = sliceOffsets(result, call.in(1), 0);
  if (!offsets)
    return false;
  auto rest = llvm::ArrayRef(result.shape).drop_front(call.in(1).shape.back());
  int64_t run = countOf(rest) * result.elementBytes();
  if (int64_t(call.in(2).bytes.size()) != int64_t(offsets->size()) * run)
    return false;
  for (auto [i, offset] : llvm::enumerate(*offsets))
    std::memcpy(result.at(offset), call.in(2).bytes.data() + i * run, run);
  results.push_back(std::move(result));
  return true;
}

bool evaluateScatterElements(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  if (!call.has(0) || !call.has(1) || !call.has(2) ||
      op.getString("reduction", "none") != "none" || call.in(2).element != call.in(0).element)
    return false;
  HostTensor result = call.in(0);
  auto indices = integersOf(call.in(1));
  llvm::ArrayRef<int64_t> extent = call.in(1).shape;
  auto axis = normaliseAxis(op.getInt("axis", 0), int64_t(result.shape.size()));
  if (!indices || !axis || extent.size() != result.shape.size() ||
      extent != llvm::ArrayRef(call.in(2).shape))
    return false;
  for (size_t i = 0; i < extent.size(); ++i)
    if (int64_t(i) != *axis && extent[i] > result.shape[i])
      return false;
  llvm::SmallVector<int64_t> strides = stridesOf(result.shape), own = stridesOf(extent);
  for (int64_t i = 0, e = int64_t(indices->size()); i < e; ++i) {
    auto place = normaliseAxis((*indices)[i], result.shape[*axis]);
    if (!place)
      return false;
    int64_t offset = *place * strides[*axis];
    for (int64_t a = 0; a < int64_t(extent.size()); ++a)
      if (a != *axis)
        offset += i / own[a] % extent[a] * strides[a];
    std::memcpy(result.at(offset), call.in(2).at(i), result.elementBytes());
  }
  results.push_back(std::move(result));
  return true;
}

// The one operator here whose result has a length that its inputs' types do not tell.
bool evaluateNonZero(const FoldCall &call, Results &results) {
  if (!call.has(0))
    return false;
  auto truth = convert(call.in(0), IntegerType::get(call.in(0).element.getContext(), 1));
  if (!truth)
    return false;
  int64_t rank = int64_t(truth->shape.size()), found = 0;
  for (char byte : truth->bytes)
    found += byte != 0;
  HostTensor result(IntegerType::get(truth->element.getContext(), 64), {rank, found});
  llvm::SmallVector<int64_t> strides = stridesOf(truth->shape);
  int64_t column = 0;
  for (int64_t i = 0, e = truth->count(); i < e; ++i) {
    if (!truth->bytes[i])
      continue;
    for (int64_t axis = 0; axis < rank; ++axis)
      result.data<int64_t>()[axis * found + column] = i / strides[axis] % truth->shape[axis];
    ++column;
  }
  results.push_back(std::move(result));
  return true;
}

} // namespace

llvm::ArrayRef<FoldRow> fold::indexRows() {
  static const FoldRow rows[] = {
      {"Gather", evaluateGather},       {"GatherElements", evaluateGatherElements},
      {"GatherND", evaluateGatherND},   {"ScatterND", evaluateScatterND},
      {"ScatterElements", evaluateScatterElements},
      {"NonZero", evaluateNonZero},
  };
  return rows;
}

//===- StridedView.cpp - Arithmetic on windows ------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/StridedView.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace zorro;

StridedView StridedView::whole(Value value) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  return {value, 0, SmallVector<int64_t>(shape), computeStrides(shape)};
}

bool StridedView::isWhole() const {
  auto type = cast<RankedTensorType>(storage.getType());
  if (offset != 0 || ArrayRef(sizes) != type.getShape())
    return false;
  // The stride of an axis of size one is never used.
  return llvm::all_of(llvm::zip(sizes, strides, computeStrides(sizes)), [](auto axis) {
    auto [size, stride, dense] = axis;
    return size == 1 || stride == dense;
  });
}

StridedView StridedView::transpose(ArrayRef<int64_t> perm) const {
  return {storage, offset, applyPermutation(sizes, perm), applyPermutation(strides, perm)};
}

StridedView StridedView::slice(ArrayRef<int64_t> offsets, ArrayRef<int64_t> newSizes,
                               ArrayRef<int64_t> steps) const {
  StridedView view{storage, offset, SmallVector<int64_t>(newSizes), strides};
  for (auto [i, begin, step] : llvm::enumerate(offsets, steps)) {
    view.offset += begin * strides[i];
    view.strides[i] *= step;
  }
  return view;
}

StridedView StridedView::expand(ArrayRef<ReassociationIndices> groups,
                                ArrayRef<int64_t> shape) const {
  StridedView view{storage, offset, SmallVector<int64_t>(shape),
                   SmallVector<int64_t>(shape.size())};
  // Unit axes outside every group (a tensor without axes expands to them) may have any stride.
  for (auto [axis, group] : llvm::enumerate(groups)) {
    int64_t stride = strides[axis];
    for (int64_t i : llvm::reverse(group)) {
      view.strides[i] = stride;
      stride *= shape[i];
    }
  }
  return view;
}

/// Size and stride of axes [begin, end) as one axis; nothing where they are not evenly spaced.
static std::optional<std::pair<int64_t, int64_t>>
mergeAxes(ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  int64_t size = 1, stride = 0;
  bool first = true;
  for (auto [n, s] : llvm::zip(llvm::reverse(sizes), llvm::reverse(strides))) {
    if (n == 1)
      continue;
    if (first)
      stride = s;
    else if (s != size * stride)
      return std::nullopt;
    size *= n;
    first = false;
  }
  return std::pair(size, stride);
}

std::optional<StridedView> StridedView::collapse(ArrayRef<ReassociationIndices> groups) const {
  StridedView view{storage, offset, {}, {}};
  for (const ReassociationIndices &group : groups) {
    if (group.empty())
      continue;
    auto merged = mergeAxes(ArrayRef(sizes).slice(group.front(), group.size()),
                            ArrayRef(strides).slice(group.front(), group.size()));
    if (!merged)
      return std::nullopt;
    view.sizes.push_back(merged->first);
    view.strides.push_back(merged->second);
  }
  return view;
}

std::optional<StridedView> StridedView::asRows(unsigned split) const {
  unsigned leading = getRank() - 1;
  auto batch = mergeAxes(ArrayRef(sizes).take_front(split), ArrayRef(strides).take_front(split));
  auto rows = mergeAxes(ArrayRef(sizes).slice(split, leading - split),
                        ArrayRef(strides).slice(split, leading - split));
  if (!batch || !rows || (strides.back() != 1 && sizes.back() != 1))
    return std::nullopt;
  return StridedView{storage, offset, {batch->first, rows->first, sizes.back()},
                     {batch->second, rows->second, 1}};
}

void zorro::coalesceLoops(SmallVectorImpl<int64_t> &sizes,
                          MutableArrayRef<SmallVector<int64_t>> strides,
                          function_ref<bool(unsigned)> mayMerge,
                          function_ref<void(unsigned)> onDrop) {
  auto drop = [&](unsigned loop) {
    sizes.erase(sizes.begin() + loop);
    for (SmallVector<int64_t> &s : strides)
      s.erase(s.begin() + loop);
    onDrop(loop);
  };
  for (unsigned loop = 0; loop < sizes.size() && sizes.size() > 1;)
    sizes[loop] == 1 ? drop(loop) : void(++loop);
  for (unsigned loop = 0; loop + 1 < sizes.size();) {
    bool even = mayMerge(loop) && llvm::all_of(strides, [&](ArrayRef<int64_t> s) {
                  return s[loop] == s[loop + 1] * sizes[loop + 1];
                });
    if (!even) {
      ++loop;
      continue;
    }
    // The merged loop steps as the inner one did; dropping the outer keeps that one's strides.
    sizes[loop + 1] *= sizes[loop];
    drop(loop);
  }
}

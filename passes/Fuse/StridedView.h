//===- StridedView.h - Windows on tensors, before they become kernels' operands -----*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reshapes, transposes, slices and broadcasts move no data: they change the offset and the strides
// under which a kernel reads a tensor. This is their arithmetic.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_FUSE_STRIDEDVIEW_H
#define ZORRO_PASSES_FUSE_STRIDEDVIEW_H

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace zorro {

/// Element (i0, i1, …) is element number offset + sum of i·strides of `storage`, counted row-major.
struct StridedView {
  mlir::Value storage;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> sizes, strides;

  /// All of `value`, in order.
  static StridedView whole(mlir::Value value);

  unsigned getRank() const { return sizes.size(); }
  bool isWhole() const;

  StridedView transpose(llvm::ArrayRef<int64_t> perm) const;
  StridedView slice(llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> newSizes,
                    llvm::ArrayRef<int64_t> steps) const;
  /// Splits axes. `shape` is the result's shape, `groups[i]` the result axes of axis i.
  StridedView expand(llvm::ArrayRef<mlir::ReassociationIndices> groups,
                     llvm::ArrayRef<int64_t> shape) const;
  /// Merges axes; nothing where the merged elements are not evenly spaced.
  std::optional<StridedView> collapse(llvm::ArrayRef<mlir::ReassociationIndices> groups) const;
  /// The window as [batch, rows, last axis]: axes before `split` become the batch, the others but
  /// the last the rows. Nothing where they do not merge.
  std::optional<StridedView> asRows(unsigned split) const;
};

/// Merges neighbouring loops that run evenly through every window, and drops loops of one step, in
/// place; `mayMerge(i)` tells whether loop i and loop i + 1 may become one. All windows have one
/// stride per loop. At least one loop stays.
void coalesceLoops(llvm::SmallVectorImpl<int64_t> &sizes,
                   llvm::MutableArrayRef<llvm::SmallVector<int64_t>> strides,
                   llvm::function_ref<bool(unsigned)> mayMerge,
                   llvm::function_ref<void(unsigned)> onDrop);

} // namespace zorro

#endif // ZORRO_PASSES_FUSE_STRIDEDVIEW_H

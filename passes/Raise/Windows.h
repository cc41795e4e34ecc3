//===- Windows.h - Convolutions and poolings --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Shared by the files that raise convolutions and poolings, and the table.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_WINDOWS_H
#define ZORRO_PASSES_RAISE_WINDOWS_H

#include "passes/Raise/Raiser.h"

namespace zorro::raise {

/// What a convolution or a pooling slides over its image: an entry per spatial axis.
struct Window {
  llvm::SmallVector<int64_t> kernel, strides, dilations, before, after;
  int64_t groups = 1;

  unsigned rank() const { return kernel.size(); }
  /// Whether the windows tile the image `spatial`.
  bool tiles(llvm::ArrayRef<int64_t> spatial) const;
};

/// The attributes that convolutions and poolings share.
mlir::LogicalResult readWindow(Raiser &raiser, onnx::NodeOp node, llvm::ArrayRef<int64_t> kernel,
                               Window &window);
/// `image` with `window`'s margins, filled with `fill`.
mlir::Value padImage(Raiser &raiser, mlir::Value image, const Window &window, double fill);

mlir::LogicalResult raiseConv(Raiser &raiser, onnx::NodeOp node);

/// y + bias with numpy's broadcasting.
mlir::Value addBias(Raiser &raiser, mlir::Value y, mlir::Value bias);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_WINDOWS_H

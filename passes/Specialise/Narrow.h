//===- Narrow.h - Build the function that the kept outputs need -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_SPECIALISE_NARROW_H
#define ZORRO_PASSES_SPECIALISE_NARROW_H

#include "passes/Specialise/Needs.h"

#include "mlir/IR/IRMapping.h"

namespace zorro {

/// Counts what a specialisation removed.
struct NarrowCounts {
  unsigned dead = 0;     // operations that nothing kept needs
  unsigned narrowed = 0; // operations that work on fewer elements
};

/// Writes a function `name` beside `streams`' function: only `outputs`, only what they need, inputs
/// and outputs with the attributes that they had. Inputs in `foreign` are proved not to matter;
/// where an operation still reads one, it reads zeros. Weights of which a part is needed become new
/// weights with a longer recipe. With `wholeSignature` also the inputs stay that nothing needs.
mlir::func::FuncOp narrowFunction(const StreamDependence &streams, llvm::StringRef name,
                                  llvm::ArrayRef<unsigned> outputs, uint64_t foreign,
                                  bool wholeSignature, NarrowCounts &counts);

} // namespace zorro

#endif // ZORRO_PASSES_SPECIALISE_NARROW_H

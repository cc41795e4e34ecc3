//===- StreamLabel.h - Which modalities an operation works on ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_STREAMLABEL_H
#define ZORRO_PASSES_ANALYSIS_STREAMLABEL_H

#include "passes/Analysis/StreamDependence.h"

#include "mlir/IR/BuiltinAttributes.h"

namespace zorro {

/// Name of the discardable attribute that holds a label.
constexpr llvm::StringLiteral kStreamsAttr = "zorro.streams";

/// The modalities that influence a result of `op`, in the order of the inputs: "audio",
/// "audio+video". Null where no input that has a name does. `op` stands at the top of the function.
mlir::StringAttr labelStreams(const StreamDependence &streams, mlir::Operation *op);

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_STREAMLABEL_H

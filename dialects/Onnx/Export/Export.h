//===- Export.h - From the onnx dialect to an ONNX file -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One function of onnx nodes is one file. Weights are written one after the other, each with its
// recipe carried out, so that no more than one of them is in memory.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_EXPORT_EXPORT_H
#define ZORRO_DIALECTS_ONNX_EXPORT_EXPORT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>

namespace zorro::onnx {

/// A protobuf message, and with it a model without external data, ends below this size.
constexpr uint64_t kMaxInlineBytes = (uint64_t(1) << 31) - 1;

struct ExportOptions {
  std::string folder;         // of the source: weights are read relative to it
  std::string dataName;       // of the file for weights, as the model names it; never empty
  bool external = false;      // weights go there, however few they are
};

/// Takes bytes of a file, in order.
using ByteSink = llvm::function_ref<void(llvm::ArrayRef<char>)>;

/// Writes `func` (onnx nodes, constants and weights only) as a model to `model`, and weights to
/// `data` where the model would be too large or `options` ask for it. `usesData` says whether they
/// went there. Fails with a diagnostic.
mlir::LogicalResult exportModel(mlir::func::FuncOp func, const ExportOptions &options,
                                ByteSink model, ByteSink data, bool &usesData);

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_EXPORT_EXPORT_H

//===- Import.h - From an ONNX file to the onnx dialect ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reads a model that nobody vouches for. Weights stay in their files: the module names them by
// symbol, offset and hash. No exception leaves this library.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_IMPORT_H
#define ZORRO_DIALECTS_ONNX_IMPORT_IMPORT_H

#include "dialects/Onnx/Onnx.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

#include <functional>
#include <string>

namespace zorro::onnx {

struct ImportOptions {
  /// Shapes of inputs by name, as `--shape=name=1x3x4` gives them. They must agree with the
  /// dimensions that the file fixes; a symbolic dimension bound here is bound everywhere.
  llvm::StringMap<llvm::SmallVector<int64_t>> shapes;
  /// Elements of one tensor, weights and results alike.
  int64_t maxTensorElements = int64_t(1) << 31;
  /// Bytes of all weights together.
  int64_t maxModelBytes = int64_t(16) << 30;
  /// Nodes after model-local functions are inlined.
  int64_t maxNodes = int64_t(1) << 22;
  /// Subgraphs (and functions) within each other; protobuf itself stops at 33 subgraphs.
  int64_t maxDepth = 32;
  /// Whether a node stays as it is. For any other, the function that its operator's definition
  /// gives is inlined, where there is one. All nodes stay where this is not set.
  std::function<bool(NodeOp node)> keeps;
};

/// Why an import failed. The numbers are zorro-opt's exit codes.
enum class ImportFailure {
  None = 0,
  Usage = 1,       // an option contradicts the model
  Malformed = 2,   // unreadable, or against ONNX's rules
  Unsupported = 3, // legal, but not handled
  Limit = 4,       // beyond a limit of ImportOptions
  Internal = 70
};

struct ImportStatus {
  ImportFailure failure = ImportFailure::None;
  /// One sentence: file, node, what was expected, what was found.
  std::string message;
};

/// Imports `path` (`.onnxtxt`: ONNX's text form; else protobuf) as a module in the `imported` phase.
/// A failure is one diagnostic, repeated in `status`.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> importModel(llvm::StringRef path,
                                                               const ImportOptions &options,
                                                               mlir::MLIRContext &context,
                                                               ImportStatus &status);

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_IMPORT_H

//===- Reporter.h - Diagnostics as one-line messages ------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PIPELINE_REPORTER_H
#define ZORRO_LOWERING_PIPELINE_REPORTER_H

#include "mlir/IR/Diagnostics.h"

#include <string>
#include <vector>

namespace zorro {

/// Prints every error as one line on standard error ("zorro-opt: error: m.onnx: node 'x': …") and
/// remembers what kind of fault the first one was. Warnings are printed as notes, remarks
/// and what is attached to them on demand.
class Reporter {
public:
  Reporter(mlir::MLIRContext *context, llvm::StringRef file, bool remarks);

  /// Exit code that the errors so far call for: a message that begins with "unsupported: " is
  /// kUnsupported, with "usage: " kUsage, with "refused: " kRefused, with "limit: " or "cannot write " kLimit; all others give `otherwise`.
  int exitCode(int otherwise) const;
  bool hasErrors() const { return errors != 0; }
  /// Every message so far, printed or not.
  struct Message {
    mlir::DiagnosticSeverity severity;
    std::string node, text; // "": no node of the graph
    std::vector<std::string> notes;
  };
  llvm::ArrayRef<Message> getMessages() const { return messages; }
  /// Prints a line in the same form.
  static void error(const llvm::Twine &message);

private:
  void handle(mlir::Diagnostic &diagnostic);

  mlir::ScopedDiagnosticHandler handler;
  std::string file;
  bool remarks;
  std::vector<Message> messages;
  unsigned errors = 0;
  int code = 0;
};

} // namespace zorro

#endif // ZORRO_LOWERING_PIPELINE_REPORTER_H

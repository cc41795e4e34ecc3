//===- Reporter.cpp - Messages of the compiler ------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Pipeline/Reporter.h"

#include "lowering/Pipeline/Compile.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace zorro;

/// The graph node that an operation came from, or "".
static std::string nodeOf(Location loc) {
  std::string name;
  loc->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner)) {
      name = named.getName().str();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return name;
}

/// Line and column in a file that the user wrote, or "".
static std::string positionOf(Location loc) {
  auto file = dyn_cast<FileLineColLoc>(loc);
  if (!file || file.getLine() == 0)
    return "";
  return (Twine(file.getLine()) + ":" + Twine(file.getColumn())).str();
}

Reporter::Reporter(MLIRContext *context, StringRef file, bool remarks)
    : handler(context,
              [this](Diagnostic &diagnostic) {
                handle(diagnostic);
                return success();
              }),
      file(file), remarks(remarks) {}

void Reporter::error(const Twine &message) {
  llvm::errs() << "zorro-opt: error: " << message << "\n";
}

int Reporter::exitCode(int otherwise) const { return code ? code : otherwise; }

void Reporter::handle(Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  messages.push_back({diagnostic.getSeverity(), nodeOf(diagnostic.getLocation()), text, {}});
  for (Diagnostic &note : diagnostic.getNotes())
    messages.back().notes.push_back(note.str());
  bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  bool isWarning = diagnostic.getSeverity() == DiagnosticSeverity::Warning;
  if (!isError && !isWarning && !remarks)
    return;
  if (isError && !errors++) {
    size_t at = 0; // behind "'zorro.call' op "
    if (StringRef(text).starts_with("'"))
      if (size_t op = text.find("' op "); op != std::string::npos)
        at = op + 5;
    StringRef message = StringRef(text).drop_front(at);
    code = message.starts_with("unsupported: ") ? kUnsupported
           : message.starts_with("refused: ")   ? kRefused
           : message.starts_with("usage: ")     ? kUsage
           : message.starts_with("limit: ")     ? kLimit
           : message.starts_with("cannot write ") ? kLimit
                                                : 0;
  }
  llvm::raw_ostream &os = llvm::errs();
  // What the command line asks for has no place in the file.
  StringRef shown = text;
  if (shown.consume_front("usage: ")) {
    error(file + ": " + shown);
    return;
  }
  os << "zorro-opt: " << (isError ? "error" : isWarning ? "note" : "remark") << ": ";
  // Messages of the importer name the file themselves.
  if (!StringRef(text).starts_with(file)) {
    os << file << ": ";
    if (std::string position = positionOf(diagnostic.getLocation()); !position.empty())
      os << position << ": ";
    // A refusal is about outputs and names the nodes itself.
    std::string node = nodeOf(diagnostic.getLocation());
    if (!node.empty() && node != file && !isWarning && !shown.starts_with("refused: "))
      os << "node '" << node << "': ";
  }
  os << text << "\n";
  if (remarks)
    for (Diagnostic &note : diagnostic.getNotes())
      os << "  note: " << note.str() << "\n";
}

//===- Models.h - Models for the tests of import ------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Files in a folder that goes with the test, and one call that imports and prints.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_DIALECTS_ONNX_MODELS_H
#define ZORRO_TEST_DIALECTS_ONNX_MODELS_H

#include "dialects/Onnx/Import/Import.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <string>

namespace zorro::test {

/// A folder of files, deleted with the object.
class Folder {
public:
  Folder();
  ~Folder();
  std::string path(const std::string &name) const { return root + "/" + name; }
  /// Writes a file (folders on its way too) and returns its path.
  std::string write(const std::string &name, const std::string &bytes) const;

private:
  std::string root;
};

/// What an import gave.
struct Imported {
  bool ok = false;
  int exitCode = 0;
  std::string message;
  std::string text;     // the module, with locations in short form
  unsigned diagnostics = 0;
};

Imported importFile(const std::string &path, const onnx::ImportOptions &options = {});
/// A model in ONNX's text form; `body` begins with the graph, opset 18 is imported.
Imported importText(const std::string &body, const onnx::ImportOptions &options = {});
Imported importProto(const ::onnx::ModelProto &model, const onnx::ImportOptions &options = {});

/// y = x + w, with the initializer `w` of four floats to be spoiled by a test.
::onnx::ModelProto addModel();
/// A node of ai.onnx, appended to `graph`.
::onnx::NodeProto *addNode(::onnx::GraphProto *graph, const std::string &op,
                           std::initializer_list<std::string> inputs,
                           std::initializer_list<std::string> outputs);

/// Expects a refusal with this exit code whose one sentence holds `part`.
void expectRefused(const Imported &result, int exitCode, const std::string &part);
/// Expects an import whose text holds `part`.
void expectText(const Imported &result, const std::string &part);

} // namespace zorro::test

#endif // ZORRO_TEST_DIALECTS_ONNX_MODELS_H

//===- WriteOnnx.cpp - ONNX files ------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One file for each entry point. A file of weights gets its name before the model that needs it.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Export/Export.h"
#include "lowering/Emit/OutputFile.h"
#include "lowering/Pipeline/Pipelines.h"

#include "llvm/Support/Path.h"

using namespace mlir;
using namespace zorro;

static LogicalResult writeEntry(func::FuncOp func, llvm::StringRef output,
                                const CompileOptions &options) {
  onnx::ExportOptions how;
  how.folder = weightFolder(options);
  how.dataName = (llvm::sys::path::filename(output) + ".data").str();
  how.external = options.externalData;
  OutputFile model(output), data((output + ".data").str());
  bool usesData = false;
  if (failed(onnx::exportModel(
          func, how, [&](llvm::ArrayRef<char> bytes) { model.write(bytes); },
          [&](llvm::ArrayRef<char> bytes) { data.write(bytes); }, usesData)))
    return failure();
  if (usesData)
    if (llvm::Error error = data.commit())
      return func.emitError() << llvm::toString(std::move(error));
  if (llvm::Error error = model.commit())
    return func.emitError() << llvm::toString(std::move(error));
  return success();
}

LogicalResult zorro::writeOnnx(ModuleOp module, llvm::StringRef output,
                               const CompileOptions &options) {
  auto entries = llvm::to_vector(module.getOps<func::FuncOp>());
  for (func::FuncOp entry : entries) {
    llvm::SmallString<128> path(output);
    if (entries.size() > 1) {
      llvm::StringRef extension = llvm::sys::path::extension(output);
      path = (output.drop_back(extension.size()) + "." + entry.getSymName() + extension).str();
    }
    if (failed(writeEntry(entry, path, options)))
      return failure();
  }
  return success();
}

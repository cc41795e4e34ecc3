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
#include "dialects/Zorro/Zorro.h"
#include "lowering/Emit/OutputFile.h"
#include "lowering/Pipeline/Pipelines.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace zorro;

/// Whether `path` is the input, or a file that holds its weights.
static bool isRead(ModuleOp module, llvm::StringRef path, const CompileOptions &options) {
  if (llvm::sys::fs::equivalent(path, options.input))
    return true;
  return llvm::any_of(module.getOps<WeightOp>(), [&](WeightOp weight) {
    llvm::SmallString<128> file(weightFolder(options));
    llvm::sys::path::append(file, weight.getFile());
    return !weight.getFile().empty() && llvm::sys::fs::equivalent(path, file);
  });
}

static LogicalResult writeEntry(func::FuncOp func, llvm::StringRef output,
                                const CompileOptions &options) {
  onnx::ExportOptions how;
  how.folder = weightFolder(options);
  how.dataName = (llvm::sys::path::filename(output) + ".data").str();
  how.external = options.externalData;
  std::string dataPath = (output + ".data").str();
  for (llvm::StringRef path : {output, llvm::StringRef(dataPath)})
    if (isRead(func->getParentOfType<ModuleOp>(), path, options))
      return func.emitError() << "usage: expected an output that is not read but got '" << path
                              << "'";
  OutputFile model(output), data(dataPath);
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
  // Without a name the file lies in the working folder, named after model and entry.
  std::string fallback = (llvm::sys::path::stem(options.input) + ".onnx").str();
  bool named = output != "-";
  if (!named)
    output = fallback;
  for (func::FuncOp entry : entries) {
    llvm::SmallString<128> path(output);
    if (entries.size() > 1 || !named) {
      llvm::StringRef extension = llvm::sys::path::extension(output);
      path = (output.drop_back(extension.size()) + "." + entry.getSymName() + extension).str();
    }
    if (failed(writeEntry(entry, path, options)))
      return failure();
  }
  return success();
}

//===- zorro-opt.cpp - Compile a model, or be mlir-opt ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Onnx.h"
#include "dialects/Zorro/Zorro.h"
#include "lowering/Pipeline/Pipelines.h"
#include "passes/Raise/OperatorTable.h"
#include "tools/zorro-opt/Options.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registry.insert<zorro::ZorroDialect, zorro::onnx::OnnxDialect>();
  mlir::registerAllPasses();
  zorro::registerZorroPasses();
  zorro::registerOptions();

  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "Zorro: compiles masked multimodal transformers\n", registry);
  if (zorro::wantsOperatorList()) {
    zorro::printOperatorTable(llvm::outs());
    return zorro::kOk;
  }
  if (!zorro::wantsCompilation(input))
    return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, input, output, registry));
  zorro::CompileOptions options;
  if (!zorro::getOptions(input, output, argv[0], options))
    return zorro::kUsage;
  return zorro::compile(options, registry);
}

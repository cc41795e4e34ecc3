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

#include "mlir/Debug/Counter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Support/Timing.h"
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
  // What is registered on the way to parsing, a moment earlier.
  mlir::MlirOptMainConfig::registerCLOptions(registry);
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  mlir::tracing::DebugCounter::registerCLOptions();
  zorro::hideOtherOptions();

  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv,
      "Zorro: compiles masked multimodal transformers\n\n"
      "A model (.onnx) or, with --emit, --explain or --report, a dump (.mlir) is compiled; without\n"
      "these, zorro-opt is mlir-opt with Zorro's dialects and passes (--help-hidden lists them).\n"
      "Exit codes: 0 ok, 1 usage, 2 unreadable or malformed input, 3 unsupported, 4 limit,\n"
      "6 refused, 70 internal fault\n",
      registry);
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

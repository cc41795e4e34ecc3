//===- WriteCode.cpp - Machine code and the file around it -----------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Kernels.h"
#include "lowering/Emit/Artefact.h"
#include "lowering/Emit/Link.h"
#include "lowering/Emit/OutputFile.h"
#include "lowering/Pipeline/Pipelines.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace zorro;

LogicalResult zorro::writeText(llvm::StringRef text, llvm::StringRef output, Location loc) {
  if (output == "-") {
    llvm::outs() << text;
    return success();
  }
  OutputFile file(output);
  file.writeText(text);
  if (llvm::Error error = file.commit())
    return emitError(loc) << llvm::toString(std::move(error));
  return success();
}

LogicalResult zorro::writeCode(ModuleOp module, Phase phase, llvm::StringRef output,
                               const CompileOptions &options) {
  FailureOr<CpuTarget> target = getTarget(module, options.cpu);
  if (failed(target))
    return failure();
  if (phase == Phase::Exe && !llvm::sys::fs::exists(options.runner))
    return module.emitError() << "unsupported: no runner at '" << options.runner
                              << "' to put in front of the artefact";

  // The descriptor is written from the launches, which lowering consumes.
  assignWeightOffsets(module);
  OwningOpRef<ModuleOp> lowered = module.clone();
  if (failed(lowerToLlvm(*lowered, *target)))
    return failure();
  if (phase == Phase::Llvm) {
    FailureOr<std::string> text = printLlvm(*lowered, *target);
    return failed(text) ? failure() : writeText(*text, output, module.getLoc());
  }
  auto objects = compileObjects(*lowered, *target);
  if (failed(objects))
    return failure();
  FailureOr<ObjectCode> code = linkObjects(*objects, module.getLoc());
  if (failed(code))
    return failure();

  ArtefactOptions artefact;
  artefact.folder = weightFolder(options);
  artefact.output = output.str();
  artefact.cpu = target->name;
  artefact.cpuFeatures = target->abiFeatures;
  if (phase == Phase::Exe)
    artefact.runner = options.runner;
  return writeArtefact(module, *code, artefact);
}

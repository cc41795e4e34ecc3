//===- Pipelines.h - The passes of each phase ---------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PIPELINE_PIPELINES_H
#define ZORRO_LOWERING_PIPELINE_PIPELINES_H

#include "lowering/Pipeline/Compile.h"
#include "lowering/Pipeline/Reporter.h"
#include "lowering/Report/Report.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace zorro {

/// Adds the passes that lead from the phase before to `phase`, which is a module.
void buildPhase(mlir::OpPassManager &pm, Phase phase, const CompileOptions &options);

/// From phase `cpu` to a file: LLVM IR, an artefact, or an executable.
mlir::LogicalResult writeCode(mlir::ModuleOp module, Phase phase, llvm::StringRef output,
                              const CompileOptions &options);
/// From phase `gpu` to a file: PTX, a cubin, an artefact, or an executable.
mlir::LogicalResult writeDeviceCode(mlir::ModuleOp module, Phase phase, llvm::StringRef output,
                                    const CompileOptions &options);
/// From nodes of ONNX to files: `output` for one entry point; for several, or for "-", each entry's
/// name stands before the extension, as in m.audio.onnx.
mlir::LogicalResult writeOnnx(mlir::ModuleOp module, llvm::StringRef output,
                              const CompileOptions &options);
/// Writes the page of --report. `failed` where the compilation did not end well.
mlir::LogicalResult writeReport(report::Report &report, const Reporter &reporter, bool failed,
                                const CompileOptions &options, mlir::Location loc);
/// Text to a file, or to standard output where it is called "-".
mlir::LogicalResult writeText(llvm::StringRef text, llvm::StringRef output, mlir::Location loc);

/// Registers every pass of Zorro, by name.
void registerZorroPasses();

} // namespace zorro

#endif // ZORRO_LOWERING_PIPELINE_PIPELINES_H

//===- Artefact.h - One file: code, weights, descriptor, footer ---------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Writes an artefact (runtime/Abi) from a module of phase `cpu` or `gpu` and its linked code. Weights go
// straight into the file, one at a time. The file appears whole or not at all.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_EMIT_ARTEFACT_H
#define ZORRO_LOWERING_EMIT_ARTEFACT_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace zorro {

/// "zorro 0.1.0 (LLVM 22.1.0)".
llvm::StringRef getCompilerVersion();

/// Gives every weight of the module a place in the weight segment, in module order, and
/// `withTables` every table one behind them.
void assignWeightOffsets(mlir::ModuleOp module, bool withTables = false);

struct ArtefactOptions {
  std::string folder;      // of the model: weights are read relative to it
  std::string output;      // path of the file to write
  std::string cpu;         // as the user named it
  std::string arch;        // of a GPU: "sm_90a"; empty for a CPU
  uint64_t cpuFeatures = 0; // bits of zorro_cpu_feature
  std::string runner;      // a program to put in front (for an executable), or empty
};

/// Writes the artefact; fails with a diagnostic that names the file.
mlir::LogicalResult writeArtefact(mlir::ModuleOp module, llvm::ArrayRef<char> code,
                                  const ArtefactOptions &options);

} // namespace zorro

#endif // ZORRO_LOWERING_EMIT_ARTEFACT_H

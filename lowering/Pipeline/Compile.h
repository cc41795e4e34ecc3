//===- Compile.h - From a file to a file ---------------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What zorro-opt does with a model: import or read it, run the phases up to the one asked for, and
// write that.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PIPELINE_COMPILE_H
#define ZORRO_LOWERING_PIPELINE_COMPILE_H

#include "lowering/Pipeline/Phases.h"

#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

#include <string>

namespace zorro {

/// Exit codes of the tools.
enum ExitCode : int {
  kOk = 0,
  kUsage = 1,       // the command line is at fault
  kMalformed = 2,   // an input is unreadable or malformed
  kUnsupported = 3, // an input asks for something that is not there
  kLimit = 4,       // a limit was reached
  kDiffers = 5,     // outputs differ (zorro-run)
  kRefused = 6,     // what was asked for cannot be proved
  kInternal = 70    // a fault of ours; a reproducer was written
};

enum class Explain { None, Text, Json };

struct CompileOptions {
  std::string input;
  std::string output = "-";                 // "-": standard output, or a name from the model's
  std::string folder;                       // of the weights; default: the input's folder
  std::optional<Phase> emit;                // default: so
  std::string entries = "fused";            // comma list: fused, or modalities joined by '+'
  llvm::SmallVector<std::string> absent;    // modalities to mask out: an entry without_… each
  llvm::SmallVector<std::string> keep;      // outputs to keep; empty: all that can be kept
  llvm::StringMap<std::string> modalities;  // input name -> modality
  llvm::StringMap<llvm::SmallVector<int64_t>> shapes; // input name -> shape
  Device device = Device::Cpu;
  std::string cpu = "native";
  std::string arch;                         // of a GPU; default: the dump's, or sm_90a
  std::string precision;                    // of products; default: f32, and bf16 for cuda
  std::string runner;                       // program for --emit=exe
  int64_t opset = 0;                        // of --emit=onnx; default: the source's, or 17
  bool externalData = false;                // --emit=onnx: weights in a file of their own
  Explain explain = Explain::None;
  std::string report;                       // path of an HTML page about it, or empty
  bool assumeFiniteFill = false;
  bool assumeLiveRows = false;              // no padding empties a row at run time
  bool remarks = false;                     // print remarks and notes
};

/// Folder that weights are named relative to.
std::string weightFolder(const CompileOptions &options);

/// Does it; messages go to standard error, one line each. Returns an exit code.
int compile(const CompileOptions &options, const mlir::DialectRegistry &registry);

} // namespace zorro

#endif // ZORRO_LOWERING_PIPELINE_COMPILE_H

//===- Phases.h - The way of a model, in order --------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One list of phases. A phase's name is what `--emit=` takes, the extension of its dump, and the
// value of the module's `zorro.phase`, so that any dump is the next call's input. Behind `fused` the
// ways to a CPU and to a GPU part; they meet again at `so`.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PIPELINE_PHASES_H
#define ZORRO_LOWERING_PIPELINE_PHASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace zorro {

enum class Phase { Imported, Zorro, Special, Fused, Cpu, Llvm, Gpu, Ptx, Cubin, So, Exe, Onnx };

/// What code is made for: the values of `--target=`.
enum class Device { Cpu, Cuda };

/// What a phase leaves behind: a module that passes lead to, a module of which only a file is
/// made (onnx), text that is not MLIR, or bytes.
enum class Form { Module, Files, Text, Binary };

struct PhaseInfo {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral promise;
  Form form;
  std::optional<Device> device; ///< the one target whose way leads here; none: all
};

/// All phases, in order.
llvm::ArrayRef<PhaseInfo> getPhases();
const PhaseInfo &getInfo(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);
std::optional<Device> parseDevice(llvm::StringRef name);
/// Whether the way to `target` on `device` leads through `phase`, or ends there.
bool leadsThrough(Phase target, Phase phase, Device device);
/// Whether the phase can be reached for `device` at all.
inline bool isFor(const PhaseInfo &phase, Device device) {
  return !phase.device || *phase.device == device;
}
llvm::StringRef nameOf(Phase phase);
llvm::StringRef nameOf(Device device);
/// "imported, zorro, …": all of them, or those for `device`, or those of them that are dumps.
std::string phaseNames(std::optional<Device> device = std::nullopt, bool onlyModules = false);

} // namespace zorro

#endif // ZORRO_LOWERING_PIPELINE_PHASES_H

//===- Phases.h - The way of a model, in order --------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One list of phases. A phase's name is what `--emit=` takes, the extension of its dump, and the
// value of the module's `zorro.phase`, so that any dump is the next call's input.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PIPELINE_PHASES_H
#define ZORRO_LOWERING_PIPELINE_PHASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace zorro {

enum class Phase { Imported, Zorro, Special, Fused, Cpu, Llvm, So, Exe, Onnx };

struct PhaseInfo {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral promise;
};

/// All phases, in order.
llvm::ArrayRef<PhaseInfo> getPhases();
std::optional<Phase> parsePhase(llvm::StringRef name);
/// Whether the way to `target` leads through `phase`, or ends there.
bool leadsThrough(Phase target, Phase phase);
llvm::StringRef nameOf(Phase phase);
/// "imported, zorro, …"
std::string phaseNames();

} // namespace zorro

#endif // ZORRO_LOWERING_PIPELINE_PHASES_H

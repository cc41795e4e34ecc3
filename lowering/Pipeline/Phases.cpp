//===- Phases.cpp - The list of phases --------------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Pipeline/Phases.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace zorro;

static const PhaseInfo kPhases[] = {
    {Phase::Imported, "imported", "the file, one to one; every name kept as a location"},
    {Phase::Zorro, "zorro", "named operations and linalg; masks are attributes, weights symbols"},
    {Phase::Special, "special", "one function per entry point, with nothing it does not need"},
    {Phase::Fused, "fused", "every tensor operation lies in a kernel; equal kernels are one"},
    {Phase::Cpu, "cpu", "loops, vectors, memory; launches over places in a planned arena"},
    {Phase::Llvm, "llvm", "LLVM IR for the target"},
    {Phase::So, "so", "an artefact: a shared object with weights, descriptor and footer"},
    {Phase::Exe, "exe", "the artefact behind a program that runs it"},
    {Phase::Onnx, "onnx", "from special: an ONNX file for each entry point, masks cut to slices"},
};

llvm::ArrayRef<PhaseInfo> zorro::getPhases() { return kPhases; }

std::optional<Phase> zorro::parsePhase(llvm::StringRef name) {
  const auto *info = llvm::find_if(kPhases, [&](const PhaseInfo &p) { return p.name == name; });
  return info == std::end(kPhases) ? std::nullopt : std::optional(info->phase);
}

bool zorro::leadsThrough(Phase target, Phase phase) {
  // An ONNX file leaves the way behind `special`.
  if (target == Phase::Onnx)
    return phase <= Phase::Special || phase == Phase::Onnx;
  return phase <= target;
}

std::string zorro::phaseNames() {
  return llvm::join(llvm::map_range(kPhases, [](const PhaseInfo &p) { return p.name.str(); }),
                    ", ");
}

llvm::StringRef zorro::nameOf(Phase phase) {
  return llvm::find_if(kPhases, [&](const PhaseInfo &p) { return p.phase == phase; })->name;
}

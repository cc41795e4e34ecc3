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
    {Phase::Imported, "imported", "the file, one to one; every name kept as a location",
     Form::Module, std::nullopt},
    {Phase::Zorro, "zorro", "named operations and linalg; masks are attributes, weights symbols",
     Form::Module, std::nullopt},
    {Phase::Special, "special", "one function per entry point, with nothing it does not need",
     Form::Module, std::nullopt},
    {Phase::Fused, "fused", "every tensor operation lies in a kernel; equal kernels are one",
     Form::Module, std::nullopt},
    {Phase::Cpu, "cpu", "loops, vectors, memory; launches over places in a planned arena",
     Form::Module, Device::Cpu},
    {Phase::Llvm, "llvm", "LLVM IR for the target", Form::Text, Device::Cpu},
    {Phase::Gpu, "gpu", "for cuda: device functions; launches over places in a planned arena",
     Form::Module, Device::Cuda},
    {Phase::Ptx, "ptx", "for cuda: the device functions as PTX", Form::Text, Device::Cuda},
    {Phase::Cubin, "cubin", "for cuda: what ptxas makes of the PTX", Form::Binary, Device::Cuda},
    {Phase::So, "so", "an artefact: a shared object with weights, descriptor and footer",
     Form::Binary, std::nullopt},
    {Phase::Exe, "exe", "the artefact behind a program that runs it", Form::Binary, std::nullopt},
    {Phase::Onnx, "onnx", "from special: an ONNX file for each entry point, masks cut to slices",
     Form::Files, std::nullopt},
};

llvm::ArrayRef<PhaseInfo> zorro::getPhases() { return kPhases; }

const PhaseInfo &zorro::getInfo(Phase phase) {
  return *llvm::find_if(kPhases, [&](const PhaseInfo &p) { return p.phase == phase; });
}

std::optional<Phase> zorro::parsePhase(llvm::StringRef name) {
  const auto *info = llvm::find_if(kPhases, [&](const PhaseInfo &p) { return p.name == name; });
  return info == std::end(kPhases) ? std::nullopt : std::optional(info->phase);
}

std::optional<Device> zorro::parseDevice(llvm::StringRef name) {
  for (Device device : {Device::Cpu, Device::Cuda})
    if (nameOf(device) == name)
      return device;
  return std::nullopt;
}

bool zorro::leadsThrough(Phase target, Phase phase, Device device) {
  // An ONNX file leaves the way behind `special`.
  if (target == Phase::Onnx)
    return phase <= Phase::Special || phase == Phase::Onnx;
  return isFor(getInfo(phase), device) && phase <= target;
}

std::string zorro::phaseNames(std::optional<Device> device, bool onlyModules) {
  llvm::SmallVector<llvm::StringRef> names;
  for (const PhaseInfo &info : kPhases)
    if ((!device || isFor(info, *device)) && (!onlyModules || info.form == Form::Module))
      names.push_back(info.name);
  return llvm::join(names, ", ");
}

llvm::StringRef zorro::nameOf(Phase phase) { return getInfo(phase).name; }

llvm::StringRef zorro::nameOf(Device device) { return device == Device::Cuda ? "cuda" : "cpu"; }

//===- WriteDeviceCode.cpp - Device code and the file around it -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"
#include "lowering/Emit/Artefact.h"
#include "lowering/Emit/Link.h"
#include "lowering/Emit/OutputFile.h"
#include "lowering/Emit/Ptxas.h"
#include "lowering/Gpu/HostCode.h"
#include "lowering/Gpu/Kernels.h"
#include "lowering/Gpu/ToPtx.h"
#include "lowering/Pipeline/Pipelines.h"

#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace zorro;

static bool isForHopper(LLVM::LLVMFuncOp kernel) { return kernel->hasAttr(kHopperAttr); }

/// PTX is found by the kernels' names, which it must be able to spell.
static LogicalResult checkNames(ModuleOp module) {
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>())
    if (!llvm::all_of(kernel.getName(), [](char c) { return llvm::isAlnum(c) || c == '_'; }))
      return kernel.emitOpError() << "expected a kernel's name of letters, digits and '_' but got '"
                                  << kernel.getName() << "'";
  return success();
}

/// What ptxas found is a remark on each kernel. A kernel for Hopper was written to keep all it has
/// in registers: where it does not, it is wrong.
static LogicalResult judge(ModuleOp module, const Assembled &assembled) {
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>()) {
    auto found = assembled.kernels.find(kernel.getName());
    if (found == assembled.kernels.end())
      return kernel.emitOpError() << "expected ptxas to say what the kernel needs";
    const PtxasFacts &facts = found->second;
    bool hopper = isForHopper(kernel);
    if (hopper && !facts.warnings.empty())
      return kernel.emitOpError() << "expected no remark of ptxas on a kernel for Hopper but got: "
                                  << facts.warnings.front();
    if (hopper && facts.stackBytes + facts.spillBytes)
      return kernel.emitOpError() << "expected a kernel for Hopper in registers but got "
                                  << facts.spillBytes << " bytes spilled and " << facts.stackBytes
                                  << " bytes of local memory";
    InFlightDiagnostic remark = emitRemark(kernel.getLoc());
    remark << "kernel '" << kernel.getName() << "' takes " << facts.registers << " registers";
    if (facts.spillBytes)
      remark << ", spills " << facts.spillBytes << " bytes";
    if (facts.stackBytes)
      remark << ", keeps " << facts.stackBytes << " bytes in local memory";
    for (const std::string &warning : facts.warnings)
      remark.attachNote() << warning;
  }
  return success();
}

static LogicalResult writeBytes(const ObjectCode &bytes, StringRef output, Location loc) {
  OutputFile file(output);
  file.write(bytes);
  if (llvm::Error error = file.commit())
    return emitError(loc) << llvm::toString(std::move(error));
  return success();
}

LogicalResult zorro::writeDeviceCode(ModuleOp module, Phase phase, StringRef output,
                                     const CompileOptions &options) {
  FailureOr<GpuTarget> target = getGpuTarget(module, options.arch, options.precision);
  if (failed(target) || failed(checkNames(module)))
    return failure();
  if (phase == Phase::Exe && !llvm::sys::fs::exists(options.runner))
    return module.emitError() << "unsupported: no runner at '" << options.runner
                              << "' to put in front of the artefact";

  // Portable kernels are the same text for every architecture from the first with bf16 products on:
  // PTX for that one serves devices that the cubin does not fit. Kernels for Hopper run there alone.
  bool hopper = llvm::any_of(module.getOps<LLVM::LLVMFuncOp>(), isForHopper);
  GpuTarget text = hopper ? *target : *GpuTarget::get("sm_80");
  OwningOpRef<ModuleOp> device = copyDeviceCode(module);
  FailureOr<std::string> ptx = printPtx(*device, text);
  if (failed(ptx))
    return failure();
  if (phase == Phase::Ptx)
    return writeText(*ptx, output, module.getLoc());
  FailureOr<Assembled> assembled = assemblePtx(*ptx, target->arch, module.getLoc());
  if (failed(assembled) || failed(judge(module, *assembled)))
    return failure();
  if (phase == Phase::Cubin)
    return writeBytes(assembled->cubin, output, module.getLoc());

  // The descriptor is written from the launches, which lowering consumes.
  assignWeightOffsets(module, /*withTables=*/true);
  const ObjectCode &cubin = assembled->cubin;
  CodeImage images[] = {{ZORRO_IMAGE_CUBIN, target->capability, {cubin.begin(), cubin.end()}},
                        {ZORRO_IMAGE_PTX, text.capability, *ptx}};
  OwningOpRef<ModuleOp> host = module.clone();
  if (failed(lowerHostCode(*host, images)))
    return failure();
  CpuTarget baseline = CpuTarget::baseline();
  auto objects = compileObjects(*host, baseline);
  if (failed(objects))
    return failure();
  FailureOr<ObjectCode> code = linkObjects(*objects, module.getLoc());
  if (failed(code))
    return failure();

  ArtefactOptions artefact;
  artefact.folder = weightFolder(options);
  artefact.output = output.str();
  artefact.cpu = baseline.name;
  artefact.arch = target->arch;
  if (phase == Phase::Exe)
    artefact.runner = options.runner;
  return writeArtefact(module, *code, artefact);
}

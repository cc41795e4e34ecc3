//===- Pipelines.cpp - The passes of each phase, in order -------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Pipeline/Pipelines.h"

#include "lowering/Cpu/Passes.h"
#include "lowering/Gpu/Passes.h"
#include "lowering/Plan/Passes.h"
#include "passes/Analysis/Passes.h"
#include "passes/Fuse/Passes.h"
#include "passes/Raise/Passes.h"
#include "passes/Specialise/Passes.h"
#include "passes/Unraise/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace zorro;

std::string zorro::weightFolder(const CompileOptions &options) {
  return options.folder.empty() ? llvm::sys::path::parent_path(options.input).str()
                                : options.folder;
}

// imported -> zorro: what the graph means.
static void buildRaise(OpPassManager &pm, const CompileOptions &options) {
  // Shape arithmetic and masks first: every size is known from here on.
  FoldConstantsOptions fold;
  fold.folder = weightFolder(options);
  fold.keepAbove = int64_t(1) << 20; // of larger masks no tensor is made
  pm.addPass(createFoldConstants(fold));
  // Attention is recognised on the graph's own operators, before anything is taken apart.
  RaiseAttentionOptions attention;
  attention.folder = weightFolder(options);
  attention.assumeFiniteFill = options.assumeFiniteFill;
  pm.addPass(createRaiseAttention(attention));
  fold.keepAbove = 0;
  fold.rest = true;
  pm.addPass(createFoldConstants(fold));
  RaiseOperatorsOptions operators;
  operators.folder = weightFolder(options);
  pm.addPass(createRaiseOperators(operators));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createNameStreams());
  ClassifyWeightsOptions classify;
  classify.folder = weightFolder(options);
  pm.addPass(createClassifyWeights(classify));
}

// zorro -> special: one function per entry point.
static void buildSpecialise(OpPassManager &pm, const CompileOptions &options) {
  SpecialiseOptions specialise;
  llvm::append_range(specialise.entries, llvm::split(options.entries, ','));
  specialise.absent = options.absent;
  specialise.keep = options.keep;
  pm.addPass(createSpecialise(specialise));
}

// special -> fused: kernels and calls.
static void buildFuse(OpPassManager &pm, const CompileOptions &options) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createFuseEpilogues());
  pm.addPass(createCSEPass());
  // A block of a contraction on a GPU reads its rows many times: they are normalised once, before.
  FormKernelsOptions kernels;
  kernels.fuseNorms = options.device == Device::Cpu;
  pm.addPass(createFormKernels(kernels));
  pm.addNestedPass<func::FuncOp>(createForwardCopies());
  pm.addPass(createCSEPass());
}

// fused -> cpu: code and launches.
static void buildCpu(OpPassManager &pm, const CompileOptions &options) {
  pm.addPass(createPlanLaunches({options.cpu, "cpu", "", ""}));
  pm.addPass(createLowerKernels({options.cpu}));
}

// fused -> gpu: what lies in memory, launches, and device code.
static void buildGpu(OpPassManager &pm, const CompileOptions &options) {
  SetPrecisionOptions storage;
  storage.storage = options.precision == "bf16" ? "bf16" : "f32";
  pm.addPass(createSetPrecision(storage));
  pm.addPass(createPlanLaunches({options.cpu, "cuda", options.arch, options.precision}));
  pm.addPass(createLowerDeviceKernels({options.arch, options.precision}));
}

// special -> onnx: nodes again.
static void buildUnraise(OpPassManager &pm, const CompileOptions &options) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  UnraiseOptions unraise;
  unraise.opset = options.opset;
  pm.addPass(createUnraise(unraise));
  pm.addPass(createCSEPass());
}

void zorro::buildPhase(OpPassManager &pm, Phase phase, const CompileOptions &options) {
  switch (phase) {
  case Phase::Zorro:
    return buildRaise(pm, options);
  case Phase::Special:
    return buildSpecialise(pm, options);
  case Phase::Fused:
    return buildFuse(pm, options);
  case Phase::Cpu:
    return buildCpu(pm, options);
  case Phase::Gpu:
    return buildGpu(pm, options);
  case Phase::Onnx:
    return buildUnraise(pm, options);
  case Phase::Imported:
  case Phase::Llvm:
  case Phase::Ptx:
  case Phase::Cubin:
  case Phase::So:
  case Phase::Exe:
    return; // imported, or written without passes of ours
  }
}

void zorro::registerZorroPasses() {
  registerRaisePasses();
  registerAnalysisPasses();
  registerSpecialisePasses();
  registerUnraisePasses();
  registerFusePasses();
  registerPlanPasses();
  registerCpuPasses();
  registerGpuPasses();
}

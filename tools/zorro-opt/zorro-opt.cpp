//===- zorro-opt.cpp - The compiler's command line --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Onnx.h"
#include "dialects/Zorro/Zorro.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

#ifdef ZORRO_HAS_RAISE
#include "passes/Raise/Passes.h"
#endif
#ifdef ZORRO_HAS_ANALYSIS
#include "passes/Analysis/Passes.h"
#endif
#ifdef ZORRO_HAS_SPECIALISE
#include "passes/Specialise/Passes.h"
#endif
#ifdef ZORRO_HAS_FUSE
#include "passes/Fuse/Passes.h"
#endif
#ifdef ZORRO_HAS_CPU
#include "lowering/Cpu/Passes.h"
#endif

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  registry.insert<zorro::ZorroDialect, zorro::onnx::OnnxDialect>();
#ifdef ZORRO_HAS_RAISE
  zorro::registerRaisePasses();
#endif
#ifdef ZORRO_HAS_ANALYSIS
  zorro::registerAnalysisPasses();
#endif
#ifdef ZORRO_HAS_SPECIALISE
  zorro::registerSpecialisePasses();
#endif
#ifdef ZORRO_HAS_FUSE
  zorro::registerFusePasses();
#endif
#ifdef ZORRO_HAS_CPU
  zorro::registerCpuPasses();
#endif
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Zorro's optimiser and compiler\n", registry));
}

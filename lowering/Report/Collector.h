//===- Collector.h - Facts of a module, phase by phase ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reads a module after each phase that it reached and notes what the report shows. The module may
// change afterwards: what is compared later is copied.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_REPORT_COLLECTOR_H
#define ZORRO_LOWERING_REPORT_COLLECTOR_H

#include "lowering/Report/Report.h"
#include "passes/Analysis/StreamDependence.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>

namespace zorro::report {

class Collector {
public:
  /// Notes what there is to note in a module whose phase is its attribute `zorro.phase`.
  void collect(mlir::ModuleOp module);
  Report &getReport() { return report; }

private:
  void collectModule(mlir::ModuleOp module);
  void collectStreams(mlir::ModuleOp module);
  void collectEntries(mlir::ModuleOp module);
  void collectCalls(mlir::ModuleOp module);
  void collectLaunches(mlir::ModuleOp module);
  void collectMasks(mlir::func::FuncOp func);
  void noteMask(MaskAttr mask, llvm::StringRef function, std::string node, bool padded);
  /// What an entry point kept of the source, where the source was seen.
  void compareWithSource(mlir::func::FuncOp func, EntryFacts &entry);

  Report report;
  // The source, as it was in phase zorro: later phases replace it.
  mlir::OwningOpRef<mlir::ModuleOp> source;
  std::unique_ptr<StreamDependence> streams;
};

} // namespace zorro::report

#endif // ZORRO_LOWERING_REPORT_COLLECTOR_H

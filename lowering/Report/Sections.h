//===- Sections.h - The parts of the page ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Each writes one section; none writes anything where the report has nothing to say.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_REPORT_SECTIONS_H
#define ZORRO_LOWERING_REPORT_SECTIONS_H

#include "lowering/Report/Pictures.h"

namespace zorro::report {

class Sections {
public:
  explicit Sections(const Report &report);

  Markup writeAll();

private:
  void writeHeader();
  void writeStreams();
  void writeTable(const StreamFacts &streams);
  void writeReasons(const StreamFacts &streams);
  void writeReason(const StreamFacts &streams, const DependenceFacts &depends);
  void writeMasks();
  void writeMask(const MaskFacts &mask, size_t number);
  void writeEntries();
  void writeComparison();
  void writeProgram(const EntryFacts &entry, uint64_t whole);
  void writeEntry(const EntryFacts &entry);
  void writeTensors(llvm::StringRef title, const std::vector<TensorFacts> &tensors,
                    const std::vector<std::string> &dropped);
  const EntryFacts *findFused() const;
  void writeCut(const EntryFacts &entry);
  void writeTokens(const EntryFacts &entry);
  void writeWork(const EntryFacts &entry);
  void writeLayers(const EntryFacts &entry);
  void writeKernels();
  void writeKernel(const KernelFacts &kernel, uint64_t whole);
  void writeRemarks();

  const Report &report;
  Palette palette;
  // What would be most of a large page: nodes of chains, reasons, parts of outputs.
  size_t nodesLeft = 3000, reasonsLeft = 600, partsLeft = 1500;
  Html html;
};

/// The style sheet and the script of the page.
llvm::StringRef getStyle();
llvm::StringRef getScript();

} // namespace zorro::report

#endif // ZORRO_LOWERING_REPORT_SECTIONS_H

//===- Page.cpp - The page around its sections -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Page.h"

#include "lowering/Report/Sections.h"

#include "llvm/Support/Base64.h"
#include "llvm/Support/SHA256.h"

using namespace zorro;
using namespace zorro::report;

/// Names every stream before it is drawn, so that colours do not depend on the order of sections.
Sections::Sections(const Report &report) : report(report) {
  if (report.streams)
    for (const TensorFacts &input : report.streams->inputs)
      palette.classOf(input.modality);
  for (const MaskFacts &mask : report.masks)
    for (StreamsAttr streams : {mask.mask.getKeys(), mask.mask.getQueries()})
      for (mlir::StringAttr name : streams.getNames())
        palette.classOf(name);
}

/// Scripts and styles are allowed by their hashes: were a name ever taken for markup, it would
/// still not run.
static std::string sourceHash(llvm::StringRef text) {
  auto digest = llvm::SHA256::hash(llvm::arrayRefFromStringRef(text));
  return "'sha256-" + llvm::encodeBase64(digest) + "'";
}

Markup Sections::writeAll() {
  html
      << "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>" << report.model
      << " · Zorro report</title><meta name=viewport content=\"width=device-width, "
         "initial-scale=1\"><meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
         "img-src data:; style-src "
      << Markup{sourceHash(getStyle())} << "; script-src " << Markup{sourceHash(getScript())}
      << "\"><link rel=icon href=\"data:,\"><style>" << Markup{getStyle().str()}
      << "</style></head><body>\n";
  writeHeader();
  html << "<main>\n";
  writeStreams();
  writeMasks();
  writeEntries();
  writeKernels();
  writeRemarks();
  html << "</main><script>" << Markup{getScript().str()} << "</script></body></html>\n";
  return html.take();
}

std::string report::renderPage(const Report &report) { return Sections(report).writeAll().text; }

//===----------------------------------------------------------------------------------------===//
// The header
//===----------------------------------------------------------------------------------------===//

void Sections::writeHeader() {
  html << "<header><p class=kind>Zorro compilation report</p><h1>" << report.model << "</h1>";
  if (!report.failure.empty())
    html << "<p class=failure role=alert><b>The compilation ended early.</b> " << report.failure
         << "</p>\n";
  html << "<dl class=facts>";
  auto fact = [&](const auto &label, llvm::StringRef value) {
    if (!value.empty())
      html << "<div><dt>" << label << "</dt><dd>" << value << "</dd></div>";
  };
  fact("Hash (XXH3)", report.hash);
  fact("Compiler", report.compiler);
  fact("CPU", report.cpu);
  fact("GPU", report.gpu);
  fact("Reached phase", report.phase);
  html << "</dl>\n";
  if (!report.features.empty())
    html << "<details class=quiet><summary>CPU features</summary><p class=names>"
         << report.features << "</p></details>\n";
  if (!report.flags.empty()) {
    html << "<p class=flags>Flags: ";
    for (const auto &[flag, value] : report.flags)
      html << "<code>--" << flag << (value.empty() ? std::string() : "=" + value) << "</code> ";
    html << "</p>\n";
  }
  html << "<nav aria-label=Sections>";
  if (report.streams)
    html << "<a href=\"#streams\">Inputs and outputs</a> ";
  if (!report.masks.empty() || !report.unmasked.empty())
    html << "<a href=\"#masks\">Masks</a> ";
  if (!report.entries.empty())
    html << "<a href=\"#entries\">Entry points</a> ";
  if (!report.kernels.empty())
    html << "<a href=\"#kernels\">Kernels</a> ";
  html << "<a href=\"#remarks\">Remarks</a></nav></header>\n";
}

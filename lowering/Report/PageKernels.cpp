//===- PageKernels.cpp - Kernels, and what was not recognised --------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Sections.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace zorro;
using namespace zorro::report;

static constexpr size_t kMaxKernels = 150, kMaxShapes = 12, kMaxNodes = 24, kMaxEntries = 8;
static constexpr size_t kMaxRemarks = 100, kMaxPlaces = 24;

static uint64_t sumOf(const std::map<std::string, uint64_t> &values) {
  uint64_t sum = 0;
  for (const auto &[name, value] : values)
    sum += value;
  return sum;
}

void Sections::writeKernel(const KernelFacts &kernel, uint64_t whole) {
  uint64_t work = sumOf(kernel.work);
  html << "<tr><td><details><summary class=name>" << kernel.name << "</summary><p>"
       << kernel.because << "</p>\n";
  if (!kernel.calls.empty()) {
    html << "<p>Called ";
    writeSome(html, kernel.calls, kMaxEntries, [&](const auto &call, size_t index) {
      if (index)
        html << ", ";
      html << formatCount(call.second) << " × in @" << call.first;
    });
    html << ".</p>\n";
  }
  if (!kernel.shapes.empty()) {
    html << "<p>Results: ";
    writeSome(html, kernel.shapes, kMaxShapes, [&](const auto &shape, size_t) {
      html << "<code>" << shape.first << "</code> × " << formatCount(shape.second) << " ";
    });
    html << "</p>\n";
  }
  if (!kernel.nodes.empty()) {
    html << "<p>Nodes: ";
    writeSome(html, kernel.nodes, kMaxNodes,
              [&](const std::string &node, size_t) { html << "<code>" << node << "</code> "; });
    html << "</p>\n";
  }
  html << "</details></td><td><svg class=swatch viewBox=\"0 0 10 10\" aria-hidden=true><rect "
          "class=\"k-"
       << kernel.kind << "\" width=10 height=10 /></svg>" << kernel.kind
       << "</td><td class=num>" << formatCount(sumOf(kernel.calls)) << "</td><td class=meters>"
       << drawMeter(work, whole) << "<span>" << (work ? formatShare(work, whole) : "–")
       << "</span></td><td class=num>"
       << (kernel.scratchBytes ? *kernel.scratchBytes ? formatBytes(*kernel.scratchBytes) : "–"
                               : "–")
       << "</td></tr>\n";
}

void Sections::writeKernels() {
  if (report.kernels.empty())
    return;
  std::vector<const KernelFacts *> kernels;
  uint64_t whole = 0;
  for (const KernelFacts &kernel : report.kernels) {
    kernels.push_back(&kernel);
    whole += sumOf(kernel.work);
  }
  llvm::stable_sort(kernels, [](const KernelFacts *a, const KernelFacts *b) {
    return sumOf(a->work) > sumOf(b->work);
  });
  html << "<section id=kernels><h2>Kernels</h2><p>" << countOf(kernels.size(), "kernel")
       << ", shared by all entry points. Each says why it was formed.</p><div class=scroll><table "
          "class=kernels><thead><tr><th scope=col>Kernel</th><th scope=col>Kind</th><th scope=col "
          "class=num>Calls</th><th scope=col>Multiply-adds</th><th scope=col "
          "class=num>Scratch</th></tr></thead><tbody>";
  for (const KernelFacts *kernel : llvm::ArrayRef(kernels).take_front(kMaxKernels))
    writeKernel(*kernel, whole);
  html << "</tbody></table></div>";
  if (kernels.size() > kMaxKernels)
    html << "<p class=more>… and " << formatCount(kernels.size() - kMaxKernels)
         << " more kernels.</p>\n";
  html << "</section>\n";
}

/// Equal remarks are one line, with all their nodes.
void Sections::writeRemarks() {
  html << "<section id=remarks><h2>Remarks</h2>";
  if (report.remarks.empty()) {
    html << "<p>None: every pattern that the compiler looked for was recognised.</p></section>\n";
    return;
  }
  llvm::MapVector<llvm::StringRef, std::vector<const RemarkFacts *>> byText;
  for (const RemarkFacts &remark : report.remarks)
    byText[remark.text].push_back(&remark);
  html << "<ul class=remarks>";
  writeSome(html, byText, kMaxRemarks, [&](const auto &group, size_t) {
    html << "<li>" << group.first;
    if (group.second.size() > 1)
      html << " <b>× " << formatCount(group.second.size()) << "</b>";
    html << "<div class=chain>";
    writeSome(html, group.second, kMaxPlaces, [&](const RemarkFacts *remark, size_t) {
      if (!remark->node.empty())
        html << "<code>" << remark->node << "</code> ";
    });
    html << "</div>";
    for (const std::string &note : group.second.front()->notes)
      html << "<p class=note>" << note << "</p>\n";
    html << "</li>\n";
  });
  html << "</ul></section>\n";
}

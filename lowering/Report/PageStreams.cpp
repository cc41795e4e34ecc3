//===- PageStreams.cpp - Inputs × outputs, reasons, masks ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Sections.h"

#include "llvm/ADT/STLExtras.h"

using namespace zorro;
using namespace zorro::report;

static constexpr size_t kMaxInputs = 32, kMaxOutputs = 160, kMaxNodes = 80, kMaxParts = 24;
static constexpr size_t kMaxMasks = 24, kMaxPictures = 250000, kMaxUsers = 40, kMaxNotes = 60;

/// Outputs that are shown: fewer where there are many inputs.
static size_t countShown(const StreamFacts &streams) {
  constexpr size_t dots = 1500;
  size_t inputs = std::max<size_t>(std::min(streams.inputs.size(), kMaxInputs), 1);
  return std::min({streams.outputs.size(), kMaxOutputs, dots / inputs});
}

/// `limit`, or what is left of a budget for the whole page; takes that from the budget.
static size_t takeFrom(size_t &budget, size_t limit, size_t wanted) {
  limit = std::min(limit, budget);
  budget -= std::min(limit, wanted);
  return limit;
}

//===----------------------------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------------------------===//

void Sections::writeTable(const StreamFacts &streams) {
  html << "<div class=scroll><table class=depends><caption>Rows are outputs, columns are inputs.";
  if (streams.inputs.size() > kMaxInputs)
    html << " The first " << kMaxInputs << " of " << formatCount(streams.inputs.size())
         << " inputs.";
  if (size_t shown = countShown(streams); streams.outputs.size() > shown)
    html << " The first " << shown << " of " << formatCount(streams.outputs.size())
         << " outputs.";
  html << "</caption><thead><tr><th scope=col>Output</th>";
  size_t inputs = std::min(streams.inputs.size(), kMaxInputs);
  for (const TensorFacts &input : llvm::ArrayRef(streams.inputs).take_front(inputs))
    html << "<th scope=col class=dot><span class=name title=\"" << input.name << "\">"
         << shorten(input.name, 28) << "</span><span class=size>" << input.type << "</span></th>";
  html << "<th scope=col>Shape</th></tr></thead><tbody>";
  for (auto [o, output] :
       llvm::enumerate(llvm::ArrayRef(streams.outputs).take_front(countShown(streams)))) {
    html << "<tr><th scope=row title=\"" << output.tensor.name << "\">"
         << shorten(output.tensor.name, 48) << "</th>";
    for (size_t i = 0; i != inputs; ++i) {
      auto depends = llvm::find_if(output.depends, [&](const auto &d) { return d.input == i; });
      if (depends == output.depends.end())
        html << "<td class=\"dot no\"><span title=\"does not depend\">·</span></td>";
      else
        html << "<td class=dot><a class=\""
             << palette.classOf(streams.inputs[i].modality) << "\" href=\"#why-" << o
             << "\" title=\""
             << (depends->conditional ? llvm::StringRef("depends under a condition: why?")
                                      : llvm::StringRef("depends: why?"))
             << "\" aria-label=\""
             << (depends->conditional ? llvm::StringRef("depends under a condition")
                                      : llvm::StringRef("depends"))
             << "\">" << (depends->conditional ? llvm::StringRef("◐") : llvm::StringRef("●"))
             << "</a></td>";
    }
    html << "<td class=shape>" << output.tensor.type << "</td></tr>\n";
  }
  html << "</tbody></table></div><p class=key><span><b>●</b> may influence the output</span> "
          "<span><b>◐</b> only where padding leaves a row without a key</span> <span><b>·</b> "
          "proved "
          "not to influence it</span></p>\n";
}

void Sections::writeReason(const StreamFacts &streams, const DependenceFacts &depends) {
  const TensorFacts &input = streams.inputs[depends.input];
  html << "<li><b class=name>" << input.name << "</b>";
  if (depends.conditional)
    html << " <em>(conditional: free of it under <code>--assume-live-rows</code>)</em>";
  if (!depends.why.empty())
    html << ": " << depends.why;
  if (!depends.nodes.empty()) {
    html << "<div class=chain>";
    size_t limit = takeFrom(nodesLeft, kMaxNodes, depends.nodes.size());
    writeSome(html, depends.nodes, limit, [&](const std::string &node, size_t index) {
      if (index)
        html << "<span class=arrow aria-hidden=true>←</span>";
      html << "<code>" << shorten(node, 100) << "</code>";
    });
    html << "</div>";
  }
  html << "</li>\n";
}

void Sections::writeReasons(const StreamFacts &streams) {
  html << "<h3>Why</h3><div class=reasons>";
  for (auto [o, output] :
       llvm::enumerate(llvm::ArrayRef(streams.outputs).take_front(countShown(streams)))) {
    html << "<details id=\"why-" << o << "\"><summary><b class=name>" << output.tensor.name
         << "</b> ";
    if (output.depends.empty())
      html << "needs no input";
    else
      html << "needs ";
    writeSome(html, output.depends, 8, [&](const DependenceFacts &depends, size_t index) {
      if (index)
        html << ", ";
      html << shorten(streams.inputs[depends.input].name, 40);
    });
    html << "</summary><ul>";
    writeSome(html, output.depends, takeFrom(reasonsLeft, kMaxInputs, output.depends.size()),
              [&](const DependenceFacts &depends, size_t) { writeReason(streams, depends); });
    html << "</ul>\n";
    if (!output.parts.empty()) {
      html << "<p>Its parts, and what each needs:</p><ul class=parts>";
      writeSome(html, output.parts, takeFrom(partsLeft, kMaxParts, output.parts.size()),
                [&](const PartFacts &part, size_t) {
                  html << "<li><code>" << part.box << "</code> ";
                  if (part.inputs.empty())
                    html << "nothing";
                  size_t limit = takeFrom(partsLeft, 8, part.inputs.size());
                  writeSome(html, part.inputs, limit, [&](unsigned input, size_t index) {
                    if (index)
                      html << ", ";
                    html << shorten(streams.inputs[input].name, 40);
                  });
                  html << "</li>\n";
                });
      html << "</ul>\n";
    }
    html << "</details>\n";
  }
  html << "</div>";
}

static void writeList(Html &html, const std::vector<std::string> &sentences) {
  html << "<ul>";
  writeSome(html, sentences, kMaxNotes,
            [&](const std::string &sentence, size_t) { html << "<li>" << sentence << "</li>\n"; });
  html << "</ul>\n";
}

void Sections::writeStreams() {
  if (report.streams) {
    const StreamFacts &streams = *report.streams;
    html << "<section id=streams><h2>Which inputs each output needs</h2>";
    writeTable(streams);
    writeReasons(streams);
    if (!streams.notes.empty()) {
      html << "<h3>Notes</h3>";
      writeList(html, streams.notes);
    }
    html << "<h3>The claims hold if</h3>";
    writeList(html, streams.assumptions);
    html << "</section>\n";
  } else if (!report.assumptions.empty()) {
    html << "<section><h2>Assumptions</h2>";
    writeList(html, report.assumptions);
    html << "</section>\n";
  }
}

//===----------------------------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------------------------===//

static std::string describeEmpty(MaskAttr mask) {
  bool any = false;
  for (unsigned q = 0; q != mask.getQueries().getCount(); ++q)
    any |= mask.hasEmptyQuery(q);
  std::string kind = stringifyEmptyRow(mask.getEmpty()).str();
  std::string means = mask.getEmpty() == EmptyRow::Nan       ? "NaN"
                      : mask.getEmpty() == EmptyRow::Uniform ? "the mean of all values"
                                                             : "zero";
  return any ? "A row without a live key (∅) gives " + means + " (" + kind + ")."
             : "Every row has a live key (one without would give " + means + ").";
}

static std::string nameFunction(llvm::StringRef function) {
  return function == "main" ? "the source" : "@" + function.str();
}

void Sections::writeMask(const MaskFacts &facts, size_t number) {
  MaskAttr mask = facts.mask;
  double pairs = double(mask.getQueries().getTotal()) * mask.getKeys().getTotal();
  html << "<figure class=maskbox id=\"mask-" << number << "\"><h3>Mask " << number << "</h3>"
       << drawMask(mask, palette) << "<figcaption><p>"
       << formatCount(mask.getQueries().getTotal()) << " queries × "
       << formatCount(mask.getKeys().getTotal()) << " keys, <b>"
       << formatShare(mask.getLivePairs(), pairs) << " live</b>. " << describeEmpty(mask)
       << "</p><ul class=users>";
  for (const auto &[function, nodes] : facts.users) {
    auto padded = facts.padded.find(function);
    html << "<li>" << countOf(nodes.size(), "use") << " in " << nameFunction(function);
    if (padded != facts.padded.end())
      html << ", " << formatCount(padded->second) << " with padding known at run time";
    else
      html << ", no padding";
    html << "<details><summary>Nodes</summary><div class=chain>";
    writeSome(html, nodes, kMaxUsers,
              [&](const std::string &node, size_t) { html << "<code>" << node << "</code> "; });
    html << "</div></details></li>\n";
  }
  html << "</ul></figcaption></figure>\n";
}

void Sections::writeMasks() {
  if (report.masks.empty() && report.unmasked.empty())
    return;
  html << "<section id=masks><h2>Masks</h2>";
  if (!report.masks.empty())
    html << "<p>Rows are queries, columns are keys, both to scale (with a smallest size). What is "
            "filled is computed; what is empty is never touched.</p><div class=masks>";
  size_t drawn = 0, begin = html.size();
  while (drawn < std::min(report.masks.size(), kMaxMasks) && html.size() - begin < kMaxPictures) {
    writeMask(report.masks[drawn], drawn + 1);
    ++drawn;
  }
  if (!report.masks.empty())
    html << "</div>";
  if (report.masks.size() > drawn)
    html << "<p>… and " << formatCount(report.masks.size() - drawn) << " more masks.</p>\n";
  if (!report.unmasked.empty()) {
    html << "<p>" << countOf(report.unmasked.size(), "attention operation")
         << " of the source without a mask, every query sees every key: ";
    writeSome(html, report.unmasked, kMaxUsers,
              [&](const std::string &node, size_t) { html << "<code>" << node << "</code> "; });
    html << "</p>\n";
  }
  html << "</section>\n";
}

//===- PageEntries.cpp - Entry points, compared and one by one -------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Sections.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace zorro;
using namespace zorro::report;

static constexpr size_t kMaxEntries = 12, kMaxTensors = 48, kMaxStreams = 64, kMaxLayers = 80;

//===----------------------------------------------------------------------------------------===//
// Side by side
//===----------------------------------------------------------------------------------------===//

static uint64_t workOf(const EntryFacts &entry) {
  if (entry.size)
    return entry.size->work.live;
  uint64_t work = 0;
  for (const auto &[kind, value] : entry.workByKind)
    work += value;
  return work ? work : entry.computed;
}

void Sections::writeProgram(const EntryFacts &entry, uint64_t whole) {
  auto cell = [&](bool known, const std::string &text) {
    html << "<td class=num>" << (known ? text : std::string("–")) << "</td>";
  };
  html << "<tr><th scope=row><a class=name href=\"#entry-" << entry.name << "\">@" << entry.name
       << "</a></th><td class=num>" << formatFlops(workOf(entry)) << "</td><td class=meters>"
       << drawMeter(workOf(entry), whole) << "<span>" << formatShare(workOf(entry), whole)
       << "</span></td>";
  cell(entry.size.has_value(), entry.size ? formatCount(entry.size->operations) : "");
  cell(entry.size.has_value(), entry.size ? formatBytes(entry.size->weightBytes) : "");
  cell(entry.calls != 0, formatCount(entry.calls));
  cell(entry.planned, formatBytes(entry.arenaBytes));
  html << "</tr>\n";
}

void Sections::writeComparison() {
  uint64_t whole = 0;
  for (const EntryFacts &entry : report.entries)
    whole = std::max(whole, workOf(entry));
  if (report.source)
    whole = report.source->work.dense;
  html << "<div class=scroll><table class=compare><caption>Work is 2 × multiply-adds, of what the "
          "masks leave.</caption><thead><tr><th scope=col>Program</th><th scope=col "
          "class=num>Work</th><th scope=col>"
       << (report.source ? std::string("of the dense source") : std::string("of the largest"))
       << "</th><th scope=col class=num>Operations</th><th scope=col class=num>Weights</th><th "
          "scope=col class=num>Launches</th><th scope=col class=num>Arena</th></tr></thead><tbody>";
  auto writeSource = [&](llvm::StringRef name, uint64_t work) {
    html << "<tr class=source><th scope=row>" << name << "</th><td class=num>" << formatFlops(work)
         << "</td><td class=meters>" << drawMeter(work, whole) << "<span>"
         << formatShare(work, whole) << "</span></td><td class=num>"
         << formatCount(report.source->operations) << "</td><td class=num>"
         << formatBytes(report.source->weightBytes)
         << "</td><td class=num>–</td><td class=num>–</td></tr>\n";
  };
  if (report.source) {
    writeSource("source, masked scores computed", report.source->work.dense);
    writeSource("source, masked scores left out", report.source->work.live);
  }
  for (const EntryFacts &entry : llvm::ArrayRef(report.entries).take_front(kMaxEntries))
    writeProgram(entry, whole);
  html << "</tbody></table></div>";
}

//===----------------------------------------------------------------------------------------===//
// One entry point
//===----------------------------------------------------------------------------------------===//

void Sections::writeTensors(llvm::StringRef title, const std::vector<TensorFacts> &tensors,
                            const std::vector<std::string> &dropped) {
  html << "<div><h4>" << title << "</h4><ul class=tensors>";
  writeSome(html, tensors, kMaxTensors, [&](const TensorFacts &tensor, size_t) {
    html << "<li><b class=name>" << tensor.name << "</b> <span class=size>" << tensor.type;
    if (!tensor.modality.empty() && tensor.modality != tensor.name)
      html << ", modality " << tensor.modality;
    html << "</span></li>\n";
  });
  writeSome(html, dropped, kMaxTensors, [&](const std::string &name, size_t) {
    html << "<li class=gone><s class=name>" << name << "</s> <span class=size>cut</span></li>\n";
  });
  html << "</ul></div>";
}

/// Names of `all` that no tensor of `kept` has.
static std::vector<std::string> missingIn(const std::vector<TensorFacts> &kept,
                                          const std::vector<std::string> &all) {
  llvm::StringSet<> there;
  for (const TensorFacts &tensor : kept)
    there.insert(tensor.name);
  std::vector<std::string> names;
  llvm::copy_if(all, std::back_inserter(names),
                [&](const std::string &name) { return !there.contains(name); });
  return names;
}

void Sections::writeCut(const EntryFacts &entry) {
  if (!report.source || !entry.size)
    return;
  const SizeFacts &source = *report.source, &size = *entry.size;
  if (!entry.dead && !entry.narrowed) {
    html << "<p>Nothing was cut: it computes all that the source does, but what masks drop.</p>\n";
    return;
  }
  html << "<p>Of " << countOf(source.operations, "operation") << " of the source, <b>"
       << formatCount(entry.dead) << "</b> are gone and <b>" << formatCount(entry.narrowed)
       << "</b> work on fewer elements. It reads " << formatCount(size.weights) << " of "
       << countOf(source.weights, "weight") << ", " << formatBytes(size.weightBytes) << " of "
       << formatBytes(source.weightBytes) << ".";
  if (const EntryFacts *fused = findFused(); fused && fused != &entry && fused->size)
    html << " Its work is " << formatShare(size.work.live, fused->size->work.live)
         << " of @fused and " << formatShare(size.work.live, source.work.dense)
         << " of the source with masked scores computed.";
  html << "</p>\n";
}

const EntryFacts *Sections::findFused() const {
  auto fused = llvm::find_if(report.entries, [](const auto &e) { return e.name == "fused"; });
  return fused == report.entries.end() ? nullptr : &*fused;
}

void Sections::writeTokens(const EntryFacts &entry) {
  if (entry.sequences.empty())
    return;
  html << "<h4>Tokens per stream</h4><div class=sequences>";
  size_t rows = 0, more = 0;
  for (const SequenceFacts &sequence : entry.sequences) {
    unsigned shown = std::min<size_t>(sequence.streams.getCount(), kMaxStreams - rows);
    rows += shown;
    more += sequence.streams.getCount() - shown;
    if (!shown)
      continue;
    html << "<table class=tokens><caption>Sequence of " << formatCount(sequence.streams.getTotal())
         << "</caption><thead><tr><th scope=col>Stream</th><th scope=col class=num>in the "
            "source</th><th scope=col class=num>here</th></tr></thead><tbody>\n";
    for (unsigned s = 0; s != shown; ++s) {
      llvm::StringRef name = sequence.streams.getNames()[s];
      int64_t kept = sequence.kept[s];
      html << "<tr" << Markup{kept ? "" : " class=gone"}
           << "><th scope=row><svg class=swatch viewBox=\"0 0 10 10\" aria-hidden=true><rect "
              "class=\""
           << palette.classOf(name) << "\" width=10 height=10 /></svg>" << name
           << "</th><td class=num>" << formatCount(sequence.streams.getSizes()[s])
           << "</td><td class=num>" << (kept ? formatCount(kept) : std::string("cut"))
           << "</td></tr>\n";
    }
    html << "</tbody></table>";
  }
  html << "</div>";
  if (more)
    html << "<p class=more>… and " << formatCount(more) << " more streams.</p>\n";
}

void Sections::writeWork(const EntryFacts &entry) {
  llvm::SmallVector<BarPart> kinds, streams;
  for (const auto &[kind, work] : entry.workByKind)
    if (work)
      kinds.push_back({kind, "k-" + kind, work});
  for (const auto &[stream, work] : entry.workByStream)
    streams.push_back({stream, stream == "no input" ? "s8" : palette.classOf(stream), work});
  if (streams.size() > kMaxStreams)
    streams.truncate(kMaxStreams);
  if (!kinds.empty())
    html << drawBar(kinds, "Multiply-adds by kind of kernel");
  if (!streams.empty())
    html << drawBar(streams, "Multiply-adds by stream");
  if (!entry.planned)
    return;
  uint64_t work = workOf(entry);
  html << "<dl class=facts><div><dt>Arena</dt><dd>" << formatBytes(entry.arenaBytes);
  if (entry.arenaBound)
    html << " <span class=size>lower bound " << formatBytes(*entry.arenaBound) << ", +"
         << formatShare(entry.arenaBytes - std::min(entry.arenaBytes, *entry.arenaBound),
                        *entry.arenaBound)
         << "</span>";
  html << "</dd></div><div><dt>Weights, packed</dt><dd>" << formatBytes(entry.packedBytes)
       << " <span class=size>in " << countOf(entry.packedWeights, "tensor")
       << "</span></dd></div><div><dt>Launches</dt><dd>" << formatCount(entry.calls)
       << "</dd></div>";
  if (work && entry.computed >= work)
    html << "<div><dt>Computed with whole tiles</dt><dd>" << formatFlops(entry.computed)
         << " <span class=size>+" << formatShare(entry.computed - work, work)
         << "</span></dd></div>";
  html << "</dl>\n";
}

void Sections::writeLayers(const EntryFacts &entry) {
  if (entry.layers.empty())
    return;
  uint64_t most = 0, whole = 0;
  for (const LayerFacts &layer : entry.layers) {
    most = std::max(most, layer.work.live);
    whole += layer.work.live;
  }
  html << "<details class=layers><summary>" << countOf(entry.layers.size(), "layer")
       << "</summary><div class=scroll><table><thead><tr><th scope=col>Layer</th><th scope=col "
          "class=num>Work</th><th scope=col>Share</th><th scope=col "
          "class=num>Launches</th></tr></thead><tbody>";
  for (const LayerFacts &layer : llvm::ArrayRef(entry.layers).take_front(kMaxLayers))
    html << "<tr><th scope=row class=name>" << layer.name << "</th><td class=num>"
         << formatFlops(layer.work.live) << "</td><td class=meters>"
         << drawMeter(layer.work.live, most) << "<span>" << formatShare(layer.work.live, whole)
         << "</span></td><td class=num>" << formatCount(layer.launches) << "</td></tr>\n";
  html << "</tbody></table></div>";
  if (entry.layers.size() > kMaxLayers)
    html << "<p class=more>… and " << formatCount(entry.layers.size() - kMaxLayers)
         << " more layers.</p>\n";
  html << "</details>\n";
}

void Sections::writeEntry(const EntryFacts &entry) {
  html << "<article id=\"entry-" << entry.name << "\"><h3>@" << entry.name << "</h3>";
  writeCut(entry);
  std::vector<std::string> inputs, outputs;
  if (report.streams) {
    for (const TensorFacts &input : report.streams->inputs)
      inputs.push_back(input.name);
    for (const OutputFacts &output : report.streams->outputs)
      outputs.push_back(output.tensor.name);
  }
  html << "<div class=columns>";
  writeTensors("Inputs", entry.inputs, missingIn(entry.inputs, inputs));
  writeTensors("Outputs", entry.outputs, missingIn(entry.outputs, outputs));
  html << "</div>";
  writeTokens(entry);
  writeWork(entry);
  writeLayers(entry);
  html << "</article>\n";
}

void Sections::writeEntries() {
  if (report.entries.empty())
    return;
  html << "<section id=entries><h2>Entry points</h2>";
  writeComparison();
  for (const EntryFacts &entry : llvm::ArrayRef(report.entries).take_front(kMaxEntries))
    writeEntry(entry);
  if (report.entries.size() > kMaxEntries)
    html << "<p>… and " << formatCount(report.entries.size() - kMaxEntries)
         << " more entry points.</p>\n";
  html << "</section>\n";
}

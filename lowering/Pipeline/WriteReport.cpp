//===- WriteReport.cpp - The page of --report ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Target.h"
#include "lowering/Emit/Artefact.h"
#include "lowering/Pipeline/Pipelines.h"
#include "lowering/Report/Page.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace zorro;

template <typename Map> static std::vector<StringRef> sortedKeys(const Map &map) {
  std::vector<StringRef> keys;
  for (const auto &entry : map)
    keys.push_back(entry.getKey());
  llvm::sort(keys);
  return keys;
}

/// What the compilation was asked for, in a fixed order and without paths.
static std::vector<std::pair<std::string, std::string>> listFlags(const CompileOptions &options) {
  std::vector<std::pair<std::string, std::string>> flags = {{"specialize", options.entries}};
  auto list = [&](StringRef flag, ArrayRef<std::string> values) {
    if (!values.empty())
      flags.push_back({flag.str(), llvm::join(values, ",")});
  };
  list("absent", options.absent);
  list("keep-output", options.keep);
  for (StringRef input : sortedKeys(options.modalities))
    flags.push_back({"modality", options.modalities.lookup(input) + "=" + input.str()});
  for (StringRef input : sortedKeys(options.shapes)) {
    auto sizes = llvm::map_range(options.shapes.find(input)->getValue(),
                                 [](int64_t size) { return std::to_string(size); });
    flags.push_back({"shape", (input + "=" + llvm::join(sizes, "x")).str()});
  }
  if (options.device == Device::Cuda) {
    flags.push_back({"target", "cuda"});
    flags.push_back({"arch", options.arch});
    flags.push_back({"precision", options.precision});
  } else {
    flags.push_back({"cpu", options.cpu});
  }
  if (options.emit)
    flags.push_back({"emit", nameOf(*options.emit).str()});
  if (options.opset)
    flags.push_back({"opset", std::to_string(options.opset)});
  if (options.externalData)
    flags.push_back({"external-data", ""});
  if (options.assumeFiniteFill)
    flags.push_back({"assume-finite-fill", ""});
  if (options.assumeLiveRows)
    flags.push_back({"assume-live-rows", ""});
  return flags;
}

LogicalResult zorro::writeReport(report::Report &report, const Reporter &reporter, bool failed,
                                 const CompileOptions &options, Location loc) {
  if (!failed && options.explain == Explain::None)
    report.phase = nameOf(options.emit.value_or(Phase::So)).str();
  report.compiler = getCompilerVersion().str();
  if (options.device == Device::Cuda)
    report.gpu = options.arch + ", " + options.precision;
  else
    report.cpu = options.cpu;
  if (FailureOr<CpuTarget> target = CpuTarget::get(report.cpu); succeeded(target))
    report.features = target->features;
  report.flags = listFlags(options);
  for (const Reporter::Message &message : reporter.getMessages()) {
    if (message.severity == DiagnosticSeverity::Error) {
      if (report.failure.empty())
        report.failure = message.text;
      continue;
    }
    report.remarks.push_back({message.node, message.text, message.notes});
  }
  if (failed && report.failure.empty())
    report.failure = "internal error";
  return writeText(report::renderPage(report), options.report, loc);
}

//===- Compile.cpp - Import, phases, output ---------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Pipeline/Compile.h"

#include "dialects/Onnx/Import/Import.h"
#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Kernels.h"
#include "lowering/Emit/OutputFile.h"
#include "lowering/Gpu/Kernels.h"
#include "lowering/Pipeline/BoundAxes.h"
#include "lowering/Pipeline/Pipelines.h"
#include "lowering/Pipeline/Reporter.h"
#include "lowering/Report/Collector.h"
#include "passes/Analysis/Explain.h"
#include "passes/Raise/OperatorTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace zorro;

namespace {

class Compilation {
public:
  Compilation(const CompileOptions &options, const DialectRegistry &registry)
      : options(options), context(registry, MLIRContext::Threading::DISABLED),
        reporter(&context, options.input, options.remarks) {
    context.loadAllAvailableDialects();
  }

  /// Compiles, and writes the report whatever came of it.
  int run();
  /// After a crash: what can still be said.
  int crashed() { return internalError(running); }

private:
  bool isModel() const { return llvm::sys::path::extension(options.input).starts_with(".onnx"); }
  int compile();
  int load();
  /// Refuses a target that is not there.
  int checkTarget();
  /// Settles what the options leave to the target or to the dump.
  int chooseTarget();
  /// Whether the phase asked for, and the one that was read, are on the way to the target.
  int checkWay(Phase target);
  /// Lets the report see the module as it is.
  void note();
  int report(int code);
  void promise();
  int nameModalities();
  void keep(Phase phase);
  int runTo(Phase phase);
  int write(Phase phase);
  int explain();
  int finish(Phase phase, LogicalResult result);
  /// A fault of ours: writes the module as it was before the phase, and says where.
  int internalError(Phase phase);
  std::string outputFor(Phase phase) const;

  CompileOptions options;
  MLIRContext context;
  Reporter reporter;
  OwningOpRef<ModuleOp> module;
  std::optional<report::Collector> collector;
  Phase reached = Phase::Imported;
  Phase running = Phase::Imported;
  std::string before; // the module in text, before the phase that runs
};

int Compilation::load() {
  if (isModel()) {
    onnx::ImportOptions import;
    import.shapes = options.shapes;
    import.keeps = isHandled;
    onnx::ImportStatus status;
    auto imported = onnx::importModel(options.input, import, context, status);
    if (failed(imported))
      return int(status.failure);
    module = std::move(*imported);
    return nameModalities();
  }
  std::string message;
  auto file = openInputFile(options.input, &message);
  if (!file) {
    Reporter::error(message);
    return kMalformed;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return kMalformed;
  auto attr = (*module)->getAttrOfType<StringAttr>(kPhaseAttr);
  auto phase = attr ? parsePhase(attr.getValue()) : std::nullopt;
  if (!phase || getInfo(*phase).form != Form::Module) {
    Reporter::error(options.input + ": expected a module with attribute " + kPhaseAttr +
                    " that names a phase before llvm or ptx");
    return kMalformed;
  }
  reached = *phase;
  return kOk;
}

/// Writes the promise of --assume-live-rows into the module, and among what the claims rest on.
void Compilation::promise() {
  if (!options.assumeLiveRows || (*module)->hasAttr(kAssumeLiveRowsAttr))
    return;
  (*module)->setAttr(kAssumeLiveRowsAttr, UnitAttr::get(&context));
  SmallVector<Attribute> assumptions;
  if (auto known = (*module)->getAttrOfType<ArrayAttr>(kAssumptionsAttr))
    assumptions.assign(known.begin(), known.end());
  assumptions.push_back(StringAttr::get(
      &context, "at run time no row of a mask is wholly padded (--assume-live-rows)"));
  (*module)->setAttr(kAssumptionsAttr, ArrayAttr::get(&context, assumptions));
}

/// Notes the modalities of `--modality` on the graph's inputs.
int Compilation::nameModalities() {
  auto main = module->lookupSymbol<func::FuncOp>("main");
  llvm::SmallVector<llvm::StringRef> names;
  for (unsigned i = 0, e = main.getNumArguments(); i != e; ++i) {
    auto name = main.getArgAttrOfType<StringAttr>(i, kNameAttr);
    names.push_back(name ? name.getValue() : "");
    if (auto it = options.modalities.find(names.back()); it != options.modalities.end())
      main.setArgAttr(i, kModalityAttr, StringAttr::get(&context, it->second));
  }
  for (const auto &entry : options.modalities)
    if (!llvm::is_contained(names, entry.getKey())) {
      Reporter::error(options.input + ": expected an input of the model (" +
                      llvm::join(names, ", ") + ") in --modality but got '" + entry.getKey() + "'");
      return kUsage;
    }
  return kOk;
}

int Compilation::internalError(Phase phase) {
  if (before.empty()) {
    Reporter::error(options.input + ": internal error while it was read");
    return kInternal;
  }
  std::string path =
      (llvm::sys::path::stem(options.input) + "." + nameOf(phase) + ".reproducer.mlir").str();
  OutputFile file(path);
  file.writeText(before);
  if (llvm::Error error = file.commit()) {
    Reporter::error(llvm::toString(std::move(error)));
    return kInternal;
  }
  Reporter::error("internal error in phase " + nameOf(phase) +
                  "; the module before it was written to '" + path + "'");
  return kInternal;
}

/// Keeps the module as it is before `phase`, for a reproducer.
void Compilation::keep(Phase phase) {
  running = phase;
  before.clear();
  llvm::raw_string_ostream text(before);
  module->print(text, OpPrintingFlags().enableDebugInfo());
}

int Compilation::runTo(Phase phase) {
  for (const PhaseInfo &info : getPhases()) {
    bool hasPasses = info.form == Form::Module || info.form == Form::Files;
    if (info.phase <= reached || !leadsThrough(phase, info.phase, options.device) || !hasPasses)
      continue;
    keep(info.phase);
    PassManager pm(&context);
    buildPhase(pm, info.phase, options);
    if (failed(applyPassManagerCLOptions(pm)))
      return kUsage;
    applyDefaultTimingPassManagerCLOptions(pm);
    if (int code = finish(info.phase, pm.run(*module)))
      return code;
    (*module)->setAttr(kPhaseAttr, StringAttr::get(&context, info.name));
    reached = info.phase;
    note();
  }
  return kOk;
}

std::string Compilation::outputFor(Phase phase) const {
  if (options.output != "-" || getInfo(phase).form != Form::Binary)
    return options.output;
  // A model's artefact lies in the working folder, named after the model.
  llvm::StringRef stem = llvm::sys::path::stem(options.input);
  return (phase == Phase::Exe ? stem : stem + "." + nameOf(phase)).str();
}

int Compilation::explain() {
  auto main = module->lookupSymbol<func::FuncOp>("main");
  if (!main) {
    Reporter::error(options.input + ": expected a model or a dump of phase imported or zorro");
    return kUsage;
  }
  SmallVector<Attribute> bound;
  if (isModel())
    for (const std::string &sentence : findBoundAxes(options, context.getDialectRegistry()))
      bound.push_back(StringAttr::get(&context, sentence));
  if (!bound.empty())
    (*module)->setAttr(kBoundAxesAttr, ArrayAttr::get(&context, bound));
  std::string text;
  llvm::raw_string_ostream os(text);
  printExplanation(main, os, options.explain == Explain::Json);
  return finish(Phase::Zorro, writeText(text, options.output, module->getLoc()));
}

int Compilation::write(Phase phase) {
  std::string output = outputFor(phase);
  keep(phase);
  if (phase == Phase::Onnx)
    return finish(phase, writeOnnx(*module, output, options));
  if (getInfo(phase).form != Form::Module)
    return finish(phase, options.device == Device::Cuda
                             ? writeDeviceCode(*module, phase, output, options)
                             : writeCode(*module, phase, output, options));
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os);
  os << "\n";
  return finish(phase, writeText(text, output, module->getLoc()));
}

/// The exit code of a step that reported its own errors.
int Compilation::finish(Phase phase, LogicalResult result) {
  if (succeeded(result) && !reporter.hasErrors())
    return kOk;
  int code = reporter.exitCode(kInternal);
  return code == kInternal ? internalError(phase) : code;
}

void Compilation::note() {
  if (collector)
    collector->collect(*module);
}

int Compilation::report(int code) {
  LogicalResult written =
      writeReport(collector->getReport(), reporter, code != kOk, options, module->getLoc());
  if (code != kOk)
    return code;
  return succeeded(written) ? int(kOk) : reporter.exitCode(kLimit);
}

int Compilation::run() {
  if (!options.report.empty())
    collector.emplace();
  int code = compile();
  return collector && module ? report(code) : code;
}

int Compilation::chooseTarget() {
  bool cuda = options.device == Device::Cuda;
  // A dump of device code is for one architecture.
  auto arch = (*module)->getAttrOfType<StringAttr>(kArchAttr);
  if (cuda && arch && !options.arch.empty() && options.arch != arch.getValue()) {
    Reporter::error(options.input + ": expected --arch=" + arch.getValue() +
                    ", which the dump is for, but got '" + options.arch + "'");
    return kUsage;
  }
  if (options.arch.empty())
    options.arch = arch ? arch.str() : "sm_90a";
  if (options.precision.empty())
    options.precision = cuda ? "bf16" : "f32";
  return kOk;
}

int Compilation::checkTarget() {
  std::string message;
  LogicalResult found = success();
  if (options.device == Device::Cuda)
    found = GpuTarget::get(options.arch.empty() ? "sm_90a" : options.arch,
                           options.precision.empty() ? "bf16" : options.precision, &message);
  else if (!options.precision.empty() && options.precision != "f32") {
    message = "unsupported: --precision=" + options.precision + " on a CPU; f32 is there";
    found = failure();
  } else {
    found = CpuTarget::get(options.cpu, &message);
  }
  if (succeeded(found))
    return kOk;
  Reporter::error(message);
  return llvm::StringRef(message).starts_with("unsupported: ") ? kUnsupported : kUsage;
}

int Compilation::checkWay(Phase target) {
  llvm::StringRef device = nameOf(options.device);
  if (!isFor(getInfo(target), options.device)) {
    Reporter::error("expected a phase on the way to " + device + " (" +
                    phaseNames(options.device) + ") for --emit but got '" + nameOf(target) +
                    "': --target says which way");
    return kUsage;
  }
  if (!isFor(getInfo(reached), options.device)) {
    Reporter::error(options.input + ": expected a dump on the way to " + device + " (" +
                    phaseNames(options.device, /*onlyModules=*/true) + ") but got phase " +
                    nameOf(reached) + ": --target says which way");
    return kUsage;
  }
  if (!leadsThrough(target, reached, options.device)) {
    Reporter::error(options.input + ": expected a model or a dump of phase imported, zorro or "
                                    "special for --emit=" + nameOf(target) + " but got phase " +
                    nameOf(reached));
    return kUsage;
  }
  return kOk;
}

int Compilation::compile() {
  if (int code = checkTarget())
    return code;
  if (int code = load())
    return code;
  if (int code = chooseTarget())
    return code;
  promise();
  note();
  Phase target = options.emit.value_or(Phase::So);
  if (options.explain != Explain::None)
    target = Phase::Zorro;
  if (int code = checkWay(target))
    return code;
  if (int code = runTo(target))
    return code;
  return options.explain != Explain::None ? explain() : write(target);
}
} // namespace

int zorro::compile(const CompileOptions &options, const DialectRegistry &registry) {
  Compilation compilation(options, registry);
  int code = kInternal;
  // A crash is a fault of ours like any other; the stack is large because models nest deeply.
  constexpr unsigned kStack = 256u << 20;
  llvm::CrashRecoveryContext::Enable();
  llvm::CrashRecoveryContext recovery;
  if (!recovery.RunSafelyOnThread([&] { code = compilation.run(); }, kStack))
    return compilation.crashed();
  return code;
}

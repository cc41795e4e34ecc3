//===- Options.cpp - The compiler's command line ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-opt/Options.h"

#include "lowering/Pipeline/Reporter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace zorro;

namespace {
cl::OptionCategory category("Zorro options");

/// Help of --emit: each phase and what it promises.
std::string describePhases() {
  std::string text = "stop after a phase and write it (default: so):";
  for (const PhaseInfo &info : getPhases())
    text += ("\n  " + info.name + ": " + info.promise).str();
  return text;
}

struct Options {
  std::string emitHelp = describePhases();
  cl::opt<std::string> emit{"emit", cl::cat(category), cl::value_desc("phase"),
                            cl::desc(emitHelp)};
  cl::opt<std::string> specialize{
      "specialize", cl::cat(category), cl::init("fused"), cl::value_desc("entries"),
      cl::desc("entry points to make, by comma: fused, or modalities joined by '+' (default: "
               "fused)")};
  cl::list<std::string> absent{
      "absent", cl::cat(category), cl::CommaSeparated, cl::value_desc("modalities"),
      cl::desc("for each, by comma, an entry point without_NAME that masks its tokens out, as "
               "padding would; 'a+b' lacks both")};
  cl::list<std::string> keepOutput{
      "keep-output", cl::cat(category), cl::CommaSeparated, cl::value_desc("outputs"),
      cl::desc("outputs to keep, by comma (default: all that can be cut free)")};
  cl::list<std::string> modality{
      "modality", cl::cat(category), cl::value_desc("name=input,…"),
      cl::desc("modality that inputs belong to (default: each input's own name)")};
  cl::list<std::string> shape{"shape", cl::cat(category), cl::value_desc("input=1x3x224x224"),
                              cl::desc("bind the symbolic axes of an input")};
  cl::opt<std::string> target{
      "target", cl::cat(category), cl::init("cpu"), cl::value_desc("name"),
      cl::desc("what to compile for: cpu (default) or cuda (NVIDIA GPUs)")};
  cl::opt<std::string> arch{
      "arch", cl::cat(category), cl::value_desc("name"),
      cl::desc("for cuda, the architecture: sm_80, sm_86, sm_89, sm_90, sm_90a (default), sm_100, "
               "sm_120")};
  cl::opt<std::string> precision{
      "precision", cl::cat(category), cl::value_desc("name"),
      cl::desc("what products take; sums are f32: f32 (a CPU's default and all it has), bf16 "
               "(cuda's default) or tf32")};
  cl::opt<std::string> cpu{
      "cpu", cl::cat(category), cl::init("native"), cl::value_desc("name"),
      cl::desc("CPU to compile for: native (default), x86-64-v3, x86-64-v4, znver4, "
               "sapphirerapids")};
  cl::opt<std::string> explain{"explain", cl::cat(category), cl::ValueOptional,
                               cl::value_desc("json"),
                               cl::desc("print which inputs each output needs, and why")};
  cl::opt<std::string> report{"report", cl::cat(category), cl::value_desc("file.html"),
                              cl::desc("write a page about the compilation: dependence, masks, "
                                       "work, memory, kernels")};
  cl::opt<std::string> weights{
      "weights", cl::cat(category), cl::value_desc("folder"),
      cl::desc("where a dump's weight files lie (default: beside the input)")};
  cl::opt<int64_t> opset{
      "opset", cl::cat(category), cl::init(0), cl::value_desc("version"),
      cl::desc("of --emit=onnx, at least 13 (default: the model's own, else 17)")};
  cl::opt<bool> externalData{"external-data", cl::cat(category),
                             cl::desc("of --emit=onnx: weights in a file of their own")};
  cl::opt<bool> assumeFiniteFill{
      "assume-finite-fill", cl::cat(category),
      cl::desc("treat weak mask fills (such as -1e4, down to -1000) as dropping the key")};
  cl::opt<bool> assumeLiveRows{
      "assume-live-rows", cl::cat(category),
      cl::desc("promise that at run time no row of a mask is wholly padded")};
  cl::opt<bool> remarks{"remarks", cl::cat(category),
                        cl::desc("print what was not recognised, and why")};
  cl::opt<bool> listOps{"list-ops", cl::cat(category),
                        cl::desc("print the operators that are supported, and exit")};
};
Options *options = nullptr;

/// "1x3x224x224"
bool parseShape(StringRef text, SmallVectorImpl<int64_t> &shape) {
  SmallVector<StringRef> dims;
  text.split(dims, 'x');
  for (StringRef dim : dims)
    if (dim.getAsInteger(10, shape.emplace_back()) || shape.back() < 0)
      return false;
  return true;
}

/// "-" is standard output, for text only; without -o a binary file gets a name of its own.
bool checkOutput(const CompileOptions &result) {
  Phase phase = result.explain != Explain::None ? Phase::Zorro : result.emit.value_or(Phase::So);
  Form form = getInfo(phase).form;
  bool isText = form == Form::Module || form == Form::Text;
  bool isNamed = cl::getRegisteredOptions().lookup("o")->getNumOccurrences();
  if (result.output == "-" && isNamed && !isText) {
    Reporter::error("expected a file for -o but got '-': --emit=" + nameOf(phase) +
                    " writes no text");
    return false;
  }
  if (!result.report.empty() && result.report == result.output && (isText || isNamed)) {
    Reporter::error("expected different files for --report and -o but got '" + result.output +
                    "' twice");
    return false;
  }
  return true;
}
} // namespace

void zorro::registerOptions() {
  static Options registered;
  options = &registered;
}

void zorro::hideOtherOptions() {
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (!is_contained(option->Categories, &category))
      option->setHiddenFlag(is_contained({"help", "help-hidden", "version"}, name) ? cl::NotHidden
                                                                                   : cl::Hidden);
}

bool zorro::wantsOperatorList() { return options->listOps; }

bool zorro::wantsCompilation(StringRef input) {
  return sys::path::extension(input).starts_with(".onnx") || !options->emit.empty() ||
         options->explain.getNumOccurrences() || !options->report.empty();
}

bool zorro::getOptions(StringRef input, StringRef output, StringRef program,
                       CompileOptions &result) {
  result.input = input.str();
  result.output = output.str();
  result.entries = options->specialize;
  append_range(result.absent, options->absent);
  append_range(result.keep, options->keepOutput);
  result.cpu = options->cpu;
  result.folder = options->weights;
  result.assumeFiniteFill = options->assumeFiniteFill;
  result.assumeLiveRows = options->assumeLiveRows;
  result.remarks = options->remarks;
  result.report = options->report;
  result.opset = options->opset;
  result.externalData = options->externalData;
  if (!options->emit.empty()) {
    result.emit = parsePhase(options->emit);
    if (!result.emit) {
      Reporter::error("expected a phase (" + phaseNames() + ") for --emit but got '" +
                      options->emit + "'");
      return false;
    }
  }
  auto device = parseDevice(options->target);
  if (!device) {
    Reporter::error("expected cpu or cuda for --target but got '" + options->target + "'");
    return false;
  }
  result.device = *device;
  result.arch = options->arch;
  if (*device == Device::Cpu && !result.arch.empty()) {
    Reporter::error("expected --arch with --target=cuda only but got '" + result.arch + "'");
    return false;
  }
  result.precision = options->precision;
  if (!is_contained({"", "f32", "tf32", "bf16"}, result.precision)) {
    Reporter::error("expected f32, tf32 or bf16 for --precision but got '" + result.precision +
                    "'");
    return false;
  }
  if (options->explain.getNumOccurrences()) {
    if (!options->explain.empty() && options->explain != "json") {
      Reporter::error("expected --explain or --explain=json but got '" + options->explain + "'");
      return false;
    }
    result.explain = options->explain == "json" ? Explain::Json : Explain::Text;
  }
  if (!checkOutput(result))
    return false;
  for (StringRef text : options->modality) {
    auto [name, inputs] = text.split('=');
    if (name.empty() || inputs.empty()) {
      Reporter::error("expected --modality=NAME=INPUT,… but got '" + text + "'");
      return false;
    }
    if (name == "fused") {
      Reporter::error("expected a modality other than 'fused', which names an entry point, in "
                      "--modality");
      return false;
    }
    for (StringRef input : split(inputs, ','))
      if (std::string &own = result.modalities.try_emplace(input, name.str()).first->second;
          own != name) {
        Reporter::error("expected one modality for input '" + input + "' but got '" + own +
                        "' and '" + name + "'");
        return false;
      }
  }
  for (StringRef text : options->shape) {
    auto [name, dims] = text.rsplit('=');
    if (name.empty() || dims.empty() || !parseShape(dims, result.shapes[name])) {
      Reporter::error("expected --shape=INPUT=1x3x224x224 but got '" + text + "'");
      return false;
    }
  }
  // The program in front of an executable lies beside the compiler.
  static int anchor;
  SmallString<256> runner(sys::fs::getMainExecutable(program.str().c_str(), &anchor));
  sys::path::remove_filename(runner);
  sys::path::append(runner, "zorro-runner");
  result.runner = std::string(runner);
  return true;
}

//===- Explain.cpp - The table of --explain ---------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Explain.h"
#include "passes/Analysis/Reasons.h"
#include "passes/Analysis/Rules.h"

#include "dialects/Zorro/Zorro.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace zorro;

SmallVector<std::string> zorro::listAssumptions(func::FuncOp func) {
  SmallVector<std::string> assumptions = {
      "inputs are finite, and no operation makes an infinity or a NaN of ordinary numbers",
      "live scores are above -1e29",
      "constants that were folded are the constants that run"};
  if (auto module = func->getParentOfType<ModuleOp>())
    if (auto more = module->getAttrOfType<ArrayAttr>(kAssumptionsAttr))
      for (Attribute text : more)
        if (auto string = dyn_cast<StringAttr>(text))
          assumptions.push_back(string.str());
  return assumptions;
}

SmallVector<std::string> zorro::listUndescribed(const StreamDependence &streams) {
  SmallVector<std::string> names;
  for (Operation *op : streams.getUndescribed()) {
    std::string name = nodeName(op->getLoc());
    name = op->getName().getStringRef().str() + (name.empty() ? "" : " (" + name + ")");
    if (!llvm::is_contained(names, name))
      names.push_back(name);
  }
  return names;
}

SmallVector<std::string> zorro::listBoundAxes(func::FuncOp func) {
  SmallVector<std::string> bound;
  if (auto module = func->getParentOfType<ModuleOp>())
    if (auto axes = module->getAttrOfType<ArrayAttr>(kBoundAxesAttr))
      for (auto text : axes.getAsRange<StringAttr>())
        bound.push_back(text.str());
  return bound;
}

std::string zorro::explainDead(const StreamDependence &streams, unsigned input) {
  uint64_t bit = StreamDependence::bitOf(input);
  Value argument = func::FuncOp(streams.getFunction()).getArgument(input);
  if (argument.use_empty())
    return "nothing reads it";
  // Operations that read it, or something made of it, and give nothing of it.
  for (Operation &op : func::FuncOp(streams.getFunction()).front().without_terminator()) {
    auto carries = [&](Value value) {
      return hasGrid(value.getType()) && (streams.get(value).getTaint() & bit);
    };
    if (llvm::any_of(readValues(&op), carries) && llvm::none_of(op.getResults(), carries)) {
      std::string name = nodeName(op.getLoc());
      return "its influence ends at " +
             (name.empty() ? op.getName().getStringRef().str() : "node " + name);
    }
  }
  return "what is made of it reaches no output";
}

/// Whether the dependence wants a reason: the output depends on several modalities, and is not
/// named after this one.
static bool crosses(const StreamDependence &streams, unsigned output, unsigned input) {
  if (streams.getConditionalTaint(output) & StreamDependence::bitOf(input))
    return true;
  llvm::SetVector<StringRef> modalities;
  for (unsigned i : streams.dependsOn(output))
    modalities.insert(streams.getModalities()[i]);
  return modalities.size() > 1 &&
         !StringRef(streams.getOutputs()[output]).contains(streams.getModalities()[input]);
}

//===----------------------------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------------------------===//

static void printTable(const StreamDependence &streams, func::FuncOp func, raw_ostream &os) {
  size_t width = 0;
  for (const std::string &output : streams.getOutputs())
    width = std::max(width, output.size());
  os.indent(width);
  for (const std::string &input : streams.getInputs())
    os << "   " << input;
  os << "\n";
  size_t total = width;
  for (const std::string &input : streams.getInputs())
    total += 3 + input.size();
  for (auto [o, output] : llvm::enumerate(streams.getOutputs())) {
    os << output;
    os.indent(width - output.size());
    SmallVector<unsigned> depends = streams.dependsOn(o);
    uint64_t conditional = streams.getConditionalTaint(o);
    for (auto [i, input] : llvm::enumerate(streams.getInputs())) {
      size_t before = 3 + (input.size() - 1) / 2;
      os.indent(before) << (!llvm::is_contained(depends, i)                ? "·"
                            : conditional & StreamDependence::bitOf(i) ? "◐"
                                                                           : "●");
      // Trailing blanks only where something follows.
      os.indent(i + 1 != streams.getInputs().size() ? 2 + input.size() - before : 0);
    }
    bool first = true;
    size_t lastWidth = streams.getInputs().empty() ? 0 : streams.getInputs().back().size();
    for (unsigned i : depends) {
      if (!crosses(streams, o, i))
        continue;
      os.indent(first ? 2 + (lastWidth - 1) - (lastWidth - 1) / 2 : total + 2);
      Reason reason = findReason(streams, o, i);
      os << streams.getInputs()[i] << (reason.conditional ? " (conditional): " : ": ")
         << reason.text << "\n";
      first = false;
    }
    if (first)
      os << "\n";
  }
  for (unsigned i : streams.getUnused())
    os << "input '" << streams.getInputs()[i]
       << "' is dead: no output depends on its values; " << explainDead(streams, i) << "\n";
  for (const std::string &text : listBoundAxes(func))
    os << "bound: " << text << "\n";
  bool anyCondition = false;
  for (unsigned o = 0; o != streams.getOutputs().size(); ++o)
    anyCondition |= streams.getConditionalTaint(o) != 0;
  if (anyCondition)
    os << "◐ only where a row is wholly padded at run time: --assume-live-rows promises that none "
          "is\n";
  for (const std::string &op : listUndescribed(streams))
    os << "joined everything: " << op << "\n";
  for (const std::string &text : listAssumptions(func))
    os << "assumed: " << text << "\n";
}

void zorro::printExplanation(func::FuncOp func, raw_ostream &os, bool json) {
  StreamDependence streams(func);
  if (json)
    writeExplanation(streams, os);
  else
    printTable(streams, func, os);
}

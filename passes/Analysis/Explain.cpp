//===- Explain.cpp - The table of --explain ---------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Explain.h"
#include "passes/Analysis/Reasons.h"
#include "passes/Analysis/StreamDependence.h"

#include "dialects/Zorro/Zorro.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace zorro;

/// What the claims rest on, with what earlier passes assumed.
static SmallVector<std::string> listAssumptions(func::FuncOp func) {
  SmallVector<std::string> assumptions = {
      "inputs are finite, and no operation makes an infinity or a NaN of ordinary numbers",
      "live scores are above -1e29",
      "constants that were folded are the constants that run"};
  if (auto module = func->getParentOfType<ModuleOp>())
    if (auto more = module->getAttrOfType<ArrayAttr>("zorro.assumptions"))
      for (Attribute text : more)
        if (auto string = dyn_cast<StringAttr>(text))
          assumptions.push_back(string.str());
  return assumptions;
}

static SmallVector<std::string> listUndescribed(const StreamDependence &streams) {
  SmallVector<std::string> names;
  for (Operation *op : streams.getUndescribed()) {
    std::string name = nodeName(op->getLoc());
    name = op->getName().getStringRef().str() + (name.empty() ? "" : " (" + name + ")");
    if (!llvm::is_contained(names, name))
      names.push_back(name);
  }
  return names;
}

/// Whether the dependence wants a reason: the output depends on several modalities, and is not
/// named after this one.
static bool crosses(const StreamDependence &streams, unsigned output, unsigned input) {
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
    for (auto [i, input] : llvm::enumerate(streams.getInputs())) {
      size_t before = 3 + (input.size() - 1) / 2;
      os.indent(before) << (llvm::is_contained(depends, i) ? "●" : "·");
      // Trailing blanks only where something follows.
      os.indent(i + 1 != streams.getInputs().size() ? 2 + input.size() - before : 0);
    }
    bool first = true;
    size_t lastWidth = streams.getInputs().empty() ? 0 : streams.getInputs().back().size();
    for (unsigned i : depends) {
      if (!crosses(streams, o, i))
        continue;
      os.indent(first ? 2 + (lastWidth - 1) - (lastWidth - 1) / 2 : total + 2);
      os << streams.getInputs()[i] << ": " << explainChain(streams, findChain(streams, o, i), i)
         << "\n";
      first = false;
    }
    if (first)
      os << "\n";
  }
  for (unsigned i : streams.getUnused())
    os << "unused: " << streams.getInputs()[i] << "\n";
  for (const std::string &op : listUndescribed(streams))
    os << "joined everything: " << op << "\n";
  for (const std::string &text : listAssumptions(func))
    os << "assumed: " << text << "\n";
}

//===----------------------------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------------------------===//

static void writeOutput(const StreamDependence &streams, unsigned o, llvm::json::OStream &json) {
  SmallVector<unsigned> depends = streams.dependsOn(o);
  json.attributeArray("depends", [&] {
    for (unsigned i : depends)
      json.value(streams.getInputs()[i]);
  });
  SmallVector<Chain> chains;
  for (unsigned i : depends)
    chains.push_back(findChain(streams, o, i));
  json.attributeObject("because", [&] {
    for (size_t i = 0; i != depends.size(); ++i)
      json.attributeArray(streams.getInputs()[depends[i]], [&] {
        for (const std::string &node : nodesOf(chains[i]))
          json.value(node);
      });
  });
  json.attributeObject("why", [&] {
    for (auto [i, chain] : llvm::zip(depends, chains))
      json.attribute(streams.getInputs()[i], explainChain(streams, chain, i));
  });
  json.attributeArray("segments", [&] {
    const GridValue &grid = streams.get(streams.getOutput(o));
    for (size_t c = 0; c != grid.getCells().size(); ++c)
      json.object([&] {
        json.attributeBegin("box"); // on one line
        json.rawValue([&](raw_ostream &os) {
          os << "[";
          llvm::interleaveComma(grid.getBox(c), os, [&](IndexRange range) {
            os << "[" << range.begin << ", " << range.end << "]";
          });
          os << "]";
        });
        json.attributeEnd();
        json.attributeArray("depends", [&] {
          for (size_t i = 0; i != streams.getInputs().size(); ++i)
            if (grid.getCells()[c].taint & StreamDependence::bitOf(i))
              json.value(streams.getInputs()[i]);
        });
      });
  });
}

static void writeJson(const StreamDependence &streams, func::FuncOp func, raw_ostream &os) {
  llvm::json::OStream json(os, 2);
  json.object([&] {
    json.attributeObject("outputs", [&] {
      for (auto [o, output] : llvm::enumerate(streams.getOutputs()))
        json.attributeObject(output, [&, o = o] { writeOutput(streams, o, json); });
    });
    json.attributeArray("assumptions", [&] {
      for (const std::string &text : listAssumptions(func))
        json.value(text);
    });
    json.attributeArray("unused", [&] {
      for (unsigned i : streams.getUnused())
        json.value(streams.getInputs()[i]);
    });
    json.attributeArray("joined", [&] {
      for (const std::string &op : listUndescribed(streams))
        json.value(op);
    });
  });
  os << "\n";
}

void zorro::printExplanation(func::FuncOp func, raw_ostream &os, bool json) {
  StreamDependence streams(func);
  if (json)
    writeJson(streams, func, os);
  else
    printTable(streams, func, os);
}

//===- ExplainJson.cpp - What --explain=json prints --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/Explain.h"
#include "passes/Analysis/Reasons.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using llvm::json::OStream;

/// Grids of more cells are joined before they are printed.
constexpr size_t kMaxPrintedCells = 4096;

static void writeInputs(const StreamDependence &streams, uint64_t taint, raw_ostream &os) {
  bool first = true;
  os << "[";
  for (auto [i, name] : llvm::enumerate(streams.getInputs()))
    if (taint & StreamDependence::bitOf(i)) {
      os << (first ? "" : ", ") << llvm::json::Value(name);
      first = false;
    }
  os << "]";
}

template <typename Write> static void writeLine(OStream &json, StringRef key, Write write) {
  json.attributeBegin(key);
  json.rawValue(write);
  json.attributeEnd();
}

static StringRef kindOf(const Cell &cell) {
  switch (cell.kind) {
  case CellKind::Any: return "any";
  case CellKind::Known: return "known";
  case CellKind::Zero: return "zero or nan";
  case CellKind::Dead: return "dead";
  }
  llvm_unreachable("every kind is handled");
}

/// The token axes: what depends on other inputs than its neighbour.
static void writeSegments(const StreamDependence &streams, const GridValue &grid,
                          const GridValue &promised, OStream &json) {
  SmallVector<IndexRange, 4> whole;
  for (int64_t length : grid.getShape())
    whole.push_back({0, length});
  for (unsigned axis = 0; axis != grid.getRank(); ++axis) {
    SmallVector<std::pair<IndexRange, uint64_t>> found;
    const Cuts &cuts = grid.getCuts(axis);
    for (size_t s = 0; s + 1 < cuts.size(); ++s) {
      SmallVector<IndexRange, 4> box(whole);
      box[axis] = {cuts[s], cuts[s + 1]};
      uint64_t taint = 0;
      for (size_t cell : grid.getCellsIn(box))
        taint |= grid.getCells()[cell].taint;
      if (!found.empty() && found.back().second == taint)
        found.back().first.end = cuts[s + 1];
      else
        found.push_back({box[axis], taint});
    }
    if (found.size() < 2)
      continue;
    for (auto [range, taint] : found) {
      SmallVector<IndexRange, 4> box(whole);
      box[axis] = range;
      uint64_t sure = 0;
      for (size_t cell : promised.getCellsIn(box))
        sure |= promised.getCells()[cell].taint;
      json.rawValue([&, range = range, taint = taint](raw_ostream &os) {
        os << llvm::formatv("{{\"axis\": {0}, \"begin\": {1}, \"end\": {2}, \"depends\": ", axis,
                            range.begin, range.end);
        writeInputs(streams, taint, os);
        if (uint64_t conditional = taint & ~sure) {
          os << ", \"conditional\": ";
          writeInputs(streams, conditional, os);
        }
        os << "}";
      });
    }
  }
}

static void writeCell(const StreamDependence &streams, const Cell &cell, raw_ostream &os) {
  os << "{\"kind\": \"" << kindOf(cell) << "\"";
  if (cell.isKnown()) { // JSON has no infinity and no NaN
    os << ", \"value\": ";
    if (std::isfinite(cell.value))
      os << llvm::json::Value(cell.value);
    else
      os << (std::isnan(cell.value) ? "\"nan\"" : cell.value < 0 ? "\"-inf\"" : "\"inf\"");
  }
  os << ", \"depends\": ";
  writeInputs(streams, cell.taint, os);
  if (cell.nonFinite) {
    os << ", \"nonfinite\": ";
    writeInputs(streams, cell.nonFinite, os);
  }
  os << "}";
}

static void writeGrid(const StreamDependence &streams, const GridValue &full, OStream &json) {
  GridValue grid = full;
  SmallVector<Cuts, 4> cuts(grid.getCuts());
  auto countCells = [&] {
    size_t cells = 1;
    for (const Cuts &axis : cuts)
      cells *= axis.size() - 1;
    return cells;
  };
  while (countCells() > kMaxPrintedCells) {
    Cuts &longest = *std::max_element(cuts.begin(), cuts.end(), [](const Cuts &a, const Cuts &b) {
      return a.size() < b.size();
    });
    Cuts fewer;
    for (size_t i = 0; i + 1 < longest.size(); i += 2)
      fewer.push_back(longest[i]);
    fewer.push_back(longest.back());
    longest = fewer;
  }
  grid = full.onCuts(cuts);
  writeLine(json, "shape", [&](raw_ostream &os) {
    os << "[";
    llvm::interleaveComma(grid.getShape(), os);
    os << "]";
  });
  writeLine(json, "cuts", [&](raw_ostream &os) {
    os << "[";
    llvm::interleaveComma(grid.getCuts(), os, [&](const Cuts &axis) {
      os << "[";
      llvm::interleaveComma(axis, os);
      os << "]";
    });
    os << "]";
  });
  if (grid.getCells().size() != full.getCells().size())
    json.attribute("note", llvm::formatv("{0} cells were joined to {1}", full.getCells().size(),
                                         grid.getCells().size())
                               .str());
  json.attributeArray("cells", [&] {
    for (const Cell &cell : grid.getCells())
      json.rawValue([&](raw_ostream &os) { writeCell(streams, cell, os); });
  });
}

static void writeOutput(const StreamDependence &streams, unsigned o, OStream &json) {
  SmallVector<unsigned> depends = streams.dependsOn(o);
  json.attributeArray("depends", [&] {
    for (unsigned i : depends)
      json.value(streams.getInputs()[i]);
  });
  SmallVector<Reason> reasons;
  for (unsigned i : depends)
    reasons.push_back(findReason(streams, o, i));
  json.attributeArray("conditional", [&] {
    for (unsigned i : streams.conditionalOn(o))
      json.value(streams.getInputs()[i]);
  });
  json.attributeObject("because", [&] {
    for (auto [i, reason] : llvm::zip(depends, reasons))
      json.attributeArray(streams.getInputs()[i], [&, &reason = reason] {
        for (const std::string &node : nodesOf(reason.chain))
          json.value(node);
      });
  });
  json.attributeObject("why", [&] {
    for (auto [i, reason] : llvm::zip(depends, reasons))
      json.attribute(streams.getInputs()[i], reason.text);
  });
  const GridValue &grid = streams.get(streams.getOutput(o));
  json.attributeArray("segments", [&] {
    writeSegments(streams, grid, streams.underPromise().get(streams.getOutput(o)), json);
  });
  json.attributeObject("grid", [&] { writeGrid(streams, grid, json); });
}

void zorro::writeExplanation(const StreamDependence &streams, raw_ostream &os) {
  func::FuncOp func = streams.getFunction();
  OStream json(os, 2);
  auto writeTexts = [&](StringRef key, ArrayRef<std::string> texts) {
    json.attributeArray(key, [&] {
      for (const std::string &text : texts)
        json.value(text);
    });
  };
  json.object([&] {
    json.attributeObject("outputs", [&] {
      for (auto [o, output] : llvm::enumerate(streams.getOutputs()))
        json.attributeObject(output, [&, o = o] { writeOutput(streams, o, json); });
    });
    writeTexts("assumptions", listAssumptions(func));
    SmallVector<std::string> unused;
    for (unsigned i : streams.getUnused())
      unused.push_back(streams.getInputs()[i]);
    writeTexts("unused", unused);
    json.attributeObject("dead", [&] {
      for (unsigned i : streams.getUnused())
        json.attribute(streams.getInputs()[i], explainDead(streams, i));
    });
    writeTexts("bound", listBoundAxes(func));
    writeTexts("joined", listUndescribed(streams));
  });
  os << "\n";
}

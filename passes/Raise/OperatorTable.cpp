//===- OperatorTable.cpp - Which operators are raised, and how ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The families' rows together.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/OperatorTable.h"

#include "passes/Raise/FoldTable.h"
#include "passes/Raise/FusedOperators.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

#include <tuple>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

/// Those that zorro-fold-constants could not expand.
static LogicalResult raiseFused(Raiser &raiser, onnx::NodeOp node) {
  std::string reason;
  if (expandFused(raiser.builder, node, reason))
    reason = "before zorro-fold-constants";
  return raiser.unsupported(node, reason);
}

/// The fused operators' rows. Where libonnx has no schema, nodes have version 0.
static ArrayRef<OperatorRow> fusedRows() {
  static const std::vector<OperatorRow> rows = [] {
    std::vector<OperatorRow> rows;
    for (const FusedRow *row : allFusedRows())
      rows.push_back({row->name, row->domain, 0, row->domain.empty() ? 0 : kNewest, raiseFused,
                      row->remark});
    return rows;
  }();
  return rows;
}

template <typename Visit>
static void forEachRow(Visit visit) {
  for (ArrayRef<OperatorRow> family : {activationRows(), channelNormRows(), contractRows(),
                                       elementwiseRows(), fusedRows(), indexRows(), moveRows(),
                                       poolRows(), reduceRows(), rowRows(), scatterRows()})
    for (const OperatorRow &row : family)
      visit(row);
}

const OperatorRow *zorro::raise::findRow(onnx::NodeOp node, bool &known) {
  // "ai.onnx" is the empty domain's long name.
  StringRef domain = node.getDomain() == "ai.onnx" ? "" : node.getDomain();
  const OperatorRow *found = nullptr;
  known = false;
  forEachRow([&](const OperatorRow &row) {
    if (row.name != node.getOpType() || row.domain != domain)
      return;
    known = true;
    int64_t version = node.getSinceVersion();
    if (version >= row.since && version <= row.until)
      found = &row;
  });
  return found;
}

bool zorro::isHandled(onnx::NodeOp node) {
  bool known;
  return findRow(node, known) || fold::findEvaluator(node) || node.is("Shape") || node.is("Size");
}

void zorro::printOperatorTable(llvm::raw_ostream &os) {
  std::vector<const OperatorRow *> rows;
  forEachRow([&](const OperatorRow &row) { rows.push_back(&row); });
  llvm::sort(rows, [](const OperatorRow *a, const OperatorRow *b) {
    return std::tie(a->domain, a->name, a->since) < std::tie(b->domain, b->name, b->since);
  });
  os << llvm::format("%-36s %-10s %s\n", "operator", "versions", "becomes");
  for (const OperatorRow *row : rows) {
    std::string name =
        row->domain.empty() ? row->name.str() : (row->domain + "." + row->name).str();
    std::string versions = std::to_string(row->since) + "-";
    if (row->until != kNewest)
      versions += std::to_string(row->until);
    os << llvm::format("%-36s %-10s ", name.c_str(), versions.c_str()) << row->remark << "\n";
  }
}

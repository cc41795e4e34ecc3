//===- Equation.cpp - The equation of an Einsum -------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// An ellipsis's axes are aligned at the right, as numpy broadcasts them.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Equation.h"
#include "passes/Raise/NodeBuilder.h"

#include "llvm/ADT/StringSet.h"

#include <map>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

/// Characters that stand for an ellipsis's axes, counted from the right.
static char ellipsisLabel(int64_t fromRight) { return char('0' + fromRight); }

static std::optional<std::string> expandTerm(StringRef term, int64_t ellipsisRank) {
  std::string labels;
  while (!term.empty()) {
    if (term.consume_front("...")) {
      if (ellipsisRank > 9)
        return std::nullopt;
      for (int64_t i = ellipsisRank; i-- > 0;)
        labels += ellipsisLabel(i);
    } else if (isalpha(term.front())) {
      labels += term.front();
      term = term.drop_front();
    } else {
      return std::nullopt;
    }
  }
  return labels;
}

std::optional<Equation> Equation::of(onnx::NodeOp node) {
  std::string text;
  for (char c : node.getString("equation", ""))
    if (c != ' ')
      text += c;
  auto [left, right] = StringRef(text).split("->");
  bool isExplicit = StringRef(text).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != node.getInputs().size())
    return std::nullopt;
  Equation equation;
  int64_t widest = 0;
  std::map<char, int> counts;
  for (auto [term, input] : llvm::zip(terms, node.getInputs())) {
    RankedTensorType type = staticType(input);
    if (!type)
      return std::nullopt;
    int64_t ellipsis = 0;
    if (term.contains("...")) {
      ellipsis = type.getRank() - (int64_t(term.size()) - 3);
      if (ellipsis < 0)
        return std::nullopt;
      widest = std::max(widest, ellipsis);
    }
    auto labels = expandTerm(term, ellipsis);
    if (!labels || int64_t(labels->size()) != type.getRank())
      return std::nullopt;
    for (char c : *labels) {
      if (llvm::count(*labels, c) > 1)
        return std::nullopt;
      ++counts[c];
    }
    equation.inputs.push_back(*labels);
  }
  if (isExplicit) {
    auto labels = expandTerm(right, widest);
    if (!labels)
      return std::nullopt;
    equation.output = *labels;
  } else { // the ellipsis, then what occurs once, in alphabetical order
    for (int64_t i = widest; i-- > 0;)
      equation.output += ellipsisLabel(i);
    for (auto [label, count] : counts)
      if (count == 1 && isalpha(label))
        equation.output += label;
  }
  for (char c : equation.output)
    if (!counts.count(c) || llvm::count(equation.output, c) > 1)
      return std::nullopt;
  return equation;
}

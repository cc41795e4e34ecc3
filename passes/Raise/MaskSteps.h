//===- MaskSteps.h - What stands between scores and softmax -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Additions, selections and scales, one node each.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKSTEPS_H
#define ZORRO_PASSES_RAISE_MASKSTEPS_H

#include "passes/Raise/Constants.h"
#include "passes/Raise/MaskTable.h"
#include "passes/Raise/NodeBuilder.h"

namespace zorro::raise {

/// The value behind nodes that do not change a float's meaning.
mlir::Value skipCasts(mlir::Value value);
/// Whether `node` may multiply queries by keys, or weights by values.
bool isProduct(onnx::NodeOp node);
/// Whether `node` may be scores. Learned queries may be a constant; a product by constant keys is a
/// linear layer.
bool isScores(onnx::NodeOp node);

struct MaskStep {
  enum Kind { Add, Subtract, Select, Scale } kind;
  mlir::Value value;  // what is added or subtracted; Select: the condition
  bool keep;          // Select: the condition's value where the score stays
  double number;      // Select: the fill; Scale: the factor
  std::string node;
  mlir::Type element; // of the scores
};

class MaskSteps {
public:
  explicit MaskSteps(Constants &constants) : constants(constants) {}

  /// Takes one more node on the way back from the softmax to the product; `next` becomes its
  /// scores. False where it is no step, with a reason where it looks like a mask.
  bool match(onnx::NodeOp node, mlir::Value &next);
  /// Hands all steps in order to a table; scales are multiplied into `scale`, too.
  void replay(MaskTable &table, double &scale) const;

  /// Whether one of the steps selects.
  bool selects() const;
  const std::string &getReason() const { return reason; }

private:
  bool refuse(const llvm::Twine &why);

  Constants &constants;
  llvm::SmallVector<MaskStep> steps; // from the softmax back to the product
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKSTEPS_H

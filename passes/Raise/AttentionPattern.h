//===- AttentionPattern.h - Attention as exporters write it -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// product of queries and keys -> scales and masks -> softmax -> repair of NaN -> product with values
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_ATTENTIONPATTERN_H
#define ZORRO_PASSES_RAISE_ATTENTIONPATTERN_H

#include "passes/Raise/Constants.h"
#include "passes/Raise/MaskSteps.h"
#include "passes/Raise/NodeBuilder.h"

namespace zorro::raise {

class AttentionPattern {
public:
  AttentionPattern(onnx::NodeOp softmax, Constants &constants)
      : softmax(softmax), constants(constants), steps(constants) {}

  /// Whether the softmax is that of attention whose mask is known. Where it is not, `getReason`
  /// says why if the softmax looks like attention, and is empty if it does not.
  bool match();
  const std::string &getReason() const { return reason; }

  bool isMasked() const { return table && table->isTouched(); }
  MaskTable &getTable() { return *table; }
  NanRows getNanRows() const { return nanRows; }

  /// Puts a `zorro.attention` in the place of the nodes matched.
  void replace(mlir::OpBuilder &builder, MaskAttr mask);

private:
  /// A tensor whose axes, permuted, are [leading…, tokens, head size].
  struct Operand {
    mlir::Value value;
    llvm::SmallVector<int64_t> perm;
  };

  bool matchScores();
  bool matchProduct();
  bool matchValues();
  bool matchRepair(mlir::Value weights, onnx::NodeOp &repair);
  bool matchZeroing(onnx::NodeOp node, mlir::Value weights);
  bool refuse(const llvm::Twine &why);
  static bool looksLikeAttention(onnx::NodeOp softmax);

  void peelScale(mlir::Value &value);
  void peelKeys();
  mlir::Value toHeads(NodeBuilder &nodes, mlir::Location loc, const Operand &operand,
                      llvm::ArrayRef<int64_t> leading);

  onnx::NodeOp softmax, product, last;
  onnx::NodeOp stop; // where the way back from the softmax ended
  Constants &constants;
  MaskSteps steps;
  llvm::SmallVector<mlir::Location> locations;
  Operand q, k, v;
  llvm::SmallVector<int64_t> resultPerm; // of [leading…, tokens, head size] to the last node's
  double scale = 1;
  NanRows nanRows = NanRows::Kept;
  std::optional<MaskTable> table;
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_ATTENTIONPATTERN_H

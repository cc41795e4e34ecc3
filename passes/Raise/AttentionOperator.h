//===- AttentionOperator.h - The Attention operator of opset 23 on ----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Becomes zorro.attention where its mask is known, else the nodes that define it. A query without a
// live key gives zeros.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_ATTENTIONOPERATOR_H
#define ZORRO_PASSES_RAISE_ATTENTIONOPERATOR_H

#include "passes/Raise/AttentionDefinition.h"
#include "passes/Raise/Constants.h"
#include "passes/Raise/MaskTable.h"

namespace zorro::raise {

class AttentionOperator {
public:
  enum Outcome { Raised, Decomposed, Unsupported };

  AttentionOperator(onnx::NodeOp node, Constants &constants, bool weakFills,
                    llvm::SmallVectorImpl<std::string> &assumptions)
      : node(node), constants(constants), weakFills(weakFills), assumptions(assumptions) {}

  Outcome raise(mlir::OpBuilder &builder);
  bool isMasked() const { return masked; }
  /// Why it was decomposed.
  const std::string &getReason() const { return reason; }
  /// What this project does not handle of `node`; empty where it handles all of it.
  static std::string findUnsupported(onnx::NodeOp node);

private:
  /// Heads of their own axis, past keys and values in front, as many heads of keys as of queries.
  void findOperands(NodeBuilder &nodes);
  /// What the operator says of positions: its band, the lengths of the key sequences, and a mask
  /// that is as wide as the keys.
  void findPositions(NodeBuilder &nodes);
  mlir::Value widenMask(NodeBuilder &nodes, mlir::Value mask);
  mlir::Value fromHeads(NodeBuilder &nodes, mlir::Value value);
  /// Whether zorro.attention can say what the operator does, apart from its mask.
  bool isExpressible();
  /// The mask; false where it is not known or no table.
  bool findMask(mlir::MLIRContext *context, int64_t queries, int64_t keys, MaskAttr &mask);
  mlir::Value makeAttention(NodeBuilder &nodes, MaskAttr mask);

  onnx::NodeOp node;
  Constants &constants;
  bool weakFills;
  llvm::SmallVectorImpl<std::string> &assumptions;
  AttentionTerms terms;
  std::optional<MaskTable> table;
  bool masked = false;
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_ATTENTIONOPERATOR_H

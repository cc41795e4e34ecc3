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

#include "passes/Raise/Constants.h"
#include "passes/Raise/MaskTable.h"
#include "passes/Raise/NodeBuilder.h"

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
  /// Whether `node` asks for nothing but attention: no past, no further outputs, no softcap.
  static bool isPlain(onnx::NodeOp node);

private:
  mlir::Value toHeads(NodeBuilder &nodes, mlir::Value value, int64_t heads);
  mlir::Value repeatHeads(NodeBuilder &nodes, mlir::Value value, int64_t heads);
  mlir::Value decompose(NodeBuilder &nodes, mlir::Value q, mlir::Value k, mlir::Value v,
                        double scale);
  /// The mask as far as constants tell; false where it is not known or no table.
  bool findMask(mlir::MLIRContext *context, int64_t queries, int64_t keys, MaskAttr &mask);

  onnx::NodeOp node;
  Constants &constants;
  bool weakFills;
  llvm::SmallVectorImpl<std::string> &assumptions;
  bool masked = false;
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_ATTENTIONOPERATOR_H

//===- AttentionVariants.h - Other ways to write a softmax over scores ------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Rewritten into the one form that recognition reads: masks, a Softmax node, a repair of NaN. What a
// row without a live key gives stays as it was.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_ATTENTIONVARIANTS_H
#define ZORRO_PASSES_RAISE_ATTENTIONVARIANTS_H

#include "passes/Raise/Constants.h"
#include "passes/Raise/NodeBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace zorro::raise {

class AttentionVariants {
public:
  /// Says why a node that looks like attention's softmax is none.
  using Remark = llvm::function_ref<void(onnx::NodeOp node, const llvm::Twine &reason)>;

  AttentionVariants(Constants &constants, Remark remark) : constants(constants), remark(remark) {}

  void rewrite(mlir::func::FuncOp function);

private:
  bool dropDropout(onnx::NodeOp node);
  bool rewriteLogSoftmax(onnx::NodeOp node);
  bool rewriteQuotient(onnx::NodeOp node);
  bool rewriteRepair(onnx::NodeOp node);
  bool dropInfinityRepair(onnx::NodeOp node);
  bool rewriteTransposed(onnx::NodeOp node);
  bool moveReshape(onnx::NodeOp node);

  /// exp(scores), possibly masked by zeros: what a quotient has above its sum.
  struct Exponentials {
    mlir::Value scores, condition; // null: all are kept
    onnx::NodeOp maximum;          // null where none is subtracted
  };
  bool matchExponentials(mlir::Value value, Exponentials &found);
  bool isWeights(mlir::Value value);
  /// Whether `scores` are a product with scales and, where `masked`, masks of -inf: then no row holds
  /// a finite fill.
  bool isProduct(mlir::Value scores, bool masked);
  /// The one axis that a reduction keeps as one; -1 where it is none such.
  int64_t axisOf(onnx::NodeOp reduction);
  /// `factor` as bools: a bool that was cast, or a constant of zeros and ones; null otherwise.
  mlir::Value asCondition(NodeBuilder &nodes, mlir::Value factor);
  mlir::Value reshapedScores(NodeBuilder &nodes, mlir::Value scores, llvm::ArrayRef<int64_t> shape);
  void replace(onnx::NodeOp node, mlir::Value value);

  Constants &constants;
  Remark remark;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_ATTENTIONVARIANTS_H

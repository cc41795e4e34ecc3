//===- FusedOperators.h - Operators that ONNX Runtime's optimiser writes ----------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Each is replaced by the nodes of ai.onnx that it was fused from, so that nothing behind this knows
// them. They have no schema in libonnx: their results get types only here.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_FUSEDOPERATORS_H
#define ZORRO_PASSES_RAISE_FUSEDOPERATORS_H

#include "passes/Raise/NodeBuilder.h"

#include "llvm/ADT/Twine.h"

namespace zorro::raise {

/// What an operator is expanded with: nodes in front of it, whose types libonnx infers.
class Expansion {
public:
  Expansion(mlir::OpBuilder &builder, onnx::NodeOp node)
      : node(node), nodes(builder), loc(node.getLoc()) {}

  /// The input of the node, null where it is left out.
  mlir::Value input(unsigned i) {
    return i < node.getInputCount() ? node.getInput(i) : mlir::Value();
  }
  /// Whether somebody reads result `i`.
  bool wants(unsigned i) { return i < node->getNumResults() && !node->getResult(i).use_empty(); }
  /// Gives the node its result `i`.
  void give(unsigned i, mlir::Value value);
  /// False, with the reason why the node cannot be expanded.
  bool refuse(const llvm::Twine &why);

  /// A node of ai.onnx. Where its types contradict it, null with a reason.
  mlir::Value make(llvm::StringRef name, mlir::ValueRange inputs,
                   llvm::ArrayRef<mlir::NamedAttribute> attrs = {});
  mlir::Value add(mlir::Value a, mlir::Value b) { return make("Add", {a, b}); }
  /// `value` · `factor`; itself for 1.
  mlir::Value scaled(mlir::Value value, double factor);
  /// Elements [begin, end) of an axis.
  mlir::Value slice(mlir::Value value, int64_t axis, int64_t begin, int64_t end);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> perm) {
    return value ? nodes.transpose(loc, value, perm) : value;
  }
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape) {
    return value ? nodes.reshape(loc, value, shape) : value;
  }
  /// `value` as i64.
  mlir::Value toIndex(mlir::Value value);
  mlir::Value scalarLike(mlir::Value value, double number);
  mlir::NamedAttribute integer(llvm::StringRef name, int64_t number);
  mlir::NamedAttribute real(llvm::StringRef name, double number);

  onnx::NodeOp node;
  NodeBuilder nodes;
  mlir::Location loc;
  std::string reason;

private:
  llvm::SmallVector<std::pair<unsigned, mlir::Value>> results;
  friend bool expandFused(mlir::OpBuilder &builder, onnx::NodeOp node, std::string &reason);
};

/// Builds what the node means; false where `refuse` has said why not. A step without operands that
/// fit gives a null value, which every step hands on.
using Expander = bool (*)(Expansion &e);

struct FusedRow {
  llvm::StringLiteral name, domain;
  Expander expand;
  llvm::StringLiteral remark; // what it becomes
};

/// Every fused operator.
llvm::SmallVector<const FusedRow *> allFusedRows();
/// The row of `node`, or null: of two operators that ONNX Runtime puts into ai.onnx, the versions
/// that libonnx knows are none of ours.
const FusedRow *findFusedRow(onnx::NodeOp node);
/// Replaces the uses of a fused node's results; false, with a reason, where it cannot be.
bool expandFused(mlir::OpBuilder &builder, onnx::NodeOp node, std::string &reason);

// The rows of each family.
llvm::ArrayRef<FusedRow> fusedAttentionRows();
llvm::ArrayRef<FusedRow> fusedProductRows();
llvm::ArrayRef<FusedRow> fusedNormRows();

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_FUSEDOPERATORS_H

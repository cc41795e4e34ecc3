//===- GraphExporter.h - A function as a GraphProto ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Nodes, names and types. Initializers are listed, not written: their bytes come last.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_EXPORT_GRAPHEXPORTER_H
#define ZORRO_DIALECTS_ONNX_EXPORT_GRAPHEXPORTER_H

#include "dialects/Onnx/Onnx.h"
#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

#include <onnx/onnx_pb.h>

#include <vector>

namespace zorro::onnx {

/// A tensor of the file: the numbers of a constant, or a weight.
struct Initializer {
  std::string name;
  mlir::RankedTensorType type;
  mlir::DenseElementsAttr value; // null for a weight
  WeightOp weight;
};

class GraphExporter {
public:
  GraphExporter(mlir::func::FuncOp func, ::onnx::GraphProto &graph) : func(func), graph(graph) {}

  /// Fills the graph and the list of initializers; fails with a diagnostic.
  mlir::LogicalResult run();

  std::vector<Initializer> initializers;
  /// Domains other than ai.onnx that nodes are of.
  llvm::StringSet<> domains;

private:
  mlir::LogicalResult nameInterface();
  mlir::LogicalResult write(mlir::Operation *op);
  mlir::LogicalResult writeNode(NodeOp node);
  mlir::LogicalResult writeOutputs(mlir::Operation *end);
  mlir::LogicalResult writeInfo(mlir::Value value, llvm::StringRef name,
                                ::onnx::ValueInfoProto &info);
  /// `name`, or with a number behind it where it is taken.
  static std::string unique(llvm::StringSet<> &taken, llvm::StringRef name);
  void name(mlir::Value value, mlir::Operation *op, llvm::StringRef otherwise);

  mlir::func::FuncOp func;
  ::onnx::GraphProto &graph;
  llvm::DenseMap<mlir::Value, std::string> names;
  llvm::StringSet<> takenValues, takenNodes;
};

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_EXPORT_GRAPHEXPORTER_H

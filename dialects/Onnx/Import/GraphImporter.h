//===- GraphImporter.h - Nodes, values and scopes -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Builds @main from a checked model: names become values, functions are inlined, subgraphs become
// regions.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_GRAPHIMPORTER_H
#define ZORRO_DIALECTS_ONNX_IMPORT_GRAPHIMPORTER_H

#include "dialects/Onnx/Import/Functions.h"
#include "dialects/Onnx/Import/Tensors.h"
#include "dialects/Onnx/Import/Types.h"
#include "dialects/Onnx/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>
#include <string>
#include <unordered_map>

namespace zorro::onnx {

class GraphImporter {
public:
  GraphImporter(const ::onnx::ModelProto &model, const ImportOptions &options,
                TensorImporter &tensors, mlir::ModuleOp module);
  void importMain();

private:
  using Nodes = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;

  /// Names of one graph or function body. A null value is an input that the call leaves out.
  struct Scope {
    Scope *parent = nullptr; // whose names are seen from here; null for main and for functions
    std::unordered_map<std::string, mlir::Value> values;
    std::unordered_map<std::string, const ::onnx::TensorProto *> initializers; // not used so far
    std::unordered_map<std::string, const ::onnx::TypeProto *> declared;
    const Nodes *nodes = nullptr;
  };
  /// What a function body sees of its call.
  struct Frame {
    OpsetVersions opsets;
    std::string prefix; // of node names
    std::map<std::string, ::onnx::AttributeProto> attributes;
    bool isMain = true;
  };

  // @main's signature.
  void bindDimensions();
  mlir::Type inputType(const ::onnx::ValueInfoProto &input);
  void addArgument(mlir::func::FuncOp main, const ::onnx::ValueInfoProto &input, Scope &scope);

  // Names.
  void enter(const ::onnx::GraphProto &graph, Scope &scope);
  void define(Scope &scope, const std::string &name, mlir::Value value, const std::string &what);
  mlir::Value lookUp(Scope &scope, const std::string &name, const std::string &what);
  [[noreturn]] void refuseUndefined(const Scope &scope, const std::string &name,
                                    const std::string &what);

  // Nodes.
  void importNodes(const Nodes &nodes, Scope &scope, const Frame &frame);
  void importNode(const ::onnx::NodeProto &node, Scope &scope, const Frame &frame,
                  const std::string &what);
  void importCall(const ::onnx::NodeProto &node, const ::onnx::FunctionProto &function,
                  Scope &scope, const Frame &frame, const std::string &what);
  void importConstant(const ::onnx::NodeProto &node, Scope &scope, const Frame &frame,
                      const std::string &what);
  void importRegion(const ::onnx::GraphProto &graph, mlir::Region &region, Scope &scope,
                    const Frame &frame, const std::string &what);
  void inferTypes(NodeOp op, const ::onnx::NodeProto &node, const Scope &scope,
                  const std::string &what);
  mlir::Value materialise(const ::onnx::TensorProto &proto, const std::string &name,
                          const std::string &what, mlir::Location loc);

  const ::onnx::ModelProto &model;
  const ImportOptions &options;
  TensorImporter &tensors;
  FunctionTable functions;
  mlir::ModuleOp module;
  mlir::MLIRContext *context;
  mlir::OpBuilder builder;   // at the end of the block being filled
  mlir::OpBuilder constants; // in @main's entry block, before its first node
  mlir::Operation *lastConstant = nullptr;
  DimBindings bindings;
  llvm::SmallVector<mlir::DictionaryAttr> argAttrs;
};

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_GRAPHIMPORTER_H

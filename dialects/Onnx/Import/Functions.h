//===- Functions.h - Functions that a model brings along ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Finds model-local functions and refuses those that would not end or would grow too large when
// they are inlined.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_FUNCTIONS_H
#define ZORRO_DIALECTS_ONNX_IMPORT_FUNCTIONS_H

#include "dialects/Onnx/Import/Import.h"

#include <map>
#include <onnx/onnx_pb.h>
#include <string>

namespace zorro::onnx {

/// Opset versions by domain ("" is ai.onnx).
using OpsetVersions = std::map<std::string, int64_t>;

/// "" for both spellings of ai.onnx.
std::string normaliseDomain(const std::string &domain);
/// Checks and collects opset imports; `what` has them.
OpsetVersions
readOpsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports,
           llvm::StringRef what);

class FunctionTable {
public:
  /// Refuses duplicates, cycles, calls nested too deeply, and graphs that inlining would blow up.
  FunctionTable(const ::onnx::ModelProto &model, const ImportOptions &options);
  /// The function that `node` calls, or null.
  const ::onnx::FunctionProto *find(const ::onnx::NodeProto &node) const;

private:
  using Nodes = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;
  /// What a list of nodes becomes: how many, and how many levels of calls and subgraphs.
  struct Extent {
    int64_t nodes = 0, height = 0;
  };
  Extent measure(const Nodes &nodes, int64_t depth);
  Extent measure(const ::onnx::FunctionProto &function, int64_t depth);

  const ImportOptions &options;
  std::map<std::string, const ::onnx::FunctionProto *> functions;
  std::map<const ::onnx::FunctionProto *, Extent> extents; // nodes < 0 while being measured
};

/// The function that defines `op`'s operator, for its operands' types; false where there is none.
/// `node` is the node that `op` was made from, under version `opset` of its domain and version
/// `standardOpset` of ai.onnx.
bool findDefinition(NodeOp op, const ::onnx::NodeProto &node, int64_t opset, int64_t standardOpset,
                    ::onnx::FunctionProto &body);

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_FUNCTIONS_H

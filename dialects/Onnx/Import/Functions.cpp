//===- Functions.cpp - Functions that a model brings along --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Sizes are counted once per function, so that functions calling each other twice cannot cost
// exponential time before the limit is seen.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/Functions.h"
#include "dialects/Onnx/Import/Failure.h"
#include "dialects/Onnx/Import/Types.h"

#include <onnx/defs/schema.h>

using namespace llvm;
using namespace zorro;
using namespace zorro::onnx;

std::string zorro::onnx::normaliseDomain(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

OpsetVersions zorro::onnx::readOpsets(
    const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports,
    StringRef what) {
  OpsetVersions versions;
  const auto &known = ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  for (const auto &import : imports) {
    std::string domain = normaliseDomain(import.domain());
    std::string shown = domain.empty() ? "ai.onnx" : domain;
    if (import.version() < 1)
      malformed(what + " imports opset " + Twine(import.version()) + " of '" + shown +
                "', expected at least 1");
    auto range = known.find(domain);
    if (range != known.end() && import.version() > range->second.second)
      unsupported(what + " imports opset " + Twine(import.version()) + " of '" + shown +
                  "', the newest one supported is " + Twine(range->second.second));
    if (!versions.emplace(domain, import.version()).second)
      malformed(what + " imports an opset of '" + shown + "' twice");
  }
  return versions;
}

static std::string keyOf(const std::string &domain, const std::string &name,
                         const std::string &overload) {
  return normaliseDomain(domain) + '\n' + name + '\n' + overload;
}

FunctionTable::FunctionTable(const ::onnx::ModelProto &model, const ImportOptions &options)
    : options(options) {
  for (const auto &function : model.functions())
    if (!functions.emplace(keyOf(function.domain(), function.name(), function.overload()),
                           &function)
             .second)
      malformed("function '" + function.name() + "' of domain '" + function.domain() +
                "' is defined twice");
  // Functions that nothing calls are examined as well: a cycle among them is refused too.
  for (const auto &function : model.functions())
    measure(function, 0);
  measure(model.graph().node(), 0);
}

const ::onnx::FunctionProto *FunctionTable::find(const ::onnx::NodeProto &node) const {
  auto found = functions.find(keyOf(node.domain(), node.op_type(), node.overload()));
  return found == functions.end() ? nullptr : found->second;
}

FunctionTable::Extent FunctionTable::measure(const ::onnx::FunctionProto &function,
                                             int64_t depth) {
  auto [entry, isNew] = extents.emplace(&function, Extent{-1, 0});
  if (!isNew && entry->second.nodes < 0)
    malformed("function '" + function.name() + "' calls itself, directly or through others");
  if (isNew)
    extents[&function] = measure(function.node(), depth);
  return extents[&function];
}

FunctionTable::Extent FunctionTable::measure(const Nodes &nodes, int64_t depth) {
  Extent extent;
  auto include = [&](Extent inner) {
    extent.nodes += inner.nodes;
    extent.height = std::max(extent.height, inner.height + 1);
    // The depth bounds this recursion, the height that of inlining.
    if (extent.height + depth > options.maxDepth)
      beyondLimit("expected at most " + Twine(options.maxDepth) +
                  " functions and subgraphs within each other (limit maxDepth)");
  };
  if (depth > options.maxDepth)
    include({});
  for (const auto &node : nodes) {
    ++extent.nodes;
    if (const ::onnx::FunctionProto *function = find(node))
      include(measure(*function, depth + 1));
    for (const auto &attribute : node.attribute()) {
      if (attribute.has_g())
        include(measure(attribute.g().node(), depth + 1));
      for (const auto &graph : attribute.graphs())
        include(measure(graph.node(), depth + 1));
    }
    if (extent.nodes > options.maxNodes)
      beyondLimit("expected at most " + Twine(options.maxNodes) +
                  " nodes once functions are inlined (limit maxNodes)");
  }
  return extent;
}

/// Attributes that a node leaves out have the values that the schema gives them.
static void addDefaults(const ::onnx::OpSchema &schema, ::onnx::FunctionProto &body) {
  for (const auto &[name, attribute] : schema.attributes()) {
    const std::string &key = attribute.name;
    bool given = llvm::any_of(body.attribute_proto(),
                              [&](const auto &other) { return other.name() == key; });
    if (attribute.default_value.has_name() && !given)
      *body.add_attribute_proto() = attribute.default_value;
  }
}

/// Definitions of other domains use operators of ai.onnx without importing them.
static void addOpset(::onnx::FunctionProto &body, int64_t version) {
  if (any_of(body.opset_import(),
             [](const auto &import) { return normaliseDomain(import.domain()).empty(); }))
    return;
  ::onnx::OperatorSetIdProto &import = *body.add_opset_import();
  import.set_domain("");
  import.set_version(version);
}

bool zorro::onnx::findDefinition(NodeOp op, const ::onnx::NodeProto &node, int64_t opset,
                                 int64_t standardOpset, ::onnx::FunctionProto &body) {
  try {
    const ::onnx::OpSchema *schema = ::onnx::OpSchemaRegistry::Schema(
        op.getOpType().str(), int(op.getSinceVersion()), op.getDomain().str());
    if (!schema)
      return false;
    if (schema->HasFunction()) {
      const ::onnx::FunctionProto *known = schema->GetFunction(int(opset));
      if (!known)
        return false;
      body = *known;
    } else if (schema->HasContextDependentFunction()) {
      std::vector<::onnx::TypeProto> types(op.getInputCount());
      for (auto [i, type] : enumerate(types))
        if (mlir::Value value = op.getInput(unsigned(i)))
          writeType(value.getType(), type);
      ::onnx::FunctionBodyBuildContextImpl build(node, types);
      if (!schema->BuildContextDependentFunction(build, body, int(opset)))
        return false;
    } else {
      return false;
    }
    addDefaults(*schema, body);
    addOpset(body, standardOpset);
    return true;
  } catch (...) { // the definition needs to know more than is known here
    return false;
  }
}

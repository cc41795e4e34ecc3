//===- NodeImporter.cpp - Nodes, calls and subgraphs --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// No operator is known here by name but Constant; schemas tell the rest.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/Attributes.h"
#include "dialects/Onnx/Import/Failure.h"
#include "dialects/Onnx/Import/GraphImporter.h"
#include "dialects/Onnx/Import/ShapeInference.h"

#include "mlir/IR/Matchers.h"

#include <onnx/defs/schema.h>
#include <set>

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

using ::onnx::AttributeProto;
using ::onnx::NodeProto;

static std::string nameOfNode(const NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return node.op_type();
}

static std::string describe(const NodeProto &node, const std::string &prefix,
                            const OpsetVersions &opsets) {
  std::string domain = normaliseDomain(node.domain());
  auto opset = opsets.find(domain);
  return "node '" + prefix + nameOfNode(node) + "' (" +
         (domain.empty() ? "" : domain + ".") + node.op_type() +
         (opset == opsets.end() ? "" : ", opset " + std::to_string(opset->second)) + ")";
}

// The node with references to the call's attributes replaced; an attribute that the call leaves
// out is left out here too.
static NodeProto bindAttributes(const NodeProto &node,
                                const std::map<std::string, AttributeProto> &given) {
  NodeProto bound = node;
  bound.clear_attribute();
  for (const AttributeProto &attribute : node.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      *bound.add_attribute() = attribute;
      continue;
    }
    auto found = given.find(attribute.ref_attr_name());
    if (found == given.end())
      continue;
    AttributeProto *copy = bound.add_attribute();
    *copy = found->second;
    copy->set_name(attribute.name());
  }
  return bound;
}

namespace {
/// An attribute that an operator has had since an opset, but not in libonnx's schema of it.
struct NewerAttribute {
  StringRef opType, name;
  int64_t opset;
};
} // namespace

// None of them changes a result's type.
constexpr NewerAttribute kNewerAttributes[] = {
    {"Attention", "left_window_size", 25},
    {"Attention", "right_window_size", 25},
};

/// The node as libonnx knows it; none where it knows all attributes.
static std::optional<NodeProto> withoutNewer(const NodeProto &node, StringRef domain,
                                             int64_t opset) {
  auto isNewer = [&](const AttributeProto &attribute) {
    return domain.empty() && attribute.type() == AttributeProto::INT &&
           llvm::any_of(kNewerAttributes, [&](const NewerAttribute &newer) {
             return newer.opType == node.op_type() && newer.name == attribute.name() &&
                    opset >= newer.opset;
           });
  };
  if (llvm::none_of(node.attribute(), isNewer))
    return std::nullopt;
  NodeProto known = node;
  known.clear_attribute();
  for (const AttributeProto &attribute : node.attribute())
    if (!isNewer(attribute))
      *known.add_attribute() = attribute;
  return known;
}

void GraphImporter::importNodes(const Nodes &nodes, Scope &scope, const Frame &frame) {
  scope.nodes = &nodes;
  for (const NodeProto &node : nodes) {
    std::string what = describe(node, frame.prefix, frame.opsets);
    if (node.op_type().empty())
      malformed(what + " has no operator");
    std::set<std::string> names;
    for (const AttributeProto &attribute : node.attribute()) {
      if (!names.insert(attribute.name()).second)
        malformed(what + " has the attribute '" + attribute.name() + "' twice");
      if (frame.isMain && !attribute.ref_attr_name().empty())
        malformed(what + ": attribute '" + attribute.name() +
                  "' refers to a function's attribute, but is not in a function");
    }
    if (frame.isMain)
      importNode(node, scope, frame, what);
    else
      importNode(bindAttributes(node, frame.attributes), scope, frame, what);
  }
}

void GraphImporter::importNode(const NodeProto &node, Scope &scope, const Frame &frame,
                               const std::string &what) {
  if (const ::onnx::FunctionProto *function = functions.find(node))
    return importCall(node, *function, scope, frame, what);
  std::string domain = normaliseDomain(node.domain());
  auto opset = frame.opsets.find(domain);
  if (opset == frame.opsets.end())
    malformed(what + ": no opset of its domain '" + (domain.empty() ? "ai.onnx" : domain) +
              "' is imported");
  int64_t since = findSinceVersion(node.op_type(), domain, opset->second);
  std::optional<NodeProto> known = withoutNewer(node, domain, opset->second);
  if (since) {
    try {
      ::onnx::OpSchemaRegistry::Schema(node.op_type(), int(since), domain)->Verify(
          known ? *known : node);
    } catch (const std::exception &error) {
      malformed(what + ": " + StringRef(error.what()).split('\n').first.trim());
    }
  }
  if (domain.empty() && node.op_type() == "Constant")
    return importConstant(node, scope, frame, what);

  SmallVector<Value> inputs;
  SmallVector<bool> present;
  for (const std::string &name : node.input()) {
    Value value = name.empty() ? Value() : lookUp(scope, name, what);
    present.push_back(bool(value));
    if (value)
      inputs.push_back(value);
  }
  SmallVector<NamedAttribute> attributes;
  SmallVector<Attribute> graphNames;
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.type() == AttributeProto::GRAPH)
      graphNames.push_back(builder.getStringAttr(attribute.name()));
    else
      attributes.push_back(builder.getNamedAttr(attribute.name(),
                                                attributeFromProto(attribute, what, context)));
  SmallVector<Type> types;
  for (const std::string &name : node.output())
    types.push_back(name.empty() ? Type(builder.getNoneType()) : UnknownType::get(context));

  bool allPresent = llvm::all_of(present, [](bool given) { return given; });
  auto op = NodeOp::create(
      builder, NameLoc::get(builder.getStringAttr(frame.prefix + nameOfNode(node))), types,
      inputs, builder.getStringAttr(node.op_type()), builder.getStringAttr(domain),
      builder.getI64IntegerAttr(since), builder.getDictionaryAttr(attributes),
      allPresent ? DenseBoolArrayAttr() : builder.getDenseBoolArrayAttr(present),
      graphNames.empty() ? ArrayAttr() : builder.getArrayAttr(graphNames),
      unsigned(graphNames.size()));
  // A definition by libonnx would leave newer attributes out.
  if (options.keeps && since && !known && graphNames.empty() && !options.keeps(op)) {
    ::onnx::FunctionProto body;
    auto standard = frame.opsets.find("");
    int64_t newest = ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
    int64_t version = standard == frame.opsets.end() ? newest : standard->second;
    if (findDefinition(op, node, opset->second, version, body)) {
      op.erase();
      return importCall(node, body, scope, frame, what);
    }
  }
  unsigned region = 0;
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.type() == AttributeProto::GRAPH)
      importRegion(attribute.g(), op.getGraphs()[region++], scope, frame, what);
  inferTypes(op, node, scope, what);
  for (auto [name, result] : llvm::zip(node.output(), op->getResults()))
    if (!name.empty())
      define(scope, name, result, what);
}

void GraphImporter::inferTypes(NodeOp op, const NodeProto &node, const Scope &scope,
                               const std::string &what) {
  auto constantOf = [&](unsigned i) {
    DenseElementsAttr attr;
    Value value = op.getInput(i);
    return value && matchPattern(value, m_Constant(&attr)) ? attr : DenseElementsAttr();
  };
  SmallVector<Type> types;
  std::string why;
  if (failed(inferResultTypes(op, constantOf, types, why))) {
    // With all inputs known it is the node that is wrong; else folding will know more. A branch may
    // never run, and a body is not known from outside.
    bool isMain = isa<func::FuncOp>(op->getParentOp()) && op.getGraphs().empty();
    bool known = llvm::all_of(op.getInputs().getTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && tensor.hasStaticShape();
    });
    if (known && isMain)
      malformed(what + ": " + why);
  }
  for (auto [result, type, name] : llvm::zip(op->getResults(), types, node.output())) {
    if (name.empty())
      continue;
    auto declared = scope.declared.find(name);
    if (declared != scope.declared.end())
      type = mergeTypes(type, typeOf(*declared->second, bindings, context));
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.hasStaticShape() &&
        !countElements(tensor.getShape(), options.maxTensorElements))
      beyondLimit(what + ": its result '" + name + "' has more than " +
                  Twine(options.maxTensorElements) + " elements (limit maxTensorElements)");
    result.setType(type);
  }
}

void GraphImporter::importConstant(const NodeProto &node, Scope &scope, const Frame &frame,
                                   const std::string &what) {
  if (node.attribute_size() != 1 || node.output_size() != 1 || node.input_size() != 0)
    malformed(what + " has " + Twine(node.attribute_size()) +
              " attributes, expected the one that holds its value");
  const AttributeProto &attribute = node.attribute(0);
  ::onnx::TensorProto number;
  const ::onnx::TensorProto *proto = &number;
  if (attribute.name() == "value" && attribute.type() == AttributeProto::TENSOR) {
    proto = &attribute.t();
  } else if (attribute.name() == "value_int" || attribute.name() == "value_ints") {
    number.set_data_type(::onnx::TensorProto::INT64);
    *number.mutable_int64_data() = attribute.ints();
    if (attribute.name() == "value_int")
      number.add_int64_data(attribute.i());
    else
      number.add_dims(attribute.ints_size());
  } else if (attribute.name() == "value_float" || attribute.name() == "value_floats") {
    number.set_data_type(::onnx::TensorProto::FLOAT);
    *number.mutable_float_data() = attribute.floats();
    if (attribute.name() == "value_float")
      number.add_float_data(attribute.f());
    else
      number.add_dims(attribute.floats_size());
  } else {
    unsupported(what + ": a constant given by '" + attribute.name() + "' is not supported");
  }
  const std::string &name = node.output(0);
  Location loc = NameLoc::get(builder.getStringAttr(frame.prefix + nameOfNode(node)));
  define(scope, name, materialise(*proto, frame.prefix + name, what, loc), what);
}

void GraphImporter::importRegion(const ::onnx::GraphProto &graph, Region &region, Scope &scope,
                                 const Frame &frame, const std::string &what) {
  OpBuilder::InsertionGuard guard(builder);
  Block &block = region.emplaceBlock();
  builder.setInsertionPointToEnd(&block);
  Scope inner;
  inner.parent = &scope;
  enter(graph, inner);
  for (const auto &input : graph.input()) {
    Type type = typeOf(input.type(), bindings, context);
    Location loc = NameLoc::get(builder.getStringAttr(input.name()));
    define(inner, input.name(), block.addArgument(type, loc), what);
  }
  importNodes(graph.node(), inner, frame);
  SmallVector<Value> results;
  for (const auto &output : graph.output()) {
    Value value = lookUp(inner, output.name(), what + ": the output list of its graph");
    if (!value)
      malformed(what + ": its graph yields '" + output.name() + "', which the call leaves out");
    results.push_back(value);
  }
  YieldOp::create(builder, NameLoc::get(builder.getStringAttr(graph.name())), results);
}

void GraphImporter::importCall(const NodeProto &node, const ::onnx::FunctionProto &function,
                               Scope &scope, const Frame &frame, const std::string &what) {
  if (node.input_size() > function.input_size() || node.output_size() > function.output_size())
    malformed(what + " has " + Twine(node.input_size()) + " inputs and " +
              Twine(node.output_size()) + " outputs, but its function has " +
              Twine(function.input_size()) + " and " + Twine(function.output_size()));
  Frame inner;
  inner.isMain = false;
  inner.prefix = frame.prefix + nameOfNode(node) + "/";
  inner.opsets = readOpsets(function.opset_import(), "function '" + function.name() + "'");
  if (inner.opsets.empty())
    inner.opsets = frame.opsets;
  for (const AttributeProto &attribute : function.attribute_proto())
    inner.attributes[attribute.name()] = attribute;
  for (const AttributeProto &attribute : node.attribute()) {
    // A graph would be resolved in the caller's scope, which the body does not see.
    if (attribute.type() == AttributeProto::GRAPH || attribute.type() == AttributeProto::GRAPHS)
      unsupported(what + " passes a graph to a function, which is not supported");
    inner.attributes[attribute.name()] = attribute;
  }
  Scope body;
  for (int i = 0; i < function.input_size(); ++i) {
    bool given = i < node.input_size() && !node.input(i).empty();
    define(body, function.input(i), given ? lookUp(scope, node.input(i), what) : Value(), what);
  }
  importNodes(function.node(), body, inner);
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty())
      continue;
    Value value = lookUp(body, function.output(i), what + ": the output list of its function");
    if (!value)
      malformed(what + ": its function hands on '" + function.output(i) +
                "', which the call leaves out");
    define(scope, node.output(i), value, what);
  }
}

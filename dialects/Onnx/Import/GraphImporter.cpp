//===- GraphImporter.cpp - Nodes, values and scopes ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Names, and the signature of @main. Its nodes are made in NodeImporter.cpp.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/GraphImporter.h"
#include "dialects/Onnx/Import/Failure.h"

#include <set>

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

using ::onnx::NodeProto;

GraphImporter::GraphImporter(const ::onnx::ModelProto &model, const ImportOptions &options,
                             TensorImporter &tensors, ModuleOp module)
    : model(model), options(options), tensors(tensors), functions(model, options), module(module),
      context(module.getContext()), builder(context), constants(context) {}

//===----------------------------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------------------------===//

void GraphImporter::enter(const ::onnx::GraphProto &graph, Scope &scope) {
  if (graph.sparse_initializer_size())
    unsupported("sparse initializers are not supported");
  for (const auto &proto : graph.initializer()) {
    tensors.check(proto, "initializer '" + proto.name() + "'");
    if (proto.name().empty())
      malformed("an initializer has no name");
    if (!scope.initializers.emplace(proto.name(), &proto).second)
      malformed("initializer '" + proto.name() + "' is defined twice");
  }
  for (const auto &info : graph.value_info())
    scope.declared.emplace(info.name(), &info.type());
  for (const auto &info : graph.output())
    scope.declared.emplace(info.name(), &info.type());
}

void GraphImporter::define(Scope &scope, const std::string &name, Value value,
                           const std::string &what) {
  if (scope.initializers.count(name) || !scope.values.emplace(name, value).second)
    malformed(what + " defines '" + name + "', which is defined already");
}

void GraphImporter::refuseUndefined(const Scope &scope, const std::string &name,
                                    const std::string &what) {
  for (const Scope *seen = &scope; seen; seen = seen->parent)
    if (seen->nodes)
      for (const NodeProto &node : *seen->nodes)
        if (llvm::is_contained(node.output(), name))
          malformed(what + " uses '" + name + "' before node '" +
                    (node.name().empty() ? node.op_type() : node.name()) +
                    "' makes it (the nodes are not in order, or form a cycle)");
  malformed(what + " uses '" + name + "', which nothing defines");
}

Value GraphImporter::lookUp(Scope &scope, const std::string &name, const std::string &what) {
  for (Scope *seen = &scope; seen; seen = seen->parent) {
    auto value = seen->values.find(name);
    if (value != seen->values.end())
      return value->second;
    auto unread = seen->initializers.find(name);
    if (unread != seen->initializers.end()) {
      Value made = materialise(*unread->second, name, "initializer '" + name + "'",
                               NameLoc::get(StringAttr::get(context, name)));
      seen->initializers.erase(unread);
      seen->values.emplace(name, made);
      return made;
    }
  }
  refuseUndefined(scope, name, what);
}

// Constants stand before the first node of @main, so that every region sees them.
Value GraphImporter::materialise(const ::onnx::TensorProto &proto, const std::string &name,
                                 const std::string &what, Location loc) {
  if (lastConstant)
    constants.setInsertionPointAfter(lastConstant);
  else
    constants.setInsertionPointToStart(constants.getInsertionBlock());
  Value value = tensors.materialise(proto, what, name, constants, loc);
  lastConstant = value.getDefiningOp();
  return value;
}

//===----------------------------------------------------------------------------------------===//
// @main
//===----------------------------------------------------------------------------------------===//

void GraphImporter::bindDimensions() {
  for (const auto &option : options.shapes) {
    std::string shown = "--shape=" + option.getKey().str();
    const ::onnx::ValueInfoProto *input = nullptr;
    std::string names;
    for (const auto &candidate : model.graph().input()) {
      names += (names.empty() ? "" : ", ") + candidate.name();
      if (candidate.name() == option.getKey())
        input = &candidate;
    }
    if (!input)
      refuse(ImportFailure::Usage, shown + ": the model has no such input, only " + names);
    if (!countElements(option.getValue(), options.maxTensorElements))
      refuse(ImportFailure::Usage, shown + ": expected dimensions of at least 0 and at most " +
                                       Twine(options.maxTensorElements) + " elements");
    if (!input->type().tensor_type().has_shape())
      continue;
    const auto &shape = input->type().tensor_type().shape();
    if (shape.dim_size() != int(option.getValue().size()))
      refuse(ImportFailure::Usage, shown + ": expected " + Twine(shape.dim_size()) +
                                       " dimensions but got " + Twine(option.getValue().size()));
    for (auto [axis, size] : llvm::enumerate(option.getValue())) {
      const auto &dim = shape.dim(int(axis));
      if (dim.has_dim_value() && dim.dim_value() != size)
        refuse(ImportFailure::Usage, shown + ": axis " + Twine(axis) + " is fixed to " +
                                         Twine(dim.dim_value()) + " in the model but got " +
                                         Twine(size));
      if (!dim.has_dim_param() || dim.dim_param().empty())
        continue;
      auto [bound, isNew] = bindings.try_emplace(dim.dim_param(), size);
      if (!isNew && bound->second != size)
        refuse(ImportFailure::Usage, shown + ": axis " + Twine(axis) + " is '" +
                                         dim.dim_param() + "', bound to " + Twine(bound->second) +
                                         " and to " + Twine(size));
    }
  }
}

Type GraphImporter::inputType(const ::onnx::ValueInfoProto &input) {
  auto tensor = dyn_cast<TensorType>(typeOf(input.type(), bindings, context));
  if (!tensor)
    unsupported("input '" + input.name() + "' is " +
                (input.type().has_tensor_type()
                     ? "a tensor of " + nameOfDataType(input.type().tensor_type().elem_type())
                     : "not a tensor") +
                ", which is not supported");
  auto option = options.shapes.find(input.name());
  if (option != options.shapes.end())
    tensor = RankedTensorType::get(option->second, tensor.getElementType());
  if (!tensor.hasRank())
    unsupported("input '" + input.name() + "' has no shape in the model, bind it with --shape=" +
                input.name() + "=…");
  SmallVector<int64_t> known;
  for (int64_t size : tensor.getShape())
    if (!ShapedType::isDynamic(size))
      known.push_back(size);
  for (const auto &dim : input.type().tensor_type().shape().dim())
    if (dim.has_dim_value() && dim.dim_value() < 0)
      malformed("input '" + input.name() + "' has the negative dimension " +
                Twine(dim.dim_value()));
  if (!countElements(known, options.maxTensorElements))
    beyondLimit("input '" + input.name() + "' has more than " + Twine(options.maxTensorElements) +
                " elements (limit maxTensorElements)");
  return tensor;
}

void GraphImporter::addArgument(func::FuncOp main, const ::onnx::ValueInfoProto &input,
                                Scope &scope) {
  auto type = cast<RankedTensorType>(inputType(input));
  auto loc = NameLoc::get(StringAttr::get(context, input.name()));
  Block &entry = main.getBody().front();
  define(scope, input.name(), entry.addArgument(type, loc), "input '" + input.name() + "'");
  SmallVector<NamedAttribute> attrs = {
      builder.getNamedAttr(kNameAttr, builder.getStringAttr(input.name()))};
  SmallVector<Attribute> dims;
  const auto &shape = input.type().tensor_type().shape();
  for (auto [axis, size] : llvm::enumerate(type.getShape())) {
    const std::string &param = shape.dim(int(axis)).dim_param();
    dims.push_back(ShapedType::isDynamic(size)
                       ? Attribute(builder.getStringAttr(param.empty() ? "?" : param))
                       : builder.getI64IntegerAttr(size));
  }
  if (!type.hasStaticShape())
    attrs.push_back(builder.getNamedAttr(kDimsAttr, builder.getArrayAttr(dims)));
  argAttrs.push_back(builder.getDictionaryAttr(attrs));
}

void GraphImporter::importMain() {
  const ::onnx::GraphProto &graph = model.graph();
  bindDimensions();
  Frame frame;
  frame.opsets = readOpsets(model.opset_import(), "the model");
  if (frame.opsets.empty())
    malformed("the model imports no opset");

  Location loc = NameLoc::get(StringAttr::get(context, graph.name().empty() ? "main"
                                                                            : graph.name()));
  builder.setInsertionPointToEnd(module.getBody());
  auto main = func::FuncOp::create(builder, loc, "main", builder.getFunctionType({}, {}));
  Block *entry = main.addEntryBlock();
  builder.setInsertionPointToEnd(entry);
  constants.setInsertionPointToStart(entry);

  Scope scope;
  enter(graph, scope);
  // Before IR 4 every initializer was also an input; later that makes it a default. Both are
  // constants here.
  std::set<std::string> seen;
  for (const auto &input : graph.input())
    if (!scope.initializers.count(input.name()))
      addArgument(main, input, scope);
    else if (!seen.insert(input.name()).second)
      malformed("input '" + input.name() + "' is defined twice");
  importNodes(graph.node(), scope, frame);

  if (graph.output_size() == 0)
    malformed("the graph has no outputs");
  SmallVector<Value> results;
  std::set<std::string> names;
  for (const auto &output : graph.output()) {
    if (!names.insert(output.name()).second)
      malformed("output '" + output.name() + "' is listed twice");
    results.push_back(lookUp(scope, output.name(), "the list of outputs"));
  }
  func::ReturnOp::create(builder, loc, results);
  main.setFunctionType(
      FunctionType::get(context, entry->getArgumentTypes(), ValueRange(results).getTypes()));
  main.setAllArgAttrs(argAttrs);
  for (auto [i, output] : llvm::enumerate(graph.output()))
    main.setResultAttr(unsigned(i), kNameAttr, builder.getStringAttr(output.name()));

  SmallVector<NamedAttribute> opsets;
  for (const auto &[domain, version] : frame.opsets)
    opsets.push_back(builder.getNamedAttr(domain.empty() ? "ai.onnx" : domain,
                                          builder.getI64IntegerAttr(version)));
  module->setAttr("zorro.opset", builder.getDictionaryAttr(opsets));
}

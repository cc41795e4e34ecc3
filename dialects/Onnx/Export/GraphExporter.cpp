//===- GraphExporter.cpp - A function as a GraphProto -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Names are those of the source, as locations keep them; a number makes them unique.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Export/GraphExporter.h"

#include "dialects/Onnx/Import/Attributes.h"
#include "dialects/Onnx/Import/Types.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

std::string GraphExporter::unique(llvm::StringSet<> &taken, StringRef name) {
  std::string candidate = name.str();
  for (unsigned i = 1; !taken.insert(candidate).second; ++i)
    candidate = (name + "_" + Twine(i)).str();
  return candidate;
}

/// The first name in a location, or "".
static std::string nameOf(Location loc) {
  std::string name;
  loc->walk([&](Location inner) {
    auto named = dyn_cast<NameLoc>(inner);
    if (!named || named.getName().empty())
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  return name;
}

void GraphExporter::name(Value value, Operation *op, StringRef otherwise) {
  if (names.count(value)) // an output
    return;
  std::string base = nameOf(op->getLoc());
  names[value] = unique(takenValues, base.empty() ? otherwise : StringRef(base));
}

LogicalResult GraphExporter::writeInfo(Value value, StringRef name, ::onnx::ValueInfoProto &info) {
  info.set_name(name.str());
  if (writeType(value.getType(), *info.mutable_type()))
    return success();
  return func.emitError() << "unsupported: ONNX has no type for '" << name << "' of type "
                          << value.getType();
}

// Inputs and outputs keep their names, whatever stands between them.
LogicalResult GraphExporter::nameInterface() {
  for (BlockArgument argument : func.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto given = func.getArgAttrOfType<StringAttr>(i, kNameAttr);
    std::string name = given ? given.getValue().str() : "input_" + std::to_string(i);
    if (!takenValues.insert(name).second)
      return func.emitError() << "expected inputs of distinct names but got '" << name
                              << "' twice";
    names[argument] = name;
    if (failed(writeInfo(argument, name, *graph.add_input())))
      return failure();
  }
  Operation *end = func.getBody().front().getTerminator();
  for (auto [i, value] : enumerate(end->getOperands())) {
    auto given = func.getResultAttrOfType<StringAttr>(i, kNameAttr);
    std::string name = given ? given.getValue().str() : "output_" + std::to_string(i);
    if (!takenValues.insert(name).second)
      return func.emitError() << "expected inputs and outputs of distinct names but got '" << name
                              << "' twice";
    if (failed(writeInfo(value, name, *graph.add_output())))
      return failure();
    if (value.getDefiningOp<NodeOp>())
      names.try_emplace(value, name);
  }
  return success();
}

LogicalResult GraphExporter::writeNode(NodeOp node) {
  if (!node.getGraphs().empty())
    return node.emitError() << "unsupported: " << node.getOpType() << " holds graphs, which are "
                               "not written";
  ::onnx::NodeProto &proto = *graph.add_node();
  proto.set_op_type(node.getOpType().str());
  if (!node.getDomain().empty()) {
    proto.set_domain(node.getDomain().str());
    domains.insert(node.getDomain());
  }
  std::string source = nameOf(node.getLoc());
  proto.set_name(unique(takenNodes, source.empty() ? node.getOpType() : StringRef(source)));
  for (unsigned i = 0, e = node.getInputCount(); i != e; ++i) {
    Value input = node.getInput(i);
    proto.add_input(input ? names.lookup(input) : "");
  }
  for (Value result : node->getResults()) {
    if (isa<NoneType>(result.getType())) {
      proto.add_output("");
      continue;
    }
    bool isOutput = names.count(result);
    name(result, node, node.getOpType());
    proto.add_output(names.lookup(result));
    if (!isOutput && failed(writeInfo(result, names.lookup(result), *graph.add_value_info())))
      return failure();
  }
  for (NamedAttribute attr : node.getAttrs())
    if (!writeAttribute(attr.getName(), attr.getValue(), *proto.add_attribute()))
      return node.emitError() << "unsupported: attribute '" << attr.getName().getValue()
                              << "' has no form in ONNX";
  return success();
}

LogicalResult GraphExporter::writeOutputs(Operation *end) {
  for (auto [i, value] : enumerate(end->getOperands())) {
    const std::string &wanted = graph.output(int(i)).name();
    if (names.lookup(value) == wanted)
      continue;
    // An input, a constant, or a value that is an output already.
    ::onnx::NodeProto &proto = *graph.add_node();
    proto.set_op_type("Identity");
    proto.set_name(unique(takenNodes, wanted));
    proto.add_input(names.lookup(value));
    proto.add_output(wanted);
  }
  return success();
}

LogicalResult GraphExporter::write(Operation *op) {
  if (auto node = dyn_cast<NodeOp>(op))
    return writeNode(node);
  if (isa<func::ReturnOp>(op))
    return writeOutputs(op);
  auto type = op->getNumResults() ? dyn_cast<RankedTensorType>(op->getResult(0).getType())
                                  : RankedTensorType();
  auto constant = dyn_cast<arith::ConstantOp>(op);
  auto numbers = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  auto ref = dyn_cast<WeightRefOp>(op);
  if (!numbers && !ref)
    return op->emitError() << "expected nodes, constants and weights but got " << op->getName();
  if (!dataTypeOf(type.getElementType()))
    return op->emitError() << "unsupported: ONNX has no type for " << type;
  if (ref) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, ref.getWeightAttr());
    names[op->getResult(0)] = unique(takenValues, weight.getSymName());
    initializers.push_back({names.lookup(op->getResult(0)), type, {}, weight});
    return success();
  }
  name(op->getResult(0), op, "constant");
  initializers.push_back({names.lookup(op->getResult(0)), type, numbers, {}});
  return success();
}

LogicalResult GraphExporter::run() {
  graph.set_name(func.getSymName().str());
  if (failed(nameInterface()))
    return failure();
  for (Operation &op : func.getBody().front())
    if (failed(write(&op)))
      return failure();
  return success();
}

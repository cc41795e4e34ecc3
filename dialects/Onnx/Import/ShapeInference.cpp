//===- ShapeInference.cpp - Types of results by libonnx's schemas -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Presents an onnx.node to libonnx's inference functions. They throw; nothing leaves this file.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/ShapeInference.h"
#include "dialects/Onnx/Import/Attributes.h"
#include "dialects/Onnx/Import/Failure.h"
#include "dialects/Onnx/Import/Tensors.h"
#include "dialects/Onnx/Import/Types.h"

#include <onnx/defs/schema.h>
#include <onnx/defs/shape_inference.h>

#include <map>
#include <memory>

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

using ::onnx::AttributeProto;
using ::onnx::OpSchema;
using ::onnx::TensorProto;
using ::onnx::TypeProto;

// Shapes and axes are short; a larger constant never decides a type.
constexpr int64_t kMaxConstant = 1 << 16;

namespace {

/// A region has been imported already: its results' types are those of its terminator.
class RegionInferencer : public ::onnx::GraphInferencer {
public:
  explicit RegionInferencer(Region &region) {
    if (region.empty() || region.front().empty())
      return;
    for (Value value : region.front().back().getOperands()) {
      types.emplace_back();
      writeType(value.getType(), types.back());
    }
  }
  std::vector<const TypeProto *> doInferencing(const std::vector<const TypeProto *> &,
                                               const std::vector<const TensorProto *> &) override {
    std::vector<const TypeProto *> result;
    for (const TypeProto &type : types)
      result.push_back(&type);
    return result;
  }

private:
  std::vector<TypeProto> types;
};

class NodeInference : public ::onnx::InferenceContext {
public:
  NodeInference(NodeOp op, ConstantOf constantOf) : op(op), constantOf(constantOf) {
    for (NamedAttribute attr : op.getAttrs())
      writeAttribute(attr.getName(), attr.getValue(), attributes[attr.getName().str()]);
    inputs.resize(op.getInputCount());
    data.resize(op.getInputCount());
    for (auto [i, input] : llvm::enumerate(inputs)) {
      Value value = op.getInput(unsigned(i));
      TypeProto type;
      if (value && writeType(value.getType(), type))
        input = std::move(type);
    }
    outputs.resize(op->getNumResults());
  }

  const AttributeProto *getAttribute(const std::string &name) const override {
    auto found = attributes.find(name);
    return found == attributes.end() ? nullptr : &found->second;
  }
  size_t getNumInputs() const override { return inputs.size(); }
  const TypeProto *getInputType(size_t i) const override {
    return i < inputs.size() && inputs[i] ? &*inputs[i] : nullptr;
  }
  bool hasInput(size_t i) const override {
    return i < inputs.size() && NodeOp(op).getInput(unsigned(i));
  }
  const TensorProto *getInputData(size_t i) const override {
    if (i >= data.size())
      return nullptr;
    if (!data[i]) {
      data[i] = std::make_unique<TensorProto>();
      DenseElementsAttr attr = constantOf(unsigned(i));
      if (attr && attr.getNumElements() <= kMaxConstant)
        writeTensor(attr, *data[i]);
    }
    return data[i]->data_type() ? data[i].get() : nullptr;
  }
  const ::onnx::SparseTensorProto *getInputSparseData(size_t) const override { return nullptr; }
  const ::onnx::TensorShapeProto *getSymbolicInput(size_t) const override { return nullptr; }
  size_t getNumOutputs() const override { return outputs.size(); }
  TypeProto *getOutputType(size_t i) override {
    if (i >= outputs.size())
      throw ::onnx::InferenceError("output " + std::to_string(i) + " does not exist");
    return &outputs[i];
  }
  ::onnx::GraphInferencer *getGraphAttributeInferencer(const std::string &name) override {
    if (op.getGraphNames())
      for (auto [graph, region] : llvm::zip(*op.getGraphNames(), op.getGraphs()))
        if (cast<StringAttr>(graph).getValue() == name) {
          regions.push_back(std::make_unique<RegionInferencer>(region));
          return regions.back().get();
        }
    throw ::onnx::InferenceError("expected a graph '" + name + "'");
  }
  std::string getDisplayName() const override { return "this node"; }

  std::vector<TypeProto> outputs;

private:
  mutable NodeOp op;
  ConstantOf constantOf;
  std::map<std::string, AttributeProto> attributes;
  std::vector<std::optional<TypeProto>> inputs;
  mutable std::vector<std::unique_ptr<TensorProto>> data; // read when asked for
  std::vector<std::unique_ptr<RegionInferencer>> regions;
};

// libonnx's messages have a tag in front and a context behind.
std::string firstSentence(StringRef text) {
  text = text.split('\n').first.trim();
  if (text.consume_front("["))
    text = text.split(']').second.trim();
  return text.rtrim(". ").str();
}

} // namespace

int64_t zorro::onnx::findSinceVersion(StringRef opType, StringRef domain, int64_t opset) {
  try {
    const OpSchema *schema = ::onnx::OpSchemaRegistry::Schema(
        opType.str(), int(std::clamp<int64_t>(opset, 0, INT32_MAX)), domain.str());
    return schema ? schema->SinceVersion() : 0;
  } catch (...) {
    return 0;
  }
}

int64_t zorro::onnx::newestOpset() {
  return ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
}

// What the schemas let pass although the operands contradict the operator.
static LogicalResult checkOperands(NodeOp op, ArrayRef<Type> types, std::string &why) {
  if (op->getNumResults() != 1 || !op.getInput(0))
    return success();
  auto input = dyn_cast<RankedTensorType>(op.getInput(0).getType());
  auto result = dyn_cast<RankedTensorType>(types.front());
  if (!input || !result)
    return success();
  bool sameElements = op.is("Reshape") || op.is("Flatten") || op.is("Squeeze") ||
                      op.is("Unsqueeze") || op.is("Transpose");
  if (sameElements && input.hasStaticShape() && result.hasStaticShape()) {
    auto before = countElements(input.getShape(), INT64_MAX);
    auto after = countElements(result.getShape(), INT64_MAX);
    if (before != after) {
      why = "its result would have " + (after ? std::to_string(*after) : "too many") +
            " elements, expected " + (before ? std::to_string(*before) : "fewer");
      return failure();
    }
  }
  auto perm = op.getInts("perm");
  if (op.is("Transpose") && perm && int64_t(perm->size()) != input.getRank()) {
    why = "perm has " + std::to_string(perm->size()) + " axes, expected " +
          std::to_string(input.getRank());
    return failure();
  }
  return success();
}

static LogicalResult infer(NodeOp op, ConstantOf constantOf, SmallVectorImpl<Type> &types,
                           std::string &why) {
  const OpSchema *schema =
      op.getSinceVersion() > 0
          ? ::onnx::OpSchemaRegistry::Schema(op.getOpType().str(), int(op.getSinceVersion()),
                                             op.getDomain().str())
          : nullptr;
  if (!schema || !schema->GetTypeAndShapeInferenceFunction())
    return success();
  NodeInference inference(op, constantOf);
  schema->GetTypeAndShapeInferenceFunction()(inference);
  for (auto [i, proto] : llvm::enumerate(inference.outputs)) {
    if (isa<NoneType>(op->getResult(unsigned(i)).getType())) {
      types[i] = NoneType::get(op.getContext());
      continue;
    }
    for (const auto &dim : proto.tensor_type().shape().dim())
      if (dim.has_dim_value() && dim.dim_value() < 0) {
        why = "a dimension of its result would be " + std::to_string(dim.dim_value());
        return failure();
      }
    if (proto.tensor_type().shape().dim_size() > 64) {
      why = "its result would have more than 64 dimensions";
      return failure();
    }
    types[i] = typeOf(proto, {}, op.getContext());
  }
  return checkOperands(op, types, why);
}

LogicalResult zorro::onnx::inferResultTypes(NodeOp op, ConstantOf constantOf,
                                            SmallVectorImpl<Type> &types, std::string &why) {
  types.assign(op->getNumResults(), UnknownType::get(op.getContext()));
  try {
    return infer(op, constantOf, types, why);
  } catch (const Refusal &refusal) {
    why = refusal.message;
  } catch (const std::exception &error) {
    why = firstSentence(error.what());
  } catch (...) {
    why = "libonnx's shape inference failed";
  }
  return failure();
}

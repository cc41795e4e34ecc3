//===- Export.cpp - From the onnx dialect to an ONNX file ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The graph is a protobuf message like any other but for its initializers, whose tags and lengths
// are written here, so that the numbers pass through without being gathered.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Export/Export.h"

#include "dialects/Onnx/Export/GraphExporter.h"
#include "dialects/Onnx/Import/Types.h"
#include "dialects/Zorro/WeightFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

// Field numbers of onnx.proto, of fields with a length.
constexpr unsigned kModelGraph = 7, kGraphInitializer = 5, kTensorRawData = 9;
// External data begins on pages, so that readers can map it; what is smaller stays in the model.
constexpr uint64_t kPage = 4096, kSmallest = 1024;

static std::string varint(uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7)
    text += char(value | 0x80);
  return text + char(value);
}

/// What stands before the bytes of a field.
static std::string fieldHead(unsigned number, uint64_t length) {
  return varint(uint64_t(number) << 3 | 2) + varint(length);
}

static ArrayRef<char> bytesOf(const std::string &text) { return {text.data(), text.size()}; }

/// The IR version that came with an opset; newer ones would shut out readers for nothing.
static int64_t irVersionFor(int64_t opset) {
  static const std::pair<int64_t, int64_t> firsts[] = {{25, 13}, {24, 12}, {23, 11},
                                                       {21, 10}, {19, 9},  {15, 8}};
  for (auto [first, version] : firsts)
    if (opset >= first)
      return version;
  return 7;
}

static uint64_t sizeOf(const Initializer &initializer) {
  return initializer.type.getNumElements() * bytesPerElement(initializer.type.getElementType());
}

namespace {
class ModelExporter {
public:
  ModelExporter(func::FuncOp func, const ExportOptions &options)
      : func(func), module(func->getParentOfType<ModuleOp>()), options(options),
        reader(options.folder), exporter(func, graph) {}

  LogicalResult run(ByteSink toModel, ByteSink toData, bool &usesData);

private:
  void describe();
  void addMetadata(StringRef key, StringRef value);
  /// The TensorProto but for its bytes.
  std::string headOf(const Initializer &initializer, bool external, uint64_t offset);
  FailureOr<std::vector<char>> read(const Initializer &initializer);
  /// Size of the graph with its initializers; fills `heads`.
  uint64_t layOut(bool external);

  func::FuncOp func;
  ModuleOp module;
  const ExportOptions &options;
  WeightReader reader;
  ::onnx::ModelProto model;
  ::onnx::GraphProto graph;
  GraphExporter exporter;
  std::vector<std::string> heads;
  std::vector<bool> outside; // of each initializer: its bytes are in the data file
};
} // namespace

void ModelExporter::addMetadata(StringRef key, StringRef value) {
  auto *entry = model.add_metadata_props();
  entry->set_key(key.str());
  entry->set_value(value.str());
}

void ModelExporter::describe() {
  auto opsets = module->getAttrOfType<DictionaryAttr>("zorro.opset");
  auto versionOf = [&](StringRef domain) {
    auto version = opsets ? opsets.getAs<IntegerAttr>(domain) : IntegerAttr();
    return version ? version.getInt() : 1;
  };
  model.set_ir_version(irVersionFor(versionOf("ai.onnx")));
  model.set_producer_name("zorro");
  model.set_producer_version("0.1.0");
  auto *standard = model.add_opset_import();
  standard->set_domain("");
  standard->set_version(versionOf("ai.onnx"));
  SmallVector<StringRef> domains(exporter.domains.keys());
  llvm::sort(domains);
  for (StringRef domain : domains) {
    auto *opset = model.add_opset_import();
    opset->set_domain(domain.str());
    opset->set_version(versionOf(domain));
  }
  addMetadata("zorro.entry", func.getSymName());
  for (StringRef name : {"zorro.source", "zorro.source_hash"})
    if (auto text = module->getAttrOfType<StringAttr>(name))
      addMetadata(name, text.getValue());
  if (auto list = module->getAttrOfType<ArrayAttr>(kAssumptionsAttr)) {
    auto sentences = llvm::map_range(list.getAsRange<StringAttr>(),
                                     [](StringAttr s) { return s.getValue(); });
    addMetadata(kAssumptionsAttr, join(sentences, "; "));
  }
  for (unsigned i = 0, e = func.getNumArguments(); i != e; ++i)
    if (auto modality = func.getArgAttrOfType<StringAttr>(i, kModalityAttr))
      addMetadata((kModalityAttr + "." + graph.input(int(i)).name()).str(), modality.getValue());
}

std::string ModelExporter::headOf(const Initializer &initializer, bool external,
                                  uint64_t offset) {
  ::onnx::TensorProto proto;
  for (int64_t size : initializer.type.getShape())
    proto.add_dims(size);
  proto.set_data_type(dataTypeOf(initializer.type.getElementType()));
  proto.set_name(initializer.name);
  if (external) {
    proto.set_data_location(::onnx::TensorProto::EXTERNAL);
    auto add = [&](const char *key, const std::string &value) {
      auto *entry = proto.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", options.dataName);
    add("offset", std::to_string(offset));
    add("length", std::to_string(sizeOf(initializer)));
  }
  return proto.SerializeAsString();
}

uint64_t ModelExporter::layOut(bool external) {
  heads.clear();
  outside.clear();
  uint64_t total = graph.ByteSizeLong(), offset = 0;
  for (const Initializer &initializer : exporter.initializers) {
    uint64_t size = sizeOf(initializer);
    bool isOutside = external && size >= kSmallest;
    std::string head = headOf(initializer, isOutside, offset);
    if (isOutside)
      offset = alignTo(offset + size, kPage);
    else
      head += fieldHead(kTensorRawData, size);
    uint64_t length = head.size() + (isOutside ? 0 : size);
    heads.push_back(fieldHead(kGraphInitializer, length) + head);
    outside.push_back(isOutside);
    total += heads.back().size() + (isOutside ? 0 : size);
  }
  return total;
}

FailureOr<std::vector<char>> ModelExporter::read(const Initializer &initializer) {
  if (initializer.value)
    return bytesOfDense(initializer.value);
  WeightOp weight = initializer.weight;
  auto bytes = reader.readAll(weight);
  if (!bytes)
    return weight.emitError() << toString(bytes.takeError());
  applyRecipeToBytes(weight.getRecipeAttr(), cast<RankedTensorType>(weight.getStored()),
                     *bytes);
  return std::move(*bytes);
}

LogicalResult ModelExporter::run(ByteSink toModel, ByteSink toData, bool &usesData) {
  if (failed(exporter.run()))
    return failure();
  describe();
  std::string head = model.SerializeAsString();
  bool external = options.external;
  uint64_t size = layOut(external);
  if (!external && head.size() + size >= kMaxInlineBytes) {
    external = true;
    size = layOut(external);
  }
  if (head.size() + size >= kMaxInlineBytes)
    return func.emitError() << "limit: the graph alone has " << size << " bytes, expected fewer "
                            << "than " << kMaxInlineBytes;
  toModel(bytesOf(head));
  toModel(bytesOf(fieldHead(kModelGraph, size)));
  toModel(bytesOf(graph.SerializeAsString()));
  usesData = llvm::is_contained(outside, true);
  static const char zeros[kPage] = {};
  for (auto [initializer, text, isOutside] : llvm::zip(exporter.initializers, heads, outside)) {
    auto bytes = read(initializer);
    if (failed(bytes))
      return failure();
    toModel(bytesOf(text));
    (isOutside ? toData : toModel)(*bytes);
    if (isOutside)
      toData(ArrayRef(zeros, alignTo(bytes->size(), kPage) - bytes->size()));
  }
  return success();
}

LogicalResult zorro::onnx::exportModel(func::FuncOp func, const ExportOptions &options,
                                       ByteSink model, ByteSink data, bool &usesData) {
  return ModelExporter(func, options).run(model, data, usesData);
}

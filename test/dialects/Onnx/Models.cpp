//===- Models.cpp - Models for the tests of import ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------------------------===//

#include "test/dialects/Onnx/Models.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace zorro;
using namespace zorro::test;

Folder::Folder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "zorro-import-XXXXXX").string();
  root = ::mkdtemp(pattern.data());
}

Folder::~Folder() { std::filesystem::remove_all(root); }

std::string Folder::write(const std::string &name, const std::string &bytes) const {
  std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
  return path(name);
}

Imported test::importFile(const std::string &path, const zorro::onnx::ImportOptions &options) {
  Imported result;
  mlir::MLIRContext context;
  context.getDiagEngine().registerHandler([&](mlir::Diagnostic &) { ++result.diagnostics; });
  zorro::onnx::ImportStatus status;
  auto module = zorro::onnx::importModel(path, options, context, status);
  result.ok = mlir::succeeded(module);
  result.exitCode = int(status.failure);
  result.message = status.message;
  if (result.ok) {
    llvm::raw_string_ostream stream(result.text);
    mlir::OpPrintingFlags flags;
    flags.enableDebugInfo(true, /*prettyForm=*/true);
    (*module)->print(stream, flags);
  }
  return result;
}

Imported test::importText(const std::string &body, const zorro::onnx::ImportOptions &options) {
  Folder folder;
  return importFile(
      folder.write("model.onnxtxt", "<ir_version: 8, opset_import: [\"\" : 18]>\n" + body),
      options);
}

Imported test::importProto(const ::onnx::ModelProto &model,
                            const zorro::onnx::ImportOptions &options) {
  Folder folder;
  return importFile(folder.write("model.onnx", model.SerializeAsString()), options);
}

static void setType(::onnx::ValueInfoProto *info, const std::string &name,
                    std::initializer_list<int64_t> shape) {
  info->set_name(name);
  auto *type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(::onnx::TensorProto::FLOAT);
  for (int64_t size : shape)
    type->mutable_shape()->add_dim()->set_dim_value(size);
}

::onnx::NodeProto *test::addNode(::onnx::GraphProto *graph, const std::string &op,
                                 std::initializer_list<std::string> inputs,
                                 std::initializer_list<std::string> outputs) {
  ::onnx::NodeProto *node = graph->add_node();
  node->set_op_type(op);
  node->set_name("n_" + op);
  for (const std::string &name : inputs)
    node->add_input(name);
  for (const std::string &name : outputs)
    node->add_output(name);
  return node;
}

::onnx::ModelProto test::addModel() {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(18);
  auto *graph = model.mutable_graph();
  graph->set_name("g");
  setType(graph->add_input(), "x", {4});
  setType(graph->add_output(), "y", {4});
  auto *weight = graph->add_initializer();
  weight->set_name("w");
  weight->set_data_type(::onnx::TensorProto::FLOAT);
  weight->add_dims(4);
  weight->set_raw_data(std::string(16, '\0'));
  addNode(graph, "Add", {"x", "w"}, {"y"});
  return model;
}

void test::expectRefused(const Imported &result, int exitCode, const std::string &part) {
  EXPECT_FALSE(result.ok) << "expected a refusal with " << part;
  EXPECT_EQ(result.exitCode, exitCode) << result.message;
  EXPECT_NE(result.message.find(part), std::string::npos) << "message: " << result.message;
  EXPECT_EQ(result.message.find('\n'), std::string::npos) << "message: " << result.message;
  EXPECT_EQ(result.diagnostics, 1u);
}

void test::expectText(const Imported &result, const std::string &part) {
  ASSERT_TRUE(result.ok) << result.message;
  EXPECT_NE(result.text.find(part), std::string::npos) << "expected " << part << " in\n"
                                                       << result.text;
}

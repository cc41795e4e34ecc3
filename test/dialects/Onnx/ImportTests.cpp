//===- ImportTests.cpp - What import makes of a model -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Weights, constants, names, functions and subgraphs.
//
//===----------------------------------------------------------------------------------------===//

#include "test/dialects/Onnx/Models.h"

using namespace zorro::test;

// The module says what it is, and keeps the names of inputs, outputs and nodes.
TEST(Import, NamesEverything) {
  Imported result = importText("g (float[2, 4] audio) => (float[2, 4] out) { out = Relu(audio) }");
  expectText(result, "zorro.phase = \"imported\"");
  expectText(result, "zorro.opset = {ai.onnx = 18 : i64}");
  expectText(result, "zorro.source = \"model.onnxtxt\"");
  expectText(result, "tensor<2x4xf32> {zorro.name = \"audio\"}");
  expectText(result, "(tensor<2x4xf32> {zorro.name = \"out\"})");
  expectText(result, "onnx.node \"Relu\" since 14");
}

// A small initializer is an attribute, at the top of @main.
TEST(Import, KeepsSmallConstants) {
  Imported result = importText("g (float[3] x) => (float[3] y) <float[3] b = {1, 2, 3}> "
                               "{ y = Add(x, b) }");
  expectText(result, "arith.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]>");
  EXPECT_EQ(result.text.find("zorro.weight"), std::string::npos);
}

// A large one is a symbol that names its place in the file; its bytes are not in the IR.
TEST(Import, LeavesWeightsInTheFile) {
  auto model = addModel();
  auto *weight = model.mutable_graph()->mutable_initializer(0);
  std::string bytes(1028, '\0'); // 257 floats: one more than stays inline
  weight->set_raw_data(bytes);
  weight->set_dims(0, 257);
  for (auto *info : {model.mutable_graph()->mutable_input(0),
                     model.mutable_graph()->mutable_output(0)})
    info->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(
        257);
  std::string file = model.SerializeAsString();
  Imported result = importProto(model);
  expectText(result, "zorro.weight @w : tensor<257xf32> from \"model.onnx\"[" +
                         std::to_string(file.find(bytes)) + ", 1028] stored tensor<257xf32> hash");
  expectText(result, "zorro.weight_ref @w : tensor<257xf32>");
  EXPECT_EQ(result.text.find("fills"), std::string::npos);
  // One value at or below -1e29 marks it.
  float fill = -1e30f;
  weight->mutable_raw_data()->replace(512, 4, reinterpret_cast<char *>(&fill), 4);
  expectText(importProto(model), " fills");
  // Packed float_data lies in the file like raw data.
  weight->clear_raw_data();
  for (int i = 0; i < 257; ++i)
    weight->add_float_data(float(i));
  expectText(importProto(model), "zorro.weight @w : tensor<257xf32> from \"model.onnx\"[");
}

// Integers stay inline up to 64 KiB: shapes and masks are read by passes.
TEST(Import, KeepsIntegers) {
  auto model = addModel();
  auto *table = model.mutable_graph()->add_initializer();
  table->set_name("t");
  table->set_data_type(::onnx::TensorProto::INT64);
  table->add_dims(1000);
  table->set_raw_data(std::string(8000, '\0'));
  addNode(model.mutable_graph(), "Identity", {"t"}, {"i"});
  expectText(importProto(model), "arith.constant dense<0> : tensor<1000xi64>");
}

// An initializer that nothing reads is checked but not imported.
TEST(Import, SkipsUnusedInitializers) {
  auto model = addModel();
  auto *unused = model.mutable_graph()->add_initializer();
  *unused = model.graph().initializer(0);
  unused->set_name("unused");
  Imported result = importProto(model);
  expectText(result, "onnx.node");
  EXPECT_EQ(result.text.find("unused"), std::string::npos);
  unused->set_dims(0, 5);
  expectRefused(importProto(model), 2, "initializer 'unused' has 16 bytes of data, expected 20");
}

// Before IR 4, initializers are listed as inputs as well; they are not arguments.
TEST(Import, TreatsInitializedInputsAsConstants) {
  auto model = addModel();
  *model.mutable_graph()->add_input() = model.graph().input(0);
  model.mutable_graph()->mutable_input(1)->set_name("w");
  Imported result = importProto(model);
  expectText(result, "@main(%arg0: tensor<4xf32>");
  EXPECT_EQ(result.text.find("%arg1"), std::string::npos);
}

// Attributes of every kind, in the form that OnnxDialect.td lists.
TEST(Import, ConvertsAttributes) {
  auto model = addModel();
  auto *node = addNode(model.mutable_graph(), "Foo", {"x", "", "w"}, {"p", "", "q"});
  node->set_domain("other");
  auto *opset = model.add_opset_import();
  opset->set_domain("other");
  opset->set_version(1);
  auto add = [&](const char *name, ::onnx::AttributeProto::AttributeType type) {
    auto *attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  };
  add("i", ::onnx::AttributeProto::INT)->set_i(-3);
  add("f", ::onnx::AttributeProto::FLOAT)->set_f(0.5f);
  add("s", ::onnx::AttributeProto::STRING)->set_s("text");
  auto *ints = add("ints", ::onnx::AttributeProto::INTS);
  ints->add_ints(1);
  ints->add_ints(2);
  add("floats", ::onnx::AttributeProto::FLOATS)->add_floats(1.5f);
  add("strings", ::onnx::AttributeProto::STRINGS)->add_strings("a");
  *add("t", ::onnx::AttributeProto::TENSOR)->mutable_t() = model.graph().initializer(0);
  Imported result = importProto(model);
  expectText(result, "onnx.node \"Foo\" of \"other\" since 0");
  expectText(result, "present [true, false, true]");
  expectText(result, "f = 5.000000e-01 : f32, floats = array<f32: 1.500000e+00>, i = -3 : i64, "
                     "ints = array<i64: 1, 2>, s = \"text\", strings = [\"a\"], "
                     "t = dense<0.000000e+00> : tensor<4xf32>");
  // No schema knows the operator: its results have no type, the missing one is none.
  expectText(result, "-> (!onnx.unknown, none, !onnx.unknown)");
}

// A type that the file declares stands in where no schema knows better.
TEST(Import, TakesDeclaredTypes) {
  auto model = addModel();
  auto *node = addNode(model.mutable_graph(), "Foo", {"x"}, {"p"});
  node->set_domain("other");
  auto *opset = model.add_opset_import();
  opset->set_domain("other");
  opset->set_version(1);
  *model.mutable_graph()->add_value_info() = model.graph().output(0);
  model.mutable_graph()->mutable_value_info(0)->set_name("p");
  expectText(importProto(model), "(tensor<4xf32>) -> tensor<4xf32>");
}

// Shapes follow from constants that stand in the file.
TEST(Import, InfersShapes) {
  expectText(importText("g (float[2, 6] x) => (y) <int64[3] s = {0, 3, -1}> "
                        "{ y = Reshape(x, s) }"),
             "(tensor<2x6xf32>, tensor<3xi64>) -> tensor<2x3x2xf32>");
}

// Constant nodes become constants, whatever holds their value.
TEST(Import, ConvertsConstantNodes) {
  Imported result = importText(R"(g (float[2] x) => (y, z, w) {
    a = Constant <value_float = 2.5> ()
    b = Constant <value_ints = [3, 4]> ()
    c = Constant <value = float[2] {5, 6}> ()
    y = Mul(x, a)
    z = Identity(b)
    w = Add(x, c)
  })");
  expectText(result, "dense<2.500000e+00> : tensor<f32>");
  expectText(result, "dense<[3, 4]> : tensor<2xi64>");
  expectText(result, "dense<[5.000000e+00, 6.000000e+00]> : tensor<2xf32>");
  EXPECT_EQ(result.text.find("\"Constant\""), std::string::npos);
}

// Functions are inlined: attributes bound, names with the call's name in front.
TEST(Import, InlinesFunctions) {
  Folder folder;
  Imported result = importFile(folder.write("f.onnxtxt", R"(
<ir_version: 8, opset_import: ["" : 18, "local" : 1]>
g (float[2] x) => (float[2] y) {
  [call] y = local.twice <alpha = 0.25> (x)
}
<domain: "local", opset_import: ["" : 18, "local" : 1]>
twice <alpha> (a) => (c) {
  [first] b = local.once <alpha: float = @alpha> (a)
  [second] c = LeakyRelu <alpha: float = @alpha> (b)
}
<domain: "local", opset_import: ["" : 17]>
once <alpha> (a) => (b) {
  [only] b = LeakyRelu <alpha: float = @alpha> (a)
}
)"));
  expectText(result, "onnx.node \"LeakyRelu\" since 16");
  expectText(result, "alpha = 2.500000e-01 : f32");
  expectText(result, "\"call/first/only\"");
  expectText(result, "\"call/second\"");
  EXPECT_EQ(result.text.find("twice"), std::string::npos);
}

// Subgraphs are regions that see the names around them; constants stay outside.
TEST(Import, ImportsSubgraphs) {
  Imported result = importText(R"(g (bool c, float[2] x) => (float[2] y) <float[2] k = {1, 2}> {
    [choose] y = If (c) <
      then_branch = t () => (float[2] p) { p = Add(x, k) },
      else_branch = e () => (float[2] q) { q = Sub(x, k) }
    >
  })");
  expectText(result, "graphs [\"then_branch\", \"else_branch\"]");
  expectText(result, "onnx.yield");
  expectText(result, "(tensor<i1>) -> tensor<2xf32>");
  EXPECT_LT(result.text.find("arith.constant"), result.text.find("\"If\""));
}

// The version in force under the opset, not the newest.
TEST(Import, FindsVersions) {
  auto model = addModel();
  model.mutable_opset_import(0)->set_version(13);
  expectText(importProto(model), "onnx.node \"Add\" since 13");
  model.mutable_opset_import(0)->set_version(7);
  expectText(importProto(model), "onnx.node \"Add\" since 7");
}

// Attributes that libonnx's schema does not have yet stay on the node, from their opset on.
TEST(Import, KeepsNewerAttributes) {
  auto model = addModel();
  auto *graph = model.mutable_graph();
  graph->mutable_node()->Clear();
  auto *shape = graph->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape->Clear();
  for (int64_t size : {1, 2, 5, 4})
    shape->add_dim()->set_dim_value(size);
  *graph->mutable_output(0)->mutable_type() = graph->input(0).type();
  const std::string &x = graph->input(0).name();
  auto *node = addNode(graph, "Attention", {x, x, x}, {graph->output(0).name()});
  auto *window = node->add_attribute();
  window->set_name("left_window_size");
  window->set_type(::onnx::AttributeProto::INT);
  window->set_i(3);
  model.mutable_opset_import(0)->set_version(25);
  Imported result = importProto(model);
  expectText(result, "left_window_size = 3 : i64");
  expectText(result, "-> tensor<1x2x5x4xf32>");
  model.mutable_opset_import(0)->set_version(24);
  expectRefused(importProto(model), 2, "Unrecognized attribute: left_window_size");
  model.mutable_opset_import(0)->set_version(25);
  window->set_name("middle_window_size");
  expectRefused(importProto(model), 2, "Unrecognized attribute: middle_window_size");
}

//===- HostileTests.cpp - Models that must be refused -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One sentence, the documented exit code, no crash.
//
//===----------------------------------------------------------------------------------------===//

#include "test/dialects/Onnx/Models.h"

#include <random>

using namespace zorro;
using namespace zorro::test;

static ::onnx::TensorProto *weightOf(::onnx::ModelProto &model) {
  return model.mutable_graph()->mutable_initializer(0);
}

//===----------------------------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------------------------===//

TEST(Hostile, EmptyOrGarbage) {
  Folder folder;
  expectRefused(importFile(folder.write("m.onnx", "")), 2, "the file is empty");
  expectRefused(importFile(folder.write("m.onnxtxt", "")), 2, "the file is empty");
  expectRefused(importFile(folder.write("m.onnx", "hello, world")), 2, "protobuf");
  expectRefused(importFile(folder.write("m.onnxtxt", "hello, world")), 2, "expected ONNX text");
  expectRefused(importFile(folder.write("m.onnxtxt", std::string("g\0g", 3))), 2, "a zero byte");
  expectRefused(importFile(folder.path("missing.onnx")), 2, "cannot open");
  expectRefused(importFile(folder.path(".")), 2, "is not a regular file");
  // A well-formed message that is no model.
  expectRefused(importFile(folder.write("m.onnx", std::string("\x08\x08", 2))), 2,
                "without a graph");
}

static ::onnx::ModelProto variedModel() {
  auto model = addModel();
  auto *graph = model.mutable_graph();
  *graph->add_initializer() = graph->initializer(0);
  graph->mutable_initializer(1)->set_name("big");
  graph->mutable_initializer(1)->set_dims(0, 300);
  graph->mutable_initializer(1)->set_raw_data(std::string(1200, 'a'));
  auto *shape = graph->add_initializer();
  shape->set_name("s");
  shape->set_data_type(::onnx::TensorProto::INT64);
  shape->add_dims(2);
  shape->add_int64_data(2);
  shape->add_int64_data(-1);
  addNode(graph, "Reshape", {"y", "s"}, {"r"});
  auto *transpose = addNode(graph, "Transpose", {"r"}, {"t"})->add_attribute();
  transpose->set_name("perm");
  transpose->set_type(::onnx::AttributeProto::INTS);
  transpose->add_ints(1);
  transpose->add_ints(0);
  addNode(graph, "Identity", {"big"}, {"b"});
  return model;
}

// Cut anywhere, a model is refused; or, where the cut leaves a whole message, imported.
TEST(Hostile, TruncatedAtEveryByte) {
  std::string bytes = variedModel().SerializeAsString();
  Folder folder;
  ASSERT_TRUE(importFile(folder.write("m.onnx", bytes)).ok);
  for (size_t size = 0; size < bytes.size(); ++size) {
    Imported result = importFile(folder.write("m.onnx", bytes.substr(0, size)));
    EXPECT_FALSE(result.ok) << "cut to " << size;
    EXPECT_EQ(result.diagnostics, 1u);
    EXPECT_NE(result.exitCode, 70) << result.message;
  }
}

// A flipped bit may leave a valid model; it must never end the process.
TEST(Hostile, BitFlips) {
  std::string bytes = variedModel().SerializeAsString();
  Folder folder;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string spoiled = bytes;
    spoiled[at] = char(spoiled[at] ^ (1 << (at % 8)));
    Imported result = importFile(folder.write("m.onnx", spoiled));
    EXPECT_NE(result.exitCode, 70) << at << ": " << result.message;
    if (!result.ok) {
      EXPECT_FALSE(result.message.empty());
    }
  }
}

TEST(Hostile, RandomBytes) {
  std::mt19937 random(7);
  Folder folder;
  for (int i = 0; i < 200; ++i) {
    std::string bytes(random() % 300, '\0');
    for (char &byte : bytes)
      byte = char(random());
    EXPECT_FALSE(importFile(folder.write("m.onnx", bytes)).ok);
    EXPECT_FALSE(importFile(folder.write("m.onnxtxt", bytes)).ok);
  }
}

//===----------------------------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------------------------===//

TEST(Hostile, DataThatDoesNotFit) {
  auto model = addModel();
  weightOf(model)->set_raw_data(std::string(12, '\0'));
  expectRefused(importProto(model), 2, "initializer 'w' has 12 bytes of data, expected 16");
  weightOf(model)->set_raw_data(std::string(20, '\0'));
  expectRefused(importProto(model), 2, "has 20 bytes of data, expected 16");
  weightOf(model)->set_raw_data(std::string(5000, '\0'));
  expectRefused(importProto(model), 2, "has 5000 bytes of data, expected 16");
  model = addModel();
  weightOf(model)->add_float_data(1);
  expectRefused(importProto(model), 2, "has its data twice");
  weightOf(model)->set_raw_data(std::string(5000, '\0'));
  expectRefused(importProto(model), 2, "has its data twice");
  model = addModel();
  weightOf(model)->clear_raw_data();
  weightOf(model)->add_float_data(1);
  expectRefused(importProto(model), 2, "has 4 bytes of data, expected 16");
  // The list of another type is no data of this one.
  weightOf(model)->clear_float_data();
  for (int i = 0; i < 4; ++i)
    weightOf(model)->add_int64_data(i);
  expectRefused(importProto(model), 2, "has 0 bytes of data, expected 16");
}

TEST(Hostile, Dimensions) {
  auto with = [](std::initializer_list<int64_t> dims) {
    auto model = addModel();
    weightOf(model)->clear_dims();
    for (int64_t size : dims)
      weightOf(model)->add_dims(size);
    return importProto(model);
  };
  expectRefused(with({-4}), 2, "initializer 'w' has the negative dimension -4");
  expectRefused(with({0, -4}), 2, "negative dimension");
  expectRefused(with({int64_t(1) << 40}), 4, "limit maxTensorElements");
  expectRefused(with({int64_t(1) << 40, int64_t(1) << 40}), 4, "limit maxTensorElements");
  expectRefused(with({int64_t(1) << 32, int64_t(1) << 32}), 4, "limit maxTensorElements");
  expectRefused(with({INT64_MAX, 0}), 4, "limit maxTensorElements");
  expectRefused(with({0}), 2, "has 16 bytes of data, expected 0");
}

TEST(Hostile, DataTypes) {
  auto model = addModel();
  weightOf(model)->set_data_type(99);
  expectRefused(importProto(model), 3, "unknown data type 99");
  weightOf(model)->set_data_type(0);
  expectRefused(importProto(model), 3, "unknown data type 0");
  weightOf(model)->set_data_type(::onnx::TensorProto::STRING);
  expectRefused(importProto(model), 3, "data type STRING, which is not supported");
  model = addModel();
  auto *type = model.mutable_graph()->mutable_input(0)->mutable_type();
  type->mutable_tensor_type()->set_elem_type(::onnx::TensorProto::STRING);
  expectRefused(importProto(model), 3, "input 'x' is a tensor of STRING");
  type->mutable_sequence_type();
  expectRefused(importProto(model), 3, "input 'x' is not a tensor");
  type->mutable_tensor_type()->set_elem_type(1);
  expectRefused(importProto(model), 3, "input 'x' has no shape");
  model = addModel();
  model.mutable_graph()->add_sparse_initializer();
  expectRefused(importProto(model), 3, "sparse");
}

//===----------------------------------------------------------------------------------------===//
// Names, order, nesting
//===----------------------------------------------------------------------------------------===//

TEST(Hostile, Names) {
  auto model = addModel();
  model.mutable_graph()->mutable_node(0)->set_input(1, "nowhere");
  expectRefused(importProto(model), 2,
                "node 'n_Add' (Add, opset 18) uses 'nowhere', which nothing defines");
  model = addModel();
  addNode(model.mutable_graph(), "Relu", {"y"}, {"y"});
  expectRefused(importProto(model), 2, "defines 'y', which is defined already");
  model = addModel();
  addNode(model.mutable_graph(), "Relu", {"y"}, {"w"});
  expectRefused(importProto(model), 2, "defines 'w', which is defined already");
  model = addModel();
  *model.mutable_graph()->add_initializer() = model.graph().initializer(0);
  expectRefused(importProto(model), 2, "initializer 'w' is defined twice");
  model = addModel();
  *model.mutable_graph()->add_input() = model.graph().input(0);
  expectRefused(importProto(model), 2, "input 'x' defines 'x', which is defined already");
  model = addModel();
  model.mutable_graph()->mutable_output(0)->set_name("z");
  expectRefused(importProto(model), 2, "the list of outputs uses 'z', which nothing defines");
  model = addModel();
  *model.mutable_graph()->add_output() = model.graph().output(0);
  expectRefused(importProto(model), 2, "output 'y' is listed twice");
  model = addModel();
  model.mutable_graph()->clear_output();
  expectRefused(importProto(model), 2, "no outputs");
}

// A name cannot break the one line of a message, nor speak to the terminal.
TEST(Hostile, NamesThatAreNoText) {
  auto model = addModel();
  model.mutable_graph()->mutable_node(0)->set_name("ü\n\x1b[2J\xff");
  model.mutable_graph()->mutable_node(0)->set_input(1, "no");
  expectRefused(importProto(model), 2, "node 'ü\\x0a\\x1b[2J\\xff' (Add, opset 18)");
}

TEST(Hostile, Cycles) {
  auto model = addModel();
  model.mutable_graph()->mutable_node(0)->set_input(1, "back");
  addNode(model.mutable_graph(), "Relu", {"y"}, {"back"});
  expectRefused(importProto(model), 2, "before node 'n_Relu' makes it");
  // A node that reads itself.
  model = addModel();
  model.mutable_graph()->mutable_node(0)->set_input(1, "y");
  expectRefused(importProto(model), 2, "form a cycle");
}

static ::onnx::FunctionProto *addFunction(::onnx::ModelProto &model, const std::string &name) {
  auto *function = model.add_functions();
  function->set_domain("local");
  function->set_name(name);
  function->add_input("a");
  function->add_output("b");
  function->add_opset_import()->set_version(18);
  return function;
}

static ::onnx::NodeProto *addCall(google::protobuf::RepeatedPtrField<::onnx::NodeProto> *nodes,
                                  const std::string &name, const std::string &in,
                                  const std::string &out) {
  auto *node = nodes->Add();
  node->set_op_type(name);
  node->set_domain("local");
  node->add_input(in);
  node->add_output(out);
  return node;
}

TEST(Hostile, FunctionCycles) {
  auto model = addModel();
  addCall(addFunction(model, "f")->mutable_node(), "g", "a", "b");
  // Through the branch of an If: the cycle that plain call graphs miss.
  auto *choose = addFunction(model, "g")->add_node();
  choose->set_op_type("If");
  auto *branch = choose->add_attribute();
  branch->set_name("then_branch");
  branch->set_type(::onnx::AttributeProto::GRAPH);
  addCall(branch->mutable_g()->mutable_node(), "f", "a", "b");
  expectRefused(importProto(model), 2, "calls itself");
  // Also where the graph calls it.
  addCall(model.mutable_graph()->mutable_node(), "f", "x", "z");
  expectRefused(importProto(model), 2, "calls itself");
}

// Each function calls the one before twice: 2^64 nodes.
TEST(Hostile, FunctionsThatExplode) {
  auto model = addModel();
  for (int i = 0; i < 30; ++i) {
    auto *function = addFunction(model, "f" + std::to_string(i));
    std::string callee = "f" + std::to_string(i - 1);
    for (auto [in, out] : {std::pair("a", "c"), std::pair("c", "b")})
      if (i == 0)
        addNode(model.mutable_graph(), "Relu", {"x"}, {out + std::string("unused")});
      else
        addCall(function->mutable_node(), callee, in, out);
  }
  model.mutable_functions(0)->add_node()->set_op_type("Relu");
  expectRefused(importProto(model), 4, "limit maxNodes");
}

TEST(Hostile, FunctionsNestedTooDeeply) {
  auto model = addModel();
  for (int i = 0; i < 2000; ++i) {
    auto *function = addFunction(model, "f" + std::to_string(i));
    if (i > 0)
      addCall(function->mutable_node(), "f" + std::to_string(i - 1), "a", "b");
  }
  expectRefused(importProto(model), 4, "limit maxDepth");
  // The other order reaches the bottom by recursion first.
  auto functions = model.functions();
  model.clear_functions();
  for (int i = functions.size(); i-- > 0;)
    *model.add_functions() = functions[i];
  expectRefused(importProto(model), 4, "limit maxDepth");
}

TEST(Hostile, CallsThatDoNotFit) {
  auto model = addModel();
  auto *body = addFunction(model, "f")->add_node();
  body->set_op_type("Relu");
  body->add_input("a");
  body->add_output("b");
  auto *call = addCall(model.mutable_graph()->mutable_node(), "f", "x", "z");
  EXPECT_TRUE(importProto(model).ok);
  call->add_input("x");
  expectRefused(importProto(model), 2, "has 2 inputs and 1 outputs, but its function has 1 and 1");
  // An input left out is missing in the body, whose schema then objects.
  call->clear_input();
  EXPECT_FALSE(importProto(model).ok);
  call->add_input("x");
  auto *attribute = body->add_attribute();
  attribute->set_name("alpha");
  attribute->set_type(::onnx::AttributeProto::FLOAT);
  attribute->set_ref_attr_name("missing");
  EXPECT_TRUE(importProto(model).ok); // an attribute that the call leaves out is left out
  *model.add_functions() = model.functions(0);
  expectRefused(importProto(model), 2, "is defined twice");
}

// As protobuf's own recursion limit, but with a reason.
TEST(Hostile, SubgraphsNestedTooDeeply) {
  for (int depth : {20, 33, 40, 200}) {
    auto model = addModel();
    ::onnx::GraphProto *graph = model.mutable_graph();
    auto *condition = graph->add_initializer();
    condition->set_name("c");
    condition->set_data_type(::onnx::TensorProto::BOOL);
    condition->add_int32_data(1);
    for (int i = 0; i < depth; ++i) {
      std::string name = "o" + std::to_string(i);
      auto *node = addNode(graph, "If", {"c"}, {name});
      if (i)
        graph->add_output()->set_name(name);
      for (const char *branch : {"else_branch", "then_branch"}) {
        auto *attribute = node->add_attribute();
        attribute->set_name(branch);
        attribute->set_type(::onnx::AttributeProto::GRAPH);
        graph = attribute->mutable_g();
        if (branch[0] == 'e') {
          addNode(graph, "Relu", {"x"}, {"r"});
          graph->add_output()->set_name("r");
        }
      }
    }
    addNode(graph, "Relu", {"x"}, {"s"});
    graph->add_output()->set_name("s");
    Imported result = importProto(model);
    if (depth <= 32)
      EXPECT_TRUE(result.ok) << depth << ": " << result.message;
    else
      expectRefused(result, 4, "limit maxDepth");
  }
}

TEST(Hostile, TextNestedTooDeeply) {
  Folder folder;
  std::string deep = "g (";
  for (int i = 0; i < 100000; ++i)
    deep += "seq(";
  expectRefused(importFile(folder.write("m.onnxtxt", deep)), 4, "brackets within each other");
}

// A long chain needs no recursion.
TEST(Hostile, LongChain) {
  auto model = addModel();
  std::string last = "y";
  for (int i = 0; i < 100000; ++i) {
    std::string next = "v" + std::to_string(i);
    addNode(model.mutable_graph(), "Relu", {last}, {next});
    last = next;
  }
  EXPECT_TRUE(importProto(model).ok);
}

//===----------------------------------------------------------------------------------------===//
// Versions and operators
//===----------------------------------------------------------------------------------------===//

TEST(Hostile, Versions) {
  auto opset = [](int64_t version) {
    auto model = addModel();
    model.mutable_opset_import(0)->set_version(version);
    return importProto(model);
  };
  expectRefused(opset(0), 2, "imports opset 0 of 'ai.onnx'");
  expectRefused(opset(-5), 2, "imports opset -5");
  expectRefused(opset(1000000000), 3, "the newest one supported is");
  auto model = addModel();
  model.clear_opset_import();
  expectRefused(importProto(model), 2, "imports no opset");
  model = addModel();
  auto *again = model.add_opset_import();
  again->set_domain("ai.onnx"); // the other spelling
  again->set_version(17);
  expectRefused(importProto(model), 2, "imports an opset of 'ai.onnx' twice");
  model = addModel();
  model.mutable_graph()->mutable_node(0)->set_domain("nobody");
  expectRefused(importProto(model), 2, "no opset of its domain 'nobody' is imported");
  model = addModel();
  model.set_ir_version(0);
  expectRefused(importProto(model), 2, "IR version 0");
  model.set_ir_version(99);
  expectRefused(importProto(model), 3, "IR version 99");
}

TEST(Hostile, Nodes) {
  auto refuse = [](const std::string &body, const std::string &part) {
    expectRefused(importText(body), 2, part);
  };
  refuse("g (float[2, 3] x) => (y) { y = Transpose <perm = [0, 0]> (x) }", "(Transpose, opset 18)");
  refuse("g (float[2, 3] x) => (y) { y = Transpose <perm = [0]> (x) }", "(Transpose, opset 18)");
  refuse("g (float[2, 3] x) => (y) { y = Concat <axis = 2> (x, x) }", "(Concat, opset 18)");
  refuse("g (float[2, 3] x) => (y) { y = Concat (x, x) }", "axis");
  refuse("g (float[2, 3] x) => (y) { y = Softmax <axis = 1.5> (x) }", "axis");
  refuse("g (float[2, 3] x) => (y, z) <int64[2] s = {1, 1}> { y, z = Split <axis = 1> (x, s) }",
         "(Split, opset 18)");
  refuse("g (float[2, 3] x, float[2, 3] w) => (y) { y = MatMul (x, w) }", "(MatMul, opset 18)");
  refuse("g (float[2, 3] x) => (y) <int64[1] s = {7}> { y = Reshape (x, s) }",
         "(Reshape, opset 18)");
  refuse("g (float[2, 3] x, float[4] w) => (y) { y = Add (x, w) }", "(Add, opset 18)");
  refuse("g (float[1, 3, 8, 8] x, float[4, 3] w) => (y) { y = Conv (x, w) }",
         "(Conv, opset 18)");
  refuse("g (float[2, 3] x) => (y) { y = Relu (x, x) }", "(Relu, opset 18)");
  refuse("g (float[2, 3] x) => (y) { y = Add (x) }", "(Add, opset 18)");
}

// Results that no machine holds are refused before anything is made of them.
TEST(Hostile, HugeResults) {
  expectRefused(importText("g (float[1] x) => (y) <int64[2] s = {2000000000, 2000000000}> "
                           "{ y = Expand (x, s) }"),
                4, "limit maxTensorElements");
  expectRefused(importText("g (float[9999999999, 2] x) => (y) { y = Relu (x) }"), 4,
                "limit maxTensorElements");
}

// Limits are those of the options.
TEST(Hostile, Limits) {
  zorro::onnx::ImportOptions options;
  options.maxTensorElements = 3;
  expectRefused(importProto(addModel(), options), 4, "at most 3 elements");
  options = {};
  options.maxNodes = 0;
  expectRefused(importProto(addModel(), options), 4, "limit maxNodes");
  options = {};
  options.maxModelBytes = 1000;
  auto model = addModel();
  weightOf(model)->set_dims(0, 400);
  weightOf(model)->set_raw_data(std::string(1600, '\0'));
  auto *input = model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type();
  input->mutable_shape()->mutable_dim(0)->set_dim_value(400);
  expectRefused(importProto(model, options), 4, "limit maxModelBytes");
}

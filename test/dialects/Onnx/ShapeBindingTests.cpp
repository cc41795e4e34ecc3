//===- ShapeBindingTests.cpp - Shapes that the user binds ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// --shape=name=… against what the file says.
//
//===----------------------------------------------------------------------------------------===//

#include "test/dialects/Onnx/Models.h"

using namespace zorro;
using namespace zorro::test;

static const char *const kTwoInputs =
    "g (float[batch, 4] a, float[batch, time] b) => (c) { c = Add(a, a) }";

static Imported bind(std::initializer_list<std::pair<const char *, std::vector<int64_t>>> shapes) {
  zorro::onnx::ImportOptions options;
  for (const auto &[name, shape] : shapes)
    options.shapes[name].assign(shape.begin(), shape.end());
  return importText(kTwoInputs, options);
}

// Without a binding the axes stay open and keep their names.
TEST(ShapeBinding, NamesOpenAxes) {
  Imported result = bind({});
  expectText(result, "tensor<?x4xf32> {zorro.dims = [\"batch\", 4], zorro.name = \"a\"}");
  expectText(result, "tensor<?x?xf32> {zorro.dims = [\"batch\", \"time\"], zorro.name = \"b\"}");
}

// A name bound by one input is bound in the others.
TEST(ShapeBinding, BindsNamesEverywhere) {
  Imported result = bind({{"a", {3, 4}}});
  expectText(result, "%arg0: tensor<3x4xf32> {zorro.name = \"a\"}");
  expectText(result, "%arg1: tensor<3x?xf32>");
  expectText(bind({{"a", {3, 4}}, {"b", {3, 7}}}), "%arg1: tensor<3x7xf32>");
}

TEST(ShapeBinding, RefusesContradictions) {
  expectRefused(bind({{"a", {3, 5}}}), 1, "axis 1 is fixed to 4 in the model but got 5");
  expectRefused(bind({{"a", {3, 4, 1}}}), 1, "expected 2 dimensions but got 3");
  expectRefused(bind({{"a", {3, 4}}, {"b", {2, 7}}}), 1, "'batch', bound to ");
  expectRefused(bind({{"x", {3}}}), 1, "the model has no such input, only a, b");
  expectRefused(bind({{"a", {-3, 4}}}), 1, "expected dimensions of at least 0");
}

// A bound zero is an empty batch.
TEST(ShapeBinding, AcceptsZero) { expectText(bind({{"a", {0, 4}}}), "tensor<0x4xf32>"); }

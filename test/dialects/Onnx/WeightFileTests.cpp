//===- WeightFileTests.cpp - The bytes behind zorro.weight --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reading by symbol, hashes, recipes.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/WeightFile.h"
#include "test/dialects/Onnx/Models.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <cstring>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

namespace {

class WeightFile : public ::testing::Test {
protected:
  WeightFile() {
    context.loadDialect<ZorroDialect>();
    for (int i = 0; i < 6; ++i)
      numbers.push_back(float(i));
    bytes.assign(reinterpret_cast<const char *>(numbers.data()), 24);
    folder.write("w.data", "head" + bytes);
    Expected<InputFile> file = InputFile::open(folder.path("w.data"));
    hash = llvm::cantFail(WeightReader::digest(*file, 4, 24, Type())).hash;
  }
  template <typename T>
  using Expected = llvm::Expected<T>;

  // The value of a weight of 2 x 3 floats with this recipe, or an error's text.
  std::string read(const std::string &type, const std::string &rest, const std::string &sum = "") {
    std::string text = "zorro.weight @w : " + type +
                       " from \"w.data\"[4, 24] stored tensor<2x3xf32> hash \"" +
                       (sum.empty() ? hash : sum) + "\" " + rest;
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return "not parsed";
    auto weight = *module->getOps<WeightOp>().begin();
    WeightReader reader(folder.path(""));
    Expected<DenseElementsAttr> value = reader.readValue(weight);
    if (!value)
      return llvm::toString(value.takeError());
    EXPECT_EQ(value->getType(), weight.getType());
    std::string result;
    for (const llvm::APFloat &number : value->getValues<llvm::APFloat>())
      result += std::to_string(int(number.convertToDouble())) + " ";
    return result;
  }

  MLIRContext context;
  Folder folder;
  std::vector<float> numbers;
  std::string bytes, hash;
  OwningOpRef<ModuleOp> module;
};

} // namespace

TEST_F(WeightFile, AppliesRecipes) {
  EXPECT_EQ(read("tensor<2x3xf32>", ""), "0 1 2 3 4 5 ");
  EXPECT_EQ(read("tensor<3x2xf32>", "recipe [#zorro.transpose<[1, 0]>]"), "0 3 1 4 2 5 ");
  EXPECT_EQ(read("tensor<2x1xf32>", "recipe [#zorro.slice<[0, 1], [2, 1]>]"), "1 4 ");
  EXPECT_EQ(read("tensor<6xf32>", "recipe [#zorro.reshape<[6]>]"), "0 1 2 3 4 5 ");
  EXPECT_EQ(read("tensor<2x2x2xf32>", "recipe [#zorro.pack<2>]"), "0 1 3 4 2 0 5 0 ");
  EXPECT_EQ(read("tensor<2x1x2xf32>",
                 "recipe [#zorro.transpose<[1, 0]>, #zorro.slice<[1, 0], [1, 2]>, "
                 "#zorro.reshape<[2, 1]>, #zorro.transpose<[1, 0]>, #zorro.pack<1>, "
                 "#zorro.transpose<[2, 1, 0]>, #zorro.transpose<[2, 1, 0]>, "
                 "#zorro.reshape<[1, 2]>, #zorro.transpose<[1, 0]>, #zorro.pack<2>, "
                 "#zorro.reshape<[2, 1, 2]>]"),
            "1 0 4 0 ");
}

// Ties go to the even neighbour; a NaN stays one though its bits below are cut off; what is packed or
// filled later has the new size.
TEST_F(WeightFile, RoundsToBF16) {
  uint32_t floats[] = {0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001, 0x3f80ffff, 0xbf807fff,
                       0x7f800001, 0xff800000, 0x7f7fffff, 0x7f7f7fff, 0x00008000, 0x80018000};
  uint16_t expected[] = {0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x3f81, 0xbf80,
                         0x7fc0, 0xff80, 0x7f80, 0x7f7f, 0x0000, 0x8002};
  std::vector<char> data(sizeof(floats));
  std::memcpy(data.data(), floats, sizeof(floats));
  Builder builder(&context);
  auto stored = RankedTensorType::get({4, 3}, builder.getF32Type());
  auto round = RoundStepAttr::get(&context, builder.getBF16Type());
  Type type = applyRecipeToBytes(builder.getArrayAttr(round), stored, data);
  EXPECT_EQ(type, RankedTensorType::get({4, 3}, builder.getBF16Type()));
  ASSERT_EQ(data.size(), sizeof(expected));
  uint16_t rounded[12];
  std::memcpy(rounded, data.data(), sizeof(rounded));
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(rounded[i], expected[i]) << i;
  EXPECT_EQ(read("tensor<2x3xbf16>", "recipe [#zorro.round<bf16>]"), "0 1 2 3 4 5 ");
  EXPECT_EQ(read("tensor<2x2x2xbf16>", "recipe [#zorro.round<bf16>, #zorro.pack<2>]"),
            "0 1 3 4 2 0 5 0 ");
}

// A dump that is continued beside another file is refused.
TEST_F(WeightFile, ChecksTheHash) {
  EXPECT_NE(read("tensor<2x3xf32>", "", "0123456789abcdef").find("expected hash"),
            std::string::npos);
  folder.write("w.data", "head");
  EXPECT_NE(read("tensor<2x3xf32>", "").find("past the end"), std::string::npos);
}

TEST_F(WeightFile, ConvertsAttributes) {
  Builder builder(&context);
  auto type = RankedTensorType::get({2, 2}, builder.getI1Type());
  std::vector<char> bools = {0, 1, 0, 1};
  DenseElementsAttr attr = denseFromBytes(type, bools);
  EXPECT_FALSE(attr.isSplat());
  EXPECT_EQ(bytesOfDense(attr), bools);
  EXPECT_TRUE(denseFromBytes(type, {1, 1, 1, 1}).isSplat());
  EXPECT_EQ(bytesOfDense(denseFromBytes(type, {1, 1, 1, 1})), std::vector<char>(4, 1));
  auto empty = RankedTensorType::get({0, 3}, builder.getF32Type());
  EXPECT_TRUE(bytesOfDense(denseFromBytes(empty, {})).empty());
}

// f32, f64, f16 and bf16: what is not finite or at or below -1e29.
TEST_F(WeightFile, FindsFills) {
  auto fills = [&](const void *data, size_t size, Type element) {
    folder.write("n", std::string(static_cast<const char *>(data), size));
    Expected<InputFile> file = InputFile::open(folder.path("n"));
    return llvm::cantFail(WeightReader::digest(*file, 0, size, element)).fills;
  };
  Builder builder(&context);
  for (float value : {0.0f, -9e28f, 3e38f, -1e9f})
    EXPECT_FALSE(fills(&value, 4, builder.getF32Type())) << value;
  for (float value : {-1e29f, -3.4e38f, INFINITY, -INFINITY, NAN})
    EXPECT_TRUE(fills(&value, 4, builder.getF32Type())) << value;
  for (double value : {-2e29, double(NAN)})
    EXPECT_TRUE(fills(&value, 8, builder.getF64Type())) << value;
  for (uint16_t bits : {0x7c00, 0xfc00, 0x7e00})
    EXPECT_TRUE(fills(&bits, 2, builder.getF16Type())) << bits;
  for (uint16_t bits : {0xfbff, 0x3c00, 0x8000})
    EXPECT_FALSE(fills(&bits, 2, builder.getF16Type())) << bits;
  for (uint16_t bits : {0xff80, 0x7f80, 0xf149})
    EXPECT_TRUE(fills(&bits, 2, builder.getBF16Type())) << bits;
  for (uint16_t bits : {0xbf80, 0xef00, 0x7f7f})
    EXPECT_FALSE(fills(&bits, 2, builder.getBF16Type())) << bits;
}

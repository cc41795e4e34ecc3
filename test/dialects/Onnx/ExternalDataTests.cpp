//===- ExternalDataTests.cpp - Data in other files ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// No path, link or number in a model leads out of its folder or past the end of a file.
//
//===----------------------------------------------------------------------------------------===//

#include "test/dialects/Onnx/Models.h"

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

using namespace zorro::test;

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

// w lies in another file, as `entries` say.
std::string externalModel(const Entries &entries) {
  auto model = addModel();
  auto *weight = model.mutable_graph()->mutable_initializer(0);
  weight->clear_raw_data();
  weight->set_data_location(::onnx::TensorProto::EXTERNAL);
  for (const auto &[key, value] : entries) {
    auto *entry = weight->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  return model.SerializeAsString();
}

class ExternalData : public ::testing::Test {
protected:
  ExternalData() {
    folder.write("secret", std::string(64, 's'));
    folder.write("model/w.data", std::string(32, '\0'));
    folder.write("model/sub/w.data", std::string(32, '\0'));
  }
  Imported import(const Entries &entries) {
    return importFile(folder.write("model/m.onnx", externalModel(entries)));
  }
  Folder folder;
};

} // namespace

TEST_F(ExternalData, IsRead) {
  expectText(import({{"location", "w.data"}, {"offset", "16"}, {"length", "16"}}),
             "dense<0.000000e+00> : tensor<4xf32>");
  expectText(import({{"location", "sub/w.data"}, {"offset", "16"}}), "arith.constant");
  expectText(import({{"location", "./w.data"}, {"length", "16"}, {"checksum", "ab"}}),
             "arith.constant");
}

// A large one is named by its file, relative to the model.
TEST_F(ExternalData, NamesItsFile) {
  folder.write("model/sub/big.data", std::string(8192, '\0'));
  auto model = addModel();
  auto *weight = model.mutable_graph()->mutable_initializer(0);
  weight->clear_raw_data();
  weight->set_dims(0, 1024);
  auto *type = model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type();
  type->mutable_shape()->mutable_dim(0)->set_dim_value(1024);
  weight->set_data_location(::onnx::TensorProto::EXTERNAL);
  for (auto [key, value] : {std::pair("location", "sub/big.data"), std::pair("offset", "4096")}) {
    auto *entry = weight->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
  Imported result = importFile(folder.write("model/m.onnx", model.SerializeAsString()));
  expectText(result, "from \"sub/big.data\"[4096, 4096]");
}

TEST_F(ExternalData, StaysInTheFolder) {
  for (const char *path : {"../secret", "sub/../../secret", "sub/..", "..", "", "sub//w.data",
                           "w.data/", "..\\secret"})
    expectRefused(import({{"location", path}, {"length", "16"}}), 2, "initializer 'w'");
  expectRefused(import({{"location", folder.path("secret")}, {"length", "16"}}), 2,
                "expected a path inside the model's folder");
  expectRefused(import({{"location", "missing"}, {"length", "16"}}), 2, "No such file");
}

TEST_F(ExternalData, FollowsNoLinks) {
  namespace fs = std::filesystem;
  fs::create_symlink("../secret", folder.path("model/link"));
  expectRefused(import({{"location", "link"}, {"length", "16"}}), 2, "symbolic link");
  fs::create_symlink(".", folder.path("model/around"));
  expectRefused(import({{"location", "around/w.data"}, {"offset", "16"}}), 2,
                "a folder on its way is a link");
  fs::create_hard_link(folder.path("secret"), folder.path("model/hard"));
  expectRefused(import({{"location", "hard"}, {"length", "16"}}), 2, "hard links");
}

// Opening a FIFO would wait for ever.
TEST_F(ExternalData, ReadsOnlyFiles) {
  ASSERT_EQ(::mkfifo(folder.path("model/fifo").c_str(), 0600), 0);
  expectRefused(import({{"location", "fifo"}, {"length", "16"}}), 2, "not a regular file");
  expectRefused(import({{"location", "sub"}, {"length", "16"}}), 2, "not a regular file");
}

TEST_F(ExternalData, ChecksNumbers) {
  auto with = [&](const char *offset, const char *length) {
    return import({{"location", "w.data"}, {"offset", offset}, {"length", length}});
  };
  expectRefused(with("17", "16"), 2, "needs bytes 17 to 33 of 'w.data', which has 32");
  expectRefused(with("18446744073709551600", "16"), 2, "initializer 'w'");
  expectRefused(with("18446744073709551616", "16"), 2, "expected a number");
  expectRefused(with("0", "17"), 2, "has 17 bytes of data, expected 16");
  expectRefused(with("0", "18446744073709551615"), 2, "expected 16");
  expectRefused(with("-1", "16"), 2, "external_data offset '-1', expected a number");
  expectRefused(with("0x10", "16"), 2, "expected a number");
  expectRefused(with("", "16"), 2, "expected a number");
  expectRefused(import({{"location", "w.data"}, {"offset", "100"}}), 2, "has 0 bytes of data");
}

TEST_F(ExternalData, KnowsItsKeys) {
  expectRefused(import({{"location", "w.data"}, {"extra", "1"}}), 2,
                "unknown external_data key 'extra'");
  expectRefused(import({{"location", "w.data"}, {"location", "w.data"}}), 2, "twice");
  expectRefused(import({{"offset", "0"}}), 2, "without a location");
  // The keys that stand for bytes left out are not for models.
  expectRefused(import({{"zorro.offset", "0"}, {"zorro.length", "16"}}), 2,
                "unknown external_data key 'zorro.offset'");
}

// Tensors that are attributes may not name files at all.
TEST_F(ExternalData, NotInAttributes) {
  auto model = addModel();
  auto *node = addNode(model.mutable_graph(), "ConstantOfShape", {"s"}, {"z"});
  auto *shape = model.mutable_graph()->add_initializer();
  shape->set_name("s");
  shape->set_data_type(::onnx::TensorProto::INT64);
  shape->add_dims(0);
  auto *attribute = node->add_attribute();
  attribute->set_name("value");
  attribute->set_type(::onnx::AttributeProto::TENSOR);
  attribute->mutable_t()->set_data_type(1);
  attribute->mutable_t()->set_data_location(::onnx::TensorProto::EXTERNAL);
  auto *entry = attribute->mutable_t()->add_external_data();
  entry->set_key("location");
  entry->set_value("../secret");
  Imported result = importFile(folder.write("model/m.onnx", model.SerializeAsString()));
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.message.find("secret"), std::string::npos) << result.message;
}

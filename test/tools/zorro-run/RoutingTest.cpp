//===- RoutingTest.cpp - Which entry a clip goes to ----------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Entries are described by hand; the program itself runs clips of the tiny artefact.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/TinyArtefact.h"
#include "test/tools/zorro-run/Program.h"
#include "tools/npy/Npz.h"
#include "tools/zorro-run/Route.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace zorro;
using namespace zorro::test;
using namespace zorro::run;

namespace {

/// A model of entries given by the names of their inputs and outputs; tensors are [batch, 2].
class Entries {
public:
  struct Spec {
    const char *name;
    std::vector<const char *> inputs, outputs;
  };

  explicit Entries(const std::vector<Spec> &specs, int64_t batch = 1) : dims{batch, 2} {
    for (const Spec &spec : specs) {
      tensors.push_back(describe(spec.inputs));
      tensors.push_back(describe(spec.outputs));
    }
    for (size_t i = 0; i != specs.size(); ++i) {
      zorro_entry_desc entry = {};
      entry.name = specs[i].name;
      entry.inputs = tensors[2 * i].data();
      entry.input_count = uint32_t(tensors[2 * i].size());
      entry.outputs = tensors[2 * i + 1].data();
      entry.output_count = uint32_t(tensors[2 * i + 1].size());
      entries.push_back(entry);
    }
    model.entries = entries.data();
    model.entry_count = uint32_t(entries.size());
  }

  zorro_model_desc model = {};
  std::vector<zorro_entry_desc> entries;
  std::vector<std::vector<zorro_tensor_desc>> tensors;

private:
  std::vector<zorro_tensor_desc> describe(const std::vector<const char *> &names) {
    std::vector<zorro_tensor_desc> list;
    for (const char *name : names)
      list.push_back({name, "", ZORRO_F32, 2, dims, uint64_t(dims[0]) * 8});
    return list;
  }
  int64_t dims[2];
};

const std::vector<Entries::Spec> specs = {
    {"audio", {"a"}, {"ya"}},
    {"fused", {"a", "v"}, {"ya", "yv", "yf"}},
    {"without_v", {"a"}, {"ya", "yf"}},
    {"without_v2", {"a"}, {"ya", "yf"}},
};

class RoutingTest : public ::testing::Test {
protected:
  void write(const char *name, uint32_t type, std::vector<int64_t> dims,
             std::vector<float> values) {
    npy::Array array{type, std::move(dims), {}};
    for (float value : values)
      if (type == ZORRO_F32)
        array.data.insert(array.data.end(), (char *)&value, (char *)&value + 4);
      else
        array.data.push_back(char(value));
    ASSERT_FALSE(npy::writeNpy(folder.path(name), array));
  }
  std::string file(const char *name) { return "@" + folder.path(name); }

  TemporaryFolder folder;
};

} // namespace

TEST_F(RoutingTest, choosesTheMostOutputs) {
  Entries all(specs);
  Signature signature;
  ASSERT_FALSE(uniteEntries(all.model, signature));
  ASSERT_EQ(signature.inputs.size(), 2u);
  ASSERT_EQ(signature.outputs.size(), 3u);
  EXPECT_EQ(signature.batch, 1);
  // By place: a, v.
  EXPECT_EQ(chooseEntry(all.model, signature, {true, true}), 1u);
  EXPECT_EQ(chooseEntry(all.model, signature, {true, false}), 2u) << "the first among equals";
  EXPECT_EQ(chooseEntry(all.model, signature, {false, true}), std::nullopt);
}

TEST_F(RoutingTest, amongEqualsUsesMostInputs) {
  Entries all({{"without_v", {"a"}, {"y"}}, {"fused", {"a", "v"}, {"y"}}});
  Signature signature;
  ASSERT_FALSE(uniteEntries(all.model, signature));
  EXPECT_EQ(chooseEntry(all.model, signature, {true, true}), 1u);
}

TEST_F(RoutingTest, refusesWhatHasNoBatchAxis) {
  Entries one({{"fused", {"a"}, {"y"}}});
  one.tensors[0][0].rank = 0;
  Signature signature;
  npy::MaybeFailure failure = uniteEntries(one.model, signature);
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("common batch axis"), std::string::npos) << failure->message;

  Entries two({{"fused", {"a", "v"}, {"y"}}}, 4);
  int64_t other[] = {3, 2};
  two.tensors[0][1].dims = other;
  failure = uniteEntries(two.model, *std::make_unique<Signature>());
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("4x2xf32 for 'a' and 3x2xf32 for 'v'"), std::string::npos)
      << failure->message;

  Entries three({{"fused", {"a"}, {"y"}}}, 4);
  three.tensors[1][0].dims = other;
  failure = uniteEntries(three.model, *std::make_unique<Signature>());
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("expected a batch axis of 4 in front of output 'y'"),
            std::string::npos) << failure->message;

  Entries four({{"fused", {"a"}, {"y"}}, {"audio", {"a"}, {"y"}}});
  four.tensors[2][0].type = ZORRO_F16;
  failure = uniteEntries(four.model, *std::make_unique<Signature>());
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("the same in all entries"), std::string::npos)
      << failure->message;
}

TEST_F(RoutingTest, readsWhichClipsHaveWhat) {
  Entries all(specs);
  Signature signature;
  ASSERT_FALSE(uniteEntries(all.model, signature));
  float nan = NAN;
  write("a.npy", ZORRO_F32, {3, 2}, {1, 2, 3, 4, 5, 6});
  write("v.npy", ZORRO_F32, {3, 2}, {1, 2, nan, nan, nan, 6});
  write("has.npy", ZORRO_BOOL, {3}, {0, 1, 1});
  Options options;
  options.inputs = {"a=" + file("a.npy"), "v=" + file("v.npy")};
  Clips clips;
  ASSERT_FALSE(readClips(options, all.model, signature, clips));
  EXPECT_EQ(clips.count, 3);
  EXPECT_EQ(clips.present, (std::vector<std::vector<bool>>(3, {true, true})));

  options.present = {"v=" + file("has.npy")};
  clips = {};
  ASSERT_FALSE(readClips(options, all.model, signature, clips));
  EXPECT_EQ(clips.present,
            (std::vector<std::vector<bool>>{{true, false}, {true, true}, {true, true}}));

  options.nanIsAbsent = true; // one NaN is not enough
  clips = {};
  ASSERT_FALSE(readClips(options, all.model, signature, clips));
  EXPECT_EQ(clips.present,
            (std::vector<std::vector<bool>>{{true, false}, {true, false}, {true, true}}));

  Routes routes;
  ASSERT_FALSE(findRoutes(all.model, signature, clips, routes));
  EXPECT_EQ(routes.clips, (std::vector<std::vector<int64_t>>{{}, {2}, {0, 1}, {}}));
  std::vector<zorro_tensor_desc> given = givenOutputs(all.model, signature, routes);
  EXPECT_EQ(given.size(), 3u);

  options.inputs = {"a=" + file("a.npy")};
  options.present = {};
  clips = {};
  ASSERT_FALSE(readClips(options, all.model, signature, clips));
  EXPECT_EQ(clips.present, (std::vector<std::vector<bool>>(3, {true, false})));
  ASSERT_FALSE(findRoutes(all.model, signature, clips, routes));
  given = givenOutputs(all.model, signature, routes);
  ASSERT_EQ(given.size(), 2u) << "nobody gives yv";

  options.inputs = {"v=" + file("v.npy")};
  clips = {};
  ASSERT_FALSE(readClips(options, all.model, signature, clips));
  npy::MaybeFailure failure = findRoutes(all.model, signature, clips, routes);
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("no entry takes clip 0, which has v: 'audio' needs a; "
                                  "'fused' needs a, v"), std::string::npos) << failure->message;
}

TEST_F(RoutingTest, runsInBatchesAndFillsUpTheLast) {
  // 40 clips in batches of 37; fused gives (x + column) * 2.
  writeBytes(folder.path("tiny.so"), tinyArtefact());
  std::vector<float> x;
  for (int64_t i = 0; i != 40 * tinyColumns; ++i)
    x.push_back(float(i));
  write("x.npy", ZORRO_F32, {40, tinyColumns}, x);
  ProgramResult result =
      runProgram(ZORRO_RUN_PATH, {"tiny.so", "--route", "--input=x=@x.npy", "--output=y=@y.npy"},
                 folder.path());
  ASSERT_EQ(result.exitCode, 0) << result.errors;
  EXPECT_NE(result.output.find("fused         40        1  x\n"), std::string::npos)
      << result.output;
  npy::Array y;
  ASSERT_FALSE(npy::readNpy(folder.path("y.npy"), y));
  ASSERT_EQ(y.dims, (std::vector<int64_t>{40, tinyColumns}));
  for (int64_t i = 0; i != 40 * tinyColumns; ++i) {
    float value;
    memcpy(&value, y.data.data() + i * 4, 4);
    ASSERT_EQ(value, (float(i) + float(i % tinyColumns)) * 2) << i;
  }
}

TEST_F(RoutingTest, optionsOfRoutesStandAlone) {
  writeBytes(folder.path("tiny.so"), tinyArtefact());
  auto fails = [&](std::vector<std::string> arguments, const char *words) {
    arguments.insert(arguments.begin(), "tiny.so");
    ProgramResult result = runProgram(ZORRO_RUN_PATH, arguments, folder.path());
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_NE((result.errors + result.output).find(words), std::string::npos)
        << result.errors << result.output;
  };
  fails({"--route", "--each"}, "--each");
  fails({"--route", "--function=fused"}, "--function");
  fails({"--nan-is-absent"}, "--route");
  fails({"--present=x=@x.npy"}, "--route");
  fails({"--route"}, "expected at least one --input");
}

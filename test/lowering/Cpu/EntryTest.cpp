//===- EntryTest.cpp - A whole module: launches, places, record -------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Harness.h"

#include "lowering/Emit/Link.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Object/ELFObjectFile.h"

#include <gtest/gtest.h>

using namespace zorro;
using namespace zorro::test;

namespace {

const char *source = R"(
zorro.weight @w : tensor<4xf32> from "m.onnx"[0, 16] stored tensor<4xf32> hash "" {zorro.offset = 64 : i64}
zorro.table @t [11, 22]
func.func @add(%a: memref<?xf32>, %b: memref<?xf32>, %o: memref<?xf32>, %n: index,
               %begin: index, %end: index, %scratch: memref<?xi8>)
    attributes {zorro.kernel = "map", zorro.scratch = 0 : i64} {
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    %x = memref.load %a[%i] : memref<?xf32>
    %y = memref.load %b[%i] : memref<?xf32>
    %z = arith.addf %x, %y : f32
    memref.store %z, %o[%i] : memref<?xf32>
  }
  return
}
func.func @second(%o: memref<?xf32>, %t: memref<?xindex>, %n: index,
                  %begin: index, %end: index, %scratch: memref<?xi8>)
    attributes {zorro.kernel = "map", zorro.scratch = 0 : i64} {
  %c0 = arith.constant 0 : index
  %v = memref.load %t[%c0] : memref<?xindex>
  %w = arith.addi %v, %n : index
  %i = arith.index_cast %w : index to i32
  %f = arith.sitofp %i : i32 to f32
  memref.store %f, %o[%c0] : memref<?xf32>
  return
}
func.func @both() attributes {zorro.entry} {
  zorro.launch @add tasks 4 places [#zorro.place<input 1, 4>, #zorro.place<weight @w, 0>, #zorro.place<arena, 128>]
      scalars [4] multiply_adds 0 bytes 0
  zorro.launch @add tasks 4 places [#zorro.place<arena, 128>, #zorro.place<input 0, 0>, #zorro.place<output 0, 0>]
      scalars [4] multiply_adds 0 bytes 0
  return
}
func.func @one() attributes {zorro.entry} {
  zorro.launch @second tasks 1 places [#zorro.place<output 0, 0>, #zorro.place<table @t, 8>]
      scalars [5] multiply_adds 0 bytes 0
  return
}
)";

/// A runtime of one thread.
struct Runtime {
  const zorro_code *code;
  std::vector<uint32_t> launches, kernels; // kernels[i]: of launch i
  uint32_t failAt = ~0u;
};

int32_t launch(zorro_frame *frame, uint32_t index, const int64_t *args, int64_t tasks) {
  auto *runtime = static_cast<Runtime *>(frame->runtime);
  runtime->launches.push_back(index);
  if (index == runtime->failAt)
    return 42;
  runtime->code->kernels[runtime->kernels[index]](args, 0, tasks, nullptr);
  return 0;
}

mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text) {
  return mlir::parseSourceString<mlir::ModuleOp>(text, &context());
}

TEST(Entry, RunsLaunchesInOrder) {
  auto module = parse(source);
  ASSERT_TRUE(module);
  auto target = CpuTarget::get("native");
  ASSERT_TRUE(succeeded(target));
  const zorro_code *code = load(*module, *target);
  ASSERT_TRUE(code);
  EXPECT_EQ(code->abi_version, ZORRO_ABI_VERSION);
  ASSERT_EQ(code->entry_count, 2u);
  ASSERT_EQ(code->kernel_count, 2u);

  Runtime runtime{code, {}, {0, 0}};
  zorro_runtime_table table{ZORRO_ABI_VERSION, 0, launch};
  alignas(64) char arena[256], weights[128];
  float in0[4] = {1, 2, 3, 4}, in1[5] = {0, 10, 20, 30, 40}, out[4] = {};
  for (int i = 0; i < 4; ++i)
    reinterpret_cast<float *>(weights + 64)[i] = 100 * (i + 1);
  const void *inputs[] = {in0, in1};
  void *outputs[] = {out};
  zorro_frame frame{&table, &runtime, arena, weights, inputs, outputs};
  EXPECT_EQ(code->entries[0](&frame), 0);
  EXPECT_EQ(runtime.launches, (std::vector<uint32_t>{0, 1}));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(out[i], 111 * (i + 1));

  // A launch that fails ends the entry with its status.
  runtime = Runtime{code, {}, {0, 0}, 0};
  EXPECT_EQ(code->entries[0](&frame), 42);
  EXPECT_EQ(runtime.launches.size(), 1u);

  // The table's second word plus the scalar.
  runtime = Runtime{code, {}, {1}};
  EXPECT_EQ(code->entries[1](&frame), 0);
  EXPECT_EQ(out[0], 27);
}

std::string messageOf(llvm::function_ref<void()> body) {
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context(), [&](mlir::Diagnostic &diagnostic) {
    message += diagnostic.str();
    return mlir::success();
  });
  body();
  return message;
}

TEST(Entry, WeightsNeedAPlace) {
  auto module = parse(source);
  auto target = CpuTarget::get("x86-64-v3");
  (*module->getOps<WeightOp>().begin())->removeAttr(kOffsetAttr);
  std::string message = messageOf([&] { EXPECT_TRUE(failed(lowerToLlvm(*module, *target))); });
  EXPECT_NE(message.find("expected a weight with an offset but got @w"), std::string::npos)
      << message;
}

/// Everything of the object but the exported record is hidden, and equal input gives equal bytes.
TEST(Entry, ExportsOneNameAndIsReproducible) {
  auto target = CpuTarget::get("x86-64-v3");
  std::vector<ObjectCode> made;
  for (unsigned threads : {1, 2}) {
    auto module = parse(source);
    ASSERT_TRUE(succeeded(lowerToLlvm(*module, *target)));
    auto objects = compileObjects(*module, *target, threads);
    ASSERT_TRUE(succeeded(objects));
    auto code = linkObjects(*objects, module->getLoc());
    ASSERT_TRUE(succeeded(code));
    made.push_back(*code);
  }
  EXPECT_EQ(made[0], made[1]);
  auto file = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef(llvm::StringRef(made[0].data(), made[0].size()), "code.so"));
  ASSERT_TRUE(bool(file));
  std::vector<std::string> exported;
  for (auto symbol :
       llvm::cast<llvm::object::ELFObjectFileBase>(**file).getDynamicSymbolIterators())
    if (auto name = symbol.getName(); name && !name->empty())
      exported.push_back(name->str());
  EXPECT_EQ(exported, std::vector<std::string>{ZORRO_CODE_SYMBOL});
}

TEST(Entry, LibraryCallsAreRefused) {
  auto module = parse(R"(
    func.func @k(%o: memref<?xf64>, %begin: index, %end: index, %scratch: memref<?xi8>) {
      %x = memref.load %o[%begin] : memref<?xf64>
      %y = math.exp %x : f64
      memref.store %y, %o[%begin] : memref<?xf64>
      return
    })");
  auto target = CpuTarget::get("x86-64-v3");
  std::string message = messageOf([&] { EXPECT_EQ(load(*module, *target), nullptr); });
  EXPECT_NE(message.find("expected code without library calls but got 'exp'"), std::string::npos)
      << message;
}

TEST(Target, NamesAreFeatureSets) {
  auto v3 = CpuTarget::get("x86-64-v3"), v4 = CpuTarget::get("x86-64-v4");
  auto zen = CpuTarget::get("znver4"), rapids = CpuTarget::get("sapphirerapids");
  ASSERT_TRUE(succeeded(v3) && succeeded(v4) && succeeded(zen) && succeeded(rapids));
  EXPECT_EQ(v3->lanes, 8u);
  EXPECT_EQ(v4->lanes, 16u);
  EXPECT_EQ(packWidth(*v3), 24);
  EXPECT_EQ(packWidth(*v4), 48);
  EXPECT_EQ(v3->abiFeatures >> ZORRO_CPU_AVX512F, 0u);
  EXPECT_TRUE(v4->abiFeatures >> ZORRO_CPU_AVX512VL & 1);
  EXPECT_EQ(zen->features, rapids->features);
  EXPECT_EQ(v3->cpu, "x86-64");
  std::string message;
  EXPECT_TRUE(failed(CpuTarget::get("pentium", &message)));
  EXPECT_NE(message.find("but got 'pentium'"), std::string::npos);
}

} // namespace

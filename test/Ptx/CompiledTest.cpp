//===- CompiledTest.cpp - LLVM IR through LLVM's own NVPTX, then interpreted ----*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "TestKernel.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <cmath>

using namespace zorro::ptx;
using namespace zorro::ptx::test;

namespace {

std::string compile(const std::string &text, const char *cpu = "sm_80") {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(text, diagnostic, context);
  if (!module) {
    ADD_FAILURE() << diagnostic.getMessage().str() << " in line " << diagnostic.getLineNo();
    return "";
  }
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string message;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  EXPECT_TRUE(target) << message;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, cpu, "+ptx80", {}, std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  module->setTargetTriple(triple);
  module->setDataLayout(machine->createDataLayout());
  llvm::SmallString<0> ptx;
  llvm::raw_svector_ostream stream(ptx);
  llvm::legacy::PassManager passes;
  EXPECT_FALSE(
      machine->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile));
  passes.run(*module);
  return ptx.str().str();
}

/// %r of `body`, an i32 made of %a and %b (i32) or %x and %y (float), for 64 pairs.
template <typename F>
void check(const std::string &body, F expect, const std::string &declarations = "") {
  std::string text = declarations + R"(
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
define ptx_kernel void @k(ptr addrspace(1) %in, ptr addrspace(1) %out) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %t2 = shl i32 %t, 1
  %pa = getelementptr i32, ptr addrspace(1) %in, i32 %t2
  %pb = getelementptr i32, ptr addrspace(1) %pa, i32 1
  %a = load i32, ptr addrspace(1) %pa
  %b = load i32, ptr addrspace(1) %pb
  %x = bitcast i32 %a to float
  %y = bitcast i32 %b to float
)" + body + R"(
  br label %store
store:
  %po = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %r, ptr addrspace(1) %po
  ret void
}
)";
  std::string ptx = compile(text);
  Memory memory;
  std::vector<int32_t> values = {
      0,          1,          -1,         5,        -7,     100,        INT32_MAX,  INT32_MIN,
      0x3F800000, 0x40490FDB, 0x3E000000, 12345678, -99999, 0x42C80000, 0x7F800000, 0x12345};
  std::vector<int32_t> in;
  for (size_t i = 0; i < 64; ++i) {
    in.push_back(values[i % 16]);
    in.push_back(values[(i * 7 + i / 16) % 16]);
  }
  uint64_t from = memory.upload(in), to = memory.allocate(256);
  Outcome outcome = runText(ptx, memory, {from, to}, {64, 1, 1});
  ASSERT_TRUE(outcome.statistics) << body << "\n" << outcome.error << "\n" << ptx;
  std::vector<int32_t> out = memory.download<int32_t>(to, 64);
  for (size_t i = 0; i < 64; ++i)
    EXPECT_EQ(out[i], int32_t(expect(in[2 * i], in[2 * i + 1])))
        << body << " of " << in[2 * i] << " and " << in[2 * i + 1];
}
using U = uint32_t;
float asFloat(int32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
int32_t asInt(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}

TEST(Compiled, Integers) {
  check("%r = sdiv i32 %a, 7", [](int32_t a, int32_t) { return a / 7; });
  check("%r = srem i32 %a, 10", [](int32_t a, int32_t) { return a % 10; });
  check("%r = udiv i32 %a, 1000003", [](int32_t a, int32_t) { return U(a) / 1000003; });
  check("%o = or i32 %b, 1\n %r = urem i32 %a, %o",
        [](int32_t a, int32_t b) { return U(a) % (U(b) | 1); });
  check("%w = sext i32 %a to i64\n %v = sext i32 %b to i64\n %m = mul i64 %w, %v\n"
        "%d = sdiv i64 %m, 12345\n %r = trunc i64 %d to i32",
        [](int32_t a, int32_t b) { return int64_t(a) * b / 12345; });
  check("%s = trunc i32 %a to i16\n %d = sdiv i16 %s, 3\n %r = sext i16 %d to i32",
        [](int32_t a, int32_t) { return int16_t(a) / 3; });
  check("%s = trunc i32 %a to i8\n %d = ashr i8 %s, 2\n %r = sext i8 %d to i32",
        [](int32_t a, int32_t) { return int8_t(a) >> 2; });
  check("%c = icmp ult i32 %a, %b\n %d = icmp sgt i32 %a, 3\n %e = xor i1 %c, %d\n"
        "%r = select i1 %e, i32 %a, i32 %b",
        [](int32_t a, int32_t b) { return (U(a) < U(b)) != (a > 3) ? a : b; });
}

TEST(Compiled, BitTricks) {
  std::string declarations = "declare i32 @llvm.fshl.i32(i32, i32, i32)\n"
                             "declare i32 @llvm.ctpop.i32(i32)\n"
                             "declare i32 @llvm.ctlz.i32(i32, i1)\n"
                             "declare i32 @llvm.bitreverse.i32(i32)\n"
                             "declare i32 @llvm.bswap.i32(i32)\n"
                             "declare i32 @llvm.uadd.sat.i32(i32, i32)\n"
                             "declare i32 @llvm.smax.i32(i32, i32)\n";
  check(
      "%r = call i32 @llvm.fshl.i32(i32 %a, i32 %b, i32 9)",
      [](int32_t a, int32_t b) { return U(a) << 9 | U(b) >> 23; }, declarations);
  check(
      "%p = call i32 @llvm.ctpop.i32(i32 %a)\n %q = call i32 @llvm.ctlz.i32(i32 %b, i1 0)\n"
      "%r = add i32 %p, %q",
      [](int32_t a, int32_t b) {
        return __builtin_popcount(U(a)) + (b ? __builtin_clz(U(b)) : 32);
      },
      declarations);
  check(
      "%r = call i32 @llvm.bswap.i32(i32 %a)",
      [](int32_t a, int32_t) { return __builtin_bswap32(U(a)); }, declarations);
  check(
      "%r = call i32 @llvm.uadd.sat.i32(i32 %a, i32 %b)",
      [](int32_t a, int32_t b) { return U(a) + U(b) < U(a) ? ~0u : U(a) + U(b); }, declarations);
  check(
      "%r = call i32 @llvm.smax.i32(i32 %a, i32 %b)",
      [](int32_t a, int32_t b) { return std::max(a, b); }, declarations);
}

TEST(Compiled, Floats) {
  check("%s = fadd float %x, %y\n %r = bitcast float %s to i32", [](int32_t a, int32_t b) {
    float sum = asFloat(a) + asFloat(b);
    return sum != sum ? 0x7FFFFFFF : asInt(sum);
  });
  check("%c = fcmp olt float %x, %y\n %d = fcmp une float %x, 1.0\n %e = and i1 %c, %d\n"
        "%r = zext i1 %e to i32",
        [](int32_t a, int32_t b) { return asFloat(a) < asFloat(b) && asFloat(a) != 1.0f; });
  check("%d = sitofp i32 %a to double\n %e = fdiv double %d, 3.0\n %r = fptosi double %e to i32",
        [](int32_t a, int32_t) { return int32_t(a / 3.0); });
  check("%h = sitofp i32 %a to float\n %b16 = fptrunc float %h to bfloat\n"
        "%w = fpext bfloat %b16 to float\n %r = bitcast float %w to i32",
        [](int32_t a, int32_t) {
          U bits = U(asInt(float(a)));
          return (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000;
        });
  check("%i = and i32 %a, 2047\n %h = sitofp i32 %i to half\n %g = fmul half %h, 0xH3800\n"
        "%r = fptosi half %g to i32",
        [](int32_t a, int32_t) { return (a & 2047) / 2; });
}

TEST(Compiled, LoopsAndBranches) {
  // Collatz steps, up to 50; every lane takes its own number.
  check(R"(  %n0 = and i32 %a, 1023
  %n1 = or i32 %n0, 1
  br label %loop
loop:
  %n = phi i32 [ %n1, %entry ], [ %next, %body ]
  %i = phi i32 [ 0, %entry ], [ %i1, %body ]
  %one = icmp eq i32 %n, 1
  %full = icmp uge i32 %i, 50
  %end = or i1 %one, %full
  br i1 %end, label %done, label %body
body:
  %odd = and i32 %n, 1
  %isodd = icmp ne i32 %odd, 0
  %triple = mul i32 %n, 3
  %up = add i32 %triple, 1
  %down = lshr i32 %n, 1
  %next = select i1 %isodd, i32 %up, i32 %down
  %i1 = add i32 %i, 1
  br label %loop
done:
  %r = add i32 %i, 0)",
        [](int32_t a, int32_t) {
          U n = (U(a) & 1023) | 1, i = 0;
          for (; n != 1 && i < 50; ++i)
            n = n & 1 ? 3 * n + 1 : n / 2;
          return i;
        });
}

TEST(Compiled, SumsOfABlock) {
  std::string ptx = compile(R"(
@buffer = internal addrspace(3) global [4 x float] undef, align 4
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare float @llvm.nvvm.shfl.sync.bfly.f32(i32, float, i32, i32)
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
define ptx_kernel void @k(ptr addrspace(1) %in, ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %p = getelementptr <4 x float>, ptr addrspace(1) %in, i32 %t
  %v = load <4 x float>, ptr addrspace(1) %p
  %v0 = extractelement <4 x float> %v, i32 0
  %v1 = extractelement <4 x float> %v, i32 1
  %v2 = extractelement <4 x float> %v, i32 2
  %v3 = extractelement <4 x float> %v, i32 3
  %s01 = fadd float %v0, %v1
  %s23 = fadd float %v2, %v3
  %s = fadd float %s01, %s23
  %o1 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %s, i32 16, i32 31)
  %q1 = fadd float %s, %o1
  %o2 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %q1, i32 8, i32 31)
  %q2 = fadd float %q1, %o2
  %o3 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %q2, i32 4, i32 31)
  %q3 = fadd float %q2, %o3
  %o4 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %q3, i32 2, i32 31)
  %q4 = fadd float %q3, %o4
  %o5 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %q4, i32 1, i32 31)
  %q5 = fadd float %q4, %o5
  %lane = and i32 %t, 31
  %warp = lshr i32 %t, 5
  %first = icmp eq i32 %lane, 0
  br i1 %first, label %write, label %meet
write:
  %slot = getelementptr float, ptr addrspace(3) @buffer, i32 %warp
  store float %q5, ptr addrspace(3) %slot
  br label %meet
meet:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %b0 = load float, ptr addrspace(3) @buffer
  %g1 = getelementptr float, ptr addrspace(3) @buffer, i32 1
  %b1 = load float, ptr addrspace(3) %g1
  %g2 = getelementptr float, ptr addrspace(3) @buffer, i32 2
  %b2 = load float, ptr addrspace(3) %g2
  %g3 = getelementptr float, ptr addrspace(3) @buffer, i32 3
  %b3 = load float, ptr addrspace(3) %g3
  %c01 = fadd float %b0, %b1
  %c23 = fadd float %b2, %b3
  %c = fadd float %c01, %c23
  %po = getelementptr float, ptr addrspace(1) %out, i32 %t
  store float %c, ptr addrspace(1) %po
  ret void
}
)");
  Memory memory;
  std::vector<float> in(512);
  for (size_t i = 0; i < 512; ++i)
    in[i] = float(i);
  uint64_t from = memory.upload(in), to = memory.allocate(512);
  Outcome outcome = runText(ptx, memory, {from, to}, {128, 1, 1});
  ASSERT_TRUE(outcome.statistics) << outcome.error << "\n" << ptx;
  for (float sum : memory.download<float>(to, 128))
    EXPECT_EQ(sum, 511 * 256.0f);
  // The same without its barrier is a race.
  size_t barrier = ptx.find("bar");
  while (ptx.compare(barrier, 4, "bar.") && ptx.compare(barrier, 7, "barrier"))
    barrier = ptx.find("bar", barrier + 1);
  ptx.replace(barrier, ptx.find(';', barrier) - barrier, "");
  EXPECT_FALSE(runText(ptx, memory, {from, to}, {128, 1, 1}).statistics);
}

} // namespace

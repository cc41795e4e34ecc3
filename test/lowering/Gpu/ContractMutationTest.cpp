//===- ContractMutationTest.cpp - Faults planted into contractions ----------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One instruction of a kernel is broken at a time; the cases below must notice. They are a few of
// those of ContractTest: all ways to fill a stage, more steps than the ring has stages, and tails
// everywhere.
//
//===----------------------------------------------------------------------------------------===//

#include "ContractCase.h"
#include "test/Ptx/Mutate.h"

#include <gtest/gtest.h>

#include <map>

using namespace zorro;
using namespace zorro::test;

namespace {

/// Cases of one kernel; all must be well as it is.
void mutate(std::vector<ContractCase> cases, double share) {
  GpuKernel *kernel = cases[0].kernel();
  ASSERT_TRUE(kernel);
  std::vector<uint64_t> conflicts;
  for (const ContractCase &c : cases) {
    ASSERT_EQ(c.kernel(), kernel);
    ContractRun run(c);
    ASSERT_TRUE(run.ok) << run.error;
    ASSERT_LE(run.error64, c.tolerance());
    ASSERT_TRUE(run.untouched);
    conflicts.push_back(run.statistics.conflicts());
  }
  auto passes = [&](const ptx::Module &module) {
    kernel->replacement = &module;
    bool well = true;
    for (size_t i = 0; well && i < cases.size(); ++i) {
      ContractRun run(cases[i]);
      well = run.ok && run.error64 <= cases[i].tolerance() && run.untouched &&
             run.statistics.conflicts() == conflicts[i];
    }
    kernel->replacement = nullptr;
    return well;
  };

  // A compare is written for every element of a piece, and pieces begin at multiples of their size:
  // only one copy can meet its bound. Copies of one compare are one fault.
  std::map<std::string, bool> compares;
  std::vector<ptx::Mutation> others;
  testing::internal::CaptureStderr(); // every fault that is found is told there
  for (const ptx::Mutation &m : ptx::someOf(ptx::mutationsOf(kernel->ptx), 12)) {
    if (m.kind != "compare off by one") {
      others.push_back(m);
      continue;
    }
    std::string bound = m.before.substr(m.before.rfind(',') + 1);
    compares[bound] |= ptx::tryMutations(kernel->ptx, {m}, passes).noticed > 0;
  }
  ptx::MutationReport report = ptx::tryMutations(kernel->ptx, others, passes);
  testing::internal::GetCapturedStderr();
  for (const auto &[bound, noticed] : compares) {
    ++report.tried;
    report.noticed += noticed;
    if (!noticed)
      report.survivors.push_back("compare off by one, all with" + bound);
  }
  std::printf("%s", report.text().c_str());
  EXPECT_GE(report.share(), share);
}

} // namespace

namespace {

/// Rows in order; a batch that ends inside of a tile, with gaps; nothing even.
std::vector<ContractCase> variants(ContractCase c) {
  c.batches = 2;
  c.rows = 33;
  c.epilogue = "all";
  c.limit = 200'000;
  std::vector<ContractCase> cases(3, c);
  cases[0].infinite = 40;
  cases[1].rows = 19;
  cases[1].gap = 8;
  cases[1].infinite = 20;
  cases[2].rows = 9;
  cases[2].gap = cases[2].offset = 1;
  cases[2].infinite = 3;
  return cases;
}

} // namespace

TEST(GpuContractMutations, Bf16) {
  ContractCase c;
  c.n = 74;
  c.k = 200;
  c.schedule = "tile = [32, 64], block = 3, unroll = 1";
  mutate(variants(c), 0.95);
}

TEST(GpuContractMutations, Tf32) {
  ContractCase c;
  c.n = 70;
  c.k = 102; // pieces of 8 bytes
  c.tf32 = true;
  c.schedule = "tile = [32, 64], block = 3, unroll = 1";
  mutate(variants(c), 0.95);
}

TEST(GpuContractMutations, RoundedRows) {
  ContractCase c;
  c.n = 70;
  c.k = 140;
  c.wideRows = true;
  c.schedule = "tile = [16, 64], block = 2, unroll = 1";
  mutate(variants(c), 0.95);
}

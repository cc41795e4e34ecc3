//===- TestKernel.h - Short PTX texts for tests ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_TESTKERNEL_H
#define ZORRO_TEST_PTX_TESTKERNEL_H

#include "Ptx.h"

#include <gtest/gtest.h>

namespace zorro::ptx::test {

/// A kernel `k` of these statements: parameters p0, p1, ... of 64 bits; registers %p, %rs, %r, %rd,
/// %f (32 bits) and %d (64 bits); `smem` is dynamic shared memory. Line 1 is the first statement's.
inline std::string kernel(const std::string &body, unsigned params = 2,
                          const std::string &before = "") {
  std::string text = ".version 8.3 .target sm_90a .address_size 64 " + before +
                     ".extern .shared .align 1024 .b8 smem[]; .visible .entry k(";
  for (unsigned i = 0; i < params; ++i)
    text += (i ? ", .param .b64 p" : ".param .b64 p") + std::to_string(i);
  return text +
         ") { .reg .pred %p<40>; .reg .b16 %rs<40>; .reg .b32 %r<400>; .reg .b64 %rd<80>; "
         ".reg .f32 %f<400>; .reg .f64 %d<40>; .reg .b128 %q<4>; " +
         body + "}";
}

struct Outcome {
  std::optional<Statistics> statistics;
  std::string error;
};

inline Outcome runText(const std::string &text, Memory &memory, const std::vector<uint64_t> &params,
                       Dim3 block = {32, 1, 1}, uint32_t dynamicShared = 0, Dim3 grid = {1, 1, 1}) {
  Outcome outcome;
  std::optional<Module> module = Module::parse(text, outcome.error);
  if (!module)
    return outcome;
  Launch launch;
  launch.grid = grid;
  launch.block = block;
  launch.dynamicShared = dynamicShared;
  for (uint64_t param : params)
    launch.add(param);
  outcome.statistics = run(*module, "k", launch, memory, outcome.error);
  return outcome;
}

/// Whether a run ended with an error that contains `what`.
inline ::testing::AssertionResult says(const Outcome &outcome, const std::string &what) {
  if (!outcome.statistics && outcome.error.find(what) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << (outcome.statistics ? "it ran" : outcome.error);
}

/// Each of 32 lanes stores what `body` leaves in `result` (a register of T's size): lane i's input
/// of type A stands in `first`, likewise `second`.
inline std::string lanesText(const std::string &body, const std::string &in,
                             const std::string &first, const std::string &second,
                             const std::string &out, const std::string &result, unsigned inBytes,
                             unsigned outBytes) {
  return kernel("ld.param.b64 %rd1, [p0]; ld.param.b64 %rd2, [p1]; mov.u32 %r1, %tid.x;\n"
                "mul.wide.u32 %rd3, %r1, " +
                std::to_string(2 * inBytes) +
                "; add.s64 %rd4, %rd1, %rd3;\n"
                "ld.global." +
                in + " " + first +
                ", [%rd4];\n"
                "ld.global." +
                in + " " + second + ", [%rd4+" + std::to_string(inBytes) + "];\n" + body +
                "\nmul.wide.u32 %rd5, %r1, " + std::to_string(outBytes) +
                "; add.s64 %rd6, %rd2, %rd5;\n"
                "st.global." +
                out + " [%rd6], " + result + "; ret;\n");
}

} // namespace zorro::ptx::test

#endif // ZORRO_TEST_PTX_TESTKERNEL_H

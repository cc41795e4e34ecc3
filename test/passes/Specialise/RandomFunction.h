//===- RandomFunction.h - A function of streams by its seed -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Random functions of the zorro phase: streams, masks of every kind, moves, joins, padding.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PASSES_SPECIALISE_RANDOMFUNCTION_H
#define ZORRO_TEST_PASSES_SPECIALISE_RANDOMFUNCTION_H

#include <string>

namespace zorro::test {

/// A module with @main: its inputs are the streams `a` and `b`, [1, tokens, 4], and the padding `p`,
/// [32].
std::string writeRandomFunction(unsigned seed);

} // namespace zorro::test

#endif // ZORRO_TEST_PASSES_SPECIALISE_RANDOMFUNCTION_H

//===- Mutate.h - Breaks single instructions of a kernel ------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A test of a kernel is as good as the faults that it notices. Each mutation breaks one instruction
// the way a programmer would: a barrier left out, an address off by one element, a compare off by
// one, fragments swapped, a swizzle's constant wrong. The module's text is all that is needed.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_MUTATE_H
#define ZORRO_TEST_PTX_MUTATE_H

#include "Ptx.h"

namespace zorro::ptx {

struct Mutation {
  /// What kind of fault, for instance "delete bar" or "compare off by one".
  std::string kind;
  uint32_t line = 0;
  /// The statement and what stands in its place.
  std::string before, after;
  size_t begin = 0, end = 0;

  std::string apply(std::string_view text) const;
};

/// All mutations of the kernels in `text`, in the order of the text.
std::vector<Mutation> mutationsOf(std::string_view text);

/// At most `perKind` of each kind, chosen by `seed`; compares and sizes are all kept.
std::vector<Mutation> someOf(const std::vector<Mutation> &mutations, size_t perKind,
                             unsigned seed = 1);

struct MutationReport {
  size_t tried = 0, noticed = 0;
  /// Of each kind: noticed, tried.
  std::map<std::string, std::pair<size_t, size_t>> kinds;
  /// What nobody noticed: kind, line, before and after.
  std::vector<std::string> survivors;

  double share() const { return tried ? double(noticed) / double(tried) : 0; }
  std::string text() const;
};

/// Applies each mutation and asks `passes` whether all seems well with the module. It should set
/// Launch::limit to a few times what the kernel needs: some mutations never end.
MutationReport tryMutations(std::string_view text, const std::vector<Mutation> &mutations,
                            const std::function<bool(const Module &)> &passes);

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_MUTATE_H

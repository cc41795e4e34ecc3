//===- RuleSwitch.h - Rules that a test can take out ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A rule that no test misses is not tested. A test that builds these sources with
// ZORRO_RULE_SWITCHES can take out one at a time; otherwise none can be.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_RULESWITCH_H
#define ZORRO_PASSES_ANALYSIS_RULESWITCH_H

#include <cstdint>

namespace zorro {

#define ZORRO_RULES(RULE)                                                                          \
  RULE(BandKeys, "later rows of a band see other keys")                                            \
  RULE(PaddedKeys, "padding decides what a row reads")                                             \
  RULE(EmptiedRows, "padding may empty a row")                                                     \
  RULE(TwoKeys, "of two live keys the query decides")                                              \
  RULE(EmptyMean, "an empty uniform row reads all values")                                         \
  RULE(SoftmaxEmptied, "a softmax row without a sure live score may be empty")                     \
  RULE(SoftmaxNaN, "a softmax row of NaN or all -inf is NaN")                                      \
  RULE(ZeroTimesNaN, "0 times NaN is NaN")                                                         \
  RULE(InfinityPlusNaN, "-inf plus NaN is NaN")                                                    \
  RULE(Condition, "a condition decides what is selected")                                          \
  RULE(Reduction, "every part of a reduction counts")                                              \
  RULE(Statistic, "a normalisation reads the whole row")                                           \
  RULE(Epilogue, "an epilogue reads its extras")                                                   \
  RULE(Join, "a joined cell is as tainted as its parts")                                           \
  RULE(Reshape, "misaligned merges and splits move cells")                                         \
  RULE(Take, "a step skips and keeps positions")                                                   \
  RULE(Concat, "parts follow each other")                                                          \
  RULE(LoopOrder, "a loop's cell goes where its map says")

enum class Rule : uint8_t {
  None,
#define RULE(name, text) name,
  ZORRO_RULES(RULE)
#undef RULE
};

#ifdef ZORRO_RULE_SWITCHES
/// The rule that is taken out.
extern Rule ruleOff;
inline bool isOff(Rule rule) { return rule == ruleOff; }
#else
constexpr bool isOff(Rule) { return false; }
#endif

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_RULESWITCH_H

//===- Tokens.h - Words of PTX --------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_TOKENS_H
#define ZORRO_TEST_PTX_TOKENS_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zorro::ptx {

struct Token {
  enum Kind : uint8_t { kName, kNumber, kMark, kText, kEnd };
  Kind kind = kEnd;
  std::string text;
  uint32_t line = 0;
};

/// All words of `text`, comments left out, and an end.
std::vector<Token> tokensOf(std::string_view text);

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_TOKENS_H

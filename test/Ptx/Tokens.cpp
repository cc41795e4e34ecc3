//===- Tokens.cpp - Words of PTX ------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Tokens.h"

#include <algorithm>
#include <cctype>

namespace zorro::ptx {

static bool isNameChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '.' ||
         c == '%';
}

std::vector<Token> tokensOf(std::string_view text) {
  std::vector<Token> tokens;
  uint32_t line = 1;
  for (size_t i = 0; i < text.size();) {
    char c = text[i];
    if (c == '\n') {
      ++line, ++i;
    } else if (std::isspace(static_cast<unsigned char>(c)) || c == '\0') {
      ++i;
    } else if (text.substr(i, 2) == "//") {
      while (i < text.size() && text[i] != '\n')
        ++i;
    } else if (text.substr(i, 2) == "/*") {
      size_t end = text.find("*/", i);
      end = end == text.npos ? text.size() : end + 2;
      line += uint32_t(std::count(text.begin() + long(i), text.begin() + long(end), '\n'));
      i = end;
    } else if (c == '"') {
      size_t end = std::min(text.find('"', i + 1), text.size() - 1);
      tokens.push_back({Token::kText, std::string(text.substr(i + 1, end - i - 1)), line});
      i = end + 1;
    } else if (std::isdigit(static_cast<unsigned char>(c))) {
      size_t end = i;
      while (end < text.size() &&
             (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '.'))
        ++end;
      tokens.push_back({Token::kNumber, std::string(text.substr(i, end - i)), line});
      i = end;
    } else if (isNameChar(c)) {
      size_t end = i;
      while (end < text.size() && (isNameChar(text[end]) || text.substr(end, 2) == "::" ||
                                   (end && text.substr(end - 1, 2) == "::")))
        ++end;
      tokens.push_back({Token::kName, std::string(text.substr(i, end - i)), line});
      i = end;
    } else {
      tokens.push_back({Token::kMark, std::string(1, c), line});
      ++i;
    }
  }
  tokens.push_back({Token::kEnd, "", line});
  return tokens;
}

} // namespace zorro::ptx

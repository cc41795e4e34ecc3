//===- Html.cpp - Escaping and formatting ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Html.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

#include <cstdio>

using namespace zorro;
using namespace zorro::report;

static constexpr llvm::StringLiteral kReplacement = "\xEF\xBF\xBD";

/// Bytes of the character that `text` begins with; 0 where it is not UTF-8.
static size_t lengthOfCharacter(llvm::StringRef text) {
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.data());
  size_t length = llvm::getNumBytesForUTF8(*begin);
  return length <= text.size() && llvm::isLegalUTF8Sequence(begin, begin + length) ? length : 0;
}

/// Characters that turn the direction of what follows: a name could look like another.
static bool turnsDirection(llvm::StringRef character) {
  auto *begin = reinterpret_cast<const llvm::UTF8 *>(character.data());
  llvm::UTF32 code = 0, *end = &code;
  if (llvm::ConvertUTF8toUTF32(&begin, begin + character.size(), &end, end + 1,
                               llvm::strictConversion) != llvm::conversionOK)
    return false;
  return code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string report::escape(llvm::StringRef text) {
  std::string result;
  while (!text.empty()) {
    size_t length = lengthOfCharacter(text);
    llvm::StringRef character = text.take_front(std::max<size_t>(length, 1));
    text = text.drop_front(character.size());
    unsigned char first = character.front();
    bool isControl = length == 1 && (first == 0x7f || (first < 0x20 && first != '\n'));
    // U+0080…U+009F are control characters, too.
    isControl |= length == 2 && first == 0xC2 && (unsigned char)character[1] < 0xA0;
    if (!length || isControl || (length == 3 && turnsDirection(character)))
      result += kReplacement;
    else if (first == '<')
      result += "&lt;";
    else if (first == '>')
      result += "&gt;";
    else if (first == '&')
      result += "&amp;";
    else if (first == '"')
      result += "&quot;";
    else if (first == '\'')
      result += "&#39;";
    else
      result.append(character.data(), character.size());
  }
  return result;
}

Html &Html::operator<<(llvm::StringRef text) {
  constexpr size_t longest = 2000;
  return put(escape(text.size() > longest ? shorten(text, longest) : text.str()));
}

Html &Html::operator<<(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", number);
  llvm::StringRef shown = text;
  shown = shown.rtrim('0').rtrim('.');
  return put(shown == "-0" ? "0" : shown);
}

std::string report::formatCount(uint64_t number) {
  std::string digits = std::to_string(number), result;
  for (size_t i = 0; i != digits.size(); ++i) {
    if (i && (digits.size() - i) % 3 == 0)
      result += "\u202F";
    result += digits[i];
  }
  return result;
}

/// Three significant digits and a unit; each unit is `step` of the one before.
static std::string withUnit(double number, double step, llvm::ArrayRef<llvm::StringLiteral> units) {
  size_t unit = 0;
  while (number >= step && unit + 1 != units.size()) {
    number /= step;
    ++unit;
  }
  char text[32];
  int digits = unit == 0 || number >= 100 ? 0 : number >= 10 ? 1 : 2;
  std::snprintf(text, sizeof(text), "%.*f", digits, number);
  return text + ("\u00A0" + units[unit]).str();
}

std::string report::formatFlops(uint64_t multiplyAdds) {
  return withUnit(2.0 * multiplyAdds, 1000, {"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"});
}

std::string report::formatBytes(uint64_t bytes) {
  return withUnit(bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB"});
}

std::string report::formatShare(uint64_t part, uint64_t whole) {
  if (!whole)
    return "–";
  double share = 100.0 * part / whole;
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f\u00A0%%", share < 9.95 && part ? 1 : 0, share);
  return share > 0 && share < 0.05 ? "<\u00A00.1\u00A0%" : text;
}

std::string report::countOf(uint64_t number, llvm::StringRef thing) {
  return formatCount(number) + "\u00A0" + thing.str() + (number == 1 ? "" : "s");
}

std::string report::shorten(llvm::StringRef text, size_t length) {
  llvm::SmallVector<size_t> starts; // of characters
  for (size_t at = 0; at < text.size(); at += std::max<size_t>(lengthOfCharacter(text.substr(at)), 1))
    starts.push_back(at);
  if (starts.size() <= length)
    return text.str();
  size_t front = (length - 1) / 2, back = length - 1 - front;
  return text.take_front(starts[front]).str() + "…" +
         text.substr(starts[starts.size() - back]).str();
}

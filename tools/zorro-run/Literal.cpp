//===- Literal.cpp - Arrays written on the command line ----------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Sizes are checked before memory is taken: a shape is quickly mistyped.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Literal.h"

#include "tools/zorro-run/Elements.h"

#include <cstring>

using namespace zorro;
using npy::Failure;

bool run::parseShape(const std::string &text, uint32_t &type, std::vector<int64_t> &dims) {
  dims.clear();
  size_t at = 0;
  for (;;) {
    size_t end = text.find('x', at);
    std::string part = text.substr(at, end == std::string::npos ? end : end - at);
    if (end == std::string::npos) {
      for (type = 1; type <= ZORRO_BF16; ++type)
        if (zorro_type_name(type) && part == zorro_type_name(type))
          return true;
      return false;
    }
    if (part.empty() || part.size() > 18 || part.find_first_not_of("0123456789") != part.npos)
      return false;
    dims.push_back(std::stoll(part));
    at = end + 1;
  }
}

npy::MaybeFailure run::parseLiteral(const std::string &text, npy::Array &array) {
  size_t equals = text.find('=');
  std::string shape = text.substr(0, equals);
  if (!parseShape(shape, array.type, array.dims))
    return Failure{ZORRO_INVALID,
                   "expected a shape and type like 1x3xf32 or 2x8xbool but got '" + shape + "'"};
  size_t elementSize = zorro_type_size(array.type);
  std::optional<uint64_t> bytes = npy::denseBytes(array.dims, elementSize);
  if (!bytes || *bytes > npy::defaultLimit)
    return Failure{ZORRO_LIMIT, "expected at most " + std::to_string(npy::defaultLimit) +
                                    " bytes but got the shape " + shape};
  array.data.assign(*bytes, 0);
  if (equals == std::string::npos)
    return std::nullopt;

  std::vector<std::string> words;
  constexpr char separators[] = " ,\t\n";
  for (size_t at = equals + 1; (at = text.find_first_not_of(separators, at)) != text.npos;) {
    size_t end = text.find_first_of(separators, at);
    words.push_back(text.substr(at, end == text.npos ? end : end - at));
    at = end == text.npos ? text.size() : end;
  }
  size_t count = *bytes / elementSize;
  if (words.size() != 1 && words.size() != count)
    return Failure{ZORRO_INVALID, "expected one value or " + std::to_string(count) + " for " +
                                      shape + " but got " + std::to_string(words.size())};
  char *place = array.data.data();
  char value[8];
  for (size_t i = 0; i < words.size(); ++i) {
    if (!storeElement(array.type, words[i], value))
      return Failure{ZORRO_INVALID, "expected a number of type " +
                                        std::string(zorro_type_name(array.type)) + " but got '" +
                                        words[i] + "'"};
    if (i < count)
      memcpy(place + i * elementSize, value, elementSize);
  }
  for (size_t i = 1; words.size() == 1 && i < count; ++i)
    memcpy(place + i * elementSize, value, elementSize);
  return std::nullopt;
}

//===- Images.cpp - Which program fits a device ---------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// NVIDIA's rules: a cubin runs on later devices of its generation (8.0 on 8.6), PTX on all later
// devices; with the letter "a" either runs on its own device only, with "f" in its generation.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cuda/Images.h"

#include <cstring>
#include <string_view>

using namespace zorro::runtime::cuda;

Architecture zorro::runtime::cuda::parseArchitecture(const char *text) {
  Architecture result;
  if (strncmp(text, "sm_", 3) != 0)
    return result;
  text += 3;
  for (; *text >= '0' && *text <= '9' && result.number < 10000; ++text)
    result.number = result.number * 10 + unsigned(*text - '0');
  if (*text == 'a' || *text == 'f')
    result.suffix = *text;
  return result;
}

Architecture zorro::runtime::cuda::architectureOf(const zorro_image &image, const char *named) {
  if (image.kind == ZORRO_IMAGE_PTX) {
    // The directive stands near the top, behind comments and the version.
    constexpr std::string_view directive = ".target ";
    std::string_view text(image.data, image.size - 1);
    size_t at = text.find(directive);
    if (at != text.npos)
      if (Architecture found = parseArchitecture(image.data + at + directive.size()); found.number)
        return found;
  }
  Architecture whole = parseArchitecture(named);
  if (whole.number == image.arch)
    return whole;
  return {image.arch, ""};
}

bool zorro::runtime::cuda::fits(const zorro_image &image, const Architecture &architecture,
                                unsigned capability) {
  bool sameGeneration =
      architecture.number / 10 == capability / 10 && architecture.number <= capability;
  if (architecture.suffix == "a")
    return architecture.number == capability;
  if (architecture.suffix == "f" || image.kind == ZORRO_IMAGE_CUBIN)
    return sameGeneration;
  return architecture.number <= capability;
}

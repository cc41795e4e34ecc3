//===- Elements.h - Array elements as numbers ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reads and writes single elements of any type; for printing, comparing and filling, not for speed.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_ELEMENTS_H
#define ZORRO_TOOLS_ZORRO_RUN_ELEMENTS_H

#include "tools/npy/Npy.h"

namespace zorro::run {

bool isFloat(uint32_t type);

/// Element `index` as a double; 64-bit integers are rounded.
double elementAt(const npy::Array &array, size_t index);

/// Parses `text` as one element of `type` and stores it at `place`; false if it is no such number.
bool storeElement(uint32_t type, const std::string &text, char *place);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_ELEMENTS_H

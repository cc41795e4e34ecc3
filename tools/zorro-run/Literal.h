//===- Literal.h - Arrays written on the command line -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// "2x3xf32=0.5" (every element), "2x2xi32=1 2 3 4" or "...=1,2,3,4" (each), "2x3xf32" (zeros).
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_LITERAL_H
#define ZORRO_TOOLS_ZORRO_RUN_LITERAL_H

#include "tools/npy/Npy.h"

namespace zorro::run {

/// Whether `text` reads as dims and a type: "2x3xf32", "f32".
bool parseShape(const std::string &text, uint32_t &type, std::vector<int64_t> &dims);

npy::MaybeFailure parseLiteral(const std::string &text, npy::Array &array);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_LITERAL_H

//===- Equation.h - The equation of an Einsum -------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One character an axis. An ellipsis becomes as many characters of its own as it stands for axes.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_EQUATION_H
#define ZORRO_PASSES_RAISE_EQUATION_H

#include "dialects/Onnx/Onnx.h"

#include <optional>
#include <string>

namespace zorro::raise {

struct Equation {
  llvm::SmallVector<std::string> inputs; // one character per axis of the input
  std::string output;

  /// The equation of `node`; nothing where it does not fit the ranks of the inputs, or takes a
  /// diagonal (a character twice in one input).
  static std::optional<Equation> of(onnx::NodeOp node);
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_EQUATION_H

//===- Interpreter.h - Runs a function of tensor operations, one element at a time -*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// For tests: what the operations of the zorro phase mean, by their definitions, in the simplest
// order. Numbers are f32 held as double; booleans are 0 and 1.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PASSES_SPECIALISE_INTERPRETER_H
#define ZORRO_TEST_PASSES_SPECIALISE_INTERPRETER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <vector>

namespace zorro::test {

using Numbers = std::vector<double>;
using Values = llvm::DenseMap<mlir::Value, Numbers>;

/// The numbers of every value of `func`. Weights get numbers from their place in the file.
Values interpret(mlir::func::FuncOp func, llvm::ArrayRef<Numbers> arguments);
/// The numbers of the results alone.
std::vector<Numbers> resultsOf(mlir::func::FuncOp func, const Values &values);

} // namespace zorro::test

#endif // ZORRO_TEST_PASSES_SPECIALISE_INTERPRETER_H

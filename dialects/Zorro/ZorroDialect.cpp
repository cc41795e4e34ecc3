//===- ZorroDialect.cpp - Registration of the zorro dialect ----------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;

#include "dialects/Zorro/ZorroDialect.cpp.inc"
#include "dialects/Zorro/ZorroEnums.cpp.inc"

void ZorroDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Zorro/ZorroOps.cpp.inc"
      >();
}

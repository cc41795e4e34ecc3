//===- Chains.h - Chains of nodes that stand for one operator ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// GELU and layer normalisation written out, as exporters below opsets 20 and 17 do.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_CHAINS_H
#define ZORRO_PASSES_RAISE_CHAINS_H

#include "passes/Raise/Constants.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace zorro::raise {

/// Replaces chains by nodes of the operator that they compute.
void recogniseChains(mlir::func::FuncOp function, Constants &constants);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_CHAINS_H

//===- Work.h - How much an operation multiplies ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Multiply-adds of operations and calls, with and without masks, and the layer that a call belongs
// to.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_REPORT_WORK_H
#define ZORRO_LOWERING_REPORT_WORK_H

#include "lowering/Report/Report.h"

namespace zorro::report {

/// Of an operation on tensors of known sizes (phases zorro and special).
Work workOf(mlir::Operation *op);
/// Of a call (phase fused).
Work workOf(CallOp call, KernelOp kernel);

/// The names of the graph's nodes that a location stands for, each once.
std::vector<std::string> nodesAt(mlir::Location loc);
/// The one of them that one looks for in an attention: its softmax, if it is named so.
std::string softmaxAt(mlir::Location loc);

/// "/blocks.0" of "/blocks.0/attn/MatMul", "/pool" of "/pool/Softmax"; empty where the name has no
/// path.
llvm::StringRef scopeOfNode(llvm::StringRef node);
/// "blocks.0" of "blocks.0.n1.weight", "head" of "head.weight"; empty where there is no scope.
llvm::StringRef scopeOfWeight(llvm::StringRef weight);
/// The scope of a call's nodes, else that of a weight that it reads, else `before`.
std::string layerOf(CallOp call, llvm::StringRef before);

/// "1×72×96 f32".
std::string formatType(mlir::Type type);

} // namespace zorro::report

#endif // ZORRO_LOWERING_REPORT_WORK_H

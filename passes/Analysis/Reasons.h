//===- Reasons.h - Why an output depends on an input ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A shortest chain of cells from an output back to an input, and the one sentence that names the
// step where the streams mix.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_REASONS_H
#define ZORRO_PASSES_ANALYSIS_REASONS_H

#include "passes/Analysis/StreamDependence.h"

namespace zorro {

/// The names in a location: "/a/MatMul", or "/a/MatMul + /a/Add" where several were fused; empty
/// where it has none.
std::string nodeName(mlir::Location loc);

/// Chain[0] is a cell of the output, the last a cell of the input; each but the last is a result of
/// an operation that reads the next.
using Chain = llvm::SmallVector<StreamDependence::CellRef>;
/// Empty where the output does not depend on the input.
Chain findChain(const StreamDependence &streams, unsigned output, unsigned input);

/// Names of the nodes on the chain, from the output to the input, each once.
llvm::SmallVector<std::string> nodesOf(const Chain &chain);

/// "node /blocks.0/attn: rows 512…527 (fusion) attend 528…1311 (video)".
std::string explainChain(const StreamDependence &streams, const Chain &chain, unsigned input);

/// Of a dependence that the promise of live rows takes away: "node /attn: rows 0…4 (audio) average
/// all 12 tokens where 'mask' leaves them no key". Empty where it takes none away.
std::string explainCondition(const StreamDependence &streams, const Chain &chain, unsigned input);

/// Both in one: the chain of a dependence, and the sentence.
struct Reason {
  Chain chain;
  std::string text;
  bool conditional;
};
Reason findReason(const StreamDependence &streams, unsigned output, unsigned input);

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_REASONS_H

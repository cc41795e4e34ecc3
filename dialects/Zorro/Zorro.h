//===- Zorro.h - The zorro dialect ------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Types, attributes and operations of the zorro dialect. Their documentation is generated from the
// .td files beside this header.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_ZORRO_H
#define ZORRO_DIALECTS_ZORRO_ZORRO_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Zorro/KeySpan.h"

#include "dialects/Zorro/ZorroDialect.h.inc"
#include "dialects/Zorro/ZorroEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Zorro/ZorroAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/Zorro/ZorroOps.h.inc"

namespace zorro {

/// Name of the module attribute that holds the phase ("imported", "zorro", "special", …).
constexpr llvm::StringLiteral kPhaseAttr = "zorro.phase";
/// Name of the argument and result attribute that holds a graph input's or output's name.
constexpr llvm::StringLiteral kNameAttr = "zorro.name";
/// Name of the argument attribute that holds an input's modality.
constexpr llvm::StringLiteral kModalityAttr = "zorro.modality";

/// Name of the module attribute that lists, as sentences, what masks were taken to mean.
constexpr llvm::StringLiteral kAssumptionsAttr = "zorro.assumptions";
/// Name of the module attribute (a unit) that promises: at run time no padding empties a row.
constexpr llvm::StringLiteral kAssumeLiveRowsAttr = "zorro.assume_live_rows";

// Attributes of functions in the `cpu` phase.
/// Of an entry: bytes of its arena, and the most that one launch uses of them (no plan needs fewer);
/// its inputs and outputs (dictionaries of name, type, modality).
constexpr llvm::StringLiteral kArenaAttr = "zorro.arena";
constexpr llvm::StringLiteral kArenaBoundAttr = "zorro.arena_bound";
constexpr llvm::StringLiteral kInputsAttr = "zorro.inputs";
constexpr llvm::StringLiteral kOutputsAttr = "zorro.outputs";
/// Of a kernel: its kind, and why it was formed.
constexpr llvm::StringLiteral kKindAttr = "zorro.kernel";
constexpr llvm::StringLiteral kBecauseAttr = "zorro.because";

} // namespace zorro

#endif // ZORRO_DIALECTS_ZORRO_ZORRO_H
